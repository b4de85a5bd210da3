//! The list of past runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::table::text_table;
use super::text::words;
use crate::run::event::{RunOutcome, is_zero};

/// A run in the list; as JSON, a row of `runs --output json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    pub run: String,
    pub runbook: String,
    /// Absent while the run goes on, or when its process was killed.
    pub outcome: Option<RunOutcome>,
    /// Whose process it goes on in just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub reads: u64,
    pub writes: u64,
    /// Writes of which nobody knows whether they were carried out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    pub unchanged: u64,
    pub items: u64,
    pub failed_items: u64,
}

const COLUMNS: [&str; 7] = ["run", "runbook", "outcome", "started", "duration", "writes", "items failed"];

/// The runs as a table, in the order given; times are UTC.
pub fn text(runs: &[RunLine], width: Option<u16>) -> String {
    let rows: Vec<_> = runs.iter().map(row).collect();
    text_table(&COLUMNS, &rows, width)
}

fn row(run: &RunLine) -> Vec<String> {
    let duration = run.ended.map(|ended| words::time_between(run.started, ended));
    vec![
        run.run.clone(),
        run.runbook.clone(),
        state(run).to_owned(),
        run.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        duration.unwrap_or_default(),
        writes(run),
        items_failed(run),
    ]
}

/// Such as `13`, or `13 + 1 unknown`.
fn writes(run: &RunLine) -> String {
    match run.unknown {
        0 => run.writes.to_string(),
        unknown => format!("{} + {unknown} unknown", run.writes),
    }
}

/// Nothing for a run without items, such as `0/3` else.
fn items_failed(run: &RunLine) -> String {
    match run.items {
        0 => String::new(),
        items => format!("{}/{items}", run.failed_items),
    }
}

fn state(run: &RunLine) -> &'static str {
    match (run.outcome, &run.running) {
        (Some(outcome), _) => name(outcome),
        (None, Some(_)) => "running",
        (None, None) => "unfinished",
    }
}

fn name(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Partly => "partly",
        RunOutcome::Failed => "failed",
        RunOutcome::Waiting => "waiting",
        RunOutcome::Interrupted => "interrupted",
        RunOutcome::Stuck => "stuck",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> [RunLine; 3] {
        let first = RunLine {
            run: "8f3a".into(),
            runbook: "ad/move_user_to_ou".into(),
            outcome: Some(RunOutcome::Partly),
            running: None,
            started: "2026-01-02T03:04:05Z".parse().unwrap(),
            ended: Some("2026-01-02T03:06:10Z".parse().unwrap()),
            reads: 40,
            writes: 6,
            unknown: 0,
            unchanged: 2,
            items: 3,
            failed_items: 1,
        };
        let second = RunLine { run: "77b0".into(), outcome: None, ended: None, items: 0, ..first.clone() };
        let third = RunLine { run: "66c4".into(), running: Some("pat, process 12 on desk".into()), ..second.clone() };
        [first, second, third]
    }

    #[test]
    fn runs_are_rows() {
        assert_eq!(
            text(&runs(), None),
            "\
| run  | runbook            | outcome    | started              | duration  | writes | items failed |
|------|--------------------|------------|----------------------|-----------|--------|--------------|
| 8f3a | ad/move_user_to_ou | partly     | 2026-01-02 03:04:05Z | 2 min 5 s | 6      | 1/3          |
| 77b0 | ad/move_user_to_ou | unfinished | 2026-01-02 03:04:05Z |           | 6      |              |
| 66c4 | ad/move_user_to_ou | running    | 2026-01-02 03:04:05Z |           | 6      |              |"
        );
    }

    #[test]
    fn writes_of_unknown_outcome_stand_beside_the_others() {
        let [first, ..] = runs();
        let run = RunLine { unknown: 1, ..first };
        assert_eq!(row(&run)[5], "6 + 1 unknown");
        let json = serde_json::to_value(&run).unwrap();
        assert_eq!(json["unknown"], 1);
    }

    #[test]
    fn json_names_the_outcome_as_events_do() {
        let json = serde_json::to_string(&runs()[0]).unwrap();
        assert_eq!(
            json,
            r#"{"run":"8f3a","runbook":"ad/move_user_to_ou","outcome":"partly","started":"2026-01-02T03:04:05Z","ended":"2026-01-02T03:06:10Z","reads":40,"writes":6,"unchanged":2,"items":3,"failed_items":1}"#
        );
    }
}
