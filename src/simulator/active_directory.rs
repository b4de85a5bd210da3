//! The control surface of AD instances and directories: what is set in the Admin Console, on the agent's host, or by hand in AD.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::app_form::PUSH_FEATURES;
use super::apps;
use super::directory::{self, NewAccount, ObjectGuid, SimulatedDirectory};
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::import;
use super::jobs;
use super::org2org;
use super::provisioning::{self, ProfilePush};
use super::store::{ActiveDirectory, OktaId, SimulatedOrg, StoredApp};

pub(super) const CONTROL_ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "PATCH", pattern: "/simulator/apps/{appId}", handler: RouteHandler::Write(patch_app) },
    ApiRoute { method: "POST", pattern: "/simulator/import", handler: RouteHandler::Write(import::import) },
    ApiRoute { method: "POST", pattern: "/simulator/tasks/retry", handler: RouteHandler::Write(retry) },
    ApiRoute { method: "GET", pattern: "/simulator/directories/{domain}", handler: RouteHandler::Read(dump) },
    ApiRoute { method: "POST", pattern: "/simulator/directories/{domain}", handler: RouteHandler::Write(change) },
];

/// Body of `PATCH /simulator/apps/{id}`; what is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AppPatch {
    /// "Update OU when the group that provisions a user to AD changes". Turning it on moves who changed groups before.
    update_ou_on_group_change: Option<bool>,
    create_users: Option<bool>,
    update_user_attributes: Option<bool>,
    deactivate_users: Option<bool>,
    sync_password: Option<bool>,
    profile_sourcing: Option<bool>,
    /// `up` of all agents, or of each in order.
    agents: Option<AgentState>,
    /// DNs of "User OUs connected to Okta".
    connected_ous: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AgentState {
    All(bool),
    Each(Vec<bool>),
}

fn patch_app(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let patch: AppPatch = read(request)?;
    let id = request.parameter(0);
    apps::find(org, id)?;
    let now = org.now();
    let Some(app) = org.apps.get_mut(id) else {
        return Err(ApiRefusal::not_found(id, "AppInstance"));
    };
    if app.org2org.is_some() {
        org2org::switch_sourcing(app, patch.profile_sourcing);
        return ApiAnswer::ok(show(app));
    }
    let Some(directory) = app.active_directory.as_mut() else {
        return Err(invalid("it is neither an Active Directory instance nor an Org2Org app"));
    };
    let turned_on = patch.update_ou_on_group_change == Some(true) && !directory.update_ou_on_group_change;
    patch.set_directory(directory, now)?;
    patch.set_features(app);
    if turned_on {
        push_grouped(org, id);
    }
    ApiAnswer::ok(show(apps::find(org, id)?))
}

impl AppPatch {
    fn set_directory(&self, directory: &mut ActiveDirectory, now: i64) -> Result<(), ApiRefusal> {
        let count = directory.agents.len();
        let up = match &self.agents {
            None => directory.agents.iter().map(|agent| agent.up).collect(),
            Some(AgentState::All(up)) => vec![*up; count],
            Some(AgentState::Each(each)) if each.len() == count => each.clone(),
            Some(AgentState::Each(_)) => return Err(invalid(&format!("there are {count} agents"))),
        };
        for (agent, up) in directory.agents.iter_mut().zip(up) {
            // The last time it was heard of is now, whether it goes or comes.
            agent.last_connection = if agent.up == up { agent.last_connection } else { now };
            agent.up = up;
        }
        if let Some(on) = self.update_ou_on_group_change {
            directory.update_ou_on_group_change = on;
        }
        if let Some(ous) = &self.connected_ous {
            directory.connected_ous.clone_from(ous);
        }
        Ok(())
    }

    fn set_features(&self, app: &mut StoredApp) {
        let switches = [self.create_users, self.update_user_attributes, self.deactivate_users, self.sync_password];
        let switches = PUSH_FEATURES.iter().copied().zip(switches);
        for (feature, on) in switches.chain([("PROFILE_MASTERING", self.profile_sourcing)]) {
            if let Some(on) = on {
                app.features.retain(|held| held != feature);
                app.features.extend(on.then(|| feature.to_owned()));
            }
        }
    }
}

/// Help page "Move users across OUs": the option works on group changes of the past too.
fn push_grouped(org: &mut SimulatedOrg, app: &str) {
    let held = org.apps.get(app).into_iter().flat_map(|app| app.users.values());
    let users: Vec<OktaId> = held.filter(|held| !held.individual).map(|held| held.user.clone()).collect();
    for user in users {
        provisioning::push(org, app, &user, ProfilePush::WhenChanged);
    }
}

fn show(app: &StoredApp) -> Value {
    let directory = app.active_directory.as_ref();
    json!({
        "id": app.id, "label": app.label, "features": app.features,
        "updateOuOnGroupChange": directory.map(|it| it.update_ou_on_group_change),
        "agents": directory.map(|it| it.agents.iter().map(|agent| agent.up).collect::<Vec<_>>()),
        "connectedOus": directory.map(|it| it.connected_ous.clone()),
    })
}

/// Body of `POST /simulator/tasks/retry`; all tasks when both are left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskRetry {
    app: Option<OktaId>,
    user: Option<OktaId>,
}

fn retry(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let which: TaskRetry = if request.body.is_some() { read(request)? } else { TaskRetry::default() };
    let retried = jobs::retry(org, which.app.as_deref(), which.user.as_deref());
    ApiAnswer::ok(json!({"retried": retried}))
}

