//! `repl`: a session at a prompt, or from a pipe.

mod plan;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::session::{self, SessionPlace, ended_by};
use super::undo::{show, taken_back};
use crate::app::command_context::CommandContext;
use crate::app::failures::run_failure;
use crate::app::journal_check::{self, AlterationConsent, JournalCheck};
use crate::app::org_identity::run_actor;
use crate::app::preparation::{GivenParameters, check_parameters, sources};
use crate::app::safeguards;
use crate::app::stop_signals::StopSignals;
use crate::app::targets::RunTargets;
use crate::app::terminal_reporter::TerminalReporter;
use crate::app::write_options::{check_attested, look_last, open_journal, runtime as new_runtime, stop_signals};
use crate::error::{CommandError, CommandExit};
use crate::okta::OktaClient;
use crate::repl::{self, ActiveOrg, OrgStage, ReplContext, SessionInterrupt, SessionLog};
use crate::report::text::OutputVerbosity;
use crate::run::consent::ConsentOptions;
use crate::run::event::RunOutcome;
use crate::run::journal::Journal;
use crate::run::undo::plan;
use crate::run::{self, EventListener, Run, RunOptions, journal};
use crate::script::check;
use crate::script::compilation::compile_runbook;
use crate::script::parameters::InvalidRows;
use crate::script::session::{STACK, ScriptSession};
use crate::script::{EndedRun, MissingValues, RunbookHeader};
use crate::terminal::{SavedMode, TerminalHandle};
use plan::{PlannedSession, RunGround};

/// Explore orgs line by line, and turn what was done into a runbook.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook repl --simulator
Without a terminal it reads entries from standard input: echo 'okta.list_groups()' | okta-runbook repl")]
pub(super) struct ReplArguments {
    #[command(flatten)]
    place: SessionPlace,
    /// Show reads too.
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn execute(context: &CommandContext, arguments: &ReplArguments) -> Result<CommandExit, CommandError> {
    std::thread::scope(|scope| {
        let work = || begin(context, arguments);
        let thread = std::thread::Builder::new()
            .name("session".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| CommandError::failed(format!("no thread for the session: {error}")))?;
        thread
            .join()
            .unwrap_or_else(|_| Err(CommandError::failed("the session failed unexpectedly; please report this")))
    })
}

fn begin(context: &CommandContext, arguments: &ReplArguments) -> Result<CommandExit, CommandError> {
    let runtime = new_runtime()?;
    let declared = arguments.place.declared("repl")?;
    let world = runtime.block_on(arguments.place.at.find(context, &declared))?;
    safeguards::distinct_orgs(&world, &runtime)?;
    let orgs = arguments.place.orgs(context, &world)?;
    let interrupt = SessionInterrupt::default();
    let told = SessionLog::default();
    let actor = run_actor(context, &world, &runtime);
    let consent = arguments.place.consent(context, &world, &orgs, &interrupt, actor)?;
    let verbosity = if arguments.verbose { OutputVerbosity::Verbose } else { OutputVerbosity::Normal };
    let listener = told.listener(&context.terminal, verbosity);
    let planned = RefCell::new(None);
    let journal = open_journal(context)?;
    let signals = stop_signals(&runtime)?;
    let run = session::begin(&journal, "repl", &world, consent.clone(), Arc::clone(&listener), &interrupt)?;
    interrupt.rest();
    let at_terminal = context.terminal.asks();
    let stopping = StopHandling {
        run: Arc::clone(&run),
        interrupt: interrupt.clone(),
        terminal: context.terminal.clone(),
        mode: SavedMode::of_now(),
    };
    runtime.spawn(stopping.listen(signals));
    let names: Vec<String> = orgs.iter().map(|org| org.name.clone()).collect();
    let session = ScriptSession::new(
        &run,
        runtime.handle().clone(),
        &names,
        world.directories.keys().cloned().collect(),
        context.library(),
    );
    let inner = SessionParts {
        context,
        journal: Arc::clone(&journal),
        world: &world,
        orgs: &orgs,
        consent,
        interrupt: interrupt.clone(),
        runtime: &runtime,
        listener,
        planned,
    };
    let environment = context.config.environment();
    let editor = environment.variable("VISUAL").or_else(|| environment.variable("EDITOR"));
    let around = ReplContext {
        terminal: context.terminal.clone(),
        library: context.library(),
        orgs: orgs.clone(),
        told,
        interrupt,
        history: Some(context.config.workspace().join("history")),
        editor: editor.map(str::to_owned),
        home: environment.home.clone(),
        runs: Box::new(|| super::runs::list_runs(context, &journal)),
        run: Box::new(|session, words| inner.run(session, words)),
        undo: Box::new(|session| inner.undo(session)),
        plan: Box::new(|session, what| inner.plan(session, what)),
    };
    if at_terminal {
        context.terminal.line(&format!(
            "okta-runbook {} (session {}): Tab completes, :help helps, Ctrl-D leaves",
            env!("CARGO_PKG_VERSION"),
            run.id()
        ));
    }
    let result = repl::begin(session, around);
    inner.tell_unsent();
    let (outcome, message) = match &result {
        Ok(CommandExit::Interrupted) => (RunOutcome::Interrupted, None),
        Ok(_) => (RunOutcome::Succeeded, None),
        Err(error) => (ended_by(error), error.message.lines().next()),
    };
    look_last(&run, outcome, &runtime);
    run.end(outcome, message).map_err(|error| run_failure(&error))?;
    result
}

/// What signals end.
struct StopHandling {
    run: Arc<Run>,
    interrupt: SessionInterrupt,
    terminal: TerminalHandle,
    /// The terminal as it was before the prompt.
    mode: SavedMode,
}

impl StopHandling {
    /// Ctrl-C breaks off what is evaluated; where nothing is and no prompt could take it, it leaves. Other signals end the session too.
    async fn listen(self, mut signals: StopSignals) {
        loop {
            let signal = signals.next().await;
            let is_busy = self.interrupt.strike();
            if let Some(name) = signal.name() {
                self.terminal.warn(&format!("{name}: leaving the session"));
                self.interrupt.leave();
                self.terminal.break_off_questions();
                break self.end_if_idle(is_busy);
            }
            if !is_busy && !self.terminal.asks() {
                break self.end_if_idle(is_busy);
            }
        }
        // What is evaluated ends by itself, unless a second signal leaves at once.
        while !signals.next().await.is_urgent() {}
        self.leave();
    }

