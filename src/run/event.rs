//! What a run tells: the one form in which the terminal, JSON output, the journal and reports learn of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::RunActor;

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// UTC, RFC 3339.
    pub time: jiff::Timestamp,
    /// Key of the item (lane) it happened in; absent for the main script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Title of the step it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(flatten)]
    pub kind: EventKind,
    /// Who executes the run at that moment. The journal stores it where an execution begins, and fills it in where it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<RunActor>,
}

/// The kinds of events. In JSON the field `event` names the kind, in `snake_case`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run began.
    Run {
        run: String,
        runbook: String,
        orgs: Vec<OrgLine>,
        parameters: Value,
    },
    /// A new step of the procedure.
    Step {
        title: String,
        /// Its number among the steps of the main script, those told when the run was executed before included.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
    },
    /// A read was answered.
    Read(CallLine),
    /// A write was sent and answered with success.
    Performed(CallLine),
    /// A write was not sent because nothing would change.
    Unchanged(CallLine),
    /// A write or read was refused.
    Refused {
        #[serde(flatten)]
        call: CallLine,
        message: String,
    },
    /// The run is held to a plan (its digest) with so many writes.
    Planned {
        plan: String,
        writes: u64,
    },
    /// A second person approved that plan.
    Approved {
        /// The org's name in the runbook; absent in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        org: Option<String>,
        by: String,
        /// When it was signed.
        at: jiff::Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<String>,
        /// Tells it from any other approval. This and the rest are absent in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Until when a run may begin with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<jiff::Timestamp>,
        /// What it was signed with, and what that proves, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed_with: Option<String>,
        /// The account at the org that the approver signed in with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    /// A module was read while the run went on, since its import was computed. The journal has its text.
    Module {
        /// As messages show it.
        path: String,
        /// SHA-256 of its text.
        digest: String,
    },
    /// What this run relies on in the journal of a run, its own or another, may not be what was written there.
    UnverifiedJournal {
        /// The run whose journal it is.
        of: String,
        reason: String,
        /// Who goes on all the same, although it was altered; absent where it only cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted_by: Option<String>,
    },
    /// The run is taken up again.
    Resumed {
        /// Who does, in words; in older journals a name that an environment variable gave.
        operator: String,
    },
    /// A fact was checked.
    Check {
        passed: bool,
        /// A sentence; of items what is said of each of them, such as `is active`.
        words: String,
        /// Items of which it holds, as a person knows them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<String>,
    },
    Note {
        words: String,
    },
    /// A wait: for a rate limit, a job, a condition.
    Wait {
        reason: String,
        seconds: f64,
    },
    /// A manual step: attested by whom, or waiting.
    Manual {
        title: String,
        /// By which it is attested on the command line.
        #[serde(default)]
        name: String,
        how: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attested_by: Option<String>,
    },
    /// A question and its answer.
    Confirm {
        words: String,
        answer: bool,
    },
    /// A guard let a write pass, since it was told to on the command line (`--allow`).
    Allowed {
        guard: String,
        words: String,
    },
    /// An item of a bulk step ended.
    Item {
        key: String,
        outcome: ItemOutcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// A table for a person: column titles and rows of cells.
    Table {
        columns: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// Items before and after: what the run changed of them, as it was looked at.
    Moved {
        /// What is told of each item, such as `DN in AD`.
        columns: Vec<String>,
        rows: Vec<MovedItem>,
    },
    /// Words for people who are not at the terminal.
    Notice {
        words: String,
    },
    /// A file was saved beside the journal.
    Saved {
        name: String,
        rows: u64,
        bytes: u64,
        /// SHA-256 in hexadecimal.
        digest: String,
        /// Where it was written.
        path: String,
    },
    /// The calls that this execution made in scarce buckets, the scarcest first.
    Calls {
        calls: Vec<BucketCalls>,
        /// Items that they were made for; absent when some were done when the run was executed before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<u64>,
    },
    /// The last event of a run.
    Outcome {
        outcome: RunOutcome,
        run: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        counts: RunCounts,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remarks: Vec<String>,
    },
}

/// An item before and after, a value for each column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedItem {
    /// As a person knows it, such as a login.
    pub item: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// What `Moved` tells, as the columns and rows of a table: two rows an item.
pub fn moved_table(columns: &[String], rows: &[MovedItem]) -> (Vec<String>, Vec<Vec<String>>) {
    let row = |item: &str, mark: &str, cells: &[String]| {
        let begin = [item.to_owned(), mark.to_owned()];
        begin.into_iter().chain(cells.iter().cloned()).collect::<Vec<_>>()
    };
    let titles = ["item", ""].map(str::to_owned).into_iter().chain(columns.iter().cloned());
    let pairs =
        rows.iter().flat_map(|moved| [row(&moved.item, "before", &moved.before), row("", "after", &moved.after)]);
    (titles.collect(), pairs.collect())
}

/// A check as one sentence: of several items, with the first of them.
pub fn check_sentence(words: &str, items: &[String]) -> String {
    match items {
        [] => words.to_owned(),
        [only] => format!("{only} {words}"),
        [first, rest @ ..] => format!("{first} {words} (and {} more)", rest.len()),
    }
}

/// Number of facts that a check tells.
pub fn count_checks(items: &[String]) -> usize {
    items.len().max(1)
}

/// An org as the run sees it: its name in the runbook and its URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgLine {
    pub name: String,
    pub url: String,
    /// The profile it was configured by; absent for the embedded simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A call, as far as a person wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallLine {
    pub org: String,
    /// The operation's name in scripts, such as `assign_user_to_group`.
    pub operation: String,
    pub method: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Calls that count in one rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketCalls {
    pub org: String,
    /// Pattern of the bucket's paths.
    pub bucket: String,
    pub calls: u64,
    /// Calls of a minute that are ours.
    pub share: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    Succeeded,
    Unchanged,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Succeeded,
    Partly,
    Failed,
    Waiting,
    Interrupted,
    Stuck,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    pub reads: u64,
    /// Those that are known to have been carried out.
    pub writes: u64,
    /// Writes that were sent and of which nobody knows whether they were carried out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    pub unchanged: u64,
    pub items: u64,
    /// Of a run that stopped in a bulk step: the items that had come through it. Absent where each of them did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_items: Option<u64>,
    pub failed_items: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it may skip by reference")]
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}
