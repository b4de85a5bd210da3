//! Taking back what a run did: the inverses of its writes, last first.
//!
//! What is there must be what the run left there; what somebody changed since is left alone and named. An undo is a run of its own, so
//! that it can be interrupted, taken up again, and taken back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::aftermath;
use super::call::{Action, Call};
use super::door::Run;
use super::effects::{self, Look};
use super::error::Error;
use super::event::Kind;
use super::fate::Fate;
pub use super::inverse::Inverse;
use super::inverse::inverse;
use super::items::Begun;
use super::journal::{self, Journal, State, Write};
use super::lane::Lane;
use super::look::{self, Sight, Verdict};
use super::reading::Asker;
use super::writing::Held;
use crate::okta::{Method, Operation, operations};

/// A write to take back, and what does it.
#[derive(Clone, Debug)]
pub struct Step {
    pub write: Write,
    pub call: Call,
    pub inverse: Inverse,
}

/// What could not be taken back.
#[derive(Clone, Debug)]
pub struct Left {
    /// Number of the write's intent in the journal of the run that did it.
    pub entry: u64,
    pub item: Option<String>,
    pub operation: String,
    pub path: String,
    pub why: String,
}

/// How long a change that Okta carries out in the background (provisioning) may take to be taken back.
const PATIENCE: Duration = Duration::from_secs(90);
const GLANCE: Duration = Duration::from_secs(2);

const UNANSWERED: &str = "it has no answer, and no look can tell whether it happened";

/// The writes of `run` to take back, last first. `only`: those of the step of this title, or of the item of this key.
pub fn plan(journal: &Journal, run: &str, only: Option<&str>) -> Result<Vec<Step>, journal::Error> {
    let writes = journal.writes(run)?;
    let chosen = writes
        .into_iter()
        .filter(|write| only.is_none_or(|only| belongs(write, only)));
    Ok(steps(chosen.collect()))
}

/// The least scopes that `steps` need in an org: for the inverses, for what is looked at before them, and for what provisioning brings about
/// in the other orgs.
pub fn scopes(steps: &[Step], org: &str) -> Vec<String> {
    let here = |call: &&Call| call.org == org;
    let inverses = steps.iter().flat_map(|step| match &step.inverse {
        Inverse::Calls(calls) => calls.as_slice(),
        Inverse::None(_) => &[],
    });
    let calls = steps.iter().map(|step| &step.call).chain(inverses.clone());
    let seen = calls
        .filter(here)
        .filter_map(|call| effects::reads_before(of(call)?));
    let sent = inverses.filter(here).filter_map(of);
    let watched = aftermath::READS
        .iter()
        .filter_map(|name| operations::find(name));
    let all = seen.chain(sent).chain(watched);
    let scopes: BTreeSet<&str> = all
        .flat_map(|operation| operation.scopes.iter().copied())
        .collect();
    scopes.into_iter().map(str::to_owned).collect()
}

fn of(call: &Call) -> Option<&'static Operation> {
    match call.action {
        Action::Operation(operation) => Some(operation),
        Action::Direct(_) => None,
    }
}

fn belongs(write: &Write, only: &str) -> bool {
    ["item", "step"]
        .iter()
        .any(|name| write.request[*name] == only)
}

fn steps(writes: Vec<Write>) -> Vec<Step> {
    let happened = writes
        .into_iter()
        .rev()
        .filter(|write| write.state.may_have_happened());
    happened
        .filter_map(|write| {
            let call = call_of(&write.request["write"])?;
            let inverse = inverse(&call, &write.before, &write.answer);
            Some(Step {
                write,
                call,
                inverse,
            })
        })
        .collect()
}

/// The call as it was journalled. A secret in it is not known any more: its inverse says so.
fn call_of(kept: &Value) -> Option<Call> {
    let text = |name: &str| kept[name].as_str().map(str::to_owned);
    let operation = text("operation")?;
    let action = match operations::find(&operation) {
        Some(operation) => Action::Operation(operation),
        None => Action::Direct(Method::parse(&text("method")?)?),
    };
    let texts = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let query = kept["query"].as_array().into_iter().flatten();
    Some(Call {
        org: text("org")?,
        action,
        arguments: kept["arguments"]
            .as_array()
            .into_iter()
            .flatten()
            .map(texts)
            .collect(),
        path: text("path")?,
        query: query
            .map(|pair| (texts(&pair[0]), texts(&pair[1])))
            .collect(),
        body: Some(kept["body"].clone()).filter(|body| !body.is_null()),
    })
}

impl Step {
    /// Key of the item that wrote, if it was one of a bulk step.
    pub fn item(&self) -> Option<&str> {
        self.write.request["item"].as_str()
    }

    /// Names it in the undo's own journal: the number alone says nothing to a person.
    fn key(&self) -> String {
        let of = self.item().map_or_else(|| self.call.name(), str::to_owned);
        format!("{of} #{}", self.write.entry)
    }

    fn left(&self, why: impl Into<String>) -> Left {
        Left {
            entry: self.write.entry,
            item: self.item().map(str::to_owned),
            operation: self.call.name(),
            path: self.call.path.clone(),
            why: why.into(),
        }
    }
}

