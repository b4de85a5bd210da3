//! Looking before a write: what is there now, and whether the write would change it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::lane::RunLane;
use super::operation_semantics::{self, NaturalKey, PreRead};
use super::read_cache::READ_LAG;
use super::reading::ReadAsker;
use super::redact;

/// A list that was read so lately answers for all that stand in it whether a write would change nothing.
const MOMENT: Duration = Duration::from_secs(10);

/// What a look found.
#[derive(Debug)]
pub(super) struct CurrentState {
    /// What is there now; `Null` when there is nothing, or nothing could be seen.
    pub(super) before: Value,
    pub(super) verdict: WriteComparison,
    /// Whether the cache had it, which may be older than what is there now.
    pub(super) is_recalled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteComparison {
    WouldChange,
    Unchanged,
    /// All of it that can be read back is so; a secret cannot.
    Unreadable,
    /// There is nothing by which to look.
    Unseen,
}

/// Where a look may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFreshness {
    /// In the run's cache first.
    Cached,
    /// In the cache as far as a whole list was read a moment ago, for all that stand in it; else in the org.
    Recent,
    /// In the org only.
    Live,
}

/// What was there before a write was sent, which a look back for its work leaves aside.
pub(super) struct FormerState<'a> {
    /// Id of the thing of the same natural key.
    pub(super) id: Option<&'a str>,
    /// What was created before is not of the write; by the org's time.
    pub(super) since: Option<jiff::Timestamp>,
}

impl FormerState<'_> {
    /// Whether a thing may be what the write created.
    pub(super) fn is_new(&self, thing: &Value) -> bool {
        let created = thing["created"].as_str();
        let created = created.and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let is_older = created.zip(self.since).is_some_and(|(created, since)| created < since);
        !is_older && (self.id.is_none() || thing["id"].as_str() != self.id)
    }
}

/// One look: whose it is and where it looks.
struct StateReader<'a> {
    run: &'a Run,
    lane: &'a RunLane,
    call: &'a ApiCall,
    sight: ReadFreshness,
    /// Of a look back.
    former: Option<&'a FormerState<'a>>,
    /// Whether it was answered from the cache.
    recalled: AtomicBool,
}

/// Reads what `call` is about to write.
pub(super) async fn look(
    run: &Run,
    lane: &RunLane,
    call: &ApiCall,
    sight: ReadFreshness,
) -> Result<CurrentState, CallError> {
    let looker = StateReader { run, lane, call, sight, former: None, recalled: AtomicBool::new(false) };
    let seen = looker.look().await?;
    Ok(CurrentState { is_recalled: looker.recalled.into_inner(), ..seen })
}

/// Reads in the org what `call` may have written.
pub(super) async fn look_back(
    run: &Run,
    lane: &RunLane,
    call: &ApiCall,
    former: &FormerState<'_>,
) -> Result<CurrentState, CallError> {
    let looker = StateReader {
        run,
        lane,
        call,
        sight: ReadFreshness::Live,
        former: Some(former),
        recalled: AtomicBool::new(false),
    };
    looker.look().await
}

