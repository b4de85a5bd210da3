//! Wrong scripts, each with what its author is told.

use rhai::{Dynamic, Engine, NativeCallContext};

use super::*;
use crate::script::error_value::ErrorValue;
use crate::script::keywords::free_keywords;

fn names() -> KnownNames {
    KnownNames {
        variables: vec!["params".into(), "okta".into()],
        functions: vec![
            CallableName::new("each", "each(list, |item| …)"),
            CallableName::new("find_user", "okta.find_user(login)"),
            CallableName::new("fail", "fail()"),
        ],
    }
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    engine.set_strict_variables(true);
    free_keywords(&mut engine);
    engine.disable_symbol("eval");
    engine.set_max_operations(10_000).set_max_call_levels(6).set_max_string_size(1_000);
    engine.register_fn("each", |context: NativeCallContext, items: rhai::Array, each: rhai::FnPtr| {
        for item in items {
            let _ignored: Dynamic = each.call_within_context(&context, (item,))?;
        }
        Ok::<_, Box<EvalAltResult>>(())
    });
    engine.register_fn("find_user", |login: &str| login.to_owned());
    engine.register_fn("fail", |context: NativeCallContext| {
        let value = ErrorValue::new("okta", "there is no user `jo`")
            .help(["see `okta.list_users`".to_owned()])
            .field("status", 404)
            .field("code", "E0000007")
            .field("request_id", "req1");
        Err::<(), _>(value.raise(context.call_source(), context.call_position()))
    });
    engine
}

fn diagnose(script: &str) -> ScriptDiagnostic {
    let engine = engine();
    let sources = SourceTexts::default();
    sources.insert("x.rhai", script);
    match engine.compile(script) {
        Err(error) => ScriptDiagnostic::of_parsing(&error, "x.rhai", &sources, &names()),
        Ok(mut ast) => {
            ast.set_source("x.rhai");
            let error = engine.eval_ast::<Dynamic>(&ast).expect_err(script);
            ScriptDiagnostic::of_evaluation(&error, "x.rhai", &sources, &names())
        }
    }
}

/// Scripts and what is told of them: a line of `=`, the script, a line of `-`, the text.
const WRONG: &str = include_str!("wrong_scripts.txt");

#[test]
fn every_wrong_script_is_told_in_words() {
    let mut count = 0;
    for case in WRONG.split("========\n").filter(|case| !case.is_empty()) {
        let (script, expected) = case.split_once("--------\n").expect("a line of dashes");
        let told = diagnose(script.strip_suffix('\n').unwrap_or(script)).render(SnippetColour::Never, 100);
        assert_eq!(told, expected.trim_end(), "script:\n{script}\ntold:\n{told}\n");
        count += 1;
    }
    assert!(count > 40, "{count} cases");
}

#[test]
fn an_interruption_has_its_own_exit_code() {
    let mut engine = engine();
    engine.on_progress(|_| Some("interrupted by Ctrl-C".into()));
    let error = engine.eval::<()>("let a = 1;").expect_err("interrupted");
    let diagnostic = ScriptDiagnostic::of_evaluation(&error, "x.rhai", &SourceTexts::default(), &names());
    assert_eq!((diagnostic.message.as_str(), diagnostic.exit), ("interrupted by Ctrl-C", CommandExit::Interrupted));
}

#[test]
fn as_an_error_of_the_command_its_help_is_apart() {
    let error = CommandError::from(diagnose("let users = 1;\nusres"));
    assert_eq!(error.message, "there is no variable `usres`\n --> x.rhai:2:1\n  |\n2 | usres\n  | ^^^^^");
    assert_eq!(error.help, ["did you mean `users`?"]);
    assert_eq!(error.exit, CommandExit::Usage);
}

#[test]
fn a_place_whose_text_is_not_known_is_named_without_an_excerpt() {
    let error = engine().compile("let a = b;").expect_err("unknown");
    let told = ScriptDiagnostic::of_parsing(&error, "repl:3", &SourceTexts::default(), &names())
        .render(SnippetColour::Never, 100);
    assert_eq!(told, "error: there is no variable `b`\n--> repl:3:1:9");
}
