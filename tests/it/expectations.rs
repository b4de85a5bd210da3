//! `expect` and `ready`: nothing is changed while something is unmet, and everything unmet is told together; `find_…`.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

const HEADER: &str = "//! A trial.\nconst ORGS = #{ okta: \"the org\" };\n";

/// Runs a script of these lines with a parameter `users`.
fn play(stage: &Stage, lines: &str, arguments: &[&str]) -> Ran {
    let params = "const PARAMS = #{ users: #{ type: \"list\", column: \"login\", default: [], help: \"logins\" } };\n";
    stage.write("runbooks/trial.rhai", &format!("{HEADER}{params}step(\"All\");\n{lines}\n"));
    Ran::command(stage.command().args(["run", "trial", "--output", "json"]).args(arguments))
}

fn words(ran: &Ran, event: &str) -> Vec<String> {
    let texts = ran.events_of(event).into_iter().map(|event| event["words"].as_str().unwrap_or_default().to_owned());
    texts.collect()
}

fn groups(stage: &Stage) -> usize {
    stage.state()["groups"].as_object().map_or(0, serde_json::Map::len)
}

#[test]
fn what_is_unmet_is_told_together_and_holds_back_every_write() {
    let stage = Stage::contractors(&json!({}));
    let before = groups(&stage);
    for change in [
        "okta.add_group(#{ profile: #{ name: \"New\" } });",
        "let path = \"/api/v1/groups\"; okta.post(path, #{ profile: #{ name: \"New\" } });",
        "each([1, 2], |n| okta.add_group(#{ profile: #{ name: `New ${n}` } }));",
        "ready(\"Go on?\"); okta.add_group(#{ profile: #{ name: \"New\" } });",
        "try { okta.add_group(#{ profile: #{ name: \"New\" } }); } catch { note(\"caught\"); }",
        "",
    ] {
        let script = format!(
            "expect(true, \"the org answers\");\nexpect(false, \"the OU exists\", \"create it\", \"there is no such OU\");\nexpect(\"ada\", false, \"is active\", \"activate the user\");\n{change}"
        );
        let ran = play(&stage, &script, &["--yes"]);
        ran.exits(1).says(&["2 checks failed:", "- there is no such OU", "- ada is not active"]);
        ran.says(&["create it", "activate the user"]);
        assert_eq!(words(&ran, "check"), ["the org answers", "there is no such OU", "ada is not active"], "{change}");
        assert!(words(&ran, "note").is_empty() && ran.events_of("performed").is_empty(), "{change}");
        assert_eq!(groups(&stage), before, "{change}");
    }
}

#[test]
fn nobody_is_asked_while_something_is_unmet() {
    let stage = Stage::contractors(&json!({}));
    for question in
        ["manual(\"Look\", #{ how: \"so\", name: \"look\" });", "confirm(\"Go on?\");", "ready(\"Go on?\");"]
    {
        let script = format!("expect(false, \"the OU exists\", \"create it\", \"there is no such OU\");\n{question}");
        let ran = play(&stage, &script, &["--yes", "--attest", "all"]);
        ran.exits(1).says(&["check failed: there is no such OU"]);
        assert!(ran.events_of("manual").is_empty() && ran.events_of("confirm").is_empty(), "{question}: {ran}");
    }
}