impl StateReader<'_> {
    async fn look(&self) -> Result<CurrentState, CallError> {
        match operation_semantics::look(self.call) {
            PreRead::Partial(read) => self.compared(read, contains_fields).await,
            PreRead::Whole(read) => self.compared(read, equals_writable).await,
            PreRead::Patch(read) => self.compared(read, patch_is_applied).await,
            PreRead::Within(read, part) => {
                let now = self.same_place(read).await?;
                let wish = operation_semantics::wish(self.call);
                Ok(compare_seen(now, |now| now.pointer(part).is_some_and(|now| contains_fields(&wish, now))))
            }
            PreRead::Present(read) => Ok(compare_seen(self.same_place(read).await?, |now| !now.is_null())),
            PreRead::Absent(read) => Ok(compare_seen(self.same_place(read).await?, Value::is_null)),
            PreRead::Status(read, settled) => Ok(compare_seen(self.same_place(read).await?, |now| {
                now["status"].as_str().is_some_and(|status| settled.contains(&status))
            })),
            PreRead::Member => self.membership(|is_member| is_member).await,
            PreRead::NotMember => self.membership(|is_member| !is_member).await,
            PreRead::Natural(key) => self.natural(key).await,
            PreRead::Never => Ok(UNSEEN),
        }
    }

    async fn compared(&self, read: &str, same: SamenessTest) -> Result<CurrentState, CallError> {
        Ok(self.judged(self.same_place(read).await?, same))
    }

    /// What the call asks for that cannot be read back (a password) is never taken as unchanged.
    fn judged(&self, now: Value, same: SamenessTest) -> CurrentState {
        let wish = self.run.redact(&operation_semantics::wish(self.call));
        let readable = redact::readable(&wish);
        let verdict = match readable == wish {
            _ if now.is_null() => WriteComparison::WouldChange,
            _ if redact::lacks_something(&readable) => WriteComparison::Unseen,
            true if same(&wish, &now) => WriteComparison::Unchanged,
            false if contains_fields(&readable, &now) || same(&readable, &now) => WriteComparison::Unreadable,
            _ => WriteComparison::WouldChange,
        };
        CurrentState { before: now, verdict, is_recalled: false }
    }

    /// The thing that `read` gives for the call's own path arguments.
    async fn same_place(&self, read: &str) -> Result<Value, CallError> {
        let arguments: Vec<&str> = self.call.arguments.iter().map(String::as_str).collect();
        self.thing(read, &arguments).await
    }

    /// `Null` when there is none.
    async fn thing(&self, read: &str, arguments: &[&str]) -> Result<Value, CallError> {
        let read = ApiCall::operation(&self.call.org, read, arguments).map_err(CallError::Usage)?;
        if self.sight != ReadFreshness::Live
            && let Some(known) = self.known(&read).await?
        {
            self.recalled.store(true, Ordering::Relaxed);
            return Ok(known);
        }
        match self.run.page_asked_by(ReadAsker::Run, self.lane, &read, None).await {
            Ok(page) => Ok(page.body),
            Err(error) if error.status() == Some(404) => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }

    /// How old what the cache has may be.
    fn age(&self, has_list: bool) -> Duration {
        match self.sight {
            ReadFreshness::Cached => Duration::MAX,
            ReadFreshness::Recent if has_list => MOMENT,
            ReadFreshness::Recent | ReadFreshness::Live => Duration::ZERO,
        }
    }

    /// What the cache has. Where it is too old, or forgotten with many others, and stood in a list, the list is read again: once for all
    /// lanes that need it.
    async fn known(&self, read: &ApiCall) -> Result<Option<Value>, CallError> {
        let cache = self.run.read_cache();
        let (org, path) = (read.org.as_str(), read.path.as_str());
        let list = cache.list_of(org, path);
        let age = self.age(list.is_some());
        let known = || cache.thing_within(org, path, age);
        if let Some(known) = known() {
            return Ok(Some(known));
        }
        let Some(list) = list else {
            return Ok(None);
        };
        let _one_at_a_time = self.run.reading_again().await;
        let is_old = cache.is_old(org, path)
            || (self.sight == ReadFreshness::Recent && cache.thing(org, path).is_some())
            || (self.run.takes_back_many() && cache.was_forgotten(org, path));
        if known().is_none() && is_old {
            self.run.list(self.lane, &list).await?;
        }
        Ok(known())
    }

    /// What the cache has of a membership; where that is too old, all members of the group are read again.
    async fn known_member(&self, group: &str, user: &str) -> Result<Option<bool>, CallError> {
        let (cache, org) = (self.run.read_cache(), self.call.org.as_str());
        let member = format!("/api/v1/groups/{group}/users/{user}");
        let list = cache.list_of(org, &member);
        let age = self.age(list.is_some());
        let known = || cache.is_member(org, group, user, age);
        if let (None, Some(list)) = (known(), list) {
            let _one_at_a_time = self.run.reading_again().await;
            if known().is_none() && (cache.has_old_members(org, group) || self.sight == ReadFreshness::Recent) {
                self.run.list(self.lane, &list).await?;
            }
        }
        Ok(known())
    }

    async fn membership(&self, unchanged: fn(bool) -> bool) -> Result<CurrentState, CallError> {
        let call = self.call;
        let [group, user] = call.arguments.as_slice() else {
            return Err(CallError::Usage(format!("{} takes a group and a user", call.name())));
        };
        // The cache knows users by their ids.
        let user = &self.run.read_cache().user_id(&call.org, user);
        let user = &self.run.id_of(self.lane, &call.org, user).await?;
        let known = match self.sight {
            ReadFreshness::Cached | ReadFreshness::Recent => self.known_member(group, user).await?,
            ReadFreshness::Live => None,
        };
        let is_member = if let Some(known) = known {
            self.recalled.store(true, Ordering::Relaxed);
            known
        } else {
            let groups = ApiCall::operation(&call.org, "list_user_groups", &[user]);
            let found = self.run.list(self.lane, &groups.map_err(CallError::Usage)?).await?;
            found.iter().any(|found| found["id"] == **group)
        };
        // What the run wrote otherwise a moment ago, and no read shows yet, is no reason to leave the write out: sent again it does no harm.
        let written = self.run.read_cache().written_member(call, READ_LAG);
        let before = Value::Bool(written.unwrap_or(is_member));
        let is_sure = written.is_none_or(|written| written == is_member);
        Ok(compare_seen(before, |now| is_sure && unchanged(now == true)))
    }

    async fn natural(&self, key: NaturalKey) -> Result<CurrentState, CallError> {
        let body = self.call.body.as_ref().unwrap_or(&Value::Null);
        let text = |value: &Value| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let found = match key {
            NaturalKey::GroupName => match text(&body["profile"]["name"]) {
                Some(name) => {
                    let found = self.run.group_named(self.lane, &self.call.org, &name);
                    found.await?.unwrap_or_default()
                }
                None => return Ok(UNSEEN),
            },
            NaturalKey::Login => match text(&body["profile"]["login"]) {
                Some(login) => self.thing("get_user", &[&login]).await?,
                None => return Ok(UNSEEN),
            },
            NaturalKey::AppUser => match (self.call.arguments.first(), text(&body["id"])) {
                (Some(app), Some(user)) => self.thing("get_application_user", &[app, &user]).await?,
                _ => return Ok(UNSEEN),
            },
            NaturalKey::Listed(_, field) if body[field].is_null() => return Ok(UNSEEN),
            NaturalKey::Listed(list, field) => self.listed(list, field, &body[field]).await?,
        };
        // Of what was just created the org shows what it shows: the groups of a new user are not among the user's fields.
        let same = if self.former.is_some() || matches!(key, NaturalKey::Listed(..)) {
            agrees_where_present
        } else {
            contains_fields
        };
        Ok(self.judged(found, same))
    }

    /// The first item of a list that has this value in the field. A look back takes none that was there before, and the one that is as it
    /// was to be where there are several.
    async fn listed(&self, list: &str, field: &str, value: &Value) -> Result<Value, CallError> {
        let arguments: Vec<&str> = self.call.arguments.iter().map(String::as_str).collect();
        let list = ApiCall::operation(&self.call.org, list, &arguments).map_err(CallError::Usage)?;
        let found = self.run.list(self.lane, &list).await?;
        // What a user has through a group is not the user's own.
        let is_own = |item: &Value| list.name() != "list_assigned_roles_for_user" || item["assignmentType"] != "GROUP";
        let is_one = |item: &&Value| {
            item[field] == *value && is_own(item) && self.former.is_none_or(|former| former.is_new(item))
        };
        let wish = redact::readable(&self.run.redact(&operation_semantics::wish(self.call)));
        let mut named = found.iter().filter(is_one);
        let first = named.clone().next();
        let agreeing = named.find(|item| self.former.is_some() && agrees_where_present(&wish, item));
        Ok(agreeing.or(first).cloned().unwrap_or_default())
    }
}

