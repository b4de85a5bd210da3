//! The plan of a procedure against a snapshot is that against the org.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{plan, snapshot, text, told_command};
use crate::plan::worlds;
use crate::stage::{Ran, Stage};

/// What a plan does, in its order: by step, of each item. Addresses of orgs are as many as there are simulators.
pub(super) fn deeds(plan: &Value) -> Vec<Value> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let deeds = steps.flat_map(|step| {
        let deeds = step["deeds"].as_array().unwrap().iter();
        deeds.map(|deed| {
            json!([
                step["title"],
                deed["item"],
                deed["certainty"],
                deed["org"],
                deed["operation"],
                deed["path"],
                deed["query"],
                deed["body"]
            ])
        })
    });
    deeds.map(|deed| without_addresses(&deed)).collect()
}

fn without_addresses(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.split_once("http://127.0.0.1:") {
            Some((before, after)) => {
                json!(format!("{before}URL{}", after.trim_start_matches(|it: char| it.is_ascii_digit())))
            }
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(without_addresses).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), without_addresses(value))).collect(),
        other => other.clone(),
    }
}

/// The same without names and ids: which calls there are for each item, items by their numbers.
fn shape(plan: &Value) -> Vec<Value> {
    let mut items: BTreeMap<String, usize> = BTreeMap::new();
    let mut orders = Vec::new();
    for step in plan["steps"].as_array().unwrap() {
        for deed in step["deeds"].as_array().unwrap() {
            let item = deed["item"].as_str().map(|item| {
                let next = items.len();
                *items.entry(item.to_owned()).or_insert(next)
            });
            let fields = deed["body"].as_object().map(|body| body.keys().cloned().collect::<Vec<_>>());
            orders.push(json!([step["title"], item, deed["certainty"], deed["operation"], fields]));
        }
    }
    orders
}

fn outcome(plan: &Value) -> Value {
    let stopped = plan["stopped"].is_string();
    json!([
        plan["counts"],
        stopped,
        plan["checks"],
        plan["manual"].as_array().map(Vec::len),
        plan["remarks"].as_array().map(Vec::len)
    ])
}

fn arguments(parameters: &[String]) -> Vec<&str> {
    parameters.iter().flat_map(|parameter| ["-p", parameter.as_str()]).collect()
}

fn planned(stage: &Stage, place: &[&str], parameters: &[String]) -> Value {
    let mut command = stage.command();
    command.args(["plan", "ad/move_user_to_ou", "--output", "json"]).args(place).args(arguments(parameters));
    plan(&Ran::command(&mut command))
}

fn taken(stage: &Stage, file: &str, more: &[&str], parameters: &[String]) -> Ran {
    let words = ["-o", file, "--runbook", "ad/move_user_to_ou"];
    let ran = snapshot(stage, &[&words, more, &arguments(parameters)].concat());
    ran.exits(0);
    ran
}

fn compare(stage: &Stage, parameters: &[String]) -> Result<u64, String> {
    stage.forget_calls();
    let real = planned(stage, &[], parameters);
    taken(stage, "part.json", &[], parameters);
    snapshot(stage, &["-o", "all.json"]).exits(0);
    let made_up = taken(stage, "made_up.json", &["--pseudonyms"], parameters);
    if stage.calls_that_write() != 0 {
        return Err("the org was written to".to_owned());
    }
    for file in ["part.json", "all.json"] {
        let own = planned(stage, &[&format!("--simulator={file}")], parameters);
        if deeds(&own) != deeds(&real) || outcome(&own) != outcome(&real) {
            return Err(format!("{file}:\n{own:#}\n--- the org\n{real:#}\n{}", text(stage, file)));
        }
    }
    let own = plan(&told_command(stage.folder(), &made_up));
    if shape(&own) != shape(&real) || outcome(&own) != outcome(&real) {
        return Err(format!("pseudonyms:\n{own:#}\n--- the org\n{real:#}\n{made_up}"));
    }
    Ok(real["counts"]["will"].as_u64().unwrap() + real["counts"]["may"].as_u64().unwrap())
}

/// `OKTA_RUNBOOK_WORLDS=100` tries that many seeds, from `OKTA_RUNBOOK_SEED` on; a failure names its seed.
#[test]
fn a_plan_against_a_snapshot_is_that_against_the_org() {
    let number = crate::seeds::number;
    let (first, count) = (number("OKTA_RUNBOOK_SEED", 1), number("OKTA_RUNBOOK_WORLDS", 4));
    let (next, wrong, writing) = (AtomicU64::new(first), Mutex::new(Vec::new()), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let world = next.fetch_add(1, Ordering::Relaxed);
                    if world >= first + count {
                        return;
                    }
                    let drawn = worlds::draw(world);
                    match compare(&drawn.stage, &drawn.parameters) {
                        Ok(writes) => {
                            writing.fetch_add(u64::from(writes > 0), Ordering::Relaxed);
                        }
                        Err(why) => wrong.lock().unwrap().push(format!("seed {world}: {why}")),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong[0]);
    assert!(writing.into_inner() * 5 >= count, "chance made nothing to do");
}
