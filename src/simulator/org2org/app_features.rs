//! The `features` that an Org2Org app shows.

use serde_json::json;

use super::super::store::StoredApp;

/// Outbound capabilities by their place, each with the feature that shows it.
const OUTBOUND: &[(&str, &str)] = &[
    ("/create/lifecycleCreate/status", "PUSH_NEW_USERS"),
    ("/update/profile/status", "PUSH_PROFILE_UPDATES"),
    ("/update/lifecycleDeactivate/status", "PUSH_USER_DEACTIVATION"),
    ("/update/password/status", "PUSH_PASSWORD_UPDATES"),
];

/// Sets the app's `features` anew. With the API integration off there are none; with it on, imports and group push always (recorded).
pub(in crate::simulator) fn show_features(app: &mut StoredApp) {
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
