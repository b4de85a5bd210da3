//! What is asked of the real org, and what is taken in of its answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::super::http::ApiAnswer;
use super::super::page_chain::PageChain;
use super::super::routes::{self, RouteEndpoint, RouteMatch};
use super::super::service::{IncomingRequest, OrgService, OutgoingAnswer};
use super::super::store::SimulatedOrg;
use super::hydration_routes::{self, HydrationRoute};
use super::local::{LocalCaller, list_of};
use super::merge::{LOGS, OverlayReader};
use super::upstream::{UpstreamAnswer, UpstreamOrg};
use super::{OrgShadow, answer};

/// How a read for the rules ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleRead {
    Whole,
    /// It may not be read: what follows from it, nobody knows here.
    Refused,
}

impl OrgShadow {
    pub(super) async fn read(
        &self,
        service: &OrgService,
        incoming: &IncomingRequest<'_>,
        endpoint: &RouteEndpoint,
        parameters: &[String],
        principal: &str,
    ) -> Result<OutgoingAnswer, String> {
        let seen = self.fetch(incoming).await?;
        let outgoing = service.give(answer(200, Value::Null));
        let reply = match hydration_routes::find(endpoint.pattern) {
            Some(place) => {
                self.know_parent(service, place, parameters).await?;
                self.take(&mut service.write(), place, incoming.path, parameters, &seen);
                let reader = OverlayReader::new(self, service, incoming, parameters, principal);
                if place.is_list() { Ok(reader.list(place, &seen)) } else { reader.thing(place, &seen) }
            }
            None if endpoint.pattern == LOGS => {
                Ok(OverlayReader::new(self, service, incoming, parameters, principal).log(&seen))
            }
            None => self.predicted(incoming, &seen),
        };
        let outgoing = OutgoingAnswer { reply, ..outgoing };
        self.note_guess(&service.read(), incoming, &outgoing);
        Ok(outgoing)
    }

    /// The real org's answer to this very request.
    async fn fetch(&self, incoming: &IncomingRequest<'_>) -> Result<Arc<UpstreamAnswer>, String> {
        let (caller, upstream) = self.upstream_of(incoming);
        self.ask(&caller, &*upstream, &incoming.address()).await
    }

    /// Asks the real org, once for each address.
    pub(super) async fn ask(
        &self,
        caller: &str,
        upstream: &dyn UpstreamOrg,
        address: &str,
    ) -> Result<Arc<UpstreamAnswer>, String> {
        let cell = self.known().cell(caller, address);
        let seen = cell.get_or_try_init(|| async { upstream.get(address).await.map(Arc::new) }).await?;
        Ok(Arc::clone(seen))
    }

    /// Reads all pages of an address for the rules.
    ///
    /// # Errors
    /// When the real org does not answer, or is in trouble.
    pub(super) async fn know(&self, service: &OrgService, address: &str) -> Result<RuleRead, String> {
        let (mut address, mut chain) = (address.to_owned(), PageChain::default());
        loop {
            let followed = chain.follow(&address);
            followed.map_err(|endless| format!("{address}: {endless}"))?;
            let seen = self.ask("", &*self.upstream, &address).await?;
            match seen.status {
                200 | 404 => self.take_address(service, &address, &seen),
                429 | 500.. => return Err(format!("{address}: {}", seen.status)),
                _ => return Ok(RuleRead::Refused),
            }
            match &seen.next {
                Some(next) => address.clone_from(next),
                None => return Ok(RuleRead::Whole),
            }
        }
    }

    fn take_address(&self, service: &OrgService, address: &str, seen: &UpstreamAnswer) {
        let address = address.strip_prefix(&self.base()).unwrap_or(address);
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let RouteMatch::Found(endpoint, parameters) = routes::ROUTES.find("GET", path) else {
            return;
        };
        if let Some(place) = hydration_routes::find(endpoint.pattern) {
            self.take(&mut service.write(), place, path, &parameters, seen);
            if place.is_list() {
                self.note_list(place, path, query, seen);
            }
        }
    }

