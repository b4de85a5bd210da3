//! `repl`: a session at a prompt, or from a pipe.

mod plan;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Context;
use super::audience::Audience;
use super::conduct::{check_attested, look_last, open_journal, runtime as new_runtime, stop_signals};
use super::failures::run_failure;
use super::guard;
use super::journal_check::{self, Acceptance, JournalCheck};
use super::org_identity::run_actor;
use super::prepared::{checked, sources};
use super::session::{self, Place, ended_by};
use super::stop_signals::StopSignals;
use super::undo::{show, taken_back};
use super::world::World;
use crate::error::{Error, Exit};
use crate::okta::Client;
use crate::repl::{self, Around, Interrupt, OrgAtHand, Stage, Told};
use crate::report::text::Verbosity;
use crate::run::event::Outcome;
use crate::run::gate::Consent;
use crate::run::journal::Journal;
use crate::run::undo::plan;
use crate::run::{self, Edits, Listener, Run, Settings, Target, journal};
use crate::script::check;
use crate::script::session::{STACK, Session};
use crate::script::{Ended, Mode, Procedure, Runbook};
use crate::terminal::{SavedMode, Terminal};
use plan::{Ground, Planned};

/// Explore orgs line by line, and turn what was done into a runbook.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook repl --simulator
Without a terminal it reads entries from standard input: echo 'okta.list_groups()' | okta-runbook repl")]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Show reads too.
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    std::thread::scope(|scope| {
        let work = || begin(context, arguments);
        let thread = std::thread::Builder::new()
            .name("session".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| Error::failed(format!("no thread for the session: {error}")))?;
        thread.join().unwrap_or_else(|_| Err(Error::failed("the session failed unexpectedly; please report this")))
    })
}

fn begin(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let runtime = new_runtime()?;
    let declared = arguments.place.declared("repl")?;
    let world = runtime.block_on(arguments.place.at.find(context, &declared))?;
    guard::distinct_orgs(&world, &runtime)?;
    let orgs = arguments.place.orgs(context, &world)?;
    let interrupt = Interrupt::default();
    let told = Told::default();
    let actor = run_actor(context, &world, &runtime);
    let consent = arguments.place.consent(context, &world, &orgs, &interrupt, actor)?;
    let verbosity = if arguments.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let listener = told.listener(&context.terminal, verbosity);
    let planned = RefCell::new(None);
    let journal = open_journal(context)?;
    let signals = stop_signals(&runtime)?;
    let run = session::begin(&journal, "repl", &world, consent.clone(), Arc::clone(&listener), &interrupt)?;
    interrupt.rest();
    let at_terminal = context.terminal.asks();
    let stopping = Stopping {
        run: Arc::clone(&run),
        interrupt: interrupt.clone(),
        terminal: context.terminal.clone(),
        mode: SavedMode::of_now(),
    };
    runtime.spawn(stopping.listen(signals));
    let names: Vec<String> = orgs.iter().map(|org| org.name.clone()).collect();
    let session = Session::new(
        &run,
        runtime.handle().clone(),
        &names,
        world.directories.keys().cloned().collect(),
        context.library(),
    );
    let inner = Inner {
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
    let around = Around {
        terminal: context.terminal.clone(),
        library: context.library(),
        orgs: orgs.clone(),
        told,
        interrupt,
        history: Some(context.config.workspace().join("history")),
        editor: editor.map(str::to_owned),
        home: environment.home.clone(),
        runs: Box::new(|| super::runs::listed(context, &journal)),
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
        Ok(Exit::Interrupted) => (Outcome::Interrupted, None),
        Ok(_) => (Outcome::Succeeded, None),
        Err(error) => (ended_by(error), error.message.lines().next()),
    };
    look_last(&run, outcome, &runtime);
    run.end(outcome, message).map_err(|error| run_failure(&error))?;
    result
}

/// What signals end.
struct Stopping {
    run: Arc<Run>,
    interrupt: Interrupt,
    terminal: Terminal,
    /// The terminal as it was before the prompt.
    mode: SavedMode,
}

impl Stopping {
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
        if let Err(error) = self.run.end(Outcome::Interrupted, None) {
            self.terminal.error(&run_failure(&error));
        }
        self.leave();
    }

    fn leave(&self) {
        self.mode.restore();
        std::process::exit(Exit::Interrupted as i32);
    }
}

/// What `:run`, `:undo` and `:plan` need of the session.
struct Inner<'a> {
    context: &'a Context,
    /// The session's own: a journal is opened once by a process.
    journal: Arc<Journal>,
    world: &'a World,
    orgs: &'a [OrgAtHand],
    consent: Consent,
    interrupt: Interrupt,
    runtime: &'a tokio::runtime::Runtime,
    /// Where the session tells what happens.
    listener: Listener,
    planned: RefCell<Option<Planned>>,
}