impl Run {
    /// Takes back what `steps` name, in their order, and returns what is left.
    ///
    /// # Errors
    /// What ends a run: an interruption, a journal that cannot be written. What an org refuses is left.
    pub async fn undo(&self, lane: &Lane, steps: &[Step]) -> Result<Vec<Left>, Error> {
        let keys: Vec<String> = steps.iter().map(Step::key).collect();
        let bulk = self.bulk(lane, &keys)?;
        let mut left = Vec::new();
        for (step, key) in steps.iter().zip(&keys) {
            let Begun::Lane { lane, .. } = self.begin_item(lane, bulk, key)? else {
                continue;
            };
            match self.undo_step(&lane, step).await? {
                None => self.item_ended(&lane, Ok(Some(Value::Null)))?,
                Some(found) => {
                    self.item_ended(
                        &lane,
                        Err(format!("{} {}: {}", found.operation, found.path, found.why)),
                    )?;
                    left.push(found);
                }
            }
        }
        self.bulk_over(lane);
        Ok(left)
    }

    /// Takes back what a lane did so far.
    pub async fn undo_lane(&self, lane: &Lane) -> Result<Vec<Left>, Error> {
        let steps = steps(self.journal().writes_of_lane(self.id(), lane.id())?);
        self.undo(lane, &steps).await
    }

    async fn undo_step(&self, lane: &Lane, step: &Step) -> Result<Option<Left>, Error> {
        match self.try_undo(lane, step).await {
            Ok(left) => Ok(left),
            Err(error @ (Error::Okta(_) | Error::Usage(_))) => {
                Ok(Some(step.left(error.to_string())))
            }
            Err(fatal) => Err(fatal),
        }
    }

    async fn try_undo(&self, lane: &Lane, step: &Step) -> Result<Option<Left>, Error> {
        let seen = look::look(self, lane, &step.call, Sight::Org).await?;
        let mut inverse = step.inverse.clone();
        if step.write.state == State::Unknown {
            match self.fate(&step.call, &step.write.before, &seen) {
                Fate::Happened => {
                    inverse = self::inverse(&step.call, &step.write.before, &seen.before);
                }
                Fate::DidNotHappen => {
                    let words = format!("{} had not happened", step.call.name());
                    self.tell(lane, Kind::Note { words })?;
                    return Ok(None);
                }
                Fate::Repeatable | Fate::Unknowable => return Ok(Some(step.left(UNANSWERED))),
            }
        }
        let calls = match inverse {
            Inverse::Calls(calls) => calls,
            Inverse::None(why) => return Ok(Some(step.left(why))),
        };
        if can_drift(&step.call)
            && seen.verdict == Verdict::WouldChange
            && !self.is_undone(lane, &calls).await?
        {
            return Ok(Some(
                step.left("somebody changed it since: it is not as the run left it"),
            ));
        }
        if let Some(why) = self.is_in_use(lane, &calls).await? {
            return Ok(Some(step.left(why)));
        }
        if let Some(why) = self.wait_for_background(lane, step).await? {
            return Ok(Some(step.left(why)));
        }
        for call in &calls {
            let aftermath = match self.aftermath(lane, call, &step.call).await? {
                Ok(aftermath) => aftermath,
                Err(why) => return Ok(Some(step.left(why))),
            };
            self.perform_held(lane, call, Held::ToNothing).await?;
            if let Some(why) = self.await_aftermath(lane, &aftermath).await? {
                return Ok(Some(step.left(why)));
            }
        }
        Ok(None)
    }

    async fn is_undone(&self, lane: &Lane, calls: &[Call]) -> Result<bool, Error> {
        for call in calls {
            if look::look(self, lane, call, Sight::Org).await?.verdict != Verdict::Unchanged {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A group that the run made may have members by now that it did not bring.
    async fn is_in_use(&self, lane: &Lane, calls: &[Call]) -> Result<Option<&'static str>, Error> {
        for call in calls.iter().filter(|call| call.name() == "delete_group") {
            let members = Call::operation(&call.org, "list_group_users", &[&call.arguments[0]])
                .map_err(Error::Usage)?
                .query("limit", "1");
            match self.page_asked_by(Asker::Run, lane, &members, None).await {
                Ok(page)
                    if page
                        .body
                        .as_array()
                        .is_some_and(|members| !members.is_empty()) =>
                {
                    return Ok(Some("the group has members that the run did not bring"));
                }
                Ok(_) => {}
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// An app user is taken back when provisioning has taken back what came after: his profile (and with it his place in a directory) is
    /// again what the write was answered with.
    async fn wait_for_background(&self, lane: &Lane, step: &Step) -> Result<Option<String>, Error> {
        let profile = &step.write.answer["profile"];
        if step.call.name() != "update_application_user" || !profile.is_object() {
            return Ok(None);
        }
        let begun = Instant::now();
        loop {
            let now = look::look(self, lane, &step.call, Sight::Org).await?.before;
            if now["profile"] == *profile {
                return Ok(None);
            }
            if begun.elapsed() > PATIENCE {
                return Ok(Some(format!(
                    "provisioning has not taken back the app user's profile: it is {}, it was {profile}",
                    now["profile"]
                )));
            }
            self.tell(
                lane,
                Kind::Wait {
                    reason: "provisioning to take the app user's profile back".to_owned(),
                    seconds: GLANCE.as_secs_f64(),
                },
            )?;
            self.pause(GLANCE).await?;
        }
    }
}

/// Whether a look at the write's own wish tells if somebody changed it since. What was created is known by its id instead.
fn can_drift(call: &Call) -> bool {
    !matches!(effects::look(call), Look::Natural(_) | Look::Never)
}
