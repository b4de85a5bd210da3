//! What an undo starts in another org of the run: provisioning takes back there what it did, in its own time.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::call::Call;
use super::door::Run;
use super::error::Error;
use super::event::Kind;
use super::lane::Lane;
use super::reading::Asker;

/// What is read of the orgs for it.
pub(super) const READS: &[&str] = &[
    "get_application",
    "get_application_user",
    "get_user",
    "get_group",
    "list_groups",
];

/// How long provisioning has for it.
const PATIENCE: Duration = Duration::from_secs(90);
const GLANCE: Duration = Duration::from_secs(1);

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
}

impl Run {
    /// What follows in other orgs from a call that takes something back; or why it had better not be sent.
    pub(super) async fn aftermath(
        &self,
        lane: &Lane,
        call: &Call,
        undone: &Call,
    ) -> Result<Result<Aftermath, String>, Error> {
        self.await_forerun(lane, call).await?;
        match call.name().as_str() {
            "unassign_user_from_application" => self.of_assignment(lane, call).await,
            "delete_group_push_mapping" => Ok(Ok(self.of_push(lane, call, undone).await?)),
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
        let begun = Instant::now();
        while is_on_its_way(&self.seen(lane, &call.org, read, &arguments).await?) {
            // Then it hangs, and is taken back as it is.
            if begun.elapsed() > PATIENCE {
                break;
            }
            self.pause(GLANCE).await?;
        }
        Ok(())
    }

    /// Only an app that deactivates users, and a user whose account is in an org of this run.
    async fn of_assignment(
        &self,
        lane: &Lane,
        call: &Call,
    ) -> Result<Result<Aftermath, String>, Error> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let app = self
            .seen(lane, &call.org, "get_application", &arguments[..1])
            .await?;
        let held = self
            .seen(lane, &call.org, "get_application_user", &arguments)
            .await?;
        let deactivates = app["features"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "PUSH_USER_DEACTIVATION"));
        let Some(id) = held["externalId"].as_str().filter(|_| deactivates) else {
            return Ok(Ok(Aftermath::Nothing));
        };
        for org in self.others(&call.org) {
            let user = self.seen(lane, &org, "get_user", &[id]).await?;
            if user["status"] == "DEPROVISIONED" || user.is_null() {
                continue;
            }
            let created = |thing: &Value| {
                thing["created"]
                    .as_str()
                    .and_then(|at| at.parse::<jiff::Timestamp>().ok())
            };
            if created(&user) < created(&held) {
                return Ok(Err(format!(
                    "{} was in {org} before he was assigned, and would be deactivated there: turn \"Deactivate Users\" off first",
                    user["profile"]["login"].as_str().unwrap_or(id)
                )));
            }
            let user = id.to_owned();
            return Ok(Ok(Aftermath::Deactivation { org, user }));
        }
        Ok(Ok(Aftermath::Nothing))
    }

    async fn of_push(&self, lane: &Lane, call: &Call, undone: &Call) -> Result<Aftermath, Error> {
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
                return Ok(Aftermath::Deletion { org, group });
            }
        }
        Ok(Aftermath::Nothing)
    }

    async fn group_named(
        &self,
        lane: &Lane,
        org: &str,
        name: &str,
    ) -> Result<Option<String>, Error> {
        let search = format!("profile.name eq {}", Value::from(name));
        let groups = Call::operation(org, "list_groups", &[]).map_err(Error::Usage)?;
        let found = self.list(lane, &groups.query("search", search)).await?;
        let same = found
            .iter()
            .find(|group| group["profile"]["name"] == name && group["type"] == "OKTA_GROUP");
        Ok(same
            .and_then(|group| group["id"].as_str())
            .map(str::to_owned))
    }

    /// Waits for it; why not, when it does not come.
    pub(super) async fn await_aftermath(
        &self,
        lane: &Lane,
        aftermath: &Aftermath,
    ) -> Result<Option<String>, Error> {
        let begun = Instant::now();
        loop {
            let (done, what) = self.is_over(lane, aftermath).await?;
            if done {
                return Ok(None);
            }
            if begun.elapsed() > PATIENCE {
                return Ok(Some(format!(
                    "provisioning has not done it: {what}; see the tasks of the app, then do it by hand"
                )));
            }
            let wait = Kind::Wait {
                reason: format!("provisioning to follow: {what}"),
                seconds: GLANCE.as_secs_f64(),
            };
            self.tell(lane, wait)?;
            self.pause(GLANCE).await?;
        }
    }

    async fn is_over(&self, lane: &Lane, aftermath: &Aftermath) -> Result<(bool, String), Error> {
        Ok(match aftermath {
            Aftermath::Nothing => (true, String::new()),
            Aftermath::Deactivation { org, user } => {
                let now = self.seen(lane, org, "get_user", &[user]).await?;
                let over = now.is_null() || now["status"] == "DEPROVISIONED";
                let login = now["profile"]["login"].as_str().unwrap_or(user);
                (
                    over,
                    format!(
                        "{login} is still {} in {org}",
                        now["status"].as_str().unwrap_or("there")
                    ),
                )
            }
            Aftermath::Deletion { org, group } => {
                let now = self.seen(lane, org, "get_group", &[group]).await?;
                let name = now["profile"]["name"].as_str().unwrap_or(group);
                (now.is_null(), format!("the group {name} is still in {org}"))
            }
        })
    }

    fn others(&self, org: &str) -> Vec<String> {
        let names = self.settings().orgs.keys();
        names.filter(|name| *name != org).cloned().collect()
    }

    /// A thing as it is now, `Null` when there is none.
    async fn seen(
        &self,
        lane: &Lane,
        org: &str,
        read: &str,
        arguments: &[&str],
    ) -> Result<Value, Error> {
        let call = Call::operation(org, read, arguments).map_err(Error::Usage)?;
        match self.page_asked_by(Asker::Run, lane, &call, None).await {
            Ok(page) => Ok(page.body),
            Err(error) if error.status() == Some(404) => Ok(Value::Null),
            Err(error) => Err(error),
        }
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
