//! Which rate limit a call counts in.
//!
//! From Okta's rate-limit pages (management endpoints): the exact pattern first, then the longest prefix. Where Okta's own buckets are
//! coarser than these, each sees the other's calls as those of others, which errs on the careful side.

use super::method::HttpMethod;

/// The name of the bucket of a call, as Okta's pages write its pattern. `path` is the URL's, without query.
pub fn bucket(method: HttpMethod, path: &str) -> &'static str {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["api", "v1", "apps", _] => "/api/v1/apps/{id}",
        ["api", "v1", "apps", ..] => "/api/v1/apps*",
        ["api", "v1", "groups", _] => "/api/v1/groups/{id}",
        ["api", "v1", "groups", ..] => "/api/v1/groups*",
        ["api", "v1", "users"] => "/api/v1/users",
        ["api", "v1", "users", _] if method == HttpMethod::Get => "GET /api/v1/users/{id}",
        ["api", "v1", "users", ..] if method == HttpMethod::Get => "GET /api/v1/users/{id}/*",
        ["api", "v1", "users", ..] => "/api/v1/users/{id}*",
        ["api", "v1", "logs", ..] => "/api/v1/logs",
        ["api", "v1", "agentPools", ..] => "/api/v1/agentPools*",
        ["oauth2", "v1", "clients", ..] => "/oauth2/v1/clients*",
        ["oauth2", ..] => "/oauth2/v1/*",
        _ => "/api/v1/*",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_pattern_comes_before_the_prefix() {
        for (method, path, expected) in [
            (HttpMethod::Get, "/api/v1/apps", "/api/v1/apps*"),
            (HttpMethod::Get, "/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
            (HttpMethod::Post, "/api/v1/apps/0oa1/users/00u1", "/api/v1/apps*"),
            (HttpMethod::Put, "/api/v1/groups/00g1/users/00u1", "/api/v1/groups*"),
            (HttpMethod::Get, "/api/v1/groups/00g1", "/api/v1/groups/{id}"),
            (HttpMethod::Get, "/api/v1/users/jo@x.example", "GET /api/v1/users/{id}"),
            (HttpMethod::Post, "/api/v1/users/00u1", "/api/v1/users/{id}*"),
            (HttpMethod::Get, "/api/v1/users", "/api/v1/users"),
            (HttpMethod::Get, "/api/v1/policies", "/api/v1/*"),
        ] {
            assert_eq!(bucket(method, path), expected, "{method} {path}");
        }
    }
}
