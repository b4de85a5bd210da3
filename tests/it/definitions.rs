//! The language for editors.

use crate::stage::{Ran, okta_runbook};

#[test]
fn definitions_are_written_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut command = okta_runbook(folder.path());
        let ran = Ran::command(command.args(["definitions", "editor/rhai"]));
        ran.exits(0).says(&["wrote editor/rhai/verbs.d.rhai"]);
    }
    let read = |file: &str| std::fs::read_to_string(folder.path().join("editor/rhai").join(file)).unwrap();
    let verbs = read("verbs.d.rhai");
    assert!(verbs.starts_with("module static;\n"), "{verbs}");
    assert!(verbs.contains("fn step(title);"), "{verbs}");
    let operations = read("operations.d.rhai");
    assert!(operations.matches("\nfn ").count() >= 732);
}

#[test]
fn an_extension_for_vs_code_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = okta_runbook(folder.path());
    Ran::command(command.args(["lsp", "--vscode", "extension"])).exits(0);
    let read = |file: &str| std::fs::read_to_string(folder.path().join("extension").join(file)).unwrap();
    let package: serde_json::Value = serde_json::from_str(&read("package.json")).unwrap();
    let language = &package["contributes"]["languages"][0];
    assert_eq!(language["id"], "rhai");
    for named in [&package["main"], &language["configuration"]] {
        read(named.as_str().unwrap().trim_start_matches("./"));
    }
}
