//! Which handler a method and path go to, and what Okta has beyond the simulator.

use std::collections::HashMap;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use super::buckets::{self, RateBucket};
use super::http::{ApiRoute, RouteHandler};

/// Okta's paths with their methods, from its API description: tells "not modelled" from "no such path".
const PATHS: &str = include_str!("paths.tsv");

/// Everything that the simulator answers as Okta.
const TABLES: &[&[ApiRoute]] = &[
    super::org2org::connection::ROUTES,
    super::org2org::features::ROUTES,
    super::org2org::group_push::ROUTES,
    super::org::ROUTES,
    super::users::ROUTES,
    super::user_search::ROUTES,
    super::user_creation::ROUTES,
    super::user_changes::ROUTES,
    super::user_lifecycle::ROUTES,
    super::user_groups::ROUTES,
    super::roles::ROUTES,
    super::groups::ROUTES,
    super::group_search::ROUTES,
    super::group_roles::ROUTES,
    super::memberships::ROUTES,
    super::rules::ROUTES,
    super::apps::ROUTES,
    super::app_users::ROUTES,
    super::app_groups::ROUTES,
    super::mappings::ROUTES,
    super::schemas::ROUTES,
    super::agent_pools::ROUTES,
    super::log::ROUTES,
    super::tokens::ROUTES,
];

/// What the simulator answers beside its own part of the control surface.
const CONTROL_TABLES: &[&[ApiRoute]] = &[super::active_directory::CONTROL_ROUTES, super::oauth::CONTROL_ROUTES];

/// Routes of Okta's API.
pub(super) static ROUTES: LazyLock<RouteTable> = LazyLock::new(|| {
    let mut table = RouteTable::default();
    for line in PATHS.lines() {
        if let Some((methods, pattern)) = line.split_once('\t') {
            for method in methods.split(',') {
                table.insert(method, pattern, None);
            }
        }
    }
    table.insert_all(TABLES);
    table.insert_all(super::oauth::ROUTES);
    table
});

/// Routes of the control surface that act on an org.
pub(super) static CONTROL_ROUTES: LazyLock<RouteTable> = LazyLock::new(|| {
    let mut table = RouteTable::default();
    table.insert_all(CONTROL_TABLES);
    table
});

/// Method and pattern of everything that is answered as Okta.
#[cfg(test)]
pub(super) fn patterns() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = TABLES.iter().chain(super::oauth::ROUTES);
    let routes = tables.copied().flatten();
    routes.map(|route| (route.method, route.pattern))
}

/// A tree of path segments.
#[derive(Default)]
pub(super) struct RouteTable {
    root: RouteNode,
}

#[derive(Default)]
struct RouteNode {
    fixed: HashMap<&'static str, RouteNode>,
    parameter: Option<Box<RouteNode>>,
    endpoints: Vec<RouteEndpoint>,
}

/// A method of a path.
pub(super) struct RouteEndpoint {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    /// `None`: Okta has it, the simulator has not.
    pub(super) route: Option<&'static ApiRoute>,
    pub(super) bucket: &'static RateBucket,
}

impl RouteEndpoint {
    pub(super) fn handler(&self) -> Option<RouteHandler> {
        self.route.map(|route| route.handler)
    }
}

/// What a path leads to.
pub(super) enum RouteMatch {
    Found(&'static RouteEndpoint, Vec<String>),
    WrongMethod(&'static RouteEndpoint),
    Unknown,
}

impl RouteTable {
    /// Finds the endpoint of a percent-encoded path; fixed segments win over parameters.
    pub(super) fn find(&'static self, method: &str, path: &str) -> RouteMatch {
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut parameters = Vec::new();
        let Some(node) = self.root.find(&segments, &mut parameters) else {
            return RouteMatch::Unknown;
        };
        match node.endpoints.iter().find(|it| it.method == method) {
            Some(endpoint) => RouteMatch::Found(endpoint, decode(&parameters)),
            None => RouteMatch::WrongMethod(&node.endpoints[0]),
        }
    }

    fn insert_all(&mut self, tables: &'static [&'static [ApiRoute]]) {
        for route in tables.iter().copied().flatten() {
            self.insert(route.method, route.pattern, Some(route));
        }
    }

    fn insert(&mut self, method: &'static str, pattern: &'static str, route: Option<&'static ApiRoute>) {
        let mut node = &mut self.root;
        for segment in pattern.split('/').filter(|part| !part.is_empty()) {
            node = if segment.starts_with('{') {
                node.parameter.get_or_insert_default()
            } else {
                node.fixed.entry(segment).or_default()
            };
        }
        node.endpoints.retain(|endpoint| endpoint.method != method);
        node.endpoints.push(RouteEndpoint { method, pattern, route, bucket: buckets::bucket_of(method, pattern) });
    }
}

impl RouteNode {
    fn find<'s, 'p>(&'s self, segments: &[&'p str], parameters: &mut Vec<&'p str>) -> Option<&'s Self> {
        let Some((first, rest)) = segments.split_first() else {
            return (!self.endpoints.is_empty()).then_some(self);
        };
        if let Some(found) = self.fixed.get(*first).and_then(|node| node.find(rest, parameters)) {
            return Some(found);
        }
        let node = self.parameter.as_ref()?;
        parameters.push(first);
        let found = node.find(rest, parameters);
        if found.is_none() {
            parameters.pop();
        }
        found
    }
}

fn decode(parameters: &[&str]) -> Vec<String> {
    let decoded = parameters.iter().map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned());
    // A failed attempt at a fixed segment leaves no parameter behind, so the order is that of the path.
    decoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, path: &str) -> (u16, String, Vec<String>) {
        match ROUTES.find(method, path) {
            RouteMatch::Found(endpoint, parameters) => {
                let status = if endpoint.route.is_some() { 200 } else { 501 };
                (status, endpoint.pattern.to_owned(), parameters)
            }
            RouteMatch::WrongMethod(_) => (405, String::new(), Vec::new()),
            RouteMatch::Unknown => (404, String::new(), Vec::new()),
        }
    }

    #[test]
    fn paths_lead_to_their_endpoints() {
        for (method, path, status, pattern, parameter) in [
            ("GET", "/api/v1/users/a%2Fb%23c%2Bd%40x.com", 200, "/api/v1/users/{id}", "a/b#c+d@x.com"),
            ("GET", "/api/v1/groups/rules", 200, "/api/v1/groups/rules", ""),
            ("GET", "/api/v1/groups/00g1", 200, "/api/v1/groups/{groupId}", "00g1"),
            ("GET", "/api/v1/policies", 501, "/api/v1/policies", ""),
            ("PATCH", "/api/v1/users", 405, "", ""),
            ("GET", "/api/v1/nothing", 404, "", ""),
            ("GET", "/api/v1", 404, "", ""),
        ] {
            let (have, pattern_found, parameters) = find(method, path);
            assert_eq!((have, pattern_found.as_str()), (status, pattern), "{method} {path}");
            assert_eq!(parameters.first().map_or("", String::as_str), parameter);
        }
    }
}
