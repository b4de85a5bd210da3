//! `repl`: a session at a prompt, or from a pipe.

use std::sync::Arc;

use super::Context;
use super::run::{journal, unwritable};
use super::session::{self, Place};
use super::world::World;
use crate::error::{Error, Exit};
use crate::ldap::Dn;
use crate::repl::{self, Around, Interrupt, OrgAtHand, Stage, Told};
use crate::report::text::{Narrator, Verbosity};
use crate::run::event::Outcome;
use crate::run::gate::Consent;
use crate::run::{Run, Settings};
use crate::script::parameters::{self, Outside, Parameters, Problem};
use crate::script::session::{STACK, Session};
use crate::script::{Mode, Procedure, Runbook};

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
        thread.join().unwrap_or_else(|_| {
            Err(Error::failed(
                "the session failed unexpectedly; please report this",
            ))
        })
    })
}

fn begin(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Error::failed(format!("the runtime does not start: {error}")))?;
    let declared = arguments.place.declared("repl");
    let world = runtime.block_on(arguments.place.place.find(context, &declared))?;
    let orgs = arguments.place.orgs(context, &world)?;
    let interrupt = Interrupt::default();
    let told = Told::default();
    let consent = arguments
        .place
        .consent(context, &context.terminal, &orgs, &interrupt);
    let verbosity = if arguments.verbose {
        Verbosity::Verbose
    } else {
        Verbosity::Normal
    };
    let listener = told.listener(&context.terminal, verbosity);
    let run = session::begin(
        context,
        "repl",
        &world,
        consent.clone(),
        listener,
        &interrupt,
    )?;
    let at_terminal = context.terminal.asks();
    runtime.spawn(struck(interrupt.clone(), at_terminal));
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
        world: &world,
        orgs: &orgs,
        consent,
        interrupt: interrupt.clone(),
        runtime: runtime.handle().clone(),
    };
    let environment = context.config.environment();
    let editor = environment
        .variable("VISUAL")
        .or_else(|| environment.variable("EDITOR"));
    let around = Around {
        terminal: context.terminal.clone(),
        library: context.library(),
        orgs: orgs.clone(),
        told,
        interrupt,
        history: Some(context.config.workspace().join("history")),
        editor: editor.map(str::to_owned),
        runs: Box::new(|| super::runs::listed(context)),
        run: Box::new(|words| inner.run(words)),
    };
    if at_terminal {
        context.terminal.line(&format!(
            "okta-runbook {} (session {}): Tab completes, :help helps, Ctrl-D leaves",
            env!("CARGO_PKG_VERSION"),
            run.id()
        ));
    }
    let result = repl::begin(session, around);
    let (outcome, message) = match &result {
        Ok(_) => (Outcome::Succeeded, None),
        Err(error) => (Outcome::Failed, error.message.lines().next()),
    };
    run.end(outcome, message)
        .map_err(|error| unwritable(&error))?;
    result
}

/// Ctrl-C breaks off what is evaluated. Where nothing is and no prompt could take it, it leaves.
async fn struck(interrupt: Interrupt, at_terminal: bool) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if !interrupt.strike() && !at_terminal {
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}

/// What `:run` needs of the session.
struct Inner<'a> {
    context: &'a Context,
    world: &'a World,
    orgs: &'a [OrgAtHand],
    consent: Consent,
    interrupt: Interrupt,
    runtime: tokio::runtime::Handle,
}

impl Inner<'_> {
    /// A run of its own, on the session's orgs.
    fn run(&self, words: &[String]) -> Result<(), Error> {
        let (name, assignments) = words
            .split_first()
            .ok_or_else(|| Error::usage("write :run RUNBOOK [NAME=VALUE]…"))?;
        let library = self.context.library();
        let source = library.find(name)?;
        let runbook = Runbook::parse(&source)?;
        let digest = source.digest.clone();
        let procedure = Procedure::compile(source, &runbook, library)?;
        let parameters = self.checked(&runbook, assignments)?;
        let settings = self.settings(&runbook, digest, &parameters)?;
        let run = Arc::new(Run::begin(settings).map_err(|error| unwritable(&error))?);
        let ended = procedure.execute(&run, &parameters.values, &self.runtime);
        let message = ended
            .error
            .as_ref()
            .and_then(|error| error.message.lines().next());
        run.end(ended.outcome, message)
            .map_err(|error| unwritable(&error))?;
        ended.error.map_or(Ok(()), Err)
    }

    fn checked(&self, runbook: &Runbook, assignments: &[String]) -> Result<Parameters, Error> {
        let given = parameters::parse_assignments(assignments)
            .map_err(|problems| Problem::together(&problems))?;
        let simulated = self.orgs.iter().any(|org| org.stage == Stage::Simulated);
        let mode = if simulated {
            Mode::Examples
        } else {
            Mode::Given
        };
        let environment = self.context.config.environment();
        let outside = Outside {
            dn: &|text| Dn::parse(text).map(drop).map_err(|error| error.to_string()),
            environment: &|name| environment.variable(name).map(str::to_owned),
        };
        parameters::check(runbook, &given, mode, &outside)
            .map_err(|problems| Problem::together(&problems))
    }

    fn settings(
        &self,
        runbook: &Runbook,
        digest: String,
        parameters: &Parameters,
    ) -> Result<Settings, Error> {
        let mut orgs = std::collections::BTreeMap::new();
        for org in &runbook.orgs {
            let client = self.world.orgs.get(&org.name).ok_or_else(|| {
                let known: Vec<&str> = self.orgs.iter().map(|org| org.name.as_str()).collect();
                Error::usage(format!(
                    "{} works on an org `{}`, which this session has not",
                    runbook.name, org.name
                ))
                .help(format!(
                    "it has: {}; begin a session with --org {}=PROFILE",
                    known.join(", "),
                    org.name
                ))
            })?;
            orgs.insert(org.name.clone(), Arc::clone(client));
        }
        let terminal = self.context.terminal.clone();
        let narrator = std::sync::Mutex::new(Narrator::new(Verbosity::Normal, terminal.width()));
        Ok(Settings {
            journal: Arc::new(journal(self.context)?),
            runbook: runbook.name.clone(),
            digest,
            parameters: parameters.values.clone().into(),
            orgs,
            directories: self.world.directories.clone(),
            consent: self.consent.clone(),
            listener: Arc::new(move |event| {
                let mut narrator = narrator
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                for line in narrator.tell(event) {
                    terminal.line(&line);
                }
            }),
            cancelled: self.interrupt.renew(),
        })
    }
}
