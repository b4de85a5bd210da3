//! `orgs login`: a person signs in with a browser, and this machine keeps the refresh token.

use std::time::Instant;

use secrecy::SecretString;

use crate::app::command_context::CommandContext;
use crate::app::credentials::{check_place, of_profile, store};
use crate::app::failures::okta_failure;
use crate::app::known_scopes::usual_scopes;
use crate::app::targets::{RESERVE, address, settings};
use crate::app::write_options::runtime;
use crate::config::{OrgProfile, PersonSignIn, SignIn};
use crate::error::{CommandError, CommandExit};
use crate::okta;
use crate::okta::device::{self, DeviceProgress, DeviceSignIn};

/// Sign in to an org as a person: shows a code and where to enter it, and waits.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook orgs login acme
The profile names a Native app: client_id, and refresh_token = { keyring = \"acme\" } or { file = \"…\" }.")]
pub(super) struct OrgLoginArguments {
    profile: String,
}

pub(super) fn execute(context: &CommandContext, arguments: &OrgLoginArguments) -> Result<CommandExit, CommandError> {
    let profile = context.config.org(&arguments.profile)?;
    let SignIn::Person(person) = &profile.sign_in else {
        return Err(CommandError::usage(format!("`{}` is not signed in to by a person", profile.profile))
            .help("give its profile the client_id of a Native app and refresh_token = { keyring = \"NAME\" }"));
    };
    // Found before a person goes to a browser.
    check_place(&person.refresh_token)?;
    let token = runtime()?.block_on(signed_in(context, &profile, person))?;
    store(&person.refresh_token, &token)?;
    context.terminal.line(&format!("signed in to {}", profile.profile));
    Ok(CommandExit::Succeeded)
}

async fn signed_in(
    context: &CommandContext,
    profile: &OrgProfile,
    person: &PersonSignIn,
) -> Result<SecretString, CommandError> {
    let base = address(context, profile)?;
    let scopes = if person.scopes.is_empty() { usual_scopes() } else { person.scopes.clone() };
    let settings = settings(context, profile, RESERVE)?;
    let dpop = of_profile(person.dpop);
    let begun = device::begin(base, &person.client_id, &scopes, dpop, settings).await;
    let mut device = begun.map_err(|error| okta_failure(&profile.profile, &error))?;
    show(context, &device);
    let done = wait(&mut device).await;
    let done = done.map_err(|error| okta_failure(&profile.profile, &error))?;
    done.ok_or_else(|| CommandError::failed("nobody agreed before the code ended").help("begin again: orgs login"))?
        .ok_or_else(|| {
            CommandError::failed("the org gave no refresh token")
                .help("turn on the grant type Refresh Token in the app, and grant it offline_access")
        })
}

fn show(context: &CommandContext, device: &DeviceSignIn) {
    let minutes = device.expires_in.as_secs() / 60;
    context.terminal.line(&format!(
        "open {}\nenter {}\nwithin {minutes} minutes; Ctrl-C gives up",
        device.verification_uri, device.user_code
    ));
    if let Some(whole) = &device.verification_uri_complete {
        context.terminal.line(&format!("or open {whole}"));
    }
}

/// The refresh token in the end; the outer `None` when the code ended first.
async fn wait(device: &mut DeviceSignIn) -> Result<Option<Option<SecretString>>, okta::OktaError> {
    let end = Instant::now() + device.expires_in;
    while Instant::now() < end {
        tokio::time::sleep(device.interval).await;
        if let DeviceProgress::SignedIn(signed) = device.poll().await? {
            return Ok(Some(signed.refresh_token));
        }
    }
    Ok(None)
}
