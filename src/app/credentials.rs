//! From a profile's sign-in to what the client signs with: secrets are read here, when they are needed.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::command_context::CommandContext;
use crate::config::{
    self, OrgProfile, PersonSignIn, PrivateKey, ProcessEnvironment, SecretSource, SignIn, system_keyring,
};
use crate::error::CommandError;
use crate::okta::{
    DpopUse, KeyError, OrgCredentials, ServiceApp, SignedInPerson, SigningAlgorithm, SigningKey, TokenKeeper,
};
use crate::private_files;
use crate::terminal::TerminalHandle;

/// What the org of `profile` knows its caller by.
///
/// # Errors
/// The secret cannot be read, or is no key that Okta takes; never with a part of it.
pub(crate) fn credentials(context: &CommandContext, profile: &OrgProfile) -> Result<OrgCredentials, CommandError> {
    let environment = context.config.environment();
    match &profile.sign_in {
        SignIn::Token(source) => source.read(environment).map(OrgCredentials::Ssws),
        SignIn::PrivateKey(app) => {
            service_app(environment, profile, app).map(|app| OrgCredentials::PrivateKeyJwt(Box::new(app)))
        }
        SignIn::Person(person) => {
            signed_in(context, profile, person).map(|person| OrgCredentials::Refresh(Box::new(person)))
        }
    }
}

/// The secret that those who work on an org share, to seal journals by.
///
/// # Errors
/// It cannot be read, or could be guessed.
pub(crate) fn journal_secret(
    context: &CommandContext,
    profile: &OrgProfile,
) -> Result<Option<SecretString>, CommandError> {
    let read = |source: &SecretSource| read_shared(context.config.environment(), source, "the journal key");
    profile.journal_key.as_ref().map(read).transpose()
}

/// A shorter secret could be guessed from what it signs (RFC 7518, 3.2 wants as many bytes as the hash has).
const SHORTEST_SECRET: usize = 32;

/// Reads a secret that people share, which signs.
///
/// # Errors
/// It cannot be read, or could be guessed. `name` says what it is.
pub(crate) fn read_shared(
    environment: &ProcessEnvironment,
    source: &SecretSource,
    name: &str,
) -> Result<SecretString, CommandError> {
    let secret = source.read(environment)?;
    if secret.expose_secret().len() < SHORTEST_SECRET {
        return Err(CommandError::usage(format!("{name} is shorter than {SHORTEST_SECRET} bytes"))
            .help("make one: openssl rand -hex 32"));
    }
    Ok(secret)
}

fn service_app(
    environment: &ProcessEnvironment,
    profile: &OrgProfile,
    app: &PrivateKey,
) -> Result<ServiceApp, CommandError> {
    let wrong = |error: &KeyError| CommandError::usage(format!("{}: {error}", profile.origin)).help(error.help());
    let text = app.key.read_text(environment)?;
    let mut key = SigningKey::parse(&text).map_err(|error| wrong(&error))?.with_key_id(app.key_id.clone());
    if let Some(name) = &app.algorithm {
        let algorithm = SigningAlgorithm::parse(name).ok_or_else(|| {
            CommandError::usage(format!("{}: Okta takes no signature by `{name}`", profile.origin))
                .help("one of RS256, RS384, RS512, ES256, ES384, ES512")
        })?;
        key = key.with_algorithm(algorithm).map_err(|error| wrong(&error))?;
    }
    Ok(ServiceApp { client_id: app.client_id.clone(), key, scopes: app.scopes.clone(), dpop: of_profile(app.dpop) })
}

pub(crate) fn of_profile(dpop: config::DpopProfile) -> DpopUse {
    match dpop {
        config::DpopProfile::Always => DpopUse::Always,
        config::DpopProfile::WhenAsked => DpopUse::WhenAsked,
    }
}

fn signed_in(
    context: &CommandContext,
    profile: &OrgProfile,
    person: &PersonSignIn,
) -> Result<SignedInPerson, CommandError> {
    let name = &profile.profile;
    let refresh_token = person
        .refresh_token
        .read(context.config.environment())
        .map_err(|error| error.help(format!("sign in: okta-runbook orgs login {name}")))?;
    Ok(SignedInPerson {
        client_id: person.client_id.clone(),
        refresh_token,
        // All that the person agreed to.
        scopes: Vec::new(),
        dpop: of_profile(person.dpop),
        keep: keep(&context.terminal, &person.refresh_token),
    })
}

/// Okta may replace a refresh token at each use; what a variable or a command gives cannot be written by us.
fn keep(terminal: &TerminalHandle, source: &SecretSource) -> Option<TokenKeeper> {
    check_place(source).ok()?;
    let (place, terminal) = (source.clone(), terminal.clone());
    Some(Arc::new(move |token: &SecretString| {
        if let Err(error) = store(&place, token) {
            terminal.warn(&format!("the new refresh token cannot be kept: {error}; sign in again before the next run"));
        }
    }))
}

/// Keeps a secret where the profile says it is: in a file or in the keyring.
///
/// # Errors
/// It cannot be written there, or the profile names a place that is not ours to write.
pub(crate) fn store(place: &SecretSource, secret: &SecretString) -> Result<(), CommandError> {
    match place {
        SecretSource::File(path) => write(path, secret)
            .map_err(|error| CommandError::failed(format!("{} cannot be written: {error}", path.display()))),
        SecretSource::Keyring(name) => system_keyring::store(name, secret),
        other => check_place(other),
    }
}

/// Whether the place of a refresh token is ours to write.
///
/// # Errors
/// It is a variable or a command.
pub(crate) fn check_place(place: &SecretSource) -> Result<(), CommandError> {
    match place {
        SecretSource::File(_) | SecretSource::Keyring(_) => Ok(()),
        _ => Err(CommandError::usage(
            "a refresh token can be kept in the keyring or in a file, not in a variable or a command",
        )
        .help("refresh_token = { keyring = \"NAME\" } or { file = \"path\" }")),
    }
}

/// Writes a secret so that only its owner can read it: beside the old one first, so that none is lost when this process dies.
pub(crate) fn write(path: &Path, secret: &SecretString) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    private_files::create_folder(folder)?;
    if folder.ends_with("okta-runbook/secrets") {
        // The product's own folder. Where its mode cannot be changed, that of the file keeps the secret.
        let _ = private_files::restrict(folder);
    }
    // A new file of a name that nothing else has, of mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", secret.expose_secret())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
