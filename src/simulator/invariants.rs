//! Watches over every instant: who has left the last of the groups by which he is provisioned to a directory. No state shows it afterwards.

use super::store::SimulatedOrg;

/// A user is no member of a group any more.
pub(super) fn record_leaving(org: &mut SimulatedOrg, group: &str, user: &str) {
    let provisions = |app: &&super::store::StoredApp| app.active_directory.is_some() && app.groups.contains_key(group);
    let groups = &org.groups;
    let holds = |id: &String| groups.get(id).is_some_and(|group| group.members.contains(user));
    let is_stranded = org.apps.values().filter(provisions).any(|app| !app.groups.keys().any(holds));
    if is_stranded {
        org.stranded.push(user.to_owned());
    }
}
