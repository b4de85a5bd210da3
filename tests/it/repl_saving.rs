//! What a session leaves behind: its runbook, its history, its runs; and what it asks before it writes.

use std::fs;
use std::path::Path;

use crate::prompt::{Person, Served, okta_runbook, session, told};

/// Saves a session and runs the file; answers the file and what its run told.
fn saved(folder: &Path, input: &str, more: &[&str]) -> (String, String) {
    let told = told(folder, &format!("{input}:save made.rhai\n"));
    let file = folder.join("made.rhai");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("nothing saved\n{told}"));
    let mut run = okta_runbook(folder, &["run", "made.rhai", "--simulator", "--yes"]);
    let run = run.args(more).env("NEW_PASSWORD", "Pa55word!").output().unwrap();
    fs::remove_file(file).unwrap();
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{text}\n{told}\n{errors}");
    (text, told)
}

const GROUP: &str = "let g = okta.add_group(#{ profile: #{ name: \"Made\" } })\n";

#[test]
fn a_last_result_that_fed_something_is_saved_by_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!(
        "{GROUP}let last = \"taken\";\nokta.get_user(\"ada.novak@corp.example\")\n_.id\nokta.get_user(`${{_}}`)\nokta.assign_user_to_group(g, _);\nnote(switch last {{ \"taken\" => 1, _ => 2 }})\n"
    );
    let (text, told) = saved(folder.path(), &input, &[]);
    assert!(
        text.contains("let last_result = okta.get_user(\"ada.novak@corp.example\");\nlet last_result = last_result.id;\nlet last_result = okta.get_user(`${last_result}`);\nokta.assign_user_to_group(g, last_result);\n"),
        "{text}"
    );
    assert!(text.contains("_ => 2"), "{text}");
    assert!(told.contains("2 writes"), "{told}");
}

#[test]
fn a_loaded_runbook_is_saved_without_its_header_and_prints_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let script = "//! Greet.\n\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\n\n// As agreed.\nstep(\"Greet\");\nprint(`hello ${okta.name}`);\n";
    fs::write(folder.path().join("greet.rhai"), script).unwrap();
    let input = format!(":load greet.rhai\nprint(\"again\")\n{GROUP}");
    let (text, told) = saved(folder.path(), &input, &[]);
    assert_eq!(text.matches("const ORGS").count(), 1, "{text}");
    assert_eq!(text.matches("//! ").count(), 2, "{text}");
    assert!(text.contains("// As agreed.\nstep(\"Greet\");"), "{text}");
    assert!(told.contains("hello okta") && told.contains("again"), "{told}");
}

#[test]
fn what_was_taken_back_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!("{GROUP}:undo\nokta.add_group(#{{ profile: #{{ name: \"Kept\" }} }});\n");
    let (text, told) = saved(folder.path(), &input, &[]);
    assert!(text.contains("Kept") && !text.contains("Made"), "{text}");
    assert!(told.contains("1 write"), "{told}");
    let nothing = session(folder.path(), &format!("{GROUP}:undo\n:save made.rhai\n"));
    assert_eq!(nothing.status.code(), Some(2));
    let text = String::from_utf8(nothing.stdout).unwrap();
    assert!(!text.contains("only ="), "{text}");
}

#[test]
fn secrets_of_a_session_become_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("00{}", "aB3-_".repeat(8));
    let input = format!(
        "let user = okta.create_user(#{{ activate: false, profile: #{{ firstName: \"Jo\", lastName: \"Doe\", email: \"jo@corp.example\", login: \"jo@corp.example\" }}, credentials: #{{ password: #{{ value: \"S3cret!pw\" }} }} }});\nlet known = \"{token}\"; note(type_of(known))\nfn hidden() {{ let pw = \"x1y2\"; note(pw.len()) }}\nhidden()\n"
    );
    let output = told(folder.path(), &format!("{input}:save seen.rhai\n"));
    assert!(output.contains("--param password=env:NAME --param token=env:NAME"), "{output}");
    let text = fs::read_to_string(folder.path().join("seen.rhai")).unwrap();
    for secret in ["S3cret!pw", token.as_str(), "x1y2"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("// Left out, since it may hold a secret"), "{text}");
    let given = ["--param", "password=env:NEW_PASSWORD", "--param", "token=env:NEW_PASSWORD"];
    let (text, told) = saved(folder.path(), &input[..input.find("fn hidden").unwrap()], &given);
    assert!(text.contains("password: #{ value: params.password }"), "{text}");
    assert!(told.contains("1 write"), "{told}");
}

