//! `resume RUN`: a run that was interrupted, killed, or waits, from where it stopped.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::Context;
use super::conduct::{Conduct, Place, conclude, interrupted, of_run, open_journal, runtime};
use super::guard;
use super::run::{checked, sources};
use super::runs::the_run;
use super::undo::taken_back;
use super::world::{World, of_record};
use crate::error::{Error, Exit};
use crate::run::event::Outcome;
use crate::run::journal::{Journal, Kind, Record};
use crate::run::{self, Edits, Run, Settings};
use crate::script::check;
use crate::script::parameters::Parameters;
use crate::script::runbook::Kind as ParameterKind;
use crate::script::{Ended, Mode, Procedure, Runbook};

/// Take up a run that was interrupted, killed, or waits.
///
/// What it asked and was answered is not asked again, a write without an answer is settled by looking, and what is done is not repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook resume 20261124 --attest update-ou")]
pub(super) struct Arguments {
    /// Id of the run, or the beginning of it.
    run: String,
    /// A secret parameter: it is not in the journal, hence asked again.
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Profile of an org, as NAME=PROFILE, where it is not that of the run.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    orgs: Vec<String>,
    /// Go on although the runbook or a parameter was changed since.
    #[arg(long)]
    accept_edits: bool,
    #[command(flatten)]
    conduct: Conduct,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let journal = open_journal(&context.config.workspace())?;
    let record = the_run(&journal, &arguments.run)?;
    if record.outcome == Some(Outcome::Succeeded) {
        context.terminal.line(&format!(
            "run {} succeeded: there is nothing to resume",
            record.run
        ));
        return Ok(Exit::Succeeded);
    }
    let world = of_record(context, &record, &arguments.orgs)?;
    match record.kind.clone() {
        Kind::Run => resume_runbook(context, arguments, journal, &record, &world),
        Kind::Undo(of) => resume_undo(context, arguments, journal, &record, &of, &world),
    }
}

fn resume_runbook(
    context: &Context,
    arguments: &Arguments,
    journal: Arc<Journal>,
    record: &Record,
    world: &World,
) -> Result<Exit, Error> {
    let library = context.library();
    let entry = record.sources["entry"].as_str().unwrap_or(&record.runbook);
    let source = if std::path::Path::new(entry).is_file() {
        library.find(entry)?
    } else {
        library.find(&record.runbook)?
    };
    let runbook = Runbook::parse(&source)?;
    let digest = source.digest.clone();
    let report = check::check(source.clone(), &library);
    let procedure = Procedure::compile(source, &runbook, library)?;
    let terminal = arguments.conduct.terminal();
    let parameters = parameters(context, &terminal, &runbook, record, &arguments.parameters)?;
    let edits = edits(record, &procedure, &parameters.values);
    if !edits.is_empty() && !arguments.accept_edits {
        return Err(Error::usage(format!(
            "what runs was changed since run {}:\n{edits}",
            record.run
        ))
        .help("undo the change, run anew, or go on with it: --accept-edits"));
    }
    let procedure_now = run::Procedure {
        runbook: record.runbook.clone(),
        digest,
        sources: sources(entry, &procedure),
        parameters: parameters.values.clone().into(),
        kind: Kind::Run,
    };
    let secrets = parameters.secrets.values().cloned().collect();
    guard::before_run(context, world, &report, &arguments.conduct, &runtime()?)?;
    let resumed = Resumed::begin(
        context,
        arguments,
        journal,
        record,
        world,
        procedure_now,
        secrets,
    )?;
    let ended = procedure.execute(&resumed.run, &parameters, resumed.runtime.handle());
    conclude(&resumed.terminal, &resumed.run, &ended)
}

