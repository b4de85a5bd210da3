//! The simulator as a process: told addresses answer over HTTP and LDAP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A simulator in a process of its own; killed when dropped.
struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("okta-runbook"))
            .args(["simulator", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn org(&self) -> (String, String) {
        let org = &self.ready["orgs"]["okta"];
        (org["url"].as_str().unwrap().to_owned(), org["token"].as_str().unwrap().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn get(url: &str, token: &str) -> (u16, Value) {
    let response =
        crate::stage::http_client().get(url).header("Authorization", format!("SSWS {token}")).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn the_built_in_scenario_has_contractors_in_okta_and_in_the_directory() {
    let process = Process::start(&[]);
    let (url, token) = process.org();
    let (status, users) = get(&format!("{url}/api/v1/users"), &token).await;
    assert_eq!(status, 200);
    assert!(users.as_array().unwrap().len() >= 20, "{users}");
    let (status, state) = get(&format!("{url}/simulator/state"), &token).await;
    assert_eq!(status, 200);
    assert!(state.to_string().contains("OU=User-Contractor"));
}

#[tokio::test]
async fn as_many_contractors_as_asked_for_are_made() {
    let process = Process::start(&["--users", "150"]);
    let (url, token) = process.org();
    let (_, apps) = get(&format!("{url}/api/v1/apps?q=corp"), &token).await;
    let app = apps[0]["id"].as_str().unwrap();
    let (_, users) = get(&format!("{url}/api/v1/apps/{app}/users?limit=500"), &token).await;
    assert_eq!(users.as_array().unwrap().len(), 150);
}

#[tokio::test]
async fn a_dead_token_is_refused_as_okta_does() {
    let process = Process::start(&[]);
    let (url, _) = process.org();
    let (status, error) = get(&format!("{url}/api/v1/users/me"), "00dead").await;
    assert_eq!(
        (status, &error["errorCode"], &error["errorSummary"]),
        (401, &"E0000011".into(), &"Invalid token provided".into())
    );
}

#[test]
fn a_scenario_that_cannot_be_read_is_a_usage_error() {
    let output = assert_cmd::Command::cargo_bin("okta-runbook")
        .unwrap()
        .args(["simulator", "--scenario", "/nowhere/at/all.json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nowhere/at/all.json"));
}
