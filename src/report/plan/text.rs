//! A plan for a person at a terminal: steps, items, calls, and what each changes.

use std::collections::BTreeMap;

use super::super::text::words::{block, clean, count_noun, duration, paint_text};
use super::super::text::{BAD, FAINT, GOOD, HEADING, WAITS};
use super::{CallCertainty, EffectKind, FieldChange, PlanCost, PlanEffect, PlanStep, PlannedCall, RunPlan};

/// Of a step with more calls than these, calls of one kind are told together.
const MANY: usize = 40;
/// Of calls that are told together, so many are told one by one first.
const FIRST: usize = 3;

/// The whole plan.
pub fn lines(plan: &RunPlan) -> Vec<String> {
    let mut lines = vec![paint_text(HEADING, &headline(plan))];
    for step in plan.steps.iter().filter(|step| !step.deeds.is_empty()) {
        lines.push(String::new());
        // What is written line by line is in no step.
        if !step.title.is_empty() {
            lines.push(paint_text(HEADING, &format!("▸ {}", clean(&step.title))));
        }
        lines.extend(of_step(step));
    }
    lines.extend(background(plan));
    lines.push(String::new());
    lines.extend(summary(plan));
    lines
}

/// What jobs do that follow from the writes.
fn background(plan: &RunPlan) -> Vec<String> {
    let mut lines: Vec<String> =
        plan.effects.iter().filter(|effect| effect.may).take(MANY).flat_map(of_effect).collect();
    let all = plan.effects.iter().filter(|effect| effect.may).count();
    if all > MANY {
        lines.push(paint_text(FAINT, &format!("  … and {} more", all - MANY)));
    }
    if !lines.is_empty() {
        let title = "▸ What follows in the background";
        lines.splice(0..0, [String::new(), paint_text(HEADING, title)]);
    }
    lines
}

fn of_effect(effect: &PlanEffect) -> Vec<String> {
    let how = match effect.how {
        EffectKind::Made => "  is made",
        EffectKind::Changed => "",
        EffectKind::Gone => "  is gone",
    };
    let words = clean(&format!("{}  {}{how}", effect.place, effect.what));
    let mut lines = vec![format!("  {} {words}", paint_text(WAITS, "⇢"))];
    lines.extend(effect.changes.iter().map(change_words));
    lines
}

fn headline(plan: &RunPlan) -> String {
    let orgs: Vec<String> = plan.orgs.iter().map(|org| format!("{} ({})", org.name, org.url)).collect();
    clean(&format!("plan of {} for {}: nothing was changed", plan.runbook, orgs.join(", ")))
}

/// What matters most of a plan, in a few lines.
pub fn summary(plan: &RunPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for manual in &plan.manual {
        let words = format!("by hand ({}): {}", manual.name, manual.title);
        lines.extend(block(&paint_text(WAITS, "?"), &words));
        lines.extend(manual.how.lines().map(|line| format!("    {}", clean(line))));
    }
    for (deed, why) in plan.irreversible() {
        let words = format!("cannot be taken back: {}: {why}", sentence(deed));
        lines.extend(block(&paint_text(WAITS, "!"), &words));
    }
    for item in &plan.failed_items {
        let words = format!("{} would fail: {}", item.key, item.message);
        lines.extend(block(&paint_text(BAD, "✗"), &words));
    }
    lines.extend(plan.remarks.iter().flat_map(|words| block("note:", words)));
    lines.push(counts(plan));
    lines.extend(plan.costs.iter().map(cost));
    if !plan.scopes.is_empty() {
        let scopes = format!("least scopes: {}", plan.scopes.join(" "));
        lines.push(paint_text(FAINT, &scopes));
    }
    if let Some(why) = &plan.stopped {
        let words = format!("the procedure would stop: {why}");
        lines.extend(block(&paint_text(BAD, "✗"), &words));
    }
    lines
}

fn counts(plan: &RunPlan) -> String {
    let counts = &plan.counts;
    let mut parts = vec![count_noun(counts.will + counts.may, "write")];
    if counts.may > 0 {
        parts.push(format!(
            "{} of them depending on what happens in the background or is not known well enough",
            counts.may
        ));
    }
    parts.push(format!("{} unchanged", counts.unchanged));
    if counts.refused > 0 {
        parts.push(format!("{} refused", counts.refused));
    }
    if counts.items > 0 {
        parts.push(count_noun(counts.items, "item"));
    }
    parts.push(format!("{} hold", count_noun(plan.checks, "check")));
    parts.join(", ")
}

fn cost(cost: &PlanCost) -> String {
    let time = match (cost.per_minute, cost.seconds) {
        (Some(per_minute), Some(seconds)) => {
            #[expect(clippy::cast_precision_loss, reason = "seconds of a run are few")]
            let time = duration(seconds as f64);
            format!(", {time} at {per_minute} a minute")
        }
        _ => ", whose limit is not known yet".to_owned(),
    };
    let calls = count_noun(cost.calls, "call");
    paint_text(FAINT, &format!("{}: {calls} of {}{time}", cost.org, cost.bucket))
}

fn of_step(step: &PlanStep) -> Vec<String> {
    if step.deeds.len() <= MANY {
        return step.deeds.iter().flat_map(of_deed).collect();
    }
    let mut lines = Vec::new();
    let mut kinds: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for deed in &step.deeds {
        let kind = (deed.certainty.word(), deed.org.as_str(), deed.operation.as_str());
        let seen = kinds.entry(kind).or_default();
        *seen += 1;
        if *seen <= FIRST as u64 || deed.certainty == CallCertainty::Refused {
            lines.extend(of_deed(deed));
        }
    }
    for ((certainty, org, operation), count) in kinds {
        if count > FIRST as u64 && certainty != CallCertainty::Refused.word() {
            let more = count - FIRST as u64;
            lines.push(paint_text(FAINT, &format!("  … and {more} more: {org}  {operation}  {certainty}")));
        }
    }
    lines
}

fn of_deed(deed: &PlannedCall) -> Vec<String> {
    let item = deed.item.as_ref();
    let item = item.map_or_else(String::new, |item| format!("[{item}] "));
    let words = clean(&format!("{item}{}", sentence(deed)));
    let first = match deed.certainty {
        CallCertainty::Will => format!("  {} {words}", paint_text(GOOD, "→")),
        CallCertainty::May => format!("  {} {words}  may", paint_text(WAITS, "⇢")),
        CallCertainty::Unchanged => paint_text(FAINT, &format!("  = {words}  unchanged")),
        CallCertainty::Refused => format!("  {} {words}  would be refused", paint_text(BAD, "✗")),
    };
    let mut lines = vec![first];
    let refusal = deed.refusal.iter();
    lines.extend(refusal.map(|why| format!("      {}", clean(why))));
    if deed.certainty != CallCertainty::Unchanged {
        lines.extend(deed.changes.iter().map(change_words));
    }
    lines
}

fn change_words(change: &FieldChange) -> String {
    let words = match (change.before.as_str(), change.after.as_str()) {
        ("", after) => format!("{}: {after}", change.field),
        (before, "") => format!("{}: {before} → nothing", change.field),
        (before, after) => format!("{}: {before} → {after}", change.field),
    };
    format!("      {}", clean(&words))
}

/// A call in words: org, operation, and names instead of ids.
pub(super) fn sentence(deed: &PlannedCall) -> String {
    let about = deed.about.join(", ");
    format!("{}  {}  {about}", deed.org, deed.operation).trim_end().to_owned()
}
