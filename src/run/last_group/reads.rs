//! Lists that removals look at: read again for every so many of them, so that a look is never older than the removals that it serves.

use std::sync::Arc;

use serde_json::Value;

use super::shared_reads::ReadThings;
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