/// Whether what can be read back of the call's wish is so in `thing`.
pub(super) fn is_wished(run: &Run, call: &ApiCall, thing: &Value) -> bool {
    contains_fields(&redact::readable(&run.redact(&operation_semantics::wish(call))), thing)
}

/// Whether a thing is as it is wished.
type SamenessTest = fn(&Value, &Value) -> bool;

pub(super) const UNSEEN: CurrentState =
    CurrentState { before: Value::Null, verdict: WriteComparison::Unseen, is_recalled: false };

fn compare_seen(before: Value, unchanged: impl Fn(&Value) -> bool) -> CurrentState {
    let verdict = if unchanged(&before) { WriteComparison::Unchanged } else { WriteComparison::WouldChange };
    CurrentState { before, verdict, is_recalled: false }
}

/// Whether all that `wanted` says is so in `now`; fields that `wanted` does not name do not count. A field wanted as null is as good as absent.
fn contains_fields(wanted: &Value, now: &Value) -> bool {
    match (wanted, now) {
        (Value::Object(wanted), Value::Object(now)) => {
            wanted.iter().all(|(name, value)| contains_fields(value, now.get(name).unwrap_or(&Value::Null)))
        }
        _ => wanted == now,
    }
}

/// The same as far as `now` tells: some fields of a create say how a thing is made, and are not shown of it afterwards.
fn agrees_where_present(wanted: &Value, now: &Value) -> bool {
    match (wanted, now) {
        (Value::Object(wanted), Value::Object(now)) => {
            wanted.iter().all(|(name, value)| now.get(name).is_none_or(|now| agrees_where_present(value, now)))
        }
        _ => wanted == now,
    }
}

