//! The simulator of a test, and clients of its orgs and directories.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::error::Error;
use crate::ldap::{self, Dn};
use crate::okta::{self, BaseUrl, Client, Credentials};
use crate::script::testing::{Ground, Starter};
use crate::simulator::{DirectoryAddress, Listen, OrgAddress, Scenario, Simulator};

/// Starts simulators on loopback, at ports of the system's choice.
pub(super) fn starter(runtime: Handle) -> Starter {
    Arc::new(move |scenario| {
        let scenario =
            Scenario::parse("the scenario", scenario).map_err(|e| Error::failed(e.to_string()))?;
        let simulator = runtime
            .block_on(Simulator::start(scenario, Listen::Anywhere))
            .map_err(|e| Error::failed(e.to_string()))?;
        let orgs = simulator.orgs().iter().map(org);
        let directories = simulator.directories().iter().map(directory);
        Ok(Ground {
            orgs: orgs.collect::<Result<BTreeMap<_, _>, _>>()?,
            directories: directories.collect::<Result<BTreeMap<_, _>, _>>()?,
            keep: Box::new(simulator),
        })
    })
}

fn org(address: &OrgAddress) -> Result<(String, Arc<Client>), Error> {
    let (base, _) = BaseUrl::parse(&address.url).map_err(|e| Error::failed(e.to_string()))?;
    let credentials = Credentials::Ssws(address.token.clone());
    let client = Client::new(base, credentials, okta::Settings::default())
        .map_err(|e| Error::failed(e.to_string()))?;
    Ok((address.name.clone(), Arc::new(client)))
}

fn directory(address: &DirectoryAddress) -> Result<(String, Arc<ldap::Directory>), Error> {
    let base = Dn::parse(&address.base).map_err(|e| Error::failed(e.to_string()))?;
    let password = address.password.clone();
    let settings = ldap::Settings::new(&address.url, &address.bind_dn, password, base);
    let directory = ldap::Directory::new(settings).map_err(|e| Error::failed(e.to_string()))?;
    Ok((address.domain.to_lowercase(), Arc::new(directory)))
}
