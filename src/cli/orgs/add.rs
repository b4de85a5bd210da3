//! `orgs add`: writes a profile, and keeps its secret where it belongs.

use std::fmt::Write as _;
use std::path::Path;

use secrecy::SecretString;

use crate::app::command_context::CommandContext;
use crate::app::credentials::{check_place, write};
use crate::config::{ProfileScope, SecretSource, system_keyring, wrong_org_url};
use crate::error::{CommandError, CommandExit};
use crate::okta::BaseUrl;

/// Add an org profile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pass show okta | okta-runbook orgs add acme --url https://acme.okta.com --store keyring
  okta-runbook orgs add acme --url https://acme.okta.com --env ACME_TOKEN
  okta-runbook orgs add acme --url https://acme.okta.com --client-id 0oa1 --file acme.pem
  okta-runbook orgs add acme --url https://acme.okta.com --client-id 0oa2 --person --store keyring")]
pub(super) struct AddOrgArguments {
    /// Name of the profile.
    name: String,
    /// Address of the org: `https://acme.okta.com`.
    #[arg(long)]
    url: String,
    /// Client id of a service app (its secret is a private key), or with --person of a Native app.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Sign in as a person with `orgs login`.
    #[arg(long, requires = "client_id")]
    person: bool,
    /// Id of the key in the service app.
    #[arg(long, value_name = "ID", requires = "client_id")]
    key_id: Option<String>,
    #[command(flatten)]
    place: SecretPlace,
    /// Mark it: its name must be typed before it is changed.
    #[arg(long)]
    production: bool,
    /// Write to the user's profile file instead of the one here.
    #[arg(long)]
    user: bool,
}

/// Where the secret is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct SecretPlace {
    /// A variable that holds it.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// A file that holds it.
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// A command that prints it.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Keep it: it is read from standard input.
    #[arg(long, value_enum)]
    store: Option<SecretStore>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SecretStore {
    /// The system's keyring.
    Keyring,
    /// A file of mode 0600 in the user's data folder.
    File,
}

pub(super) fn execute(context: &CommandContext, arguments: &AddOrgArguments) -> Result<CommandExit, CommandError> {
    let name = &arguments.name;
    check_name(name)?;
    if context.config.org_names().contains(&name.as_str()) {
        return Err(CommandError::usage(format!("there is a profile `{name}` already"))
            .help(format!("remove it first: okta-runbook orgs remove {name}")));
    }
    let url = address(context, &arguments.url)?;
    let whose = if arguments.user { ProfileScope::User } else { ProfileScope::Project };
    let file = context.config.profile_file(whose);
    let file = file.ok_or_else(|| CommandError::usage("there is no place for a profile file"))?;
    let place = place(context, arguments, file)?;
    append(file, &section(arguments, &url, &place))?;
    let shown = context.config.environment().shown(file);
    context.terminal.line(&format!("added {name} to {shown}"));
    let next = if arguments.person { "login" } else { "test" };
    context.terminal.line(&format!("next: okta-runbook orgs {next} {name}"));
    Ok(CommandExit::Succeeded)
}

fn check_name(name: &str) -> Result<(), CommandError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        return Err(CommandError::usage(format!("`{name}` cannot name a profile"))
            .help("letters, digits, `-`, `_` and `.`, the last not first"));
    }
    Ok(())
}

/// The org's address as runs will take it: what they would refuse is not written.
fn address(context: &CommandContext, written: &str) -> Result<String, CommandError> {
    let wrong = |reason: String| {
        CommandError::usage(format!("--url is not the address of an org: {reason}"))
            .help("write it as https://acme.okta.com; nothing was written")
    };
    if let Some(reason) = wrong_org_url(written) {
        return Err(wrong(reason));
    }
    let (base, warning) = BaseUrl::parse(written).map_err(|error| wrong(error.to_string()))?;
    if let Some(warning) = warning {
        context.terminal.warn(&warning);
    }
    Ok(base.to_string())
}

