//! What must not be done is caught before the first write, or named in the end.

use serde_json::{Value, json};

use super::{ADA, BEN, run_id, statuses};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::{Pair, USERS};
use crate::stage::Ran;

#[test]
fn tokens_that_will_not_do_are_caught_before_the_first_write() {
    let small = Pair::with(|scenario| {
        scenario["orgs"][1]["admin"]["roles"] = json!(["USER_ADMIN", "APP_ADMIN"]);
    });
    // With a token of too small a role the connection's own test passes, and groups would fail.
    small.stops(|pair| pair.connect(&[]), 1, &["hanna.admin@hub.example is not a super admin of hub", "groups not"]);
    let pair = Pair::new();
    pair.0.write("dead", "00dead-token-of-nobody");
    pair.stops(
        |pair| pair.run("configure_provisioning", &["hub_token=file:dead"]),
        1,
        &["the given token is none of hub", "let a super admin of the hub make a new one"],
    );
    let mut command =
        small.command(&["run", "org2org/configure_provisioning", "--yes", "--org", "spoke=spoke", "--org", "hub=hub"]);
    Ran::command(&mut command).exits(2).says(&["`hub_token` is missing"]);
}

#[test]
fn wrong_orgs_are_caught_before_the_first_write() {
    let pair = Pair::new();
    pair.stops(
        |pair| {
            let parameters = ["hub_token=env:TOKEN_OF_HUB", USERS, "groups=x"];
            pair.run_with(["spoke=hub", "hub=hub"], "setup", &parameters)
        },
        2,
        &["same org"],
    );
    pair.stops(
        |pair| {
            let parameters = ["hub_token=env:TOKEN_OF_HUB", USERS, "groups=Hub Research"];
            pair.run_with(["spoke=hub", "hub=spoke"], "setup", &parameters)
        },
        1,
        &["the given token is none of hub", "swapped", "ada.novak@spoke.example is not a user of spoke"],
    );
    pair.connect(&[]).exits(0);
    pair.stops(
        |pair| pair.run_with(["spoke=hub", "hub=spoke"], "push_groups", &["groups=x"]),
        1,
        &["hub provisions into spoke", "swapped, name them the other way round"],
    );
    // The app points elsewhere.
    let path = format!("/api/v1/apps/{}", pair.app());
    let mut app = pair.get(Spoke, &path);
    app["settings"]["app"]["baseUrl"] = json!("https://other.okta.com");
    pair.done(Spoke, "PUT", &path, &app);
    pair.stops(
        |pair| pair.connect(&[]),
        1,
        &["the base URL of Org2Org Hub is not that of hub", "https://other.okta.com", "correct_base_url"],
    );
    pair.connect(&["correct_base_url=true"]).exits(0);
    assert_eq!(pair.get(Spoke, &path)["settings"]["app"]["baseUrl"], pair.url(Hub));
}

#[test]
fn an_integration_or_features_that_are_off_are_caught() {
    let pair = Pair::new();
    pair.stops(|pair| pair.assign(ADA, &[]), 1, &["spoke has no Org2Org app Org2Org Hub"]);
    pair.connect(&["create_users=false"]).exits(0);
    pair.stops(|pair| pair.assign(ADA, &[]), 1, &["\"Create Users\" is off for Org2Org Hub"]);
    let path = format!("/api/v1/apps/{}/connections/default/lifecycle/deactivate", pair.app());
    pair.done(Spoke, "POST", &path, &Value::Null);
    pair.stops(|pair| pair.assign(ADA, &[]), 1, &["the API integration of Org2Org Hub is off"]);
    pair.stops(|pair| pair.push("Hub Research", &[]), 1, &["the API integration of Org2Org Hub is off"]);
}

#[test]
fn people_who_cannot_be_provisioned_are_all_named_before_the_first_write() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][0]["users"][1]["attributes"]["lastName"] = Value::Null;
        scenario["orgs"][0]["users"][2]["status"] = json!("SUSPENDED");
    });
    pair.connect(&[]).exits(0);
    pair.0.write("users.csv", "login\nada.novak@spoke.example=actve\nben.okafor@spoke.example\nchloe.dubois@spoke.example\nnobody@spoke.example\nemil.berg@spoke.example\nemil.berg@spoke.example=pending_with_pass\n");
    pair.stops(
        |pair| pair.assign("@users.csv", &["security_question=First pet?"]),
        1,
        &[
            "users.csv:2: actve is not an initial status",
            "users.csv:3: ben.okafor@spoke.example lacks what hub requires",
            "lastName",
            "users.csv:4: chloe.dubois@spoke.example cannot be assigned (SUSPENDED)",
            "users.csv:5: nobody@spoke.example is not a user of spoke",
            "users.csv:7: emil.berg@spoke.example is listed twice",
            "only one of security question and answer is given",
        ],
    );
}

