//! What is settled before a run may write: its orgs are different ones, the scopes that it needs are granted, and a person named a
//! production org.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::Context;
use super::approval;
use super::conduct::Conduct;
use super::scopes;
use super::world::World;
use crate::error::Error;
use crate::okta;
use crate::run::gate::{Locked, Unlock};
use crate::script::check::Report;
use crate::terminal::{Reply, Terminal};

/// Refuses two names for one org: what is meant for the other would be done to it. A custom domain and a sub-domain are one org, hence
/// the id tells, which an org shows to everyone.
///
/// # Errors
/// Two names have one id, or an org does not tell its own.
pub(super) fn distinct_orgs(world: &World, runtime: &tokio::runtime::Runtime) -> Result<(), Error> {
    if world.orgs.len() < 2 {
        return Ok(());
    }
    let mut names: BTreeMap<String, &String> = BTreeMap::new();
    for (name, client) in &world.orgs {
        let shown = runtime.block_on(client.look("/.well-known/okta-organization"));
        let body = shown.map_err(|error| of_okta(name, &error))?.body;
        let id = body["id"].as_str().ok_or_else(|| {
            let url = client.base_url();
            Error::usage(format!("`{name}`: what answers at {url} is no Okta org"))
        })?;
        if let Some(other) = names.insert(id.to_owned(), name) {
            return Err(Error::usage(format!(
                "`{other}` and `{name}` are the same org ({id})"
            ))
            .help(format!(
                "name another profile for one of them: --org {name}=PROFILE; nothing was changed"
            )));
        }
    }
    Ok(())
}

/// All guards, for a runbook.
///
/// # Errors
/// As for each of them.
pub(super) fn before_run(
    context: &Context,
    world: &World,
    report: &Report,
    conduct: &Conduct,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), Error> {
    let terminal = conduct.terminal();
    distinct_orgs(world, runtime)?;
    scopes::of_runbook(context, world, report, &terminal, runtime)?;
    if may_write(report) {
        production(context, world, &conduct.production, &terminal)?;
    }
    Ok(())
}

/// Whether a runbook writes, or nobody can tell.
pub(super) fn may_write(report: &Report) -> bool {
    let mut operations = report.operations.iter();
    operations.any(|used| used.operation.is_write()) || !report.untold.is_empty()
}

/// Has a person type the name of each production org, unless the command line did (`--production NAME`).
///
/// # Errors
/// Another name was typed, or nobody is there.
pub(super) fn production(
    context: &Context,
    world: &World,
    named: &[String],
    terminal: &Terminal,
) -> Result<(), Error> {
    let profiles: BTreeSet<&String> = world.profiles.values().collect();
    for profile in profiles {
        if !named.contains(profile) && context.config.org(profile)?.production {
            name_is_typed(profile, terminal)?;
        }
    }
    Ok(())
}

/// The same for a session, of which nobody knows beforehand what it writes: before the first write to each production org, once.
///
/// # Errors
/// A profile cannot be read.
pub(super) fn in_session(
    context: &Context,
    world: &World,
    named: &[String],
    terminal: &Terminal,
) -> Result<Unlock, Error> {
    let (mut locked, mut held) = (BTreeMap::new(), BTreeMap::new());
    for (org, profile) in &world.profiles {
        let settings = context.config.org(profile)?;
        if settings.approval.required {
            held.insert(org.clone(), profile.clone());
        } else if settings.production && !named.contains(profile) {
            locked.insert(org.clone(), profile.clone());
        }
    }
    let (locked, terminal) = (Mutex::new(locked), terminal.clone());
    Ok(Arc::new(move |org| {
        if let Some(profile) = held.get(org) {
            return Err(locked_by(&approval::needed(profile)));
        }
        let mut locked = locked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(profile) = locked.get(org).cloned() else {
            return Ok(());
        };
        name_is_typed(&profile, &terminal).map_err(|error| locked_by(&error))?;
        locked.retain(|_, other| *other != profile);
        Ok(())
    }))
}

fn locked_by(error: &Error) -> Locked {
    Locked {
        message: error.message.clone(),
        help: error.help.clone(),
    }
}

fn name_is_typed(profile: &str, terminal: &Terminal) -> Result<(), Error> {
    let question =
        format!("`{profile}` is a production org. To let this change it, type its name: ");
    match terminal.ask_line(&question)? {
        Reply::Line(line) if line == profile => Ok(()),
        Reply::NotATerminal => Err(Error::usage(format!(
            "`{profile}` is a production org, and nobody is there to type its name"
        ))
        .help(format!("pass --production {profile}"))),
        _ => Err(Error::usage(format!(
            "`{profile}` was not typed; nothing in it was changed"
        ))),
    }
}

pub(super) fn of_okta(org: &str, error: &okta::Error) -> Error {
    let text = Error::failed(format!("{org}: {error}"));
    error.help().into_iter().fold(text, Error::help)
}
