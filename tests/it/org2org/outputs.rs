//! Every output says to which org a step and a write belong, and reads well.

use serde_json::Value;

use super::{ADA, run_id};
use crate::pair::Org::Spoke;
use crate::pair::Pair;

/// Orgs of the steps that have more or less than one.
const STEPS: &[(&str, &str)] = &[
    ("Find the Org2Org app in the spoke", "hub and spoke"),
    ("Find the service app in the hub", "hub and spoke"),
    ("Add the service app in the hub, with its scopes and roles", "hub"),
    ("Select the To App features", "spoke"),
];

#[test]
fn every_output_says_which_org() {
    let pair = Pair::new();
    let ran = pair.run("configure_provisioning_oauth", &[]);
    ran.exits(0);
    let text = ran.stdout.as_str();
    for (title, orgs) in STEPS {
        let step = text.split(&format!(" {title}\n")).nth(1).expect(title);
        let step = step.split("\n\n").next().unwrap();
        assert!(step.ends_with(&format!("in {orgs}")), "{title}: {step}");
    }
    ran.says(&["→ hub  POST /oauth2/v1/clients/", "→ spoke  PUT /api/v1/apps/"]);
    let report = |form: &str| {
        let id = run_id(&ran);
        let ran = pair.ran(&["runs", "report", &id, "--format", form]);
        ran.exits(0);
        ran.stdout.clone()
    };
    in_json(&report("json"));
    let markdown = report("markdown");
    assert!(
        markdown.contains("| Add the service app in the hub, with its scopes and roles | hub | done |"),
        "{markdown}"
    );
    assert!(
        markdown.contains("| hub | Add the service app in the hub, with its scopes and roles |  | assign\\_role\\_to\\_client | POST /oauth2"),
        "{markdown}"
    );
    let junit = report("junit");
    assert!(junit.contains("Add the service app in the hub, with its scopes and roles (in hub)\n  hub POST /api/v1/apps create_application: done"), "{junit}");
    assert!(junit.contains("  spoke PUT /api/v1/apps/"), "{junit}");
    let html = report("html");
    assert!(html.contains("with its scopes and roles</td><td>hub</td>"), "{html}");
    assert!(html.contains("<td>hub <strong>assign_role_to_client</strong>"), "{html}");
}

fn in_json(report: &str) {
    let report: Value = serde_json::from_str(report).unwrap();
    let steps = report["steps"].as_array().unwrap();
    for (title, orgs) in STEPS {
        let step = steps.iter().find(|step| step["title"] == *title).expect(title);
        let named: Vec<&str> = step["orgs"].as_array().unwrap().iter().map(|org| org.as_str().unwrap()).collect();
        assert_eq!(named.join(" and "), *orgs, "{title}");
    }
    for write in report["writes"].as_array().unwrap() {
        assert!(["spoke", "hub"].contains(&write["org"].as_str().unwrap()), "{write}");
    }
    for event in report["events"].as_array().unwrap() {
        if event["event"] == "performed" {
            assert!(event["org"] == "spoke" || event["org"] == "hub", "{event}");
        }
    }
}

#[test]
fn words_and_numbers_are_those_of_a_person() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let assigned = pair.assign(&format!("{ADA}=active_with_pass"), &[]);
    assigned.exits(0).says(&["Assign 1 user of spoke"]);
    let pushed = pair.push("Hub Research", &[]);
    pushed.exits(0).says(&["Push 1 group FROM spoke INTO hub?", "1 provisioned member"]);
    let undone = pair.ran(&["undo", &run_id(&pushed), "--yes"]);
    undone.exits(0).says(&["to be taken back, last first: 1 write", "Take back 1 write?"]);
    for ran in [&assigned, &pushed, &undone] {
        let said = ran.said();
        for ugly in [" = null", "1 groups", "1 writes", "1 members", "1 users", "[]", "\"\""] {
            assert!(!said.contains(ugly), "{ugly}: {ran}");
        }
    }
}

#[test]
fn a_second_setup_asks_nothing() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    let second = pair.set_up(&[]);
    second.exits(0).says(&["all of it is there: nothing is to be written"]);
    assert!(!second.said().contains("Provision FROM"), "{second}");
}

#[test]
fn a_summary_does_not_end_in_the_middle() {
    let pair = Pair::new();
    pair.stops(|pair| pair.assign("nobody@spoke.example", &[]), 1, &["2 checks failed, as told above"]);
}

#[test]
fn steps_keep_their_numbers_when_a_run_is_taken_up_again() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    let waits = pair.run("enable_profile_sourcing", &[]);
    waits.exits(4).says(&["▸ 4 Enable profile sourcing, and save it"]);
    let path = format!("/simulator/apps/{}", pair.app());
    pair.done(Spoke, "PATCH", &path, &serde_json::json!({"profileSourcing": true}));
    let resumed = pair.ran(&["resume", &run_id(&waits)]);
    resumed.exits(4).says(&["▸ 5 Import the hub's users"]);
    assert!(!resumed.said().contains("▸ 1 Import"), "{resumed}");
}
