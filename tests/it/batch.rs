//! `batch`: who fails a step drops out of the ones that follow; `many`, `app_users`, `memberships`; `moved`.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

const HEADER: &str = "//! A trial.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"All\");\n";

fn play(stage: &Stage, lines: &str) -> Ran {
    stage.write("runbooks/trial.rhai", &[HEADER, lines, "\n"].concat());
    Ran::command(stage.command().args(["run", "trial", "--yes", "--output", "json"]))
}

fn notes(ran: &Ran) -> Vec<String> {
    let notes = ran.events_of("note");
    notes.iter().map(|note| note["words"].as_str().unwrap_or_default().to_owned()).collect()
}

fn failures(ran: &Ran) -> Vec<(String, String)> {
    let items = ran.events_of("item").into_iter().filter(|item| item["outcome"] == "failed");
    let text = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
    items.map(|item| (text(&item, "key"), text(&item, "message"))).collect()
}

fn run_of(ran: &Ran) -> String {
    ran.events_of("run")[0]["run"].as_str().expect("an id").to_owned()
}

#[test]
fn who_fails_a_step_drops_out_of_those_that_follow() {
    let stage = Stage::contractors(&json!({}));
    let script = r#"let all = batch(["a", "b", "c", "d"]);
    let rows = all.each(|x| if x == "a" { throw "no a" } else { x + x });
    note(`${rows.map(|row| row.value)}`);
    all.wait(0.2, "to come", |left| { note(`look for ${left}`); #{ b: #{ failed: "refused", help: "ask" }, c: true, d: [1] } });
    all.check(|x, now| now == 3, "is three", #{ c: 3, d: 4 }, "make it three", "is not three");
    for x in all { note(`left ${x}`); }
    note(`${all.len()} ${all.done} ${all.failed.map(|row| row.key)} ${all.is_empty()}`);
    all.each(|x| okta.add_group(#{ profile: #{ name: x } }));"#;
    let ran = play(&stage, script);
    let told = notes(ran.exits(3));
    assert_eq!(
        told,
        ["[\"bb\",\"cc\",\"dd\"]", "look for [\"b\",\"c\",\"d\"]", "left c", "1 [\"c\"] [\"a\",\"b\",\"d\"] false"]
            .map(|text| text.replace("\",\"", "\", \""))
    );
    let failed = failures(&ran);
    assert!(failed[0].1.starts_with("no a"), "{failed:?}");
    assert_eq!(failed[1], ("b".to_owned(), "b failed to come: refused\nhelp: ask".to_owned()));
    assert_eq!(failed[2], ("d".to_owned(), "check failed: d is not three\nhelp: make it three".to_owned()));
    let checks = ran.events_of("check");
    assert_eq!((checks.len(), &checks[0]["words"], &checks[0]["items"]), (1, &json!("is three"), &json!(["c"])));
    let outcome = &ran.events_of("outcome")[0];
    assert_eq!((&outcome["counts"]["items"], &outcome["counts"]["failed_items"]), (&json!(4), &json!(3)));
    let groups = stage.state();
    let names = groups["groups"].as_object().unwrap().values().map(|group| &group["profile"]["name"]);
    assert_eq!(names.filter(|name| name.as_str().is_some_and(|name| name.len() == 1)).count(), 1);
}

#[test]
fn who_does_not_come_in_time_fails_with_what_is_known() {
    let stage = Stage::contractors(&json!({}));
    let script = r#"let all = batch([#{ login: "ada", id: "1" }, #{ login: "ben", id: "2" }]);
    all.wait(0.2, "to be seen", |left| #{ "1": true, ben: #{ done: false, help: "look again" } });
    note(`${all.done.map(|it| it.login)}`);"#;
    let ran = play(&stage, script);
    assert_eq!(notes(ran.exits(3)), ["[\"ada\"]"]);
    let failed = failures(&ran);
    assert_eq!(failed, [("ben".to_owned(), "waited 0.2 s in vain for ben to be seen\nhelp: look again".to_owned())]);
}

#[test]
fn a_batch_is_taken_up_in_the_middle() {
    let stage = Stage::contractors(&json!({}));
    let script = r#"let all = batch(["a", "b", "c"]);
    all.each(|x| okta.add_group(#{ profile: #{ name: x } }));
    all.check(|x| x != "b", "is not b");
    manual("Look", #{ how: "so", name: "look" });
    all.each(|x| okta.add_group(#{ profile: #{ name: x + "2" } }));
    note(`${all.done} ${all.failed.map(|row| row.key)}`);"#;
    stage.write("runbooks/trial.rhai", &[HEADER, script, "\n"].concat());
    let begun = Ran::command(stage.command().args(["run", "trial", "--yes", "--output", "json"]));
    let run = run_of(begun.exits(4));
    let ran = Ran::command(stage.command().args(["resume", &run, "--yes", "--attest", "look", "--output", "json"]));
    assert_eq!(notes(ran.exits(3)), ["[\"a\", \"c\"] [\"b\"]"]);
    assert_eq!(ran.events_of("performed").len(), 2);
    let groups = stage.state();
    let names = groups["groups"].as_object().unwrap().values().map(|group| group["profile"]["name"].as_str().unwrap());
    let mut names: Vec<&str> = names.filter(|name| name.len() < 3).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "a2", "b", "c", "c2"]);
}

#[test]
fn wrong_calls_are_told() {
    let stage = Stage::contractors(&json!({}));
    for (wrong, told) in [
        ("batch(1);", "batch: the first argument is a list"),
        ("batch([1, 1]);", "two items have the key \"1\""),
        ("batch([1]).wait(\"to come\", |left| 1);", "the function gives a map by key or id"),
        ("batch([1]).wait(-1, \"to come\", |left| #{});", "the time comes first, in seconds"),
        ("batch([1]).check(|x| 1, \"is one\");", "the function gives true or false"),
        ("batch([1]).check(|x| x.a.b, \"is one\");", "1 is not one"),
        ("okta.many(\"create_user\", [], [\"x\"]);", "gets nothing that a list has"),
        ("okta.many(\"get_application_user\", [], [\"x\"]);", "takes 1 arguments before the id, not 0"),
        ("okta.app_users(\"x\", 1);", "a list of ids, or of things with an `id`"),
        ("moved(1, #{});", "the first argument is a list"),
        ("moved([], 1);", "a map by key or id"),
    ] {
        play(&stage, wrong).says(&[told]);
    }
}

#[test]
fn many_are_read_one_by_one_or_by_pages() {
    let stage = Stage::contractors(&json!({}));
    let script = r#"let users = okta.list_users().all();
    let app = okta.list_applications().first();
    let few = okta.many("get_user", [], users);
    note(`${few.len()} ${few[users[0].id].profile.login == users[0].profile.login}`);
    let none = okta.many("find_user", [], ["00uNONE"]);
    note(`${none.len()}`);
    let groups = okta.list_groups().map(|group| group.id);
    let found = okta.memberships(users, groups);
    note(`${found.len()} ${found.values().all(|list| !list.is_empty())}`);
    let alone = okta.app_users(app, users);
    let all = okta.app_users(app);
    note(`${alone == all} ${all.len()}`);"#;
    let ran = play(&stage, script);
    let told = notes(ran.exits(0));
    assert_eq!((told[0].as_str(), told[1].as_str(), told[2].as_str()), ("4 true", "0", "4 true"));
    assert!(told[3].starts_with("true "), "{told:?}");
}

#[test]
fn what_moved_is_told_as_such() {
    let stage = Stage::contractors(&json!({}));
    let script = r#"let before = [#{ login: "ada", scope: "USER", "DN in AD": "CN=Ada,OU=A,DC=x", groups: ["one", "two"] }];
    moved(before, #{ ada: #{ scope: "GROUP", "DN in AD": "CN=Ada,OU=B,DC=x", groups: [] } });
    moved(before, #{}, ["scope"]);"#;
    let ran = play(&stage, script);
    let told = ran.exits(0).events_of("moved");
    assert_eq!(told[0]["columns"], json!(["DN in AD", "groups", "scope"]));
    let row = json!({ "item": "ada", "before": ["CN=Ada,OU=A,DC=x", "one, two", "USER"], "after": ["CN=Ada,OU=B,DC=x", "", "GROUP"] });
    assert_eq!(told[0]["rows"], json!([row]));
    assert_eq!(told[1]["rows"], json!([{ "item": "ada", "before": ["USER"], "after": [""] }]));
    let report = Ran::command(stage.command().args(["runs", "report", &run_of(&ran), "--format", "markdown"]));
    report.exits(0).says(&["OU=A,DC=x", "OU=B,DC=x"]);
}
