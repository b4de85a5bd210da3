//! What `repl` and `eval` have in common: the orgs of a session, and its run.

use std::sync::Arc;

use crate::app::approval::PlanApproval;
use crate::app::command_context::CommandContext;
use crate::app::failures::run_failure;
use crate::app::safeguards::WriteGuard;
use crate::app::targets::{RunTargets, TargetArguments};
use crate::app::write_options::ask_operator;
use crate::error::{CommandError, CommandExit};
use crate::repl::{ActiveOrg, OrgStage, SessionInterrupt};
use crate::run::actor::RunActor;
use crate::run::consent::{ConsentOptions, WriteConsent};
use crate::run::event::RunOutcome;
use crate::run::journal::Journal;
use crate::run::{EventListener, OWN_ACCESS, Run, RunOptions, RunProcedure};
use crate::script::RunbookHeader;
use crate::simulator::ScenarioSpec;

/// Where a session is, and what it may do.
#[derive(Debug, clap::Args)]
pub(super) struct SessionPlace {
    #[command(flatten)]
    pub(super) at: TargetArguments,
    /// Agree to all writes beforehand; on a simulator they are.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Let the session change this production org without typing its name.
    #[arg(long, value_name = "PROFILE")]
    production: Vec<String>,
    /// Let this guard pass everything, which is recorded: `own-access`.
    #[arg(long, value_name = "GUARD", value_parser = [OWN_ACCESS])]
    allow: Vec<String>,
}

/// The name of the org when one is given without a name.
const ONLY: &str = "okta";

impl SessionPlace {
    /// The orgs as a runbook would declare them: those named, those of the scenario when it has several, else the only one.
    pub(super) fn declared(&self, title: &str) -> Result<RunbookHeader, CommandError> {
        let given = self.at.orgs.iter();
        let given = given.map(|text| text.split_once('=').map_or(ONLY, |(name, _)| name));
        let mut names: Vec<String> = given.map(str::to_owned).collect();
        if let Some(scenario) = &self.at.simulator {
            names = simulated_orgs(scenario)?;
        }
        if names.is_empty() {
            names.push(ONLY.to_owned());
        }
        names.dedup();
        Ok(RunbookHeader::of_orgs(title, names))
    }

    pub(super) fn orgs(&self, context: &CommandContext, world: &RunTargets) -> Result<Vec<ActiveOrg>, CommandError> {
        let mut orgs = Vec::new();
        for (name, client) in &world.orgs {
            orgs.push(ActiveOrg {
                name: name.clone(),
                profile: world.profiles.get(name).cloned(),
                url: client.base_url().to_string(),
                stage: self.stage(context, world, name)?,
            });
        }
        Ok(orgs)
    }

    fn stage(&self, context: &CommandContext, world: &RunTargets, name: &str) -> Result<OrgStage, CommandError> {
        if self.at.simulator.is_some() {
            return Ok(OrgStage::Simulated);
        }
        let profile = &world.profiles[name];
        let profile = context.config.org(profile)?;
        Ok(if profile.production { OrgStage::Production } else { OrgStage::Usual })
    }

    pub(super) fn consent(
        &self,
        context: &CommandContext,
        world: &RunTargets,
        orgs: &[ActiveOrg],
        interrupt: &SessionInterrupt,
        actor: RunActor,
    ) -> Result<ConsentOptions, CommandError> {
        let terminal = &context.terminal;
        let approval = PlanApproval::Absent;
        let guard = WriteGuard::new(context, world, &self.production, terminal, &approval)?;
        let (terminal, interrupt) = (terminal.clone(), interrupt.clone());
        let has = |stage| orgs.iter().any(|org| org.stage == stage);
        let writes = if self.yes || has(OrgStage::Simulated) {
            WriteConsent::Agreed
        } else if has(OrgStage::Production) {
            WriteConsent::AskEach
        } else {
            WriteConsent::Ask
        };
        Ok(ConsentOptions {
            writes,
            unlock: guard.unlock(),
            attest: Vec::new(),
            allow: self.allow.clone(),
            actor,
            ask: Arc::new(move |question| {
                ask_operator(&terminal, question, || {
                    interrupt.strike();
                })
            }),
        })
    }
}

/// Names of a scenario's orgs when it has several; a single one is called as any only org is.
fn simulated_orgs(scenario: &str) -> Result<Vec<String>, CommandError> {
    if scenario.is_empty() {
        return Ok(Vec::new());
    }
    let scenario = ScenarioSpec::find(scenario).map_err(|error| CommandError::usage(error.to_string()))?;
    let names = scenario.org_names();
    Ok(if names.len() > 1 { names } else { Vec::new() })
}

/// Begins the run that a session is.
pub(super) fn begin(
    journal: &Arc<Journal>,
    title: &str,
    world: &RunTargets,
    consent: ConsentOptions,
    listener: EventListener,
    interrupt: &SessionInterrupt,
) -> Result<Arc<Run>, CommandError> {
    let run = Run::begin(RunOptions {
        listener,
        cancelled: interrupt.renew(),
        ..world.run_options(Arc::clone(journal), RunProcedure::without_text(title), consent)
    });
    run.map(Arc::new).map_err(|error| run_failure(&error))
}

/// How a session ends with this error.
pub(super) fn ended_by(error: &CommandError) -> RunOutcome {
    match error.exit {
        CommandExit::Interrupted => RunOutcome::Interrupted,
        _ => RunOutcome::Failed,
    }
}
