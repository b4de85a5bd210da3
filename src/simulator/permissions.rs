//! What an admin role may do. Simplified: real roles can be narrowed to single groups and apps, here they hold for all of them.

use super::http::ApiRefusal;
use super::roles;
use super::store::SimulatedOrg;

/// Families of endpoints that roles tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndpointFamily {
    Users,
    /// Passwords, factors and locks.
    Credentials,
    Groups,
    Members,
    Rules,
    Apps,
    AgentPools,
    Logs,
    Tokens,
    Roles,
    Settings,
    Authorization,
}

use EndpointFamily::{
    AgentPools, Apps, Authorization, Credentials, Groups, Logs, Members, Roles, Rules, Settings, Users,
};

/// Everything but tokens and the granting of roles, which are a super admin's own.
const MOST: &[EndpointFamily] =
    &[Users, Credentials, Groups, Members, Rules, Apps, AgentPools, Logs, Settings, Authorization, Roles];

/// Role, what it reads, what it writes (Okta's page on standard administrator roles).
const TABLE: &[(&str, &[EndpointFamily], &[EndpointFamily])] = &[
    ("ORG_ADMIN", MOST, &[Users, Credentials, Groups, Members, Rules, Settings, AgentPools]),
    ("APP_ADMIN", &[Users, Groups, Members, Apps, Logs, AgentPools], &[Apps]),
    (
        "USER_ADMIN",
        &[Users, Credentials, Groups, Members, Rules, Logs],
        // Not Groups: the guide to Org2Org asks for another role where groups are made.
        &[Users, Credentials, Members],
    ),
    ("GROUP_MEMBERSHIP_ADMIN", &[Users, Groups, Members], &[Members]),
    ("HELP_DESK_ADMIN", &[Users, Credentials, Groups, Members], &[Credentials]),
    ("READ_ONLY_ADMIN", MOST, &[]),
    ("REPORT_ADMIN", &[Logs], &[]),
    ("API_ACCESS_MANAGEMENT_ADMIN", &[Users, Groups, Members, Apps, Authorization], &[Authorization]),
];

/// 403 E0000006 unless a role of the token's owner allows the call.
pub(super) fn check(
    org: &SimulatedOrg,
    owner: &str,
    method: &str,
    pattern: &str,
    parameters: &[String],
) -> Result<(), ApiRefusal> {
    if is_about_oneself(owner, method, pattern, parameters) {
        return Ok(());
    }
    let family = family(pattern);
    let allowed =
        roles::in_effect(org, owner).any(|role| role.kind == "SUPER_ADMIN" || allows(&role.kind, method, family));
    if allowed { Ok(()) } else { Err(ApiRefusal::forbidden()) }
}

/// Whether what a role may do is told here; a custom role's rights are its own.
pub(super) fn is_known(role: &str) -> bool {
    role == "SUPER_ADMIN" || TABLE.iter().any(|(name, ..)| *name == role)
}

fn allows(role: &str, method: &str, family: EndpointFamily) -> bool {
    TABLE.iter().filter(|(name, ..)| *name == role).any(|(_, reads, writes)| {
        let families = if method == "GET" { reads } else { writes };
        families.contains(&family)
    })
}

/// Everyone reads himself, and may revoke the very token he uses.
fn is_about_oneself(owner: &str, method: &str, pattern: &str, parameters: &[String]) -> bool {
    let me = parameters.first().is_some_and(|id| id == "me" || id == owner);
    (method == "GET" && pattern.starts_with("/api/v1/users/{") && me)
        || (method == "DELETE" && pattern == "/api/v1/api-tokens/current")
}

fn family(pattern: &str) -> EndpointFamily {
    let path = pattern.strip_prefix("/api/v1/").unwrap_or(pattern);
    let has = |part: &str| path.split('/').any(|it| it == part);
    match path.split('/').next().unwrap_or_default() {
        _ if has("roles") => Roles,
        "users"
            if [
                "reset_password",
                "expire_password",
                "expire_password_with_temp_password",
                "reset_factors",
                "unlock",
                "factors",
                "credentials",
            ]
            .iter()
            .any(|part| has(part)) =>
        {
            Credentials
        }
        "users" => Users,
        "groups" if has("rules") => Rules,
        "groups" if has("users") => Members,
        "groups" => Groups,
        "apps" | "mappings" => Apps,
        "meta" if has("apps") => Apps,
        "agentPools" => AgentPools,
        "logs" => Logs,
        "api-tokens" => EndpointFamily::Tokens,
        "authorizationServers" => Authorization,
        _ => Settings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_their_families() {
        for (role, method, pattern, expected) in [
            ("ORG_ADMIN", "PUT", "/api/v1/groups/{groupId}/users/{userId}", true),
            ("ORG_ADMIN", "POST", "/api/v1/apps/{appId}/users/{userId}", false),
            ("ORG_ADMIN", "GET", "/api/v1/api-tokens", false),
            ("APP_ADMIN", "POST", "/api/v1/apps/{appId}/users/{userId}", true),
            ("APP_ADMIN", "PUT", "/api/v1/groups/{groupId}/users/{userId}", false),
            ("USER_ADMIN", "PUT", "/api/v1/groups/{groupId}/users/{userId}", true),
            ("USER_ADMIN", "GET", "/api/v1/apps/{appId}", false),
            ("GROUP_MEMBERSHIP_ADMIN", "DELETE", "/api/v1/groups/{groupId}", false),
            ("HELP_DESK_ADMIN", "POST", "/api/v1/users/{id}/lifecycle/reset_password", true),
            ("HELP_DESK_ADMIN", "POST", "/api/v1/users/{id}", false),
            ("READ_ONLY_ADMIN", "GET", "/api/v1/logs", true),
            ("READ_ONLY_ADMIN", "POST", "/api/v1/groups", false),
            ("REPORT_ADMIN", "GET", "/api/v1/users", false),
            ("NO_SUCH_ROLE", "GET", "/api/v1/users", false),
        ] {
            assert_eq!(allows(role, method, family(pattern)), expected, "{role} {method} {pattern}");
        }
    }
}
