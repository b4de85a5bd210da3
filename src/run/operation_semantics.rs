//! What an operation does beyond its shape: how to see whether it would change anything. A short table by hand; the rest follows
//! from the table of operations.

use serde_json::Value;

use super::call::{ApiCall, CallAction};
use crate::okta::operations::{self, ResultKind};
use crate::okta::{ApiOperation, HttpMethod};

/// What is read of the org before a removal, so that nobody is left without a group.
const READS_OF_LAST_GROUP: &[&str] = &[
    "list_assigned_applications_for_group",
    "list_application_group_assignments",
    "list_user_groups",
    "list_group_users",
    "list_application_users",
    "get_application_user",
];

/// How a write looks before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PreRead {
    /// Read with the same path arguments: unchanged when all that the body says is so already (partial updates).
    Partial(&'static str),
    /// As `Partial`, and nothing else may be there (full replacements).
    Whole(&'static str),
    /// Read with the same path arguments: unchanged when it is there.
    Present(&'static str),
    /// Read with the same path arguments: unchanged when it is not there.
    Absent(&'static str),
    /// Read with the same path arguments: unchanged when its `status` is one of these.
    Status(&'static str, &'static [&'static str]),
    /// Read with the same path arguments: unchanged when this part of it has all that the body says.
    Within(&'static str, &'static str),
    /// A JSON Patch: unchanged when every value it sets is there already.
    Patch(&'static str),
    /// The groups of the user (second argument): unchanged when the group (first argument) is among them.
    Member,
    /// The same, unchanged when it is not.
    NotMember,
    /// A create: the thing of the same natural key, when its fields agree with the body.
    Natural(NaturalKey),
    /// Nothing can be seen beforehand: always sent.
    Never,
}

/// How a thing about to be created is found when it exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NaturalKey {
    /// `profile.name` of a group.
    GroupName,
    /// `profile.login` of a user.
    Login,
    /// The user's id in the body of an assignment to the app (first argument).
    AppUser,
    /// A field of the body, which items of this list (with the same path arguments) have too.
    Listed(&'static str, &'static str),
}

/// Operations whose effect their shape does not tell. Sources: Okta's API description (partial or full update, required state) and
/// recorded behaviour (scope change of an app user).
const TABLE: &[(&str, PreRead)] = &[
    ("assign_user_to_group", PreRead::Member),
    ("unassign_user_from_group", PreRead::NotMember),
    ("add_group", PreRead::Natural(NaturalKey::GroupName)),
    ("create_user", PreRead::Natural(NaturalKey::Login)),
    ("assign_user_to_application", PreRead::Natural(NaturalKey::AppUser)),
    ("update_application_user", PreRead::Partial("get_application_user")),
    ("update_user", PreRead::Partial("get_user")),
    ("assign_group_to_application", PreRead::Partial("get_application_group_assignment")),
    ("update_group_assignment_to_application", PreRead::Patch("get_application_group_assignment")),
    ("update_profile_mapping", PreRead::Partial("get_profile_mapping")),
    ("activate_user", PreRead::Status("get_user", &["ACTIVE", "PROVISIONED"])),
    ("deactivate_user", PreRead::Status("get_user", &["DEPROVISIONED"])),
    ("suspend_user", PreRead::Status("get_user", &["SUSPENDED"])),
    ("create_application", PreRead::Natural(NaturalKey::Listed("list_applications", "label"))),
    ("create_group_push_mapping", PreRead::Natural(NaturalKey::Listed("list_group_push_mappings", "sourceGroupId"))),
    ("grant_consent_to_scope", PreRead::Natural(NaturalKey::Listed("list_scope_consent_grants", "scopeId"))),
    ("assign_role_to_client", PreRead::Natural(NaturalKey::Listed("list_roles_for_client", "type"))),
    ("assign_role_to_user", PreRead::Natural(NaturalKey::Listed("list_assigned_roles_for_user", "type"))),
    ("assign_role_to_group", PreRead::Natural(NaturalKey::Listed("list_group_assigned_roles", "type"))),
    ("create_group_rule", PreRead::Natural(NaturalKey::Listed("list_group_rules", "name"))),
    ("update_group_push_mapping", PreRead::Partial("get_group_push_mapping")),
    ("update_feature_for_application", PreRead::Within("get_feature_for_application", "/capabilities")),
    (
        "update_default_provisioning_connection_for_application",
        PreRead::Partial("get_default_provisioning_connection_for_application"),
    ),
    ("unsuspend_user", PreRead::Status("get_user", &["ACTIVE"])),
    ("deactivate_device", PreRead::Status("get_device", &["DEACTIVATED"])),
    ("suspend_device", PreRead::Status("get_device", &["SUSPENDED"])),
    ("unsuspend_device", PreRead::Status("get_device", &["ACTIVE", "UNSUSPENDED"])),
];

/// The operation that a write reads with before it is sent; none when it is sent unseen.
pub fn reads_before(operation: &'static ApiOperation) -> Option<&'static ApiOperation> {
    if !operation.is_write() {
        return None;
    }
    let read = match look_of(operation) {
        PreRead::Partial(read)
        | PreRead::Whole(read)
        | PreRead::Present(read)
        | PreRead::Absent(read)
        | PreRead::Status(read, _)
        | PreRead::Within(read, _)
        | PreRead::Patch(read) => read,
        PreRead::Member | PreRead::NotMember => "list_user_groups",
        PreRead::Natural(NaturalKey::GroupName) => "list_groups",
        PreRead::Natural(NaturalKey::Login) => "get_user",
        PreRead::Natural(NaturalKey::AppUser) => "get_application_user",
        PreRead::Natural(NaturalKey::Listed(list, _)) => list,
        PreRead::Never => return None,
    };
    operations::find(read)
}

/// What is read beside, before users lose a group by which they may be provisioned.
pub fn reads_of_guard(operation: &'static ApiOperation) -> Vec<&'static ApiOperation> {
    if operation.own_options().is_empty() {
        return Vec::new();
    }
    let reads = READS_OF_LAST_GROUP.iter();
    reads.filter_map(|name| operations::find(name)).collect()
}

/// What `call` wants of the thing that it looks at: its body, and what its query says of it.
pub(super) fn wish(call: &ApiCall) -> Value {
    let mut wish = call.body.clone().unwrap_or_default();
    let activates = call.query.iter().any(|(name, value)| name == "activate" && value == "true");
    if activates && call.name() == "update_default_provisioning_connection_for_application" {
        wish["status"] = "ENABLED".into();
    }
    wish
}

/// How `call` looks before it is sent.
pub(super) fn look(call: &ApiCall) -> PreRead {
    match call.action {
        CallAction::Operation(operation) => look_of(operation),
        CallAction::Direct(_) => PreRead::Never,
    }
}

fn look_of(operation: &'static ApiOperation) -> PreRead {
    let listed = TABLE.iter().find(|(name, _)| *name == operation.name).map(|(_, look)| *look);
    listed.unwrap_or_else(|| from_shape(operation))
}

/// REST's own meaning: a PUT says how the thing at its path shall be, a DELETE that it shall not be, a lifecycle call its status.
/// A POST says nothing of the kind and is always sent.
fn from_shape(operation: &'static ApiOperation) -> PreRead {
    match operation.method {
        HttpMethod::Put => reader_of(operation.path).map_or(PreRead::Never, |read| {
            if operation.body.is_some() { PreRead::Whole(read) } else { PreRead::Present(read) }
        }),
        HttpMethod::Delete => reader_of(operation.path).map_or(PreRead::Never, PreRead::Absent),
        HttpMethod::Post => lifecycle(operation),
        HttpMethod::Get | HttpMethod::Patch => PreRead::Never,
    }
}

fn lifecycle(operation: &'static ApiOperation) -> PreRead {
    let states: [(&str, &'static [&'static str]); 2] =
        [("/lifecycle/activate", &["ACTIVE", "ENABLED"]), ("/lifecycle/deactivate", &["INACTIVE", "DISABLED"])];
    for (suffix, settled) in states {
        if let Some(read) = operation.path.strip_suffix(suffix).and_then(reader_of) {
            return PreRead::Status(read, settled);
        }
    }
    PreRead::Never
}

/// The status that a lifecycle call leaves, by what was there before, such as `SUSPENDED` or `ACTIVE or PROVISIONED`; `None` for operations
/// that set no status. Connections and features say ENABLED where other things say ACTIVE.
pub fn status_after(operation: &str, before: &Value) -> Option<String> {
    let PreRead::Status(_, settled) = look_of(operations::find(operation)?) else {
        return None;
    };
    let is_switch = |status: &str| matches!(status, "ENABLED" | "DISABLED");
    let was_switch = before["status"].as_str().is_some_and(is_switch);
    let fitting: Vec<&str> = settled.iter().copied().filter(|status| is_switch(status) == was_switch).collect();
    Some(fitting.join(" or "))
}

/// The operation that reads the single thing at `path`, when there is one.
pub(super) fn reader_of(path: &str) -> Option<&'static str> {
    operations::all()
        .iter()
        .find(|o| o.method == HttpMethod::Get && o.path == path && o.result != ResultKind::Array)
        .map(|o| o.name)
}

/// The operation that reads one of the things listed at `path`, when there is one.
pub(super) fn reader_below(path: &str) -> Option<&'static str> {
    let below = |of: &str| of.strip_prefix(path).is_some_and(|rest| rest.starts_with("/{") && !rest[1..].contains('/'));
    operations::all()
        .iter()
        .find(|o| o.method == HttpMethod::Get && o.result != ResultKind::Array && below(o.path))
        .map(|o| o.name)
}

/// Fields that the server keeps: a full replacement does not set them. From Okta's API description (`readOnly`).
const KEPT_BY_SERVER: &[&str] = &[
    "id",
    "created",
    "lastUpdated",
    "lastMembershipUpdated",
    "activated",
    "statusChanged",
    "lastLogin",
    "passwordChanged",
    "status",
    "objectClass",
    "type",
    "orn",
    "features",
    "system",
    "_links",
    "_embedded",
];

pub(super) fn is_kept_by_server(field: &str) -> bool {
    KEPT_BY_SERVER.contains(&field)
}

/// What a full replacement by the same would say.
pub(super) fn without_kept(thing: &Value) -> Value {
    let fields = thing.as_object().into_iter().flatten();
    let own = fields.filter(|(name, _)| !is_kept_by_server(name));
    Value::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_named_here_is_in_the_table_of_operations() {
        for (name, look) in TABLE {
            assert!(operations::find(name).is_some(), "{name}");
            if let PreRead::Partial(read)
            | PreRead::Patch(read)
            | PreRead::Status(read, _)
            | PreRead::Within(read, _)
            | PreRead::Natural(NaturalKey::Listed(read, _)) = look
            {
                assert!(operations::find(read).is_some(), "{read}");
            }
        }
    }

    #[test]
    fn a_lifecycle_call_leaves_the_status_of_its_kind() {
        let rows = [
            ("suspend_user", json!({"status": "ACTIVE"}), Some("SUSPENDED")),
            ("activate_user", json!({"status": "STAGED"}), Some("ACTIVE or PROVISIONED")),
            ("deactivate_application", json!({"status": "ACTIVE"}), Some("INACTIVE")),
            ("activate_group_rule", Value::Null, Some("ACTIVE")),
            (
                "deactivate_default_provisioning_connection_for_application",
                json!({"status": "ENABLED"}),
                Some("DISABLED"),
            ),
            ("deactivate_device", json!({"status": "ACTIVE"}), Some("DEACTIVATED")),
            ("update_user", json!({"status": "ACTIVE"}), None),
            ("no_operation", Value::Null, None),
        ];
        for (name, before, expected) in rows {
            assert_eq!(status_after(name, &before).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn looks_follow_from_method_and_path() {
        let rows = [
            ("replace_group", PreRead::Whole("get_group")),
            ("delete_group", PreRead::Absent("get_group")),
            ("activate_application", PreRead::Status("get_application", &["ACTIVE", "ENABLED"])),
            ("deactivate_group_rule", PreRead::Status("get_group_rule", &["INACTIVE", "DISABLED"])),
            ("create_user", PreRead::Never),
        ];
        for (name, expected) in rows {
            assert_eq!(from_shape(operations::find(name).unwrap()), expected, "{name}");
        }
    }
}
