//! What was read of the real org: answers, the first forms of things, and lists that are known to their end.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::OnceCell;

use super::upstream::UpstreamAnswer;

/// An answer that is asked for once, however many wait for it.
pub(super) type AnswerCell = Arc<OnceCell<Arc<UpstreamAnswer>>>;

#[derive(Default)]
pub(super) struct KnownAnswers {
    /// By who asked and the address.
    answers: HashMap<(String, String), AnswerCell>,
    /// The store's form of a thing when it was taken in, by its path.
    firsts: HashMap<String, Value>,
    /// Paths of lists without conditions that were read to their end.
    whole: HashSet<String>,
    /// Ids that each list has told so far, by its address without the cursor.
    told: HashMap<String, BTreeSet<String>>,
    /// How many things of a kind were read one by one.
    singles: HashMap<String, usize>,
}

/// Of more things of a kind than these the list is read instead.
const FEW: usize = 20;

impl KnownAnswers {
    pub(super) fn cell(&mut self, caller: &str, address: &str) -> AnswerCell {
        let key = (caller.to_owned(), address.to_owned());
        Arc::clone(self.answers.entry(key).or_default())
    }

    pub(super) fn keep_first(&mut self, path: String, form: Value) {
        self.firsts.entry(path).or_insert(form);
    }

    pub(super) fn first(&self, path: &str) -> Option<&Value> {
        self.firsts.get(path)
    }

    /// Paths of all things that were taken in.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.firsts.keys()
    }

    pub(super) fn note_whole(&mut self, path: &str) {
        self.whole.insert(path.to_owned());
    }

    pub(super) fn is_whole(&self, path: &str) -> bool {
        self.whole.contains(path)
    }

    /// Adds ids to those of a list, and gives all of them.
    pub(super) fn tell(&mut self, list: &str, ids: Vec<String>) -> &BTreeSet<String> {
        let told = self.told.entry(list.to_owned()).or_default();
        told.extend(ids);
        told
    }

    /// A list is told from its beginning again.
    pub(super) fn forget(&mut self, list: &str) {
        self.told.remove(list);
    }

    /// Whether one more thing of a kind may be read by itself. Counts it.
    pub(super) fn take_single(&mut self, kind: &str) -> bool {
        let read = self.singles.entry(kind.to_owned()).or_default();
        *read += 1;
        *read <= FEW
    }
}
