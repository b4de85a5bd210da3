//! A procedure to its end against a shadow of its orgs: what `plan` shows, and what a run asks about first.

mod draft;
mod names;
mod uncertainty;
mod upstream;

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::command_context::CommandContext;
use super::failures::{journal_failure, run_failure};
use super::org_identity::local_actor;
use super::preparation::PreparedRunbook;
use super::scopes;
use super::targets::RunTargets;
use super::terminal_reporter::TerminalReporter;
use crate::error::CommandError;
use crate::ldap;
use crate::okta::OktaClient;
use crate::report::plan::RunPlan;
use crate::report::text::OutputVerbosity;
use crate::run::consent::{ConsentOptions, WriteConsent, no_guard};
use crate::run::event::RunOutcome;
use crate::run::journal::Journal;
use crate::run::{self, Run, RunOptions, RunTarget};
use crate::script::EndedRun;
use crate::script::check::CheckReport;
use crate::simulator::{AnswerProvenance, DirectoryAddress, Simulator, UpstreamOrg};
use crate::terminal::TerminalHandle;
use draft::PlanBuilder;
pub(crate) use draft::PlanHeader;
pub(crate) use names::ThingNames;
use upstream::RealOrg;

/// What came of it.
pub(crate) struct RehearsalResult {
    pub(crate) plan: RunPlan,
    /// What was read of the orgs, to tell later whether they are still the same.
    pub(crate) readings: Value,
    /// Names of what was read.
    pub(crate) names: ThingNames,
    pub(crate) ended: EndedRun,
    pub(crate) outcome: RunOutcome,
}

/// Shadows of a world, and a journal for what is tried in them. Both end with the value.
pub(crate) struct ShadowTargets {
    pub(crate) world: RunTargets,
    folder: tempfile::TempDir,
    journal: Arc<Journal>,
}

impl ShadowTargets {
    /// Nothing but GET is sent to `real`.
    ///
    /// # Errors
    /// When an org or a directory cannot be read, or there is no room for the journal.
    pub(crate) fn of(real: &RunTargets, runtime: &tokio::runtime::Runtime) -> Result<Self, CommandError> {
        Self::through(real, runtime, &|_, upstream| upstream)
    }

    /// The same, read through what `through` makes of each org.
    ///
    /// # Errors
    /// As of [`ShadowTargets::of`].
    pub(crate) fn through(
        real: &RunTargets,
        runtime: &tokio::runtime::Runtime,
        through: UpstreamReader<'_>,
    ) -> Result<Self, CommandError> {
        let mut world = runtime.block_on(shadow(real, through))?;
        world.profiles.clone_from(&real.profiles);
        let folder = tempfile::tempdir()
            .map_err(|error| CommandError::failed(format!("no temporary folder for the plan: {error}")))?;
        let journal =
            Journal::open(folder.path()).map(Arc::new).map_err(|error| journal_failure(folder.path(), &error))?;
        Ok(Self { world, folder, journal })
    }

    /// What a run in the shadows is begun with: everything is agreed to, since nothing can be changed. `allow`: guards that let
    /// everything pass, as in the run.
    pub(crate) fn settings(
        &self,
        context: &CommandContext,
        procedure: run::RunProcedure,
        allow: &[String],
    ) -> RunOptions {
        let consent = agree_to_all(context, allow);
        RunOptions {
            target: RunTarget::Shadows,
            ..self.world.run_options(Arc::clone(&self.journal), procedure, consent)
        }
    }

    /// What a run in the shadows comes to in the real orgs.
    pub(crate) fn plan(
        &self,
        runtime: &tokio::runtime::Runtime,
        real: &RunTargets,
        subject: &PlanHeader,
        run: &Run,
        stopped: Option<String>,
    ) -> Result<(RunPlan, ThingNames), CommandError> {
        let names = runtime.block_on(ThingNames::of(&self.world))?;
        let effects = runtime.block_on(draft::effects(&self.world, &names, run))?;
        let draft = PlanBuilder { subject, real, world: &self.world, run, stopped, names: &names, effects };
        let plan = draft.plan();
        let plan = plan.map_err(|error| journal_failure(self.folder.path(), &error))?;
        Ok((plan, names))
    }
}

/// A procedure and the world that it is tried for.
pub(crate) struct RehearsalSubject<'a> {
    pub(crate) context: &'a CommandContext,
    pub(crate) terminal: &'a TerminalHandle,
    pub(crate) prepared: &'a PreparedRunbook,
    pub(crate) real: &'a RunTargets,
    pub(crate) runtime: &'a tokio::runtime::Runtime,
    pub(crate) cancelled: &'a CancellationToken,
    /// Guards that let everything pass.
    pub(crate) allow: &'a [String],
}

