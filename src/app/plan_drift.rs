//! What is otherwise than when a plan was made: each thing by its name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::plan_mode::{RehearsalResult, ThingNames};
use super::saved_plan::SavedPlan;
use crate::report::plan::{PlannedCall, RunPlan};

/// So many of a kind are named.
const NAMED: usize = 20;

/// Differences between the plan that was saved and the one that is made now; none when nothing has drifted.
pub(crate) fn drift(saved: &SavedPlan, now: &RehearsalResult) -> Vec<String> {
    let mut found = of_readings(&saved.readings, &now.readings, &now.names);
    found.extend(of_writes(&saved.plan, &now.plan));
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

/// What was read then and is otherwise now. What only one of the two has read says nothing by itself.
fn of_readings(then: &Value, now: &Value, names: &ThingNames) -> Vec<String> {
    let mut found = Vec::new();
    for (org, things) in then.as_object().into_iter().flatten() {
        for (path, was) in things.as_object().into_iter().flatten() {
            let is = &now[org][path];
            if now[org].get(path).is_some() && is != was {
                let name = names.of_path(org, path);
                found.push(format!("{org}: {name}: {}", difference(org, was, is, names)));
            }
        }
    }
    found
}

fn difference(org: &str, was: &Value, is: &Value, names: &ThingNames) -> String {
    match (was, is) {
        (Value::Array(was), Value::Array(is)) => of_lists(org, was, is, names),
        (Value::Object(was), Value::Object(is)) => {
            let all: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            let changed = all.into_iter().filter(|name| was.get(*name) != is.get(*name));
            let changed: Vec<&str> = changed.map(String::as_str).collect();
            format!("{} changed", changed.join(", "))
        }
        (Value::Null, _) => "it is there now".to_owned(),
        (_, Value::Null) => "it is gone".to_owned(),
        _ => "it changed".to_owned(),
    }
}

fn of_lists(org: &str, was: &[Value], is: &[Value], names: &ThingNames) -> String {
    let set = |ids: &[Value]| -> BTreeSet<String> {
        let ids = ids.iter().filter_map(Value::as_str);
        ids.map(|id| names.of_id(org, id)).collect()
    };
    let (was, is) = (set(was), set(is));
    let words = |what: &str, names: Vec<&String>| match names.as_slice() {
        [] => None,
        few => {
            let few: Vec<&str> = few.iter().take(5).map(|name| name.as_str()).collect();
            Some(format!("{what} {}", few.join(", ")))
        }
    };
    let came = words("new:", is.difference(&was).collect());
    let went = words("gone:", was.difference(&is).collect());
    came.into_iter().chain(went).collect::<Vec<_>>().join("; ")
}

/// Writes as texts, without the numbers of their placeholders.
fn texts(deeds: &[&PlannedCall]) -> Vec<String> {
    let plain = |deed: &&PlannedCall| {
        let text = serde_json::to_string(deed).unwrap_or_default();
        let mut parts = text.split("PLANNED");
        let first = parts.next().unwrap_or_default().to_owned();
        let rest = parts.map(|part| part.trim_start_matches(|one: char| one.is_ascii_digit()));
        rest.fold(first, |all, part| all + "PLANNED" + part)
    };
    deeds.iter().map(plain).collect()
}

fn of_writes(then: &RunPlan, now: &RunPlan) -> Vec<String> {
    let mut found = Vec::new();
    let (was, is): (Vec<&PlannedCall>, Vec<&PlannedCall>) = (then.writes().collect(), now.writes().collect());
    let words = |deed: &PlannedCall| {
        let item = deed.item.as_ref();
        let item = item.map_or_else(String::new, |item| format!(" for {item}"));
        format!("{}  {}  {}{item}", deed.org, deed.operation, deed.about.join(", "))
    };
    // Of one that differs in a placeholder alone, the cause is another one.
    let (as_was, as_is): (Vec<String>, Vec<String>) = (texts(&was), texts(&is));
    let differing = |deeds: &[&PlannedCall], texts: &[String], others: &[String]| -> Vec<String> {
        let own = deeds.iter().zip(texts);
        let own = own.filter(|(_, text)| !others.contains(text));
        own.map(|(deed, _)| words(deed)).collect()
    };
    let gone = differing(&was, &as_was, &as_is);
    let came = differing(&is, &as_is, &as_was);
    let how = |words: &String| {
        if came.contains(words) { "planned otherwise now" } else { "no longer planned so" }
    };
    found.extend(gone.iter().map(|words| format!("{}: {words}", how(words))));
    let new = came.iter().filter(|words| !gone.contains(words));
    found.extend(new.map(|words| format!("planned now: {words}")));
    if then.stopped != now.stopped {
        let why = now.stopped.as_deref().unwrap_or("it would not stop any more");
        found.push(format!("the procedure would stop otherwise now: {why}"));
    }
    found
}
