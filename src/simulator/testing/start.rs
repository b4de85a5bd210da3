//! Starting: addresses, ports, and what is told when all is ready.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::simulator::store::SimulatedOrg;
use crate::simulator::{ListenAddress, ScenarioSpec, Simulator, SimulatorError};

#[tokio::test]
async fn the_built_in_scenario_is_served_and_its_addresses_work() {
    let started = Simulator::start(ScenarioSpec::built_in(), ListenAddress::Anywhere).await;
    let simulator = started.expect("starts");
    let ready = serde_json::to_value(simulator.ready()).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let org = &ready["orgs"]["okta"];
    let response = super::http_client()
        .get(format!("{}/api/v1/users?limit=1", text(&org["url"])))
        .header("authorization", format!("SSWS {}", text(&org["token"])))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    let directory = &ready["directories"]["corp.example"];
    assert_eq!(text(&directory["base"]), "DC=corp,DC=example");
    assert!(!text(&directory["bind_dn"]).is_empty() && !text(&directory["password"]).is_empty());
    let address = text(&directory["url"]).replace("ldap://", "");
    assert!(tokio::net::TcpStream::connect(address).await.is_ok());
    assert!(!format!("{simulator:?}").contains(&text(&org["token"])));
}

#[tokio::test]
async fn the_first_org_has_the_port_asked_for_and_the_others_one_of_their_own() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let address: SocketAddr = free.expect("a port").local_addr().expect("an address");
    let orgs = vec![SimulatedOrg::new("hub", 1), SimulatedOrg::new("spoke", 2)];
    let started = Simulator::serve(orgs, BTreeMap::new(), ListenAddress::At(address)).await;
    let simulator = started.expect("starts");
    assert_eq!(simulator.orgs()[0].url, format!("http://{address}"));
    assert_ne!(simulator.orgs()[0].url, simulator.orgs()[1].url);
    let taken = Simulator::serve(vec![SimulatedOrg::new("late", 3)], BTreeMap::new(), ListenAddress::At(address)).await;
    assert!(matches!(taken, Err(SimulatorError::Listen { .. })));
}