    /// Nothing breaks off the reading of an entry: the session's run is ended from here.
    fn end_if_idle(&self, is_busy: bool) {
        if is_busy {
            return;
        }
        if let Err(error) = self.run.end(RunOutcome::Interrupted, None) {
            self.terminal.error(&run_failure(&error));
        }
        self.leave();
    }

    fn leave(&self) {
        self.mode.restore();
        std::process::exit(CommandExit::Interrupted as i32);
    }
}

/// What `:run`, `:undo` and `:plan` need of the session.
struct SessionParts<'a> {
    context: &'a CommandContext,
    /// The session's own: a journal is opened once by a process.
    journal: Arc<Journal>,
    world: &'a RunTargets,
    orgs: &'a [ActiveOrg],
    consent: ConsentOptions,
    interrupt: SessionInterrupt,
    runtime: &'a tokio::runtime::Runtime,
    /// Where the session tells what happens.
    listener: EventListener,
    planned: RefCell<Option<PlannedSession>>,
}

impl SessionParts<'_> {
    /// A run of its own, on the session's orgs; on their shadows while there is a plan.
    fn run(&self, session: &ScriptSession, words: &[String]) -> Result<(), CommandError> {
        match &mut *self.planned.borrow_mut() {
            Some(planned) => self.rehearse(planned, session, words),
            None => self.run_at(RunGround::Orgs(None), words)?.1,
        }
    }

    /// The run, and how it ended.
    fn run_at(
        &self,
        ground: RunGround<'_>,
        words: &[String],
    ) -> Result<(Arc<Run>, Result<(), CommandError>), CommandError> {
        let RunCommandWords { runbook: name, assignments, attest } = RunCommandWords::of(words)?;
        let library = self.context.library();
        let source = library.find(&name)?;
        let runbook = RunbookHeader::read(&source, &library)?;
        let (digest, entry) = (source.digest.clone(), source.path.clone());
        check_attested(&attest, &check::check(source.clone(), &library))?;
        let procedure = compile_runbook(source, &runbook, library)?;
        let simulated = self.orgs.iter().any(|org| org.stage == OrgStage::Simulated);
        let mode = if simulated { MissingValues::Examples } else { MissingValues::Given };
        let given = GivenParameters { texts: &assignments, mode, invalid: InvalidRows::Refuse };
        let parameters =
            check_parameters(self.context, &self.context.terminal, &runbook, &given).map_err(in_session)?;
        let what = run::RunProcedure {
            runbook: runbook.name.clone(),
            digest,
            sources: sources(&entry, &procedure),
            parameters: parameters.values.clone().into(),
            kind: journal::RunKind::Run,
        };
        let mut settings = self.settings_at(ground, what);
        settings.orgs = self.orgs_of(&runbook, &settings.orgs)?;
        settings.consent.attest.extend(attest);
        settings.secrets = parameters.secrets.values().cloned().collect();
        let run = Arc::new(Run::begin(settings).map_err(|error| run_failure(&error))?);
        let ended = procedure.execute(&run, &parameters, self.runtime.handle());
        let concluded = conclude_run(&run, ended, self.runtime);
        Ok((run, concluded))
    }

    /// Takes back what this session wrote, as a run of its own.
    fn undo(&self, session: &Run) -> Result<(), CommandError> {
        let check = JournalCheck::of_world(self.context, &self.journal, Some(self.world), AlterationConsent::default());
        let doubts = check.doubts(&[session.id().to_owned()])?;
        let steps = plan(&self.journal, session.id(), None).map_err(|error| run_failure(&error.into()))?;
        if steps.is_empty() {
            return Err(CommandError::usage("this session wrote nothing: there is nothing to undo"));
        }
        let settings = self.settings(run::RunProcedure {
            runbook: format!("undo of {} (repl)", session.id()),
            digest: String::new(),
            sources: serde_json::json!({}),
            parameters: serde_json::json!({}),
            kind: journal::RunKind::Undo(session.id().to_owned()),
        });
        let run = Arc::new(Run::begin(settings).map_err(|error| run_failure(&error))?);
        journal_check::record(&run, doubts)?;
        show(&self.context.terminal, &steps);
        let ended = taken_back(&run, &steps, self.runtime, &self.context.terminal);
        conclude_run(&run, ended, self.runtime)
    }

    fn orgs_of(
        &self,
        runbook: &RunbookHeader,
        here: &BTreeMap<String, Arc<OktaClient>>,
    ) -> Result<BTreeMap<String, Arc<OktaClient>>, CommandError> {
        let mut orgs = BTreeMap::new();
        for org in &runbook.orgs {
            let client = here.get(&org.name).ok_or_else(|| {
                let known: Vec<&str> = self.orgs.iter().map(|org| org.name.as_str()).collect();
                CommandError::usage(format!(
                    "{} works on an org `{}`, which this session has not",
                    runbook.name, org.name
                ))
                .help(format!(
                    "it has: {}; begin a session with {}",
                    known.join(", "),
                    self.beginning_with(&org.name)
                ))
            })?;
            orgs.insert(org.name.clone(), Arc::clone(client));
        }
        Ok(orgs)
    }

    /// How a session is begun that has an org of this name.
    fn beginning_with(&self, org: &str) -> String {
        if self.orgs.iter().any(|it| it.stage == OrgStage::Simulated) {
            "--simulator=SCENARIO, a scenario that has it, such as org2org".to_owned()
        } else {
            format!("--org {org}=PROFILE")
        }
    }

    fn settings(&self, procedure: run::RunProcedure) -> RunOptions {
        let (listener, watcher) = TerminalReporter::new(OutputVerbosity::Normal, &self.context.terminal).parts();
        RunOptions {
            listener,
            watcher,
            cancelled: self.interrupt.renew(),
            ..self.world.run_options(Arc::clone(&self.journal), procedure, self.consent.clone())
        }
    }
}

