//! What the simulator itself says, without sign-in, limits and roles.

use serde_json::Value;

use super::super::http::{ApiRefusal, ApiReply, RouteHandler, SignedInRequest};
use super::super::org2org;
use super::super::routes::{self, RouteEndpoint, RouteMatch};
use super::super::service::read_query;
use super::super::store::SimulatedOrg;

/// Who asks, and by which URL the org goes.
#[derive(Clone, Copy)]
pub(super) struct LocalCaller<'a> {
    pub(super) org: &'a SimulatedOrg,
    pub(super) base: &'a str,
    pub(super) principal: &'a str,
}

/// Larger than every list's page.
const ALL: &str = "10000";

impl LocalCaller<'_> {
    /// Answers a read.
    pub(super) fn get(&self, path: &str, query: &str) -> ApiReply {
        let RouteMatch::Found(endpoint, parameters) = routes::ROUTES.find("GET", path) else {
            return Err(ApiRefusal::not_found(path, "Path"));
        };
        let Some(RouteHandler::Read(handler)) = endpoint.handler() else {
            return Err(ApiRefusal::not_modelled(path));
        };
        let request = SignedInRequest {
            path: path.to_owned(),
            parameters,
            query: read_query(query),
            base: self.base.to_owned(),
            principal: self.principal.to_owned(),
            ..SignedInRequest::default()
        };
        handler(self.org, &request)
    }

    /// The thing of a path; `None` when there is none.
    pub(super) fn thing(&self, path: &str) -> Option<Value> {
        self.get(path, "").ok()?.body
    }

    /// Everything in a list.
    pub(super) fn all(&self, path: &str, query: &str) -> Vec<Value> {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_of_paging(pair)).collect();
        let own = kept.join("&");
        let mut items = Vec::new();
        let mut next = Some(format!("limit={ALL}&{own}"));
        while let Some(query) = next {
            let Ok(answer) = self.get(path, &query) else {
                break;
            };
            if let Some(Value::Array(page)) = answer.body {
                items.extend(page);
            }
            next = answer.headers.iter().find_map(|(_, link)| next_query(link));
        }
        items
    }
}

/// The address of a list, whichever of its pages was asked for: its path alone where the list has no conditions.
pub(super) fn list_of(path: &str, query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let conditions: Vec<&str> = pairs.filter(|pair| !is_of_paging(pair) && !pair.starts_with("expand=")).collect();
    if conditions.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", conditions.join("&"))
}

fn is_of_paging(pair: &str) -> bool {
    pair.starts_with("after=") || pair.starts_with("limit=")
}

fn next_query(link: &str) -> Option<String> {
    let (url, _) = link.split_once(">; rel=\"next\"").map(|(url, rest)| (url.trim_start_matches('<'), rest))?;
    url.split_once('?').map(|(_, query)| query.to_owned())
}

/// Whether only this side can answer: what was made here, and the key of a connection that was configured here.
pub(super) fn is_own(org: &SimulatedOrg, endpoint: &RouteEndpoint, parameters: &[String]) -> bool {
    let made_here = parameters.iter().any(|id| super::super::ids::is_planned(id));
    made_here || org2org::signs_here(org, endpoint.pattern, parameters)
}
