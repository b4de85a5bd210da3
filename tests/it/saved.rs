//! `save` and `runs files`: tables of a run as files, told with their digests, without secrets.

use serde_json::json;

use crate::stage::{Ran, Stage};

fn play(stage: &Stage, lines: &str) -> Ran {
    let header = "//! A trial.\nconst ORGS = #{ okta: \"the org\" };\n";
    stage.write("runbooks/trial.rhai", &format!("{header}step(\"All\");\n{lines}\n"));
    Ran::command(stage.command().args(["run", "trial", "--yes", "--output", "json"]))
}

fn run_of(ran: &Ran) -> String {
    ran.outcome()["run"].as_str().expect("a run").to_owned()
}

#[test]
fn a_table_is_saved_listed_and_printed() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "let rows = okta.list_users().all().sorted_by(|user| user.profile.login).map(|user| #{ login: user.profile.login, n: 1, seen: time(\"2026-01-02\") });
save(\"people.csv\", [\"login\", \"seen\", \"none\"], rows);
save(\"people.json\", rows);
save(\"nobody.csv\", [\"login\"], []);",
    );
    ran.exits(0);
    let run = run_of(&ran);
    let saved = ran.events_of("saved");
    assert_eq!(saved.iter().map(|event| event["rows"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 4, 0]);
    let listed = Ran::command(stage.command().args(["runs", "files", &run, "--output", "json"]));
    let files: serde_json::Value = serde_json::from_str(listed.exits(0).said().trim()).unwrap();
    assert_eq!(files[0]["name"], "people.csv");
    assert_eq!((&files[0]["digest"], &files[0]["state"]), (&saved[0]["digest"], &json!("as saved")));
    let path = files[0]["path"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("login,seen,none\nada.novak@corp.example,2026-01-02T00:00:00.000Z,\n"), "{text}");
    let printed = Ran::command(stage.command().args(["runs", "files", &run, "people.csv"]));
    assert!(printed.exits(0).said().contains("ada.novak@corp.example,2026-01-02"), "{printed}");
    let html = stage.folder().join("proof.html");
    Ran::command(stage.command().args(["runs", "report", &run, "-o"]).arg(&html)).exits(0);
    let digest = saved[1]["digest"].as_str().unwrap();
    assert!(std::fs::read_to_string(&html).unwrap().contains(digest));
    for form in ["json", "md"] {
        let file = stage.folder().join(format!("proof.{form}"));
        Ran::command(stage.command().args(["runs", "report", &run, "-o"]).arg(&file)).exits(0);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("people.json") && text.contains(digest), "{text}");
    }
    // What became of the files since is seen.
    std::fs::write(&path, text.replace("ada", "eve")).unwrap();
    Ran::command(stage.command().args(["runs", "files", &run])).exits(0).says(&["changed since"]);
    Ran::command(stage.command().args(["runs", "files", &run, "people.csv"])).exits(1).says(&["changed since"]);
    std::fs::remove_file(&path).unwrap();
    Ran::command(stage.command().args(["runs", "files", &run, "people.csv"])).exits(1).says(&["is not here"]);
    Ran::command(stage.command().args(["runs", "files", &run, "x.csv"])).exits(2).says(&["saved no file `x.csv`"]);
}

#[test]
fn no_secret_is_in_a_file_and_nobody_else_reads_it() {
    let stage = Stage::contractors(&json!({}));
    let token = stage.token().to_owned();
    // A key that no parameter named is known by its shape, a password by the name of its column.
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSi\n-----END PRIVATE KEY-----\n";
    stage.write("key.pem", key);
    stage.write(
        "runbooks/trial.rhai",
        &format!(
            "const ORGS = #{{ okta: \"the org\" }};\nconst PARAMS = #{{ key: #{{ type: \"file\" }} }};\nsave(\"keys.csv\", [\"key\", \"password\", \"login\"], [[params.key, \"Tr0ub4dor\", okta.name]]);\nsave(\"leak.json\", [#{{ a: \"{token}\", b: [#{{ password: \"x{token}y\" }}] }}]);\n"
        ),
    );
    let run = ["run", "trial", "--yes", "--output", "json", "-p", "key=key.pem"];
    let ran = Ran::command(stage.command().args(run));
    let run = run_of(ran.exits(0));
    let listed = Ran::command(stage.command().args(["runs", "files", &run, "--output", "json"]));
    let files: serde_json::Value = serde_json::from_str(listed.exits(0).said().trim()).unwrap();
    let texts =
        files.as_array().unwrap().iter().map(|file| std::fs::read_to_string(file["path"].as_str().unwrap()).unwrap());
    let texts = texts.collect::<Vec<_>>().concat();
    for secret in [token.as_str(), "MIIEvAIBADAN", "Tr0ub4dor"] {
        assert!(!texts.contains(secret), "{texts}");
    }
    assert!(texts.contains(",okta\n"), "{texts}");
    let path = files[0]["path"].as_str().expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for (path, mode) in [(std::path::Path::new(path), 0o600), (std::path::Path::new(path).parent().unwrap(), 0o700)]
        {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }
}

#[test]
fn what_cannot_be_saved_is_refused_with_the_reason() {
    let stage = Stage::contractors(&json!({}));
    for (lines, words) in [
        ("save(\"../x.csv\", [\"a\"], []);", "is no name of a file"),
        ("save(\"x.txt\", [\"a\"], []);", "ends neither with .csv nor with .json"),
        ("save(\"x.csv\", [\"a\"], []); save(\"X.csv\", [\"a\"], []);", "was saved already in this run"),
        ("save(\"x.csv\", [\"a\", \"b\"], [[1]]);", "a row has 1 cells and there are 2 columns"),
        ("save(\"x.csv\", [1]);", "save: rows are maps"),
        ("save(\"x.json\", [\"f\"], [[|x| x]]);", "has no JSON form"),
        ("each([1], |n| save(\"x.csv\", [\"a\"], []));", "save after the bulk step"),
    ] {
        play(&stage, lines).exits(1).says(&[words]);
    }
}

#[test]
fn a_run_that_is_taken_up_again_has_each_file_once() {
    let stage = Stage::contractors(&json!({}));
    let ran = play(
        &stage,
        "save(\"before.csv\", [\"at\"], [[now()]]);\nmanual(\"Look\", #{ how: \"so\", name: \"look\" });\nsave(\"after.csv\", [\"a\"], [[1]]);",
    );
    ran.exits(4);
    let run = run_of(&ran);
    let resumed = Ran::command(stage.command().args(["resume", &run, "--attest", "look", "--output", "json"]));
    resumed.exits(0);
    let listed = Ran::command(stage.command().args(["runs", "files", &run, "--output", "json"]));
    let files: serde_json::Value = serde_json::from_str(listed.exits(0).said().trim()).unwrap();
    let states: Vec<_> = files.as_array().unwrap().iter().map(|file| (&file["name"], &file["state"])).collect();
    let as_saved = json!("as saved");
    assert_eq!(states, [(&json!("before.csv"), &as_saved), (&json!("after.csv"), &as_saved)]);
}