/// What stands after `:run`.
#[derive(Default)]
struct RunCommandWords {
    runbook: String,
    assignments: Vec<String>,
    attest: Vec<String>,
}

impl RunCommandWords {
    fn of(words: &[String]) -> Result<Self, CommandError> {
        let mut found = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let (option, joined) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            match option {
                // As on the command line, which a person may have in mind.
                "--attest" | "--param" | "-p" => {
                    let value = joined.or_else(|| rest.next().cloned());
                    let value =
                        value.ok_or_else(|| CommandError::usage(format!("`{option}` lacks what comes after it")))?;
                    if option == "--attest" {
                        found.attest.push(value);
                    } else {
                        found.assignments.push(value);
                    }
                }
                option if option.starts_with('-') => {
                    return Err(CommandError::usage(format!("`:run` has no option `{option}`"))
                        .help("it has --attest NAME and --param NAME=VALUE; what else a session may do is said when it begins"));
                }
                _ if found.runbook.is_empty() => found.runbook.clone_from(word),
                _ => found.assignments.push(word.clone()),
            }
        }
        if found.runbook.is_empty() {
            return Err(CommandError::usage("`:run` lacks the name of a runbook"));
        }
        Ok(found)
    }
}

/// In a session parameters are given without an option.
fn in_session(mut error: CommandError) -> CommandError {
    for help in &mut error.help {
        *help = help.replace("--param ", "");
    }
    error
}

/// Ends an inner run; its error is the session's to tell.
fn conclude_run(run: &Run, ended: EndedRun, runtime: &tokio::runtime::Runtime) -> Result<(), CommandError> {
    look_last(run, ended.outcome, runtime);
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    run.end(ended.outcome, message).map_err(|error| run_failure(&error))?;
    ended.error.map_or(Ok(()), Err)
}
