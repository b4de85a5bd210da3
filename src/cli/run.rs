//! `run RUNBOOK`: a procedure from its parameters to its outcome.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::Context;
use super::conduct::{Conduct, Place, conclude, interrupted, of_run, open_journal, runtime};
use super::guard;
use super::world::Where;
use crate::error::{Error, Exit};
use crate::ldap::Dn;
use crate::run::{self, Edits, Run, Settings, journal};
use crate::script::check;
use crate::script::parameters::{self, Outside, Parameters, Problem};
use crate::script::runbook::Parameter;
use crate::script::{Mode, Procedure, Runbook};
use crate::terminal::Terminal;

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
    #[command(flatten)]
    conduct: Conduct,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let library = context.library();
    let source = library.find(&arguments.runbook)?;
    let runbook = Runbook::parse(&source)?;
    let (digest, entry) = (source.digest.clone(), source.path.clone());
    let report = check::check(source.clone(), &library);
    let procedure = Procedure::compile(source, &runbook, library)?;
    let mode = if arguments.place.simulator.is_some() {
        Mode::Examples
    } else {
        Mode::Given
    };
    let terminal = arguments.conduct.terminal();
    let mut parameters = checked(context, &terminal, &runbook, &arguments.parameters, mode)?;
    parameters.values.extend(origins(&parameters));
    let runtime = runtime()?;
    let world = runtime.block_on(arguments.place.find(context, &runbook))?;
    guard::before_run(context, &world, &report, &arguments.conduct, &runtime)?;
    let cancelled = CancellationToken::new();
    let place = if arguments.place.simulator.is_some() {
        Place::Simulator
    } else {
        Place::Org
    };
    let (listener, watcher) = arguments.conduct.audience(&terminal);
    let run = Run::begin(Settings {
        journal: open_journal(&context.config.workspace())?,
        procedure: run::Procedure {
            runbook: runbook.name.clone(),
            digest,
            sources: sources(&entry, &procedure),
            parameters: parameters.values.clone().into(),
            kind: journal::Kind::Run,
        },
        orgs: world.orgs.clone(),
        profiles: world.profiles.clone(),
        directories: world.directories.clone(),
        consent: arguments
            .conduct
            .consent(context, place, &terminal, &cancelled),
        listener,
        watcher,
        cancelled: cancelled.clone(),
        edits: Edits::Refused,
        secrets: parameters.secrets.values().cloned().collect(),
    });
    let run = Arc::new(run.map_err(|error| of_run(&error))?);
    runtime.spawn(interrupted(
        cancelled,
        terminal.clone(),
        run.id().to_owned(),
    ));
    let ended = procedure.execute(&run, &parameters, runtime.handle());
    conclude(&terminal, &run, &ended)
}

/// `params.origins`: by parameter, the rows of files that the items of a list are from (`users.csv:3`), so that a script can name the
/// row of what is found wrong only in the org. Nothing when no list is from a file.
fn origins(parameters: &Parameters) -> Option<(String, Value)> {
    let mut origins = Map::new();
    for (name, items) in &parameters.values {
        let row = |index| parameters.origin(name, index).filter(|it| it.contains(':'));
        let rows: Vec<&str> = (0..items.as_array().map_or(0, Vec::len))
            .map(|index| row(index).unwrap_or_default())
            .collect();
        if rows.iter().any(|row| !row.is_empty()) {
            origins.insert(name.clone(), rows.into());
        }
    }
    (!origins.is_empty()).then(|| ("origins".to_owned(), origins.into()))
}

/// The texts that run, without secrets, with the path of the one that was named.
pub(super) fn sources(entry: &str, procedure: &Procedure) -> Value {
    let texts = procedure
        .texts()
        .iter()
        .map(|(path, text)| (path.clone(), run::redact_script(text).into()));
    serde_json::json!({ "entry": entry, "texts": texts.collect::<Map<_, _>>() })
}

/// A secret by its name and what it is for; nothing where no person answers.
fn asked(terminal: &Terminal, parameter: &Parameter) -> Option<SecretString> {
    let question = match parameter.help.as_str() {
        "" => format!("{}: ", parameter.name),
        help => format!("{} ({help}): ", parameter.name),
    };
    terminal.ask_secret(&question)
}

pub(super) fn checked(
    context: &Context,
    terminal: &Terminal,
    runbook: &Runbook,
    given: &[String],
    mode: Mode,
) -> Result<Parameters, Error> {
    let given =
        parameters::parse_assignments(given).map_err(|problems| Problem::together(&problems))?;
    let environment = context.config.environment();
    let outside = Outside {
        dn: &|text| Dn::parse(text).map(drop).map_err(|error| error.to_string()),
        environment: &|name| environment.variable(name).map(str::to_owned),
        ask: &|parameter| asked(terminal, parameter),
    };
    parameters::check(runbook, &given, mode, &outside)
        .map_err(|problems| Problem::together(&problems))
}
