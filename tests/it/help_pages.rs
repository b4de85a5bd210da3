//! `help TOPIC`: every example of a page runs, and says what the page says that it says.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

/// An example and what it tells, where the page shows that.
struct Example {
    script: String,
    told: Option<String>,
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut fence: Option<(&str, String)> = None;
    for line in page.lines() {
        match (&mut fence, line.strip_prefix("```")) {
            (None, Some(kind)) => fence = Some((kind, String::new())),
            (Some((kind, text)), Some(_)) => {
                if *kind == "rhai" {
                    examples.push(Example { script: std::mem::take(text), told: None });
                } else if let Some(example) = examples.last_mut() {
                    example.told = Some(std::mem::take(text));
                }
                fence = None;
            }
            (Some((_, text)), None) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    examples
}

#[test]
fn every_example_of_the_language_runs_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let page = Ran::command(crate::stage::okta_runbook(folder.path()).args(["help", "language"]));
    let examples = examples(&page.exits(0).stdout);
    assert!(examples.len() >= 10, "{}", examples.len());
    for example in examples {
        let Example { script, told } = example;
        let stage = Stage::contractors(&json!({}));
        let header = if script.contains("const ORGS") { "" } else { "const ORGS = #{ okta: \"the org\" };\n" };
        stage.write("runbooks/example.rhai", &format!("{header}{script}"));
        Ran::command(stage.command().args(["check", "example"])).exits(0);
        let run = ["run", "example", "--yes", "--attest", "all", "--output", "json"];
        let ran = Ran::command(stage.command().args(run));
        assert_eq!(ran.code, Some(0), "{script}{ran}");
        if let Some(told) = told {
            let notes = ran.events_of("note");
            let notes: Vec<&str> = notes.iter().filter_map(|note| note["words"].as_str()).collect();
            assert_eq!(notes.join("\n"), told.trim_end(), "{script}");
        }
        assert_ne!(ran.outcome()["outcome"], Value::Null);
    }
}

#[test]
fn help_is_of_subcommands_too() {
    let folder = tempfile::tempdir().unwrap();
    let help = |words: &[&str]| Ran::command(crate::stage::okta_runbook(folder.path()).arg("help").args(words));
    help(&[]).exits(0).says(&["Usage: okta-runbook", "help language"]);
    help(&["runs", "report"]).exits(0).says(&["Usage: okta-runbook runs report"]);
    help(&["langage"]).exits(2).says(&["there is no help on `langage`", "did you mean `language`?"]);
    help(&["runs", "x"]).exits(2).says(&["there is no help on `runs x`"]);
}
