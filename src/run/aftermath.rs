//! What an undo starts in another org of the run: provisioning takes back there what it did, in its own time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Call;
use super::door::Run;
use super::elsewhere::{self, activates};
use super::error::Error;
use super::glances::{Glances, PATIENCE};
use super::lane::Lane;
use super::steps::Step;

/// What is read of the orgs for it.
pub(super) const READS: &[&str] = &[
    "get_application",
    "get_application_user",
    "get_user",
    "get_group",
    "list_groups",
    "list_group_users",
];

/// How long a push has, of which it is not certain that it tells when it was done.
const PATIENCE_WITH_A_PUSH: Duration = Duration::from_secs(30);

/// What is awaited in another org.
pub(super) enum Aftermath {
    Nothing,
    /// A user who was provisioned is deactivated (or gone).
    Deactivation {
        org: String,
        user: String,
    },
    /// A group that was pushed is gone.
    Deletion {
        org: String,
        group: String,
    },
    /// A push that is switched on again brings the members of its targets in line.
    Push(Box<Push>),
    /// A user who was provisioned stays: the app deactivates nobody.
    Account(Account),
}

/// A push that is on its way.
pub(super) struct Push {
    org: String,
    arguments: Vec<String>,
    /// When it was last done.
    last: Value,
    /// Orgs with ids of the groups that are pushed to, and the members that these will have.
    targets: Vec<(String, String)>,
    members: BTreeSet<String>,
}

/// An account in another org that an undo leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) org: String,
    pub(super) login: String,
    pub(super) status: String,
}

impl Run {
    /// What follows in other orgs from a call that takes something back; or why it had better not be sent.
    pub(super) async fn aftermath(
        &self,
        lane: &Lane,
        call: &Call,
        undone: &Step,
    ) -> Result<Result<Aftermath, String>, Error> {
        self.await_forerun(lane, call).await?;
        match call.name().as_str() {
            "unassign_user_from_application" => self.of_assignment(lane, call, undone).await,
            "delete_group_push_mapping" => {
                Ok(Ok(self.of_deleted_push(lane, call, &undone.call).await?))
            }
            "update_group_push_mapping" if activates(call) => {
                Ok(Ok(self.of_push(lane, call, undone).await?))
            }
            "update_feature_for_application" => self.of_features(lane, call).await,
            _ => Ok(Ok(Aftermath::Nothing)),
        }
    }

    /// What is on its way is let arrive first: taken back before, it would arrive afterwards.
    async fn await_forerun(&self, lane: &Lane, call: &Call) -> Result<(), Error> {
        let (read, is_on_its_way): (_, fn(&Value) -> bool) = match call.name().as_str() {
            "unassign_user_from_application" => ("get_application_user", is_being_provisioned),
            "update_group_push_mapping" => ("get_group_push_mapping", is_being_pushed),
            _ => return Ok(()),
        };
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let mut glances = Glances::new(PATIENCE);
        while is_on_its_way(&self.seen(lane, &call.org, read, &arguments).await?) {
            // Then it hangs, and is taken back as it is.
            if glances.are_over() {
                break;
            }
            self.glance(lane, &mut glances, "what is on its way to arrive")
                .await?;
        }
        Ok(())
    }

