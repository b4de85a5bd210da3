//! Sessions: piped, and at a pseudo-terminal.

use std::fs;

use serde_json::Value;

use crate::prompt::{Person, Served, okta_runbook, session, told};

#[test]
fn a_piped_list_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path(), "okta.list_groups()");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("| name     | type     | description"), "{text}");
    assert!(lines[2].starts_with("| Everyone | BUILT_IN |"), "{text}");
}

#[test]
fn an_entry_has_what_those_before_declared() {
    let folder = tempfile::tempdir().unwrap();
    let input = r#"let users = okta.list_users(#{ limit: 200 }).all();
fn twice(x) {
    x * 2
}
twice(users.len())
_ + 1
import "lib/ad" as ad;
ad::find_group(okta, "Everyone")?.type
fn twice(x) { x + x + x }
let f = |x| twice(x) + users.len();
f.call(1)
switch _ { 28 => "as expected", _ => "something else" }
let s = `two
lines`;
s.len()
"#;
    assert_eq!(told(folder.path(), input), "50\n51\nBUILT_IN\n28\nas expected\n9\n");
}

#[test]
fn the_first_error_ends_a_piped_session_and_quotes_the_entry() {
    let folder = tempfile::tempdir().unwrap();
    let output = session(folder.path(), "let a = 1;\nnot(a)\nprint(\"not reached\")\n");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: there is no function `not`\n --> input 2:1:1\n"), "{error}");
    assert!(error.contains("help: did you mean note(words)?"), "{error}");
    assert!(!String::from_utf8(output.stdout).unwrap().contains("not reached"));
}

#[test]
fn eval_prints_json_of_the_whole_list_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["eval", "okta.list_users(#{ limit: 2 })", "--simulator", "--output", "json"];
    let output = okta_runbook(folder.path(), &arguments).output().unwrap();
    let users: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(users.as_array().unwrap().len(), 25);
    let wrong = okta_runbook(folder.path(), &["eval", "okta.list_groups(", "--simulator"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn small_pages_do_not_cost_many_calls() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path(), "okta.list_users(#{ limit: 2 })\nmore\n");
    assert!(text.contains("(6 of many: `more`)"), "{text}");
    assert!(text.contains("(12 of many: `more`)"), "{text}");
}

#[test]
fn a_session_becomes_a_runbook_without_reads_that_fed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = r#"okta.list_groups()
let everyone = okta.list_groups().first();
let unused = okta.list_users().first();
let name = "From a session";
let group = okta.add_group(#{ profile: #{ name: name } })
okta.assign_user_to_group(group, okta.get_user("ada.novak@corp.example"))
group.profile.name
:save made.rhai
"#;
    let text = told(folder, input);
    assert!(text.contains("wrote 3 statements to made.rhai"), "{text}");
    let saved = fs::read_to_string(folder.join("made.rhai")).unwrap();
    assert!(
        saved.ends_with(
            r#"let name = "From a session";
let group = okta.add_group(#{ profile: #{ name: name } });
okta.assign_user_to_group(group, okta.get_user("ada.novak@corp.example"));
"#
        ),
        "{saved}"
    );
    let run = okta_runbook(folder, &["run", "made.rhai", "--simulator", "--yes"]).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success() && text.contains("2 writes"), "{text}");
    let again = session(folder, "okta.add_group(#{ profile: #{ name: \"x\" } })\n:save made.rhai\n");
    assert_eq!(again.status.code(), Some(2), "an existing file stays");
}

#[test]
fn commands_tell_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("two.rhai"), "let a = 1;\nlet b = a + 1;\n").unwrap();
    let input = r":load two.rhai
