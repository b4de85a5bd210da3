//! The README cannot lie: every command in it is run, in its order, by a shell in an empty folder.
//!
//! What stands for something else is exchanged: `cargo run --` for the built binary, the addresses of the example for those
//! of a simulator. Commands that would run these very tests, or install, are named in `ELSEWHERE`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::stage::{ADA, BEN, Ran, Stage, okta_runbook};

/// Run by `.ci/run`.
const ELSEWHERE: &[&str] = &["cargo test"];

struct Block {
    language: String,
    text: String,
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

fn blocks() -> Vec<Block> {
    let text = readme();
    let parts: Vec<&str> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "a code block is not closed");
    let code = parts.iter().skip(1).step_by(2);
    code.map(|part| {
        let (language, text) = part.split_once('\n').unwrap();
        Block { language: language.to_owned(), text: text.to_owned() }
    })
    .collect()
}

/// The commands of the shell blocks, one an item, lines joined where they go on.
fn commands() -> Vec<String> {
    let shell: Vec<Block> = blocks().into_iter().filter(|block| block.language == "sh").collect();
    let text: String = shell.into_iter().map(|block| block.text).collect();
    text.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

fn block(language: &str) -> String {
    let mut found = blocks().into_iter().filter(|block| block.language == language);
    let block = found.next().unwrap_or_else(|| panic!("no block of {language}"));
    assert!(found.next().is_none(), "two blocks of {language}");
    block.text
}

fn shell(stage: &Stage, exported: &[String], command: &str) -> Ran {
    let binary = assert_cmd::cargo::cargo_bin("okta-runbook");
    let bin = binary.parent().unwrap().display().to_string();
    let command = command.replace("cargo run --", "okta-runbook");
    // A soak takes hours: a short one shows that the command does what it says.
    let these_tests = std::env::current_exe().unwrap();
    let command = command
        .replace("cargo test --test it", &these_tests.display().to_string())
        .replace("SCHEDULES=1000", "SCHEDULES=2");
    let script = format!("{}\n{command}", exported.join("\n"));
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    Ran::command(
        Command::new("sh")
            .args(["-euc", &script])
            .current_dir(stage.folder())
            .env("PATH", path)
            .env("HOME", stage.folder())
            .env("USER", "opal")
            .env("ACME_TOKEN", stage.token())
            .env("AD_PASSWORD", stage.password())
            .env_remove("OKTA_CLIENT_ORGURL")
            .env_remove("OKTA_CLIENT_TOKEN")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null()),
    )
}

/// The profile file of the README, pointed at the simulator.
fn profile(stage: &Stage) -> String {
    let directory = stage.directory();
    let text = block("toml");
    let exchanged = [
        ("https://acme.okta.com", stage.url()),
        ("ldaps://dc1.corp.example", &directory.url),
        ("CN=Runbook,OU=Service,DC=corp,DC=example", &directory.bind_dn),
        ("base = \"DC=corp,DC=example\"", &format!("base = \"{}\"", directory.base)),
    ];
    exchanged.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let stage = Stage::contractors(&json!({}));
    std::fs::remove_file(stage.folder().join("okta-runbook.toml")).unwrap();
    stage.write("runbooks/greet.rhai", &block("rhai"));
    let mut exported: Vec<String> = Vec::new();
    let mut ran_any = 0;
    for command in commands() {
        if ELSEWHERE.contains(&command.as_str()) {
            continue;
        }
        if let Some(variable) = command.strip_prefix("export ") {
            let (name, _) = variable.split_once('=').unwrap();
            let value = match name {
                "OKTA_CLIENT_ORGURL" => stage.url(),
                "OKTA_CLIENT_TOKEN" => stage.token(),
                other => panic!("the README exports {other}"),
            };
            exported.push(format!("export {name}={value}"));
            continue;
        }
        if command.contains("okta-runbook simulator") {
            serves(stage.folder(), &command);
            continue;
        }
        if command.ends_with(" acme") || command.contains("--org acme") {
            // In a real org's terminal the simulator's variables are not set.
            exported.clear();
            stage.write("okta-runbook.toml", &profile(&stage));
        }
        let ran = shell(&stage, &exported, &command);
        assert_eq!(ran.code, Some(0), "{command}\n{ran}");
        ran_any += 1;
    }
    assert!(ran_any >= 8, "only {ran_any} commands were run");
    for login in [ADA, BEN, "chloe.dubois@corp.example"] {
        let account = stage.account(login).unwrap();
        assert!(account.dn.ends_with(",OU=Users,DC=corp,DC=example"), "{account:?}");
    }
}

/// The simulator's command is a process that tells its addresses and goes on.
fn serves(folder: &Path, command: &str) {
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let mut child = okta_runbook(folder).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.contains("Ctrl-C")).collect();
    end(&mut child);
    let told = told.join("\n");
    for words in ["OKTA_CLIENT_ORGURL=http://127.0.0.1:", "OKTA_CLIENT_TOKEN=00", "ldap://127.0.0.1:", "password "] {
        assert!(told.contains(words), "{words:?} is not in:\n{told}");
    }
}

/// Ctrl-C stops it with success.
fn end(child: &mut Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_second_run_of_the_tour_changes_nothing() {
    let stage = Stage::contractors(&json!({}));
    let run = commands().into_iter().find(|command| command.contains("users=ada.novak")).unwrap();
    let exported =
        [format!("export OKTA_CLIENT_ORGURL={}", stage.url()), format!("export OKTA_CLIENT_TOKEN={}", stage.token())];
    shell(&stage, &exported, &run).exits(0);
    stage.forget_calls();
    shell(&stage, &exported, &run).exits(0).says(&["nothing written"]);
    assert_eq!(stage.calls_that_write(), 0);
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/error.rs")).unwrap();
    let codes = source.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "));
    let codes: Vec<&str> = codes.map(|(_, code)| code).filter(|code| code.parse::<u8>().is_ok()).collect();
    assert!(codes.len() >= 7, "{codes:?}");
    for code in codes {
        assert!(readme().contains(&format!("\n| {code} | ")), "{code}");
    }
}
