//! Decides what follows from a call that takes something back, before it is sent.

use serde_json::Value;

use super::super::call::ApiCall;
use super::super::error::CallError;
use super::super::execution::Run;
use super::super::lane::RunLane;
use super::super::linked_org_before_image::activates;
use super::super::polling::{BackoffPoller, PATIENCE};
use super::super::undo_plan::UndoStep;
use super::{ProvisioningEffects, has_feature};

impl Run {
    /// What follows in other orgs from a call that takes something back; or why it had better not be sent. It is recorded before the call is
    /// sent, and read back from there when the undo is taken up again.
    pub(in crate::run) async fn aftermath(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let named = Self::awaited_after(call, undone);
        if let Some(recorded) = self.recorded_aftermath(lane, &named)? {
            return Ok(Ok(recorded));
        }
        self.await_forerun(lane, call).await?;
        if self.others(&call.org).is_empty() {
            self.mapping_recorded(lane, call)?;
            return Ok(Ok(ProvisioningEffects::default()));
        }
        // An undo of before the effects were recorded had sent the call already.
        let was_sent = lane.is_replaying();
        let aftermath = match self.decided(lane, call, undone).await? {
            Err(_) if was_sent => ProvisioningEffects::default(),
            Err(why) => return Ok(Err(why)),
            Ok(found) if found.is_empty() => {
                let earlier = self.earlier_aftermath(call, undone)?;
                earlier.unwrap_or(found)
            }
            Ok(found) => found,
        };
        if !was_sent {
            self.keep_aftermath(lane, &named, &aftermath)?;
        }
        Ok(Ok(aftermath))
    }

    fn keep_aftermath(&self, lane: &RunLane, named: &Value, aftermath: &ProvisioningEffects) -> Result<(), CallError> {
        let kept = serde_json::to_value(aftermath)
            .map_err(|error| CallError::Usage(format!("what is awaited cannot be kept: {error}")))?;
        self.value(lane, named, || kept).map(drop)
    }

    async fn decided(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let app = call.arguments.first().map_or("", String::as_str);
        match call.name().as_str() {
            "unassign_user_from_application" => self.of_assignment(lane, call, undone).await,
            "delete_group_push_mapping" => {
                let deleted = self.of_deleted_push(lane, call, &undone.call).await?;
                Ok(Ok(deleted.through(app)))
            }
            "update_group_push_mapping" if activates(call) => {
                let pushed = self.of_push(lane, call, undone).await?;
                Ok(Ok(pushed.through(app)))
            }
            "unassign_user_from_group" | "unassign_application_from_group" | "delete_group" => {
                self.of_lost_groups(lane, call, undone).await
            }
            "update_feature_for_application" => self.of_features(lane, call).await,
            _ => Ok(Ok(ProvisioningEffects::default())),
        }
    }

    /// What is on its way is let arrive first: taken back before, it would arrive afterwards.
    async fn await_forerun(&self, lane: &RunLane, call: &ApiCall) -> Result<(), CallError> {
        let (read, is_on_its_way): (_, fn(&Value) -> bool) = match call.name().as_str() {
            "unassign_user_from_application" => ("get_application_user", is_being_provisioned),
            "update_group_push_mapping" => ("get_group_push_mapping", is_being_pushed),
            _ => return Ok(()),
        };
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let mut glances = BackoffPoller::new(PATIENCE);
        while is_on_its_way(&self.seen(lane, &call.org, read, &arguments).await?) {
            // Then it hangs, and is taken back as it is.
            if glances.are_over() {
                break;
            }
            self.glance(lane, &mut glances, "what is on its way to arrive").await?;
        }
        Ok(())
    }

    /// An app whose profiles come from the other org must not push them there (Okta's documentation of Org2Org).
    async fn of_features(
        &self,
        lane: &RunLane,
        call: &ApiCall,
    ) -> Result<Result<ProvisioningEffects, String>, CallError> {
        let [app, feature] = call.arguments.as_slice() else {
            return Ok(Ok(ProvisioningEffects::default()));
        };
        if feature != "USER_PROVISIONING" || !call.body.as_ref().is_some_and(switches_on) {
            return Ok(Ok(ProvisioningEffects::default()));
        }
        let app = self.seen(lane, &call.org, "get_application", &[app]).await?;
        if !has_feature(&app, "PROFILE_MASTERING") {
            return Ok(Ok(ProvisioningEffects::default()));
        }
        let label = app["label"].as_str().unwrap_or("the app");
        Ok(Err(format!(
            "\"Enable profile sourcing\" is on, and users must not be pushed where profiles come from: turn it off first (Admin Console of {} > Applications > {label} > Provisioning > To Okta > Profile & Lifecycle Sourcing)",
            call.org
        )))
    }
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
    mapping["status"] == "ACTIVE" && mapping["lastPush"].is_null() && mapping["errorSummary"].is_null()
}
