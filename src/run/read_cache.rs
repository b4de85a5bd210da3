//! The run's cache of the org: what it has read lately, which answers a write's look without a call.
//!
//! Reading by pages thereby saves a read per item. What a write changes is changed in the cache too, or forgotten. Scripts are never
//! answered from here: what they ask is asked.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::call::{ApiCall, CallAction, ListPage};
use super::operation_semantics;
use super::user_names::{UserNames, named_in};
use crate::okta::operations::ResultKind;
use crate::okta::{HttpMethod, NextPage};

/// What is older is read again.
const AGE: Duration = Duration::from_secs(300);
/// How long reads may lag behind a write: what the run itself wrote is known for so long.
pub(super) const READ_LAG: Duration = Duration::from_secs(120);
/// Bytes of JSON. A cache that grows beyond is begun anew: it saves calls, nothing depends on it.
const LARGEST: usize = 48 << 20;

/// Pages of a list that is read again as a whole.
const LONGEST_LIST: usize = 20;

#[derive(Debug)]
pub(super) struct ReadCache {
    seen: Mutex<CachedAnswer>,
    age: Duration,
}

impl Default for ReadCache {
    fn default() -> Self {
        Self { seen: Mutex::default(), age: AGE }
    }
}

/// Keys are an org's name and a path, or an org's name and an id.
type CacheKey = (String, String);

/// When something was read; `None`: when the run was executed before. That answers no look, and tells what can be read by pages.
type ReadTime = Option<Instant>;

#[derive(Debug, Default)]
struct CachedAnswer {
    things: HashMap<CacheKey, (ReadTime, Box<str>)>,
    bytes: usize,
    /// Paths of things that were forgotten.
    forgotten: HashSet<CacheKey>,
    /// What names of users in calls stand for: what is known is known by ids.
    names: UserNames,
    /// Logins of users, by their ids.
    logins: HashMap<CacheKey, String>,
    /// Paths of app users, by user.
    app_users: HashMap<CacheKey, BTreeSet<String>>,
    members: HashMap<CacheKey, (ReadTime, HashSet<String>)>,
    groups: HashMap<CacheKey, (ReadTime, HashSet<String>)>,
    /// Lists that were read whole, by their path: the call of the first page, and the number of pages.
    lists: HashMap<CacheKey, (ApiCall, usize)>,
    /// Lists being read, by the link of the next page: the call of the first page, and the pages so far.
    walks: HashMap<(String, NextPage), (ApiCall, usize)>,
    /// Memberships that this run wrote and no read has shown since: by group and user, when, and whether the user is a member now.
    written: HashMap<CacheKey, HashMap<String, (Instant, bool)>>,
    /// Lists of members or groups of which not all pages were read yet, by the link of the next page.
    begun: HashMap<(String, NextPage), HashSet<String>>,
}

impl ReadCache {
    /// The lock is held between map operations only.
    fn seen(&self) -> MutexGuard<'_, CachedAnswer> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an answered read.
    pub(super) fn insert(&self, call: &ApiCall, page: &ListPage, from: Option<&NextPage>) {
        self.insert_at(call, page, from, Some(Instant::now()));
    }

    /// Takes in a read that was answered when the run was executed before.
    pub(super) fn insert_stale(&self, call: &ApiCall, page: &ListPage, from: Option<&NextPage>) {
        self.insert_at(call, page, from, None);
    }

    fn insert_at(&self, call: &ApiCall, page: &ListPage, from: Option<&NextPage>, at: ReadTime) {
        let CallAction::Operation(operation) = call.action else {
            return;
        };
        // What leaves out fields is not kept.
        if operation.method != HttpMethod::Get || call.query.iter().any(|(name, _)| name == "fields") {
            return;
        }
        let mut seen = self.seen();
        match (operation.name, operation.result) {
            ("list_group_users" | "list_user_groups", _) => {
                seen.note_page(call, page, from);
                seen.insert_members(call, page, from, at);
            }
            (name, kind) if kind != ResultKind::Array => {
                if name == "get_user" {
                    seen.keep_login(&call.org, &page.body);
                    if let (Some(name), Some(id)) = (call.arguments.first(), page.body["id"].as_str()) {
                        seen.names.learn(&call.org, name, id);
                    }
                }
                seen.keep(&call.org, &call.path, &page.body, at);
            }
            (_, ResultKind::Array) if operation_semantics::reader_below(operation.path).is_some() => {
                seen.note_page(call, page, from);
                for item in page.body.as_array().into_iter().flatten() {
                    if let Some(id) = item["id"].as_str() {
                        seen.keep(&call.org, &format!("{}/{id}", call.path), item, at);
                    }
                }
            }
            _ => {}
        }
    }

