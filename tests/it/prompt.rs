//! Sessions as tests hold them: from a pipe, and a person at a pseudo-terminal.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use assert_cmd::Command;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use serde_json::Value;

pub(crate) fn okta_runbook(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("okta-runbook").unwrap();
    command.current_dir(folder).env("HOME", "/nowhere").env("XDG_DATA_HOME", "/nowhere").args(arguments);
    command
}

/// What a piped session on a simulator prints.
pub(crate) fn session(folder: &Path, input: &str) -> Output {
    okta_runbook(folder, &["repl", "--simulator"]).write_stdin(input).output().unwrap()
}

pub(crate) fn told(folder: &Path, input: &str) -> String {
    let output = session(folder, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A simulator of its own process, as a real org would be.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Served {
    pub(crate) fn start() -> Self {
        let mut process = std::process::Command::new(assert_cmd::cargo::cargo_bin("okta-runbook"))
            .args(["simulator", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let org = &ready["orgs"]["okta"];
        Self { process, url: org["url"].as_str().unwrap().to_owned(), token: org["token"].as_str().unwrap().to_owned() }
    }

    /// A profile of it, as of a production org.
    pub(crate) fn production(&self, folder: &Path) {
        let text =
            format!("[orgs.acme]\nurl = \"{}\"\ntoken = {{ env = \"ACME_TOKEN\" }}\nproduction = true\n", self.url);
        fs::write(folder.join("okta-runbook.toml"), text).unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Who types at a terminal of 120 columns.
pub(crate) struct Person {
    pty: PtySession,
}

impl Person {
    pub(crate) fn begins(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "stty cols 120 rows 40; exec \"$@\"", "sh"])
            .arg(assert_cmd::cargo::cargo_bin("okta-runbook"))
            .current_dir(folder)
            .env("HOME", "/nowhere")
            .env("XDG_DATA_HOME", "/nowhere")
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .args(arguments);
        let options = Options::new().timeout_ms(Some(20_000));
        let pty = spawn_with_options(command, options).unwrap();
        let mut person = Self { pty };
        person.is_asked();
        person
    }

    /// Waits for the prompt: the editor then turns bracketed paste on. What is typed before is lost, as in any shell.
    pub(crate) fn is_asked(&mut self) -> &mut Self {
        self.sees("\u{1b}[?2004h");
        self
    }

    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.pty.send(keys).unwrap();
        self.pty.flush().unwrap();
        self
    }

    pub(crate) fn enters(&mut self, line: &str) -> &mut Self {
        self.types(&format!("{line}\r"))
    }

    /// Waits for `text`; answers what came before it.
    pub(crate) fn sees(&mut self, text: &str) -> String {
        match self.pty.exp_string(text) {
            Ok(before) => before,
            Err(error) => panic!("{text:?} was not seen: {error}"),
        }
    }

    pub(crate) fn presses(&mut self, key: char) -> &mut Self {
        self.pty.send_control(key).unwrap();
        self
    }

    pub(crate) fn leaves(mut self) {
        self.is_asked().presses('d');
        self.pty.exp_eof().unwrap();
    }
}
