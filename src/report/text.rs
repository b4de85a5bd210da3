//! A run as lines for a person, event by event.

mod call;
mod outcome;
#[cfg(test)]
mod tests;
pub(in crate::report) mod words;

use std::collections::BTreeSet;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::Value;

use super::table::text_table;
use crate::run::actor::{RunActor, UNKNOWN};
use crate::run::event::{CallLine, EventKind, ItemOutcome, OrgLine, RunEvent, check_sentence, moved_table};
use words::{block, clean, paint_text};

pub(in crate::report) use outcome::{calls_of, items_of};
pub(crate) use words::{count_noun, told_above};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WAITS: Style = AnsiColor::Yellow.on_default();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputVerbosity {
    /// What failed, what a person must do, tables, and the outcome.
    Quiet,
    /// All but reads.
    #[default]
    Normal,
    /// Every event.
    Verbose,
}

/// Tells a run in lines. Lines carry ANSI styles, which whoever prints them strips where they do not belong.
#[derive(Debug)]
pub struct TextReporter {
    verbosity: OutputVerbosity,
    width: Option<u16>,
    started: Option<Timestamp>,
    steps: u64,
    /// The run's orgs, where there are several.
    orgs: Vec<OrgLine>,
    /// Those that the present step has called.
    called: BTreeSet<String>,
    /// Title of the manual step that waits, for the last advice.
    waits_for: Option<String>,
    /// Items told at the end as done or unchanged.
    ended: usize,
}

/// So many items that went well are named at the end; all of them at [`OutputVerbosity::Verbose`].
const NAMED: usize = 20;

impl TextReporter {
    /// `width` is the terminal's, in columns; without one nothing wraps.
    pub fn new(verbosity: OutputVerbosity, width: Option<u16>) -> Self {
        Self {
            verbosity,
            width,
            started: None,
            steps: 0,
            orgs: Vec::new(),
            called: BTreeSet::new(),
            waits_for: None,
            ended: 0,
        }
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, width: Option<u16>) {
        self.width = width;
    }

    /// The lines for the next event; none when the event is not told at this verbosity.
    pub fn lines_of(&mut self, event: &RunEvent) -> Vec<String> {
        let ended = self.ended_step(event);
        self.remember(event);
        [ended, self.lines(event)].concat()
    }

    fn lines(&mut self, event: &RunEvent) -> Vec<String> {
        if self.verbosity < least_verbosity(&event.kind) {
            return Vec::new();
        }
        match &event.kind {
            EventKind::Run { run, runbook, orgs, parameters } => {
                let by = event.actor.as_ref().map(RunActor::words);
                self.run(run, runbook, by.as_deref(), orgs, parameters)
            }
            EventKind::Step { title, .. } => self.step(event, title),
            EventKind::Item { key, outcome, message } => self.item(key, *outcome, message.as_deref()),
            EventKind::Table { columns, rows } => self.table(columns, rows),
            EventKind::Moved { columns, rows } => {
                let (columns, rows) = moved_table(columns, rows);
                self.table(&columns, &rows)
            }
            EventKind::Outcome { outcome, run, message, counts, remarks } => {
                let ending = outcome::OutcomeLines {
                    outcome: *outcome,
                    run,
                    message: message.as_deref(),
                    counts,
                    remarks,
                    elapsed: self.started.map(|started| words::time_between(started, event.time)),
                    waits_for: self.waits_for.as_deref(),
                };
                [self.rest(), ending.lines()].concat()
            }
            other => {
                let told = event_lines(other, event.actor.as_ref(), self.verbosity);
                lines_of_item(event.item.as_deref(), &told)
            }
        }
    }

    fn item(&mut self, key: &str, outcome: ItemOutcome, message: Option<&str>) -> Vec<String> {
        if outcome != ItemOutcome::Failed {
            self.ended += 1;
            if self.ended > NAMED && self.verbosity < OutputVerbosity::Verbose {
                return Vec::new();
            }
        }
        item(key, outcome, message)
    }

    /// What was left out of the items.
    fn rest(&self) -> Vec<String> {
        match self.ended.saturating_sub(NAMED) {
            0 => Vec::new(),
            _ if self.verbosity != OutputVerbosity::Normal => Vec::new(),
            more => vec![format!("  … and {more} more that went well")],
        }
    }

