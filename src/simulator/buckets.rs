//! Rate-limit buckets and their figures: calls a minute, by Okta's documentation (Workforce orgs, older snapshot; agent pools recorded).

/// One bucket.
pub(super) struct RateBucket {
    pub(super) name: &'static str,
    pub(super) per_minute: u64,
    methods: &'static [&'static str],
    extent: BucketExtent,
}

enum BucketExtent {
    /// The path itself.
    Exact,
    /// The path and all below it.
    Prefix,
}

const fn bucket(
    name: &'static str,
    extent: BucketExtent,
    per_minute: u64,
    methods: &'static [&'static str],
) -> RateBucket {
    RateBucket { name, per_minute, methods, extent }
}

const WRITES: &[&str] = &["POST", "PUT", "DELETE", "PATCH"];

/// `{}` stands for any parameter; an empty list of methods for all of them.
static BUCKETS: [RateBucket; 14] = [
    bucket("/api/v1/apps/{}", BucketExtent::Exact, 500, &[]),
    bucket("/api/v1/apps", BucketExtent::Prefix, 100, &[]),
    bucket("/api/v1/groups/{}", BucketExtent::Exact, 1000, &[]),
    bucket("/api/v1/groups", BucketExtent::Prefix, 500, &[]),
    bucket("/api/v1/users", BucketExtent::Exact, 600, &[]),
    bucket("/api/v1/users/{}", BucketExtent::Exact, 2000, &["GET"]),
    bucket("/api/v1/users/{}", BucketExtent::Prefix, 600, WRITES),
    bucket("/api/v1/logs", BucketExtent::Prefix, 120, &[]),
    bucket("/oauth2/v1/clients", BucketExtent::Prefix, 100, &[]),
    bucket("/oauth2/v1/token", BucketExtent::Exact, 300, &[]),
    bucket("/api/v1/agentPools", BucketExtent::Prefix, 20, &[]),
    bucket("/api/v1", BucketExtent::Prefix, 1200, &[]),
    bucket("/.well-known", BucketExtent::Prefix, 1200, &[]),
    bucket("", BucketExtent::Prefix, 1200, &[]),
];

/// The bucket of an endpoint: the exact path first, then the longest prefix.
pub(super) fn bucket_of(method: &str, pattern: &str) -> &'static RateBucket {
    let path = without_names(pattern);
    let mut fitting: Vec<&RateBucket> = BUCKETS.iter().filter(|bucket| bucket.holds(method, &path)).collect();
    fitting.sort_by_key(|bucket| (matches!(bucket.extent, BucketExtent::Prefix), usize::MAX - bucket.name.len()));
    fitting.first().copied().unwrap_or(&BUCKETS[13])
}

impl RateBucket {
    fn holds(&self, method: &str, path: &str) -> bool {
        let method_fits = self.methods.is_empty() || self.methods.contains(&method);
        method_fits
            && match self.extent {
                BucketExtent::Exact => path == self.name,
                BucketExtent::Prefix => {
                    path.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                }
            }
    }

    /// What tells two buckets apart.
    pub(super) fn key(&self) -> (&'static str, &'static [&'static str]) {
        (self.name, self.methods)
    }
}

fn without_names(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_path_wins_over_the_longest_prefix() {
        for (method, pattern, per_minute) in [
            ("GET", "/api/v1/apps", 100),
            ("GET", "/api/v1/apps/{appId}", 500),
            ("POST", "/api/v1/apps/{appId}/users/{userId}", 100),
            ("GET", "/api/v1/groups", 500),
            ("GET", "/api/v1/groups/{groupId}", 1000),
            ("GET", "/api/v1/groups/rules", 500),
            ("PUT", "/api/v1/groups/{groupId}/users/{userId}", 500),
            ("POST", "/api/v1/users", 600),
            ("GET", "/api/v1/users/{id}", 2000),
            ("PUT", "/api/v1/users/{id}", 600),
            ("POST", "/api/v1/users/{id}/lifecycle/activate", 600),
            ("GET", "/api/v1/users/{id}/groups", 1200),
            ("GET", "/api/v1/logs", 120),
            ("GET", "/api/v1/agentPools", 20),
            ("GET", "/api/v1/policies", 1200),
        ] {
            assert_eq!(bucket_of(method, pattern).per_minute, per_minute, "{method} {pattern}");
        }
    }
}
