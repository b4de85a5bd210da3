//! One entry of the journal.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::bodies;
use super::chain::{self, EntryDigest, text_of};
use super::error::JournalError;
use super::seal::{EntrySeal, KeyId, SealKey};
use super::state::EntryState;
use crate::run::event::RunEvent;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum EntryKind {
    /// Something told that changes nothing and that no lane asked for.
    Told,
    /// A read and its answer or refusal.
    Read,
    /// A value that another execution could give otherwise: the time, a person's answer.
    Value,
    /// A write about to be sent.
    Intent,
    /// What became of a write.
    Answer,
    /// The end of a lane.
    Lane,
}

/// When an entry must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum EntryDurability {
    /// Before the call returns.
    Now,
    Soon,
}

/// An entry to add. Values are free of secrets.
pub(in crate::run) struct JournalEntry<'a> {
    pub(in crate::run) what: EntryKind,
    pub(in crate::run) lane: &'a str,
    /// Number of the question among those of the lane.
    pub(in crate::run) position: Option<u64>,
    pub(in crate::run) state: Option<EntryState>,
    /// The intent that an answer belongs to.
    pub(in crate::run) intent: Option<u64>,
    pub(in crate::run) event: Option<&'a RunEvent>,
    pub(in crate::run) request: Option<&'a Value>,
    pub(in crate::run) before: Option<&'a Value>,
    pub(in crate::run) answer: Option<&'a Value>,
}

impl EntryKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Read => "read",
            Self::Value => "value",
            Self::Intent => "intent",
            Self::Answer => "answer",
            Self::Lane => "lane",
        }
    }
}

impl<'a> JournalEntry<'a> {
    pub(in crate::run) fn new(what: EntryKind, lane: &'a str) -> Self {
        Self {
            what,
            lane,
            position: None,
            state: None,
            intent: None,
            event: None,
            request: None,
            before: None,
            answer: None,
        }
    }

    /// The call that an intent is about, for a person.
    pub(super) fn call_line(&self) -> String {
        let call = self.request.map_or(&Value::Null, |request| &request["write"]);
        let text = |name: &str| call[name].as_str().unwrap_or_default();
        format!("{} {} ({} of {})", text("method"), text("path"), text("operation"), text("org"))
    }

    /// The row that it is, not yet in its place in the chain of `run`.
    pub(super) fn draft(&self, run: &str) -> EntryRow {
        let time = self.event.map_or_else(jiff::Timestamp::now, |event| event.time);
        EntryRow {
            run: run.to_owned(),
            seq: 0,
            lane: self.lane.to_owned(),
            position: self.position.map(number),
            time: time.to_string(),
            what: self.what,
            state: self.state,
            intent: self.intent.map(number),
            event: self.event.map(text_of),
            request: self.request.map(Value::to_string),
            before: self.before.map(EntryBody::of),
            answer: self.answer.map(EntryBody::of),
            digest: EntryDigest::default(),
            seal: None,
        }
    }
}

/// An entry as it stands in the file.
#[derive(Debug)]
pub(super) struct EntryRow {
    pub(super) run: String,
    pub(super) seq: i64,
    pub(super) lane: String,
    position: Option<i64>,
    time: String,
    pub(super) what: EntryKind,
    pub(super) state: Option<EntryState>,
    pub(super) intent: Option<i64>,
    event: Option<String>,
    request: Option<String>,
    before: Option<EntryBody>,
    answer: Option<EntryBody>,
    pub(super) digest: EntryDigest,
    seal: Option<EntrySeal>,
}

/// A text by its own digest.
#[derive(Debug)]
struct EntryBody {
    name: String,
    text: String,
}

impl EntryBody {
    fn of(value: &Value) -> Self {
        let text = value.to_string();
        let name = bodies::name_of(&text);
        Self { name, text }
    }

    fn insert(&self, connection: &Connection) -> Result<(), JournalError> {
        connection
            .prepare_cached("INSERT OR IGNORE INTO bodies (digest, body) VALUES (?1, ?2)")?
            .execute(params![self.name, self.text])?;
        Ok(())
    }
}

impl EntryRow {
    /// Makes it number `seq` of its run, after the entry of digest `last`, sealed by `key`.
    pub(super) fn chain(&mut self, seq: u64, last: &EntryDigest, key: Option<&SealKey>) {
        self.seq = number(seq);
        self.digest = self.columns(key.map(SealKey::id)).digest(last);
        self.seal = key.map(|key| key.entry(&self.run, self.seq, &self.digest));
    }

    fn columns(&self, key: Option<KeyId>) -> chain::EntryColumns<'_> {
        chain::EntryColumns {
            run: &self.run,
            seq: self.seq,
            lane: &self.lane,
            position: self.position,
            time: &self.time,
            what: self.what.as_str(),
            state: self.state.map(EntryState::as_str),
            intent: self.intent,
            event: self.event.as_deref(),
            request: self.request.as_deref(),
            before: self.before.as_ref().map(|body| body.name.as_str()),
            answer: self.answer.as_ref().map(|body| body.name.as_str()),
            key,
        }
    }

    pub(super) fn insert(&self, connection: &Connection) -> Result<(), JournalError> {
        for body in self.before.iter().chain(&self.answer) {
            body.insert(connection)?;
        }
        let row = self.columns(None);
        connection
            .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")?
            .execute(params![
                row.run,
                row.seq,
                row.lane,
                row.position,
                row.time,
                row.what,
                row.state,
                row.intent,
                row.event,
                row.request,
                row.before,
                row.answer,
                self.digest.as_slice(),
                self.seal.map(EntrySeal::to_bytes)
            ])?;
        Ok(())
    }
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