    /// What belongs to an app can be taken in when the app is known.
    async fn know_parent(
        &self,
        service: &OrgService,
        place: &HydrationRoute,
        parameters: &[String],
    ) -> Result<(), String> {
        let Some(id) = parameters.first() else {
            return Ok(());
        };
        let parent = if place.pattern.starts_with("/api/v1/apps/{appId}/") {
            format!("/api/v1/apps/{id}")
        } else {
            return Ok(());
        };
        let known = service.read().apps.contains_key(id);
        if known {
            return Ok(());
        }
        self.know(service, &parent).await.map(drop)
    }

    /// Takes in what an answer tells, and keeps the first form of each thing.
    fn take(
        &self,
        org: &mut SimulatedOrg,
        place: &HydrationRoute,
        path: &str,
        parameters: &[String],
        seen: &UpstreamAnswer,
    ) {
        let things = match (&seen.body, seen.status) {
            (Value::Array(items), 200) => items.as_slice(),
            (thing, 200) => std::slice::from_ref(thing),
            (_, 404) => {
                self.ledger.note_thing(&org.name, path, &Value::Null);
                return;
            }
            _ => return,
        };
        for thing in things {
            (place.take)(org, parameters, thing);
            let own = place.path_of(path, parameters, thing);
            self.ledger.note_thing(&org.name, &own, thing);
        }
        self.keep_firsts(org);
    }

    /// Keeps how the store shows what was just taken in, against which changes are told.
    pub(super) fn keep_firsts(&self, org: &mut SimulatedOrg) {
        let fresh = org.changed.as_mut().map(|changed| std::mem::take(&mut changed.fresh)).unwrap_or_default();
        let base = self.base();
        let local = LocalCaller { org, base: &base, principal: "" };
        for path in fresh {
            if let Some(form) = local.thing(&path) {
                self.known().keep_first(path, form);
            }
        }
    }

    /// Notes the ids of a list's page, and whether it was the last one of an unconditional list. Gives all ids so far.
    pub(super) fn note_list(
        &self,
        place: &HydrationRoute,
        path: &str,
        query: &str,
        seen: &UpstreamAnswer,
    ) -> BTreeSet<String> {
        let items = seen.body.as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = items.iter().filter_map(|item| item[place.key()].as_str()).collect();
        let list = list_of(path, query);
        self.ledger.note_list(&self.name, &list, &ids);
        let mut known = self.known();
        if list == path && seen.next.is_none() && seen.status == 200 {
            known.note_whole(path);
        }
        let ids = ids.into_iter().map(str::to_owned).collect();
        known.tell(&list, ids).clone()
    }

    pub(super) fn note_guess(&self, org: &SimulatedOrg, incoming: &IncomingRequest<'_>, outgoing: &OutgoingAnswer) {
        if self.is_guess(org, incoming, outgoing) {
            self.ledger.guess(&outgoing.request_id);
        }
    }

    /// Whether an answer tells of what a provisioning job, or a predicted call, brought about.
    fn is_guess(&self, org: &SimulatedOrg, incoming: &IncomingRequest<'_>, outgoing: &OutgoingAnswer) -> bool {
        let Some(changed) = &org.changed else {
            return false;
        };
        let path = incoming.path.trim_end_matches('/');
        let prediction = self.prediction();
        let guessed = |path: &str| changed.guessed.contains(path) || prediction.concerns(path);
        let items = match &outgoing.reply {
            Ok(ApiAnswer { body: Some(Value::Array(items)), .. }) => items.as_slice(),
            Ok(ApiAnswer { body: Some(thing), .. }) => std::slice::from_ref(thing),
            _ => &[],
        };
        let collection = path.rsplit_once('/').map_or(path, |(rest, _)| rest);
        let user = path.strip_prefix("/api/v1/users/").and_then(|rest| rest.strip_suffix("/groups"));
        let own = |item: &Value| {
            let id = item["id"].as_str().unwrap_or_default();
            let member = user.map(|user| format!("/api/v1/groups/{id}/users/{user}"));
            guessed(&format!("{path}/{id}"))
                || guessed(&format!("{collection}/{id}"))
                || member.is_some_and(|member| guessed(&member))
        };
        guessed(path) || items.iter().any(own)
    }
}
