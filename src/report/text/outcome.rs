//! The end of a run: how it ended, what it did, and what to do next.

use super::words::{block, clean, count_noun, paint_text, told_above};
use super::{BAD, GOOD, WAITS};
use crate::run::event::{RunCounts, RunOutcome};

/// What the last lines are made from.
pub(super) struct OutcomeLines<'a> {
    pub(super) outcome: RunOutcome,
    pub(super) run: &'a str,
    pub(super) message: Option<&'a str>,
    pub(super) counts: &'a RunCounts,
    pub(super) remarks: &'a [String],
    /// As words; unknown when the run's first event was not seen.
    pub(super) elapsed: Option<String>,
    /// Title of the manual step that waits.
    pub(super) waits_for: Option<&'a str>,
}

impl OutcomeLines<'_> {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new(), self.headline()];
        lines.extend(self.message.into_iter().flat_map(|message| block(" ", &first_line(message))));
        for remark in self.remarks {
            lines.extend(block(&paint_text(WAITS, "  note:"), remark));
        }
        lines.extend(self.next().iter().map(|next| format!("  next: {}", clean(next))));
        lines
    }

    fn headline(&self) -> String {
        let (style, words) = match self.outcome {
            RunOutcome::Succeeded => (GOOD, "Succeeded"),
            RunOutcome::Partly => (BAD, "Partly done"),
            RunOutcome::Failed => (BAD, "Failed"),
            RunOutcome::Waiting => (WAITS, "Waiting for a manual step"),
            RunOutcome::Interrupted => (WAITS, "Interrupted"),
            RunOutcome::Stuck => (BAD, "Stuck"),
        };
        let elapsed = self.elapsed.as_ref();
        let elapsed = elapsed.map_or_else(String::new, |elapsed| format!(" after {elapsed}"));
        let did = write_counts(self.counts);
        format!("{}{elapsed}: {did} (run {})", paint_text(style, words), self.run)
    }

    fn next(&self) -> Vec<String> {
        let story = format!("see all of it: okta-runbook runs show {}", self.run);
        let again = match self.outcome {
            RunOutcome::Succeeded => return Vec::new(),
            RunOutcome::Partly | RunOutcome::Failed if self.counts.unknown > 0 => format!(
                "fix the cause, then look again whether it was made, and go on: okta-runbook resume {}",
                self.run
            ),
            RunOutcome::Partly | RunOutcome::Failed => {
                "mend the cause and run the same command again; what is done is left as it is".into()
            }
            RunOutcome::Waiting => self.attest(),
            RunOutcome::Interrupted => format!("go on with it: okta-runbook resume {}", self.run),
            RunOutcome::Stuck => "do by hand what is left, as told above".into(),
        };
        vec![again, story]
    }

    fn attest(&self) -> String {
        let name = match self.waits_for {
            Some(name) if name.contains(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))) => {
                format!("'{}'", name.replace('\'', "'\\''"))
            }
            Some(name) => name.to_owned(),
            None => "NAME".into(),
        };
        format!("do the step, then: okta-runbook resume {} --attest {name}", self.run)
    }
}

/// The first line of a message: the rest of it was told when it happened.
fn first_line(message: &str) -> String {
    let message = told_above(message);
    let first = message.lines().next().unwrap_or_default();
    match first.strip_suffix(':') {
        Some(first) => format!("{first}, as told above"),
        None => first.to_owned(),
    }
}

fn write_counts(counts: &RunCounts) -> String {
    let mut parts = Vec::new();
    match counts.failed_items {
        _ if counts.items == 0 => {}
        0 => parts.push(items_of(counts)),
        failed => parts.push(format!("{} ({failed} failed)", items_of(counts))),
    }
    parts.push(match (counts.writes, counts.unknown) {
        (0, 0) => "nothing written".into(),
        _ => writes_of(counts),
    });
    if counts.unchanged > 0 {
        parts.push(format!("{} unchanged", counts.unchanged));
    }
    parts.push(count_noun(counts.reads, "read"));
    parts.join(", ")
}

/// `3 items`, or of a run that stopped in a bulk step `41 of 200 items`.
pub(in crate::report) fn items_of(counts: &RunCounts) -> String {
    let items = count_noun(counts.items, "item");
    match counts.done_items {
        Some(done) => format!("{done} of {items}"),
        None => items,
    }
}

/// `1 write, 0 unchanged, 3 reads`
pub(in crate::report) fn calls_of(counts: &RunCounts) -> String {
    let did = [writes_of(counts), format!("{} unchanged", counts.unchanged), count_noun(counts.reads, "read")];
    did.join(", ")
}

/// The writes that are known to have been carried out, and those of which nobody knows.
fn writes_of(counts: &RunCounts) -> String {
    match (counts.writes, counts.unknown) {
        (writes, 0) => count_noun(writes, "write"),
        (0, unknown) => format!("{} of unknown outcome", count_noun(unknown, "write")),
        (writes, unknown) => format!("{}, {unknown} of unknown outcome", count_noun(writes, "write")),
    }
}
