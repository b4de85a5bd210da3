//! What follows from the inverses of assignments: the accounts of those who lose the app.

use serde_json::Value;

use super::super::call::ApiCall;
use super::super::error::CallError;
use super::super::execution::Run;
use super::super::lane::RunLane;
use super::super::linked_org_before_image;
use super::super::undo_plan::UndoStep;
use super::{AwaitedAccount, AwaitedEffect, ProvisioningEffects, has_feature};

impl Run {
    /// Whom the run brought into another org is deactivated there, if the app deactivates users. Who was there before would be deactivated
    /// too.
    pub(super) async fn of_assignment(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let app = self.seen(lane, &call.org, "get_application", &arguments[..1]).await?;
        let held = self.seen(lane, &call.org, "get_application_user", &arguments).await?;
        if held.is_null() {
            let gone = self.of_gone_assignment(lane, call, &app, undone).await?;
            return Ok(Ok(gone.through(arguments[0])));
        }
        let found = self.of_app_user(lane, call, &app, &held, undone).await?;
        Ok(found.map(|found| found.through(arguments[0])))
    }

    /// The same of those who lose an app with the last of its groups.
    pub(super) async fn of_lost_groups(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let mut all = ProvisioningEffects::default();
        for (app, held) in self.losing_apps(lane, call).await? {
            let id = app["id"].as_str().unwrap_or_default();
            match self.of_app_user(lane, call, &app, &held, undone).await? {
                Ok(found) => all.extend(found.through(id)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(all))
    }

    /// What becomes of the account of a user who loses an app.
    pub(super) async fn of_app_user(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        app: &Value,
        held: &Value,
        undone: &UndoStep,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let Some(id) = held["externalId"].as_str() else {
            return Ok(Ok(ProvisioningEffects::default()));
        };
        for org in self.others(&call.org) {
            let user = self.seen(lane, &org, "get_user", &[id]).await?;
            if user["status"] == "DEPROVISIONED" || user.is_null() {
                continue;
            }
            return Ok(of_account(app, &user, &org, undone));
        }
        Ok(Ok(ProvisioningEffects::default()))
    }

    /// The assignment is gone already, and nothing recorded what it led to: the account of the run's making is known by its login.
    async fn of_gone_assignment(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        app: &Value,
        undone: &UndoStep,
    ) -> Result<ProvisioningEffects, CallError> {
        let login = undone.write.answer["credentials"]["userName"].as_str();
        let (Some(login), false) = (login, app.is_null()) else {
            return Ok(ProvisioningEffects::default());
        };
        for org in self.others(&call.org) {
            let user = self.seen(lane, &org, "get_user", &[login]).await?;
            if user.is_null() || user["status"] == "DEPROVISIONED" {
                continue;
            }
            // Who was there before is not the run's: whatever becomes of him is not awaited.
            return Ok(of_account(app, &user, &org, undone).unwrap_or_default());
        }
        Ok(ProvisioningEffects::default())
    }
}

/// What becomes of a user of another org when his assignment is taken back.
fn of_account(app: &Value, user: &Value, org: &str, undone: &UndoStep) -> Result<ProvisioningEffects, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (id, login) = (text(&user["id"]), text(&user["profile"]["login"]));
    let there = linked_org_before_image::images_of(&undone.write).find(|there| there.org == org && !there.is_unread());
    let was = there.as_ref().and_then(|there| there.status_of(&id));
    let is_the_runs = matches!(was, None | Some("DEPROVISIONED"));
    if !has_feature(app, "PUSH_USER_DEACTIVATION") {
        let stays = AwaitedAccount { org: org.to_owned(), login, status: text(&user["status"]) };
        return Ok(ProvisioningEffects {
            staying: is_the_runs.then_some(stays).into_iter().collect(),
            ..ProvisioningEffects::default()
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
    Ok(ProvisioningEffects::of(AwaitedEffect::Deactivation { org: org.to_owned(), user: id }))
}
