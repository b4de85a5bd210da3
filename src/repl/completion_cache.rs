//! Names of the orgs' objects: what the session has read, and what it looks up politely.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::call::ApiCall;
use crate::script::session::ScriptSession;

/// How long a look-up may keep a person waiting.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Least time between two look-ups: holding Tab down shall not spend an org's rate limit.
const PAUSE: Duration = Duration::from_millis(400);
/// How long what was looked up counts as known.
const FRESH: Duration = Duration::from_secs(120);
/// Items of a look-up.
const PAGE: usize = 50;
/// Names offered at once.
const OFFERED: usize = 200;

/// What kind of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ThingKind {
    Group,
    User,
    App,
    /// An organizational unit, by its distinguished name.
    Unit,
}

/// A name and the id it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedThing {
    pub(super) name: String,
    pub(super) id: String,
}

/// All names known so far.
#[derive(Default)]
pub(super) struct CompletionCache {
    /// By kind and name in lower case, so that a prefix is a range.
    names: BTreeMap<(ThingKind, String), NamedThing>,
    asked: Vec<CacheLookup>,
}

/// A look-up: of which things of which org, and when.
struct CacheLookup {
    thing: ThingKind,
    org: String,
    prefix: String,
    at: Instant,
    /// Whether it came to a whole page: there may be more.
    is_full: bool,
}

/// Names to offer.
pub(super) struct OfferedNames<'a> {
    pub(super) names: Vec<&'a NamedThing>,
    /// Whether there may be more than these.
    pub(super) more: bool,
}

impl CompletionCache {
    /// Remembers the names in a result, at any depth.
    pub(super) fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                self.learn_object(value);
                fields.values().for_each(|field| self.learn(field));
            }
            Value::String(text) => self.learn_unit(text),
            _ => {}
        }
    }

    fn learn_object(&mut self, object: &Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let Some(id) = text("/id") else {
            return;
        };
        if let Some(login) = text("/profile/login") {
            self.add(ThingKind::User, login, id);
        } else if let (Some(name), true) = (text("/profile/name"), object["type"].is_string()) {
            self.add(ThingKind::Group, name, id);
        } else if let (Some(label), Some(_)) = (text("/label"), object.get("signOnMode")) {
            // An AD instance has no mode: null.
            self.add(ThingKind::App, label, id);
        }
    }

    fn learn_unit(&mut self, text: &str) {
        let upper = text.get(..3).unwrap_or_default().to_ascii_uppercase();
        if upper == "OU=" {
            self.add(ThingKind::Unit, text, text);
        } else if upper == "CN="
            && let Some(at) = text.to_ascii_uppercase().find(",OU=")
        {
            let unit = &text[at + 1..];
            self.add(ThingKind::Unit, unit, unit);
        }
    }

    fn add(&mut self, thing: ThingKind, name: &str, id: &str) {
        let named = NamedThing { name: name.to_owned(), id: id.to_owned() };
        self.names.insert((thing, name.to_lowercase()), named);
    }

    /// Names that begin with `prefix`, in any case. There may be more of an org when a look-up for them came to a whole page.
    pub(super) fn beginning(&self, org: &str, thing: ThingKind, prefix: &str) -> OfferedNames<'_> {
        let prefix = prefix.to_lowercase();
        let from = (thing, prefix.clone());
        let mut names: Vec<&NamedThing> = self
            .names
            .range(from..)
            .take_while(|((kind, name), _)| *kind == thing && name.starts_with(&prefix))
            .take(OFFERED + 1)
            .map(|(_, named)| named)
            .collect();
        let is_full = |asked: &CacheLookup| {
            let same = (asked.thing, asked.org.as_str()) == (thing, org);
            same && asked.is_full && asked.prefix.to_lowercase() == prefix
        };
        let more = names.len() > OFFERED || self.asked.iter().any(is_full);
        names.truncate(OFFERED);
        OfferedNames { names, more }
    }

    /// Asks an org for names that begin with `prefix`, unless that was asked lately.
    pub(super) fn look_up(&mut self, session: &ScriptSession, org: &str, thing: ThingKind, prefix: &str) {
        let now = Instant::now();
        self.asked.retain(|asked| now.duration_since(asked.at) < FRESH);
        // All units come at once, whatever they begin with.
        let prefix = if thing == ThingKind::Unit { "" } else { prefix };
        let is_known =
            |asked: &CacheLookup| (asked.thing, asked.org.as_str(), asked.prefix.as_str()) == (thing, org, prefix);
        if self.asked.iter().any(is_known) {
            return;
        }
        if let Some(last) = self.asked.last() {
            std::thread::sleep(PAUSE.saturating_sub(now.duration_since(last.at)));
        }
        let (found, most) = match question(org, thing, prefix) {
            Some(call) => (session.look_up(&call, PATIENCE).unwrap_or_default(), PAGE),
            None => (session.look_up_units(PATIENCE).into(), usize::MAX),
        };
        self.learn(&found);
        self.asked.push(CacheLookup {
            thing,
            org: org.to_owned(),
            prefix: prefix.to_owned(),
            at: Instant::now(),
            is_full: found.as_array().is_some_and(|items| items.len() >= most),
        });
    }
}

/// One page of things by the beginning of their names; `q` of groups and apps means their names.
fn question(org: &str, thing: ThingKind, prefix: &str) -> Option<ApiCall> {
    let (operation, name, value) = match thing {
        ThingKind::Group => ("list_groups", "q", prefix.to_owned()),
        ThingKind::App => ("list_applications", "q", prefix.to_owned()),
        ThingKind::User => {
            let search = format!("profile.login sw {}", Value::from(prefix));
            ("list_users", "search", search)
        }
        ThingKind::Unit => return None,
    };
    let call = ApiCall::operation(org, operation, &[]).ok()?;
    let call = call.query("limit", PAGE.to_string());
    Some(if prefix.is_empty() { call } else { call.query(name, value) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(known: &CompletionCache, thing: ThingKind, prefix: &str) -> Vec<String> {
        let found = known.beginning("okta", thing, prefix).names;
        found.into_iter().map(|named| named.name.clone()).collect()
    }

    #[test]
    fn names_are_learnt_from_what_is_read() {
        let mut known = CompletionCache::default();
        known.learn(&json!([
            {"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "AD Users"}},
            {"id": "00u1", "status": "ACTIVE", "profile": {"login": "ada@x"}},
            {"id": "0oa1", "label": "corp", "signOnMode": null},
            {"dn": "CN=Ada,OU=Staff,DC=x"},
        ]));
        assert_eq!(names(&known, ThingKind::Group, "ad"), ["AD Users"]);
        assert_eq!(names(&known, ThingKind::User, "ad"), ["ada@x"]);
        assert_eq!(names(&known, ThingKind::App, ""), ["corp"]);
        assert_eq!(names(&known, ThingKind::Unit, "ou="), ["OU=Staff,DC=x"]);
    }

    #[test]
    fn ten_thousand_groups_are_no_burden() {
        let mut known = CompletionCache::default();
        let groups: Vec<Value> = (0..10_000)
            .map(|n| json!({"id": format!("00g{n}"), "type": "OKTA_GROUP", "profile": {"name": format!("Group {n:05}")}}))
            .collect();
        known.learn(&Value::from(groups));
        let offered = known.beginning("okta", ThingKind::Group, "");
        assert_eq!((offered.names.len(), offered.more), (OFFERED, true));
        let begun = Instant::now();
        for n in 0..1000 {
            assert_eq!(names(&known, ThingKind::Group, &format!("group {n:05}")).len(), 1);
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?} for 1000 keys", begun.elapsed());
    }
}
