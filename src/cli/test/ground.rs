//! The simulator of a test, and clients of its orgs and directories.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::app::targets::SIMULATED_LIST_LAG;
use crate::error::CommandError;
use crate::ldap::{self, Dn};
use crate::okta::{self, BaseUrl, OktaClient, OrgCredentials};
use crate::script::testing::{SimulatorStarter, TestEnvironment};
use crate::simulator::{DirectoryAddress, ListenAddress, OrgAddress, ScenarioSpec, Simulator};

/// Starts simulators on loopback, at ports of the system's choice.
pub(super) fn starter(runtime: Handle) -> SimulatorStarter {
    Arc::new(move |scenario| {
        let scenario = parse_scenario(scenario)?;
        let simulator = runtime
            .block_on(Simulator::start(scenario, ListenAddress::Anywhere))
            .map_err(|e| CommandError::failed(e.to_string()))?;
        let orgs = simulator.orgs().iter().map(org);
        let directories = simulator.directories().iter().map(directory);
        Ok(TestEnvironment {
            orgs: orgs.collect::<Result<BTreeMap<_, _>, _>>()?,
            directories: directories.collect::<Result<BTreeMap<_, _>, _>>()?,
            keep: Box::new(simulator),
        })
    })
}

/// A scenario; with `like`, that built-in scenario (or file) with what is given besides in the place of its own.
fn parse_scenario(text: &str) -> Result<ScenarioSpec, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::failed(error.to_string());
    let mut given: Map<String, Value> = serde_json::from_str(text).map_err(|error| failed(&error))?;
    let whole = match given.remove("like") {
        None => text.to_owned(),
        Some(Value::String(name)) => {
            let scenario = ScenarioSpec::find(&name).map_err(|error| failed(&error))?;
            let mut whole = serde_json::to_value(scenario).map_err(|error| failed(&error))?;
            for (key, value) in given {
                whole[key] = value;
            }
            whole.to_string()
        }
        Some(_) => {
            return Err(CommandError::failed("`like` is the name of a scenario, such as \"org2org\""));
        }
    };
    ScenarioSpec::parse("the scenario", &whole).map_err(|error| failed(&error))
}

fn org(address: &OrgAddress) -> Result<(String, Arc<OktaClient>), CommandError> {
    let (base, _) = BaseUrl::parse(&address.url).map_err(|e| CommandError::failed(e.to_string()))?;
    let credentials = OrgCredentials::Ssws(address.token.clone());
    let settings = okta::ClientSettings { list_lag: SIMULATED_LIST_LAG, ..okta::ClientSettings::default() };
    let client = OktaClient::new(base, credentials, settings).map_err(|e| CommandError::failed(e.to_string()))?;
    Ok((address.name.clone(), Arc::new(client)))
}

fn directory(address: &DirectoryAddress) -> Result<(String, Arc<ldap::DirectoryClient>), CommandError> {
    let base = Dn::parse(&address.base).map_err(|e| CommandError::failed(e.to_string()))?;
    let password = address.password.clone();
    let settings = ldap::LdapSettings::new(&address.url, &address.bind_dn, password, base);
    let directory = ldap::DirectoryClient::new(settings).map_err(|e| CommandError::failed(e.to_string()))?;
    Ok((address.domain.to_lowercase(), Arc::new(directory)))
}
