//! A run as short Markdown for a change ticket: facts, outcome, what failed and why, who attested, what moved.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::dn_changes::{self, TableMoves};
use super::evidence::{RunEvidence, WriteState, outcome_words};
use super::run_summary::{AttestationKind, ItemEnd, RunAttestation, RunSummary, StepEnd};
use super::text::words::{clean, time_between};
use crate::run::SavedFile;
use crate::run::actor::UNKNOWN;

/// A ticket is read by people: longer lists are cut, and say so.
const LONGEST: usize = 100;

/// The text, with a newline at its end.
pub fn text(evidence: &RunEvidence) -> String {
    let story = RunSummary::of(evidence);
    let movement = dn_changes::told_moves(&story.moved);
    let sections = [
        heading(evidence, &story),
        facts(evidence, &story),
        unknown_writes(evidence),
        failed_items(&story),
        steps(&story),
        writes(evidence),
        attestation_lines(&story),
        moves_table(movement.as_ref()),
        files(&story),
        remarks(&story),
    ];
    let told: Vec<_> = sections.into_iter().filter(|text| !text.is_empty()).collect();
    told.join("\n")
}

fn heading(evidence: &RunEvidence, story: &RunSummary<'_>) -> String {
    let mut text = format!("# {}: {}\n", escape_markdown(&evidence.runbook), outcome_words(evidence.outcome));
    if let Some(message) = story.message {
        let _ = writeln!(text, "\n{}", escape_markdown(message));
    }
    text
}

fn facts(evidence: &RunEvidence, story: &RunSummary<'_>) -> String {
    let mut rows = vec![("run", evidence.run.clone()), ("started by", evidence.operator.clone())];
    let orgs = evidence.orgs.iter();
    rows.extend(orgs.map(|org| ("org", format!("{}: {}", org.name, org.url))));
    rows.push(("started", show_time(evidence.started)));
    let ended = evidence.ended.map(|ended| {
        let took = time_between(evidence.started, ended);
        format!("{} (after {took})", show_time(ended))
    });
    let last = || format!("never; last heard of {}", show_time(story.last));
    rows.push(("ended", ended.unwrap_or_else(last)));
    if !story.items.is_empty() {
        rows.push(("items", items(story)));
    }
    let counts = &story.counts;
    rows.push(("calls", super::text::calls_of(counts)));
    let waited: f64 = story.waits.iter().map(super::run_summary::StoryWait::seconds).sum();
    if waited >= 1.0 {
        rows.push(("waits", super::text::words::duration(waited)));
    }
    rows.push(("digest of the runbook", evidence.digest.clone()));
    rows.push(("journal", evidence.journal.clone()));
    let rows: Vec<_> = rows.into_iter().chain(evidence.given()).collect();
    let row = |(name, value): &(&str, String)| vec![(*name).to_owned(), value.clone()];
    table(&["", ""], rows.iter().map(row))
}

fn items(story: &RunSummary<'_>) -> String {
    let ends = [ItemEnd::Succeeded, ItemEnd::Unchanged, ItemEnd::Failed, ItemEnd::Unfinished];
    let counts = ends.iter().map(|end| (story.count(*end), end.words()));
    let told = counts.filter(|(count, _)| *count > 0);
    let told: Vec<_> = told.map(|(count, words)| format!("{count} {words}")).collect();
    told.join(", ")
}

fn unknown_writes(evidence: &RunEvidence) -> String {
    let unknown = evidence.writes.iter().filter(|write| write.state == WriteState::Unknown);
    let rows: Vec<_> = unknown
        .map(|write| {
            vec![
                show_time(write.time),
                write.call.org.clone(),
                write.item.clone().unwrap_or_default(),
                write.call.operation.clone(),
                format!("{} {}", write.call.method, write.call.path),
            ]
        })
        .collect();
    section(
        "Writes without a known answer: they may have happened",
        &["sent", "org", "item", "operation", "call"],
        &rows,
    )
}