/// Whether `now` is what a full replacement by `wanted` would leave.
fn equals_writable(wanted: &Value, now: &Value) -> bool {
    let (Value::Object(wanted), Value::Object(now)) = (wanted, now) else {
        return wanted == now;
    };
    let kept = |name: &&String| operation_semantics::is_kept_by_server(name);
    now.keys()
        .chain(wanted.keys())
        .filter(|name| !kept(name))
        .all(|name| same_values(field(wanted, name), field(now, name)))
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

/// Equality in which a null field is as good as an absent one.
fn same_values(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            left.keys().chain(right.keys()).all(|name| same_values(field(left, name), field(right, name)))
        }
        _ => left == right,
    }
}

/// Whether every value that a JSON Patch (RFC 6902) sets is there already.
fn patch_is_applied(patch: &Value, now: &Value) -> bool {
    let Some(steps) = patch.as_array() else {
        return false;
    };
    steps.iter().all(|step| {
        let there = step["path"].as_str().and_then(|path| now.pointer(path));
        match step["op"].as_str() {
            Some("add" | "replace") => there == Some(&step["value"]),
            Some("remove") => there.is_none(),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_partial_update_is_unchanged_when_all_it_says_is_so() {
        let now = json!({"scope": "GROUP", "profile": {"dn": "x", "cn": "y"}});
        assert!(contains_fields(&json!({"scope": "GROUP"}), &now));
        assert!(contains_fields(&json!({"profile": {"dn": "x", "gone": null}}), &now));
        assert!(!contains_fields(&json!({"scope": "USER"}), &now));
        assert!(!contains_fields(&json!({"profile": {"dn": "z"}}), &now));
    }

    #[test]
    fn a_create_agrees_with_what_is_shown_of_it() {
        let now = json!({"sourceGroupId": "00g1", "status": "ACTIVE", "targetGroupId": "00g2"});
        assert!(agrees_where_present(&json!({"sourceGroupId": "00g1", "targetGroupName": "x"}), &now));
        assert!(!agrees_where_present(&json!({"sourceGroupId": "00g1", "status": "INACTIVE"}), &now));
    }

    #[test]
    fn a_full_replacement_is_unchanged_only_when_it_would_clear_nothing() {
        let now = json!({"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "a", "description": "b"}});
        assert!(equals_writable(&json!({"profile": {"name": "a", "description": "b"}}), &now));
        assert!(!equals_writable(&json!({"profile": {"name": "a"}}), &now));
        // What was read is sent back whole, with the time of the last change before this one.
        assert!(equals_writable(
            &json!({"id": "00g1", "lastUpdated": "1", "profile": {"name": "a", "description": "b"}}),
            &json!({"id": "00g1", "lastUpdated": "2", "profile": {"name": "a", "description": "b"}})
        ));
        assert!(equals_writable(
            &json!({"profile": {"name": "a"}}),
            &json!({"profile": {"name": "a", "description": null}})
        ));
        assert!(!equals_writable(
            &json!({"profile": {"name": "a"}}),
            &json!({"profile": {"name": "a"}, "settings": {"x": 1}})
        ));
    }

    #[test]
    fn a_patch_is_unchanged_when_its_values_are_there() {
        let now = json!({"profile": {"organizationalUnit": "OU=a"}});
        assert!(patch_is_applied(
            &json!([{"op": "replace", "path": "/profile/organizationalUnit", "value": "OU=a"}]),
            &now
        ));
        assert!(!patch_is_applied(
            &json!([{"op": "replace", "path": "/profile/organizationalUnit", "value": "OU=b"}]),
            &now
        ));
        assert!(!patch_is_applied(
            &json!([{"op": "test", "path": "/profile/organizationalUnit", "value": "OU=a"}]),
            &now
        ));
    }
}
