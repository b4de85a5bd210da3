//! A run's events read as a story: its steps, items, waits, attestations and tables.

mod item;
mod step;
mod wait;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

pub(super) use item::{ItemEnd, StoryItem};
pub(super) use step::{StepEnd, StoryStep};
pub(super) use wait::StoryWait;

use super::evidence::{DIED, RunEvidence, UndoEvidence, WriteState};
use super::text::words::{count_noun, unverified_words};
use crate::run::SavedFile;
use crate::run::actor::RunActor;
use crate::run::event::{EventKind, MovedItem, RunCounts, RunEvent, RunOutcome, moved_table};

/// What a report says of a run, in the order in which it happened.
#[derive(Debug)]
pub(super) struct RunSummary<'a> {
    pub(super) steps: Vec<StoryStep<'a>>,
    pub(super) items: Vec<StoryItem<'a>>,
    pub(super) attestations: Vec<RunAttestation<'a>>,
    pub(super) waits: Vec<StoryWait<'a>>,
    pub(super) tables: Vec<StoryTable<'a>>,
    pub(super) moved: Vec<StoryMoves<'a>>,
    /// Files that were saved beside the journal.
    pub(super) files: Vec<SavedFile>,
    pub(super) remarks: &'a [String],
    pub(super) counts: RunCounts,
    /// The run's end, or the last that was heard of it.
    pub(super) last: Timestamp,
    /// Why the run ended as it did.
    pub(super) message: Option<&'a str>,
}

/// What a person did or said: they started or resumed the run, attested that a manual step is done, or answered a question.
#[derive(Debug, Serialize)]
pub(super) struct RunAttestation<'a> {
    pub(super) time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<&'a str>,
    pub(super) kind: AttestationKind,
    pub(super) words: Cow<'a, str>,
    /// What had to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) how: Option<&'a str>,
    /// `None`: nobody did, or the answer was no.
    pub(super) by: Option<Cow<'a, str>>,
    /// The same as data; absent for approvals, which name their account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<&'a RunActor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AttestationKind {
    Start,
    Resume,
    Manual,
    Question,
    /// A guard was told to let a write pass.
    Allowance,
    /// The run is held to the plan of this digest.
    Plan,
    /// A second person approved the plan: with a ticket, by its number.
    Approval,
    /// A journal that was altered, or that cannot be verified, was gone on with.
    Journal,
    /// Another run reverted something of this one.
    Undo,
}

impl AttestationKind {
    /// As in JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Resume => "resume",
            Self::Manual => "manual",
            Self::Question => "question",
            Self::Allowance => "allowance",
            Self::Plan => "plan",
            Self::Approval => "approval",
            Self::Journal => "journal",
            Self::Undo => "undo",
        }
    }
}

#[derive(Debug)]
pub(super) struct StoryTable<'a> {
    pub(super) step: Option<&'a str>,
    pub(super) columns: Cow<'a, [String]>,
    pub(super) rows: Cow<'a, [Vec<String>]>,
}

/// What a run told of items before and after.
#[derive(Debug)]
pub(super) struct StoryMoves<'a> {
    pub(super) columns: &'a [String],
    pub(super) rows: &'a [MovedItem],
}

impl<'a> RunSummary<'a> {
    pub(super) fn of(evidence: &'a RunEvidence) -> Self {
        let events = &evidence.events;
        let last = last_heard(evidence);
        let message = evidence.message.as_deref();
        let message = message.or(evidence.outcome.is_none().then_some(DIED));
        let items = item::all(evidence);
        Self {
            steps: step::all(evidence, message, last),
            attestations: events
                .iter()
                .filter_map(attestation)
                .chain(evidence.undos.iter().map(undo_attestation))
                .collect(),
            waits: wait::all(events, last),
            tables: events.iter().filter_map(table).collect(),
            moved: events.iter().filter_map(moves).collect(),
            files: SavedFile::of_events(events),
            remarks: events.iter().rev().find_map(remarks).unwrap_or_default(),
            counts: counts(evidence, &items),
            items,
            last,
            message,
        }
    }

    pub(super) fn count(&self, end: ItemEnd) -> usize {
        self.items.iter().filter(|item| item.end == end).count()
    }
}

fn last_heard(evidence: &RunEvidence) -> Timestamp {
    let told = evidence.events.iter().map(|event| event.time);
    let written = evidence.writes.iter().map(|write| write.time);
    let heard = told.chain(written).max().unwrap_or(evidence.started);
    evidence.ended.unwrap_or(heard).max(evidence.started)
}

