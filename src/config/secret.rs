//! Where a secret is, and reading it when it is needed and not before.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::environment::ProcessEnvironment;
use super::secret_text::{is_likely_secret, is_variable_name};
use super::system_keyring;
use crate::error::CommandError;

/// Longest that a command may take to print a secret. Long enough to unlock a password store by hand.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a token or password is. Its `Debug` form never shows the secret.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file that holds the secret alone.
    File(PathBuf),
    /// A command for `sh -c` that prints the secret.
    Command(String),
    /// An entry of the system's keyring, by its name.
    Keyring(String),
    /// The secret itself, from `OKTA_CLIENT_TOKEN`, `okta.yaml` or the simulator.
    Value(SecretString),
}

impl SecretSource {
    /// Reads the secret; white space around it is dropped (files and commands end in a newline).
    ///
    /// # Errors
    /// The variable is not set, the file cannot be read, the command fails or takes over a minute, or what
    /// was read is empty or of several lines. An error names the place, never the secret.
    pub fn read(&self, environment: &ProcessEnvironment) -> Result<SecretString, CommandError> {
        match self {
            Self::Env(name) => from_variable(environment, name),
            Self::File(path) => from_file(environment, path),
            Self::Command(command) => from_command(command, COMMAND_TIMEOUT),
            Self::Keyring(name) => system_keyring::read(name),
            Self::Value(secret) => Ok(secret.clone()),
        }
    }

    /// Reads a secret that may have several lines, such as a key in PEM.
    ///
    /// # Errors
    /// As for [`SecretSource::read`], several lines excepted.
    pub fn read_text(&self, environment: &ProcessEnvironment) -> Result<SecretString, CommandError> {
        match self {
            Self::Env(name) => variable(environment, name).map(SecretString::from),
            Self::File(path) => file_text(environment, path).map(SecretString::from),
            Self::Command(command) => command_output(command, COMMAND_TIMEOUT).map(SecretString::from),
            Self::Keyring(name) => system_keyring::read(name),
            Self::Value(secret) => Ok(secret.clone()),
        }
    }

    /// Why what a person wrote as this place is none. It may be the secret itself, hence it must not be shown.
    pub fn mistaken(&self, written: &str) -> Option<&'static str> {
        match self {
            Self::Env(name) if !is_variable_name(name) => {
                Some("this is not the name of a variable: letters, digits and `_`, a digit not first")
            }
            Self::File(path) if !path.exists() && is_likely_secret(written) => {
                Some("this looks like the secret itself, and no such file is there")
            }
            Self::Command(_) | Self::Keyring(_) if is_likely_secret(written) => {
                Some("this looks like the secret itself, not where it is")
            }
            _ => None,
        }
    }

    /// A warning when the file that holds the secret can be read by others than its owner.
    pub(crate) fn warning(&self, environment: &ProcessEnvironment) -> Option<String> {
        match self {
            Self::File(path) => readable_by_others(environment, path),
            _ => None,
        }
    }
}

fn from_variable(environment: &ProcessEnvironment, name: &str) -> Result<SecretString, CommandError> {
    let value = variable(environment, name)?;
    single_line(value, &format!("the variable {name}"))
}

fn variable<'a>(environment: &'a ProcessEnvironment, name: &str) -> Result<&'a str, CommandError> {
    match environment.variable(name) {
        Some(value) => Ok(value),
        None => Err(CommandError::usage(format!("the variable {name}, which should hold a secret, is not set"))
            .help(format!("set it: export {name}=…"))),
    }
}

fn from_file(environment: &ProcessEnvironment, path: &Path) -> Result<SecretString, CommandError> {
    let text = file_text(environment, path)?;
    single_line(&text, &format!("the file {}", environment.shown(path)))
}

fn file_text(environment: &ProcessEnvironment, path: &Path) -> Result<String, CommandError> {
    let shown = environment.shown(path);
    std::fs::read_to_string(path).map_err(|error| {
        CommandError::usage(format!("the file {shown}, which should hold a secret, cannot be read: {error}"))
            .help(format!("write the secret into it, for your eyes only: (umask 077; cat > {shown})"))
    })
}

/// The command's stderr goes to the terminal as it comes, since a password store may ask for a touch or a PIN there.
fn from_command(command: &str, timeout: Duration) -> Result<SecretString, CommandError> {
    let output = command_output(command, timeout)?;
    single_line(&output, &format!("the output of `{command}`"))
}

