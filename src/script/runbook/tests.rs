use serde_json::json;

use super::*;
use crate::script::library::RunbookShelf;

fn parse(text: &str) -> Result<RunbookHeader, CommandError> {
    RunbookHeader::parse(&ScriptSource::new("ad/x", RunbookShelf::Workspace, "runbooks/ad/x.rhai", text))
}

#[test]
fn the_header_is_read_without_running_anything() {
    let runbook = parse(
        r#"//! Move users.
//!
//! Prose.

/// A function.
fn f() { step("In a function"); }

const ORGS = #{ okta: "the org the AD agent reports to" };
const PARAMS = #{
    users: #{ type: "list", column: "login", help: "logins", example: ["a@x", "b@x"] },
    depth: #{ type: "integer", default: -2 },
    mode:  #{ type: "choice", choices: ["fast", "safe"], required: false },
    ou:    #{ type: "dn" },
};
throw "this is never reached";
step("Preflight");
each(params.users, |login| { step(`Move ${login}`); f(); });
if okta.x() { let y = step("Verify"); }
"#,
    )
    .expect("a good header");
    assert_eq!((runbook.summary.as_str(), runbook.doc.as_str()), ("Move users.", "Move users.\n\nProse."));
    assert_eq!(runbook.orgs, [DeclaredOrg { name: "okta".into(), what: "the org the AD agent reports to".into() }]);
    let names: Vec<&str> = runbook.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["users", "depth", "mode", "ou"]);
    assert_eq!(runbook.parameters[0].example, Some(json!(["a@x", "b@x"])));
    assert_eq!(runbook.parameters[1].default, Some(json!(-2)));
    let required: Vec<bool> = runbook.parameters.iter().map(|parameter| parameter.required).collect();
    assert_eq!(required, [true, false, false, true]);
    let steps: Vec<(&str, usize)> = runbook.steps.iter().map(|step| (step.title.as_str(), step.line)).collect();
    assert_eq!(steps, [("In a function", 6), ("Preflight", 16), ("Move …", 17), ("Verify", 18)]);
}

#[test]
fn a_script_without_a_header_is_a_runbook() {
    let runbook = parse("let a = 1;").expect("no header");
    assert!(runbook.orgs.is_empty() && runbook.parameters.is_empty() && runbook.summary.is_empty());
}

#[test]
fn everything_wrong_in_a_header_is_told_at_once() {
    let text = r#"const ORGS = #{ okta: 1, "a b": "x", params: "y" };
let PARAMS = #{
    users: #{ tpye: "list", type: "lst" },
    from: #{ type: "integer", default: "one" },
    "fn": #{ type: "string" },
    key: #{ type: "secret", default: "x" },
    mode: #{ choices: ["a"], default: "b" },
    ou: #{ help: 3 },
    to: "string",
    n: #{ type: "string", column: "c", required: 1 },
};
"#;
    let error = parse(text).expect_err("a wrong header");
    let told: Vec<&str> =
        error.message.lines().filter(|line| !line.starts_with(|c: char| c == ' ' || c.is_ascii_digit())).collect();
    assert_eq!(
        told,
        [
            "what the org `okta` is must be a string",
            "",
            "error: `a b` cannot be the name of an org",
            "",
            "error: an org cannot be called `params`: the parameters are",
            "",
            "error: PARAMS must be a constant",
            "",
            "error: a parameter has no `tpye`",
            "",
            "error: there is no type \"lst\"",
            "",
            "error: `default` of the parameter `from` must be an integer",
            "",
            "error: `fn` cannot be the name of a parameter",
            "",
            "error: the secret `key` may not have a default",
            "",
            "error: `default` of the parameter `mode` must be one of its choices",
            "",
            "error: the parameter `ou` has no type",
            "",
            "error: `help` of the parameter `ou` must be a string",
            "",
            "error: the parameter `to` must be declared by a map",
            "",
            "error: `n` is no list: only a list has a column",
            "",
            "error: `required` of the parameter `n` must be true or false",
        ]
    );
    assert!(error.message.contains(" --> runbooks/ad/x.rhai:3:15\n"), "{}", error.message);
    assert!(error.message.contains("= help: did you mean `type`?"), "{}", error.message);
}

#[test]
fn what_is_computed_is_refused_with_its_place() {
    let error = parse("const PARAMS = #{\n    a: #{ type: \"string\", default: 1 + 2 },\n    b: #{ type: kind() } };")
        .expect_err("no literals");
    assert_eq!(
        error.message,
        r#"PARAMS holds something that is not a literal
 --> runbooks/ad/x.rhai:2:38
  |
2 |     a: #{ type: "string", default: 1 + 2 },
  |                                      ^
  |
  = help: the header is read without running anything: write strings, numbers, booleans, lists and maps of these

error: PARAMS holds something that is not a literal
 --> runbooks/ad/x.rhai:3:17
  |
3 |     b: #{ type: kind() } };
  |                 ^^^^
  |
  = help: the header is read without running anything: write strings, numbers, booleans, lists and maps of these"#
    );
}

#[test]
fn a_syntax_error_is_shown_where_it_is() {
    let error = parse("const PARAMS = #{ a: };").expect_err("wrong syntax");
    assert!(error.message.contains(" --> runbooks/ad/x.rhai:1:22"), "{}", error.message);
}
