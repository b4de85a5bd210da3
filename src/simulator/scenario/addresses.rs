//! `{hub.url}` in the forms of apps: the address of another org of the scenario, which is known when the simulator listens.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::super::oauth::ClientKeys;
use super::super::store::{SimulatedOrg, StoredApp};
use super::settled_state::each_text;

/// Addresses of orgs, each with a token that is good there, by the orgs' names.
pub(in crate::simulator) type OrgAddresses = BTreeMap<String, (String, SecretString)>;

/// What stands for the address of an org.
pub(in crate::simulator) fn placeholder(org: &str) -> String {
    format!("{{{org}.url}}")
}

/// Puts the addresses where their placeholders are, and lets the API integrations between the orgs sign in.
pub(in crate::simulator) fn settle(orgs: &mut [SimulatedOrg], addresses: &OrgAddresses) {
    let mut keys = Vec::new();
    for app in orgs.iter_mut().flat_map(|org| org.apps.values_mut()) {
        fill_in(app, addresses);
        keys.extend(sign_in(app, addresses));
    }
    for client in orgs.iter_mut().flat_map(|org| org.oauth.clients.values_mut()) {
        if let ClientKeys::At { url, .. } = &mut client.keys {
            exchange(url, addresses);
        }
        // The private key of a connection is nowhere to be read: the hub's service app is told another public one.
        let given = matches!(client.keys, ClientKeys::Given(_));
        let connection = keys.iter().find(|(id, _)| *id == client.id && given);
        if let Some((_, key)) = connection {
            client.keys = ClientKeys::Generated(std::sync::Arc::clone(key));
        }
    }
}

fn fill_in(app: &mut StoredApp, addresses: &OrgAddresses) {
    for value in app.document.values_mut() {
        each_text(value, &mut |text| exchange(text, addresses));
    }
    if let Some(part) = &mut app.org2org {
        part.connection.find_hub(|url| exchange(url, addresses));
    }
}

fn sign_in(
    app: &mut StoredApp,
    addresses: &OrgAddresses,
) -> Option<(String, std::sync::Arc<super::super::oauth::GeneratedKey>)> {
    let connection = &mut app.org2org.as_mut()?.connection;
    let url = connection.base_url.clone()?;
    let mut hubs = addresses.values();
    let (_, token) = hubs.find(|(address, _)| *address == url)?;
    connection.sign_in_with(token)
}

fn exchange(text: &mut String, addresses: &OrgAddresses) {
    for (name, (address, _)) in addresses {
        let mark = placeholder(name);
        if text.contains(&mark) {
            *text = text.replace(&mark, address);
        }
    }
}
