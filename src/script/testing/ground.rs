//! A started simulator, as a test stands on it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::okta::{Client, Method, Request, Silent};
use crate::{ldap, okta};

/// Starts a simulator of a scenario, given as JSON.
pub type Starter = Arc<dyn Fn(&str) -> Result<Ground, Error> + Send + Sync>;

/// Orgs and directories of one simulator. It lives as long as this does.
pub struct Ground {
    /// By name in the scenario.
    pub orgs: BTreeMap<String, Arc<Client>>,
    /// By lower-cased domain.
    pub directories: BTreeMap<String, Arc<ldap::Directory>>,
    /// What has to live so that the simulator does.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Ground {
    /// The org of that name; without one, the only org.
    pub(super) fn org(&self, name: Option<&str>) -> Result<(&str, &Arc<Client>), String> {
        let mut orgs = self.orgs.iter();
        let found = match (name, orgs.len()) {
            (Some(name), _) => orgs.find(|(known, _)| *known == name),
            (None, 1) => orgs.next(),
            (None, _) => None,
        };
        let names: Vec<&str> = self.orgs.keys().map(String::as_str).collect();
        found.map(|(name, client)| (name.as_str(), client)).ok_or_else(|| match name {
            Some(name) => format!("the scenario has no org `{name}`; it has: {}", names.join(", ")),
            None => format!("name the org, one of: {}", names.join(", ")),
        })
    }

    /// Calls the simulator's own surface, which no Okta has.
    pub(super) fn control(
        &self,
        runtime: &tokio::runtime::Handle,
        org: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, String> {
        let (_, client) = self.org(org)?;
        let mut request = Request::new(method, format!("/simulator/{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = runtime.block_on(client.send(&request, &Silent));
        answer.map(|response| response.body).map_err(|error| refused(&error))
    }
}

/// The surface answers `{"error": …}`, which the client shows as it is.
fn refused(error: &okta::Error) -> String {
    format!("the simulator refuses it: {error}")
}