#[test]
fn what_the_hub_refuses_later_is_named_for_whom_it_happened() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.done(Hub, "POST", "/simulator/faults", &json!({"method": "POST", "path": "/api/v1/users", "times": 1, "action": "status", "status": 400, "errorCode": "E0000001"}));
    let ran = pair.assign(&format!("{ADA},{BEN}"), &["initial_status=active_with_pass"]);
    ran.exits(3).says(&["was not provisioned to hub: Automatic provisioning of user"]);
    let made = statuses(&pair)[..2].iter().filter(|status| *status == "ACTIVE").count();
    assert_eq!(made, 1, "{ran}");
}

#[test]
fn groups_that_must_not_be_pushed_are_caught_before_the_first_write() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.assign(ADA, &["initial_status=active_with_pass"]).exits(0);
    let (app, group) = (pair.app(), pair.group(Spoke, "Hub Finance")["id"].as_str().unwrap().to_owned());
    pair.done(
        Spoke,
        "PUT",
        &format!("/api/v1/apps/{app}/groups/{group}"),
        &json!({"profile": {"initialStatus": "pending_without_pass"}}),
    );
    pair.settle();
    pair.stops(
        |pair| pair.push("Hub Finance,Hub Res", &[]),
        1,
        &["Hub Finance assigns users to the app", "Hub Res: group not found in spoke"],
    );
    let made = pair.done(Hub, "POST", "/api/v1/groups", &json!({"profile": {"name": "Hub Research"}}));
    let ines = pair.user(Hub, "ines.moreau@hub.example")["id"].as_str().unwrap().to_owned();
    pair.done(Hub, "PUT", &format!("/api/v1/groups/{}/users/{ines}", made["id"].as_str().unwrap()), &Value::Null);
    pair.stops(
        |pair| pair.push("Hub Research", &[]),
        1,
        &["hub already has a group Hub Research", "--param link=true"],
    );
    pair.stops(|pair| pair.push("Hub Research", &["link=true"]), 1, &["import the groups of the hub first"]);
    pair.import(&json!({}));
    let linked = pair.push("Hub Research", &["link=true"]);
    linked
        .exits(0)
        .says(&["ben.okafor@spoke.example is in Hub Research and not in hub: the user is not assigned to the app"]);
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
    pair.ran(&["undo", &run_id(&linked), "--yes"]).exits(0);
    assert!(!pair.group(Hub, "Hub Research").is_null(), "what was there before the run stays");
}

/// `--org spoke=hub --org hub=spoke`.
fn swapped(pair: &Pair, name: &str, parameters: &[&str]) -> Ran {
    let runbook = format!("org2org/{name}");
    let mut arguments = vec!["run", &runbook, "--yes", "--org", "spoke=hub", "--org", "hub=spoke"];
    for parameter in parameters {
        arguments.extend(["--param", parameter]);
    }
    pair.ran(&arguments)
}

#[test]
fn orgs_that_are_swapped_are_told_so_and_nobody_is_told_to_set_them_up() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let users = format!("users={ADA}");
    let runs: [(&str, &[&str]); 5] = [
        ("assign_users", &[&users]),
        ("push_groups", &["groups=Hub Research"]),
        ("enable_profile_sourcing", &[]),
        ("configure_provisioning", &["hub_token=env:TOKEN_OF_HUB"]),
        ("configure_provisioning_oauth", &[]),
    ];
    for (name, parameters) in runs {
        let run = |pair: &Pair| {
            let ran = swapped(pair, name, parameters);
            assert!(!ran.said().contains("set it up with"), "{ran}");
            ran
        };
        pair.stops(run, 1, &["hub provisions into spoke", "the two are swapped"]);
    }
}

#[test]
fn orgs_that_are_swapped_from_the_start_are_known_by_the_token() {
    let pair = Pair::new();
    pair.stops(
        |pair| swapped(pair, "configure_provisioning", &["hub_token=env:TOKEN_OF_HUB"]),
        1,
        &["it is one of spoke: spoke and hub are swapped"],
    );
    // Without a token nothing tells but the words of the question.
    let ran = pair.run("configure_provisioning_oauth", &[]);
    let question = format!("Provision FROM spoke ({}) INTO hub ({})", pair.url(Spoke), pair.url(Hub));
    ran.exits(0).says(&[&question]);
}

