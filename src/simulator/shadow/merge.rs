//! The real org's answers with what was changed here laid over them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::http::{ApiAnswer, ApiReply};
use super::super::service::{IncomingRequest, OrgService};
use super::super::store::SimulatedOrg;
use super::hydration_routes::HydrationRoute;
use super::local::{LocalCaller, list_of};
use super::upstream::UpstreamAnswer;
use super::{OrgShadow, answer};

/// The System Log is read to its end only by who asks for an end.
pub(super) const LOGS: &str = "/api/v1/logs";

/// One read: who asks for what.
pub(super) struct OverlayReader<'a> {
    shadow: &'a OrgShadow,
    service: &'a OrgService,
    incoming: &'a IncomingRequest<'a>,
    parameters: &'a [String],
    base: String,
    principal: String,
}

impl<'a> OverlayReader<'a> {
    pub(super) fn new(
        shadow: &'a OrgShadow,
        service: &'a OrgService,
        incoming: &'a IncomingRequest<'a>,
        parameters: &'a [String],
        principal: &str,
    ) -> Self {
        Self { base: shadow.base(), principal: principal.to_owned(), shadow, service, incoming, parameters }
    }

    fn local<'o>(&'o self, org: &'o SimulatedOrg) -> LocalCaller<'o> {
        LocalCaller { org, base: &self.base, principal: &self.principal }
    }

    /// One thing. What the real org has not may have been made here, and what it has may be gone.
    pub(super) fn thing(&self, place: &HydrationRoute, seen: &UpstreamAnswer) -> ApiReply {
        let org = self.service.read();
        let own = self.local(&org).get(self.incoming.path, self.incoming.query);
        if seen.status != 200 {
            return Ok(unless_made_here(own, seen));
        }
        let path = place.path_of(self.incoming.path, self.parameters, &seen.body);
        let known = self.shadow.known().first(&path).is_some();
        match own {
            Err(refusal) if known && refusal.status == 404 => Err(refusal),
            _ => {
                let mut thing = seen.body.clone();
                self.lay(&org, &path, &mut thing);
                Ok(answer(200, thing))
            }
        }
    }

    /// A page of a list: what is gone is left out, what came is at the end of the last page.
    pub(super) fn list(&self, place: &HydrationRoute, seen: &UpstreamAnswer) -> ApiAnswer {
        let org = self.service.read();
        let (path, query) = (self.incoming.path, self.incoming.query);
        let Value::Array(items) = &seen.body else {
            return unless_made_here(self.local(&org).get(path, query), seen);
        };
        let told = self.shadow.note_list(place, path, query, seen);
        let mut page = Vec::new();
        let mut matching: Option<Vec<Value>> = None;
        let mut all = || self.local(&org).all(path, query);
        for item in items {
            let id = item[place.key()].as_str().unwrap_or_default();
            let own = place.path_of(path, self.parameters, item);
            let mut item = item.clone();
            let changed = self.lay(&org, &own, &mut item);
            let stays = match changed {
                Some(MergedThing::Gone) => false,
                Some(MergedThing::Changed) => {
                    let matching = matching.get_or_insert_with(&mut all);
                    matching.iter().any(|one| one[place.key()] == *id)
                }
                _ => true,
            };
            if stays && self.is_member(&org, place, id) {
                page.push(item);
            }
        }
        if seen.next.is_none() {
            let matching = matching.unwrap_or_else(all);
            page.extend(self.came(&org, place, matching, &told));
        }
        with_items(seen, page)
    }

    /// Things that are listed here and not in the real org's list.
    fn came(
        &self,
        org: &SimulatedOrg,
        place: &HydrationRoute,
        matching: Vec<Value>,
        told: &BTreeSet<String>,
    ) -> Vec<Value> {
        let fresh = |item: &Value| {
            let id = item[place.key()].as_str().unwrap_or_default();
            // Nameless is what Okta makes by itself and was not read.
            if told.contains(id) || id.is_empty() || id == org.everyone {
                return false;
            }
            if let Some(pair) = place.membership(&self.user_by_id(org), id) {
                let changed = org.changed.as_ref();
                return changed.is_some_and(|changed| changed.memberships.contains(&pair));
            }
            let path = place.path_of(self.incoming.path, self.parameters, item);
            let now = self.local(org).thing(&path);
            !is_same(self.shadow.known().first(&path), now.as_ref())
        };
        matching.into_iter().filter(fresh).collect()
    }

    /// False for a membership that was ended here.
    fn is_member(&self, org: &SimulatedOrg, place: &HydrationRoute, id: &str) -> bool {
        let Some(pair) = place.membership(&self.user_by_id(org), id) else {
            return true;
        };
        let changed = org.changed.as_ref();
        let touched = changed.is_some_and(|changed| changed.memberships.contains(&pair));
        let group = org.groups.get(&pair.0);
        !touched || group.is_some_and(|group| group.members.contains(&pair.1))
    }

