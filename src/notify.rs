//! Words to people elsewhere: a message is given to a command, or posted to a webhook.
//!
//! Delivery is bounded in time and changes nothing: what fails is said in words, without the address.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// Longest that a command or a webhook may take.
const LONGEST: Duration = Duration::from_secs(10);

/// Where messages go.
#[derive(Clone, Debug)]
pub struct NotificationTarget {
    /// A program and its arguments; may be empty.
    pub command: Vec<String>,
    /// `https`, or `http` on this machine.
    pub webhook: Option<SecretString>,
}

impl NotificationTarget {
    /// Gives `message`, whose `text` is one line for a person, to everyone. Returns what went wrong.
    pub fn deliver(&self, message: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some((program, arguments)) = self.command.split_first() {
            wrong.extend(run_command(program, arguments, message).err());
        }
        if let Some(address) = &self.webhook {
            wrong.extend(post(address.expose_secret(), message).err());
        }
        wrong
    }
}

fn run_command(program: &str, arguments: &[String], message: &Value) -> Result<(), String> {
    let text = message["text"].as_str().unwrap_or_default();
    let arguments = arguments.iter().map(|argument| argument.replace("{text}", text));
    let failed = |why: String| format!("`{program}` {why}");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read what it is given is none the worse for it.
        let _ = writeln!(input, "{message}");
    }
    let status = wait_within(&mut child, LONGEST).map_err(|error| failed(error.to_string()))?;
    match status {
        None => Err(failed(format!("took longer than {} s", LONGEST.as_secs()))),
        Some(status) if status.success() => Ok(()),
        Some(status) => {
            let mut said = Vec::new();
            if let Some(errors) = child.stderr.take() {
                // What it said is a help, no more.
                let _ = errors.take(500).read_to_end(&mut said);
            }
            let said = String::from_utf8_lossy(&said);
            Err(failed(format!("failed ({status}): {}", said.trim())))
        }
    }
}

fn wait_within(child: &mut Child, longest: Duration) -> std::io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > longest {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn post(address: &str, message: &Value) -> Result<(), String> {
    let url = reqwest::Url::parse(address).map_err(|_| "the webhook's address is no URL".to_owned())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err("the webhook's address is not https".to_owned());
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let failed = |why: String| format!("the webhook at {host} {why}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    runtime.block_on(async {
        let builder = reqwest::Client::builder().timeout(LONGEST).redirect(reqwest::redirect::Policy::none());
        let builder = if is_here { builder.no_proxy() } else { builder };
        // The machine's root certificates take long to read, and nobody shows one without TLS.
        let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        // The address may be all that it takes to write there.
        let plain = |error: reqwest::Error| failed(format!("did not answer: {}", error.without_url()));
        let answer = builder.build().map_err(plain)?.post(url).json(message).send().await.map_err(plain)?;
        if answer.status().is_success() { Ok(()) } else { Err(failed(format!("answered {}", answer.status()))) }
    })
}