#[test]
fn an_app_that_is_connected_elsewhere_is_caught() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.options(Spoke, &json!({"assumptions": {"connectionCheck": "never"}}));
    let path = pair.app_path("/connections/default?activate=true");
    let body = json!({"baseUrl": "https://other.okta.com", "profile": {"authScheme": "TOKEN", "token": "x"}});
    pair.done(Spoke, "POST", &path, &body);
    let words = &["the API integration of Org2Org Hub is not with hub", "it is with https://other.okta.com"];
    pair.stops(|pair| pair.connect(&[]), 1, words);
    pair.stops(|pair| pair.set_up(&[]), 1, &[words[0], "--param correct_base_url=true"]);
    // A runbook that has no such parameter names the one that has.
    let advice = "correct it with org2org/configure_provisioning and --param correct_base_url=true";
    pair.stops(|pair| pair.assign(ADA, &[]), 1, &[words[0], advice]);
    pair.connect(&["correct_base_url=true"]).exits(0);
    pair.assign(ADA, &[]).exits(0);
}

#[test]
fn another_name_of_the_hub_is_the_hub() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let path = pair.app_path("");
    let mut app = pair.get(Spoke, &path);
    app["settings"]["app"]["baseUrl"] = json!(pair.url(Hub).replace("127.0.0.1", "localhost") + "/");
    pair.done(Spoke, "PUT", &path, &app);
    pair.forget_calls();
    pair.connect(&[]).exits(0);
    assert_eq!(pair.writes(), 0);
    pair.0.write("plain.rhai", "//! P.\nconst ORGS = #{ spoke: \"s\" };\nconst PARAMS = #{};\nimport \"lib/org2org\" as o2o;\nstep(\"See\");\nnote(o2o::plain(\"https://acme-admin.okta.com/\") + \" \" + o2o::plain(\"https://my-admin.example.com\"));\n");
    pair.ran(&["run", "plain.rhai", "--org", "spoke=spoke"])
        .exits(0)
        .says(&["https://acme.okta.com https://my-admin.example.com"]);
}

#[test]
fn a_hub_with_a_custom_domain_grants_scopes_by_its_own_url() {
    let pair = Pair::with(|scenario| scenario["orgs"][1]["customDomain"] = json!("localhost"));
    let profiles = std::fs::read_to_string(pair.0.folder().join("okta-runbook.toml")).unwrap();
    let hub = pair.url(Hub).to_owned();
    let custom = hub.replace("127.0.0.1", "localhost");
    pair.0.write("okta-runbook.toml", &profiles.replace(&hub, &custom));
    pair.run("configure_provisioning_oauth", &[]).exits(0);
    let app = pair.get(Spoke, &pair.app_path(""));
    assert_eq!(app["settings"]["app"]["baseUrl"], hub);
    pair.assign(&format!("{ADA}=active_with_pass"), &[]).exits(0);
}

#[test]
fn an_integration_that_is_off_is_caught_before_profiles_are_sourced() {
    let pair = Pair::new();
    pair.stops(|pair| pair.run("enable_profile_sourcing", &[]), 1, &["spoke has no Org2Org app Org2Org Hub"]);
    pair.connect(&[]).exits(0);
    let path = pair.app_path("/connections/default/lifecycle/deactivate");
    pair.done(Spoke, "POST", &path, &Value::Null);
    pair.stops(|pair| pair.run("enable_profile_sourcing", &[]), 1, &["the API integration of Org2Org Hub is off"]);
}

#[test]
fn entries_are_read_with_blanks_and_nothing_is_taken_for_a_status() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.stops(
        |pair| pair.assign(&format!("{ADA}=active_with_pass=junk"), &[]),
        1,
        &["active_with_pass=junk is not an initial status"],
    );
    pair.assign(&format!(" {ADA} = pending_with_pass , {BEN} "), &["initial_status=active_with_pass"]).exits(0);
    assert_eq!(statuses(&pair)[..2], ["STAGED", "ACTIVE"]);
}

