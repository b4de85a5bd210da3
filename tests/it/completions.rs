//! What a shell is offered on Tab, and the manual pages.

use std::path::Path;

use super::stage::okta_runbook;

/// What completes the last of `words` in `folder`, as bash is told it.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    offered_to("bash", folder, words)
}

fn offered_to(shell: &str, folder: &Path, words: &[&str]) -> Vec<String> {
    let output = okta_runbook(folder)
        .env("OKTA_RUNBOOK_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_IFS", "\n")
        .args(["--", "okta-runbook"])
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn runbooks_and_their_parameters_are_offered() {
    let folder = tempfile::tempdir().unwrap();
    let own = "//! Own.\nconst PARAMS = #{ how: #{ type: \"choice\", choices: [\"slow\", \"fast\"], default: \"slow\", help: \"how\" } };\n";
    std::fs::create_dir_all(folder.path().join("runbooks/my")).unwrap();
    std::fs::write(folder.path().join("runbooks/my/own.rhai"), own).unwrap();
    let offered = |words: &[&str]| offered(folder.path(), words);
    assert_eq!(offered(&["run", "ad/move"]), ["ad/move_user_to_ou"]);
    assert!(offered(&["show", "my"]).contains(&"my/own".to_owned()));
    let move_user = ["run", "ad/move_user_to_ou", "--param"];
    assert_eq!(offered(&[&move_user[..], &["from_"]].concat()), ["from_group=", "from_ou="]);
    assert_eq!(offered(&["run", "--yes", "my/own", "-p", "how=f"]), ["how=fast"]);
}

#[test]
fn profiles_are_offered_for_orgs() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = "[orgs.prod]\nurl = \"https://prod.okta.com\"\ntoken = { env = \"T\" }\n[orgs.preview]\nurl = \"https://preview.oktapreview.com\"\ntoken = { env = \"T\" }\n";
    std::fs::write(folder.path().join("okta-runbook.toml"), profiles).unwrap();
    assert_eq!(offered(folder.path(), &["repl", "--org", "hub=pre"]), ["hub=preview"]);
}

#[test]
fn every_shell_gets_a_script_that_asks_this_program() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = okta_runbook(folder.path()).args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("OKTA_RUNBOOK_COMPLETE"), "{script}");
    }
}

/// What each shell's script asks and is answered. PowerShell's quotes nothing and separates help by a tab.
#[test]
fn every_shell_is_answered_in_its_own_form() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, separator) in [("bash", ""), ("zsh", ":"), ("fish", "\t"), ("powershell", "\t"), ("elvish", "")] {
        let answer = offered_to(shell, folder.path(), &["run", "ad/move"]);
        let first = answer.first().cloned().unwrap_or_default();
        let begins = format!("ad/move_user_to_ou{separator}");
        assert!(first.starts_with(&begins), "{shell}: {answer:?}");
        let parameter = offered_to(shell, folder.path(), &["run", "ad/move_user_to_ou", "--param", "from_o"]);
        assert!(parameter[0].starts_with("from_ou="), "{shell}: {parameter:?}");
    }
    let output = okta_runbook(folder.path()).args(["completions", "powershell"]).output();
    let script = String::from_utf8(output.unwrap().stdout).unwrap();
    for part in ["Register-ArgumentCompleter", "-CommandName okta-runbook", "$Env:OKTA_RUNBOOK_COMPLETE"] {
        assert!(script.to_lowercase().contains(&part.to_lowercase()), "{part}: {script}");
    }
}

/// The script itself, in the shell most have.
#[test]
fn bash_completes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = "source <(\"$0\" completions bash)\n\
        COMP_WORDS=(okta-runbook show ad/move); COMP_CWORD=2; COMP_TYPE=9\n\
        _clap_complete_okta_runbook okta-runbook ad/move show\n\
        echo \"${COMPREPLY[@]}\"\n";
    let program = assert_cmd::cargo::cargo_bin("okta-runbook");
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", script])
        .arg(program)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let offered = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(offered.trim(), "ad/move_user_to_ou", "{output:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = okta_runbook(folder.path()).arg("man").output().unwrap();
    assert!(String::from_utf8(page.stdout).unwrap().contains(".TH okta-runbook 1"));
    let written = okta_runbook(folder.path()).args(["man", "pages"]).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    for page in ["okta-runbook.1", "okta-runbook-run.1", "okta-runbook-repl.1"] {
        let text = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        let (_, codes) = text.split_once("EXIT STATUS").expect(page);
        for words in ["usage or bad input; nothing was sent", "waiting for a manual step"] {
            assert!(codes.contains(words), "{page}: {codes}");
        }
    }
}

/// The table of the README is that of the program.
#[test]
fn exit_codes_are_told_alike() {
    use okta_runbook::error::CommandExit;
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let readme = readme.unwrap();
    for exit in CommandExit::ALL {
        let row = format!("| {} | {} |\n", exit as u8, exit.meaning());
        assert!(readme.contains(&row), "{row}");
    }
}