/// The inline table that names the place; stores the secret when that is asked for.
fn place(context: &CommandContext, arguments: &AddOrgArguments, file: &Path) -> Result<String, CommandError> {
    if let Some((key, written, source)) = named_secret_place(context, &arguments.place, file) {
        let given = arguments.place.file.as_deref().unwrap_or(&written);
        if let Some(wrong) = source.mistaken(given) {
            return Err(CommandError::usage(format!("--{key}: {wrong}"))
                .help("pipe the secret in with --store keyring or --store file; nothing was written"));
        }
        if arguments.person {
            check_place(&source)?;
        }
        return Ok(format!("{{ {key} = {} }}", quote_toml(&written)));
    }
    let name = &arguments.name;
    if arguments.place.store == Some(SecretStore::Keyring) {
        if !arguments.person {
            system_keyring::store(name, &from_input(context)?)?;
        }
        return Ok(format!("{{ keyring = {} }}", quote_toml(name)));
    }
    let path = context.config.secret_file(name);
    let path = path.ok_or_else(|| CommandError::usage("this system has no data folder for a secret"))?;
    if !arguments.person {
        write(&path, &from_input(context)?)
            .map_err(|error| CommandError::failed(format!("{} cannot be written: {error}", path.display())))?;
    }
    Ok(format!("{{ file = {} }}", quote_toml(&path.to_string_lossy())))
}

/// The place that a person named: its key in the profile, how it is written there, and itself.
fn named_secret_place(
    context: &CommandContext,
    place: &SecretPlace,
    file: &Path,
) -> Option<(&'static str, String, SecretSource)> {
    if let Some(name) = &place.env {
        return Some(("env", name.clone(), SecretSource::Env(name.clone())));
    }
    if let Some(command) = &place.command {
        let source = SecretSource::Command(command.clone());
        return Some(("command", command.clone(), source));
    }
    let written = place.file.as_ref()?;
    let environment = context.config.environment();
    let path = environment.path(&environment.here, written);
    // A path in a profile file counts from its folder, on the command line from here.
    let same = file.parent() == Some(&environment.here) || written.starts_with("~/");
    let shown = if same { written.clone() } else { path.to_string_lossy().into_owned() };
    Some(("file", shown, SecretSource::File(path)))
}

/// On a terminal it would be seen, and stay in the scrollback.
fn from_input(context: &CommandContext) -> Result<SecretString, CommandError> {
    if context.terminal.asks() {
        return Err(CommandError::usage("the secret is read from standard input, which is a terminal")
            .help("pipe it: pass show okta | okta-runbook orgs add …"));
    }
    let text = std::io::read_to_string(std::io::stdin())
        .map_err(|error| CommandError::usage(format!("standard input cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(CommandError::usage("standard input, which should hold the secret, is empty")),
        secret => Ok(secret.into()),
    }
}

fn section(arguments: &AddOrgArguments, url: &str, place: &str) -> String {
    let mut text = format!("[orgs.{}]\nurl = {}\n", quote_toml(&arguments.name), quote_toml(url));
    let key = match (&arguments.client_id, arguments.person) {
        (None, _) => "token",
        (Some(_), false) => "private_key",
        (Some(_), true) => "refresh_token",
    };
    // Writing to a string cannot fail.
    if let Some(id) = &arguments.client_id {
        let _ = writeln!(text, "client_id = {}", quote_toml(id));
    }
    let _ = writeln!(text, "{key} = {place}");
    if let Some(id) = &arguments.key_id {
        let _ = writeln!(text, "key_id = {}", quote_toml(id));
    }
    if arguments.production {
        text.push_str("production = true\n");
    }
    text
}

fn quote_toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn append(file: &Path, section: &str) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| CommandError::failed(format!("{} cannot be written: {error}", file.display()));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if !text.is_empty() {
        text.truncate(text.trim_end().len());
        text.push_str("\n\n");
    }
    text.push_str(section);
    std::fs::write(file, text).map_err(failed)
}
