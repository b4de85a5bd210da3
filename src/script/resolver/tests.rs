use std::fs;
use std::path::Path;

use super::*;
use crate::script::error::{KnownNames, ScriptDiagnostic};
use crate::script::library::RunbookShelf;

/// Runs `main` with the files on the workspace shelf; the result or the message of the error.
fn run(files: &[(&str, &str)], main: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), files);
    let entry = ScriptSource::new("main", RunbookShelf::Shipped, "main.rhai", main);
    evaluate(folder.path(), &entry).map_err(|text| text.replace(folder.path().to_str().expect("UTF-8"), "runbooks"))
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
}

fn evaluate(folder: &Path, entry: &ScriptSource) -> Result<String, String> {
    let sources = SourceTexts::default();
    let mut engine = Engine::new();
    engine.set_module_resolver(RunModules::new(RunbookLibrary::new(folder.to_owned(), None), sources.clone(), entry));
    let mut ast = engine.compile(&entry.text).expect("the entry compiles");
    ast.set_source(entry.path.as_str());
    engine.eval_ast::<rhai::Dynamic>(&ast).map(|value| value.to_string()).map_err(|error| {
        ScriptDiagnostic::of_evaluation(&error, &entry.path, &sources, &KnownNames::default())
            .render(crate::script::SnippetColour::Never, 100)
    })
}

#[test]
fn modules_are_found_and_run_once() {
    let files = [
        ("lib/a.rhai", "import \"lib/b\" as b; fn a() { b::b() + 1 }"),
        ("lib/b.rhai", "export const N = 40; fn b() { global::N + 1 }"),
    ];
    let main = "import \"lib/a\" as a; import \"lib/b.rhai\" as b; a::a() + b::N - 40";
    assert_eq!(run(&files, main).as_deref(), Ok("42"));
}

#[test]
fn a_circle_of_imports_is_refused_with_its_chain() {
    let files = [("lib/a.rhai", "import \"lib/b\" as b;"), ("lib/b.rhai", "import \"lib/a\" as a;")];
    let error = run(&files, "import \"lib/a\" as a;").expect_err("a circle");
    assert!(
        error.starts_with(
            "error: these scripts import each other: runbooks/lib/a.rhai -> runbooks/lib/b.rhai -> runbooks/lib/a.rhai"
        ),
        "{error}"
    );
    assert!(error.contains("runbooks/lib/a.rhai imported at main.rhai:1:8"), "{error}");
    let itself = run(&[("lib/a.rhai", "import \"lib/a\" as a;")], "import \"lib/a\" as a;").expect_err("a circle");
    assert!(itself.contains("runbooks/lib/a.rhai -> runbooks/lib/a.rhai"), "{itself}");
}

#[test]
fn a_failed_import_leaves_no_trace_on_the_chain() {
    let files = [("lib/bad.rhai", "throw \"no\";")];
    let main = "for i in 0..2 { try { import \"lib/bad\" as b; } catch (e) { if e != \"no\" { throw e; } } } 1";
    assert_eq!(run(&files, main).as_deref(), Ok("1"));
}

#[test]
fn a_chain_that_is_too_deep_is_refused() {
    let files: Vec<(String, String)> =
        (0..20).map(|n| (format!("lib/m{n}.rhai"), format!("import \"lib/m{}\" as m;", n + 1))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let error = run(&files, "import \"lib/m0\" as m;").expect_err("too deep");
    assert!(error.contains("imports nest deeper than 16"), "{error}");
}

#[test]
fn an_import_cannot_leave_the_library() {
    for path in ["../x", "/etc/x", "lib/../../x"] {
        let error = run(&[], &format!("import \"{path}\" as x;")).expect_err("refused");
        assert!(error.contains(&format!("`{path}` cannot be imported")), "{error}");
    }
}

#[test]
fn a_module_with_a_mistake_is_named_by_its_file() {
    let error =
        run(&[("lib/bad.rhai", "fn f() {\n    let = 1;\n}")], "import \"lib/bad\" as b;").expect_err("a mistake");
    assert!(error.contains("--> runbooks/lib/bad.rhai:2:9"), "{error}");
    assert!(error.contains("runbooks/lib/bad.rhai imported at main.rhai:1:8"), "{error}");
}

#[test]
fn a_script_given_by_its_path_has_its_own_modules_beside_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), &[("mine/lib/a.rhai", "fn a() { 1 }"), ("shelf/lib/a.rhai", "fn a() { 2 }")]);
    let path = folder.path().join("mine/x.rhai");
    let text = "import \"lib/a\" as a; a::a()";
    let given = ScriptSource::new("x", RunbookShelf::Path, path.to_str().expect("UTF-8"), text);
    assert_eq!(evaluate(&folder.path().join("shelf"), &given).as_deref(), Ok("1"));
    let shelved = ScriptSource::new("x", RunbookShelf::Workspace, "runbooks/x.rhai", text);
    assert_eq!(evaluate(&folder.path().join("shelf"), &shelved).as_deref(), Ok("2"));
}
