//! What a run is begun with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::consent::ConsentOptions;
use super::event::{ItemOutcome, RunEvent};
use super::journal::{self, Journal};
use super::plan_lock::PlannedWrites;
use crate::{ldap, okta};

/// Where events go besides the journal: the terminal.
pub type EventListener = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Where the progress of bulk steps goes.
pub type ProgressWatcher = Arc<dyn Fn(BulkProgress<'_>) + Send + Sync>;

/// What a run is made of.
pub struct RunOptions {
    pub journal: Arc<Journal>,
    pub procedure: RunProcedure,
    /// Orgs by their names in the runbook.
    pub orgs: BTreeMap<String, Arc<okta::OktaClient>>,
    /// Profiles of the orgs, by the same names; the embedded simulator has none.
    pub profiles: BTreeMap<String, String>,
    /// Directories by lower-cased domain.
    pub directories: BTreeMap<String, Arc<ldap::DirectoryClient>>,
    pub consent: ConsentOptions,
    pub listener: EventListener,
    pub watcher: ProgressWatcher,
    pub cancelled: CancellationToken,
    pub edits: EditPolicy,
    /// Values that are kept out of the journal wherever they stand.
    pub secrets: Vec<SecretString>,
    pub target: RunTarget,
    /// The plan that the run is held to.
    pub agreement: Option<PlannedWrites>,
}

impl RunOptions {
    /// A run that nobody watches, without orgs, edits, secrets or a plan.
    pub fn new(journal: Arc<Journal>, procedure: RunProcedure, consent: ConsentOptions) -> Self {
        Self {
            journal,
            procedure,
            orgs: BTreeMap::new(),
            profiles: BTreeMap::new(),
            directories: BTreeMap::new(),
            consent,
            listener: Arc::new(|_| {}),
            watcher: Arc::new(|_| {}),
            cancelled: CancellationToken::new(),
            edits: EditPolicy::Refused,
            secrets: Vec::new(),
            target: RunTarget::Orgs,
            agreement: None,
        }
    }
}

/// What a run works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunTarget {
    /// The orgs themselves.
    Orgs,
    /// Shadows of them: nothing there takes time, and what a person does by hand is taken as done.
    Shadows,
}

/// How far a bulk step is, for who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkProgress<'a> {
    /// A bulk step of so many items began, in the step of this title.
    Began {
        step: Option<&'a str>,
        items: usize,
    },
    /// An item ended; the rest takes `left` at least, for the rate limits.
    Ended {
        outcome: ItemOutcome,
        left: Duration,
    },
    Over,
}

/// What is executed.
#[derive(Clone, Debug)]
pub struct RunProcedure {
    /// Name of the runbook.
    pub runbook: String,
    /// Digest of its text.
    pub digest: String,
    /// Its text and those of its modules, by display path.
    pub sources: Value,
    /// Parameters as JSON, without secrets.
    pub parameters: Value,
    pub kind: journal::RunKind,
}

impl RunProcedure {
    /// What has no text of its own: what a session or a test asks.
    pub fn without_text(title: &str) -> Self {
        Self {
            runbook: title.to_owned(),
            digest: String::new(),
            sources: Value::Object(serde_json::Map::new()),
            parameters: Value::Object(serde_json::Map::new()),
            kind: journal::RunKind::Run,
        }
    }
}

/// Whether a run that is taken up again may ask something else than what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditPolicy {
    Refused,
    /// From there on, what was recorded no longer counts.
    Accepted,
}
