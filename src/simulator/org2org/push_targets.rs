//! What is shown of an Org2Org app elsewhere: its features, and the targets of its pushes.

use serde_json::json;

use super::super::model::org2org_app::GroupPush;
use super::super::options::Shown;
use super::super::store::{App, Group, Org};

/// The target of a push as its own org shows it by its id: no list has it (help page "Group Push operations").
pub(in crate::simulator) fn target_of_push(org: &Org, id: &str) -> Option<Group> {
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
    Some(Group { source: Some(app.clone()), ..Group::new(id.to_owned(), "APP_GROUP", profile, push.created) })
}

/// Outbound capabilities by their place, each with the feature that shows it.
const OUTBOUND: &[(&str, &str)] = &[
    ("/create/lifecycleCreate/status", "PUSH_NEW_USERS"),
    ("/update/profile/status", "PUSH_PROFILE_UPDATES"),
    ("/update/lifecycleDeactivate/status", "PUSH_USER_DEACTIVATION"),
    ("/update/password/status", "PUSH_PASSWORD_UPDATES"),
];

/// Sets the app's `features` anew. With the API integration off there are none; with it on, imports and group push always (recorded).
pub(in crate::simulator) fn show_features(app: &mut App) {
    let Some(part) = &app.org2org else { return };
    let mut features = Vec::new();
    if part.connection.enabled {
        features = vec!["IMPORT_PROFILE_UPDATES", "GROUP_PUSH", "IMPORT_USER_SCHEMA", "IMPORT_NEW_USERS"];
        features.extend(part.profile_sourcing.then_some("PROFILE_MASTERING"));
        let on = OUTBOUND.iter().filter(|(place, _)| part.outbound.pointer(place) == Some(&json!("ENABLED")));
        features.extend(on.map(|(_, feature)| *feature));
        // Assumed: shown where users are made and deactivated; none of the recorded instances did both.
        let reactivates = ["PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"];
        if reactivates.iter().all(|one| features.contains(one)) {
            features.push("REACTIVATE_USERS");
        }
    }
    app.features = features.into_iter().map(str::to_owned).collect();
}

/// One push of an app.
pub(super) fn push_mut<'a>(org: &'a mut Org, app: &str, push: &str) -> Option<&'a mut GroupPush> {
    org.apps.get_mut(app)?.org2org.as_mut()?.pushes.get_mut(push)
}