fn failed_items(story: &RunSummary<'_>) -> String {
    let not_done = |end| matches!(end, ItemEnd::Failed | ItemEnd::Unfinished);
    let rows: Vec<_> = story
        .items
        .iter()
        .filter(|item| not_done(item.end))
        .map(|item| {
            [item.key, item.end.words(), item.step.unwrap_or_default(), item.message.unwrap_or_default()]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    section("Items that failed or did not end", &["item", "outcome", "step", "reason"], &rows)
}

fn steps(story: &RunSummary<'_>) -> String {
    let row = |step: &super::run_summary::StoryStep<'_>| {
        let took = step.begun.zip(step.ended);
        let took = took.map(|(begun, ended)| time_between(begun, ended));
        vec![
            step.title.to_owned(),
            step.orgs.iter().copied().collect::<Vec<_>>().join(", "),
            step.end.words().to_owned(),
            took.unwrap_or_default(),
            if step.end == StepEnd::Done { String::new() } else { step.message.clone().unwrap_or_default() },
        ]
    };
    let rows: Vec<_> = story.steps.iter().map(row).collect();
    section("Steps", &["step", "org", "outcome", "took", "why"], &rows)
}

fn writes(evidence: &RunEvidence) -> String {
    let row = |write: &super::evidence::WriteEvidence| {
        vec![
            write.call.org.clone(),
            write.step.clone().unwrap_or_default(),
            write.item.clone().unwrap_or_default(),
            write.call.operation.clone(),
            format!("{} {}", write.call.method, write.call.path),
            write.state.words().to_owned(),
        ]
    };
    let rows: Vec<_> = evidence.writes.iter().map(row).collect();
    section("Writes", &["org", "step", "item", "operation", "call", "answer"], &rows)
}

fn attestation_lines(story: &RunSummary<'_>) -> String {
    let row = |attestation: &RunAttestation<'_>| {
        let who = match (&attestation.by, attestation.kind) {
            (Some(name), _) => name.to_string(),
            (None, AttestationKind::Manual) => "nobody yet".to_owned(),
            (None, AttestationKind::Journal) => String::new(),
            (None, AttestationKind::Question) => "not agreed".to_owned(),
            (None, _) => UNKNOWN.to_owned(),
        };
        vec![show_time(attestation.time), who, attestation.words.to_string()]
    };
    let rows: Vec<_> = story.attestations.iter().map(row).collect();
    section("Who did it", &["when", "who", "what"], &rows)
}

fn moves_table(movement: Option<&TableMoves>) -> String {
    let Some(movement) = movement else {
        return String::new();
    };
    let row = |line: super::dn_changes::MoveLine<'_>| vec![line.item.to_owned(), line.from, line.to];
    let rows: Vec<_> = movement.lines().into_iter().map(row).collect();
    let title = format!("Moved ({}, by {})", rows.len(), escape_markdown(&movement.column));
    section(&title, &["item", "from", "to"], &rows)
}

fn files(story: &RunSummary<'_>) -> String {
    let row = |file: &SavedFile| {
        vec![escape_markdown(&file.name), file.rows.to_string(), file.bytes.to_string(), file.digest.clone()]
    };
    let rows: Vec<_> = story.files.iter().map(row).collect();
    section("Files", &["file", "rows", "bytes", "SHA-256"], &rows)
}

fn remarks(story: &RunSummary<'_>) -> String {
    if story.remarks.is_empty() {
        return String::new();
    }
    let lines = story.remarks.iter().map(|remark| format!("- {}\n", escape_markdown(remark)));
    format!("## Remarks\n\n{}", lines.collect::<String>())
}

/// A titled table; nothing without rows.
fn section(title: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("## {title}\n\n{}", table(columns, rows.iter().take(LONGEST).cloned()));
    if rows.len() > LONGEST {
        let _ = writeln!(text, "\nand {} more; the HTML and JSON reports have all.", rows.len() - LONGEST);
    }
    text
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = columns.iter().map(ToString::to_string).collect();
    let rule = vec!["---".to_owned(); columns.len()];
    let body = rows.map(|cells| line(&cells.iter().map(|cell| escape_markdown(cell)).collect::<Vec<_>>()));
    [line(&head), line(&rule)].into_iter().chain(body).collect()
}

fn show_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Text that Markdown shows as it is, on one line: no character of it makes markup, HTML or a table's border.
fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).trim().chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
