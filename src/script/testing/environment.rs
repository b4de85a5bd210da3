//! A started simulator, as a test stands on it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::error::CommandError;
use crate::okta::{ApiRequest, HttpMethod, OktaClient, SilentObserver};
use crate::{ldap, okta};

/// Starts a simulator of a scenario, given as JSON.
pub type SimulatorStarter = Arc<dyn Fn(&str) -> Result<TestEnvironment, CommandError> + Send + Sync>;

/// Orgs and directories of one simulator. It lives as long as this does.
pub struct TestEnvironment {
    /// By name in the scenario.
    pub orgs: BTreeMap<String, Arc<OktaClient>>,
    /// By lower-cased domain.
    pub directories: BTreeMap<String, Arc<ldap::DirectoryClient>>,
    /// What has to live so that the simulator does.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl TestEnvironment {
    /// The org of that name; without one, the only org.
    pub(super) fn org(&self, name: Option<&str>) -> Result<(&str, &Arc<OktaClient>), String> {
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
        method: HttpMethod,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, String> {
        let (_, client) = self.org(org)?;
        let mut request = ApiRequest::new(method, format!("/simulator/{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = runtime.block_on(client.send(&request, &SilentObserver));
        answer.map(|response| response.body).map_err(|error| refusal_words(&error))
    }
}

/// The surface answers `{"error": …}`, which the client shows as it is.
fn refusal_words(error: &okta::OktaError) -> String {
    format!("the simulator refuses it: {error}")
}