    /// Whom the run brought into another org is deactivated there, if the app deactivates users. Who was there before would be deactivated
    /// too.
    async fn of_assignment(
        &self,
        lane: &Lane,
        call: &Call,
        undone: &Step,
    ) -> Result<Result<Aftermath, String>, Error> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let app = self
            .seen(lane, &call.org, "get_application", &arguments[..1])
            .await?;
        let held = self
            .seen(lane, &call.org, "get_application_user", &arguments)
            .await?;
        let Some(id) = held["externalId"].as_str() else {
            return Ok(Ok(Aftermath::Nothing));
        };
        for org in self.others(&call.org) {
            let user = self.seen(lane, &org, "get_user", &[id]).await?;
            if user["status"] == "DEPROVISIONED" || user.is_null() {
                continue;
            }
            return Ok(of_account(&app, &user, &org, undone));
        }
        Ok(Ok(Aftermath::Nothing))
    }

    async fn of_deleted_push(
        &self,
        lane: &Lane,
        call: &Call,
        undone: &Call,
    ) -> Result<Aftermath, Error> {
        let with_target = call
            .query
            .iter()
            .any(|(name, value)| name == "deleteTargetGroup" && value == "true");
        let name = undone
            .body
            .as_ref()
            .and_then(|body| body["targetGroupName"].as_str());
        let Some(name) = name.filter(|_| with_target) else {
            return Ok(Aftermath::Nothing);
        };
        for org in self.others(&call.org) {
            if let Some(group) = self.group_named(lane, &org, name).await? {
                let group = group["id"].as_str().unwrap_or_default().to_owned();
                return Ok(Aftermath::Deletion { org, group });
            }
        }
        Ok(Aftermath::Nothing)
    }

    async fn of_push(&self, lane: &Lane, call: &Call, undone: &Step) -> Result<Aftermath, Error> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let mapping = self
            .seen(lane, &call.org, "get_group_push_mapping", &arguments)
            .await?;
        // As it was before the call was sent, also when that is taken up again and was sent without an answer.
        let named = json!({"pushing": call.arguments});
        let mapping = self.value(lane, &named, || {
            json!({"status": mapping["status"], "lastPush": mapping["lastPush"], "sourceGroupId": mapping["sourceGroupId"]})
        })?;
        if mapping["status"] == "ACTIVE" {
            return Ok(Aftermath::Nothing);
        }
        let source = mapping["sourceGroupId"].as_str().unwrap_or_default();
        let targets = elsewhere::of(&undone.write)
            .filter_map(|there| Some((there.org.to_owned(), there.group()?.to_owned())));
        Ok(Aftermath::Push(Box::new(Push {
            org: call.org.clone(),
            arguments: call.arguments.clone(),
            last: mapping["lastPush"].clone(),
            targets: targets.collect(),
            members: self.pushed(lane, &undone.call, source).await?,
        })))
    }

    /// It tells when it was last done, in whole seconds; and its targets tell.
    async fn is_pushed(&self, lane: &Lane, push: &Push) -> Result<bool, Error> {
        let arguments: Vec<&str> = push.arguments.iter().map(String::as_str).collect();
        let now = self
            .seen(lane, &push.org, "get_group_push_mapping", &arguments)
            .await?;
        if now["status"] != "ACTIVE" || now["lastPush"] != push.last {
            return Ok(true);
        }
        for (org, group) in &push.targets {
            let members = self.members(lane, org, group).await?;
            if members.into_iter().collect::<BTreeSet<_>>() != push.members {
                return Ok(false);
            }
        }
        Ok(!push.targets.is_empty())
    }

    /// An app whose profiles come from the other org must not push them there (Okta's documentation of Org2Org).
    async fn of_features(
        &self,
        lane: &Lane,
        call: &Call,
    ) -> Result<Result<Aftermath, String>, Error> {
        let [app, feature] = call.arguments.as_slice() else {
            return Ok(Ok(Aftermath::Nothing));
        };
        if feature != "USER_PROVISIONING" || !call.body.as_ref().is_some_and(switches_on) {
            return Ok(Ok(Aftermath::Nothing));
        }
        let app = self
            .seen(lane, &call.org, "get_application", &[app])
            .await?;
        if !has(&app, "PROFILE_MASTERING") {
            return Ok(Ok(Aftermath::Nothing));
        }
        let label = app["label"].as_str().unwrap_or("the app");
        Ok(Err(format!(
            "\"Enable profile sourcing\" is on, and users must not be pushed where profiles come from: turn it off first (Admin Console of {} > Applications > {label} > Provisioning > To Okta > Profile & Lifecycle Sourcing)",
            call.org
        )))
    }

    /// Waits for it; why not, when it does not come.
    pub(super) async fn await_aftermath(
        &self,
        lane: &Lane,
        aftermath: &Aftermath,
    ) -> Result<Option<String>, Error> {
        let mut glances = Glances::new(match aftermath {
            Aftermath::Push(_) => PATIENCE_WITH_A_PUSH,
            _ => PATIENCE,
        });
        loop {
            let (done, what) = self.is_over(lane, aftermath).await?;
            if done {
                return Ok(None);
            }
            if glances.are_over() {
                return Ok(match aftermath {
                    Aftermath::Push(push) => {
                        self.remark(&format!(
                            "{}: that the group was pushed again was not seen in {} s; look at the members of its target",
                            push.org,
                            PATIENCE_WITH_A_PUSH.as_secs()
                        ));
                        None
                    }
                    _ => Some(format!(
                        "provisioning has not done it: {what}; see the tasks of the app, then do it by hand"
                    )),
                });
            }
            self.glance(
                lane,
                &mut glances,
                &format!("provisioning to follow: {what}"),
            )
            .await?;
        }
    }

    async fn is_over(&self, lane: &Lane, aftermath: &Aftermath) -> Result<(bool, String), Error> {
        Ok(match aftermath {
            Aftermath::Nothing | Aftermath::Account(_) => (true, String::new()),
            Aftermath::Deactivation { org, user } => {
                let now = self.seen(lane, org, "get_user", &[user]).await?;
                let over = now.is_null() || now["status"] == "DEPROVISIONED";
                let login = now["profile"]["login"].as_str().unwrap_or(user);
                let status = now["status"].as_str().unwrap_or("there");
                (over, format!("{login} is still {status} in {org}"))
            }
            Aftermath::Deletion { org, group } => {
                let now = self.seen(lane, org, "get_group", &[group]).await?;
                let name = now["profile"]["name"].as_str().unwrap_or(group);
                (now.is_null(), format!("the group {name} is still in {org}"))
            }
            Aftermath::Push(push) => (
                self.is_pushed(lane, push).await?,
                "the group is pushed again".to_owned(),
            ),
        })
    }

    /// Says which accounts an undo has left in other orgs: how many, in which state, and whose.
    pub(super) fn remark_accounts(&self, accounts: &[Account]) {
        const NAMED: usize = 10;
        let mut by_place: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for account in accounts {
            let place = (account.org.as_str(), account.status.as_str());
            by_place.entry(place).or_default().push(&account.login);
        }
        for ((org, status), logins) in by_place {
            let named = logins.iter().take(NAMED).copied().collect::<Vec<_>>();
            let more = match logins.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let accounts = match logins.len() {
                1 => "1 account that was provisioned stays".to_owned(),
                many => format!("{many} accounts that were provisioned stay"),
            };
            self.remark(&format!(
                "{accounts} {status} in {org}, since \"Deactivate Users\" is off: {}{more}",
                named.join(", ")
            ));
        }
    }
}

