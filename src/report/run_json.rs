//! A run's evidence as one JSON document, for programs that keep or compare it.
//!
//! | field | is |
//! |---|---|
//! | `format`, `version` | `okta-runbook evidence` and 1; the version grows when a field changes its meaning or goes |
//! | `run`, `runbook`, `digest`, `operator` | text; `digest` is that of the runbook's text as it ran, `operator` is who started it |
//! | `journal` | text: whether the journal is as it was written, and by which key it is sealed |
//! | `orgs` | list of `name`, `url` |
//! | `parameters` | as given, secrets as `(redacted)` |
//! | `started`, `ended` | UTC, RFC 3339; `ended` is null for a run that died |
//! | `outcome` | `succeeded`, `partly`, `failed`, `waiting`, `interrupted`, `stuck`, or `died`: no outcome is recorded |
//! | `message`, `remarks` | why it ended so, or null; list of text |
//! | `counts` | `reads`, `writes`, `unknown` (writes of which it is not known whether they were carried out; absent for none), `unchanged`, `items`, `failed_items` |
//! | `steps` | list of `title`, `end` (`done`, `partly`, `failed`, `waiting`, `broken_off`, `not_begun`), `message`, `begun`, `ended`, `orgs` (names of those that it called), `failed_items`, `writes`, `checks`, `failed_checks` |
//! | `items` | list of `key`, `end` (`succeeded`, `unchanged`, `failed`, `unfinished`), `message`, `step`, `writes` (positions in `writes`), `seconds` |
//! | `attestations` | list of `time`, `kind` (`start`, `resume`, `manual`, `question`, `allowance`, `plan`, `approval`, `journal`, `undo`), `words`, `how`, `by` (null: nobody), `actor` |
//! | `actor` | `accounts` (by org: `user` with `id` and `login`, `app` with `client_id`, or `unknown`), `system_user`, `host`; `environment_name` is all that older journals have |
//! | `waits` | list of `begun`, `ended`, `item`, `step`, `reason` |
//! | `moved` | null, or `column` and `moves`: list of `item`, `from`, `to` (distinguished names) |
//! | `writes` | list of `time`, `item`, `step`, `org`, `operation`, `method`, `path`, `status`, `request_id`, `state` (`done`, `refused`, `unknown`, `repeated`), `message`, `before`, `request`, `after`, `log_event_ids` |
//! | `events` | everything told, in order, in the form of `runs show --output json` |

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::dn_changes::{self, MoveLine};
use super::evidence::{RunEvidence, WriteEvidence};
use super::run_summary::{RunAttestation, RunSummary, StoryItem, StoryStep, StoryWait};
use crate::run::SavedFile;
use crate::run::event::{OrgLine, RunCounts, RunEvent};

#[derive(Serialize)]
struct RunDocument<'a> {
    format: &'static str,
    version: u32,
    run: &'a str,
    runbook: &'a str,
    digest: &'a str,
    operator: &'a str,
    journal: &'a str,
    orgs: &'a [OrgLine],
    parameters: &'a Value,
    started: Timestamp,
    ended: Option<Timestamp>,
    outcome: Value,
    message: Option<&'a str>,
    remarks: &'a [String],
    files: &'a [SavedFile],
    counts: RunCounts,
    steps: &'a [StoryStep<'a>],
    items: &'a [StoryItem<'a>],
    attestations: &'a [RunAttestation<'a>],
    waits: &'a [StoryWait<'a>],
    moved: Option<MovedRecord<'a>>,
    writes: &'a [WriteEvidence],
    events: &'a [RunEvent],
}

#[derive(Serialize)]
struct MovedRecord<'a> {
    column: &'a str,
    moves: Vec<MoveLine<'a>>,
}

/// The document, indented, with a newline at its end.
pub fn document(evidence: &RunEvidence) -> serde_json::Result<String> {
    let story = RunSummary::of(evidence);
    let movement = dn_changes::told_moves(&story.moved);
    let outcome = evidence.outcome.map(serde_json::to_value).transpose()?;
    let document = RunDocument {
        format: "okta-runbook evidence",
        version: 1,
        run: &evidence.run,
        runbook: &evidence.runbook,
        digest: &evidence.digest,
        operator: &evidence.operator,
        journal: &evidence.journal,
        orgs: &evidence.orgs,
        parameters: &evidence.parameters,
        started: evidence.started,
        ended: evidence.ended,
        outcome: outcome.unwrap_or_else(|| "died".into()),
        message: story.message,
        remarks: story.remarks,
        files: &story.files,
        counts: story.counts,
        steps: &story.steps,
        items: &story.items,
        attestations: &story.attestations,
        waits: &story.waits,
        moved: movement.as_ref().map(|movement| MovedRecord { column: &movement.column, moves: movement.lines() }),
        writes: &evidence.writes,
        events: &evidence.events,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
