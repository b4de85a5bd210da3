//! A plan that a run is held to: the first write that it does not name ends the run.
//!
//! Ids that the org gives during the run stand as placeholders in the plan (`00gPLANNED0000000001`): the first real id in such a place is
//! what the placeholder stands for from then on.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::event::EventKind;

/// A write of a plan. Secrets are redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedWrite {
    /// The line of work it belongs to; empty for the main script.
    pub lane: String,
    pub org: String,
    pub operation: String,
    pub path: String,
    pub query: Value,
    pub body: Value,
}

/// A second person's word for a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// The org's name in the runbook.
    pub org: String,
    pub by: String,
    /// When it was signed.
    pub at: jiff::Timestamp,
    pub ticket: Option<String>,
    /// Tells it from any other approval.
    pub id: String,
    /// Until when a run may begin with it.
    pub until: jiff::Timestamp,
    /// How many runs may begin with it.
    pub runs: u32,
    /// What it was signed with, in words.
    pub signed_with: String,
    /// The account at the org that the approver signed in with; absent where the key alone tells who it was.
    pub account: Option<String>,
}

impl ApprovalRecord {
    pub(super) fn event(self) -> EventKind {
        EventKind::Approved {
            org: Some(self.org),
            by: self.by,
            at: self.at,
            ticket: self.ticket,
            id: Some(self.id),
            until: Some(self.until),
            signed_with: Some(self.signed_with),
            account: self.account,
        }
    }
}

/// The writes of a plan, as far as they are still to come.
#[derive(Debug)]
pub struct PlannedWrites {
    /// Digest of the plan.
    pub(super) plan: String,
    /// All of them, to keep.
    pub(super) writes: Vec<PlannedWrite>,
    pub(super) approvals: Vec<ApprovalRecord>,
    state: Mutex<PlanProgress>,
}

#[derive(Debug, Default)]
struct PlanProgress {
    lanes: HashMap<String, VecDeque<Value>>,
    bindings: PlaceholderBindings,
}

/// Real ids by placeholder.
#[derive(Clone, Debug, Default)]
struct PlaceholderBindings(HashMap<String, String>);

impl PlannedWrites {
    /// Holds a run to these writes, each line of work to its own, in their order.
    pub fn new(plan: &str, writes: Vec<PlannedWrite>) -> Self {
        let mut state = PlanProgress::default();
        for write in &writes {
            let lane = state.lanes.entry(write.lane.clone()).or_default();
            lane.push_back(write.compared());
        }
        Self { plan: plan.to_owned(), writes, approvals: Vec::new(), state: Mutex::new(state) }
    }

    /// With the people who approved it, to keep.
    #[must_use]
    pub fn approved(self, approvals: Vec<ApprovalRecord>) -> Self {
        Self { approvals, ..self }
    }

    pub fn approvals(&self) -> &[ApprovalRecord] {
        &self.approvals
    }

    /// Takes a write of a lane off the plan, and those before it, which turned out to be done already. False when the plan has it not.
    pub(super) fn take(&self, lane: &str, write: &Value) -> bool {
        let asked = comparable_call(write);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let PlanProgress { lanes, bindings } = &mut *state;
        let Some(planned) = lanes.get_mut(lane) else {
            return false;
        };
        let place = planned.iter().position(|planned| bindings.unify(planned, &asked));
        if let Some(place) = place {
            planned.drain(..=place);
        }
        place.is_some()
    }
}

impl PlannedWrite {
    fn compared(&self) -> Value {
        json!({"org": self.org, "operation": self.operation, "path": self.path, "query": self.query, "body": self.body})
    }
}

/// What two writes are compared by, of a call as the journal keeps it.
fn comparable_call(call: &Value) -> Value {
    let parts = ["org", "operation", "path", "query", "body"];
    let parts = parts.map(|name| (name.to_owned(), call[name].clone()));
    Value::Object(parts.into_iter().collect())
}

const MARK: &str = "PLANNED";
/// Prefix of three characters, mark, ten digits.
const LENGTH: usize = 20;