b
fn f(x) { x }
:vars
:ops assign_user_to_group
:help wait_until
okta.list_users(#{ limit: 200 })
:scopes
:limits
:csv users.csv
:time 1 + 1
:runs
";
    let text = told(folder, input);
    for expected in [
        "2\n",
        "b  value",
        "fn f(x)",
        "okta.assign_user_to_group(group_id, user_id)\n    PUT /api/v1/groups/{groupId}/users/{userId} (writes; ",
        "wait_until(#{timeout?, every?, what?}, || fact)",
        "okta.users.read",
        "| org  | calls of",
        "wrote 25 rows to users.csv",
        " s)\n",
        "| repl ",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let mut csv = csv::Reader::from_path(folder.join("users.csv")).unwrap();
    assert!(csv.headers().unwrap().iter().any(|name| name == "profile.login"));
    assert_eq!(csv.records().count(), 25);
    let unknown = session(folder, ":sav x\n");
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(error.contains("did you mean :save?"), "{error}");
}

#[test]
fn a_runbook_runs_in_a_session_as_a_run_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let script = "//! Greet.\n\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ name: #{ type: \"string\", help: \"whom\" } };\n\nstep(\"Greet\");\nnote(`hello ${params.name} of ${okta.name}`);\n";
    fs::create_dir_all(folder.path().join("runbooks")).unwrap();
    fs::write(folder.path().join("runbooks/greet.rhai"), script).unwrap();
    let text = told(folder.path(), ":run greet name=Jo\n:runs\n");
    assert!(text.contains("hello Jo of okta"), "{text}");
    assert!(text.contains("| greet "), "{text}");
}

#[cfg(unix)]
#[test]
fn the_last_entry_is_edited_and_evaluated() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    fs::write(&editor, "#!/bin/sh\nsed -i 's/40/41/' \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let output = okta_runbook(folder.path(), &["repl", "--simulator"])
        .env_remove("VISUAL")
        .env("EDITOR", &editor)
        .write_stdin("40 + 1\n:edit\n")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "41\n41 + 1\n42\n");
}

#[test]
fn a_session_takes_back_what_it_wrote_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = "okta.assign_user_to_group(okta.add_group(#{ profile: #{ name: \"Fresh\" } }), okta.get_user(\"ada.novak@corp.example\"));";
    let look = "okta.list_groups().map(|g| g.profile.name).contains(\"Fresh\")";
    let text = told(folder.path(), &format!("{write}\n{look}\n:undo\n{look}\n{write}\n{look}\n:runs\n"));
    let looks: Vec<&str> = text.lines().filter(|line| matches!(*line, "true" | "false")).collect();
    assert_eq!(looks, ["true", "false", "true"], "{text}");
    assert!(text.contains("delete_group  204"), "{text}");
    assert!(text.contains("| undo of "), "{text}");
    let nothing = session(folder.path(), ":undo\n");
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn without_a_person_nothing_is_written_to_an_org() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start();
    let write = "okta.add_group(#{ profile: #{ name: \"Fresh\" } }).profile.name";
    let with = |arguments: &[&str]| {
        okta_runbook(folder.path(), arguments)
            .env("OKTA_CLIENT_ORGURL", &served.url)
            .env("OKTA_CLIENT_TOKEN", &served.token)
            .output()
            .unwrap()
    };
    let refused = with(&["eval", write]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--yes"));
    let agreed = with(&["eval", write, "--yes"]);
    assert!(String::from_utf8(agreed.stdout).unwrap().ends_with("Fresh\n"));
}

#[test]
fn a_person_explores_and_saves() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &[]);
    // An operation, with its signature as a hint; a group by its name, completed to its id; a table.
    person.types("okta.list_group_u\t").sees("group_id, #{after?, limit?})");
    person.types("\"Ev\t").sees("00gExeM0MLQBa390R1d7\"");
    person.enters(")").sees("| ada.novak@corp.example");
    person.is_asked().types("okta.list_app\t\t");
    person.sees("GET /api/v1/apps/{appId}/users");
    person.presses('c').sees("Ctrl-D leaves");
    // A function of several lines.
    person.is_asked().enters("fn twice(x) {").enters("x * 2");
    person.enters("}").is_asked().enters("twice(21)").sees("\n42");
    // An error with caret and help.
    person.is_asked().enters("twise(21)").sees("^^^^^");
    person.sees("did you mean twice(x)?");
    // Ctrl-C in a waiting call, and in a busy loop, keeps the session.
    let waits = "wait_until(#{ timeout: 60, what: \"nothing\" }, || false)";
    person.is_asked().enters(waits).sees("waiting up to");
    person.presses('c').sees("interrupted");
    person.is_asked().enters("note(\"busy\"); loop { }").sees("· busy");
    person.presses('c').sees("interrupted");
    person.is_asked().enters("twice(4)").sees("\n8");
    // What is pasted waits for Enter.
    person.is_asked().types("\x1b[200~let q = 5;\nq + 9\x1b[201~").enters("0").sees("\n95");
    // Keys of a map at hand, and a live login.
    person.is_asked().enters("let m = #{ colour: \"red\" };");
    person.is_asked().types("m.col\t").enters("").sees("\nred");
    person.is_asked().types("okta.get_user(\"ada\t");
    person.sees("ada.novak@corp.example\"");
    person.enters(").status").sees("\nACTIVE");
    // An OU of the directory.
    person.is_asked().types("dn::rdn(\"OU=User-C\t");
    person.sees("OU=User-Contractor,DC=corp,DC=example\"");
    person.enters(")").sees("\nUser-Contractor");
    let write = "okta.add_group(#{ profile: #{ name: \"Mine\" } }).profile.name";
    person.is_asked().enters(write).sees("\nMine");
    // A plan: a write is listed, and dropped.
    person.is_asked().enters(":plan on").sees("plan: okta simulator> ");
    let write = "okta.add_group(#{ profile: #{ name: \"Tried\" } }).id";
    person.enters(write).sees("\n00gPLANNED");
    person.is_asked().enters(":plan show").sees("add_group");
    person.is_asked().enters(":plan off").sees("1 write dropped");
    // Runbooks and their parameters.
    person.is_asked().types(":run ad/mo\t").types(" acc\t");
    person.sees(":run ad/move_user_to_ou accept_rule_exclusions=");
    person.presses('c').sees("Ctrl-D leaves");
    person.is_asked().enters(":save mine.rhai").sees("wrote 1 statements");
    person.leaves();
    let run = okta_runbook(folder.path(), &["run", "mine.rhai", "--simulator", "--yes"]).output().unwrap();
    assert!(run.status.success());
}

