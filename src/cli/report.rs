//! `runs report RUN`: a run as evidence, in one file.

mod log_events;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::app::command_context::CommandContext;
use crate::app::journal_check::{self, AlterationConsent, DoubtKind, JournalDoubt};
use crate::app::output_file::{self, OverwriteMode};
use crate::error::{CommandError, CommandExit};
use crate::report::evidence::{self, RunEvidence, UndoEvidence, WriteState};
use crate::report::format::ReportFormat;
use crate::run::event::{CallLine, EventKind, RunEvent};
use crate::run::journal::{self, EntryState, Journal, RunRecord};
use crate::script::{RunbookHeader, RunbookShelf, ScriptSource};

#[derive(Debug, clap::Args)]
pub(super) struct ReportArguments {
    /// Id of the run, or the beginning of it.
    pub(super) run: String,
    /// Form of the report; by default that of the file's extension, Markdown without a file.
    #[arg(long, value_enum)]
    format: Option<ReportForm>,
    /// File to write; standard output when it is left out or `-`.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
    /// Look the events that the writes caused up in the orgs' System Logs, and name them. The log may be minutes late.
    #[arg(long)]
    log_events: bool,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    acceptance: AlterationConsent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    /// One page that needs nothing else.
    Html,
    /// The whole evidence as one document.
    Json,
    /// Steps and items as test cases.
    Junit,
    /// The short form, for a change ticket.
    Markdown,
}

impl From<ReportForm> for ReportFormat {
    fn from(form: ReportForm) -> Self {
        match form {
            ReportForm::Html => Self::Html,
            ReportForm::Json => Self::Json,
            ReportForm::Junit => Self::Junit,
            ReportForm::Markdown => Self::Markdown,
        }
    }
}

pub(super) fn execute(
    context: &CommandContext,
    journal: &Journal,
    record: &RunRecord,
    arguments: &ReportArguments,
) -> Result<CommandExit, CommandError> {
    let file = arguments.out.as_deref().filter(|path| *path != Path::new("-"));
    let format = arguments.form(file)?;
    let verified = verify_evidence(context, journal, record, arguments.acceptance)?;
    let mut evidence = gather_evidence(journal, record, verified)
        .map_err(|error| CommandError::failed(format!("the journal cannot be read: {error}")))?;
    if arguments.log_events {
        log_events::find(context, record, &mut evidence.writes)?;
    }
    let text = format.write(&evidence).map_err(|error| CommandError::failed(error.to_string()))?;
    match file {
        None => context.terminal.line(text.trim_end()),
        Some(path) => {
            // A report may be the only copy of an approval: it is not written over by mistake.
            output_file::write(path, &text, OverwriteMode::of(arguments.force))?;
            context.terminal.line(&format!("wrote {}", path.display()));
        }
    }
    Ok(CommandExit::Succeeded)
}

impl ReportArguments {
    fn form(&self, file: Option<&Path>) -> Result<ReportFormat, CommandError> {
        if let Some(form) = self.format {
            return Ok(form.into());
        }
        let Some(file) = file else {
            return Ok(ReportFormat::Markdown);
        };
        let extension = file.extension().and_then(|extension| extension.to_str());
        extension.and_then(ReportFormat::of_extension).ok_or_else(|| {
            CommandError::usage(format!("the extension of {} names no form of a report", file.display()))
                .help("give it: --format html, json, junit or markdown")
        })
    }
}

/// Whether the journal is evidence, in words for the report.
///
/// # Errors
/// It was altered or cannot be verified, and that is not accepted.
fn verify_evidence(
    context: &CommandContext,
    journal: &Journal,
    record: &RunRecord,
    acceptance: AlterationConsent,
) -> Result<String, CommandError> {
    let (keys, missing) = journal_check::keys_of(context, record);
    let found = journal.verify_by(&record.run, &keys);
    let doubt = JournalDoubt::of(&found);
    // Where no credentials can be read, as of a simulator that is gone, the report says that nobody verified it.
    let is_refused =
        |doubt: &JournalDoubt| doubt.kind == DoubtKind::Altered || (missing.is_empty() && !keys.is_empty());
    if let Some(doubt) = doubt.filter(is_refused) {
        if !acceptance.accept_altered {
            return Err(doubt.refusal(&record.run));
        }
        context.terminal.warn(&doubt.words(&record.run));
        if doubt.kind == DoubtKind::Altered {
            journal.accept_altered();
            return Ok(format!("ALTERED: {}; what follows is as it stands there", doubt.reason));
        }
    }
    Ok(found.map_or_else(|error| error.to_string(), |found| journal_check::summary(&found, &missing)))
}

