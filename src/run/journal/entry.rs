//! One entry of the journal.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::chain::{self, Digest};
use super::error::Error;
use super::state::State;
use crate::run::event::Event;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum What {
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
pub(in crate::run) enum Durability {
    /// Before the call returns.
    Now,
    Soon,
}

/// An entry to add. Values are free of secrets.
pub(in crate::run) struct Entry<'a> {
    pub(in crate::run) what: What,
    pub(in crate::run) lane: &'a str,
    /// Number of the question among those of the lane.
    pub(in crate::run) position: Option<u64>,
    pub(in crate::run) state: Option<State>,
    /// The intent that an answer belongs to.
    pub(in crate::run) intent: Option<u64>,
    pub(in crate::run) event: Option<&'a Event>,
    pub(in crate::run) request: Option<&'a Value>,
    pub(in crate::run) before: Option<&'a Value>,
    pub(in crate::run) answer: Option<&'a Value>,
}

impl What {
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

impl<'a> Entry<'a> {
    pub(in crate::run) fn new(what: What, lane: &'a str) -> Self {
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

    /// Adds it as number `seq` after the entry of digest `last`.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        run: &str,
        seq: u64,
        last: &Digest,
    ) -> Result<Digest, Error> {
        let time = self
            .event
            .map_or_else(jiff::Timestamp::now, |event| event.time)
            .to_string();
        let event = self.event.map(text_of);
        let request = self.request.map(Value::to_string);
        let before = self.before.map(|body| keep(connection, body)).transpose()?;
        let answer = self.answer.map(|body| keep(connection, body)).transpose()?;
        let (position, intent) = (self.position.map(number), self.intent.map(number));
        let row = chain::Row {
            run,
            seq: number(seq),
            lane: self.lane,
            position,
            time: &time,
            what: self.what.as_str(),
            state: self.state.map(State::as_str),
            intent,
            event: event.as_deref(),
            request: request.as_deref(),
            before: before.as_deref(),
            answer: answer.as_deref(),
        };
        let digest = row.digest(last);
        connection
            .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")?
            .execute(params![
                row.run, row.seq, row.lane, row.position, row.time, row.what, row.state, row.intent, row.event, row.request, row.before,
                row.answer, digest.as_slice()
            ])?;
        Ok(digest)
    }
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn text_of<T: serde::Serialize>(value: &T) -> String {
    // Everything kept is a struct or JSON with text keys: it has a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

fn keep(connection: &Connection, body: &Value) -> Result<String, Error> {
    let text = body.to_string();
    let name = chain::hex(digest(&SHA256, text.as_bytes()).as_ref());
    connection
        .prepare_cached("INSERT OR IGNORE INTO bodies (digest, body) VALUES (?1, ?2)")?
        .execute(params![name, text])?;
    Ok(name)
}

pub(super) fn body(connection: &Connection, digest: &str) -> Result<Value, Error> {
    let text: Option<String> = connection
        .prepare_cached("SELECT body FROM bodies WHERE digest = ?1")?
        .query_row([digest], |row| row.get(0))
        .optional()?;
    let text = text.ok_or_else(|| Error::unreadable("an answer", &"it is missing"))?;
    serde_json::from_str(&text).map_err(|e| Error::unreadable("an answer", &e))
}
