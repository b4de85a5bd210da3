//! Production orgs and orgs that want approved plans stay as they are, whatever way a script takes to a write.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, at_terminal};

const HEADER: &str =
    "//! Look at things.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Look\");\n";
const BODY: &str = "#{ profile: #{ name: \"Slipped in\" } }";

/// Ways to add a group. `BODY` stands for its body.
const WAYS: &[&str] = &[
    "okta.add_group(BODY);",
    "okta?.add_group(BODY);",
    "add_group(okta, BODY);",
    "okta.post(\"/api/v1/groups\", BODY);",
    "post(okta, \"/api/v1/groups\", BODY);",
    "let p = \"/api/v1/groups\"; okta.post(p, BODY);",
    "let p = \"/api/v1/\"; p += \"groups\"; okta.post(p, BODY);",
    "okta.post(\"/api/v1/\" + \"groups\", BODY);",
    "okta.post([\"\", \"api\", \"v1\", \"groups\"].reduce(|a, b| a + \"/\" + b, \"\").sub_string(1), BODY);",
    "let x = \"groups\"; okta.post(`/api/v1/${x}`, BODY);",
    "let a = \"/api/v1/groups\"; okta.post(`${a}`, BODY);",
    "let p = #{ at: \"/api/v1/groups\" }; okta.post(p.at, BODY);",
    "fn path() { \"/api/v1/groups\" } okta.post(path(), BODY);",
    "let f = Fn(\"add_group\"); f.call(okta, BODY);",
    "call(Fn(\"add_group\"), okta, BODY);",
    "Fn(\"add_\" + \"group\").call(okta, BODY);",
    "let name = \"add_group\"; Fn(name).call(okta, BODY);",
    "okta.call(Fn(\"add_group\"), BODY);",
    "Fn(\"add_group\").curry(okta).call(BODY);",
    "curry(Fn(\"post\"), okta).call(\"/api/v1/groups\", BODY);",
    "let post = Fn(\"post\"); post.call(okta, \"/api/v1/groups\", BODY);",
    "[BODY].map(Fn(\"add_group\").curry(okta));",
    "[okta].map(|it| add_group(it, BODY));",
    "[okta].for_each(|| { this.add_group(BODY); });",
    "fn change() { this.add_group(BODY); } okta.change();",
    "fn change(it) { it.add_group(BODY); } change(okta);",
    "fn change(it, how) { how.call(it, BODY); } change(okta, Fn(\"add_group\"));",
    "let m = #{ f: |it| add_group(it, BODY) }; m.f(okta);",
    "each([\"a\"], |x| { Fn(\"add_group\").call(okta, BODY) });",
    "try { add_group(okta, BODY); } catch (e) { note(\"caught\"); }",
    "import \"lib/writes\" as w; w::change(okta);",
    "let name = \"lib/writes\"; import name as w; w::change(okta);",
    "import \"lib/held\" as h; h::CHANGE.call(okta, BODY);",
    "let g = okta.list_groups().first(); okta.delete(`/api/v1/groups/${g.id}`);",
    "let g = okta.list_groups().first(); Fn(\"delete_group\").call(okta, g.id);",
    "let g = okta.list_groups().first(); let p = \"/api/v1/groups/\" + g.id; okta.put(p, BODY);",
    "let u = okta.list_users().first(); post(okta, \"/api/v1/users/\" + u.id, #{ profile: #{ nickName: \"x\" } });",
];

/// What a profile asks for before its org is changed, and how its absence is told.
const DEMANDS: &[(&str, &str)] = &[
    ("production = true\n", "`acme` is a production org"),
    ("approval = { required = true, secret = { env = \"APPROVAL\" } }\n", "`acme` is changed by approved plans alone"),
];

fn stage_with(demand: &str) -> Stage {
    let stage = Stage::contractors(&json!({}));
    demand_of(&stage, demand);
    let module = format!("fn change(okta) {{ add_group(okta, {BODY}) }}\n");
    stage.write("runbooks/lib/writes.rhai", &module);
    let held = "export const CHANGE = Fn(\"add_group\");\n";
    stage.write("runbooks/lib/held.rhai", held);
    stage
}

fn demand_of(stage: &Stage, demand: &str) {
    let profile =
        format!("[orgs.acme]\nurl = \"{}\"\ntoken = {{ env = \"OKTA_CLIENT_TOKEN\" }}\n{demand}", stage.url());
    stage.write("okta-runbook.toml", &profile);
}

fn ran(stage: &Stage, words: &[&str]) -> Ran {
    let mut command = stage.command();
    Ran::command(command.env("APPROVAL", "x".repeat(40)).args(words))
}

fn write_script(stage: &Stage, way: &str) {
    stage.write("way.rhai", &format!("{HEADER}{}\n", way.replace("BODY", BODY)));
}

