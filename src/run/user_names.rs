//! Names of users that stand for their ids in calls: logins, short logins and `me`.
//!
//! A run that reads a user by one name and writes by another would take what it read for what is there now. What is known of a user is
//! therefore known by the id; a name is known by the read that answered with the id, until a write may have given it to somebody else.

use std::collections::HashMap;

/// The path of users in Okta's API.
const USERS: &str = "/api/v1/users/";

/// Whether a name of a user is an id: 20 characters that begin with `00u` (Okta's documentation of object ids).
pub(super) fn is_user_id(name: &str) -> bool {
    name.len() == 20 && name.starts_with("00u") && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The name of the user at whose path a call is, with what follows it: `("jo", "/lifecycle/suspend")`.
pub(super) fn named_in(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(USERS)?;
    let end = rest.find('/').unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// Which id each name stood for when it was last read.
#[derive(Debug, Default)]
pub(super) struct UserNames {
    /// By org and name.
    ids: HashMap<(String, String), String>,
}

impl UserNames {
    pub(super) fn learn(&mut self, org: &str, name: &str, id: &str) {
        if name != id {
            self.ids.insert((org.to_owned(), name.to_owned()), id.to_owned());
        }
    }

    /// The id that a name stands for, or the name where that is not known.
    pub(super) fn id_of<'a>(&'a self, org: &str, name: &'a str) -> &'a str {
        if is_user_id(name) {
            return name;
        }
        self.ids.get(&(org.to_owned(), name.to_owned())).map_or(name, String::as_str)
    }

    /// Forgets all names of an org: a write may have given one of them to somebody else.
    pub(super) fn forget(&mut self, org: &str) {
        self.ids.retain(|(of, _), _| of != org);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_an_id_until_it_may_be_another_users() {
        let id = "00u1234567890abcdefg";
        let mut names = UserNames::default();
        assert_eq!(names.id_of("okta", "jo"), "jo");
        names.learn("okta", "jo", id);
        names.learn("hub", "jo", "00u9");
        assert_eq!(names.id_of("okta", "jo"), id);
        assert_eq!(names.id_of("okta", id), id);
        names.forget("okta");
        assert_eq!((names.id_of("okta", "jo"), names.id_of("hub", "jo")), ("jo", "00u9"));
    }

    #[test]
    fn ids_are_told_from_logins() {
        assert!(is_user_id("00u1234567890abcdefg"));
        for login in ["me", "00u@corp.example.org.", "jo.doe@corp.example1", "00u1234567890abcdef"] {
            assert!(!is_user_id(login), "{login}");
        }
    }

    #[test]
    fn a_path_names_its_user() {
        assert_eq!(named_in("/api/v1/users/jo/lifecycle/suspend"), Some(("jo", "/lifecycle/suspend")));
        assert_eq!(named_in("/api/v1/users/jo"), Some(("jo", "")));
        assert_eq!(named_in("/api/v1/groups/00g1/users/jo"), None);
    }
}