fn resume_undo(
    context: &Context,
    arguments: &Arguments,
    journal: Arc<Journal>,
    record: &Record,
    of: &str,
    world: &World,
) -> Result<Exit, Error> {
    let only = record.parameters["only"].as_str();
    let steps = run::undo::plan(&journal, of, only).map_err(|error| of_run(&error.into()))?;
    let conduct = &arguments.conduct;
    guard::production(context, world, &conduct.production, &conduct.terminal())?;
    let procedure = run::Procedure {
        runbook: record.runbook.clone(),
        digest: record.digest.clone(),
        sources: record.sources.clone(),
        parameters: record.parameters.clone(),
        kind: record.kind.clone(),
    };
    let resumed = Resumed::begin(
        context,
        arguments,
        journal,
        record,
        world,
        procedure,
        Vec::new(),
    )?;
    let ended: Ended = taken_back(&resumed.run, &steps, &resumed.runtime, &resumed.terminal);
    conclude(&resumed.terminal, &resumed.run, &ended)
}

/// A run that goes on.
struct Resumed {
    run: Arc<Run>,
    runtime: tokio::runtime::Runtime,
    terminal: crate::terminal::Terminal,
}

impl Resumed {
    fn begin(
        context: &Context,
        arguments: &Arguments,
        journal: Arc<Journal>,
        record: &Record,
        world: &World,
        procedure: run::Procedure,
        secrets: Vec<secrecy::SecretString>,
    ) -> Result<Self, Error> {
        let runtime = runtime()?;
        let cancelled = CancellationToken::new();
        let terminal = arguments.conduct.terminal();
        let (listener, watcher) = arguments.conduct.audience(&terminal);
        let run = Run::resume(
            &record.run,
            Settings {
                journal,
                procedure,
                orgs: world.orgs.clone(),
                profiles: world.profiles.clone(),
                directories: world.directories.clone(),
                consent: arguments
                    .conduct
                    .consent(context, Place::Org, &terminal, &cancelled),
                listener,
                watcher,
                cancelled: cancelled.clone(),
                edits: if arguments.accept_edits {
                    Edits::Accepted
                } else {
                    Edits::Refused
                },
                secrets,
            },
        );
        let run = Arc::new(run.map_err(|error| of_run(&error))?);
        runtime.spawn(interrupted(
            cancelled,
            terminal.clone(),
            run.id().to_owned(),
        ));
        Ok(Self {
            run,
            runtime,
            terminal,
        })
    }
}

/// The recorded parameters, with those given now in their place. Secrets are not recorded.
fn parameters(
    context: &Context,
    terminal: &crate::terminal::Terminal,
    runbook: &Runbook,
    record: &Record,
    given: &[String],
) -> Result<Parameters, Error> {
    let named = |name: &str| {
        given
            .iter()
            .any(|text| text.split('=').next() == Some(name))
    };
    let mut asked = runbook.clone();
    asked.parameters.retain(|parameter| {
        named(&parameter.name) || (parameter.kind == ParameterKind::Secret && parameter.required)
    });
    let now = checked(context, terminal, &asked, given, Mode::Given)?;
    let mut values = record.parameters.as_object().cloned().unwrap_or_default();
    for (name, value) in &now.values {
        values.insert(name.clone(), value.clone());
        // The rows are those of the value that was given then.
        values
            .get_mut("origins")
            .and_then(Value::as_object_mut)
            .map(|origins| origins.remove(name));
    }
    let mut parameters = now;
    parameters.values = values;
    Ok(parameters)
}

/// What was changed in texts and parameters, as a diff.
fn edits(record: &Record, procedure: &Procedure, values: &Map<String, Value>) -> String {
    let mut edits = String::new();
    let recorded = record.sources["texts"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (path, text) in procedure.texts() {
        let was = recorded
            .get(path)
            .and_then(Value::as_str)
            .unwrap_or_default();
        edits.push_str(&diff(path, was, &run::redact_script(text)));
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let (was, is) = (
        pretty(&record.parameters),
        pretty(&Value::Object(values.clone())),
    );
    edits.push_str(&diff("parameters", &was, &is));
    edits
}

fn diff(name: &str, was: &str, is: &str) -> String {
    if was == is {
        return String::new();
    }
    let diff = similar::TextDiff::from_lines(was, is);
    diff.unified_diff()
        .context_radius(1)
        .header(&format!("{name} (then)"), &format!("{name} (now)"))
        .to_string()
}