impl RehearsalSubject<'_> {
    /// Executes the procedure against shadows of the world. Nothing but GET is sent there.
    ///
    /// # Errors
    /// When an org or a directory cannot be read, or there is no room for the plan's own journal. That the procedure stops is no error
    /// here: it is a part of the plan.
    pub(crate) fn rehearse(&self) -> Result<RehearsalResult, CommandError> {
        scopes::of_rehearsal(self.real, &self.prepared.report);
        let shadows = ShadowTargets::of(self.real, self.runtime)?;
        self.rehearse_in(&shadows)
    }

    /// The same in shadows that are there already, and may read what it needs.
    ///
    /// # Errors
    /// As of [`RehearsalSubject::rehearse`].
    pub(crate) fn rehearse_in(&self, shadows: &ShadowTargets) -> Result<RehearsalResult, CommandError> {
        let (prepared, runtime) = (self.prepared, self.runtime);
        let (_, watcher) = TerminalReporter::new(OutputVerbosity::Quiet, self.terminal).parts();
        let run = Run::begin(RunOptions {
            watcher,
            cancelled: self.cancelled.clone(),
            secrets: prepared.secrets(),
            ..shadows.settings(self.context, prepared.journalled(), self.allow)
        });
        let run = Arc::new(run.map_err(|error| run_failure(&error))?);
        for words in unseen_words(&prepared.report) {
            run.remark(&words);
        }
        let parameters = &prepared.parameters;
        let ended = prepared.procedure.execute(&run, parameters, runtime.handle());
        let message = ended.error.as_ref().map(|error| error.message.as_str());
        let outcome = run.end(ended.outcome, message).map_err(|error| run_failure(&error))?;
        let stopped = message.map(str::to_owned);
        let subject = PlanHeader::of(prepared);
        let (plan, names) = shadows.plan(runtime, self.real, &subject, &run, stopped)?;
        Ok(RehearsalResult {
            plan,
            readings: shadows.world.ledger().map_or(Value::Null, AnswerProvenance::readings),
            names,
            ended,
            outcome,
        })
    }
}

/// What a check of the text could not see, which a plan made with what the orgs have now shows for this once only.
fn unseen_words(report: &CheckReport) -> Vec<String> {
    let unseen = report.unseen.iter().map(|unseen| {
        let line = unseen.at.line().unwrap_or_default();
        (unseen.what, unseen.path.as_str(), line)
    });
    let untold = report.untold.iter();
    let untold = untold.map(|(path, line)| ("the operation of a path", path.as_str(), *line));
    unseen
        .chain(untold)
        .map(|(what, path, line)| {
            format!("not known from the text: {what} at {path}:{line}; its scopes were not compared with those granted")
        })
        .collect()
}

/// What an org is read through, made of its name and what reads it.
pub(crate) type UpstreamReader<'a> = &'a dyn Fn(&str, Arc<dyn UpstreamOrg>) -> Arc<dyn UpstreamOrg>;

/// Shadows of all orgs and directories, which live as long as what is returned.
async fn shadow(real: &RunTargets, through: UpstreamReader<'_>) -> Result<RunTargets, CommandError> {
    let upstreams = real.orgs.iter().map(|(name, client)| {
        let upstream: Arc<dyn UpstreamOrg> = Arc::new(RealOrg::new(client));
        (name.clone(), through(name, upstream))
    });
    let directories = real.directories.iter().map(|(domain, directory)| address(domain, directory.settings()));
    let shadow = Simulator::shadow(upstreams.collect(), directories.collect())
        .await
        .map_err(|error| CommandError::failed(error.to_string()))?;
    let clients: Vec<(&String, &Arc<OktaClient>)> = real.orgs.iter().collect();
    RunTargets::of_shadow(shadow, &clients)
}

fn address(domain: &str, settings: &ldap::LdapSettings) -> DirectoryAddress {
    DirectoryAddress {
        domain: domain.to_owned(),
        url: settings.url.clone(),
        bind_dn: settings.bind_dn.clone(),
        password: settings.password.clone(),
        base: settings.base.to_string(),
        ca: settings.ca.clone(),
    }
}

/// Nothing can be changed, so that everything is agreed to, and what a person attests is taken as so.
fn agree_to_all(context: &CommandContext, allow: &[String]) -> ConsentOptions {
    ConsentOptions {
        writes: WriteConsent::Agreed,
        attest: vec!["all".to_owned()],
        allow: allow.to_vec(),
        actor: local_actor(context),
        ask: Arc::new(|_| Some(true)),
        unlock: no_guard(),
    }
}
