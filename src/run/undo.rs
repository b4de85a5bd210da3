//! Taking back what a run did: the inverses of its writes, last first.
//!
//! What is there must be what the run left there; what somebody changed since is left alone and named. An undo is a run of its own, so
//! that it can be interrupted, taken up again, and taken back.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::aftermath::{self, Account, Aftermath, Glances, PATIENCE};
use super::call::{Action, Call};
use super::door::Run;
use super::effects::{self, Look};
use super::elsewhere::{self, Elsewhere};
use super::error::Error;
use super::event::Kind;
use super::fate::Fate;
pub use super::inverse::Inverse;
use super::inverse::inverse;
use super::items::Begun;
use super::journal::{self, Journal, State, Write};
use super::lane::Lane;
use super::look::{self, Seen, Sight, Verdict};
use super::members;
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
    pub org: String,
    pub operation: String,
    pub path: String,
    pub why: String,
}

/// So many items of a bulk step are taken back side by side.
const WIDTH: usize = 8;

const UNANSWERED: &str = "it has no answer, and no look can tell whether it happened";

/// The writes of `run` to take back, last first: those that hold, and by which it did not take back itself what a failed lane did.
/// `only`: those of the step of this title, or of the item of this key.
pub fn plan(journal: &Journal, run: &str, only: Option<&str>) -> Result<Vec<Step>, journal::Error> {
    let writes = journal.writes(run)?;
    let undoing = journal.undoing(run)?;
    let is_undoing = |write: &Write| undoing.iter().any(|one| one.has(write));
    let chosen = writes
        .into_iter()
        .filter(|write| only.is_none_or(|only| belongs(write, only)) && !is_undoing(write));
    Ok(steps(chosen.collect()))
}

/// The run that took back the last of what `plan` would name.
pub fn undone_by(
    journal: &Journal,
    run: &str,
    only: Option<&str>,
) -> Result<Option<String>, journal::Error> {
    let mut writes = journal.writes(run)?;
    writes.retain(|write| only.is_none_or(|only| belongs(write, only)));
    Ok(writes.into_iter().rev().find_map(|write| write.undone_by))
}

/// The least scopes that `steps` need in an org: for the inverses, for what is looked at before them, and for what provisioning brings about
/// in the other orgs.
pub fn scopes(steps: &[Step], org: &str) -> Vec<String> {
    let here = |call: &&Call| call.org == org;
    let inverses = steps.iter().flat_map(|step| match &step.inverse {
        Inverse::Calls(calls) => calls.as_slice(),
        Inverse::Deletion | Inverse::None(_) => &[],
    });
    let calls = steps.iter().map(|step| &step.call).chain(inverses.clone());
    let seen = calls
        .filter(here)
        .filter_map(|call| effects::reads_before(of(call)?));
    let sent = inverses.filter(here).filter_map(of);
    let watched = aftermath::READS.iter();
    let restored = members::WRITES
        .iter()
        .filter(|_| restores_a_target(steps, org));
    let named = watched.chain(restored);
    let all = seen
        .chain(sent)
        .chain(named.filter_map(|name| operations::find(name)));
    let scopes: BTreeSet<&str> = all
        .flat_map(|operation| operation.scopes.iter().copied())
        .collect();
    scopes.into_iter().map(str::to_owned).collect()
}

