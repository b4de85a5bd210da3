//! Wrong scripts, each with what its author is told.

use rhai::{Dynamic, Engine, NativeCallContext};

use super::*;
use crate::script::keywords::free_keywords;
use crate::script::error_value::ErrorValue;

fn names() -> Names {
    Names {
        variables: vec!["params".into(), "okta".into()],
        functions: vec![
            Function::new("each", "each(list, |item| …)"),
            Function::new("find_user", "okta.find_user(login)"),
            Function::new("fail", "fail()"),
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

fn told(script: &str) -> String {
    if let Ok(ast) = engine().compile(script) && engine().eval_ast::<Dynamic>(&ast).is_ok() { return "NOTHING".into(); }
    diagnose(script).render(Colour::Never, 100)
}

fn diagnose(script: &str) -> Diagnostic {
    let engine = engine();
    let sources = Sources::default();
    sources.insert("x.rhai", script);
    match engine.compile(script) {
        Err(error) => Diagnostic::of_parsing(&error, "x.rhai", &sources, &names()),
        Ok(mut ast) => {
            ast.set_source("x.rhai");
            let error = engine.eval_ast::<Dynamic>(&ast).expect_err("a wrong script");
            Diagnostic::of_evaluation(&error, "x.rhai", &sources, &names())
        }
    }
}

/// `(script, what is told)`; the drawing of the source line is left out of none.
const WRONG: &[(&str, &str)] = &[];

#[test]
fn every_wrong_script_is_told_in_words() {
    let mut wrong = Vec::new();
    for (script, expected) in WRONG {
        let told = told(script);
        if told != expected.trim_matches('\n') {
            wrong.push(format!("script:\n{script}\nexpected:\n{}\ntold:\n{told}", expected.trim_matches('\n')));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn dump() {
    let scripts = ["let users = [];\nlet a = usrs;", "each([1], |x| each_of(x));", "let u = find_usr(\"jo\");", "fn move_user(user, to) { }\nmove_user(1);",
    "let a = 1 + ();", "let m = #{};\nm.new", "let new = 1;", "let a = [1];\na[3]", "let s = \"open;\n", "fn f() {\n    let a = 1;\n",
    "throw \"stop\";", "throw;", "throw 7;", "throw #{a: 1};", "fn g() { fail(); }\nfn f() { g(); }\nf();",
    "try {\n    fail();\n} catch (err) {\n    throw err;\n}", "each([1, 2], |x| {\n    let y = x.nope;\n});", "each([1], |x| { let s = \"a\"; s.nope });", "loop { }", "fn f(x) { f(x + 1) }\nf(0);",
    "const A = 1;\nA = 2;", "const A = [];\nA.push(1);", "eval(\"1\");", "let a = 1;\na === 2", "let a = null;", "let a = b ? 1 : 2;", "let x = 5 / 0;", "for x in 5 { }", "let s = \"aaaaaaaaaaaaaaaa\"; loop { s += s; }",
    "let n = [1];\nlet f = |y| n.push(y);\nn.map(|x| f.call(x));", "let a = lib::f(1);", "if 1 { }", "let a = \"é\u{1F600}\"; throw a + bb;", "let a = each;", "okta.x", "[1].map(|x| x.foo());", "let m = #{a: 1}; m.foo()", "let x = \"a\" - 1;", "let a = `x ${b}`;", "1 = 2;", "a++;", "try { nope(); } catch (e) { throw e; }", "let x = (1, 2);", "fn f(a) { if a { fn g() {} } }", "#{a: 1, a: 2}", "let x = 1 let y = 2;"];
    let all: Vec<String> = scripts.iter().map(|s| format!("--------\n{s}\n--\n{}", told(s))).collect();
    std::fs::write("/tmp/front-dump.txt", all.join("\n")).unwrap();
}
