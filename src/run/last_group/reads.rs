//! Lists that removals look at: read again for every so many of them, so that a look is never older than the removals that it serves.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::call::ApiCall;
use crate::run::error::CallError;
use crate::run::execution::Run;
use crate::run::lane::RunLane;

/// So many removals share the read of one page.
const SHARED: usize = 50;
/// A bulk step of no more items looks before each removal by itself.
pub(super) const ONE_BY_ONE: u64 = 25;
/// Things on the smallest full page of a list.
const PAGE: usize = 200;
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
    pages: usize,
    /// What was asked for of each thing.
    pub(super) kept: Vec<Value>,
}

impl RemovalReads {
    fn take(&self, key: &(String, String, String), lane: &str) -> Option<Arc<ReadThings>> {
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

    fn keep(&self, key: (String, String, String), things: Arc<ReadThings>, left: usize) {
        let read = SharedRead { things, at: Instant::now(), served: HashSet::new(), left };
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reads.insert(key, read);
    }
}

impl Run {
    /// A list as `SHARED` removals a page of this lane's bulk step see it. Of each thing `keep` says whether it counts, and what is kept.
    pub(super) async fn read_shared(
        &self,
        lane: &RunLane,
        list: &ApiCall,
        keep: fn(&Value) -> Option<Value>,
    ) -> Result<Arc<ReadThings>, CallError> {
        let key = (list.org.clone(), list.path.clone(), bulk_of(lane));
        if let Some(known) = self.removal_reads().take(&key, lane.id()) {
            return Ok(known);
        }
        let _one_at_a_time = self.reading_again().await;
        if let Some(known) = self.removal_reads().take(&key, lane.id()) {
            return Ok(known);
        }
        let things = Arc::new(self.read_now(lane, list, keep).await?);
        self.removal_reads().keep(key.clone(), Arc::clone(&things), SHARED * things.pages);
        Ok(self.removal_reads().take(&key, lane.id()).unwrap_or(things))
    }

    /// The same list as it is now.
    pub(super) async fn read_now(
        &self,
        lane: &RunLane,
        list: &ApiCall,
        keep: fn(&Value) -> Option<Value>,
    ) -> Result<ReadThings, CallError> {
        let found = self.list(lane, list).await?;
        let mut things = ReadThings { pages: found.len() / PAGE + 1, ..ReadThings::default() };
        for item in found {
            let (Some(kept), Some(id)) = (keep(&item), item["id"].as_str()) else {
                continue;
            };
            things.ids.insert(id.to_owned());
            if !kept.is_null() {
                things.kept.push(kept);
            }
        }
        Ok(things)
    }
}

/// What is gone since it was named in a list has nothing in it.
pub(super) fn none_if_gone<T: Default>(read: Result<T, CallError>) -> Result<T, CallError> {
    match read {
        Err(error) if error.status() == Some(404) => Ok(T::default()),
        read => read,
    }
}

/// The bulk step that a lane belongs to; empty for the main script.
fn bulk_of(lane: &RunLane) -> String {
    let (before, last) = lane.id().rsplit_once('/').unwrap_or(("", lane.id()));
    match last.split_once(':') {
        Some((number, _)) => format!("{before}/{number}"),
        None => String::new(),
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
