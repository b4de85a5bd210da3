//! `:plan`: a session in shadows of its orgs, and what was tried there done in the orgs.

use std::sync::Arc;

use super::{RunCommandWords, SessionParts};
use crate::app::failures::run_failure;
use crate::app::plan_mode::{PlanHeader, ShadowTargets};
use crate::app::saved_plan::agreement;
use crate::error::CommandError;
use crate::okta::operations;
use crate::repl::PlanCommand;
use crate::report::plan::{RunPlan, lines};
use crate::report::text::count_noun;
use crate::run::consent::WriteConsent;
use crate::run::event::{EventKind, RunOutcome};
use crate::run::{self, PlannedWrites, Run, RunOptions, RunProcedure};
use crate::script::check::least_scopes;
use crate::script::digest;
use crate::script::session::{ScriptSession, SessionEntry};

/// Where a run goes.
pub(super) enum RunGround<'a> {
    /// Held to what was planned, where there is a plan.
    Orgs(Option<PlannedWrites>),
    Shadows(&'a ShadowTargets),
}

/// What a session tries in shadows.
pub(super) struct PlannedSession {
    shadows: ShadowTargets,
    /// That of the session's entries.
    run: Arc<Run>,
    runbooks: Vec<RehearsedRunbook>,
}

/// A runbook that was run there.
struct RehearsedRunbook {
    words: Vec<String>,
    /// How many entries came before it.
    after: usize,
    run: Arc<Run>,
    stopped: Option<String>,
}

/// What is done again in the orgs.
enum PlannedAction {
    Entry(SessionEntry),
    Runbook { words: Vec<String>, agreement: PlannedWrites, stopped: bool },
}

impl PlannedSession {
    /// Plans of the entries and of each runbook. What follows from all of them stands in the last.
    fn plans(&self, inner: &SessionParts<'_>) -> Result<Vec<RunPlan>, CommandError> {
        let mut plans = vec![self.plan_of(inner, "the session", &self.run, None)?];
        for one in &self.runbooks {
            let name = one.words.first().map_or("", String::as_str);
            plans.push(self.plan_of(inner, name, &one.run, one.stopped.clone())?);
        }
        let last = plans.len() - 1;
        for plan in &mut plans[..last] {
            plan.effects.clear();
        }
        Ok(plans)
    }

    fn plan_of(
        &self,
        inner: &SessionParts<'_>,
        name: &str,
        run: &Run,
        stopped: Option<String>,
    ) -> Result<RunPlan, CommandError> {
        let subject = PlanHeader {
            name: name.to_owned(),
            digest: String::new(),
            parameters: serde_json::json!({}),
            scopes: scopes(run)?,
        };
        let (runtime, real) = (inner.runtime, inner.world);
        let (plan, _) = self.shadows.plan(runtime, real, &subject, run, stopped)?;
        Ok(plan)
    }

    fn writes(&self) -> u64 {
        let runs = self.runbooks.iter().map(|one| &one.run);
        runs.chain([&self.run]).map(|run| run.counts().writes).sum()
    }
}

/// The least OAuth scopes for what a run did.
fn scopes(run: &Run) -> Result<Vec<String>, CommandError> {
    let mut used = Vec::new();
    let heard = run.journal().each_event(run.id(), |event| {
        if let EventKind::Read(call) | EventKind::Performed(call) | EventKind::Unchanged(call) = event.kind {
            used.push(call.operation);
        }
    });
    heard.map_err(|error| run_failure(&error.into()))?;
    let used = used.iter().filter_map(|name| operations::find(name));
    Ok(least_scopes(used).iter().map(ToString::to_string).collect())
}

