//! The operations of Okta's Management API as data.
//!
//! `operations.tsv` holds one row for each, taken from Okta's API description 2026.06.3. Its columns:
//! `operation` (the operationId in `snake_case`), `method`, `path` with `{parameters}`, `query` (comma-separated; `!` marks
//! a required one), `body` (`!` required or `?` optional, then its media types), `result` (`array` for lists, `object`,
//! `object?` where some success has no body, `any` for a list or an object; empty for no JSON body), `status` (of
//! success), `scopes` (OAuth; all are needed), `tag`, `operation_id`, `lifecycle`.

mod path;
mod table;

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::method::{ContentType, HttpMethod};

pub use path::PathError;

/// One operation of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiOperation {
    /// Its name in scripts, such as `assign_user_to_group`.
    pub name: &'static str,
    pub method: HttpMethod,
    /// Such as `/api/v1/groups/{groupId}/users/{userId}`.
    pub path: &'static str,
    pub query: Vec<QueryParameter>,
    pub body: Option<OperationBody>,
    pub result: ResultKind,
    /// The statuses of success; empty where Okta's API description names none.
    pub status: Vec<u16>,
    /// OAuth scopes; all of them are needed. Empty: none, or not open to OAuth.
    pub scopes: Vec<&'static str>,
    /// The section of Okta's reference.
    pub tag: &'static str,
    /// Its name in Okta's API description, such as `assignUserToGroup`.
    pub operation_id: &'static str,
    pub lifecycle: OperationLifecycle,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryParameter {
    pub name: &'static str,
    pub required: bool,
}

/// The body that an operation takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationBody {
    pub required: bool,
    /// At least one; the first is the usual one.
    pub content_types: Vec<ContentType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// A list, mostly in pages.
    Array,
    /// An object.
    Object,
    /// An object, or no body.
    ObjectOrNothing,
    /// A list or an object.
    Any,
    /// No body, or one that is not JSON.
    Nothing,
}

/// How settled an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationLifecycle {
    GenerallyAvailable,
    /// Available to some kinds of orgs.
    Limited,
    EarlyAccess,
    Deprecated,
    /// Okta's API description does not say.
    Unstated,
}

/// All operations, by path.
pub fn all() -> &'static [ApiOperation] {
    &ALL
}

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static ApiOperation> {
    all().iter().find(|operation| operation.name == name)
}

/// The operations whose name, path or tag holds the word, whatever its case.
pub fn search(word: &str) -> Vec<&'static ApiOperation> {
    let word = word.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&word);
    all().iter().filter(|operation| holds(operation.name) || holds(operation.path) || holds(operation.tag)).collect()
}

/// Up to three names that may have been meant, the nearest first.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let likeness = |operation: &ApiOperation| strsim::jaro_winkler(name, operation.name);
    let mut near: Vec<_> = all().iter().map(|operation| (likeness(operation), operation.name)).collect();
    near.retain(|(likeness, _)| *likeness >= 0.88);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

impl ApiOperation {
    /// Whether it may change the org: by its method, but for the few that only ask.
    pub fn is_write(&self) -> bool {
        self.method != HttpMethod::Get && !READING_POSTS.contains(&self.name)
    }

    /// The names of its path parameters in order, as Okta writes them (`groupId`).
    pub fn path_parameters(&self) -> Vec<&'static str> {
        path::parameters(self.path)
    }

    /// Its path with each argument as one percent-encoded segment.
    pub fn path(&self, args: &[&str]) -> Result<String, PathError> {
        path::fill(self.path, args)
    }

    /// How it is called in a script: `okta.get_application_user(app_id, user_id, #{expand?})`. `?` marks what may be left
    /// out, `body…` the entries of the body.
    pub fn signature(&self, handle: &str) -> String {
        let mut arguments: Vec<_> = self.path_parameters().into_iter().map(snake_case).collect();
        let options = self.options();
        if !options.is_empty() {
            arguments.push(format!("#{{{}}}", options.join(", ")));
        }
        let mut signature = String::new();
        // Writing to a String cannot fail.
        let _ = write!(signature, "{handle}.{}({})", self.name, arguments.join(", "));
        signature
    }

    /// Options that are not sent: they say to the program itself what is meant, where it would refuse to take users out of a group.
    pub fn own_options(&self) -> &'static [&'static str] {
        match self.name {
            "unassign_user_from_group" => &["allow_without_group", "stays_in"],
            "unassign_application_from_group" | "delete_group" | "delete_group_rule" => &["allow_without_group"],
            _ => &[],
        }
    }

    /// Names of the query parameters, and of the options that are not sent.
    pub fn option_names(&self) -> impl Iterator<Item = &'static str> {
        let query = self.query.iter().map(|parameter| parameter.name);
        query.chain(self.own_options().iter().copied())
    }

    /// Whether a map may come last.
    pub fn takes_options(&self) -> bool {
        self.option_names().next().is_some() || self.body.is_some()
    }

    fn options(&self) -> Vec<String> {
        let mark = |required: bool| if required { "" } else { "?" };
        let query = self.query.iter().map(|parameter| format!("{}{}", parameter.name, mark(parameter.required)));
        let body = self.body.iter().map(|body| format!("body…{}", mark(body.required)));
        let own = self.own_options().iter().map(|name| format!("{name}?"));
        query.chain(own).chain(body).collect()
    }
}