fn attestation(event: &RunEvent) -> Option<RunAttestation<'_>> {
    let by_actor = || event.actor.as_ref().map(|actor| Cow::from(actor.words()));
    let (kind, words, how, by) = match &event.kind {
        EventKind::Run { .. } => (AttestationKind::Start, "started the run".into(), None, by_actor()),
        EventKind::Resumed { .. } => (AttestationKind::Resume, "resumed the run".into(), None, by_actor()),
        EventKind::Manual { title, how, attested_by, .. } => (
            AttestationKind::Manual,
            Cow::from(title),
            Some(how.as_str()),
            attested_by.as_ref().and_then(|_| by_actor()),
        ),
        EventKind::Confirm { words, answer } => {
            (AttestationKind::Question, Cow::from(words), None, answer.then(by_actor).flatten())
        }
        EventKind::Allowed { words, .. } => (AttestationKind::Allowance, Cow::from(words), None, by_actor()),
        EventKind::Planned { plan, writes } => (
            AttestationKind::Plan,
            format!("the run is held to the plan {plan} with {}", count_noun(*writes, "write")).into(),
            None,
            by_actor(),
        ),
        EventKind::Approved { by, at, ticket, signed_with, account, .. } => (
            AttestationKind::Approval,
            approval_words(*at, ticket.as_deref(), signed_with.as_deref(), account.as_deref()).into(),
            None,
            Some(Cow::from(by)),
        ),
        EventKind::UnverifiedJournal { of, reason, accepted_by } => (
            AttestationKind::Journal,
            unverified_words(of, reason, accepted_by.as_deref()).into(),
            None,
            accepted_by.as_ref().and_then(|_| by_actor()),
        ),
        _ => return None,
    };
    let is_by_actor = by.is_some() && kind != AttestationKind::Approval;
    Some(RunAttestation {
        time: event.time,
        item: event.item.as_deref(),
        kind,
        words,
        how,
        by,
        actor: event.actor.as_ref().filter(|_| is_by_actor),
    })
}

fn undo_attestation(undo: &UndoEvidence) -> RunAttestation<'_> {
    let writes = count_noun(undo.writes, "write");
    RunAttestation {
        time: undo.started,
        item: None,
        kind: AttestationKind::Undo,
        words: format!("reverted {writes}, by run {}", undo.run).into(),
        how: None,
        by: undo.actor.as_ref().map(|actor| actor.words().into()),
        actor: undo.actor.as_ref(),
    }
}

fn approval_words(at: Timestamp, ticket: Option<&str>, signed_with: Option<&str>, account: Option<&str>) -> String {
    let ticket = ticket.map_or_else(String::new, |ticket| format!(" for ticket {ticket}"));
    let at = at.strftime("%Y-%m-%d %H:%M:%SZ");
    let account = account.map_or_else(String::new, |account| format!(" as {account}"));
    let with = signed_with.map_or_else(String::new, |with| format!(", with {with}"));
    format!("the plan was approved{ticket}, signed {at}{account}{with}")
}

fn table(event: &RunEvent) -> Option<StoryTable<'_>> {
    match &event.kind {
        EventKind::Table { columns, rows } => {
            Some(StoryTable { step: event.step.as_deref(), columns: columns.into(), rows: rows.into() })
        }
        EventKind::Moved { columns, rows } => {
            let (columns, rows) = moved_table(columns, rows);
            Some(StoryTable { step: event.step.as_deref(), columns: columns.into(), rows: rows.into() })
        }
        _ => None,
    }
}

fn moves(event: &RunEvent) -> Option<StoryMoves<'_>> {
    match &event.kind {
        EventKind::Moved { columns, rows } => Some(StoryMoves { columns, rows }),
        _ => None,
    }
}

fn remarks(event: &RunEvent) -> Option<&[String]> {
    match &event.kind {
        EventKind::Outcome { remarks, .. } => Some(remarks),
        _ => None,
    }
}

/// The run's own counts, or for a run that died what its entries say.
fn counts(evidence: &RunEvidence, items: &[StoryItem<'_>]) -> RunCounts {
    let in_state = |states: &[WriteState]| {
        let writes = evidence.writes.iter();
        writes.filter(|write| states.contains(&write.state)).count() as u64
    };
    // An undo may have found out since.
    let unknown = in_state(&[WriteState::Unknown]);
    if evidence.outcome.is_some() {
        return RunCounts { unknown, ..evidence.counts };
    }
    let events = &evidence.events;
    let how_many = |kind: fn(&EventKind) -> bool| {
        let found = events.iter().filter(|event| kind(&event.kind)).count();
        found as u64
    };
    RunCounts {
        reads: how_many(is_read),
        writes: in_state(&[WriteState::Done, WriteState::Undone]),
        unknown,
        unchanged: how_many(|kind| matches!(kind, EventKind::Unchanged(_))),
        items: items.len() as u64,
        done_items: None,
        failed_items: items.iter().filter(|item| item.end == ItemEnd::Failed).count() as u64,
    }
}

fn is_read(kind: &EventKind) -> bool {
    match kind {
        EventKind::Read(_) => true,
        EventKind::Refused { call, .. } => matches!(call.method.as_str(), "GET" | "SEARCH"),
        _ => false,
    }
}

/// Whether an event is the answer to a read, which a report counts and does not list.
pub(super) fn is_silent(event: &RunEvent) -> bool {
    is_read(&event.kind)
}

/// Whether the script came to its end, so that no step of it is to blame. A run whose items failed one and all ends *failed* without a
/// message of its own.
fn reached_its_end(evidence: &RunEvidence) -> bool {
    match evidence.outcome {
        Some(RunOutcome::Succeeded | RunOutcome::Partly) => true,
        Some(RunOutcome::Failed) => evidence.message.is_none(),
        _ => false,
    }
}