impl SessionParts<'_> {
    pub(super) fn plan(&self, session: &mut ScriptSession, what: PlanCommand) -> Result<(), CommandError> {
        match what {
            PlanCommand::On => self.begin_plan(session),
            PlanCommand::Show => self.show_plan(),
            PlanCommand::Apply => self.apply_plan(session),
            PlanCommand::Off => self.drop_plan(session),
        }
    }

    fn begin_plan(&self, session: &mut ScriptSession) -> Result<(), CommandError> {
        if self.planned.borrow().is_some() {
            return Err(CommandError::usage("there is a plan already")
                .help(":plan show tells it, :plan apply sends it, :plan off drops it"));
        }
        let shadows = ShadowTargets::of(self.world, self.runtime)?;
        let run = Run::begin(RunOptions {
            listener: Arc::clone(&self.listener),
            ..shadows.settings(self.context, RunProcedure::without_text("plan of a session"), &self.consent.allow)
        });
        let run = Arc::new(run.map_err(|error| run_failure(&error))?);
        session.go(&run);
        *self.planned.borrow_mut() = Some(PlannedSession { shadows, run, runbooks: Vec::new() });
        self.context.terminal.line("from here on writes go to shadows of the orgs, and nothing reaches these: :plan show tells what it comes to, :plan apply sends it, :plan off drops it");
        Ok(())
    }

    /// A runbook in the shadows: that it stops is a part of the plan.
    pub(super) fn rehearse(
        &self,
        planned: &mut PlannedSession,
        session: &ScriptSession,
        words: &[String],
    ) -> Result<(), CommandError> {
        let (run, ended) = self.run_at(RunGround::Shadows(&planned.shadows), words)?;
        planned.runbooks.push(RehearsedRunbook {
            words: words.to_vec(),
            after: session.entries_away().len(),
            run,
            stopped: ended.as_ref().err().map(|error| error.message.clone()),
        });
        ended
    }

    fn show_plan(&self) -> Result<(), CommandError> {
        let planned = self.planned.borrow();
        let planned = planned.as_ref().ok_or_else(no_plan)?;
        self.show(&planned.plans(self)?);
        Ok(())
    }

    fn show(&self, plans: &[RunPlan]) {
        for line in plans.iter().filter(|plan| !plan.is_empty()).flat_map(lines) {
            self.context.terminal.line(&line);
        }
        if plans.iter().all(RunPlan::is_empty) {
            self.context.terminal.line("nothing was written yet");
        }
    }

    fn drop_plan(&self, session: &mut ScriptSession) -> Result<(), CommandError> {
        let planned = self.planned.take().ok_or_else(no_plan)?;
        session.come_back_as_it_was();
        let writes = count_noun(planned.writes(), "write");
        self.context
            .terminal
            .line(&format!("{writes} dropped, with what was declared since: the orgs are as they were"));
        Ok(())
    }

    fn apply_plan(&self, session: &mut ScriptSession) -> Result<(), CommandError> {
        let plans = {
            let planned = self.planned.borrow();
            planned.as_ref().ok_or_else(no_plan)?.plans(self)?
        };
        let writes: usize = plans.iter().map(|plan| plan.writes().count()).sum();
        if writes == 0 {
            return Err(CommandError::usage("the plan has no write to send").help(":plan off leaves it"));
        }
        self.show(&plans);
        self.check_attested(&plans)?;
        if !self.is_agreed(writes as u64)? {
            return Ok(());
        }
        let planned = self.planned.take().ok_or_else(no_plan)?;
        let entries = session.come_back_as_it_was();
        self.send(session, &plans[0], deeds(entries, planned, &plans))
    }

    /// In the shadows everything was taken as attested: the orgs want it said.
    fn check_attested(&self, plans: &[RunPlan]) -> Result<(), CommandError> {
        let planned = self.planned.borrow();
        let runbooks = planned.iter().flat_map(|planned| &planned.runbooks);
        for (one, plan) in runbooks.zip(&plans[1..]) {
            let mut attested = RunCommandWords::of(&one.words)?.attest;
            attested.extend(self.consent.attest.iter().cloned());
            let said = |name: &str| attested.iter().any(|it| it == name || it == "all");
            if let Some(manual) = plan.manual.iter().find(|manual| !said(&manual.name)) {
                return Err(CommandError::usage(format!(
                    "{}: it is not attested that {}",
                    one.words.first().map_or("", String::as_str),
                    manual.title
                ))
                .help(format!(":plan off, :plan on, then :run it with --attest {}", manual.name)));
            }
        }
        Ok(())
    }

    fn is_agreed(&self, writes: u64) -> Result<bool, CommandError> {
        if self.consent.writes == WriteConsent::Agreed {
            return Ok(true);
        }
        let question = format!("Send {}?", count_noun(writes, "write"));
        (self.consent.ask)(&question).ok_or_else(|| {
            CommandError::usage("nobody is there to agree to the writes").help("begin the session with --yes")
        })
    }

    /// Does in the orgs what was done in the shadows, and nothing else.
    fn send(&self, session: &mut ScriptSession, plan: &RunPlan, deeds: Vec<PlannedAction>) -> Result<(), CommandError> {
        let has_entries = deeds.iter().any(|deed| matches!(deed, PlannedAction::Entry(_)));
        let run = has_entries.then(|| self.begin_entries(session, plan));
        let run = run.transpose()?;
        let mut runs: Vec<Arc<Run>> = run.iter().cloned().collect();
        let mut deeds = deeds.into_iter();
        let done = deeds.try_for_each(|deed| self.do_again(session, deed, &mut runs));
        if let Some(run) = run {
            session.come_back();
            let (outcome, message) = match &done {
                Ok(()) => (RunOutcome::Succeeded, None),
                Err(error) => (RunOutcome::Failed, error.message.lines().next()),
            };
            run.end(outcome, message).map_err(|error| run_failure(&error))?;
        }
        self.tell_sent(&runs);
        done
    }

    /// The run to which the entries of the session belong.
    fn begin_entries(&self, session: &mut ScriptSession, plan: &RunPlan) -> Result<Arc<Run>, CommandError> {
        let ground = RunGround::Orgs(Some(agreement_with(plan)));
        let mut settings = self.settings_at(ground, RunProcedure::without_text("plan of a session"));
        settings.listener = Arc::clone(&self.listener);
        let run = Arc::new(Run::begin(settings).map_err(|error| run_failure(&error))?);
        session.go(&run);
        Ok(run)
    }

    fn tell_sent(&self, runs: &[Arc<Run>]) {
        let may_have_sent = |run: &&Arc<Run>| run.counts().writes + run.counts().unknown > 0;
        for run in runs.iter().filter(may_have_sent) {
            let writes = count_noun(run.counts().writes + run.counts().unknown, "write");
            self.context
                .terminal
                .line(&format!("{writes} sent as run {id}; okta-runbook undo {id} takes back", id = run.id()));
        }
    }

    /// What failed in the plan is expected to fail again.
    fn do_again(
        &self,
        session: &mut ScriptSession,
        deed: PlannedAction,
        runs: &mut Vec<Arc<Run>>,
    ) -> Result<(), CommandError> {
        match deed {
            PlannedAction::Entry(entry) => match session.evaluate(&entry.text) {
                Err(failure) if entry.succeeded => Err(failure.into()),
                _ => Ok(()),
            },
            PlannedAction::Runbook { words, agreement, stopped } => {
                let (run, ended) = self.run_at(RunGround::Orgs(Some(agreement)), &words)?;
                runs.push(run);
                if stopped { Ok(()) } else { ended }
            }
        }
    }

    pub(super) fn settings_at(&self, ground: RunGround<'_>, what: run::RunProcedure) -> RunOptions {
        let in_orgs = self.settings(what.clone());
        match ground {
            RunGround::Shadows(shadows) => RunOptions {
                listener: in_orgs.listener,
                watcher: in_orgs.watcher,
                cancelled: in_orgs.cancelled,
                ..shadows.settings(self.context, what, &self.consent.allow)
            },
            RunGround::Orgs(agreement) => {
                let mut settings = RunOptions { agreement, ..in_orgs };
                // To all of what was agreed on, a person said yes.
                if settings.agreement.is_some() {
                    settings.consent.writes = WriteConsent::Agreed;
                }
                settings
            }
        }
    }

    /// Says at the end of a session that a plan was not sent.
    pub(super) fn tell_unsent(&self) {
        let planned = self.planned.borrow();
        let writes = planned.as_ref().map_or(0, PlannedSession::writes);
        if writes > 0 {
            let words = count_noun(writes, "write");
            let words = format!("the plan was not sent: {words} dropped");
            self.context.terminal.warn(&words);
        }
    }
}

fn deeds(entries: Vec<SessionEntry>, planned: PlannedSession, plans: &[RunPlan]) -> Vec<PlannedAction> {
    let mut deeds: Vec<PlannedAction> = entries.into_iter().map(PlannedAction::Entry).collect();
    let runbooks = planned.runbooks.into_iter().zip(&plans[1..]).enumerate();
    for (earlier, (one, plan)) in runbooks {
        let deed = PlannedAction::Runbook {
            words: one.words,
            agreement: agreement_with(plan),
            stopped: one.stopped.is_some(),
        };
        deeds.insert(one.after + earlier, deed);
    }
    deeds
}

fn agreement_with(plan: &RunPlan) -> PlannedWrites {
    let text = serde_json::to_string(plan).unwrap_or_default();
    agreement(&digest(&text), plan)
}

fn no_plan() -> CommandError {
    CommandError::usage("there is no plan").help(":plan on begins one")
}