/// Where the next placeholder of a text begins.
fn placeholder(text: &str) -> Option<usize> {
    let fits = |at: &usize| {
        let digits = text.get(at + MARK.len()..at + LENGTH - 3);
        let prefix = at.checked_sub(3).and_then(|start| text.get(start..*at));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            && prefix.is_some_and(|prefix| prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let mut marks = text.match_indices(MARK).map(|(at, _)| at);
    marks.find(fits).map(|at| at - 3)
}

/// Renames all placeholders of a text in the order in which they stand there: so it does not depend on which was made first.
pub fn renumber_placeholders(text: &str) -> String {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = placeholder(rest) {
        let id = &rest[at..at + LENGTH];
        let next = numbers.len() + 1;
        let number = *numbers.entry(id).or_insert(next);
        renamed.push_str(&rest[..at]);
        // Writing to a String cannot fail.
        let _ = write!(renamed, "{}{MARK}{number:010}", &id[..3]);
        rest = &rest[at + LENGTH..];
    }
    renamed.push_str(rest);
    renamed
}

impl PlaceholderBindings {
    /// Whether `real` is what `planned` says; binds the placeholders in it when it is.
    fn unify(&mut self, planned: &Value, real: &Value) -> bool {
        let mut tried = self.clone();
        let same = tried.value(planned, real);
        if same {
            *self = tried;
        }
        same
    }

    fn value(&mut self, planned: &Value, real: &Value) -> bool {
        match (planned, real) {
            (Value::String(planned), Value::String(real)) => self.text(planned, real),
            (Value::Array(planned), Value::Array(real)) => {
                let pairs = planned.iter().zip(real);
                planned.len() == real.len() && pairs.into_iter().all(|(one, other)| self.value(one, other))
            }
            (Value::Object(planned), Value::Object(real)) => {
                planned.len() == real.len()
                    && planned.iter().all(|(name, one)| real.get(name).is_some_and(|other| self.value(one, other)))
            }
            _ => planned == real,
        }
    }

    /// An id ends where a text that it stands in goes on with another kind of character.
    fn text(&mut self, planned: &str, real: &str) -> bool {
        let Some(at) = placeholder(planned) else {
            return planned == real;
        };
        let (id, rest) = (&planned[at..at + LENGTH], &planned[at + LENGTH..]);
        let Some(tail) = real.strip_prefix(&planned[..at]) else {
            return false;
        };
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let (given, tail) = tail.split_at(end);
        let bound = self.0.entry(id.to_owned()).or_insert_with(|| given.to_owned());
        !given.is_empty() && bound == given && self.text(rest, tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned_write(lane: &str, path: &str) -> PlannedWrite {
        PlannedWrite {
            lane: lane.to_owned(),
            org: "okta".to_owned(),
            operation: "x".to_owned(),
            path: path.to_owned(),
            query: json!([]),
            body: Value::Null,
        }
    }

    fn call(path: &str) -> Value {
        json!({"org": "okta", "operation": "x", "path": path, "query": [], "body": null, "method": "PUT"})
    }

    #[test]
    fn placeholders_are_numbered_as_they_are_told_of() {
        let text = "a 00gPLANNED0000000007/x 00uPLANNED0000000002, 00gPLANNED0000000007 PLANNED";
        assert_eq!(
            renumber_placeholders(text),
            "a 00gPLANNED0000000001/x 00uPLANNED0000000002, 00gPLANNED0000000001 PLANNED"
        );
    }

    #[test]
    fn a_placeholder_stands_for_one_real_id_in_all_lanes() {
        let writes = vec![
            planned_write("", "/groups/00gPLANNED0000000001"),
            planned_write("1:ada", "/groups/00gPLANNED0000000001/users/00uAda"),
            planned_write("1:ben", "/groups/00gPLANNED0000000001/users/00uBen"),
        ];
        let agreement = PlannedWrites::new("x", writes);
        assert!(agreement.take("", &call("/groups/00gReal")));
        assert!(agreement.take("1:ada", &call("/groups/00gReal/users/00uAda")));
        assert!(!agreement.take("1:ben", &call("/groups/00gOther/users/00uBen")));
    }

    #[test]
    fn what_is_done_already_is_passed_over_and_nothing_comes_twice_or_early() {
        let writes = ["/a", "/b", "/c"].map(|path| planned_write("", path));
        let agreement = PlannedWrites::new("x", writes.into());
        assert!(agreement.take("", &call("/b")));
        assert!(!agreement.take("", &call("/a")), "it was passed over");
        assert!(!agreement.take("", &call("/b")), "it was done");
        assert!(!agreement.take("1:ada", &call("/c")), "another line of work");
        assert!(agreement.take("", &call("/c")));
    }
}