    fn remember(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::Run { orgs, .. } => {
                self.started = Some(event.time);
                if orgs.len() > 1 {
                    self.orgs.clone_from(orgs);
                }
            }
            EventKind::Step { number, .. } if event.item.is_none() => {
                self.steps = number.unwrap_or(self.steps + 1);
            }
            EventKind::Manual { name, attested_by: None, .. } => self.waits_for = Some(name.clone()),
            _ => {}
        }
    }

    /// Says which orgs a step has called, when it is over.
    fn ended_step(&mut self, event: &RunEvent) -> Vec<String> {
        if let Some(org) = call_of(&event.kind).and_then(|call| org_of(call, &self.orgs)) {
            self.called.insert(org.to_owned());
        }
        let is_over = match &event.kind {
            EventKind::Step { .. } => event.item.is_none(),
            EventKind::Outcome { .. } => true,
            _ => false,
        };
        if !is_over {
            return Vec::new();
        }
        let called = std::mem::take(&mut self.called);
        if called.is_empty() || self.verbosity < OutputVerbosity::Normal {
            return Vec::new();
        }
        let names = called.iter().map(|name| clean(name)).collect::<Vec<_>>();
        let line = format!("  in {}", names.join(" and "));
        vec![paint_text(FAINT, &line)]
    }

    fn run(&self, run: &str, runbook: &str, by: Option<&str>, orgs: &[OrgLine], parameters: &Value) -> Vec<String> {
        let mut lines = vec![format!("{} (run {run})", paint_text(HEADING, &clean(runbook)))];
        lines.extend(by.map(|by| format!("  started by {}", clean(by))));
        let names = orgs.iter().map(|org| org.name.chars().count()).max().unwrap_or(0);
        for org in orgs {
            lines.push(format!("  {:names$}  {}", clean(&org.name), clean(&org.url)));
        }
        let parameters = parameters.as_object().into_iter().flatten();
        // Where items are from is for the script, which names it where it matters.
        let given = parameters.filter(|(name, value)| *name != "origins" && !value.is_null());
        for (name, value) in given {
            let line = format!("  {} = {}", clean(name), clean(&parameter(value)));
            lines.push(paint_text(FAINT, &self.clipped(&line)));
        }
        lines
    }

    /// A line cut to the width, since a list of thousands of logins says nothing to a person.
    fn clipped(&self, line: &str) -> String {
        let width = usize::from(self.width.unwrap_or(120)).max(20);
        if line.chars().count() <= width {
            return line.to_owned();
        }
        let kept: String = line.chars().take(width - 1).collect();
        kept + "…"
    }

    fn step(&self, event: &RunEvent, title: &str) -> Vec<String> {
        if event.item.is_some() {
            let title = format!("▸ {}", clean(title));
            return lines_of_item(event.item.as_deref(), &[paint_text(HEADING, &title)]);
        }
        let title = format!("▸ {} {}", self.steps, clean(title));
        vec![String::new(), paint_text(HEADING, &title)]
    }

    fn table(&self, columns: &[String], rows: &[Vec<String>]) -> Vec<String> {
        let table = text_table(columns, rows, self.width);
        let mut lines = vec![String::new()];
        lines.extend(table.lines().map(str::to_owned));
        lines
    }
}

/// The call that an event tells of.
pub(in crate::report) fn call_of(kind: &EventKind) -> Option<&CallLine> {
    match kind {
        EventKind::Read(call)
        | EventKind::Performed(call)
        | EventKind::Unchanged(call)
        | EventKind::Refused { call, .. } => Some(call),
        _ => None,
    }
}

