//! A plan as one page that needs nothing else, to be read by who approves it.

use serde_json::{Value, json};

use super::super::html::render_page;
use super::super::text::words::clean;
use super::text::sentence;
use super::{PlanStep, PlannedCall, RunPlan};

const PAGE: &str = include_str!("page.html");

/// The page, with a newline at its end. Every text is escaped by the template library; the page loads nothing.
pub fn page(plan: &RunPlan) -> Result<String, minijinja::Error> {
    render_page(PAGE, &context(plan))
}

fn context(plan: &RunPlan) -> Value {
    let parameters = plan.parameters.as_object().into_iter().flatten();
    let parameters = parameters
        .filter(|(name, _)| *name != "origins")
        .map(|(name, value)| json!({"name": name, "value": show_value(value)}));
    json!({
        "runbook": plan.runbook,
        "digest": plan.digest,
        "orgs": plan.orgs,
        "parameters": parameters.collect::<Vec<_>>(),
        "counts": plan.counts,
        "checks": plan.checks,
        "costs": plan.costs,
        "scopes": plan.scopes,
        "effects": plan.effects.iter().filter(|effect| effect.may).collect::<Vec<_>>(),
        "manual": plan.manual,
        "remarks": plan.remarks,
        "failed_items": plan.failed_items,
        "stopped": plan.stopped,
        "irreversible": plan.irreversible().map(|(deed, why)| json!({"what": sentence(deed), "why": why})).collect::<Vec<_>>(),
        "steps": plan.steps.iter().filter(|step| !step.deeds.is_empty()).map(of_step).collect::<Vec<_>>(),
    })
}

fn of_step(step: &PlanStep) -> Value {
    json!({"title": clean(&step.title), "deeds": step.deeds.iter().map(of_deed).collect::<Vec<_>>()})
}

fn of_deed(deed: &PlannedCall) -> Value {
    json!({
        "certainty": deed.certainty.word(),
        "item": deed.item,
        "org": deed.org,
        "operation": deed.operation,
        "about": deed.about,
        "method": deed.method,
        "path": clean(&deed.path),
        "changes": deed.changes,
        "refusal": deed.refusal,
        "irreversible": deed.irreversible,
    })
}

fn show_value(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(show_value).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}
