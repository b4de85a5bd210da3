//! What stops a move before anything is written.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// Runs and expects it to stop: the exit code, the words, not one call that writes, the account where it was.
#[track_caller]
fn stops(stage: &Stage, more: &[&str], code: i32, words: &[&str]) -> Ran {
    let before = stage.account(ADA);
    stage.forget_calls();
    let ran = stage.move_users(more);
    ran.exits(code).says(words);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    assert_eq!(stage.account(ADA), before, "{ran}");
    ran
}

fn plain() -> Stage {
    Stage::contractors(&json!({}))
}

fn scenario(file: &str) -> Stage {
    let path = format!("{}/tests/orgs/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    Stage::of(&serde_json::from_str(&text).unwrap())
}

#[test]
fn profile_sourcing_by_active_directory() {
    stops(
        &scenario("ad_sourced"),
        &[],
        1,
        &["Active Directory is the profile source of corp.example", "help:", "To Okta"],
    );
}

#[test]
fn an_agent_that_is_down() {
    stops(&scenario("agent_down"), &[], 1, &["no AD agent of corp.example works", "Dashboard > Agents"]);
}

#[test]
fn push_features_that_are_off() {
    let stage = plain();
    stage.instance(&json!({"createUsers": false, "updateUserAttributes": false}));
    stops(&stage, &[], 1, &["\"Create Users\" is off", "\"Update User Attributes\" is off", "Provisioning > To App"]);
}

#[test]
fn an_ou_that_active_directory_has_not() {
    let (lost, nowhere) = ("OU=Lost,DC=corp,DC=example", "OU=Nowhere,DC=corp,DC=example");
    let stage = plain();
    stops(
        &stage,
        &[&format!("to_ou={lost}")],
        1,
        &[&format!("Active Directory does not have {lost}"), "create the OU"],
    );
    stops(&stage, &[&format!("from_ou={nowhere}")], 1, &[&format!("Active Directory does not have {nowhere}")]);
    // Both are told in one run.
    stops(&stage, &[&format!("to_ou={lost}"), &format!("from_ou={nowhere}")], 1, &[lost, nowhere]);
}

#[test]
fn another_account_of_the_same_name_in_the_destination() {
    stops(
        &scenario("same_name"),
        &[],
        1,
        &["has another account named Ada Novak", "is another account than that of ada.novak@corp.example", "rename"],
    );
}

#[test]
fn two_users_of_the_same_name() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "OU=North,OU=User-Contractor", "Users"],
            "accounts": [{"firstName": "Ada", "lastName": "Novak", "userPrincipalName": "ada.two@corp.example", "organizationalUnit": "OU=North,OU=User-Contractor"}]}],
        "orgs": [{"name": "okta", "users": [{"login": "ada.two@corp.example", "firstName": "Ada", "lastName": "Novak"}], "apps": [{"activeDirectory": "corp.example"}]}],
        "contractors": 3,
    }));
    stops(
        &stage,
        &["users=ada.novak@corp.example,ada.two@corp.example"],
        1,
        &["ada.two@corp.example has the CN of ada.novak@corp.example too"],
    );
}

#[test]
fn no_group_in_common_and_none_may_be_made() {
    stops(
        &plain(),
        &["create=false"],
        1,
        &["group AD User-Contractor not found", "group AD Users not found", "create=true"],
    );
}

#[test]
fn a_source_group_that_a_rule_fills() {
    stops(
        &scenario("rule_managed"),
        &["from_group=AD contractors"],
        1,
        &[
            "active rules put users into AD contractors",
            "All contractors",
            "exclusion list",
            "accept_rule_exclusions=true",
        ],
    );
}

#[test]
fn a_third_group_that_outranks_the_destination() {
    let stage = plain();
    let other = stage.provisioning_group("AD Staff", "OU=Staff,DC=corp,DC=example", 0);
    stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.provisioning_group(TO_GROUP, TO, 2);
    stage.join(&other, ADA);
    stops(
        &stage,
        &[],
        1,
        &["ada.novak@corp.example has a group that outranks AD Users: AD Staff", "AD Staff has priority 0"],
    );
}