/// What becomes of a user of another org when his assignment is taken back.
fn of_account(app: &Value, user: &Value, org: &str, undone: &Step) -> Result<Aftermath, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (id, login) = (text(&user["id"]), text(&user["profile"]["login"]));
    let there = elsewhere::of(&undone.write).find(|there| there.org == org && !there.is_unread());
    let was = there.as_ref().and_then(|there| there.status_of(&id));
    let is_the_runs = matches!(was, None | Some("DEPROVISIONED"));
    if !has(app, "PUSH_USER_DEACTIVATION") {
        let status = text(&user["status"]);
        let stays = Account {
            org: org.to_owned(),
            login,
            status,
        };
        return Ok(if is_the_runs {
            Aftermath::Account(stays)
        } else {
            Aftermath::Nothing
        });
    }
    if there.is_none() {
        return Err(format!(
            "it is not known whether {login} was in {org} before he was assigned; he would be deactivated there: turn \"Deactivate Users\" off first"
        ));
    }
    if !is_the_runs {
        return Err(format!(
            "{login} was in {org} before he was assigned, and would be deactivated there: turn \"Deactivate Users\" off first"
        ));
    }
    Ok(Aftermath::Deactivation {
        org: org.to_owned(),
        user: id,
    })
}

fn has(app: &Value, feature: &str) -> bool {
    let features = app["features"].as_array();
    features.is_some_and(|all| all.iter().any(|one| one == feature))
}

/// Whether capabilities have anything on.
fn switches_on(capabilities: &Value) -> bool {
    match capabilities {
        Value::Object(fields) => fields.iter().any(|(name, value)| match name.as_str() {
            "status" => value == "ENABLED",
            _ => switches_on(value),
        }),
        _ => false,
    }
}

/// STAGED is an app user whose creation is queued (Okta's API description); it stays so when that fails.
fn is_being_provisioned(user: &Value) -> bool {
    user["status"] == "STAGED" && user["syncState"] != "ERROR"
}

/// An active push tells when it was last done, or why it was not.
fn is_being_pushed(mapping: &Value) -> bool {
    mapping["status"] == "ACTIVE"
        && mapping["lastPush"].is_null()
        && mapping["errorSummary"].is_null()
}