impl Inner<'_> {
    /// A run of its own, on the session's orgs; on their shadows while there is a plan.
    fn run(&self, session: &Session, words: &[String]) -> Result<(), Error> {
        match &mut *self.planned.borrow_mut() {
            Some(planned) => self.rehearse(planned, session, words),
            None => self.run_at(Ground::Orgs(None), words)?.1,
        }
    }

    /// The run, and how it ended.
    fn run_at(&self, ground: Ground<'_>, words: &[String]) -> Result<(Arc<Run>, Result<(), Error>), Error> {
        let Words { runbook: name, assignments, attest } = Words::of(words)?;
        let library = self.context.library();
        let source = library.find(&name)?;
        let runbook = Runbook::parse(&source)?;
        let (digest, entry) = (source.digest.clone(), source.path.clone());
        check_attested(&attest, &check::check(source.clone(), &library))?;
        let procedure = Procedure::compile(source, &runbook, library)?;
        let simulated = self.orgs.iter().any(|org| org.stage == Stage::Simulated);
        let mode = if simulated { Mode::Examples } else { Mode::Given };
        let parameters =
            checked(self.context, &self.context.terminal, &runbook, &assignments, mode).map_err(in_session)?;
        let what = run::Procedure {
            runbook: runbook.name.clone(),
            digest,
            sources: sources(&entry, &procedure),
            parameters: parameters.values.clone().into(),
            kind: journal::Kind::Run,
        };
        let mut settings = self.settings_at(ground, what);
        settings.orgs = self.orgs_of(&runbook, &settings.orgs)?;
        settings.consent.attest.extend(attest);
        settings.secrets = parameters.secrets.values().cloned().collect();
        let run = Arc::new(Run::begin(settings).map_err(|error| run_failure(&error))?);
        let ended = procedure.execute(&run, &parameters, self.runtime.handle());
        let concluded = concluded(&run, ended, self.runtime);
        Ok((run, concluded))
    }

    /// Takes back what this session wrote, as a run of its own.
    fn undo(&self, session: &Run) -> Result<(), Error> {
        let check = JournalCheck::of_world(self.context, &self.journal, Some(self.world), Acceptance::default())?;
        let doubts = check.doubts(&[session.id().to_owned()])?;
        let steps = plan(&self.journal, session.id(), None).map_err(|error| run_failure(&error.into()))?;
        if steps.is_empty() {
            return Err(Error::usage("this session wrote nothing: there is nothing to undo"));
        }
        let settings = self.settings(run::Procedure {
            runbook: format!("undo of {} (repl)", session.id()),
            digest: String::new(),
            sources: serde_json::json!({}),
            parameters: serde_json::json!({}),
            kind: journal::Kind::Undo(session.id().to_owned()),
        });
        let run = Arc::new(Run::begin(settings).map_err(|error| run_failure(&error))?);
        journal_check::record(&run, doubts)?;
        show(&self.context.terminal, &steps);
        let ended = taken_back(&run, &steps, self.runtime, &self.context.terminal);
        concluded(&run, ended, self.runtime)
    }

    fn orgs_of(
        &self,
        runbook: &Runbook,
        here: &BTreeMap<String, Arc<Client>>,
    ) -> Result<BTreeMap<String, Arc<Client>>, Error> {
        let mut orgs = BTreeMap::new();
        for org in &runbook.orgs {
            let client = here.get(&org.name).ok_or_else(|| {
                let known: Vec<&str> = self.orgs.iter().map(|org| org.name.as_str()).collect();
                Error::usage(format!("{} works on an org `{}`, which this session has not", runbook.name, org.name))
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
        if self.orgs.iter().any(|it| it.stage == Stage::Simulated) {
            "--simulator=SCENARIO, a scenario that has it, such as org2org".to_owned()
        } else {
            format!("--org {org}=PROFILE")
        }
    }

    fn settings(&self, procedure: run::Procedure) -> Settings {
        let (listener, watcher) = Audience::new(Verbosity::Normal, &self.context.terminal).parts();
        Settings {
            journal: Arc::clone(&self.journal),
            procedure,
            orgs: self.world.orgs.clone(),
            profiles: self.world.profiles.clone(),
            directories: self.world.directories.clone(),
            consent: self.consent.clone(),
            listener,
            watcher,
            cancelled: self.interrupt.renew(),
            edits: Edits::Refused,
            secrets: Vec::new(),
            target: Target::Orgs,
            agreement: None,
        }
    }
}

/// What stands after `:run`.
#[derive(Default)]
struct Words {
    runbook: String,
    assignments: Vec<String>,
    attest: Vec<String>,
}

impl Words {
    fn of(words: &[String]) -> Result<Self, Error> {
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
                    let value = value.ok_or_else(|| Error::usage(format!("`{option}` lacks what comes after it")))?;
                    if option == "--attest" {
                        found.attest.push(value);
                    } else {
                        found.assignments.push(value);
                    }
                }
                option if option.starts_with('-') => {
                    return Err(Error::usage(format!("`:run` has no option `{option}`"))
                        .help("it has --attest NAME and --param NAME=VALUE; what else a session may do is said when it begins"));
                }
                _ if found.runbook.is_empty() => found.runbook.clone_from(word),
                _ => found.assignments.push(word.clone()),
            }
        }
        if found.runbook.is_empty() {
            return Err(Error::usage("`:run` lacks the name of a runbook"));
        }
        Ok(found)
    }
}

/// In a session parameters are given without an option.
fn in_session(mut error: Error) -> Error {
    for help in &mut error.help {
        *help = help.replace("--param ", "");
    }
    error
}

/// Ends an inner run; its error is the session's to tell.
fn concluded(run: &Run, ended: Ended, runtime: &tokio::runtime::Runtime) -> Result<(), Error> {
    look_last(run, ended.outcome, runtime);
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    run.end(ended.outcome, message).map_err(|error| run_failure(&error))?;
    ended.error.map_or(Ok(()), Err)
}