/// The conversion would move the user to a third OU first.
#[test]
fn a_third_group_that_outranks_the_former() {
    let stage = plain();
    let other = stage.provisioning_group("AD Staff", "OU=Staff,DC=corp,DC=example", 1);
    stage.provisioning_group(TO_GROUP, TO, 0);
    stage.provisioning_group(FROM_GROUP, FROM, 2);
    stage.join(&other, ADA);
    stops(&stage, &[], 1, &["ada.novak@corp.example has a group that outranks AD User-Contractor: AD Staff"]);
}

#[test]
fn what_is_wrong_in_several_places_is_told_in_one_run() {
    let stage = scenario("agent_down");
    stops(
        &stage,
        &["to_ou=OU=Lost,DC=corp,DC=example", "create=false", "users=nobody@corp.example"],
        1,
        &[
            "5 checks failed",
            "no AD agent of corp.example works",
            "Active Directory does not have OU=Lost",
            "group AD Users not found",
            "nobody@corp.example is not a user of the org",
        ],
    );
}

#[test]
fn groups_that_provision_elsewhere() {
    let stage = plain();
    stage.provisioning_group(FROM_GROUP, TO, 0);
    stage.provisioning_group(TO_GROUP, "OU=Else,DC=corp,DC=example", 1);
    stops(
        &stage,
        &[],
        1,
        &[
            &format!("AD User-Contractor does not provision to {FROM}"),
            &format!("AD Users does not provision to {TO}"),
            "OU=Else,DC=corp,DC=example",
        ],
    );
}

#[test]
fn users_that_the_org_has_not() {
    stops(
        &plain(),
        &["users=nobody@corp.example,ada.novak@corp.example,nobody.else@corp.example"],
        1,
        &["nobody@corp.example is not a user of the org", "nobody.else@corp.example is not a user of the org"],
    );
}

#[test]
fn users_of_a_file_are_told_with_their_rows() {
    let stage = plain();
    stage.write("users.csv", &format!("login\nnobody@corp.example\n{ADA}\n\nnobody.else@corp.example\n"));
    stops(&stage, &["users=@users.csv"], 1, &["users.csv:2", "users.csv:5"]);
}

#[test]
fn three_bad_rows_of_a_file_are_told_together_with_their_rows() {
    let stage = plain();
    stage.write("users.csv", &format!("login,remark\n{ADA},ok\n,no login\none,two,three\n{BEN},ok\n{ADA},again\n"));
    stage.forget_calls();
    let ran = stage.move_users(&["users=@users.csv"]);
    ran.exits(2).says(&[
        "users.csv:3",
        "`login` is empty",
        "users.csv:4",
        "2 fields, this row 3",
        "users.csv:6",
        "given already at users.csv:2",
    ]);
    assert_eq!(stage.calls(|_| true), 0, "nothing was sent");
}

#[test]
fn a_user_who_is_listed_by_two_names() {
    let stage = plain();
    let id = stage.user(ADA);
    stops(&stage, &[&format!("users={ADA},{id}")], 1, &["ada.novak@corp.example is listed twice"]);
}

#[test]
fn a_user_who_is_not_in_the_former_ou() {
    let stage = plain();
    stage.deed(&json!({"do": "create_ou", "dn": "OU=Else,DC=corp,DC=example"}));
    stage.deed(&json!({"do": "move_account", "account": ADA, "organizationalUnit": "OU=Else,DC=corp,DC=example"}));
    stops(&stage, &[], 1, &["ada.novak@corp.example", "OU=Else,DC=corp,DC=example"]);
}

#[test]
fn a_user_who_is_not_active() {
    let stage = plain();
    let path = format!("/api/v1/users/{}/lifecycle/suspend", stage.user(ADA));
    stage.done("POST", &path, &Value::Null);
    stops(&stage, &[], 1, &["ada.novak@corp.example is not active", "SUSPENDED"]);
}

#[test]
fn a_user_who_is_not_assigned() {
    let stage = plain();
    let path = format!("/api/v1/apps/{}/users/{}", stage.app(), stage.user(ADA));
    stage.done("DELETE", &path, &Value::Null);
    stops(&stage, &[], 1, &["ada.novak@corp.example is not assigned to corp.example", "import from Active Directory"]);
}

