//! `check`: wrong scripts, each with what its author is told; and that shipped runbooks are clean.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

fn wrong_scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong")
}

/// The product, with no runbooks of a user around.
fn okta_runbook(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("okta-runbook").unwrap();
    command.current_dir(folder).env("HOME", "/nowhere").env("XDG_DATA_HOME", "/nowhere");
    command
}

fn checked(folder: &Path, file: &str) -> (String, Option<i32>) {
    let output = okta_runbook(folder).args(["check", file]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn every_wrong_script_is_told_with_its_place() {
    let folder = wrong_scripts();
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rhai") {
            continue;
        }
        let file = format!("./{}", path.file_name().unwrap().to_str().unwrap());
        let (told, code) = checked(&folder, &file);
        expect_test::expect_file![path.with_extension("txt")].assert_eq(&told);
        let is_error = told.starts_with("error:");
        assert!(is_error || told.starts_with("warning:"), "{file} is not wrong");
        assert_eq!(code, Some(if is_error { 2 } else { 0 }), "{file}");
        count += 1;
    }
    assert!(count >= 60, "{count} scripts");
}

#[test]
fn shipped_runbooks_are_clean_and_their_scopes_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let listed = okta_runbook(folder.path()).args(["list", "--output", "json"]).output().unwrap();
    let runbooks: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names: Vec<&str> =
        runbooks.as_array().unwrap().iter().map(|runbook| runbook["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"ad/move_user_to_ou"), "{names:?}");
    let output = okta_runbook(folder.path()).arg("check").args(&names).args(["--output", "json"]).output().unwrap();
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    for report in reports.as_array().unwrap() {
        assert_eq!(report["findings"], Value::Array(Vec::new()), "{report}");
        assert!(!report["scopes"].as_array().unwrap().is_empty(), "{report}");
    }
    assert_eq!(output.status.code(), Some(0));
    for module in ["lib/ad", "lib/org2org"] {
        let (told, _) = checked(folder.path(), module);
        assert!(told.contains(": nothing found"), "{told}");
    }
}

#[test]
fn json_has_places_and_the_operations_of_modules() {
    let folder = tempfile::tempdir().unwrap();
    let script = "//! Find.\n\nconst ORGS = #{ okta: \"the org\" };\n\nimport \"lib/ad\" as ad;\n\nnote(ad::find_group(okta, \"x\"));\nnote(usres);\n";
    fs::write(folder.path().join("find.rhai"), script).unwrap();
    let output = okta_runbook(folder.path()).args(["check", "find.rhai", "--output", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &reports[0]["findings"][0];
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["length"], &finding["rule"]),
        (&8.into(), &6.into(), &5.into(), &"variable".into())
    );
    assert_eq!(reports[0]["operations"][0]["name"], "list_groups");
    assert_eq!(reports[0]["scopes"], serde_json::json!(["okta.groups.read"]));
}

#[test]
fn a_run_refuses_what_would_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let script = wrong_scripts().join("write_to_a_captured_variable.rhai");
    let output =
        okta_runbook(folder.path()).args(["run", script.to_str().unwrap(), "--simulator", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the change would be lost"), "{told}");
    assert!(!folder.path().join(".okta-runbook").exists(), "nothing was begun");
}

/// Each looks like a mistake and is none.
const SOUND: &[&str] = &[
    "let f = |x| x + 1; note(f.call(1));",
    "fn shown(x) { `${x}` } note([1, 2].map(shown));",
    "let m = #{ f: |x| x + 1 }; note(m.f(3));",
    "fn add(x) { this + x } let a = 1; note(a.add(2));",
    "const FEW = 3; fn few() { global::FEW } note(few());",
    "let a = 1; note([1].map(|x| [2].map(|y| y + a + x)));",
    "try { throw 1; } catch (err) { note(err); }",
    "for (x, i) in [1, 2] { note(`${i}: ${x}`); }",
    "switch okta.name { \"a\" | \"b\" => note(1), _ => { let x = 2; note(x); } }",
    "let rows = each([1, 2], |x| { let found = []; found.push(x); found }); note(rows);",
    "let seen = []; [1].map(|x| { seen.push(x); }); note(seen);",
    "let counts = #{}; for x in [\"a\"] { counts[x] = 1; counts.b = 2; } note(counts);",
    "let people = [#{ a: 1 }]; let kept = []; for person in people { person.b = 2; kept.push(person); } note(kept);",
    "let people = [#{ a: 1 }]; for person in people { person.b = person.a + 1; note(person.b); }",
    "let m = #{ a: [#{ b: 1 }] }; let i = 0; note(m.a[i].b); note(m[\"a\"][i][\"b\"]); note(m?.a?[0]?.b ?? 1);",
    "let list = okta.list_groups(); note(list[0].profile.name.to_upper());",
    "let name = \"lib/ad\"; import name as ad; note(ad::find_group(okta, \"x\"));",
    "import \"lib/ad\" as ad; let find = |name| ad::find_group(okta, name); note(find.call(\"x\"));",
    "if is_def_var(\"okta\") { note(type_of(okta)); }",
    "let x = { let y = 1; y + 1 }; note(x); let x = 2; note(x);",
    "let f = Fn(\"shown\"); fn shown(x) { x } note(f.call(1));",
    "note(dn::same(dn::parent(\"CN=a,OU=b\"), \"OU=b\"));",
    "fn deep(n) { if n == 0 { 0 } else { deep(n - 1) } } note(deep(3));",
    "let groups = [1]; let f = || groups; note(f.call()); fn groups() { [] }",
    "let m = #{ default: 1, module: 2 }; note(m.default + m.module);",
    "let total = 0; for x in 0..3 { total += x; } while total > 0 { total -= 1; } do { total += 1; } until total > 3; note(total);",
    "note(okta.get(\"/api/v1/org\").companyName); note(okta.list_users(#{ search: \"a\", limit: 1 }).len());",
    "const PARAMS = #{ mode: #{ choices: [\"a\", \"b\"], default: \"a\" } }; switch params.mode { \"a\" => note(#{ x: \"c\" }.x + \"d\"), \"b\" if okta.name == \"e\" => { note(\"f\"); } _ => () }",
    "const PARAMS = #{ n: #{ type: \"integer\", default: 1 } }; note(params.n.to_string()); note(params.n == 1.5); note(params[\"n\"] > 1); note(params.n == ());",
    "const PARAMS = #{ l: #{ type: \"list\", default: [] } }; let l = params.l; l.sort(); l.push(\"x\"); note(params.l.contains(\"x\")); note(params.l.map(|x, i| i)); note(params.l.len);",
    "const PARAMS = #{ s: #{ type: \"string\", default: \"\" } }; fn own(x) { this + x } note(params.s.own(\"x\")); note(params.s.to_upper().len);",
    "each([1], #{ key: |x| `${x}`, concurrency: 2 }, |x| x); let options = #{ on_failure: \"stop\" }; each([1], options, |x| x); wait_until(#{ timeout: 1.5, every: if true { 1 } else { 2 } }, || true);",
    "let f = |x| x; if okta.name == \"x\" { f = |x, y| x; } note([1].map(f)); let okta = #{}; okta.name = \"x\"; note(okta);",
    "fn sleep(x) { x } note(sleep(1)); fn manual(a) { a } note(manual(#{ any: 1 }));",
    "let act = #{ verify: || true }; manual(\"Turn it on\", #{ how: \"there\", verify: act.verify });",
];

#[test]
fn what_only_looks_wrong_passes() {
    let folder = tempfile::tempdir().unwrap();
    for script in SOUND {
        let text = format!("//! Sound.\n\nconst ORGS = #{{ okta: \"the org\" }};\n{script}\n");
        fs::write(folder.path().join("sound.rhai"), text).unwrap();
        let (told, code) = checked(folder.path(), "sound.rhai");
        assert!(code == Some(0) && told.starts_with("sound.rhai: nothing found"), "{script}\n{told}");
    }
}
