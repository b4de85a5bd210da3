//! `const INCLUDES`: a runbook has the parameters of others, without writing them out.

use serde_json::json;

use crate::stage::{Ran, Stage};

const INNER: &str = "//! Inner.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ count: #{ type: \"integer\", default: 2 }, key: #{ type: \"secret\", example: \"an example\" }, who: #{ type: \"string\", default: \"inner\" } };\nnote(`${params.count} ${params.who} ${params.key.type_of()} ${okta.name}`);\n";
const OUTER: &str = "//! Outer.\nconst ORGS = #{ okta: \"the org\" };\nconst INCLUDES = [\"parts/inner\"];\nconst PARAMS = #{ who: #{ type: \"string\", default: \"outer\" } };\nstep(\"Look\");\nmanual(\"Look\", #{ how: \"so\", name: \"look\" });\nnote(`${params.count} ${params.who} ${params.key.type_of()} ${okta.name}`);\n";

fn stage() -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/parts/inner.rhai", INNER);
    stage.write("runbooks/outer.rhai", OUTER);
    stage
}

#[test]
fn parameters_of_included_runbooks_are_given_and_recorded() {
    let stage = stage();
    Ran::command(stage.command().args(["check", "outer"])).exits(0).says(&["nothing found"]);
    Ran::command(stage.command().args(["show", "outer"])).exits(0).says(&["count", "secret", "default \"outer\""]);
    let mut run = stage.command();
    run.env("KEY", "a secret of mine").args([
        "run",
        "outer",
        "--yes",
        "--output",
        "json",
        "-p",
        "key=env:KEY",
        "-p",
        "count=7",
    ]);
    let ran = Ran::command(&mut run);
    ran.exits(4);
    let parameters = ran.events_of("run")[0]["parameters"].clone();
    assert_eq!(parameters, json!({"who": "outer", "count": 7}));
    // What is included may be gone when the run is taken up again: its text is in the journal.
    std::fs::remove_file(stage.folder().join("runbooks/parts/inner.rhai")).unwrap();
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    let mut resume = stage.command();
    resume.env("KEY", "a secret of mine").args([
        "resume",
        &id,
        "--attest",
        "look",
        "-p",
        "key=env:KEY",
        "--output",
        "json",
    ]);
    let resumed = Ran::command(&mut resume);
    resumed.exits(0);
    assert_eq!(resumed.events_of("note")[0]["words"], "7 outer secret okta");
}

#[test]
fn what_is_wrong_with_what_is_included_is_told_where_it_is_included() {
    let stage = stage();
    let include =
        |list: &str| format!("const ORGS = #{{ okta: \"the org\" }};\nconst INCLUDES = {list};\nnote(okta.name);\n");
    stage.write("runbooks/parts/broken.rhai", "const PARAMS = #{ a: 1 };\n");
    stage.write("runbooks/parts/other.rhai", "const PARAMS = #{ count: #{ type: \"string\" } };\n");
    stage.write("runbooks/parts/circle.rhai", &include("[\"parts/circle\", \"trial\"]"));
    for (list, words) in [
        ("[\"parts/iner\"]", &["there is no runbook `parts/iner`", "trial.rhai:2:19"][..]),
        ("[\"parts/broken\"]", &["the header of parts/broken is wrong", "okta-runbook check parts/broken"]),
        ("[1]", &["INCLUDES must be a list of names of runbooks"]),
        ("\"parts/inner\"", &["INCLUDES must be a list of names of runbooks"]),
        (
            "[\"parts/inner\", \"parts/other\"]",
            &["the parameter `count` is of type integer and, in parts/other, of type string", "declare it here"],
        ),
    ] {
        stage.write("runbooks/trial.rhai", &include(list));
        Ran::command(stage.command().args(["check", "trial"])).exits(2).says(words);
        Ran::command(stage.command().args(["run", "trial", "--yes"])).exits(2).says(words);
    }
    stage.write("runbooks/trial.rhai", &include("[\"parts/circle\"]"));
    Ran::command(stage.command().args(["run", "trial", "--yes"])).exits(0);
}
