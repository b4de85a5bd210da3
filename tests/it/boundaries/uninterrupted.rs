//! What comes of each procedure when nothing disturbs it, found out once for all tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::assert_same;
use super::procedures::Procedure;
use super::world::{Fate, World};

/// A run and its undo.
pub(super) struct Uninterrupted {
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) run: Course,
    pub(super) undo: Course,
}

/// How one of the two went.
pub(super) struct Course {
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) lasted: Duration,
}

impl Uninterrupted {
    pub(super) fn of(procedure: &'static Procedure) -> Arc<Self> {
        type Kept = Mutex<BTreeMap<&'static str, Arc<OnceLock<Arc<Uninterrupted>>>>>;
        static KEPT: Kept = Mutex::new(BTreeMap::new());
        let kept = Arc::clone(KEPT.lock().unwrap().entry(procedure.name).or_default());
        Arc::clone(kept.get_or_init(|| Arc::new(Self::found(procedure))))
    }

    fn found(procedure: &'static Procedure) -> Self {
        let world = World::new(procedure);
        let before = world.state();
        let run = Course::of(&world, procedure.arguments);
        let after = world.state();
        (procedure.by_hand)(&world, false);
        let undo = Course::of(&world, &["undo", &world.newest(), "--yes"]);
        (procedure.by_hand)(&world, true);
        assert_same(&world.state(), &before, procedure.name);
        assert_eq!(world.carried_out(), run.writes + undo.writes);
        Self { before, after, run, undo }
    }
}

impl Course {
    fn of(world: &World, arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let ended = world.ends(arguments, Fate::Nothing);
        assert!(ended.well(), "{arguments:?}: {}", ended.text);
        Self { reads: world.proxy.reads(), writes: world.proxy.writes(), lasted: begun.elapsed() }
    }
}
