//! What provisioning is about to change in other orgs of the run, as it is there before: an undo knows by it whom a write brought about,
//! and who was there already.

use serde_json::{Value, json};

use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::journal::RecordedWrite;
use super::lane::RunLane;
use super::reading::ReadAsker;

/// Name of an app that provisions into another org.
const ORG2ORG: &str = "okta_org2org";

/// A group of more members is not looked at one by one before it is assigned.
const MOST_ACCOUNTS: usize = 200;

/// What a write leads to in other orgs.
#[derive(Clone, Copy)]
enum LinkedEffect {
    /// The account of a user who is assigned.
    User,
    /// That of a user who joins a group.
    Member,
    /// Those of all members of a group that is assigned.
    Group,
    /// The group that is pushed to.
    Target,
}

impl LinkedEffect {
    fn by(operation: &str) -> Option<Self> {
        Some(match operation {
            "assign_user_to_application" => Self::User,
            "assign_user_to_group" => Self::Member,
            "assign_group_to_application" => Self::Group,
            "create_group_push_mapping" | "update_group_push_mapping" => Self::Target,
            _ => return None,
        })
    }
}

/// Something of another org before a write.
pub(super) struct LinkedOrgImage<'a> {
    pub(super) org: &'a str,
    kept: &'a Value,
}

impl Run {
    /// What there is in each other org: `[{org, user}]` before an assignment or a membership that brings one, `[{org, users}]` before one of
    /// a group, `[{org, group, members}]` before a push. What may not be read is told as unread.
    pub(super) async fn elsewhere(&self, lane: &RunLane, call: &ApiCall) -> Result<Value, CallError> {
        let others = self.others(&call.org);
        let name = call.name();
        let Some(touched) = LinkedEffect::by(&name).filter(|_| !others.is_empty()) else {
            return Ok(Value::Null);
        };
        let provisions = match touched {
            LinkedEffect::Member => self.group_provisions(lane, call).await?,
            LinkedEffect::User | LinkedEffect::Group | LinkedEffect::Target => self.provisions(lane, call).await?,
        };
        if !provisions {
            return Ok(Value::Null);
        }
        let mut found = Vec::new();
        for org in others {
            let there = match touched {
                LinkedEffect::Target => self.target_in(lane, call, &org).await,
                LinkedEffect::User => self.account_in(lane, call, &org).await,
                LinkedEffect::Member => self.account_of_member(lane, call, &org).await,
                LinkedEffect::Group => self.accounts_in(lane, call, &org).await,
            };
            match there {
                Ok(there) => found.push(there),
                Err(CallError::Okta(_)) => found.push(json!({"org": org, "unread": true})),
                Err(fatal) => return Err(fatal),
            }
        }
        Ok(found.into())
    }

    async fn provisions(&self, lane: &RunLane, call: &ApiCall) -> Result<bool, CallError> {
        let Some(app) = call.arguments.first() else {
            return Ok(false);
        };
        let app = self.known(lane, &call.org, "get_application", app).await?;
        Ok(app["name"] == ORG2ORG)
    }

    /// Whether an app into another org provisions by a group.
    async fn group_provisions(&self, lane: &RunLane, call: &ApiCall) -> Result<bool, CallError> {
        let Some(group) = call.arguments.first() else {
            return Ok(false);
        };
        let apps = self.provisioned_by(lane, &call.org, group).await;
        match apps {
            Ok(apps) => Ok(apps.iter().any(|app| app["name"] == ORG2ORG)),
            // Who may not see apps finds out at the undo what is not known.
            Err(CallError::Okta(_)) => Ok(false),
            Err(fatal) => Err(fatal),
        }
    }

    /// The user of the login of one who joins a group.
    async fn account_of_member(&self, lane: &RunLane, call: &ApiCall, org: &str) -> Result<Value, CallError> {
        let user = call.arguments.get(1).map_or("", String::as_str);
        let user = self.account_of(lane, &call.org, user, org).await?;
        Ok(json!({"org": org, "user": user}))
    }

    /// Users of the logins of all members of a group that is assigned.
    async fn accounts_in(&self, lane: &RunLane, call: &ApiCall, org: &str) -> Result<Value, CallError> {
        let group = call.arguments.get(1).map_or("", String::as_str);
        let members = self.members(lane, &call.org, group).await?;
        if members.len() > MOST_ACCOUNTS {
            return Ok(json!({"org": org, "unread": true}));
        }
        let mut users = Vec::new();
        for member in members {
            let user = self.account_of(lane, &call.org, &member, org).await?;
            if !user.is_null() {
                users.push(user);
            }
        }
        Ok(json!({"org": org, "users": users}))
    }

    /// The account in another org of the login of a user of this one.
    async fn account_of(&self, lane: &RunLane, from: &str, user: &str, org: &str) -> Result<Value, CallError> {
        let login = if let Some(known) = self.read_cache().login_of(from, user) {
            known
        } else {
            let user = self.seen(lane, from, "get_user", &[user]).await?;
            text(&user["profile"]["login"])
        };
        self.account_named(lane, org, &login).await
    }

    /// Id and status of the user of a login.
    async fn account_named(&self, lane: &RunLane, org: &str, login: &str) -> Result<Value, CallError> {
        let user = self.seen(lane, org, "get_user", &[login]).await?;
        Ok(match &user {
            Value::Null => Value::Null,
            user => json!({"id": user["id"], "status": user["status"]}),
        })
    }

