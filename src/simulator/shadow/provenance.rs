//! What has to be known of a shadow beside its answers: which of them nobody can be sure of, and what was read of the real orgs.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use super::super::directory::SimulatedDirectory;
use super::super::error::SimulatorError;

/// Kept by all shadows that were started together.
#[derive(Default)]
pub struct AnswerProvenance {
    noted: Mutex<NotedAnswer>,
    directories: Mutex<Vec<Arc<RwLock<SimulatedDirectory>>>>,
}

#[derive(Default)]
struct NotedAnswer {
    /// Ids of the requests whose answers tell what may be otherwise.
    guesses: HashSet<String>,
    /// What was read of each org: of things a digest of each field, of lists their ids.
    things: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Fields that change without anyone having changed the thing. They do not count as drift.
const RESTLESS: &[&str] = &[
    "lastLogin",
    "lastUpdated",
    "lastMembershipUpdated",
    "lastSync",
    "lastPush",
    "lastConnection",
    "expiresAt",
    "_links",
    "_embedded",
];

/// Paths whose content is never the same twice.
const RESTLESS_PATHS: &[&str] = &["/api/v1/logs", "/api/v1/api-tokens", "/api/v1/agentPools"];

impl AnswerProvenance {
    fn noted(&self) -> MutexGuard<'_, NotedAnswer> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn guess(&self, request: &str) {
        self.noted().guesses.insert(request.to_owned());
    }

    /// Whether the answer to a request (its id) tells what may be otherwise.
    pub fn is_guess(&self, request: &str) -> bool {
        self.noted().guesses.contains(request)
    }

    pub(in crate::simulator) fn watch(&self, directory: Arc<RwLock<SimulatedDirectory>>) {
        let mut all = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(directory);
    }

    /// When a shadowed directory was first changed: what is read of it from then on may be otherwise.
    pub fn directory_changed(&self) -> Option<jiff::Timestamp> {
        let all = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        let first = |directory: &Arc<RwLock<SimulatedDirectory>>| {
            let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.first_changed()
        };
        all.iter().filter_map(first).min()
    }

    /// Has all shadowed directories read all there is.
    ///
    /// # Errors
    /// When a real directory does not answer.
    pub fn recall_directories(&self) -> Result<(), SimulatorError> {
        for directory in self.directories() {
            let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
            let recalled = directory.recall_all();
            recalled.map_err(|refusal| SimulatorError::Upstream(refusal.in_detail()))?;
        }
        Ok(())
    }

    /// The shadowed directories.
    pub(in crate::simulator) fn directories(&self) -> Vec<Arc<RwLock<SimulatedDirectory>>> {
        let all = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    /// Notes a thing of an org as the real one has it; `null` when it has none.
    pub(super) fn note_thing(&self, org: &str, path: &str, body: &Value) {
        if is_restless(path) {
            return;
        }
        self.keep(org, path, digests(body));
    }

    /// Notes ids of a list, page after page.
    pub(super) fn note_list(&self, org: &str, path: &str, ids: &[&str]) {
        if is_restless(path) {
            return;
        }
        let mut noted = self.noted();
        let things = noted.things.entry(org.to_owned()).or_default();
        let list = things.entry(path.to_owned()).or_insert_with(|| json!([]));
        if let Value::Array(known) = list {
            let fresh: Vec<Value> = ids.iter().map(|id| json!(id)).collect();
            known.extend(fresh);
        }
    }

    fn keep(&self, org: &str, path: &str, value: Value) {
        let mut noted = self.noted();
        let things = noted.things.entry(org.to_owned()).or_default();
        things.entry(path.to_owned()).or_insert(value);
    }

    /// All that was read: by org, by path, of a thing a digest of each field, of a list its ids in order.
    pub fn readings(&self) -> Value {
        let noted = self.noted();
        let of_org = |(org, things): (&String, &BTreeMap<String, Value>)| {
            let things = things.iter().map(|(path, value)| (path.clone(), sort_keys(value)));
            (org.clone(), Value::Object(things.collect()))
        };
        Value::Object(noted.things.iter().map(of_org).collect())
    }
}

fn is_restless(path: &str) -> bool {
    RESTLESS_PATHS.iter().any(|own| path.starts_with(own))
}

fn sort_keys(value: &Value) -> Value {
    let Value::Array(ids) = value else {
        return value.clone();
    };
    let ids: BTreeSet<&str> = ids.iter().filter_map(Value::as_str).collect();
    json!(ids)
}

fn digests(body: &Value) -> Value {
    let Value::Object(fields) = body else {
        return Value::Null;
    };
    let steady = fields.iter().filter(|(name, _)| !RESTLESS.contains(&name.as_str()));
    let digests: Map<String, Value> = steady.map(|(name, value)| (name.clone(), json!(digest_of(value)))).collect();
    Value::Object(digests)
}

/// Short, and no secret: what it is of cannot be told from it.
fn digest_of(value: &Value) -> String {
    let text = without_volatile(value).to_string();
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let beginning = digest.as_ref().first_chunk().copied();
    format!("{:016x}", u64::from_be_bytes(beginning.unwrap_or_default()))
}

/// Without what changes by itself, names in order.
fn without_volatile(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept: BTreeMap<&String, Value> = fields
                .iter()
                .filter(|(name, _)| !RESTLESS.contains(&name.as_str()))
                .map(|(name, value)| (name, without_volatile(value)))
                .collect();
            json!(kept)
        }
        Value::Array(items) => items.iter().map(without_volatile).collect(),
        other => other.clone(),
    }
}

impl std::fmt::Debug for AnswerProvenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}
