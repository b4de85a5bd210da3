//! Pushes of groups, and their targets as the app's own org shows them.

use serde_json::json;

use super::super::model::org2org_app::GroupPush;
use super::super::options::Shown;
use super::super::store::{SimulatedOrg, StoredGroup};

/// The target of a push as its own org shows it by its id: no list has it (help page "Group Push operations").
pub(in crate::simulator) fn target_of_push(org: &SimulatedOrg, id: &str) -> Option<StoredGroup> {
    if org.options.assumptions.push_target == Shown::Absent {
        return None;
    }
    let pushes = org.apps.iter().flat_map(|(app, held)| {
        let pushes = held.org2org.iter().flat_map(|part| part.pushes.values());
        pushes.map(move |push| (app, push))
    });
    let (app, push) = pushes.into_iter().find(|(_, push)| push.target == id)?;
    let profile = json!({"name": push.name, "description": ""});
    let profile = profile.as_object().cloned().unwrap_or_default();
    Some(StoredGroup {
        source: Some(app.clone()),
        ..StoredGroup::new(id.to_owned(), "APP_GROUP", profile, push.created)
    })
}

/// One push of an app.
pub(super) fn push_mut<'a>(org: &'a mut SimulatedOrg, app: &str, push: &str) -> Option<&'a mut GroupPush> {
    org.apps.get_mut(app)?.org2org.as_mut()?.pushes.get_mut(push)
}
