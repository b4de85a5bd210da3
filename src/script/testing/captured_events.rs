//! What a run told, as a value that a test can look at.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::error::CommandError;
use crate::run::EventListener;
use crate::run::event::{CallLine, EventKind, RunEvent, check_sentence, moved_table};

/// Events of one run, gathered as they are told.
#[derive(Clone, Default)]
pub(super) struct CapturedEvents {
    events: Arc<Mutex<Vec<EventKind>>>,
}

impl CapturedEvents {
    pub(super) fn listener(&self) -> EventListener {
        let events = Arc::clone(&self.events);
        Arc::new(move |event: &RunEvent| {
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event.kind.clone());
        })
    }

    /// Titles of the steps, in the order in which they began.
    pub(super) fn steps(&self) -> Vec<String> {
        self.all(|kind| match kind {
            EventKind::Step { title, .. } => Some(title.clone()),
            _ => None,
        })
    }

    /// The whole as a map; the keys are those that the verb's help names.
    pub(super) fn as_json(&self, exit: u8, error: Option<&CommandError>) -> Value {
        let mut told = Map::new();
        let mut put = |key: &str, value: Value| {
            told.insert(key.to_owned(), value);
        };
        put("exit", exit.into());
        put("message", error.map(|error| error.message.clone()).into());
        put("help", error.map(|error| error.help.clone()).into());
        put("steps", self.steps().into());
        put("items", self.all(item).into());
        put("writes", self.all(performed_call).into());
        put("unchanged", self.all(unchanged_call).into());
        put("refused", self.all(refused_call).into());
        put("checks", self.all(check).into());
        put("notes", self.all(note).into());
        put("tables", self.all(table).into());
        put("manual", self.all(manual).into());
        for (key, value) in self.all(outcome).into_iter().flatten() {
            put(&key, value);
        }
        Value::Object(told)
    }

    fn all<T>(&self, pick: impl Fn(&EventKind) -> Option<T>) -> Vec<T> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter_map(pick).collect()
    }
}

fn item(kind: &EventKind) -> Option<Value> {
    let EventKind::Item { key, outcome, message } = kind else {
        return None;
    };
    Some(json!({ "key": key, "outcome": outcome, "message": message }))
}

fn performed_call(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::Performed(call) => Some(call_value(call)),
        _ => None,
    }
}

fn unchanged_call(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::Unchanged(call) => Some(call_value(call)),
        _ => None,
    }
}

fn refused_call(kind: &EventKind) -> Option<Value> {
    let EventKind::Refused { call, message } = kind else {
        return None;
    };
    let mut line = call_value(call);
    line["message"] = message.as_str().into();
    Some(line)
}

fn call_value(call: &CallLine) -> Value {
    json!({ "org": call.org, "operation": call.operation, "method": call.method, "path": call.path, "status": call.status })
}

fn check(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::Check { passed, words, items } => {
            Some(json!({ "passed": passed, "words": check_sentence(words, items), "items": items }))
        }
        _ => None,
    }
}

fn note(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::Note { words } => Some(words.as_str().into()),
        _ => None,
    }
}

fn table(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::Table { columns, rows } => Some(json!({ "columns": columns, "rows": rows })),
        EventKind::Moved { columns, rows } => {
            let (columns, rows) = moved_table(columns, rows);
            Some(json!({ "columns": columns, "rows": rows }))
        }
        _ => None,
    }
}

fn manual(kind: &EventKind) -> Option<Value> {
    let EventKind::Manual { title, name, attested_by, .. } = kind else {
        return None;
    };
    Some(json!({ "title": title, "name": name, "attested": attested_by.is_some() }))
}

fn outcome(kind: &EventKind) -> Option<Map<String, Value>> {
    let EventKind::Outcome { outcome, counts, remarks, .. } = kind else {
        return None;
    };
    let told = json!({ "outcome": outcome, "remarks": remarks, "reads": counts.reads });
    told.as_object().cloned()
}
