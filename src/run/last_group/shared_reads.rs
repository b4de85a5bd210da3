//! What lists said to removals that share a read, until it has served as many as it may.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a list serves removals that belong to no bulk step, and all looks of one removal.
const MAIN_AGE: Duration = Duration::from_secs(5);

/// What lists said of late, by org, path and bulk step.
#[derive(Debug, Default)]
pub(in crate::run) struct RemovalReads(Mutex<HashMap<(String, String, String), SharedRead>>);

/// A list that was read for some removals.
#[derive(Debug)]
struct SharedRead {
    things: Arc<ReadThings>,
    at: Instant,
    /// Lanes whose removals it served.
    served: HashSet<String>,
    /// Removals that it may still serve.
    left: usize,
}

/// What was kept of a list.
#[derive(Debug, Default)]
pub(super) struct ReadThings {
    pub(super) ids: HashSet<String>,
    /// About how many pages it took.
    pub(super) pages: usize,
    /// What was asked for of each thing.
    pub(super) kept: Vec<Value>,
}

impl RemovalReads {
    pub(super) fn take(&self, key: &(String, String, String), lane: &str) -> Option<Arc<ReadThings>> {
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = reads.get_mut(key)?;
        let is_in_bulk = !key.2.is_empty();
        let is_recent = read.at.elapsed() <= MAIN_AGE;
        if is_in_bulk && is_recent && read.served.contains(lane) {
            return Some(Arc::clone(&read.things));
        }
        if read.left == 0 || !(is_in_bulk || is_recent) {
            reads.remove(key);
            return None;
        }
        read.left -= 1;
        read.served.insert(lane.to_owned());
        Some(Arc::clone(&read.things))
    }

    pub(super) fn keep(&self, key: (String, String, String), things: Arc<ReadThings>, left: usize) {
        let read = SharedRead { things, at: Instant::now(), served: HashSet::new(), left };
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reads.insert(key, read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bulk: &str) -> (String, String, String) {
        let text = str::to_owned;
        (text("okta"), text("/api/v1/groups/00g1/users"), text(bulk))
    }

    #[test]
    fn a_read_serves_the_removals_of_its_own_bulk_step_and_no_more_than_its_number() {
        let reads = RemovalReads::default();
        reads.keep(key("1"), Arc::default(), 2);
        assert!(reads.take(&key("2"), "2:a").is_none());
        for lane in ["1:a", "1:a", "1:b", "1:a"] {
            assert!(reads.take(&key("1"), lane).is_some(), "the looks of one removal count once");
        }
        assert!(reads.take(&key("1"), "1:c").is_none());
    }
}
