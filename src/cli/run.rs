//! `run RUNBOOK`: a procedure from its parameters to its outcome.

use std::sync::{Arc, Mutex, PoisonError};

use clap::ArgAction;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::world::Where;
use super::{Context, Output};
use crate::error::{Error, Exit};
use crate::ldap::Dn;
use crate::report::json;
use crate::report::text::{Narrator, Verbosity};
use crate::run::event::{Event, Outcome};
use crate::run::gate::{Consent, Writes};
use crate::run::journal::Journal;
use crate::run::{Listener, Run, Settings};
use crate::script::parameters::{self, Outside, Parameters, Problem};
use crate::script::{Mode, Procedure, Runbook};
use crate::terminal::{self, Answer, Terminal};

/// Run a runbook.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook run ad/move_user_to_ou --simulator --yes")]
pub(super) struct Arguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    runbook: String,
    /// A parameter; lists are comma-separated, repeated, or `@file`.
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    #[command(flatten)]
    place: Where,
    /// Agree to all writes beforehand; with --simulator, attest the manual steps too.
    #[arg(long, short)]
    yes: bool,
    /// Attest that the manual step of this name is done; `all` for every one.
    #[arg(long, value_name = "NAME")]
    attest: Vec<String>,
    /// `json` prints one event a line.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Only failures, manual steps, tables and the outcome.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Reads too.
    #[arg(long, short, action = ArgAction::SetTrue)]
    verbose: bool,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let library = context.library();
    let source = library.find(&arguments.runbook)?;
    let runbook = Runbook::parse(&source)?;
    let digest = source.digest.clone();
    let procedure = Procedure::compile(source, &runbook, library)?;
    let parameters = arguments.checked(context, &runbook)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|e| Error::failed(format!("the runtime does not start: {e}")))?;
    let world = runtime.block_on(arguments.place.find(context, &runbook))?;
    let cancelled = CancellationToken::new();
    let terminal = arguments.terminal();
    let run = Run::begin(Settings {
        journal: Arc::new(journal(context)?),
        runbook: runbook.name.clone(),
        digest,
        parameters: parameters.values.clone().into(),
        orgs: world.orgs.clone(),
        directories: world.directories.clone(),
        consent: arguments.consent(context, &terminal, &cancelled),
        listener: arguments.listener(&terminal),
        cancelled: cancelled.clone(),
    });
    let run = Arc::new(run.map_err(|error| unwritable(&error))?);
    runtime.spawn(interrupted(
        cancelled,
        terminal.clone(),
        run.id().to_owned(),
    ));
    let ended = procedure.execute(&run, &as_seen(&parameters), runtime.handle());
    if let Some(error) = &ended.error {
        terminal.error(error);
    }
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    let outcome = run
        .end(ended.outcome, message)
        .map_err(|error| unwritable(&error))?;
    Ok(match &ended.error {
        Some(error) if error.exit == Exit::Usage => Exit::Usage,
        _ => exit(outcome),
    })
}

/// `params` of the script: the values, and under `origins` the rows of files that the items of lists are from (`users.csv:3`), so that
/// it can name the row of what is found wrong only in the org. Empty for items that are from no file.
fn as_seen(parameters: &Parameters) -> Map<String, Value> {
    let rows = |name: &String, items: &Vec<Value>| {
        let row = |index| parameters.origin(name, index).filter(|it| it.contains(':'));
        let rows = (0..items.len()).map(|index| row(index).unwrap_or_default());
        rows.collect::<Value>()
    };
    let mut seen = parameters.values.clone();
    let lists = seen
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), rows(name, value.as_array()?))));
    let origins = Value::Object(lists.collect());
    seen.entry("origins").or_insert(origins);
    seen
}

fn unwritable(error: &crate::run::Error) -> Error {
    let text = Error::failed(error.to_string());
    error.help().into_iter().fold(text, Error::help)
}

fn journal(context: &Context) -> Result<Journal, Error> {
    let folder = context.config.workspace();
    Journal::open(&folder).map_err(|error| {
        Error::usage(format!(
            "the journal in {} cannot be opened: {error}",
            folder.display()
        ))
        .help("a run is journalled before it writes; choose another folder with OKTA_RUNBOOK_HOME")
    })
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Succeeded => Exit::Succeeded,
        Outcome::Partly => Exit::Partly,
        Outcome::Failed => Exit::Failed,
        Outcome::Waiting => Exit::Waiting,
        Outcome::Interrupted => Exit::Interrupted,
        Outcome::Stuck => Exit::Stuck,
    }
}

/// The first Ctrl-C stops the run between calls; a second one leaves at once.
async fn interrupted(cancelled: CancellationToken, terminal: Terminal, run: String) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    terminal.warn("stopping after the call on the wire; Ctrl-C again leaves at once");
    cancelled.cancel();
    if tokio::signal::ctrl_c().await.is_ok() {
        terminal.warn(&format!(
            "left run {run}; see `okta-runbook runs show {run}`"
        ));
        std::process::exit(Exit::Interrupted as i32);
    }
}

impl Arguments {
    fn checked(&self, context: &Context, runbook: &Runbook) -> Result<Parameters, Error> {
        let given = parameters::parse_assignments(&self.parameters)
            .map_err(|problems| Problem::together(&problems))?;
        let mode = if self.place.simulator.is_some() {
            Mode::Examples
        } else {
            Mode::Given
        };
        let environment = context.config.environment();
        let outside = Outside {
            dn: &|text| Dn::parse(text).map(drop).map_err(|error| error.to_string()),
            environment: &|name| environment.variable(name).map(str::to_owned),
        };
        parameters::check(runbook, &given, mode, &outside)
            .map_err(|problems| Problem::together(&problems))
    }

    fn terminal(&self) -> Terminal {
        Terminal::new(match self.output {
            Output::Text => terminal::Mode::Text,
            Output::Json => terminal::Mode::Json,
        })
    }

    fn consent(
        &self,
        context: &Context,
        terminal: &Terminal,
        cancelled: &CancellationToken,
    ) -> Consent {
        let mut attest = self.attest.clone();
        if self.yes && self.place.simulator.is_some() {
            attest.push("all".to_owned());
        }
        let (terminal, cancelled) = (terminal.clone(), cancelled.clone());
        Consent {
            writes: if self.yes {
                Writes::Agreed
            } else {
                Writes::Ask
            },
            attest,
            operator: context.config.environment().operator(),
            ask: Arc::new(move |question| asked(&terminal, &cancelled, question)),
        }
    }

    fn listener(&self, terminal: &Terminal) -> Listener {
        let terminal = terminal.clone();
        if self.output == Output::Json {
            return Arc::new(move |event: &Event| terminal.line(&json::line(event)));
        }
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let narrator = Mutex::new(Narrator::new(verbosity, terminal.width()));
        Arc::new(move |event| {
            let mut narrator = narrator.lock().unwrap_or_else(PoisonError::into_inner);
            for line in narrator.tell(event) {
                terminal.line(&line);
            }
        })
    }
}

/// A person's answer; `None` when nobody is there. Ctrl-C at the question interrupts the run.
fn asked(terminal: &Terminal, cancelled: &CancellationToken, question: &str) -> Option<bool> {
    match terminal.ask(question) {
        Ok(Answer::Yes) => Some(true),
        Ok(Answer::No) => Some(false),
        Ok(Answer::Interrupted) => {
            cancelled.cancel();
            None
        }
        Ok(Answer::NotATerminal) | Err(_) => None,
    }
}