#[test]
fn a_group_of_another_type() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
        "orgs": [{"name": "okta", "groups": [{"name": TO_GROUP, "type": "APP_GROUP"}], "apps": [{"activeDirectory": "corp.example"}]}],
        "contractors": 3,
    }));
    stops(&stage, &[], 1, &["AD Users is not an Okta group (APP_GROUP)", "name another group"]);
}

#[test]
fn a_group_that_is_not_assigned_and_has_other_members() {
    let stage = plain();
    let group = stage.group(TO_GROUP);
    stage.join(&group, BEN);
    stops(
        &stage,
        &[],
        1,
        &["AD Users, which is not assigned to corp.example yet, has other members", "provision them too"],
    );
}

#[test]
fn a_domain_that_the_org_does_not_know() {
    stops(&plain(), &["directory=emea.example"], 1, &["no AD instance for emea.example in this org", "corp.example"]);
}

#[test]
fn the_same_group_or_ou_on_both_sides() {
    stops(
        &plain(),
        &[&format!("to_group={FROM_GROUP}"), &format!("to_ou={FROM}")],
        1,
        &[
            "the present group and the destination group are the same",
            "the present OU and the destination OU are the same",
        ],
    );
}

#[test]
fn a_token_whose_owner_may_only_read() {
    stops(
        &scenario("lesser_admin"),
        &[],
        1,
        &["rea.der@corp.example may not assign apps and change memberships", "READ_ONLY_ADMIN", "super admin"],
    );
}

#[test]
fn a_token_whose_owner_has_no_role() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
        "orgs": [{"name": "okta", "admin": {"login": "no.body@corp.example", "roles": []}, "apps": [{"activeDirectory": "corp.example"}]}],
        "contractors": 3,
    }));
    stage.assert_no_write(
        &mut stage.moving(&["--yes", "--attest", "all"]),
        1,
        &["no.body@corp.example may not assign apps", "super admin"],
    );
}

#[test]
fn a_dead_token() {
    let stage = plain();
    let mut command = stage.moving(&["--yes", "--attest", "all"]);
    command.env("OKTA_CLIENT_TOKEN", "00deadDEADdead");
    let ran = stage.assert_no_write(&mut command, 1, &["E0000011", "token"]);
    assert!(!ran.said().contains("00deadDEADdead"), "{ran}");
}

#[test]
fn a_wrong_url_of_the_org() {
    let stage = plain();
    let mut nobody_there = stage.moving(&["--yes", "--attest", "all"]);
    nobody_there.env("OKTA_CLIENT_ORGURL", "http://127.0.0.1:9");
    stage.assert_no_write(&mut nobody_there, 1, &["127.0.0.1:9", "help:"]);
    for (url, words) in
        [("http://acme.okta.com", "https"), ("not a url", "URL"), ("https://acme.okta.com/api/v1", "/api/v1")]
    {
        let mut command = stage.moving(&["--yes", "--attest", "all"]);
        command.env("OKTA_CLIENT_ORGURL", url);
        stage.assert_no_write(&mut command, 2, &[words]);
    }
}

#[test]
fn a_directory_that_does_not_answer_or_does_not_know_the_password() {
    let stage = plain();
    let mut command = stage.moving(&["--yes", "--attest", "all"]);
    command.env("AD_PASSWORD", "not the password");
    let ran = stage.assert_no_write(&mut command, 1, &["corp.example", "bind"]);
    assert!(!ran.said().contains("not the password"), "{ran}");
    let profile = "[directories.\"corp.example\"]\nurl = \"ldap://127.0.0.1:9\"\nbind_dn = \"CN=x,DC=corp,DC=example\"\npassword = { env = \"AD_PASSWORD\" }\nbase = \"DC=corp,DC=example\"\n";
    stage.write("okta-runbook.toml", profile);
    stage.assert_no_write(&mut stage.moving(&["--yes", "--attest", "all"]), 1, &["127.0.0.1:9"]);
}

impl Stage {
    #[track_caller]
    fn assert_no_write(&self, command: &mut std::process::Command, code: i32, words: &[&str]) -> Ran {
        self.forget_calls();
        let ran = Ran::command(command);
        ran.exits(code).says(words);
        assert_eq!(self.calls_that_write(), 0, "{ran}");
        ran
    }
}
