//! Tests of runbooks, written in the language of runbooks.

use std::path::Path;

use serde_json::Value;

use crate::stage::{Ran, okta_runbook};

fn test(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::command(okta_runbook(folder).arg("test").args(arguments))
}

/// A folder with one file of tests.
fn folder(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
    folder
}

#[test]
fn the_shipped_tests_pass_and_come_to_every_step_of_every_runbook() {
    let folder = tempfile::tempdir().unwrap();
    let ran = test(folder.path(), &["--output", "json"]);
    ran.exits(0);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["failed"], &told["untested"]), (&0.into(), &Value::Array(vec![])));
    let listed = okta_runbook(folder.path()).args(["list", "--output", "json"]).output();
    let listed: Value = serde_json::from_slice(&listed.unwrap().stdout).unwrap();
    let runbooks = listed.as_array().unwrap().iter();
    let runbooks = runbooks.filter(|it| it["kind"] == "runbook").map(|it| &it["name"]);
    let covered = told["steps"].as_array().unwrap();
    for name in runbooks {
        let steps = covered.iter().find(|runbook| runbook["runbook"] == *name);
        let steps = steps.unwrap_or_else(|| panic!("{name} is not tested"))["steps"].as_array();
        let missed: Vec<&Value> = steps.unwrap().iter().filter(|s| s["begun"] == false).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

#[test]
fn runbooks_without_tests_are_named() {
    let folder = folder("runbooks/my/own.rhai", "//! Own.\nnote(1);\n");
    let ran = test(folder.path(), &["--only", "nothing of that name"]);
    ran.exits(0).says(&["without tests: my/own"]);
    test(folder.path(), &["my/own"])
        .exits(2)
        .says(&["my/own has no tests", "write them in a file beside it: runbooks/my/own_test.rhai"]);
}

#[test]
fn tests_are_no_runbooks() {
    let folder = tempfile::tempdir().unwrap();
    let ran = Ran::command(okta_runbook(folder.path()).arg("list"));
    assert!(!ran.exits(0).stdout.contains("_test"), "{ran}");
}

#[test]
fn a_test_that_fails_shows_the_difference_and_the_place() {
    let folder = folder(
        "my_test.rhai",
        r#"test("sums", || assert_eq(#{ a: 1, b: [2] }, #{ a: 1, b: [3] }));
test("holds", || assert(1 < 2));
"#,
    );
    let ran = test(folder.path(), &["my_test.rhai"]);
    ran.exits(1).says(&[
        "FAILED my_test: sums",
        "the two differ (- expected, + actual):",
        "-     3",
        "+     2",
        "my_test.rhai:1:17",
        "ok     my_test: holds",
        "1 passed, 1 failed",
    ]);
    let ran = test(folder.path(), &["my_test.rhai", "--only", "holds"]);
    ran.exits(0).says(&["1 passed, 0 failed"]);
    let ran = test(folder.path(), &["my_test.rhai", "--output", "junit"]);
    ran.exits(1).says(&[
        "<testsuite id=\"0\" name=\"my_test\"",
        "tests=\"2\" failures=\"1\"",
        "<testcase name=\"sums\" classname=\"my_test\"",
    ]);
}

/// The tests of a runbook stand beside it, and see the copy that is found first.
#[test]
fn a_change_to_a_copy_is_seen_by_its_tests() {
    let folder = folder(
        "runbooks/groups/make.rhai",
        r#"//! Make a group.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ name: #{ type: "string", help: "its name" } };
step("Look");
check(okta.list_groups(#{ q: params.name }).is_empty(), "there is no such group");
step(`Make ${params.name}`);
okta.add_group(#{ profile: #{ name: params.name } });
if params.name == "never" {
    step("Never");
}
"#,
    );
    let tests = r#"test("a group is made", || {
    let sim = simulator();
    let r = run_runbook("groups/make", #{ name: "A" });
    assert_eq(r.steps, ["Look", "Make A"]);
    assert_eq(r.writes.map(|write| write.operation), ["add_group"]);
    let okta = sim.org();
    let found = okta.list_groups(#{ q: "A" }).filter(|group| group.profile.name == "A");
    assert_eq(found.len(), 1);
});
test("each test has an org of its own", || {
    let sim = simulator(#{});
    assert_eq(sim.requests().writes, 0);
    let r = run_runbook("groups/make", #{ name: "A" });
    assert_eq(r.exit, 0);
    assert_eq(run_runbook("groups/make", #{ name: "A" }).message.contains("there is no such group"), true);
});
test("a fault is met", || {
    let sim = simulator();
    sim.fault(#{ method: "POST", path: "/api/v1/groups", action: "status", status: 403, errorCode: "E0000006" });
    let r = run_runbook("groups/make", #{ name: "A" });
    assert_eq(r.outcome, "failed");
    assert_eq(r.refused[0].operation, "add_group");
});
test("a wrong parameter is refused before the run", || {
    assert_eq(run_runbook("groups/make", #{ nam: "A" }).exit, 2);
});
test("writes wait for consent", || {
    let r = run_runbook("groups/make", #{ name: "A" }, #{ agree: false });
    assert_eq([r.exit, r.writes.len()], [2, 0]);
});
"#;
    std::fs::write(folder.path().join("runbooks/groups/make_test.rhai"), tests).unwrap();
    let ran = test(folder.path(), &["groups/make"]);
    ran.exits(0).says(&[
        "5 passed, 0 failed",
        "steps of groups/make: 2 of 3 begun",
        "not begun: Never (runbooks/groups/make.rhai:9)",
    ]);
    let file = folder.path().join("runbooks/groups/make.rhai");
    let changed = std::fs::read_to_string(&file).unwrap();
    let changed = changed.replace("okta.add_group", "// okta.add_group");
    std::fs::write(&file, changed).unwrap();
    let ran = test(folder.path(), &["groups/make", "--only", "a group is made"]);
    ran.exits(1).says(&["-   \"add_group\""]);
}

#[test]
fn what_is_no_test_is_told() {
    for (text, expected) in [
        ("let x = 1;", "has no tests"),
        ("simulator(#{});\ntest(\"a\", || 1);", "simulator is called within a test"),
        ("test(\"a\", || 1);\ntest(\"a\", || 2);", "a test of this title is at line 1 already: a"),
        ("test(\"a\", || asert(true));", "did you mean assert(fact, words?)?"),
    ] {
        let folder = folder("x_test.rhai", text);
        let ran = test(folder.path(), &["x_test.rhai"]);
        assert_ne!(ran.code, Some(0), "{ran}");
        ran.says(&[expected]);
    }
}
