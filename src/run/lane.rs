//! A lane: one line of work with a total order. The main script is one; each item of a bulk step is another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One line of work and the step it is in.
#[derive(Debug, Default)]
pub struct Lane {
    item: Option<String>,
    step: Mutex<Option<String>>,
    writes: AtomicU64,
}

impl Lane {
    /// The lane of one item, in the step that `parent` is in.
    pub fn of_item(parent: &Lane, key: &str) -> Arc<Self> {
        Arc::new(Self {
            item: Some(key.to_owned()),
            step: Mutex::new(parent.step()),
            writes: AtomicU64::new(0),
        })
    }

    /// Key of the item, or `None` for the main script.
    pub fn item(&self) -> Option<&str> {
        self.item.as_deref()
    }

    pub fn step(&self) -> Option<String> {
        self.step
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn enter(&self, title: &str) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = Some(title.to_owned());
    }

    pub(super) fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes sent in this lane so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

/// What became of each item over all bulk steps of a run, in the order in which items were first seen.
#[derive(Debug, Default)]
pub(super) struct Items {
    order: Vec<String>,
    by_key: HashMap<String, Item>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) writes: u64,
    pub(super) failed: bool,
}

impl Items {
    pub(super) fn add(&mut self, key: &str, writes: u64, failed: bool) {
        let item = self.by_key.entry(key.to_owned()).or_insert_with(|| {
            self.order.push(key.to_owned());
            Item::default()
        });
        item.writes += writes;
        item.failed |= failed;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Item)> {
        self.order.iter().map(|key| (key, &self.by_key[key]))
    }
}