#[test]
fn people_who_were_provisioned_are_looked_at_again() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let users = format!("{ADA}=active_with_pass,{BEN}=active_with_pass");
    pair.assign(&users, &[]).exits(0);
    let id = |login: &str| pair.user(Hub, login)["id"].as_str().unwrap().to_owned();
    let (ada, ben) = (id(ADA), id(BEN));
    pair.done(Hub, "POST", &format!("/api/v1/users/{ada}/lifecycle/deactivate"), &json!({}));
    for _ in 0..2 {
        pair.send(Hub, "DELETE", &format!("/api/v1/users/{ben}"), &Value::Null);
    }
    pair.stops(
        |pair| pair.assign(&users, &[]),
        1,
        &[
            "the account of ada.novak@spoke.example in hub is deactivated",
            "hub has no account of ben.okafor@spoke.example",
            "take the assignment away and run this again",
        ],
    );
    // A change that the hub refuses leaves an error on the app user.
    pair.done(Hub, "POST", &format!("/api/v1/users/{ada}/lifecycle/activate?sendEmail=false"), &json!({}));
    let spoken = pair.user(Spoke, ADA)["id"].as_str().unwrap().to_owned();
    let fault = json!({"method": "POST", "path": "/api/v1/users/*", "times": 1, "action": "status", "status": 400, "errorCode": "E0000001"});
    pair.done(Hub, "POST", "/simulator/faults", &fault);
    pair.done(Spoke, "POST", &format!("/api/v1/users/{spoken}"), &json!({"profile": {"lastName": "Nowak"}}));
    pair.settle();
    pair.stops(
        |pair| pair.assign(&format!("{ADA}=active_with_pass"), &[]),
        1,
        &["ada.novak@spoke.example has a failed provisioning task"],
    );
}

#[test]
fn a_custom_attribute_that_the_hub_requires_is_looked_for() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][1]["customAttributes"] =
            json!({"costUnit": {"title": "Cost unit", "type": "string", "required": true}});
        scenario["orgs"][0]["customAttributes"] = json!({"costUnit": {"title": "Cost unit", "type": "string"}});
        scenario["orgs"][0]["users"][1]["attributes"]["costUnit"] = json!("4711");
    });
    pair.connect(&[]).exits(0);
    pair.stops(
        |pair| pair.assign(&format!("{ADA},{BEN}"), &[]),
        1,
        &["ada.novak@spoke.example lacks what hub requires", "spoke has no costUnit of the user"],
    );
    // He has it, and the app does not hand it on: the hub would refuse him.
    pair.stops(
        |pair| pair.assign(BEN, &[]),
        1,
        &["Org2Org Hub does not map all that hub requires", "it does not map costUnit"],
    );
    let attribute = json!({"title": "Cost unit", "type": "string"});
    let schema = json!({"definitions": {"custom": {"properties": {"costUnit": attribute}}}});
    let path = format!("/api/v1/meta/schemas/apps/{}/default", pair.app());
    pair.done(Spoke, "POST", &path, &schema);
    let mappings = pair.get(Spoke, &format!("/api/v1/mappings?targetId={}", pair.app()));
    let path = format!("/api/v1/mappings/{}", mappings[0]["id"].as_str().unwrap());
    let rule = json!({"properties": {"costUnit": {"expression": "user.costUnit", "pushStatus": "PUSH"}}});
    pair.done(Spoke, "POST", &path, &rule);
    pair.assign(BEN, &["initial_status=active_with_pass"]).exits(0);
    assert_eq!(pair.user(Hub, BEN)["profile"]["costUnit"], "4711");
}

#[test]
fn credentials_that_die_later_are_named_and_can_be_renewed() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][1]["admins"] = json!([{"login": "other.admin@hub.example", "firstName": "O", "lastName": "A",
            "roles": ["SUPER_ADMIN"], "token": "00another-token-of-a-super-admin-of-hub000"}]);
    });
    let given = &["hub_token=file:other"];
    pair.0.write("other", "00another-token-of-a-super-admin-of-hub000");
    pair.run("configure_provisioning", given).exits(0);
    let tokens = pair.get(Hub, "/api/v1/api-tokens");
    let owner = pair.user(Hub, "other.admin@hub.example")["id"].clone();
    let token = tokens.as_array().unwrap().iter().find(|token| token["userId"] == owner);
    let path = format!("/api/v1/api-tokens/{}", token.unwrap()["id"].as_str().unwrap());
    pair.done(Hub, "DELETE", &path, &Value::Null);
    let ran = pair.assign(ADA, &[]);
    ran.exits(1).says(&[
        "ada.novak@spoke.example was not provisioned to hub",
        "the credentials of the API integration are dead",
        "set them with org2org/configure_provisioning and --param renew_credentials=true",
    ]);
    pair.stops(|pair| pair.assign(ADA, &[]), 1, &["ada.novak@spoke.example has a failed provisioning task"]);
    let ada = pair.user(Spoke, ADA)["id"].as_str().unwrap().to_owned();
    pair.done(Spoke, "DELETE", &pair.app_path(&format!("/users/{ada}")), &Value::Null);
    pair.settle();
    let renewed = pair.set_up(&["renew_credentials=true"]);
    renewed.exits(0).says(&["switch its API integration on with the given credentials"]);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
}
