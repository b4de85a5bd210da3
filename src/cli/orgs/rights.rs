//! What a principal may do: its admin roles, and whether they suffice for a runbook.

use serde_json::Value;

use super::test::OrgTest;

const ADVICE: &str = "assign an admin role to it: Security > Administrators, or for a service app Applications > the app > \
                      Admin roles; without one every call is refused";
const TOO_SMALL: &str = "assign a role that covers this: Security > Administrators, or for a service app Applications > the app > \
                         Admin roles";
const HOW_TO_SEE: &str = "to see whether they suffice for a runbook: --runbook NAME";

/// A list of each family of scopes: whoever may read there is answered.
const LISTS: &[(&str, &str)] = &[
    ("users", "/api/v1/users?limit=1"),
    ("groups", "/api/v1/groups?limit=1"),
    ("apps", "/api/v1/apps?limit=1"),
    ("agentPools", "/api/v1/agentPools?limitPerPoolType=1"),
    ("profileMappings", "/api/v1/mappings?limit=1"),
    ("schemas", "/api/v1/meta/schemas/user/default"),
    ("logs", "/api/v1/logs?limit=1"),
    ("orgs", "/api/v1/org"),
];

/// Families in which the standard roles change something (Okta's page on standard administrator roles). A super admin does in all;
/// what a custom role allows is not told here.
const CHANGES: &[(&str, &[&str])] = &[
    ("ORG_ADMIN", &["users", "groups", "agentPools", "orgs"]),
    ("APP_ADMIN", &["apps", "profileMappings", "schemas"]),
    ("USER_ADMIN", &["users", "groups"]),
    ("GROUP_MEMBERSHIP_ADMIN", &["groups"]),
    ("HELP_DESK_ADMIN", &[]),
    ("READ_ONLY_ADMIN", &[]),
    ("REPORT_ADMIN", &[]),
    ("API_ACCESS_MANAGEMENT_ADMIN", &[]),
];

impl OrgTest<'_> {
    pub(super) async fn roles(&mut self, path: &str) {
        let roles = match self.get(path).await {
            Ok(response) => Some(names(&response.body)),
            Err(refused) => {
                // Reading roles needs a right of its own: any other read tells whether there is a role at all.
                let read = self.get("/api/v1/users?limit=1").await;
                match read {
                    Err(error) if error.api().is_some_and(|api| api.is("E0000006")) => {
                        let found = "no admin role, or none that reads users";
                        self.found.bad("roles", found, ADVICE);
                    }
                    _ => self.found.doubtful("roles", refused.to_string(), HOW_TO_SEE),
                }
                None
            }
        };
        match roles.as_deref() {
            None => {}
            Some([]) => return self.found.bad("roles", "no admin role", ADVICE),
            Some(roles) if self.needed.is_none() && !is_super(roles) => {
                self.found.noted("roles", roles.join(", "), HOW_TO_SEE);
            }
            Some(roles) => self.found.good("roles", roles.join(", ")),
        }
        self.rights(&roles.unwrap_or_default()).await;
    }

    /// Whether the roles suffice for the runbook: reading is tried, changing is told by the roles.
    async fn rights(&mut self, roles: &[String]) {
        let Some(needed) = self.needed.clone() else {
            return;
        };
        let mut refused = Vec::new();
        for (family, path) in LISTS {
            let is_needed = needed.iter().any(|scope| family_of(scope) == Some(family));
            if is_needed && self.is_forbidden(path).await {
                refused.push(*family);
            }
        }
        let changed = needed.iter().filter(|scope| scope.ends_with(".manage"));
        let unchanged: Vec<&str> =
            changed.filter_map(|scope| family_of(scope)).filter(|family| never_change(roles, family)).collect();
        match (refused.as_slice(), unchanged.as_slice()) {
            ([], []) => self.found.good("rights", "nothing that the runbook needs is refused"),
            (refused, unchanged) => {
                let parts = [("may not read", refused), ("may not change", unchanged)];
                let told = parts.iter().filter(|(_, families)| !families.is_empty());
                let told: Vec<String> =
                    told.map(|(what, families)| format!("{what} {}", families.join(", "))).collect();
                let found = format!("{}, which the runbook does", told.join("; "));
                self.found.bad("rights", found, TOO_SMALL);
            }
        }
    }

    async fn is_forbidden(&self, path: &str) -> bool {
        let read = self.get(path).await;
        read.is_err_and(|error| error.api().is_some_and(|api| api.is("E0000006")))
    }
}

/// `groups` of `okta.groups.read`.
fn family_of(scope: &str) -> Option<&str> {
    let (family, _) = scope.strip_prefix("okta.")?.rsplit_once('.')?;
    Some(family)
}

fn is_super(roles: &[String]) -> bool {
    roles.iter().any(|role| role == "SUPER_ADMIN")
}

/// Whether all roles are known not to change anything there.
fn never_change(roles: &[String], family: &str) -> bool {
    let known = |role: &String| CHANGES.iter().find(|(name, _)| name == role);
    let cannot = |role: &String| known(role).is_some_and(|(_, families)| !families.contains(&family));
    !roles.is_empty() && roles.iter().all(cannot)
}

fn names(roles: &Value) -> Vec<String> {
    let roles = roles.as_array().map_or(&[][..], Vec::as_slice);
    let active = roles.iter().filter(|role| role["status"] == "ACTIVE");
    active.filter_map(|role| role["type"].as_str()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_roles_are_said_to_change_nothing() {
        let roles = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (held, family, expected) in [
            (&["READ_ONLY_ADMIN"][..], "groups", true),
            (&["USER_ADMIN", "REPORT_ADMIN"], "apps", true),
            (&["USER_ADMIN", "APP_ADMIN"], "apps", false),
            (&["SUPER_ADMIN"], "roles", false),
            (&["USER_ADMIN", "CUSTOM"], "apps", false),
            (&[], "apps", false),
        ] {
            assert_eq!(never_change(&roles(held), family), expected, "{held:?} {family}");
        }
        assert_eq!(family_of("okta.directories.groups.read"), Some("directories.groups"));
        assert_eq!(family_of("openid"), None);
    }
}
