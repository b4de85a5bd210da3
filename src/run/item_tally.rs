//! What is counted of the items of bulk steps while a run goes on.

use std::collections::HashMap;
use std::sync::Arc;

/// Over all bulk steps of a run, in the order in which items were first seen.
#[derive(Debug, Default)]
pub(super) struct RunItems {
    pub(super) order: Vec<Arc<str>>,
    pub(super) by_key: HashMap<Arc<str>, RunItem>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunItem {
    pub(super) writes: u64,
    pub(super) failed: bool,
    /// A bulk step began with it, and it has not come through.
    pub(super) open: bool,
}

impl RunItems {
    pub(super) fn begin(&mut self, key: &str) {
        self.item(key).open = true;
    }

    pub(super) fn add(&mut self, key: &str, writes: u64, failed: bool) {
        let item = self.item(key);
        item.writes += writes;
        item.failed |= failed;
        item.open = false;
    }

    fn item(&mut self, key: &str) -> &mut RunItem {
        if !self.by_key.contains_key(key) {
            let key: Arc<str> = key.into();
            self.order.push(Arc::clone(&key));
            self.by_key.insert(key, RunItem::default());
        }
        self.by_key.entry(key.into()).or_default()
    }
}