fn gather_evidence(
    journal: &Journal,
    record: &RunRecord,
    verified: String,
) -> Result<RunEvidence, journal::JournalError> {
    let events = journal.events(&record.run)?;
    let recorded = journal.writes(&record.run)?;
    let mut writes: Vec<evidence::WriteEvidence> = recorded.iter().map(|write| of_write(write, &events)).collect();
    writes.sort_by_key(|write| write.time);
    let undos = undos(journal, &recorded)?;
    Ok(RunEvidence {
        run: record.run.clone(),
        runbook: record.runbook.clone(),
        digest: record.digest.clone(),
        operator: journal.started_by(&record.run)?.map_or_else(|| record.operator.clone(), |actor| actor.words()),
        journal: verified,
        parameters: record.parameters.clone(),
        orgs: record.orgs.clone(),
        started: record.started,
        ended: record.ended,
        outcome: record.outcome,
        message: record.message.clone(),
        counts: record.counts,
        planned_steps: planned_steps(record),
        events,
        writes,
        undos,
    })
}

/// The runs that reverted some of these writes.
fn undos(journal: &Journal, writes: &[journal::RecordedWrite]) -> Result<Vec<UndoEvidence>, journal::JournalError> {
    let mut reverted: BTreeMap<&str, u64> = BTreeMap::new();
    for run in writes.iter().filter_map(|write| write.undone_by.as_deref()) {
        *reverted.entry(run).or_default() += 1;
    }
    let mut undos = Vec::new();
    for (run, writes) in reverted {
        let Some(record) = journal.find(run)?.into_iter().next() else {
            continue;
        };
        undos.push(UndoEvidence {
            run: run.to_owned(),
            started: record.started,
            actor: journal.started_by(run)?,
            writes,
        });
    }
    undos.sort_by_key(|undo| undo.started);
    Ok(undos)
}

fn of_write(write: &journal::RecordedWrite, events: &[RunEvent]) -> evidence::WriteEvidence {
    let call = &write.request["write"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let state = match write.state {
        EntryState::Answered | EntryState::Settled | EntryState::Redone => WriteState::Done,
        EntryState::Undone => WriteState::Undone,
        EntryState::Refused | EntryState::Void => WriteState::Refused,
        EntryState::Unknown => WriteState::Unknown,
        EntryState::Repeated => WriteState::Repeated,
    };
    evidence::WriteEvidence {
        time: write.time,
        item: text(&write.request["item"]),
        step: text(&write.request["step"]),
        call: CallLine {
            org: text(&call["org"]).unwrap_or_default(),
            operation: text(&call["operation"]).unwrap_or_default(),
            method: text(&call["method"]).unwrap_or_default(),
            path: text(&call["path"]).unwrap_or_default(),
            status: write.status,
            request_id: write.request_id.clone(),
        },
        state,
        message: match &write.undone_by {
            Some(run) => Some(format!("by run {run}")),
            None if state == WriteState::Done => None,
            None => refusal(write, events),
        },
        before: write.before.clone(),
        request: json!({ "query": call["query"], "body": call["body"] }),
        after: if matches!(state, WriteState::Done | WriteState::Undone) { write.answer.clone() } else { Value::Null },
        log_event_ids: Vec::new(),
    }
}

/// Why a write was refused, as it was told.
fn refusal(write: &journal::RecordedWrite, events: &[RunEvent]) -> Option<String> {
    match write.state {
        EntryState::Void => {
            return Some("it has no answer, and a look showed that it had not happened".to_owned());
        }
        EntryState::Repeated => return Some("it has no answer, and was sent again".to_owned()),
        _ => {}
    }
    let id = write.request_id.as_deref()?;
    events.iter().find_map(|event| match &event.kind {
        EventKind::Refused { call, message } if call.request_id.as_deref() == Some(id) => Some(message.clone()),
        _ => None,
    })
}

/// The steps of the text as it ran.
fn planned_steps(record: &RunRecord) -> Vec<String> {
    let entry = record.sources["entry"].as_str().unwrap_or_default();
    let text = record.sources["texts"][entry].as_str().unwrap_or_default();
    let source = ScriptSource::new(record.runbook.clone(), RunbookShelf::Path, entry, text);
    RunbookHeader::parse(&source)
        .map_or_else(|_| Vec::new(), |runbook| runbook.steps.into_iter().map(|step| step.title).collect())
}