fn command_output(command: &str, timeout: Duration) -> Result<String, CommandError> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed_command(command, &format!("could not be started: {error}")))?;
    let deadline = Instant::now() + timeout;
    let (Ok(output), Some(status)) = (output_until(&mut child, deadline), status_until(&mut child, deadline)) else {
        stop(&mut child);
        let said = format!("did not finish within {} s and was stopped", timeout.as_secs());
        return Err(failed_command(command, &said));
    };
    let output = output.map_err(|error| failed_command(command, &format!("printed what cannot be read: {error}")))?;
    if !status.success() {
        return Err(failed_command(command, &format!("failed ({status})")));
    }
    Ok(output)
}

/// All that the child prints. A thread reads, since a pipe has no time-out of its own.
fn output_until(child: &mut Child, deadline: Instant) -> Result<std::io::Result<String>, mpsc::RecvTimeoutError> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        // The receiver is gone only after a time-out; what comes then is of no use.
        let _ = sender.send(stdout.map_or(Ok(String::new()), std::io::read_to_string));
    });
    receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()))
}

/// How the child ended; nothing when it still runs at the deadline or cannot be waited for.
fn status_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
}

/// Ends a child that took too long. It may have ended on its own meanwhile, which is as good.
fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn failed_command(command: &str, said: &str) -> CommandError {
    CommandError::usage(format!("the command `{command}`, which should print a secret, {said}"))
        .help("run it in this shell to see what it says; it must print the secret alone and exit with 0")
}

fn single_line(text: &str, place: &str) -> Result<SecretString, CommandError> {
    let secret = text.trim();
    if secret.is_empty() {
        return Err(CommandError::usage(format!("{place}, which should hold a secret, is empty")));
    }
    if secret.lines().count() > 1 {
        return Err(CommandError::usage(format!("{place} has several lines, where the secret alone should be")));
    }
    Ok(SecretString::from(secret))
}

/// Tells when a file with a secret in it is readable by others than its owner, and what to do.
#[cfg(unix)]
pub(super) fn readable_by_others(environment: &ProcessEnvironment, path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = environment.shown(path);
    (mode & 0o044 != 0)
        .then(|| format!("{shown} holds a secret and others can read it (mode {mode:o}); run: chmod 600 {shown}"))
}

#[cfg(not(unix))]
pub(super) fn readable_by_others(_: &ProcessEnvironment, _: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> ProcessEnvironment {
        ProcessEnvironment {
            variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..ProcessEnvironment::default()
        }
    }

    fn message(source: &SecretSource) -> String {
        source.read(&environment(&[("EMPTY", "")])).unwrap_err().message
    }

    #[test]
    fn each_source_gives_the_secret_without_its_newline() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "00abc\n").unwrap();
        let environment = environment(&[("TOKEN", "00abc")]);
        for source in [
            SecretSource::Env("TOKEN".into()),
            SecretSource::File(file),
            SecretSource::Command("echo 00abc".into()),
            SecretSource::Value("00abc".into()),
        ] {
            let secret = source.read(&environment).unwrap();
            assert_eq!(secret.expose_secret(), "00abc", "{source:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (source, expected) in [
            (SecretSource::Env("NONE".into()), "the variable NONE, which should hold a secret, is not set"),
            (SecretSource::Env("EMPTY".into()), "the variable EMPTY, which should hold a secret, is not set"),
            (
                SecretSource::File("/none/token".into()),
                "the file /none/token, which should hold a secret, cannot be read: No such file or directory (os error 2)",
            ),
            (
                SecretSource::Command("exit 3".into()),
                "the command `exit 3`, which should print a secret, failed (exit status: 3)",
            ),
            (SecretSource::Command("true".into()), "the output of `true`, which should hold a secret, is empty"),
            (
                SecretSource::Command("echo a; echo b".into()),
                "the output of `echo a; echo b` has several lines, where the secret alone should be",
            ),
        ] {
            assert_eq!(message(&source), expected);
        }
    }

    #[test]
    fn a_command_that_hangs_is_stopped() {
        for command in ["exec sleep 60", "exec >&-; exec sleep 60"] {
            let error = from_command(command, Duration::from_millis(50)).unwrap_err();
            assert!(error.message.contains("did not finish within 0 s"), "{error}");
        }
    }

    #[test]
    fn debug_hides_the_value() {
        let debug = format!("{:?}", SecretSource::Value("00abc".into()));
        assert!(!debug.contains("00abc"), "{debug}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_open_to_others_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "00abc\n").unwrap();
        let environment = ProcessEnvironment { here: folder.path().to_owned(), ..ProcessEnvironment::default() };
        let warning_at = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&file, permissions).unwrap();
            SecretSource::File(file.clone()).warning(&environment)
        };
        assert_eq!(
            warning_at(0o644).as_deref(),
            Some("token holds a secret and others can read it (mode 644); run: chmod 600 token")
        );
        assert_eq!(warning_at(0o600), None);
    }
}