#[test]
fn an_unmet_item_is_told_with_the_row_of_its_file() {
    let stage = Stage::contractors(&json!({}));
    stage.write("users.csv", "login\nada.novak@corp.example\nnobody@corp.example\nben.okafor@corp.example\n");
    let script = "for name in params.users {
        let user = okta.find_user(name);
        expect(name, user != (), \"is a user of the org\", \"check the spelling\");
    }
    ready(\"Go on?\");";
    let ran = play(&stage, script, &["--yes", "--param", "users=@users.csv"]);
    ran.exits(1)
        .says(&["check failed: users.csv:3: nobody@corp.example is not a user of the org", "check the spelling"]);
    let told = ran.events_of("check");
    assert_eq!(told[0]["words"], "is a user of the org");
    assert_eq!(told[0]["items"], json!(["ada.novak@corp.example", "ben.okafor@corp.example"]));
}

#[test]
fn an_item_of_a_bulk_step_answers_for_itself() {
    let stage = Stage::contractors(&json!({}));
    let before = groups(&stage);
    let script = "each([\"A\", \"B\"], |name| { expect(name, name == \"A\", \"is the first\"); okta.add_group(#{ profile: #{ name: name } }); });";
    play(&stage, script, &["--yes"]).exits(3).says(&["B is not the first"]);
    assert_eq!(groups(&stage), before + 1);
}

#[test]
fn a_script_that_breaks_off_tells_what_was_unmet_before() {
    let stage = Stage::contractors(&json!({}));
    let script = "let app = ();\nexpect(app != (), \"the app exists\", \"create the app\", \"no such app\");\nnote(app.id.label);";
    let ran = play(&stage, script, &["--yes"]);
    ran.exits(1).says(&["check failed: no such app", "create the app", "the script ended before it was through"]);
}

#[test]
fn ready_shows_what_the_changes_cost_and_asks() {
    let stage = Stage::contractors(&json!({}));
    let script = "okta.list_groups().all();\nlet changes = #{ assign_user_to_group: 3000000, update_application_user: 2 };\nready(\"Move 3 users?\", changes);\nokta.add_group(#{ profile: #{ name: \"New\" } });";
    let ran = play(&stage, script, &["--yes"]);
    let tables = ran.exits(0).events_of("table");
    let rows = tables[0]["rows"].as_array().expect("rows");
    assert_eq!(rows[0][0], "assign_user_to_group");
    assert_eq!((&rows[0][1], &rows[1][2]), (&Value::from("3000000"), &Value::from("not known yet")));
    assert!(rows[0][3].as_str().is_some_and(|time| time.ends_with(" min")), "{rows:?}");
    assert!(words(&ran, "note")[0].starts_with("3000002 calls in all, "), "{:?}", words(&ran, "note"));
    let asked = play(&stage, script, &[]);
    asked.exits(2).says(&["Move 3 users?", "--yes"]);
    for (wrong, told) in [
        ("ready(\"x\", #{ asign_user_to_group: 1 });", "there is no operation `asign_user_to_group`; did you mean"),
        ("ready(\"x\", #{ \"hub.create_user\": 1 });", "this run has no org `hub`"),
        ("ready(\"x\", #{ create_user: \"many\" });", "takes a number of calls"),
        ("expect(1, \"x\");", "the fact must be true or false"),
        ("expect(true);", "expect"),
        ("expect(true, 1);", "the words after the fact must be a text"),
    ] {
        play(&stage, wrong, &["--yes"]).says(&[told]);
    }
}

#[test]
fn find_gives_nothing_where_get_gives_a_404() {
    let stage = Stage::contractors(&json!({}));
    let script = "let user = okta.find_user(\"ada.novak@corp.example\");
    note(`${user.profile.login} ${okta.find_user(\"nobody\") == ()} ${find_group(okta, \"00gNONE\") == ()}`);
    try { okta.get_user(\"nobody\") } catch (err) { note(`${err.status}`); }
    let none = (); try { okta.find_user(none) } catch (err) { note(err.message); }
    let finder = |org, id| org.find_group(id);
    note(`${finder.call(okta, user.id) == ()}`);";
    let ran = play(&stage, script, &["--yes"]);
    let told = words(ran.exits(0), "note");
    assert_eq!(told[0], "ada.novak@corp.example true true");
    assert_eq!((told[1].as_str(), told[3].as_str()), ("404", "true"));
    assert!(
        told[2].starts_with("find_user: `id` is (): what was looked for is not there; it is okta.find_user("),
        "{told:?}"
    );
}
