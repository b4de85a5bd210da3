//! The reading commands.

use assert_cmd::Command;
use serde_json::Value;

fn okta_runbook(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("okta-runbook").unwrap().args(arguments).output().unwrap()
}

#[test]
fn operations_are_found_by_a_word_and_show_their_signature() {
    let output = okta_runbook(&["operations", "update_application_user", "--output", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = found.as_array().unwrap().iter().find(|row| row["name"] == "update_application_user").unwrap();
    assert_eq!((&row["method"], &row["path"]), (&"POST".into(), &"/api/v1/apps/{appId}/users/{userId}".into()));
    assert!(row["signature"].as_str().unwrap().starts_with("okta.update_application_user(app_id, user_id"), "{row}");
}

#[test]
fn an_operation_is_told_alike_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let expected = "okta.assign_user_to_group(group_id, user_id)\n    PUT /api/v1/groups/{groupId}/users/{userId} (writes; Okta's assignUserToGroup, section Group)\n    Scopes: okta.groups.manage\n    Undone: unassign_user_from_group\n";
    let output = okta_runbook(&["operations", "assign_user_to_group"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(expected), "{text}");
    let session = Command::cargo_bin("okta-runbook")
        .unwrap()
        .current_dir(folder.path())
        .args(["repl", "--simulator"])
        .write_stdin(":ops assign_user_to_group\n:help assign_user_to_group\n")
        .output()
        .unwrap();
    let told = String::from_utf8(session.stdout).unwrap();
    assert_eq!(told.matches(expected).count(), 2, "{told}");
    okta_runbook(&["definitions", folder.path().to_str().unwrap()]);
    let definitions = std::fs::read_to_string(folder.path().join("operations.d.rhai")).unwrap();
    for line in expected.lines().skip(1) {
        assert!(definitions.contains(&format!("/// {}", line.trim())), "{line}");
    }
    let json = okta_runbook(&["operations", "assign_user_to_group", "--output", "json"]);
    let found: Value = serde_json::from_slice(&json.stdout).unwrap();
    let row = found.as_array().unwrap().iter().find(|row| row["name"] == "assign_user_to_group");
    assert_eq!(row.unwrap()["undone"], "unassign_user_from_group");
}

#[test]
fn choices_of_a_parameter_are_shown() {
    let output = okta_runbook(&["show", "org2org/assign_users"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("one of active_with_pass, active_without_pass"), "{text}");
    let json = okta_runbook(&["show", "org2org/assign_users", "--output", "json"]);
    let shown: Value = serde_json::from_slice(&json.stdout).unwrap();
    let parameters = shown["parameters"].as_array().unwrap();
    let of = |name: &str| parameters.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(of("initial_status")["choices"].as_array().unwrap().len(), 4);
    assert_eq!(of("label")["choices"], Value::Null);
}

#[test]
fn all_operations_are_listed_without_a_word() {
    let output = okta_runbook(&["operations", "--output", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 732);
}

#[test]
fn an_unknown_word_is_a_usage_error_with_the_nearest_names() {
    let output = okta_runbook(&["operations", "lst_groups"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("list_groups"), "{error}");
}

#[test]
fn an_unknown_runbook_is_a_usage_error() {
    let output = okta_runbook(&["show", "ad/nothing_of_the_kind"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("ad/nothing_of_the_kind"));
}

#[test]
fn a_runbook_is_shown_from_its_header() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("runbooks/ad")).unwrap();
    let text = "//! Say hello.\n\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ name: #{ type: \"string\", help: \"whom\" } };\n\nstep(\"Greet\");\n";
    std::fs::write(folder.path().join("runbooks/ad/hello.rhai"), text).unwrap();
    let output = Command::cargo_bin("okta-runbook")
        .unwrap()
        .current_dir(folder.path())
        .args(["show", "ad/hello", "--output", "json"])
        .output()
        .unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["steps"][0]["title"], "Greet");
    assert_eq!(shown["parameters"][0]["name"], "name");
    assert_eq!(shown["orgs"][0]["name"], "okta");
}

#[test]
fn a_runbook_is_shown_with_what_it_calls_and_the_scopes_it_needs() {
    let output = okta_runbook(&["show", "ad/move_user_to_ou"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in ["Join the group of the destination OU", "| assign_user_to_group ", "least scopes: okta."] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let output = okta_runbook(&["show", "ad/move_user_to_ou", "--output", "json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let operations = shown["operations"].as_array().unwrap();
    let joining = operations.iter().find(|row| row["name"] == "assign_user_to_group");
    assert_eq!(joining.unwrap()["write"], true);
    let scopes = shown["scopes"].as_array().unwrap();
    assert!(scopes.contains(&"okta.groups.manage".into()), "{shown}");
}