/// Whether a group of the org was the target of a push.
fn restores_a_target(steps: &[Step], org: &str) -> bool {
    let mut targets = steps.iter().flat_map(elsewhere::of);
    targets.any(|there| there.org == org && there.group().is_some())
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

pub(super) fn steps(writes: Vec<Write>) -> Vec<Step> {
    let happened = writes
        .into_iter()
        .rev()
        .filter(|write| write.state.may_have_happened());
    let mut steps: Vec<Step> = happened
        .filter_map(|write| {
            let call = call_of(&write.request["write"])?;
            let inverse = Inverse::None("");
            let mut step = Step {
                write,
                call,
                inverse,
            };
            step.inverse = step.taking_back(&step.write.answer);
            Some(step)
        })
        .collect();
    let made: BTreeSet<(String, String)> = steps.iter().filter_map(made_app).collect();
    for step in &mut steps {
        if is_setting_of(step, &made) {
            step.inverse = Inverse::Deletion;
        }
    }
    steps
}

/// The app that a step made.
fn made_app(step: &Step) -> Option<(String, String)> {
    let id = step.write.answer["id"].as_str()?;
    (step.call.name() == "create_application").then(|| (step.call.org.clone(), id.to_owned()))
}

/// What is set of an app itself, and what is beside it stays.
const SETTINGS: &[&str] = &[
    "replace_application",
    "update_feature_for_application",
    "update_default_provisioning_connection_for_application",
    "activate_default_provisioning_connection_for_application",
    "deactivate_default_provisioning_connection_for_application",
];

/// Whether a step set something of an app that is deleted with all its settings, once the people in it are taken back.
fn is_setting_of(step: &Step, made: &BTreeSet<(String, String)>) -> bool {
    let Some(app) = step.call.arguments.first() else {
        return false;
    };
    SETTINGS.contains(&step.call.name().as_str())
        && made.contains(&(step.call.org.clone(), app.clone()))
}

/// Whether what is left stands on what a call takes away: the thing that it is in, or the provisioning that would take it back.
fn stands_on(left: &Left, call: &Call) -> bool {
    if left.org != call.org {
        return false;
    }
    let (name, path) = (call.name(), call.path.as_str());
    let thing = path.split("/lifecycle/").next().unwrap_or(path);
    let takes_away = call.method() == Method::Delete || name.starts_with("deactivate_");
    let app = |path: &str| path.split('/').take(5).collect::<Vec<_>>().join("/");
    (takes_away && left.path.starts_with(&format!("{thing}/")))
        || (SETTINGS.contains(&name.as_str()) && app(&left.path) == app(path))
}

/// Steps of the same kind that items of one bulk step did are taken back side by side: they were done so.
fn side_by_side(steps: &[Step]) -> Vec<&[Step]> {
    let mut groups = Vec::new();
    let mut lanes = BTreeSet::new();
    let mut begin = 0;
    for (at, step) in steps.iter().enumerate() {
        let first = &steps[begin];
        let belongs = bulk_of(step).is_some()
            && bulk_of(step) == bulk_of(first)
            && step.call.name() == first.call.name();
        if at > begin && !(belongs && lanes.insert(&step.write.lane)) {
            groups.push(&steps[begin..at]);
            lanes.clear();
            begin = at;
        }
        lanes.insert(&step.write.lane);
    }
    groups.push(&steps[begin..]);
    groups
}

/// The lane of a bulk step, and its number in it; none for the main script.
fn bulk_of(step: &Step) -> Option<(&str, &str)> {
    let lane = step.write.lane.as_str();
    let (parent, item) = lane.rsplit_once('/').unwrap_or(("", lane));
    let (number, _) = item.split_once(':')?;
    Some((parent, number))
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

    /// What takes it back when it was answered with `answer`. A target that was, or may have been, there before the push stays.
    fn taking_back(&self, answer: &Value) -> Inverse {
        let mut taken = inverse(&self.call, &self.write.before, answer);
        let may_have_been = |there: Elsewhere<'_>| there.is_unread() || there.group().is_some();
        let is_unknown = elsewhere::of(self).next().is_none();
        if let Inverse::Calls(calls) = &mut taken
            && (is_unknown || elsewhere::of(self).any(may_have_been))
        {
            let queries = calls.iter_mut().flat_map(|call| &mut call.query);
            for (_, value) in queries.filter(|(name, _)| name == "deleteTargetGroup") {
                "false".clone_into(value);
            }
        }
        taken
    }

    fn left(&self, why: impl Into<String>) -> Left {
        Left {
            entry: self.write.entry,
            item: self.item().map(str::to_owned),
            org: self.call.org.clone(),
            operation: self.call.name(),
            path: self.call.path.clone(),
            why: why.into(),
        }
    }
}

/// How the undo of one step ended.
enum End {
    Undone,
    /// All but an account in another org that the app deactivates for nobody.
    AllBut(Account),
    Left(Left),
}

impl Run {
    /// Takes back what `steps` name, in their order, and returns what is left.
    ///
    /// # Errors
    /// What ends a run: an interruption, a journal that cannot be written. What an org refuses is left.
    pub async fn undo(&self, lane: &Lane, steps: &[Step]) -> Result<Vec<Left>, Error> {
        let keys: Vec<String> = steps.iter().map(Step::key).collect();
        let bulk = self.bulk(lane, &keys)?;
        let mut accounts = Vec::new();
        let left = self.undo_all(lane, bulk, steps, &keys, &mut accounts).await;
        self.bulk_over(lane);
        self.remark_accounts(&accounts);
        left
    }

    async fn undo_all(
        &self,
        lane: &Lane,
        bulk: u64,
        steps: &[Step],
        keys: &[String],
        accounts: &mut Vec<Account>,
    ) -> Result<Vec<Left>, Error> {
        let mut left = Vec::new();
        let mut keys = keys.iter();
        for together in side_by_side(steps) {
            let before: &[Left] = &left;
            let works = together
                .iter()
                .zip(&mut keys)
                .map(|(step, key)| self.undo_item(lane, bulk, step, key, before));
            let ended: Vec<_> = stream::iter(works).buffered(WIDTH).collect().await;
            let mut found = Vec::new();
            for end in ended {
                match end? {
                    End::Undone => {}
                    End::AllBut(account) => accounts.push(account),
                    End::Left(one) => found.push(one),
                }
            }
            left.extend(found);
        }
        Ok(left)
    }

    async fn undo_item(
        &self,
        parent: &Lane,
        bulk: u64,
        step: &Step,
        key: &str,
        left: &[Left],
    ) -> Result<End, Error> {
        let lane = match self.begin_item(parent, bulk, key)? {
            Begun::Lane { lane, .. } => lane,
            Begun::Done(value) => {
                self.tell_undone(step)?;
                let account = serde_json::from_value(value);
                return Ok(account.map_or(End::Undone, End::AllBut));
            }
            // Only a failed item of a script is taken back within its run.
            Begun::TakingBack { .. } => return Ok(End::Left(step.left(UNANSWERED))),
        };
        let end = self.undo_step(&lane, step, left).await?;
        if !matches!(end, End::Left(_)) {
            self.tell_undone(step)?;
        }
        let told = match &end {
            End::Left(found) => Err(format!(
                "{} of {}, {}: {}",
                found.operation, found.org, found.path, found.why
            )),
            End::AllBut(account) => Ok(Some(json!(account))),
            End::Undone => Ok(Some(Value::Null)),
        };
        self.item_ended(&lane, told)?;
        Ok(end)
    }

    async fn undo_step(&self, lane: &Lane, step: &Step, left: &[Left]) -> Result<End, Error> {
        match self.try_undo(lane, step, left).await {
            Err(error @ (Error::Okta(_) | Error::Usage(_))) => {
                Ok(End::Left(step.left(error.to_string())))
            }
            ended => ended,
        }
    }

    async fn try_undo(&self, lane: &Lane, step: &Step, left: &[Left]) -> Result<End, Error> {
        if matches!(step.inverse, Inverse::Deletion) || step.write.state == State::Undone {
            return Ok(End::Undone);
        }
        let seen = look::look(self, lane, &step.call, self.sight()).await?;
        let inverse = match step.write.state {
            State::Unknown => self.settled_inverse(lane, step, &seen)?,
            _ => step.inverse.clone(),
        };
        let calls = match inverse {
            Inverse::Calls(calls) => calls,
            Inverse::Deletion => return Ok(End::Undone),
            Inverse::None(why) => return Ok(End::Left(step.left(why))),
        };
        if let Some(why) = self.why_not(lane, step, &seen, &calls, left).await? {
            return Ok(End::Left(step.left(why)));
        }
        if self.is_gone(lane, &calls).await? {
            self.restore_target(lane, step).await?;
            return Ok(End::Undone);
        }
        self.send_inverse(lane, step, &calls).await
    }

    /// What takes back a write of which no answer is known, by what is there now.
    fn settled_inverse(&self, lane: &Lane, step: &Step, seen: &Seen) -> Result<Inverse, Error> {
        match self.fate(&step.call, &step.write.before, seen) {
            Fate::Happened => {
                self.tell_settled(step, State::Settled, &seen.before)?;
                Ok(step.taking_back(&seen.before))
            }
            Fate::DidNotHappen => {
                let words = format!("{} had not happened", step.call.name());
                self.tell(lane, Kind::Note { words })?;
                self.tell_settled(step, State::Void, &Value::Null)?;
                Ok(Inverse::Deletion)
            }
            Fate::Repeatable | Fate::Unknowable => Ok(Inverse::None(UNANSWERED)),
        }
    }

    /// Why a step is left as it is.
    async fn why_not(
        &self,
        lane: &Lane,
        step: &Step,
        seen: &Seen,
        calls: &[Call],
        left: &[Left],
    ) -> Result<Option<String>, Error> {
        let needed = |left: &&Left| calls.iter().any(|call| stands_on(left, call));
        if let Some(needs) = left.iter().find(needed) {
            return Ok(Some(format!(
                "{} of {} is not taken back, and needs it",
                needs.operation, needs.path
            )));
        }
        let has_drifted = can_drift(&step.call) && seen.verdict == Verdict::WouldChange;
        if has_drifted && !self.is_undone(lane, calls).await? {
            return Ok(Some(
                "it was changed since: it is not as the run left it".to_owned(),
            ));
        }
        if let Some(why) = self.is_in_use(lane, calls).await? {
            return Ok(Some(why.to_owned()));
        }
        self.wait_for_background(lane, step).await
    }

    async fn send_inverse(&self, lane: &Lane, step: &Step, calls: &[Call]) -> Result<End, Error> {
        let mut end = End::Undone;
        for call in calls {
            let aftermath = match self.aftermath(lane, call, step).await? {
                Ok(aftermath) => aftermath,
                Err(why) => return Ok(End::Left(step.left(why))),
            };
            self.perform_held(lane, call, Held::ToNothing).await?;
            if let Some(why) = self.await_aftermath(lane, &aftermath).await? {
                return Ok(End::Left(step.left(why)));
            }
            if let Aftermath::Account(account) = aftermath {
                end = End::AllBut(account);
            }
        }
        self.restore_target(lane, step).await?;
        Ok(end)
    }

    async fn is_undone(&self, lane: &Lane, calls: &[Call]) -> Result<bool, Error> {
        for call in calls {
            if look::look(self, lane, call, Sight::Org).await?.verdict != Verdict::Unchanged {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was made and is deleted step by step may be gone already.
    async fn is_gone(&self, lane: &Lane, calls: &[Call]) -> Result<bool, Error> {
        let [.., delete] = calls else {
            return Ok(false);
        };
        if calls.len() < 2 || delete.method() != Method::Delete {
            return Ok(false);
        }
        // What is sent changes what would be found.
        let found = !lane.is_replaying()
            && look::look(self, lane, delete, Sight::Org).await?.verdict == Verdict::Unchanged;
        let named = json!({"gone": delete.path});
        Ok(self.value(lane, &named, || found.into())? == true)
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
        let mut glances = Glances::new(PATIENCE);
        let mut sight = self.sight();
        loop {
            let now = look::look(self, lane, &step.call, sight).await?.before;
            sight = Sight::Org;
            if now["profile"] == *profile {
                return Ok(None);
            }
            if glances.are_over() {
                return Ok(Some(format!(
                    "provisioning has not taken back the app user's profile: it is {}, it was {profile}",
                    now["profile"]
                )));
            }
            let reason = "provisioning to take the app user's profile back";
            self.glance(lane, &mut glances, reason).await?;
        }
    }
}

/// Whether a look at the write's own wish tells if somebody changed it since. What was created is known by its id instead.
fn can_drift(call: &Call) -> bool {
    !matches!(effects::look(call), Look::Natural(_) | Look::Never)
}