fn groups(stage: &Stage) -> Vec<Value> {
    let groups = stage.get("/api/v1/groups");
    groups.as_array().unwrap().clone()
}

#[test]
fn no_way_to_a_write_passes_production_or_approval() {
    for (demand, told) in DEMANDS {
        let stage = stage_with(demand);
        let before = groups(&stage);
        for way in WAYS {
            write_script(&stage, way);
            let run = ran(&stage, &["run", "way.rhai", "--org", "acme", "--yes"]);
            assert!(run.to_string().contains(told), "{way}\n{run}");
            run.exits(2);
            assert_eq!(stage.calls_that_write(), 0, "{way}\n{run}");
            if !demand.contains("production") {
                continue;
            }
            let text = way.replace("BODY", BODY);
            let run = ran(&stage, &["eval", &text, "--org", "acme", "--yes"]);
            assert_eq!(stage.calls_that_write(), 0, "{way}\n{run}");
        }
        assert_eq!(groups(&stage), before);
    }
}

/// The table is one of ways that do write.
#[test]
fn each_way_writes_where_nothing_is_demanded() {
    let stage = stage_with("");
    for way in WAYS {
        stage.forget_calls();
        write_script(&stage, way);
        ran(&stage, &["run", "way.rhai", "--org", "acme", "--yes"]);
        assert_eq!(stage.calls_that_write(), 1, "{way}");
        for group in groups(&stage) {
            if group["profile"]["name"] == "Slipped in" {
                let path = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
                stage.send("DELETE", &path, &Value::Null);
            }
        }
    }
}

/// A write that no check sees, behind a step that waits.
const WAITS: &str = "manual(\"Look\", #{ name: \"look\", how: \"there\" });\nlet name = \"add_\" + \"group\"; Fn(name).call(okta, BODY);";

#[test]
fn a_resume_and_an_undo_meet_the_guards_of_today() {
    for (demand, told) in DEMANDS {
        let stage = stage_with("");
        write_script(&stage, WAITS);
        let words = ["run", "way.rhai", "--org", "acme", "--yes", "--output", "json"];
        let waiting = ran(&stage, &words);
        waiting.exits(4);
        let id = waiting.outcome()["run"].as_str().unwrap().to_owned();
        let resume = ["resume", &id, "--yes", "--attest", "look"];
        demand_of(&stage, demand);
        ran(&stage, &resume).exits(2).says(&[told]);
        assert_eq!(stage.calls_that_write(), 0);
        demand_of(&stage, "");
        ran(&stage, &resume).exits(0);
        stage.forget_calls();

        demand_of(&stage, demand);
        let undo = ran(&stage, &["undo", &id, "--yes", "--output", "json"]);
        if demand.contains("production") {
            undo.exits(2).says(&[told]);
            assert_eq!(stage.calls_that_write(), 0);
            let undo = ["undo", &id, "--yes", "--production", "acme"];
            ran(&stage, &undo).exits(0);
            continue;
        }
        // What a run did can always be undone; what an undo did is the run's work once more.
        undo.exits(0);
        let undo = undo.outcome()["run"].as_str().unwrap().to_owned();
        stage.forget_calls();
        ran(&stage, &["undo", &undo, "--yes"]).exits(2).says(&[told]);
        assert_eq!(stage.calls_that_write(), 0);
    }
}

#[test]
fn a_plan_of_a_session_meets_them_when_it_is_applied() {
    for (demand, told) in DEMANDS {
        let stage = stage_with(demand);
        write_script(&stage, "let name = \"add_group\"; Fn(name).call(okta, BODY);");
        let entry = format!("add_group(okta, {BODY});");
        for line in [entry.as_str(), ":run ./way.rhai"] {
            stage.write("lines", &[":plan on", line, ":plan apply"].join("\n"));
            let mut command = stage.command();
            command
                .env("APPROVAL", "x".repeat(40))
                .args(["repl", "--org", "acme", "--yes"])
                .stdin(std::fs::File::open(stage.folder().join("lines")).unwrap());
            let run = Ran::command(&mut command);
            assert!(run.to_string().contains(told), "{run}");
            assert_eq!(stage.calls_that_write(), 0, "{run}");
        }
    }
}

/// The name that is typed opens the org, at the write that no check saw.
#[test]
fn the_name_of_a_production_org_is_asked_at_the_write_itself() {
    let stage = stage_with("production = true\n");
    write_script(&stage, "import \"lib/held\" as h; h::CHANGE.call(okta, BODY);");
    let mut command = stage.command();
    command.args(["run", "way.rhai", "--org", "acme", "--yes"]);
    let mut terminal = at_terminal(&command);
    terminal.exp_string("Look").unwrap();
    terminal.exp_string("type its name").unwrap();
    terminal.send_line("acme").unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(stage.calls_that_write(), 1);
}
