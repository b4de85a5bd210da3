//! Which calls take users out of a group that may provision them, and what a script says of that.

use std::slice;

use percent_encoding::percent_decode_str;

use crate::okta::HttpMethod;
use crate::run::call::{ApiCall, CallAction};

/// What a call takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MembershipRemoval {
    /// A user from a group.
    Member { group: String, user: String },
    /// A group from an app.
    Assignment { app: String, group: String },
    /// Groups from the org, or all members from them.
    Groups { groups: Vec<String> },
}

impl MembershipRemoval {
    /// What `call` takes away, whether it is an operation or a path that was given by hand.
    pub(super) fn of(call: &ApiCall) -> Option<Self> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        match call.action {
            CallAction::Operation(operation) => Self::of_operation(operation.name, &arguments),
            CallAction::Direct(HttpMethod::Delete) => Self::of_path(&call.path),
            CallAction::Direct(_) => None,
        }
    }

    fn of_operation(name: &str, arguments: &[&str]) -> Option<Self> {
        let text = |at: usize| arguments.get(at).map(ToString::to_string);
        Some(match name {
            "unassign_user_from_group" => Self::Member { group: text(0)?, user: text(1)? },
            "unassign_application_from_group" => Self::Assignment { app: text(0)?, group: text(1)? },
            "delete_group" => Self::Groups { groups: vec![text(0)?] },
            _ => return None,
        })
    }

    /// A path that the table does not know may mean the same to the server: one with a slash at its end, or in capitals.
    fn of_path(path: &str) -> Option<Self> {
        let (parts, lower) = parts_of_path(path)?;
        let text = |at: usize| parts[at].clone();
        match lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["api", "v1", "groups", _, "users", _] => Some(Self::Member { group: text(3), user: text(5) }),
            ["api", "v1", "apps", _, "groups", _] => Some(Self::Assignment { app: text(3), group: text(5) }),
            ["api", "v1", "groups", _] => Some(Self::Groups { groups: vec![text(3)] }),
            _ => None,
        }
    }

    /// The groups that their users lose.
    pub(super) fn groups(&self) -> &[String] {
        match self {
            Self::Member { group, .. } | Self::Assignment { group, .. } => slice::from_ref(group),
            Self::Groups { groups } => groups,
        }
    }
}

/// The rule that a call deletes together with the memberships that it made.
pub(super) fn removed_rule(call: &ApiCall) -> Option<String> {
    let takes_users =
        call.query.iter().any(|(name, value)| name.eq_ignore_ascii_case("removeUsers") && value == "true");
    if !takes_users || call.method() != HttpMethod::Delete {
        return None;
    }
    let (parts, lower) = parts_of_path(&call.path)?;
    let is_rule = lower.len() == 5 && lower[..4] == ["api", "v1", "groups", "rules"];
    is_rule.then(|| parts[4].clone())
}

/// The parts of a path, decoded: as they are, and in lower case.
fn parts_of_path(path: &str) -> Option<(Vec<String>, Vec<String>)> {
    let decode = |part: &str| Some(percent_decode_str(part).decode_utf8().ok()?.into_owned());
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(decode).collect::<Option<_>>()?;
    let lower = parts.iter().map(|part| part.to_lowercase()).collect();
    Some((parts, lower))
}

/// The value of an option of the door.
pub(super) fn option<'a>(call: &'a ApiCall, name: &str) -> Option<&'a str> {
    let mut query = call.query.iter();
    let found = query.find(|(given, _)| given == name);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(method: HttpMethod, path: &str) -> ApiCall {
        ApiCall {
            org: "okta".to_owned(),
            action: CallAction::Direct(method),
            arguments: Vec::new(),
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
        }
    }

    #[test]
    fn a_removal_is_known_by_its_operation_and_by_its_path() {
        let member = MembershipRemoval::Member { group: "00g1".to_owned(), user: "jo@corp.example".to_owned() };
        let call = ApiCall::operation("okta", "unassign_user_from_group", &["00g1", "jo@corp.example"]);
        assert_eq!(MembershipRemoval::of(&call.expect("a call")), Some(member.clone()));
        for path in [
            "/api/v1/groups/00g1/users/jo%40corp.example",
            "/api/v1/groups/00g1/users/jo@corp.example/",
            "/API/v1/Groups/00g1//users/jo@corp.example",
        ] {
            let call = direct(HttpMethod::Delete, path);
            assert_eq!(MembershipRemoval::of(&call), Some(member.clone()), "{path}");
        }
    }

    #[test]
    fn a_rule_takes_its_members_along_when_it_is_asked_to() {
        let delete = ApiCall::operation("okta", "delete_group_rule", &["0pr1"]).expect("a call");
        assert_eq!(removed_rule(&delete), None);
        assert_eq!(removed_rule(&delete.query("removeUsers", "true")), Some("0pr1".to_owned()));
        let mut by_path = direct(HttpMethod::Delete, "/api/v1//groups/Rules/0pr1");
        by_path.query.push(("removeUsers".to_owned(), "true".to_owned()));
        assert_eq!(removed_rule(&by_path), Some("0pr1".to_owned()));
    }

    #[test]
    fn other_calls_take_nobody_out() {
        for (method, path) in [
            (HttpMethod::Put, "/api/v1/groups/00g1/users/00u1"),
            (HttpMethod::Delete, "/api/v1/groups/rules/0pr1"),
            (HttpMethod::Delete, "/api/v1/apps/0oa1/users/00u1"),
        ] {
            assert_eq!(MembershipRemoval::of(&direct(method, path)), None, "{path}");
        }
    }
}