/// Body of `POST /simulator/directories/{domain}`: one thing done by hand in AD.
///
/// `account` is a DN, a `userPrincipalName`, a `sAMAccountName`, or a GUID in base64.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum DirectoryChange {
    CreateOu {
        dn: String,
    },
    DeleteOu {
        dn: String,
    },
    #[serde(rename_all = "camelCase")]
    CreateAccount {
        organizational_unit: String,
        first_name: String,
        last_name: String,
        user_principal_name: String,
        sam_account_name: String,
        cn: Option<String>,
    },
    DeleteAccount {
        account: String,
    },
    #[serde(rename_all = "camelCase")]
    MoveAccount {
        account: String,
        organizational_unit: String,
    },
    /// Gives an account another CN, as Okta's push of `cn` does.
    RenameAccount {
        account: String,
        cn: String,
    },
    EnableAccount {
        account: String,
    },
    DisableAccount {
        account: String,
    },
    /// "Protect object from accidental deletion".
    Protect {
        account: String,
    },
    Unprotect {
        account: String,
    },
    /// Takes the rights of the agent's service account in an OU.
    Deny {
        dn: String,
    },
    Allow {
        dn: String,
    },
}

fn change(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let deed: DirectoryChange = read(request)?;
    let shared = find(org, request.parameter(0))?;
    let mut directory = shared.write().unwrap_or_else(PoisonError::into_inner);
    let outcome = deed.carry_out(&mut directory);
    outcome.map_err(|reason| ApiRefusal::new(409, "E0000195", &reason))?;
    ApiAnswer::no_content()
}

impl DirectoryChange {
    fn carry_out(self, directory: &mut SimulatedDirectory) -> Result<(), String> {
        let words = |refusal: directory::ChangeRefusal| format!("{refusal}: {refusal:?}");
        match self {
            Self::CreateOu { dn } => directory.create_ou(&dn).map_err(words),
            Self::DeleteOu { dn } => directory.delete_ou(&dn).map_err(words),
            Self::Deny { dn } => directory.deny(&dn).map_err(words),
            Self::Allow { dn } => directory.allow(&dn).map_err(words),
            Self::CreateAccount {
                organizational_unit,
                first_name,
                last_name,
                user_principal_name,
                sam_account_name,
                cn,
            } => {
                let account = NewAccount {
                    cn: cn.unwrap_or_else(|| format!("{first_name} {last_name}")),
                    ou: organizational_unit,
                    sam_account_name,
                    mail: user_principal_name.clone(),
                    user_principal_name,
                    given_name: first_name,
                    surname: last_name,
                    extra: Vec::new(),
                };
                directory.create_account(&account).map(drop).map_err(words)
            }
            Self::MoveAccount { account, organizational_unit } => {
                let guid = account_of(directory, &account)?;
                directory.move_account(guid, &organizational_unit).map(drop).map_err(words)
            }
            Self::RenameAccount { account, cn } => {
                let guid = account_of(directory, &account)?;
                directory.rename_account(guid, &cn).map_err(words)
            }
            Self::DeleteAccount { account } => change_account(directory, &account, SimulatedDirectory::delete_account),
            Self::EnableAccount { account } => change_account(directory, &account, SimulatedDirectory::enable),
            Self::DisableAccount { account } => change_account(directory, &account, SimulatedDirectory::disable),
            Self::Protect { account } => change_account(directory, &account, SimulatedDirectory::protect),
            Self::Unprotect { account } => change_account(directory, &account, SimulatedDirectory::unprotect),
        }
    }
}

fn change_account(
    directory: &mut SimulatedDirectory,
    account: &str,
    deed: fn(&mut SimulatedDirectory, ObjectGuid) -> Result<(), directory::ChangeRefusal>,
) -> Result<(), String> {
    let guid = account_of(directory, account)?;
    deed(directory, guid).map_err(|refusal| format!("{refusal}: {refusal:?}"))
}

fn account_of(directory: &SimulatedDirectory, name: &str) -> Result<ObjectGuid, String> {
    let by_guid = || ObjectGuid::from_base64(name).and_then(|guid| directory.account(guid));
    let found = directory
        .by_user_principal_name(name)
        .or_else(|| directory.by_sam_account_name(name))
        .or_else(|| directory.by_dn(name))
        .or_else(by_guid);
    found.map(|account| account.guid).ok_or_else(|| format!("there is no account {name:?}"))
}

fn dump(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let shared = find(org, request.parameter(0))?;
    let directory = shared.read().unwrap_or_else(PoisonError::into_inner);
    ApiAnswer::ok(directory.to_json())
}

fn find(org: &SimulatedOrg, domain: &str) -> Result<Arc<RwLock<SimulatedDirectory>>, ApiRefusal> {
    let found = org.directories.get(&domain.to_lowercase()).cloned();
    found.ok_or_else(|| ApiRefusal::not_found(domain, "Directory"))
}

fn read<T: for<'de> Deserialize<'de>>(request: &SignedInRequest) -> Result<T, ApiRefusal> {
    let body = request.body.clone().unwrap_or(Value::Null);
    serde_json::from_value(body).map_err(|error| invalid(&error.to_string()))
}

fn invalid(cause: &str) -> ApiRefusal {
    ApiRefusal::validation("body", &[cause])
}