#[test]
fn a_runbook_is_given_values_with_spaces_and_attestations() {
    let folder = tempfile::tempdir().unwrap();
    let script = "//! Greet.\n\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ name: #{ type: \"string\", help: \"whom\" } };\n\nmanual(\"Wave\", #{ how: \"with a hand\", name: \"wave\" });\nnote(`hello ${params.name}`);\n";
    fs::write(folder.path().join("greet.rhai"), script).unwrap();
    let text = told(
        folder.path(),
        ":run ./greet.rhai name=\"Jo Doe\" --attest wave\n:run ./greet.rhai --param 'name=Ada N' --attest=all\n",
    );
    for expected in ["hello Jo Doe", "hello Ada N", "(attested by"] {
        assert!(text.contains(expected), "{text}");
    }
    for (line, expected) in [
        (":run ./greet.rhai name\n", "help: write NAME=VALUE"),
        (":run ./greet.rhai --attest wave\n", "help: give it as name=…"),
        (":run ./greet.rhai name=Jo --attest wove\n", "no manual step is attested by `wove`"),
        (":run ./greet.rhai --yes\n", "`:run` has no option `--yes`"),
        (":run ./greet.rhai name=\"Jo\n", "a quote is not closed"),
        (":run org2org/setup\n", "--simulator=SCENARIO, a scenario that has it, such as org2org"),
        ("exit\n", "commands begin with a colon: :quit"),
        ("help()\n", "commands begin with a colon: :help"),
    ] {
        let output = session(folder.path(), line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{line}{error}");
    }
}

#[test]
fn all_orgs_of_a_scenario_are_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let output = okta_runbook(folder.path(), &["repl", "--simulator=org2org"])
        .write_stdin(
            ":orgs\nhub.list_users().len()\nspoke.list_users().len()\n:run org2org/configure_provisioning\n:runs\n",
        )
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("hub  http://") && text.contains("spoke  http://"), "{text}");
    // The session wrote nothing itself, its run did; neither has ended when it is asked.
    assert!(text.contains("| org2org/configure_provisioning "), "{text}");
    let expression = "hub.name + spoke.name";
    let eval = okta_runbook(folder.path(), &["eval", expression, "--simulator=org2org"]).output().unwrap();
    assert_eq!(String::from_utf8(eval.stdout).unwrap(), "hubspoke\n");
}

#[test]
fn one_org_is_not_taken_for_two() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start();
    served.production(folder.path());
    let arguments = ["repl", "--org", "spoke=acme", "--org", "hub=acme"];
    let refused =
        okta_runbook(folder.path(), &arguments).env("ACME_TOKEN", &served.token).write_stdin("1\n").output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("`hub` and `spoke` are the same org"), "{error}");
}

#[test]
fn a_run_that_goes_on_shows_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path(), &format!("{GROUP}:runs\n"));
    let row = text.lines().find(|line| line.contains("| repl ")).unwrap();
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    assert_eq!((cells[3], cells[6]), ("running", "1"), "{text}");
}

#[test]
fn files_of_the_home_folder_are_meant_by_a_tilde() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let input = format!("{GROUP}:save ~/made.rhai\n[#{{ a: 1 }}]\n:csv ~/one.csv\n:load ~/made.rhai\n");
    let output = okta_runbook(folder.path(), &["repl", "--simulator"])
        .env("HOME", home.path())
        .write_stdin(input)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(home.path().join("one.csv")).unwrap(), "a\n1\n");
}

#[cfg(unix)]
#[test]
fn an_entry_that_was_not_changed_is_not_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let output = okta_runbook(folder.path(), &["repl", "--simulator"])
        .env_remove("VISUAL")
        .env("EDITOR", "true")
        .write_stdin("40 + 1\n:edit\n")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "41\nnothing was changed, nothing is evaluated\n");
}

#[test]
fn a_question_says_what_is_written_and_for_which_item() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start();
    served.production(folder.path());
    let token = [("ACME_TOKEN", served.token.as_str())];
    let mut person = Person::begins(folder.path(), &["repl", "--org", "acme"], &token);
    person.enters("1").sees("okta@acme PRODUCTION> ");
    let each = "each([\"One\", \"Two\"], #{ concurrency: 1 }, |name| okta.add_group(#{ profile: #{ name: name, description: \"d\" } }).id).len()";
    person.is_asked().enters(each);
    person.sees("type its name: ");
    person.enters("acme");
    for name in ["One", "Two"] {
        person.sees(&format!(
            "(add_group) for {name}: profile.name = \"{name}\", profile.description = \"d\". Go on with this?"
        ));
        person.enters("y");
    }
    person.sees("\n2");
    // Names of what the session has read, and a secret that is not shown; a no is told once.
    person.is_asked().enters("let users = okta.list_users().all(); let groups = okta.list_groups().all();");
    person.is_asked().enters("okta.assign_user_to_group(groups.find(|g| g.profile.name == \"One\"), users.find(|u| u.profile.firstName == \"Ada\"))");
    person.sees("(assign_user_to_group): One, ada.novak@corp.example. Go on with this?");
    person.enters("n");
    let said = person.sees("not confirmed");
    assert!(!said.contains("The next call"), "{said}");
    person.is_asked().enters(
        "okta.update_user(\"ada.novak@corp.example\", #{ credentials: #{ password: #{ value: \"S3cret!pw\" } } })",
    );
    person.sees("credentials.password = \"(redacted)\". Go on with this?");
    person.enters("n").sees("not confirmed");
    person.leaves();
}

#[test]
fn the_history_is_on_disk_before_the_session_ends() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join(".okta-runbook/history");
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &[]);
    person.enters("40 + 2").sees("\n42");
    for secret in ["let pw = \"x1y2\";", "\"SSWS 00abc\".len()"] {
        person.is_asked().enters(secret);
    }
    person.is_asked().enters("40 + 3").sees("\n43");
    let text = fs::read_to_string(&history).unwrap();
    assert!(text.contains("40 + 2\n40 + 3\n"), "{text}");
    person.leaves();
    assert_eq!(fs::read_to_string(&history).unwrap(), text);
}