#[test]
fn the_history_goes_on_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &[]);
    person.enters("40 + 2").sees("\n42");
    person.is_asked().enters("\"my password is\" + 1");
    person.sees("\nmy password is1");
    person.leaves();
    let history = fs::read_to_string(folder.path().join(".okta-runbook/history")).unwrap();
    assert!(history.contains("40 + 2") && !history.contains("password"), "{history}");
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &[]);
    person.types("\x1b[A").sees("40");
    person.enters("").sees("\n42");
    person.leaves();
}

#[test]
fn yes_alone_does_not_change_a_production_org() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start();
    served.production(folder.path());
    let write = "okta.add_group(#{ profile: #{ name: \"Fresh\" } }).profile.name";
    let names = "okta.list_groups().map(|g| g.profile.name)";
    let with = |arguments: &[&str], input: &str| {
        okta_runbook(folder.path(), arguments)
            .args(["--org", "acme"])
            .env("ACME_TOKEN", &served.token)
            .write_stdin(input)
            .output()
            .unwrap()
    };
    for refused in [with(&["eval", write, "--yes"], ""), with(&["repl", "--yes"], write), with(&["repl"], write)] {
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("`acme` is a production org"), "{said}");
        assert!(said.contains("pass --production acme"), "{said}");
    }
    let read = with(&["eval", names, "--yes"], "");
    assert!(read.status.success(), "{read:?}");
    assert!(!String::from_utf8_lossy(&read.stdout).contains("Fresh"));
    let written = with(&["eval", write, "--yes", "--production", "acme"], "");
    assert!(String::from_utf8_lossy(&written.stdout).contains("Fresh"), "{written:?}");
}

#[test]
fn a_production_org_is_red_and_asks_before_each_write() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start();
    served.production(folder.path());
    let token = [("ACME_TOKEN", served.token.as_str())];
    let mut person = Person::begins(folder.path(), &["repl", "--org", "acme"], &token);
    person.enters("1").sees("\u{1b}[1m\u{1b}[31mokta@acme PRODUCTION> ");
    let add = |name: &str| format!("okta.add_group(#{{ profile: #{{ name: \"{name}\" }} }})");
    person.is_asked().enters(&add("None"));
    person.sees("type its name: ");
    person.enters("acmee").sees("was not typed");
    for name in ["One", "Two"] {
        person.is_asked().enters(&format!("{}.profile.name", add(name)));
        // Once; then each write is asked for.
        if name == "One" {
            person.sees("type its name: ");
            person.enters("acme");
        }
        person.sees("Go on with this? [y/N]");
        person.enters("y").sees(&format!("\n{name}"));
    }
    person.is_asked().enters(&add("Three"));
    person.sees("Go on with this? [y/N]");
    person.enters("n").sees("error:");
    let look = "okta.list_groups().map(|g| g.profile.name).contains(\"Three\")";
    person.is_asked().enters(look).sees("\nfalse");
    person.leaves();
}
