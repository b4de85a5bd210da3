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
    let (code, report) = world.output(&["runs", "report", run, "--format", "json"]);
    assert_eq!(code, Some(0), "{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    let (done, unknown) = told(&report);
    for (deed, times) in counted(carried_out) {
        let admitted = done.get(&deed).unwrap_or(&0) + unknown.get(&deed).unwrap_or(&0);
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
            "{deed:?} is told done {times} times, and was carried out {carried_out} times: {text}"
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

/// Writes that are told done, and those of which the run says that it does not know.
fn told(report: &Value) -> (BTreeMap<Deed, usize>, BTreeMap<Deed, usize>) {
    let writes = report["writes"].as_array().unwrap();
    let deeds = |states: &[&str]| {
        let of_state = writes.iter().filter(|write| {
            let state = write["state"].as_str().unwrap();
            states.contains(&state)
        });
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let deeds = of_state.map(|write| (text(&write["method"]), text(&write["path"])));
        counted(&deeds.collect::<Vec<_>>())
    };
    (deeds(&["done", "undone"]), deeds(&["unknown"]))
}
