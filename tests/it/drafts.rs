//! `new --from` and `new --operation`: beginnings made from what people have pass the check and run.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Ran, Stage};

/// The two requests by which administrators convert an individual assignment of Active Directory by hand, as Postman exports them.
fn collection(app: &str, user: &str) -> Value {
    let header =
        json!([{"key": "Accept", "value": "application/json"}, {"key": "Authorization", "value": "SSWS {{apikey}}"}]);
    let url = |raw: &str| {
        let path: Vec<&str> = raw.trim_start_matches("{{url}}/").split('/').collect();
        json!({"raw": raw, "host": ["{{url}}"], "path": path})
    };
    json!({
        "info": {"name": "Move to another OU", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "appId", "value": app}, {"key": "apikey", "value": "00aTokenThatNobodyShouldSee0000000000000000"}],
        "item": [{"name": "App", "item": [
            {
                "name": "Get the assigned user",
                "request": {"method": "GET", "header": header, "url": url("{{url}}/api/v1/apps/{{appId}}/users/{{user-id}}")},
                "event": [{"listen": "test", "script": {"exec": [
                    "pm.test(\"Status code is 200\", function () { pm.response.to.have.status(200); });",
                    "var jsonData = JSON.parse(responseBody);",
                    "pm.test(\"is assigned individually\", () => {",
                    "    pm.expect(jsonData.scope).to.eql('USER');",
                    "});",
                    "pm.environment.set(\"login\", jsonData.credentials.userName);",
                    "pm.test(\"answers fast\", () => pm.expect(pm.response.responseTime).to.be.below(200));"
                ]}}]
            },
            {
                "name": "Convert the assignment",
                "request": {
                    "method": "POST", "header": header, "url": url("{{url}}/api/v1/apps/{{appId}}/users/{{user-id}}"),
                    "body": {"mode": "raw", "raw": "{\n  \"id\": \"{{user-id}}\",\n  \"scope\": \"GROUP\",\n  \"credentials\": {\"userName\": \"{{login}}\"}\n}"}
                },
                "event": [{"listen": "test", "script": {"exec": [
                    "const answer = pm.response.json();",
                    "pm.test(\"is assigned by a group\", () => { pm.expect(answer.scope).to.equal(\"GROUP\"); });"
                ]}}]
            }
        ]}],
        "ignored": user
    })
}

#[test]
fn a_postman_collection_becomes_a_runbook() {
    let stage = Stage::contractors(&json!({}));
    let (app, user) = (stage.app(), stage.user(ADA));
    // The user is a member of an assigned group, as the guide wants it before the conversion.
    let group = stage.provisioning_group("AD User-Contractor", crate::stage::FROM, 0);
    stage.join(&group, ADA);
    stage.write("move.postman_collection.json", &collection(&app, &user).to_string());
    let made = Ran::command(stage.command().args(["new", "convert", "--from", "move.postman_collection.json"]));
    made.exits(0).says(&["the test \"answers fast\" could not be taken over"]);
    let text = std::fs::read_to_string(stage.folder().join("runbooks/convert.rhai")).unwrap();
    for part in [
        "step(\"App: Get the assigned user\");",
        "okta.get_application_user(params.app_id, params.user_id)",
        "expect(answer.scope == \"USER\", \"is assigned individually\");",
        "let login = answer.credentials.userName;",
        "ready(\"Move to another OU?\", #{ update_application_user: 1 });",
        "okta.update_application_user(params.app_id, params.user_id, #{ id: params.user_id, scope: \"GROUP\", credentials: #{ userName: login } })",
        "check(answer.scope == \"GROUP\", \"is assigned by a group\");",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("00aToken") && !text.contains("apikey"), "{text}");
    Ran::command(stage.command().args(["check", "convert"])).exits(0).says(&["nothing found"]);
    let user = format!("user_id={user}");
    let app = format!("app_id={app}");
    let run = ["run", "convert", "--yes", "--output", "json", "-p", &app, "-p", &user];
    Ran::command(stage.command().args(run)).exits(0);
    assert_eq!(stage.app_user(ADA)["scope"], "GROUP");
    // What is expected is looked at before anything is sent.
    Ran::command(stage.command().args(run)).exits(1).says(&["is assigned individually"]);
}

#[test]
fn what_is_no_collection_is_refused() {
    let stage = Stage::contractors(&json!({}));
    for (name, text, words) in [
        ("x.json", "{}", "is no Postman collection"),
        ("x.json", "{", "is no JSON: line 1"),
        ("x.csv", "", "x.csv is empty"),
        ("x.csv", "user id,User-ID\n", "would have one name"),
        ("x.txt", "x", "is neither a Postman collection (.json) nor a table (.csv)"),
    ] {
        stage.write(name, text);
        Ran::command(stage.command().args(["new", "trial", "--from", name])).exits(2).says(&[words]);
    }
    Ran::command(stage.command().args(["new", "trial", "--operation", "suspend_usr"]))
        .exits(2)
        .says(&["did you mean `suspend_user`"]);
    assert!(!stage.folder().join("runbooks/trial.rhai").exists());
}

#[test]
fn a_table_and_an_operation_become_runbooks() {
    let stage = Stage::contractors(&json!({}));
    stage.write("people.csv", &format!("Login Name;Row;Größe\r\n{ADA};1;x\r\n{BEN};2;\r\n"));
    Ran::command(stage.command().args(["new", "people", "--from", "people.csv"])).exits(0);
    Ran::command(stage.command().args(["check", "people"])).exits(0).says(&["nothing found"]);
    stage.write("people.csv", &format!("Login Name;Row;Größe\r\n{ADA};1;x\r\n{BEN};2;y\r\n"));
    let ran = Ran::command(stage.command().args(["run", "people", "--yes", "-p", "rows=@people.csv"]));
    ran.exits(0).says(&["done.csv"]);
    for operation in ["suspend_user", "assign_user_to_group", "list_users"] {
        Ran::command(stage.command().args(["new", operation, "--operation", operation])).exits(0);
        Ran::command(stage.command().args(["check", operation])).exits(0);
    }
    // What only its author knows is told by the check.
    Ran::command(stage.command().args(["new", "add", "--operation", "add_group"])).exits(0);
    Ran::command(stage.command().args(["check", "add"]))
        .exits(2)
        .says(&["`add_group` needs a body: what shall be set"]);
    stage.write("suspend.csv", &format!("id\n{ADA}\n"));
    Ran::command(stage.command().args(["run", "suspend_user", "--yes", "-p", "rows=@suspend.csv"])).exits(0);
    assert_eq!(stage.get(&format!("/api/v1/users/{ADA}"))["status"], "SUSPENDED");
}
