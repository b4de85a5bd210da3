//! What is settled before a run may write: its orgs are different ones, the scopes that it needs are granted, a person named a
//! production org, and a plan was approved where one has to be. What a check saw of a script only brings the questions forward: each
//! write passes the [`WriteGuard`] by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::approval::{self, PlanApproval};
use super::command_context::CommandContext;
use super::org_identity::org_id;
use super::scopes;
use super::targets::RunTargets;
use crate::error::CommandError;
use crate::run::consent::{LockedOrg, ProductionGuard};
use crate::script::check::CheckReport;
use crate::terminal::{LineReply, TerminalHandle};

/// Refuses two names for one org: what is meant for the other would be done to it. A custom domain and a sub-domain are one org, hence
/// the id tells, which an org shows to everyone.
///
/// # Errors
/// Two names have one id, or an org does not tell its own.
pub(crate) fn distinct_orgs(world: &RunTargets, runtime: &tokio::runtime::Runtime) -> Result<(), CommandError> {
    if world.orgs.len() < 2 {
        return Ok(());
    }
    let mut names: BTreeMap<String, &String> = BTreeMap::new();
    for (name, client) in &world.orgs {
        let id = org_id(name, client, runtime)?;
        if let Some(other) = names.insert(id.clone(), name) {
            return Err(CommandError::usage(format!("`{other}` and `{name}` are the same org ({id})"))
                .help(format!("name another profile for one of them: --org {name}=PROFILE; nothing was changed")));
        }
    }
    Ok(())
}

/// All guards, for a runbook. What its text shows of writes is asked about here already; what it does not show, at the first write.
///
/// # Errors
/// As for each of them.
pub(crate) fn before_run(
    context: &CommandContext,
    world: &RunTargets,
    report: &CheckReport,
    guard: &WriteGuard,
    terminal: &TerminalHandle,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), CommandError> {
    distinct_orgs(world, runtime)?;
    scopes::of_runbook(context, world, report, terminal, runtime)?;
    if may_write(report) {
        guard.ask_ahead()?;
    }
    Ok(())
}

/// Whether the text shows a write, or something that may be one. That it shows none proves nothing.
fn may_write(report: &CheckReport) -> bool {
    let mut operations = report.operations.iter();
    operations.any(|used| used.operation.is_write()) || !report.is_complete()
}

/// What stands between a run, a resume, an undo or a session and the first write to each org. It is asked by the run itself, whatever
/// way a script came to the write.
pub(crate) struct WriteGuard {
    /// Profiles that want an approved plan, which is not there, by org.
    unapproved: BTreeMap<String, String>,
    /// Production profiles whose names were not typed yet, by org.
    locked: Arc<Mutex<BTreeMap<String, String>>>,
    terminal: TerminalHandle,
}

impl WriteGuard {
    /// `named` are the production profiles of the command line.
    ///
    /// # Errors
    /// A profile cannot be read.
    pub(crate) fn new(
        context: &CommandContext,
        world: &RunTargets,
        named: &[String],
        terminal: &TerminalHandle,
        approval: &PlanApproval,
    ) -> Result<Self, CommandError> {
        let (mut locked, mut unapproved) = (BTreeMap::new(), BTreeMap::new());
        for (org, profile) in &world.profiles {
            let settings = context.config.org(profile)?;
            if settings.approval.required && !approval.opens(org) {
                unapproved.insert(org.clone(), profile.clone());
            }
            if settings.production && !named.contains(profile) {
                locked.insert(org.clone(), profile.clone());
            }
        }
        Ok(Self { unapproved, locked: Arc::new(Mutex::new(locked)), terminal: terminal.clone() })
    }

    /// Settles everything now, where a write is certain to come.
    ///
    /// # Errors
    /// An approval is lacking, another name was typed, or nobody is there.
    pub(crate) fn ask_ahead(&self) -> Result<(), CommandError> {
        if let Some(profile) = self.unapproved.values().next() {
            return Err(approval::approval_needed(profile));
        }
        let locked: BTreeSet<String> = lock_unpoisoned(&self.locked).values().cloned().collect();
        for profile in locked {
            unlock_profile(&self.locked, &profile, &self.terminal)?;
        }
        Ok(())
    }

    /// What a run asks before each write.
    pub(crate) fn unlock(&self) -> ProductionGuard {
        let unapproved = self.unapproved.clone();
        let (locked, terminal) = (Arc::clone(&self.locked), self.terminal.clone());
        Arc::new(move |org| {
            if let Some(profile) = unapproved.get(org) {
                return Err(locked_by(&approval::approval_needed(profile)));
            }
            let profile = lock_unpoisoned(&locked).get(org).cloned();
            profile.map_or(Ok(()), |profile| {
                unlock_profile(&locked, &profile, &terminal).map_err(|error| locked_by(&error))
            })
        })
    }
}

/// Has a person type the name of a production profile, once for all its orgs. Lanes that come here together wait for one answer.
fn unlock_profile(
    locked: &Mutex<BTreeMap<String, String>>,
    profile: &str,
    terminal: &TerminalHandle,
) -> Result<(), CommandError> {
    let mut locked = lock_unpoisoned(locked);
    if locked.values().any(|other| other == profile) {
        name_is_typed(profile, terminal)?;
        locked.retain(|_, other| other != profile);
    }
    Ok(())
}

/// A lane that panicked while it asked leaves the map whole.
fn lock_unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn locked_by(error: &CommandError) -> LockedOrg {
    LockedOrg { message: error.message.clone(), help: error.help.clone() }
}

fn name_is_typed(profile: &str, terminal: &TerminalHandle) -> Result<(), CommandError> {
    let question = format!("`{profile}` is a production org. To let this change it, type its name: ");
    match terminal.ask_line(&question)? {
        LineReply::Line(line) if line == profile => Ok(()),
        LineReply::NotATerminal => {
            Err(CommandError::usage(format!("`{profile}` is a production org, and nobody is there to type its name"))
                .help(format!("pass --production {profile}")))
        }
        _ => Err(CommandError::usage(format!("`{profile}` was not typed; nothing in it was changed"))),
    }
}