/// The one of `orgs` that a call was for; a call with a given token names its org so.
pub(in crate::report) fn org_of<'a>(call: &CallLine, orgs: &'a [OrgLine]) -> Option<&'a str> {
    let of = |org: &&OrgLine| {
        let rest = call.org.strip_prefix(org.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    orgs.iter().find(of).map(|org| org.name.as_str())
}

/// The least verbosity at which a kind is told.
fn least_verbosity(kind: &EventKind) -> OutputVerbosity {
    match kind {
        EventKind::Read(_) | EventKind::Module { .. } => OutputVerbosity::Verbose,
        // A read that finds nothing is how one asks whether something is there; what ends the run is told as its error.
        EventKind::Refused { call, .. } if call.method == "GET" => OutputVerbosity::Verbose,
        EventKind::Refused { .. }
        | EventKind::Check { passed: false, .. }
        | EventKind::Manual { attested_by: None, .. }
        | EventKind::Item { outcome: ItemOutcome::Failed, .. }
        | EventKind::Table { .. }
        | EventKind::Moved { .. }
        | EventKind::Saved { .. }
        | EventKind::UnverifiedJournal { .. }
        | EventKind::Outcome { .. } => OutputVerbosity::Quiet,
        _ => OutputVerbosity::Normal,
    }
}

/// Lines of an event that stands within a step. The other kinds have their own form.
fn event_lines(kind: &EventKind, actor: Option<&RunActor>, verbosity: OutputVerbosity) -> Vec<String> {
    let by = || actor.map_or_else(|| UNKNOWN.to_owned(), RunActor::words);
    match kind {
        EventKind::Read(call) => call::read(call, verbosity),
        EventKind::Performed(call) => call::performed_lines(call, verbosity),
        EventKind::Unchanged(call) => call::unchanged_lines(call),
        EventKind::Refused { call, message } => call::refused_lines(call, message),
        EventKind::Check { passed, words, items } => {
            let mark = if *passed { paint_text(GOOD, "✓") } else { paint_text(BAD, "✗") };
            block(&mark, &check_sentence(words, items))
        }
        EventKind::Note { words } => block("·", words),
        EventKind::Notice { words } => block("»", words),
        EventKind::Planned { plan, writes } => block(
            "·",
            &format!(
                "held to the plan {} with {}",
                plan.get(..12).unwrap_or(plan),
                words::count_noun(*writes, "write")
            ),
        ),
        EventKind::Approved { by, ticket, .. } => {
            let ticket = ticket.as_ref();
            let ticket = ticket.map_or_else(String::new, |ticket| format!(", ticket {ticket}"));
            block("✓", &format!("the plan is approved by {by}{ticket}"))
        }
        EventKind::Module { path, digest } => {
            block("·", &format!("imports {path}, digest {}", digest.get(..12).unwrap_or(digest)))
        }
        EventKind::UnverifiedJournal { of, reason, accepted_by } => {
            block(&paint_text(BAD, "!"), &words::unverified_words(of, reason, accepted_by.as_deref()))
        }
        EventKind::Resumed { .. } => block("·", &format!("resumed by {}; completed calls are not repeated", by())),
        EventKind::Calls { calls, items } => {
            calls.iter().flat_map(|one| block("·", &call::bucket_words(one, *items))).collect()
        }
        EventKind::Wait { reason, seconds } => {
            let words = format!("waiting up to {}: {reason}", words::duration(*seconds));
            block(&paint_text(WAITS, "…"), &words)
        }
        EventKind::Manual { title, how, attested_by, .. } => {
            manual(title, how, attested_by.as_ref().map(|_| by()).as_deref())
        }
        EventKind::Confirm { words, answer } => {
            let answer = if *answer { format!("yes, by {}", by()) } else { "no".to_owned() };
            block("?", &format!("{words} {answer}"))
        }
        EventKind::Saved { name, rows, path, .. } => {
            block(&paint_text(GOOD, "✓"), &format!("saved {name} ({}): {path}", words::count_noun(*rows, "row")))
        }
        EventKind::Allowed { words, .. } => block("·", &format!("{words}; allowed by {}", by())),
        EventKind::Run { .. }
        | EventKind::Step { .. }
        | EventKind::Item { .. }
        | EventKind::Moved { .. }
        | EventKind::Table { .. }
        | EventKind::Outcome { .. } => Vec::new(),
    }
}

fn manual(title: &str, how: &str, attested_by: Option<&str>) -> Vec<String> {
    let (mark, words) = match attested_by {
        Some(name) => (paint_text(GOOD, "✓"), format!("by hand: {title} (attested by {name})")),
        None => (paint_text(WAITS, "!"), format!("to do by hand: {title}")),
    };
    let mut lines = block(&mark, &words);
    lines.extend(how.lines().map(|line| format!("  {}", clean(line))));
    lines
}

fn item(key: &str, outcome: ItemOutcome, message: Option<&str>) -> Vec<String> {
    let mark = match outcome {
        ItemOutcome::Succeeded => paint_text(GOOD, "✓"),
        ItemOutcome::Unchanged => paint_text(FAINT, "="),
        ItemOutcome::Failed => paint_text(BAD, "✗"),
    };
    let said = match (message, outcome) {
        (Some(message), _) => format!("{key}  {}", words::told_above(message)),
        (None, ItemOutcome::Succeeded) => key.to_owned(),
        (None, ItemOutcome::Unchanged) => format!("{key}  unchanged"),
        (None, ItemOutcome::Failed) => format!("{key}  failed"),
    };
    indent_lines(&block(&mark, &said))
}

/// Lines of items run side by side mix, so each says whose it is.
fn lines_of_item(item: Option<&str>, lines: &[String]) -> Vec<String> {
    let Some(key) = item else {
        return indent_lines(lines);
    };
    let key = paint_text(FAINT, &format!("[{}]", clean(key)));
    lines.iter().map(|line| format!("  {key} {line}")).collect()
}

fn indent_lines(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| format!("  {line}")).collect()
}

/// A parameter as one would type it: strings bare, lists with commas.
fn parameter(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(parameter).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