    /// The user of the same login.
    async fn account_in(&self, lane: &RunLane, call: &ApiCall, org: &str) -> Result<Value, CallError> {
        let body = call.body.as_ref().unwrap_or(&Value::Null);
        let id = body["id"].as_str().unwrap_or_default();
        let user = match body["credentials"]["userName"].as_str() {
            Some(login) => self.account_named(lane, org, login).await?,
            None => self.account_of(lane, &call.org, id, org).await?,
        };
        Ok(json!({"org": org, "user": user}))
    }

    /// The group of the name that is pushed, with its members.
    async fn target_in(&self, lane: &RunLane, call: &ApiCall, org: &str) -> Result<Value, CallError> {
        let name = self.target_name(lane, call).await?;
        let group = if name.is_empty() { None } else { self.group_named(lane, org, &name).await? };
        let Some(group) = group else {
            return Ok(json!({"org": org, "group": null}));
        };
        let id = text(&group["id"]);
        let members = self.members(lane, org, &id).await?;
        Ok(json!({"org": org, "group": id, "profile": group["profile"], "members": members}))
    }

    /// A target that exists is a group of the spoke too, of the same name.
    async fn target_name(&self, lane: &RunLane, call: &ApiCall) -> Result<String, CallError> {
        let body = call.body.as_ref().unwrap_or(&Value::Null);
        if let Some(name) = body["targetGroupName"].as_str() {
            return Ok(name.to_owned());
        }
        let group = match body["targetGroupId"].as_str() {
            Some(target) => target.to_owned(),
            None => self.source_of(lane, call).await?,
        };
        // A mapping that is gone has none.
        if group.is_empty() {
            return Ok(group);
        }
        let group = self.known(lane, &call.org, "get_group", &group).await?;
        Ok(text(&group["profile"]["name"]))
    }

    /// The group that a mapping pushes.
    pub(super) async fn source_of(&self, lane: &RunLane, call: &ApiCall) -> Result<String, CallError> {
        let body = call.body.as_ref().unwrap_or(&Value::Null);
        if let Some(source) = body["sourceGroupId"].as_str() {
            return Ok(source.to_owned());
        }
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let mapping = self.seen(lane, &call.org, "get_group_push_mapping", &arguments).await?;
        Ok(text(&mapping["sourceGroupId"]))
    }

    /// A search may answer with names that only begin alike: the name is compared here.
    pub(super) async fn group_named(&self, lane: &RunLane, org: &str, name: &str) -> Result<Option<Value>, CallError> {
        let search = format!("profile.name eq {}", Value::from(name));
        let groups = ApiCall::operation(org, "list_groups", &[]).map_err(CallError::Usage)?;
        let found = self.list(lane, &groups.query("search", search)).await?;
        let same = |group: &Value| group["profile"]["name"] == name && group["type"] == "OKTA_GROUP";
        Ok(found.into_iter().find(same))
    }

    /// Ids of a group's members.
    pub(super) async fn members(&self, lane: &RunLane, org: &str, group: &str) -> Result<Vec<String>, CallError> {
        let users = ApiCall::operation(org, "list_group_users", &[group]).map_err(CallError::Usage)?;
        let users = self.list(lane, &users.query("limit", "1000")).await?;
        Ok(users.iter().map(|user| text(&user["id"])).collect())
    }

    pub(super) fn others(&self, org: &str) -> Vec<String> {
        let names = self.settings().orgs.keys();
        names.filter(|name| *name != org).cloned().collect()
    }

    /// A thing by its id, as it was seen lately.
    async fn known(&self, lane: &RunLane, org: &str, read: &str, id: &str) -> Result<Value, CallError> {
        let call = ApiCall::operation(org, read, &[id]).map_err(CallError::Usage)?;
        match self.read_cache().thing(org, &call.path) {
            Some(known) => Ok(known),
            None => self.seen(lane, org, read, &[id]).await,
        }
    }

    /// A thing as it is now, `Null` when there is none.
    pub(super) async fn seen(
        &self,
        lane: &RunLane,
        org: &str,
        read: &str,
        arguments: &[&str],
    ) -> Result<Value, CallError> {
        let call = ApiCall::operation(org, read, arguments).map_err(CallError::Usage)?;
        match self.page_asked_by(ReadAsker::Run, lane, &call, None).await {
            Ok(page) => Ok(page.body),
            Err(error) if error.status() == Some(404) => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }
}

/// Whether a change of a push switches it on, which brings the members of the target in line.
pub(super) fn activates(call: &ApiCall) -> bool {
    call.body.as_ref().is_some_and(|body| body["status"] == "ACTIVE")
}

/// What was in other orgs before a write; empty when it was not looked at.
pub(super) fn images_of(write: &RecordedWrite) -> impl Iterator<Item = LinkedOrgImage<'_>> {
    let kept = write.request["elsewhere"].as_array();
    kept.into_iter().flatten().map(|kept| LinkedOrgImage { org: kept["org"].as_str().unwrap_or_default(), kept })
}

impl LinkedOrgImage<'_> {
    /// Whether it could not be looked at.
    pub(super) fn is_unread(&self) -> bool {
        self.kept["unread"] == true
    }

    /// Status of the user who was there under this id: `None` for one who was not.
    pub(super) fn status_of(&self, user: &str) -> Option<&str> {
        let several = self.kept["users"].as_array().into_iter().flatten();
        let mut all = several.chain(std::iter::once(&self.kept["user"]));
        all.find(|was| was["id"] == user)?["status"].as_str()
    }

    /// The group that was there.
    pub(super) fn group(&self) -> Option<&str> {
        self.kept["group"].as_str()
    }

    pub(super) fn profile(&self) -> &Value {
        &self.kept["profile"]
    }

    /// Ids of the group's members.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        let members = self.kept["members"].as_array().into_iter().flatten();
        members.filter_map(Value::as_str)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