    /// The path's parameters, a user among them by his id.
    fn user_by_id(&self, org: &SimulatedOrg) -> Vec<String> {
        let by_id = |name: &String| {
            let own = (name == "me").then(|| self.principal.clone());
            let known = || org.logins.get(&name.to_lowercase()).cloned();
            own.or_else(known).unwrap_or_else(|| name.clone())
        };
        self.parameters.iter().map(by_id).collect()
    }

    /// Lays over a thing what was changed of it here.
    fn lay(&self, org: &SimulatedOrg, path: &str, thing: &mut Value) -> Option<MergedThing> {
        if let Some(user) = thing["_embedded"]["user"]["id"].as_str() {
            let path = format!("/api/v1/users/{user}");
            self.lay(org, &path, &mut thing["_embedded"]["user"]);
        }
        let first = self.shadow.known().first(path).cloned();
        let predicted = self.shadow.prediction().lay(path, thing);
        let Some(first) = first else {
            return predicted;
        };
        let Some(now) = self.local(org).thing(path) else {
            return Some(MergedThing::Gone);
        };
        if is_same(Some(&first), Some(&now)) {
            return predicted;
        }
        change(&first, &now, thing);
        Some(MergedThing::Changed)
    }

    /// What happened here, as far as this question and its next pages have not told it yet.
    fn own_events(&self) -> Vec<Value> {
        let query = self.incoming.query;
        let list = list_of(LOGS, query);
        let mut own = self.local(&self.service.read()).all(LOGS, query);
        let mut known = self.shadow.known();
        if !query.split('&').any(|pair| pair.starts_with("after=")) {
            known.forget(&list);
        }
        let id = |event: &Value| event["uuid"].as_str().unwrap_or_default().to_owned();
        let told = known.tell(&list, Vec::new()).clone();
        own.retain(|event| !told.contains(&id(event)));
        known.tell(&list, own.iter().map(id).collect());
        own
    }

    /// The System Log of the real org, then what happened here.
    pub(super) fn log(&self, seen: &UpstreamAnswer) -> ApiAnswer {
        let Value::Array(items) = &seen.body else {
            return as_seen(seen);
        };
        let mut page = items.clone();
        // A question without an end has a next page for ever, which is empty when there is nothing new.
        if seen.next.is_none() || items.is_empty() {
            let own = self.own_events();
            if !own.is_empty() {
                self.shadow.ledger.guess(&self.incoming.id);
            }
            page.extend(own);
        }
        with_items(seen, page)
    }
}

/// What the real org has not (or says that it cannot have yet) may be here; what it refuses to tell is refused here.
fn unless_made_here(own: ApiReply, seen: &UpstreamAnswer) -> ApiAnswer {
    match own {
        Ok(own) if matches!(seen.status, 400 | 404) => own,
        _ => as_seen(seen),
    }
}

fn as_seen(seen: &UpstreamAnswer) -> ApiAnswer {
    with_link(answer(seen.status, seen.body.clone()), seen)
}

fn with_items(seen: &UpstreamAnswer, items: Vec<Value>) -> ApiAnswer {
    with_link(answer(200, Value::Array(items)), seen)
}

/// With the address of the next page.
pub(super) fn with_link(answer: ApiAnswer, seen: &UpstreamAnswer) -> ApiAnswer {
    let next = seen.next.iter();
    let headers = next.map(|url| ("link", format!("<{url}>; rel=\"next\"")));
    ApiAnswer { headers: headers.collect(), ..answer }
}

/// Whether two forms of a thing say the same. Links alone say nothing: what they name may have become known in between.
pub(super) fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let (Some(Value::Object(one)), Some(Value::Object(other))) = (one, other) else {
        return one == other;
    };
    let own = |fields: &Map<String, Value>| {
        let own = fields.iter().filter(|(name, _)| *name != "_links");
        own.map(|(name, value)| (name.clone(), value.clone())).collect::<BTreeMap<_, _>>()
    };
    own(one) == own(other)
}

/// What laying changes over a thing found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MergedThing {
    Changed,
    /// It is not there any more.
    Gone,
}

/// Brings onto `thing` what differs between the store's two forms of it.
fn change(first: &Value, now: &Value, thing: &mut Value) {
    let (Value::Object(first), Value::Object(now)) = (first, now) else {
        *thing = now.clone();
        return;
    };
    let Value::Object(fields) = thing else { return };
    for (name, value) in now {
        match first.get(name) {
            Some(before) if before == value => {}
            Some(before) if before.is_object() && value.is_object() => {
                let field = fields.entry(name.clone()).or_insert_with(|| before.clone());
                change(before, value, field);
            }
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    for name in first.keys().filter(|name| !now.contains_key(*name)) {
        fields.shift_remove(name);
    }
}
