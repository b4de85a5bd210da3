//! Whether what a run says of an org is so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::proxy::Deed;
use super::world::{Ended, World};

/// Compares what the orgs carried out with what the journal says of it, and with what was printed.
///
/// # Panics
/// A write was carried out that the run does not own up to, or it tells one that was not carried out.
#[track_caller]
pub(super) fn is_told(world: &World, run: &str, ended: &Ended, carried_out: &[Deed]) {
    let text = &ended.text;
    if !carried_out.is_empty() {
        for lie in ["nothing written", "wrote nothing", "nothing to undo"] {
            assert!(!text.contains(lie), "{lie:?} after {carried_out:?}: {text}");
        }
    }
    let report = reported(world, run);
    let [done, unknown, repeated] =
        [&["done", "undone"][..], &["unknown"], &["repeated"]].map(|states| told(&report, states));
    for (deed, times) in counted(carried_out) {
        let told = [&done, &unknown, &repeated].map(|told| told.get(&deed).unwrap_or(&0));
        let admitted: usize = told.into_iter().sum();
        assert!(
            admitted >= times,
            "{deed:?} was carried out {times} times, and the run tells {admitted}: {}\n{text}",
            report["writes"]
        );
    }
    let happened = counted(carried_out);
    for (deed, times) in done {
        let carried_out = *happened.get(&deed).unwrap_or(&0);
        assert!(
            carried_out >= times,
            "{deed:?} is told done {times} times, and was carried out {carried_out} times: {text}; the run tells {}",
            report["writes"]
        );
    }
    if ended.well() {
        assert!(unknown.is_empty(), "it succeeded with {unknown:?}: {text}");
    }
}

fn counted(deeds: &[Deed]) -> BTreeMap<Deed, usize> {
    let mut counted = BTreeMap::new();
    for deed in deeds {
        *counted.entry(deed.clone()).or_default() += 1;
    }
    counted
}

/// Each write was carried out once, but for those that set the same again because nothing told whether they were.
///
/// # Panics
/// More or fewer were.
#[track_caller]
pub(super) fn are_each_once(world: &World, run: &str, carried_out: &[Deed], writes: usize, history: &str) {
    let report = reported(world, run);
    let again: usize = told(&report, &["repeated"]).values().sum();
    let counts = writes..=writes + again;
    assert!(
        counts.contains(&carried_out.len()),
        "each write once, or {again} of {writes} again: {}: {carried_out:?} ({history}); the run tells {}",
        carried_out.len(),
        report["writes"]
    );
}

fn reported(world: &World, run: &str) -> Value {
    let (code, report) = world.output(&["runs", "report", run, "--format", "json"]);
    assert_eq!(code, Some(0), "{report}");
    serde_json::from_str(&report).unwrap()
}

/// Writes that are told to be in one of these states.
fn told(report: &Value, states: &[&str]) -> BTreeMap<Deed, usize> {
    let writes = report["writes"].as_array().unwrap();
    let of_state = writes.iter().filter(|write| {
        let state = write["state"].as_str().unwrap();
        states.contains(&state)
    });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let deeds = of_state.map(|write| (text(&write["method"]), text(&write["path"])));
    counted(&deeds.collect::<Vec<_>>())
}
