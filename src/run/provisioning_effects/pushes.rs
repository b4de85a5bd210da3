//! What follows from the inverses of group pushes.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::call::ApiCall;
use super::super::error::CallError;
use super::super::execution::Run;
use super::super::lane::RunLane;
use super::super::linked_org_before_image;
use super::super::undo_plan::UndoStep;
use super::{AwaitedEffect, ProvisioningEffects, PushEffect};

/// `lastPush` has whole seconds: a push within the same second as the one before could not be told from it.
const RESOLUTION: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

impl Run {
    pub(super) async fn of_deleted_push(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &ApiCall,
    ) -> Result<ProvisioningEffects, CallError> {
        let with_target = call.query.iter().any(|(name, value)| name == "deleteTargetGroup" && value == "true");
        let name = undone.body.as_ref().and_then(|body| body["targetGroupName"].as_str());
        let Some(name) = name.filter(|_| with_target) else {
            return Ok(ProvisioningEffects::default());
        };
        for org in self.others(&call.org) {
            if let Some(group) = self.group_named(lane, &org, name).await? {
                let group = group["id"].as_str().unwrap_or_default().to_owned();
                return Ok(ProvisioningEffects::of(AwaitedEffect::Deletion { org, group }));
            }
        }
        Ok(ProvisioningEffects::default())
    }

    pub(super) async fn of_push(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<ProvisioningEffects, CallError> {
        let mapping = self.mapping_before(lane, call).await?;
        if mapping.is_null() || mapping["status"] == "ACTIVE" {
            return Ok(ProvisioningEffects::default());
        }
        let source = mapping["sourceGroupId"].as_str().unwrap_or_default();
        let targets = linked_org_before_image::images_of(&undone.write)
            .filter_map(|there| Some((there.org.to_owned(), there.group()?.to_owned())));
        let push = PushEffect {
            org: call.org.clone(),
            arguments: call.arguments.clone(),
            last: mapping["lastPush"].clone(),
            targets: targets.collect(),
            members: self.pushed(lane, &undone.call, source).await?,
        };
        self.let_second_pass(&push.last).await?;
        Ok(ProvisioningEffects::of(AwaitedEffect::Push(Box::new(push))))
    }

    /// The mapping as older journals have it, which recorded no effects.
    pub(super) fn mapping_recorded(&self, lane: &RunLane, call: &ApiCall) -> Result<Option<Value>, CallError> {
        self.recorded_value(lane, &json!({"pushing": call.arguments}))
    }

    /// The mapping as it was before the call was sent.
    async fn mapping_before(&self, lane: &RunLane, call: &ApiCall) -> Result<Value, CallError> {
        if let Some(recorded) = self.mapping_recorded(lane, call)? {
            return Ok(recorded);
        }
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        self.seen(lane, &call.org, "get_group_push_mapping", &arguments).await
    }

    async fn let_second_pass(&self, last: &Value) -> Result<(), CallError> {
        let last: Option<jiff::Timestamp> = last.as_str().and_then(|text| text.parse().ok());
        let left = last.map(|last| RESOLUTION - self.now().duration_since(last));
        match left.and_then(|left| Duration::try_from(left).ok()) {
            Some(left) => self.pause(left.min(Duration::from_secs(1))).await,
            None => Ok(()),
        }
    }
}