/// `groupId` as scripts write it: `group_id`. A run of capitals is one word: `webAuthnIDs` is `web_authn_ids`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = !c.is_ascii_uppercase();
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Operations that are POST because their question does not fit into a URL.
///
/// - `create_policy_simulation` evaluates policies for a made-up sign-in and keeps nothing.
/// - `submit_group_attribute_query` has the agent read a group's attributes; the directory stays as it is.
///
/// Not among them: `verify_…` and `test_…`, which set a state, send a message or use up a passcode.
const READING_POSTS: [&str; 2] = ["create_policy_simulation", "submit_group_attribute_query"];

static ALL: LazyLock<Vec<ApiOperation>> =
    LazyLock::new(|| table::parse(include_str!("operations.tsv")).expect("the embedded table is well-formed"));

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(all().len(), 732);
        let names: HashSet<_> = all().iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), 732);
        for operation in all() {
            assert!(operation.path.starts_with('/'), "{}", operation.path);
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(operation.name.chars().all(word), "{}", operation.name);
            let parameters = operation.path_parameters();
            assert_eq!(parameters.len(), operation.path.matches('{').count(), "{}", operation.path);
            assert!(
                parameters.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric())),
                "{}",
                operation.path
            );
            let args = vec!["x"; parameters.len()];
            assert!(!operation.path(&args).expect("a path").contains(['{', '}']), "{}", operation.path);
        }
    }

    #[test]
    fn finds_by_name_word_and_likeness() {
        let operation = find("assign_user_to_group").expect("the operation");
        assert_eq!((operation.method, operation.operation_id), (HttpMethod::Put, "assignUserToGroup"));
        assert_eq!(operation.scopes, ["okta.groups.manage"]);
        assert_eq!(find("assign_user_to_grup"), None);
        assert_eq!(nearest("assign_user_to_grup").first(), Some(&"assign_user_to_group"));
        assert_eq!(nearest("qqq"), Vec::<&str>::new());
        assert!(search("AGENTPOOLS").iter().all(|operation| operation.path.contains("agentPools")));
        assert!(search("GROUPPUSH").iter().any(|operation| operation.name == "update_group_push_mapping"));
    }

    #[test]
    fn signatures_show_what_a_call_takes() {
        let signature = |name: &str| find(name).expect(name).signature("okta");
        assert_eq!(signature("get_application_user"), "okta.get_application_user(app_id, user_id, #{expand?})");
        assert_eq!(signature("assign_user_to_group"), "okta.assign_user_to_group(group_id, user_id)");
        assert_eq!(signature("update_application_user"), "okta.update_application_user(app_id, user_id, #{body…})");
        assert_eq!(
            signature("get_well_known_app_authenticator_configuration"),
            "okta.get_well_known_app_authenticator_configuration(#{oauthClientId})"
        );
        assert_eq!(
            signature("update_group_assignment_to_application"),
            "okta.update_group_assignment_to_application(app_id, group_id, #{body…?})"
        );
    }

    #[test]
    fn writes_are_told_from_questions() {
        assert!(find("assign_user_to_group").expect("a write").is_write());
        assert!(!find("list_users").expect("a read").is_write());
        for name in READING_POSTS {
            let operation = find(name).expect(name);
            assert!(operation.method == HttpMethod::Post && !operation.is_write());
        }
    }

    #[test]
    fn odd_rows_are_read() {
        let publish = find("publish_csr_from_application").expect("the operation").body.clone().expect("a body");
        assert_eq!(publish.content_types.len(), 3);
        assert_eq!(find("upsert_user_risk").expect("the operation").status, [200, 201]);
        assert_eq!(find("update_group_push_mapping").expect("the operation").scopes.len(), 2);
        assert_eq!(find("extend_okta_support").expect("the operation").lifecycle, OperationLifecycle::Deprecated);
        assert_eq!(snake_case("idpCsrId"), "idp_csr_id");
    }

    #[test]
    fn the_table_says_what_a_success_answers_with() {
        for (name, result) in [
            ("list_groups", ResultKind::Array),
            ("add_group", ResultKind::Object),
            ("assign_user_to_group", ResultKind::Nothing),
            ("assign_role_to_group", ResultKind::ObjectOrNothing),
            ("get_ssf_streams", ResultKind::Any),
        ] {
            assert_eq!(find(name).expect(name).result, result, "{name}");
        }
    }
}
