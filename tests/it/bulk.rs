//! `each`: lanes side by side, what a failure means for the others, and what a lane may not do.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, at_terminal};

const HEADER: &str = "//! A script.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nstep(\"All\");\n";

fn play(stage: &Stage, script: &str) -> Ran {
    stage.write("runbooks/bulk.rhai", &[HEADER, script].concat());
    Ran::command(stage.command().args(["run", "bulk", "--yes", "--output", "json"]))
}

fn notes(ran: &Ran) -> Value {
    ran.events_of("note").iter().map(|note| note["words"].clone()).collect()
}

fn groups(stage: &Stage) -> Vec<String> {
    let org = stage.state();
    let groups = org["groups"].as_object().unwrap().values();
    let mut names: Vec<String> = groups.map(|group| group["profile"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn results_are_in_the_order_of_the_items() {
    let stage = Stage::contractors(&json!({ "latencyMs": 20 }));
    let ran = play(
        &stage,
        "let rows = each([3, 1, 2], #{ concurrency: 3 }, |number| { for n in 0..number { okta.get_user(\"me\"); } number * 10 });\nnote(rows.map(|row| row.value));",
    );
    assert_eq!(notes(ran.exits(0)), json!(["[30,10,20]"]));
}

#[test]
fn lanes_work_side_by_side() {
    let stage = Stage::contractors(&json!({ "latencyMs": 300, "limits": { "enabled": false } }));
    let begun = std::time::Instant::now();
    // The first call teaches the limit of its bucket.
    play(&stage, "okta.get_user(\"me\");\neach([1, 2, 3, 4, 5, 6, 7, 8], |number| okta.get_user(\"me\"));").exits(0);
    assert!(begun.elapsed().as_millis() < 8 * 300, "one after the other: {:?}", begun.elapsed());
}

#[test]
fn what_a_failed_lane_wrote_is_taken_back_when_asked() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "each([\"A\", \"B\", \"C\"], #{ on_failure: \"undo\" }, |name| {\n  okta.add_group(#{ profile: #{ name: name } });\n  if name == \"B\" { throw \"no \" + name; }\n});",
    );
    ran.exits(3).says(&["no B", "what was written for it is taken back"]);
    assert_eq!(groups(&stage), ["A", "C", "Everyone"]);
}

#[test]
fn too_many_failures_stop_the_rest() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "let numbers = []; for n in 1..=9 { numbers.push(n); }\neach(numbers, #{ concurrency: 1, max_failures: 2 }, |number| {\n  if number > 3 { throw \"no\"; }\n  okta.add_group(#{ profile: #{ name: `G${number}` } });\n});",
    );
    ran.exits(1).says(&["stopped after 3 failed, 3 not begun"]);
    assert_eq!(groups(&stage), ["Everyone", "G1", "G2", "G3"]);
}

#[test]
fn what_was_not_begun_is_told_where_nobody_takes_the_rows_too() {
    let stage = Stage::contractors(&json!({}));
    for taken in ["", "let rows = "] {
        let script = format!(
            "{taken}each([1, 2, 3], #{{ concurrency: 1, on_failure: \"stop\" }}, |number| {{ throw \"no\"; }});"
        );
        play(&stage, &script).exits(1).says(&["stopped after 1 failed, 2 not begun"]);
    }
}

#[test]
fn the_first_failure_stops_the_rest_when_asked() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "each([\"A\", \"B\", \"C\"], #{ concurrency: 1, on_failure: \"stop\" }, |name| {\n  if name == \"B\" { throw \"no\"; }\n  okta.add_group(#{ profile: #{ name: name } });\n});\nokta.add_group(#{ profile: #{ name: \"D\" } });",
    );
    ran.exits(1).says(&["stopped after 1 failed, 1 not begun"]);
    assert_eq!(groups(&stage), ["A", "Everyone"]);
}

#[test]
fn what_an_item_costs_of_a_scarce_limit_is_told() {
    let stage = Stage::contractors(&json!({"limits": {"enabled": true}}));
    // Of a hundred calls a minute, half are one token's, and a fifth of those are left to others.
    let script = format!(
        "let numbers = []; for n in 0..12 {{ numbers.push(n); }}\neach(numbers, #{{ key: |n| `${{n}}` }}, |n| {{ okta.list_application_users(\"{}\").first(); }});\nokta.get_user(\"me\");",
        stage.app()
    );
    let ran = play(&stage, &script);
    let told = ran.exits(0).events_of("calls");
    assert_eq!(
        told[0]["calls"],
        json!([{"org": "okta", "bucket": "/api/v1/apps*", "calls": 12, "share": 40}]),
        "{ran}"
    );
    assert_eq!(told[0]["items"], 12, "{ran}");
}

#[test]
fn items_that_could_not_be_told_apart_are_refused() {
    let stage = Stage::contractors(&json!({}));
    play(&stage, "each([\"a\", \"a\"], |name| name);").exits(1).says(&["two items have the key \"a\""]);
}

#[test]
fn the_bar_tells_the_time_that_the_limits_ask() {
    let stage = Stage::contractors(&json!({"limits": {"enabled": true}}));
    let script = format!(
        "let numbers = []; for n in 0..1000 {{ numbers.push(n); }}\neach(numbers, #{{ key: |n| `${{n}}` }}, |n| {{ okta.get_application(\"{}\"); }});\n",
        stage.app()
    );
    stage.write("runbooks/bulk.rhai", &[HEADER, &script].concat());
    let mut command = stage.command();
    command.args(["run", "bulk", "--yes"]);
    let mut pty = at_terminal(&command);
    // 850 calls at some 200 a minute, after those that went at once.
    pty.exp_regex("1[56][0-9]/1000 .* [45] minutes left").unwrap();
    pty.send_control('c').unwrap();
    pty.exp_string("resume").unwrap();
}

#[test]
fn a_loop_shows_how_far_it_has_come() {
    let stage = Stage::contractors(&json!({ "latencyMs": 500 }));
    let script = "for n in progress([1, 2, 3]) { okta.get_user(\"me\"); }\nnote(\"done with it\");\n";
    stage.write("runbooks/bulk.rhai", &[HEADER, script].concat());
    let mut command = stage.command();
    command.args(["run", "bulk", "--yes"]);
    let mut pty = at_terminal(&command);
    pty.exp_regex("All .* 1/3 .* 1 done").unwrap();
    pty.exp_regex("All .* 2/3 .* 2 done").unwrap();
    pty.exp_string("done with it").unwrap();
}

#[test]
fn a_script_that_takes_too_much_memory_is_stopped() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "let s = \"aaaaaaaaaaaaaaaa\";\ntry { loop { if s.len < 1000000000 { s += s; } } } catch { note(\"caught\"); }",
    );
    ran.exits(1).says(&["the script takes too much memory: something in it seems to grow without end"]);
    assert_eq!(notes(&ran), json!([]));
}
