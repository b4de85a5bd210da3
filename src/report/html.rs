//! A run as one page that needs nothing else: facts, what moved, a time line, steps, items with their writes, who attested what.

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};

use super::difference::changes;
use super::dn_changes::{self, TableMoves};
use super::evidence::{RunEvidence, WriteEvidence, outcome_words};
use super::run_summary::{RunSummary, StoryItem};
use super::text::words::{clean, count_noun, duration, time_between};
use super::text::{calls_of, items_of};
use super::visible_text::visible_text;

const PAGE: &str = include_str!("html/page.html");

/// The page, with a newline at its end.
///
/// Every text of a run is escaped by the template library; the page loads nothing, and a policy in its head forbids it to.
pub fn page(evidence: &RunEvidence) -> Result<String, minijinja::Error> {
    render_page(PAGE, &context(evidence))
}

/// A page of this template and content, with a newline at its end.
pub(super) fn render_page(page: &str, content: &Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.add_template("page.html", page)?;
    let mut page = environment.get_template("page.html")?.render(Serde(content))?;
    page.push('\n');
    // The template library escapes markup, not control characters.
    Ok(visible_text(&page))
}

fn context(evidence: &RunEvidence) -> Value {
    let story = RunSummary::of(evidence);
    let movement = dn_changes::told_moves(&story.moved);
    json!({
        "run": evidence.run,
        "runbook": evidence.runbook,
        "digest": evidence.digest,
        "operator": evidence.operator,
        "journal": clean(&evidence.journal),
        "orgs": evidence.orgs,
        "parameters": evidence.given().map(|(name, value)| json!({ "name": name, "value": clean(&value) })).collect::<Vec<_>>(),
        "started": show_time(evidence.started),
        "ended": evidence.ended.map(show_time),
        "took": time_between(evidence.started, story.last),
        "outcome": outcome_words(evidence.outcome),
        "message": story.message.map(clean),
        "remarks": story.remarks,
        "files": story.files.iter().map(|file| json!({ "name": file.name, "rows": file.rows, "bytes": file.bytes, "digest": file.digest })).collect::<Vec<_>>(),
        "counts": story.counts,
        "items_of": items_of(&story.counts),
        "calls_of": calls_of(&story.counts),
        "items_shown": count_noun(story.items.len() as u64, "item"),
        "moves": movement.as_ref().map(moves),
        "timeline": timeline(&story, evidence.started),
        "steps": story.steps.iter().map(|step| json!({
            "title": clean(step.title),
            "end": step.end.words(),
            "message": step.message,
            "begun": step.begun.map(show_time),
            "took": step.begun.zip(step.ended).map(|(begun, ended)| time_between(begun, ended)),
            "orgs": step.orgs,
            "writes": step.writes,
            "checks": step.checks,
            "failed_checks": step.failed_checks,
            "failed_items": step.failed_items,
        })).collect::<Vec<_>>(),
        "items": story.items.iter().map(|one| item(one, &evidence.writes)).collect::<Vec<_>>(),
        "writes": evidence.writes.iter().filter(|write| write.item.is_none()).map(line).collect::<Vec<_>>(),
        "attestations": story.attestations.iter().map(|one| json!({
            "time": show_time(one.time),
            "words": clean(&one.words),
            "how": one.how.map(clean),
            "by": one.by,
        })).collect::<Vec<_>>(),
        "waits": story.waits.iter().map(|wait| json!({
            "begun": show_time(wait.begun),
            "took": duration(wait.seconds()),
            "item": wait.item,
            "reason": clean(wait.reason),
        })).collect::<Vec<_>>(),
        "tables": story.tables.iter().map(|table| json!({ "step": table.step, "columns": table.columns, "rows": table.rows })).collect::<Vec<_>>(),
    })
}

fn item(item: &StoryItem<'_>, writes: &[WriteEvidence]) -> Value {
    json!({
        "key": clean(item.key),
        "end": item.end.words(),
        "step": item.step,
        "message": item.message.map(clean),
        "took": duration(item.seconds),
        "wrote": count_noun(item.writes.len() as u64, "write"),
        "writes": item.writes.iter().map(|at| line(&writes[*at])).collect::<Vec<_>>(),
    })
}

fn line(write: &WriteEvidence) -> Value {
    json!({
        "time": show_time(write.time),
        "step": write.step,
        "org": write.call.org,
        "operation": write.call.operation,
        "method": write.call.method,
        "path": clean(&write.call.path),
        "status": write.call.status,
        "request_id": write.call.request_id,
        "state": write.state.words(),
        "message": write.message.as_deref().map(clean),
        "changes": changes(write),
        "log_event_ids": write.log_event_ids,
    })
}

fn show_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Height of a line of the picture, in its own units.
const LINE: usize = 44;

/// Two columns of places, and how many went from which to which.
fn moves(movement: &TableMoves) -> Value {
    let flows = movement.flows();
    let mut from: Vec<String> = Vec::new();
    let mut to: Vec<String> = Vec::new();
    let mut arrows = Vec::new();
    for flow in &flows {
        let start = position(&mut from, flow.from.to_string());
        let end = position(&mut to, flow.to.to_string());
        let middle = |at: usize| at * LINE + LINE / 2;
        arrows.push(json!({ "y1": middle(start), "y2": middle(end), "count": flow.count, "y": usize::midpoint(middle(start), middle(end)) }));
    }
    json!({
        "column": movement.column,
        "stayed": movement.stayed,
        "height": from.len().max(to.len()) * LINE,
        "from": place_boxes(&from),
        "to": place_boxes(&to),
        "arrows": arrows,
    })
}

fn position(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|known| *known == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

/// A place is named by its own part; the whole name is what a pointer shows.
fn place_boxes(names: &[String]) -> Vec<Value> {
    let of = |(at, name): (usize, &String)| {
        let short: String = name.split(',').next().unwrap_or(name).chars().take(34).collect();
        json!({ "y": at * LINE + 6, "name": name, "short": short })
    };
    names.iter().enumerate().map(of).collect()
}

/// Bars of the steps and their waits over the run's time, in thousandths of its length.
fn timeline(story: &RunSummary<'_>, started: Timestamp) -> Value {
    let whole = story.last.duration_since(started).as_secs_f64().max(0.001);
    let at = |time: Timestamp| (time.duration_since(started).as_secs_f64() / whole * 1000.0).clamp(0.0, 1000.0);
    let begun = story.steps.iter().filter_map(|step| Some((step, step.begun?, step.ended?)));
    let steps: Vec<Value> = begun
        .map(|(step, from, until)| json!({ "title": clean(step.title), "end": step.end.words(), "x": at(from), "width": (at(until) - at(from)).max(2.0), "took": time_between(from, until) }))
        .collect();
    let waits: Vec<Value> = story
        .waits
        .iter()
        .take(500)
        .map(|wait| json!({ "x": at(wait.begun), "width": (at(wait.ended) - at(wait.begun)).max(1.0), "reason": clean(wait.reason), "took": duration(wait.seconds()) }))
        .collect();
    json!({ "steps": steps, "waits": waits })
}
