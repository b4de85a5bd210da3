//! The operating system's keyring: Keychain, Credential Manager, Secret Service.

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::CommandError;

/// Under which all our entries are filed.
const SERVICE: &str = "okta-runbook";

/// The secret filed under `name`.
pub(super) fn read(name: &str) -> Result<SecretString, CommandError> {
    let found = on_own_thread(name, keyring::Entry::get_password);
    found.map(SecretString::from).map_err(|error| keyring_error(name, "cannot be read from", &error))
}

/// Files a secret under `name`, over what was there.
///
/// # Errors
/// There is no keyring, or it is locked.
pub fn store(name: &str, secret: &SecretString) -> Result<(), CommandError> {
    let secret = secret.clone();
    on_own_thread(name, move |entry| entry.set_password(secret.expose_secret()))
        .map_err(|error| keyring_error(name, "cannot be kept in", &error))
}

/// Removes the secret under `name`; none there is as good.
///
/// # Errors
/// There is no keyring, or it is locked.
pub fn forget(name: &str) -> Result<(), CommandError> {
    match on_own_thread(name, keyring::Entry::delete_credential) {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(keyring_error(name, "cannot be removed from", &error)),
    }
}

/// In a thread of its own: the Secret Service is spoken to by a runtime, and none may start within another.
fn on_own_thread<T: Send + 'static>(
    name: &str,
    act: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
) -> keyring::Result<T> {
    let name = name.to_owned();
    let thread = std::thread::spawn(move || act(&keyring::Entry::new(SERVICE, &name)?));
    thread.join().unwrap_or(Err(keyring::Error::NoEntry))
}

fn keyring_error(name: &str, what: &str, error: &keyring::Error) -> CommandError {
    CommandError::usage(format!(
        "the secret `{name}` {what} this system's keyring: {error}"
    ))
    .help("where there is no keyring (servers, containers), have `orgs add` keep it with --store file, or name a file, a variable or a command in the profile")
}
