//! Parameters from files: `--params`, and CSV files as spreadsheets and PowerShell write them.

use serde_json::json;

use crate::stage::{ADA, BEN, Ran, Stage};

#[test]
fn a_file_of_parameters_is_printed_changed_and_run() {
    let stage = Stage::contractors(&json!({}));
    let printed = Ran::command(stage.command().args(["show", "ad/move_user_to_ou", "--params"]));
    let text = printed.exits(0).said();
    assert!(text.contains("# logins, e-mails or ids"), "{text}");
    assert!(text.contains("\n# timeout = 300"), "{text}");
    stage.write(
        "move.toml",
        &text
            .replace(", \"chloe.dubois@corp.example\"", "")
            .replace(",\"chloe.dubois@corp.example\"", "")
            .replace("# timeout = 300", "timeout = 30"),
    );
    stage.write("people/users.csv", &format!("login\n{BEN}\n"));
    // A file is named as seen from the file that names it; the command line comes first.
    let people = text.lines().map(|line| if line.starts_with("users = ") { "users = \"@users.csv\"" } else { line });
    stage.write("people/move.toml", &people.collect::<Vec<_>>().join("\n"));
    let plan = ["--attest", "all", "--output", "json"];
    let ran = Ran::command(
        stage
            .command()
            .args(["run", "ad/move_user_to_ou", "--yes", "--params", "move.toml"])
            .args(plan)
            .args(["-p", &format!("users={ADA}")]),
    );
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    assert_eq!(ran.events_of("run")[0]["parameters"]["timeout"], 30);
    let ran = Ran::command(
        stage.command().args(["run", "ad/move_user_to_ou", "--yes", "--params", "people/move.toml"]).args(plan),
    );
    ran.exits(0);
    stage.assert_moved(BEN, &ran);
    assert!(
        ran.events_of("run")[0]["parameters"]["origins"]["users"][0]
            .as_str()
            .is_some_and(|row| row.ends_with("users.csv:2"))
    );
}

#[test]
fn what_is_wrong_in_a_file_of_parameters_is_told_at_once() {
    let stage = Stage::contractors(&json!({}));
    stage.forget_calls();
    stage.write("move.toml", "usres = [\"a@x\"]\ntimeout = \"soon\"\ncreate = true\n");
    let ran = Ran::command(stage.command().args(["run", "ad/move_user_to_ou", "--yes", "--params", "move.toml"]));
    ran.exits(2).says(&["has no parameter `usres`", "`timeout` is an integer, not \"soon\"", "`to_ou` is missing"]);
    stage.write("setup.toml", "hub_token = \"00literalTokenOfTheHub0000000000000000000\"\n");
    let ran = Ran::command(stage.command().args(["plan", "org2org/setup", "--simulator", "--params", "setup.toml"]));
    ran.exits(2).says(&["hub_token"]);
    assert!(!ran.said().contains("00literalTokenOfTheHub"), "{ran}");
    assert_eq!(stage.calls(|_| true), 0);
}

#[test]
fn a_file_is_read_as_spreadsheets_and_powershell_write_it() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (name, content, told) in [
        (
            "semicolons",
            format!("sep=;\r\n\"login\";\"Name\"\r\n{ADA};\"Novak, Ada\"\r\n;\r\n").into_bytes(),
            "nothing reads the columns",
        ),
        (
            "tabs",
            [&[0xff, 0xfe][..], &wide(&format!("Name\tlogin\r\nAda\t{ADA}\r\n"))].concat(),
            "it was read as UTF-16",
        ),
        ("powershell", wide(&format!("#TYPE Selected.User\r\n\"login\"\r\n\"{ADA}\"\r\n")), "it was read as UTF-16"),
        ("windows", [b"login,Name\r\n", ADA.as_bytes(), b",Nov\xe1k\r\n"].concat(), "it was read as Windows-1252"),
    ] {
        let stage = Stage::contractors(&json!({}));
        std::fs::write(stage.folder().join("users.csv"), content).unwrap();
        let ran = stage.move_users(&["users=@users.csv"]);
        ran.exits(0).says(&[told]);
        stage.assert_moved(ADA, &ran);
        assert_eq!(ran.items().len(), 1, "{name}");
    }
}