    fn is_fresh(&self, at: ReadTime) -> bool {
        self.is_within(at, self.age)
    }

    fn is_within(&self, at: ReadTime, age: Duration) -> bool {
        at.is_some_and(|at| at.elapsed() <= age.min(self.age))
    }

    /// What was read at a path of an org, if that is fresh.
    pub(super) fn thing(&self, org: &str, path: &str) -> Option<Value> {
        self.thing_within(org, path, self.age)
    }

    /// What was read at a path of an org, if that is no older than `age`.
    pub(super) fn thing_within(&self, org: &str, path: &str, age: Duration) -> Option<Value> {
        let seen = self.seen();
        let (at, text) = seen.things.get(&seen.key_of(org, path))?;
        if !self.is_within(*at, age) {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// The id of the user whom a call names, or the name where that is not known.
    pub(super) fn user_id(&self, org: &str, name: &str) -> String {
        self.seen().names.id_of(org, name).to_owned()
    }

    /// The login of a user who was read by it or by the id.
    pub(super) fn login_of(&self, org: &str, user: &str) -> Option<String> {
        let seen = self.seen();
        seen.logins.get(&(org.to_owned(), user.to_owned())).cloned()
    }

    /// Whether the cache has something at `path` that is too old. What was forgotten because a write changed it is not old.
    pub(super) fn is_old(&self, org: &str, path: &str) -> bool {
        let seen = self.seen();
        let found = seen.things.get(&seen.key_of(org, path));
        found.is_some_and(|(at, _)| !self.is_fresh(*at))
    }

    /// Whether something at `path` was known and was forgotten, because a write may have changed it.
    pub(super) fn was_forgotten(&self, org: &str, path: &str) -> bool {
        let seen = self.seen();
        seen.forgotten.contains(&seen.key_of(org, path))
    }

    /// Whether all members of a group were known, and that is too old.
    pub(super) fn has_old_members(&self, org: &str, group: &str) -> bool {
        let seen = self.seen();
        let found = seen.members.get(&(org.to_owned(), group.to_owned()));
        found.is_some_and(|(at, _)| !self.is_fresh(*at))
    }

    /// The call that reads the list in which the thing at `path` stands, if the whole list was read before and is not long: reading it
    /// again saves a call for each of its things.
    pub(super) fn list_of(&self, org: &str, path: &str) -> Option<ApiCall> {
        let (list, _) = path.rsplit_once('/')?;
        let seen = self.seen();
        let (call, pages) = seen.lists.get(&(org.to_owned(), list.to_owned()))?;
        (*pages <= LONGEST_LIST).then(|| call.clone())
    }

    /// Whether a user is in a group, by the later of two reads (all members of the group, all groups of the user) if that is no older than
    /// `age`, else by what the run wrote just now. `None` where a read does not show yet what the run wrote: what it shows is no knowledge.
    pub(super) fn is_member(&self, org: &str, group: &str, user: &str, age: Duration) -> Option<bool> {
        let seen = self.seen();
        let user = seen.names.id_of(org, user);
        let (of_group, of_user) = ((org.to_owned(), group.to_owned()), (org.to_owned(), user.to_owned()));
        let fresh = |found: Option<&(ReadTime, HashSet<String>)>, id: &str| {
            found.filter(|(at, _)| self.is_within(*at, age)).map(|(at, ids)| (*at, ids.contains(id)))
        };
        let by_group = fresh(seen.members.get(&of_group), user);
        let by_user = fresh(seen.groups.get(&of_user), group);
        let read = by_group.into_iter().chain(by_user).max_by_key(|(at, _)| *at);
        let read = read.map(|(_, is_member)| is_member);
        let written = seen.written_member(&of_group, user, self.age.min(READ_LAG));
        if let (Some(read), Some(written)) = (read, written)
            && read != written
        {
            return None;
        }
        read.or(written)
    }

    /// Whether a user was a member of a group when all its members were last read, however long ago.
    pub(super) fn was_member(&self, org: &str, group: &str, user: &str) -> bool {
        let seen = self.seen();
        let members = seen.members.get(&(org.to_owned(), group.to_owned()));
        members.is_some_and(|(_, ids)| ids.contains(user))
    }

    /// Whether a user is a member of a group (the arguments of `call`) by what this run wrote last of it, if that is no older than `age`
    /// and no read has shown it.
    pub(super) fn written_member(&self, call: &ApiCall, age: Duration) -> Option<bool> {
        let [group, user] = call.arguments.as_slice() else {
            return None;
        };
        let of_group = (call.org.clone(), group.clone());
        let seen = self.seen();
        seen.written_member(&of_group, seen.names.id_of(&call.org, user), age)
    }

    /// Takes in a membership that this run wrote so long ago, when it was executed before; `None`: what became of that write is not known,
    /// and with it nothing that it wrote earlier.
    pub(super) fn insert_stale_member(
        &self,
        of_group: (&str, &str),
        user: &str,
        is_member: Option<bool>,
        age: Duration,
    ) {
        let of_group = (of_group.0.to_owned(), of_group.1.to_owned());
        let mut seen = self.seen();
        let written = seen.written.entry(of_group).or_default();
        match (is_member, Instant::now().checked_sub(age)) {
            (Some(is_member), Some(at)) => drop(written.insert(user.to_owned(), (at, is_member))),
            _ => drop(written.remove(user)),
        }
    }

    /// Takes in a write and its answer.
    pub(super) fn apply_write(&self, call: &ApiCall, answer: &Value) {
        let mut seen = self.seen();
        match (call.name().as_str(), call.arguments.as_slice()) {
            (name @ ("assign_user_to_group" | "unassign_user_from_group"), [group, user]) => {
                let user = seen.names.id_of(&call.org, user).to_owned();
                seen.set_member(&call.org, group, &user, name == "assign_user_to_group");
            }
            ("add_group", _) => {
                if let Some(id) = answer["id"].as_str() {
                    let empty = (Some(Instant::now()), HashSet::new());
                    seen.members.insert((call.org.clone(), id.to_owned()), empty);
                }
            }
            (name, _) => {
                if name.contains("group") && call.path.starts_with("/api/v1/apps/") {
                    seen.invalidate_group_scoped(&call.org);
                }
                seen.invalidate_at(call);
                let is_whole = matches!(call.action, CallAction::Operation(operation) if operation_semantics::reader_of(operation.path).is_some());
                if is_whole && answer.is_object() && call.method() != HttpMethod::Delete {
                    seen.keep(&call.org, &call.path, answer, Some(Instant::now()));
                }
            }
        }
    }

    /// Forgets what a write may have changed whose answer is lost.
    pub(super) fn invalidate(&self, call: &ApiCall) {
        let mut seen = self.seen();
        seen.invalidate_at(call);
        if let ("assign_user_to_group" | "unassign_user_from_group", [group, user]) =
            (call.name().as_str(), call.arguments.as_slice())
        {
            let user = &seen.names.id_of(&call.org, user).to_owned();
            if let Some(written) = seen.written.get_mut(&(call.org.clone(), group.clone())) {
                written.remove(user);
            }
            seen.members.remove(&(call.org.clone(), group.clone()));
            seen.groups.remove(&(call.org.clone(), user.clone()));
            seen.invalidate_app_users(&call.org, user);
        }
    }
}

impl CachedAnswer {
    fn written_member(&self, of_group: &CacheKey, user: &str, age: Duration) -> Option<bool> {
        let written = self.written.get(of_group)?.get(user);
        let lately = written.filter(|(at, _)| at.elapsed() <= age);
        lately.map(|(_, is_member)| *is_member)
    }

    /// Where what stands at a path is kept: a user's by the id, whatever name the path has.
    fn key_of(&self, org: &str, path: &str) -> CacheKey {
        let below = |list: &str, name: &str, rest: &str| {
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            format!("{list}{}{rest}", self.names.id_of(org, &name))
        };
        let place = if let Some((name, rest)) = named_in(path) {
            below("/api/v1/users/", name, rest)
        } else if let Some(at) = path.find("/users/").filter(|_| path.starts_with("/api/v1/apps/")) {
            let (list, name) = path.split_at(at + "/users/".len());
            below(list, name, "")
        } else {
            path.to_owned()
        };
        (org.to_owned(), place)
    }

    fn keep(&mut self, org: &str, path: &str, value: &Value, at: ReadTime) {
        let key = self.key_of(org, path);
        let path = key.1.clone();
        let path = path.as_str();
        if at.is_none() && self.things.get(&key).is_some_and(|(at, _)| at.is_some()) {
            return;
        }
        self.forgotten.remove(&key);
        let text = value.to_string().into_boxed_str();
        self.bytes += text.len();
        if self.bytes > LARGEST {
            *self = Self {
                bytes: text.len(),
                // No read tells it before the org shows it.
                written: std::mem::take(&mut self.written),
                ..Self::default()
            };
        }
        if let Some((_, user)) = path.strip_prefix("/api/v1/apps/").and_then(|rest| rest.split_once("/users/")) {
            let paths = self.app_users.entry((org.to_owned(), user.to_owned())).or_default();
            paths.insert(path.to_owned());
        }
        let before = self.things.insert(key, (at, text));
        self.bytes -= before.map_or(0, |(_, text)| text.len());
    }

    fn keep_login(&mut self, org: &str, user: &Value) {
        if let (Some(id), Some(login)) = (user["id"].as_str(), user["profile"]["login"].as_str()) {
            self.logins.insert((org.to_owned(), id.to_owned()), login.to_owned());
        }
    }

    fn note_page(&mut self, call: &ApiCall, page: &ListPage, from: Option<&NextPage>) {
        let begun = match from {
            None => Some((call.clone(), 0)),
            Some(link) => self.walks.remove(&(call.org.clone(), link.clone())),
        };
        let Some((first, pages)) = begun else {
            return;
        };
        if let Some(next) = &page.next {
            let link = (call.org.clone(), next.clone());
            self.walks.insert(link, (first, pages + 1));
            return;
        }
        // What it has not is not there.
        let stood = format!("{}/", call.path);
        self.forgotten.retain(|(org, path)| *org != call.org || !path.starts_with(&stood));
        let list = (call.org.clone(), call.path.clone());
        self.lists.insert(list, (first, pages + 1));
    }

    fn insert_members(&mut self, call: &ApiCall, page: &ListPage, from: Option<&NextPage>, at: ReadTime) {
        let mut ids = match from {
            None => HashSet::new(),
            Some(link) => match self.begun.remove(&(call.org.clone(), link.clone())) {
                Some(ids) => ids,
                None => return,
            },
        };
        let items = page.body.as_array().into_iter().flatten();
        ids.extend(items.filter_map(|item| item["id"].as_str().map(str::to_owned)));
        let Some(of) = call.arguments.first() else {
            return;
        };
        if let Some(next) = &page.next {
            self.begun.insert((call.org.clone(), next.clone()), ids);
            return;
        }
        let is_of_group = call.name() == "list_group_users";
        if at.is_some() {
            self.note_shown(&call.org, is_of_group, of, &ids);
        }
        let lists = if is_of_group { &mut self.members } else { &mut self.groups };
        let known = lists.entry((call.org.clone(), of.clone())).or_default();
        if at.is_some() || known.0.is_none() {
            *known = (at, ids);
        }
    }

    /// What a read shows as it was written needs no more patience: when a later one does not, somebody changed it.
    fn note_shown(&mut self, org: &str, is_of_group: bool, of: &str, ids: &HashSet<String>) {
        let of_org = self.written.iter_mut().filter(|((of, _), _)| of == org);
        for ((_, group), written) in of_org {
            if is_of_group && group == of {
                written.retain(|user, (_, is_member)| ids.contains(user) != *is_member);
            } else if !is_of_group
                && let Some((_, is_member)) = written.get(of)
                && ids.contains(group) == *is_member
            {
                written.remove(of);
            }
        }
    }

    fn set_member(&mut self, org: &str, group: &str, user: &str, is_member: bool) {
        let of_group = (org.to_owned(), group.to_owned());
        let written = self.written.entry(of_group).or_default();
        written.insert(user.to_owned(), (Instant::now(), is_member));
        let sets = [
            (self.members.get_mut(&(org.to_owned(), group.to_owned())), user),
            (self.groups.get_mut(&(org.to_owned(), user.to_owned())), group),
        ];
        for (set, id) in sets {
            match set {
                Some((_, ids)) if is_member => drop(ids.insert(id.to_owned())),
                Some((_, ids)) => drop(ids.remove(id)),
                None => {}
            }
        }
        self.invalidate_app_users(org, user);
    }

    /// Groups decide over app users in scope GROUP; those in scope USER stay as they are (Okta's help on app assignments).
    fn invalidate_app_users(&mut self, org: &str, user: &str) {
        let paths = self.app_users.get(&(org.to_owned(), user.to_owned())).cloned().unwrap_or_default();
        for path in paths {
            self.invalidate_unless_individual(org, &path);
        }
    }

    fn invalidate_group_scoped(&mut self, org: &str) {
        let of_org = self.app_users.iter().filter(|((of, _), _)| of == org);
        let paths: Vec<String> = of_org.flat_map(|(_, paths)| paths.iter().cloned()).collect();
        for path in paths {
            self.invalidate_unless_individual(org, &path);
        }
    }

    fn invalidate_unless_individual(&mut self, org: &str, path: &str) {
        let key = (org.to_owned(), path.to_owned());
        let individual = |text: &str| text.contains(r#""scope":"USER""#);
        if self.things.get(&key).is_some_and(|(_, text)| !individual(text)) {
            self.remove(&key);
        }
    }

    /// What stands at the path of a write, and what it is an action on (`…/lifecycle/activate`).
    fn invalidate_at(&mut self, call: &ApiCall) {
        // What a call does that is not in the table nobody knows.
        if matches!(call.action, CallAction::Direct(_)) {
            return self.invalidate_org(&call.org);
        }
        self.remove(&self.key_of(&call.org, &call.path));
        if let Some((of, _)) = call.path.split_once("/lifecycle/") {
            self.remove(&self.key_of(&call.org, of));
        } else if call.path.starts_with("/api/v1/users") {
            // What lies below a user may show in the user; and a login may be given to another.
            if let Some((name, _)) = named_in(&call.path) {
                self.remove(&self.key_of(&call.org, &format!("/api/v1/users/{name}")));
            }
            self.names.forget(&call.org);
        }
    }

    fn invalidate_org(&mut self, org: &str) {
        let gone: Vec<CacheKey> = self.things.keys().filter(|(of, _)| of == org).cloned().collect();
        for key in &gone {
            self.remove(key);
        }
        self.members.retain(|(of, _), _| of != org);
        self.groups.retain(|(of, _), _| of != org);
        self.names.forget(org);
    }

    fn remove(&mut self, key: &CacheKey) {
        let before = self.things.remove(key);
        if before.is_some() {
            self.forgotten.insert(key.clone());
        }
        self.bytes -= before.map_or(0, |(_, text)| text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, arguments: &[&str]) -> ApiCall {
        ApiCall::operation("okta", name, arguments).expect(name)
    }

    fn page(body: Value, next: Option<&str>) -> ListPage {
        ListPage { body, next: next.map(NextPage::new) }
    }

    #[test]
    fn items_of_a_list_are_known_by_their_own_path() {
        let cache = ReadCache::default();
        cache.insert(
            &call("list_application_users", &["0oa1"]),
            &page(json!([{"id": "00u1", "scope": "USER"}]), None),
            None,
        );
        assert_eq!(cache.thing("okta", "/api/v1/apps/0oa1/users/00u1"), Some(json!({"id": "00u1", "scope": "USER"})));
        assert_eq!(cache.thing("hub", "/api/v1/apps/0oa1/users/00u1"), None);
    }

    #[test]
    fn members_are_known_when_all_pages_were_read() {
        let cache = ReadCache::default();
        let list = call("list_group_users", &["00g1"]);
        let link = NextPage::new("n");
        cache.insert(&list, &page(json!([{"id": "00u1"}]), Some("n")), None);
        assert_eq!(cache.is_member("okta", "00g1", "00u1", AGE), None);
        cache.insert(&list, &page(json!([{"id": "00u2"}]), None), Some(&link));
        assert_eq!(cache.is_member("okta", "00g1", "00u1", AGE), Some(true));
        assert_eq!(cache.is_member("okta", "00g1", "00u3", AGE), Some(false));
        cache.apply_write(&call("unassign_user_from_group", &["00g1", "00u1"]), &Value::Null);
        assert_eq!(cache.is_member("okta", "00g1", "00u1", AGE), Some(false));
        cache.invalidate(&call("assign_user_to_group", &["00g1", "00u1"]));
        assert_eq!(cache.is_member("okta", "00g1", "00u1", AGE), None);
    }

    #[test]
    fn a_membership_that_was_written_is_waited_for_until_a_read_shows_it() {
        let cache = ReadCache::default();
        let (join, leave) =
            (call("assign_user_to_group", &["00g1", "00u1"]), call("unassign_user_from_group", &["00g2", "00u1"]));
        cache.apply_write(&join, &Value::Null);
        cache.apply_write(&leave, &Value::Null);
        let written = |call: &ApiCall| cache.written_member(call, AGE);
        assert_eq!((written(&join), written(&leave)), (Some(true), Some(false)));
        // Neither is shown yet, then one is.
        let groups = call("list_user_groups", &["00u1"]);
        cache.insert(&groups, &page(json!([{"id": "00g2"}]), None), None);
        assert_eq!((written(&join), written(&leave)), (Some(true), Some(false)));
        let members = call("list_group_users", &["00g1"]);
        cache.insert(&members, &page(json!([{"id": "00u1"}]), None), None);
        assert_eq!((written(&join), written(&leave)), (None, Some(false)));
    }

    #[test]
    fn the_later_of_two_reads_tells_a_membership_unless_it_lags() {
        let cache = ReadCache::default();
        let is_member = || cache.is_member("okta", "00g1", "00u1", AGE);
        cache.apply_write(&call("assign_user_to_group", &["00g1", "00u1"]), &Value::Null);
        assert_eq!(is_member(), Some(true));
        // The members as they were before the write.
        let members = call("list_group_users", &["00g1"]);
        cache.insert(&members, &page(json!([]), None), None);
        assert_eq!(is_member(), None);
        let groups = call("list_user_groups", &["00u1"]);
        std::thread::sleep(Duration::from_millis(1));
        cache.insert(&groups, &page(json!([{"id": "00g1"}]), None), None);
        assert_eq!(is_member(), Some(true));
        // Somebody took the user out.
        std::thread::sleep(Duration::from_millis(1));
        cache.insert(&members, &page(json!([]), None), None);
        assert_eq!(is_member(), Some(false));
    }

    #[test]
    fn a_membership_changes_only_group_scoped_app_users() {
        let cache = ReadCache::default();
        let users = json!([{"id": "00u1", "scope": "USER"}, {"id": "00u2", "scope": "GROUP"}]);
        cache.insert(&call("list_application_users", &["0oa1"]), &page(users, None), None);
        for user in ["00u1", "00u2"] {
            cache.apply_write(&call("assign_user_to_group", &["00g1", user]), &Value::Null);
        }
        assert!(cache.thing("okta", "/api/v1/apps/0oa1/users/00u1").is_some());
        assert!(cache.thing("okta", "/api/v1/apps/0oa1/users/00u2").is_none());
    }

    #[test]
    fn a_list_that_was_read_whole_can_be_read_again() {
        let cache = ReadCache::default();
        let list = call("list_application_users", &["0oa1"]).query("limit", "500");
        cache.insert(&list, &page(json!([{"id": "00u1"}]), Some("n")), None);
        assert!(cache.list_of("okta", "/api/v1/apps/0oa1/users/00u1").is_none());
        cache.insert(&list, &page(json!([]), None), Some(&NextPage::new("n")));
        let again = cache.list_of("okta", "/api/v1/apps/0oa1/users/00u9").expect("a list");
        assert_eq!(again.query, [("limit".to_owned(), "500".to_owned())]);
    }

    #[test]
    fn what_is_too_old_answers_no_look_and_can_be_read_again_by_pages() {
        for (age, is_fresh) in [(Duration::from_secs(3600), true), (Duration::ZERO, false)] {
            let cache = ReadCache { age, ..ReadCache::default() };
            let members = call("list_group_users", &["00g1"]);
            let users = call("list_application_users", &["0oa1"]);
            cache.insert(&users, &page(json!([{"id": "00u1"}]), None), None);
            cache.insert(&members, &page(json!([{"id": "00u1"}]), None), None);
            std::thread::yield_now();
            let path = "/api/v1/apps/0oa1/users/00u1";
            assert_eq!(cache.thing("okta", path).is_some(), is_fresh);
            assert_eq!(cache.is_old("okta", path), !is_fresh);
            assert_eq!(cache.is_member("okta", "00g1", "00u1", AGE).is_some(), is_fresh);
            assert_eq!(cache.has_old_members("okta", "00g1"), !is_fresh);
            assert!(cache.list_of("okta", path).is_some());
        }
    }

    #[test]
    fn what_was_read_before_is_old_until_it_is_read_again() {
        let cache = ReadCache::default();
        let users = call("list_application_users", &["0oa1"]);
        let path = "/api/v1/apps/0oa1/users/00u1";
        cache.insert_stale(&users, &page(json!([{"id": "00u1", "n": 1}]), None), None);
        assert_eq!((cache.thing("okta", path), cache.is_old("okta", path)), (None, true));
        cache.insert(&users, &page(json!([{"id": "00u1", "n": 2}]), None), None);
        // Another lane that replays tells nothing new.
        cache.insert_stale(&users, &page(json!([{"id": "00u1", "n": 1}]), None), None);
        assert_eq!(cache.thing("okta", path).expect("an app user")["n"], 2);
    }

    #[test]
    fn what_a_write_changed_is_forgotten_until_its_list_is_read() {
        let cache = ReadCache::default();
        let users = call("list_application_users", &["0oa1"]);
        let (one, other) = ("/api/v1/apps/0oa1/users/00u1", "/api/v1/apps/0oa1/users/00u2");
        let both = json!([{"id": "00u1"}, {"id": "00u2"}]);
        cache.insert(&users, &page(both, None), None);
        for user in ["00u1", "00u2"] {
            cache.apply_write(&call("assign_user_to_group", &["00g1", user]), &Value::Null);
        }
        assert!(cache.was_forgotten("okta", one) && cache.was_forgotten("okta", other));
        cache.insert(&users, &page(json!([{"id": "00u1"}]), None), None);
        assert!(!cache.was_forgotten("okta", one) && !cache.was_forgotten("okta", other));
    }

    #[test]
    fn an_update_is_known_by_its_answer() {
        let cache = ReadCache::default();
        let mut update = call("update_application_user", &["0oa1", "00u1"]);
        update.body = Some(json!({"scope": "GROUP"}));
        cache.apply_write(&update, &json!({"id": "00u1", "scope": "GROUP"}));
        assert_eq!(cache.thing("okta", "/api/v1/apps/0oa1/users/00u1").expect("an app user")["scope"], "GROUP");
    }
}
