//! Which of an app's groups decides over a user, and the order of the app's groups.

use super::store::{AppGroup, StoredApp, StoredUser};

/// The assigned group of highest priority (lowest number) that the user is a member of (help page "Remove group provisioning").
///
/// Equal priorities do not arise by the API; the id settles them all the same.
pub(super) fn effective<'a>(app: &'a StoredApp, user: &StoredUser) -> Option<&'a AppGroup> {
    let joined = app.groups.values().filter(|group| user.groups.contains(&group.group));
    joined.min_by_key(|group| (group.priority, group.group.as_str()))
}

/// DN of the OU in which the group places accounts.
pub(super) fn organizational_unit(group: &AppGroup) -> Option<&str> {
    group.profile.get("organizationalUnit")?.as_str()
}

/// The app's groups, highest priority first.
pub(super) fn in_order(app: &StoredApp) -> Vec<&AppGroup> {
    let mut groups: Vec<&AppGroup> = app.groups.values().collect();
    groups.sort_by_key(|group| (group.priority, group.group.as_str()));
    groups
}

/// The priority after the weakest one; 0 for the first group.
pub(super) fn next_priority(app: &StoredApp) -> i64 {
    let last = app.groups.values().map(|group| group.priority).max();
    last.map_or(0, |last| last.saturating_add(1))
}

/// Frees `priority` for `holder`: who has it moves down by one, and so on until a gap takes the last one.
///
/// Recorded for 0; assumed for the others.
pub(super) fn make_room(app: &mut StoredApp, holder: &str, priority: i64) {
    let others = in_order(app).into_iter().filter(|group| group.group != holder);
    let mut next = priority;
    let mut displaced = Vec::new();
    for group in others.skip_while(|group| group.priority < priority) {
        if group.priority != next {
            break;
        }
        displaced.push(group.group.clone());
        next = next.saturating_add(1);
    }
    for group in displaced {
        if let Some(group) = app.groups.get_mut(&group) {
            group.priority = group.priority.saturating_add(1);
        }
    }
}
