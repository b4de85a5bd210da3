//! A shadow of a real org: what is asked for is read from the real org, what is changed is changed here alone.
//!
//! ```text
//! read  ─► upstream, once ─► hydrate: into the store ─► overlay: the real org's answer with what was changed here laid over it
//! write ─► needs: what the rules have to know ─► the simulator's own rules, or what REST says of a call they do not know (prediction)
//! ```
//!
//! An [`UpstreamOrg`] can only read: there is no way from here to change the real org. What nobody can know beforehand (the success of a
//! provisioning job, the effect of a call that is not modelled) is noted in the [`AnswerProvenance`] by the request whose answer says it.

mod begin;
mod diff;
mod hydrate;
mod hydration_routes;
mod known;
mod local;
mod merge;
pub(super) mod neighbours;
mod prediction;
mod prefetch;
mod provenance;
mod reading;
mod rebuild;
mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use serde_json::Value;

use super::http::{ApiAnswer, ApiRefusal};
use super::org2org::{preflight, worker};
use super::routes::{self, RouteEndpoint, RouteMatch};
use super::service::{IncomingRequest, OrgService, OutgoingAnswer};
use super::sign_in;
use super::store::SimulatedOrg;
use known::KnownAnswers;
use prediction::PredictedChanges;
use reading::RuleRead;

pub(super) use begin::{ABOUT, begin, register_org};
pub(super) use neighbours::ShadowNeighbours;
pub use provenance::AnswerProvenance;
pub(super) use rebuild::{ShadowDirectories, UpstreamReply, is_kept, rebuild};
pub use upstream::{UpstreamAnswer, UpstreamOrg, UpstreamRead};

impl SimulatedOrg {
    /// Notes what a provisioning job did, which in the real org may fail.
    pub(super) fn guess(&mut self, path: String) {
        if let Some(changed) = &mut self.changed {
            changed.guessed.insert(path);
        }
    }

    /// Whether a thing of the real org is to be taken in: it is told of for the first time.
    fn is_news(&mut self, path: String) -> bool {
        let Some(changed) = &mut self.changed else {
            return false;
        };
        let news = changed.seen.insert(path.clone());
        if news {
            changed.fresh.push(path);
        }
        news
    }
}

/// What a shadowed org's server keeps about the real one.
pub(super) struct OrgShadow {
    /// Name of the org in the plan.
    name: String,
    upstream: Arc<dyn UpstreamOrg>,
    /// The same for callers with a token of their own, by the token.
    bearers: Mutex<HashMap<String, Option<Arc<dyn UpstreamOrg>>>>,
    known: Mutex<KnownAnswers>,
    prediction: Mutex<PredictedChanges>,
    ledger: Arc<AnswerProvenance>,
}

impl OrgShadow {
    pub(super) fn new(name: &str, upstream: Arc<dyn UpstreamOrg>, ledger: Arc<AnswerProvenance>) -> Self {
        Self {
            name: name.to_owned(),
            upstream,
            bearers: Mutex::default(),
            known: Mutex::default(),
            prediction: Mutex::default(),
            ledger,
        }
    }

    /// Keeps the first forms of what the beginning has read, and which org it was.
    pub(super) fn begin(&self, org: &mut SimulatedOrg) {
        self.ledger.note_thing(&self.name, begin::ABOUT, &serde_json::json!({"id": org.id}));
        self.keep_firsts(org);
    }

    /// URL of the real org, which all links carry.
    pub(super) fn base(&self) -> String {
        self.upstream.url()
    }

    fn known(&self) -> MutexGuard<'_, KnownAnswers> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prediction(&self) -> MutexGuard<'_, PredictedChanges> {
        self.prediction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request as the real org would, as far as that can be told.
    pub(super) async fn answer(&self, service: &OrgService, incoming: &mut IncomingRequest<'_>) -> OutgoingAnswer {
        let RouteMatch::Found(endpoint, parameters) = routes::ROUTES.find(incoming.method, incoming.path) else {
            return service.call(incoming);
        };
        let answered = self.try_answer(service, incoming, endpoint, &parameters);
        match answered.await {
            Ok(outgoing) => outgoing,
            Err(reason) => service.refuse(unreachable(&reason)),
        }
    }

    async fn try_answer(
        &self,
        service: &OrgService,
        incoming: &mut IncomingRequest<'_>,
        endpoint: &'static RouteEndpoint,
        parameters: &[String],
    ) -> Result<OutgoingAnswer, String> {
        if !sign_in::is_public(endpoint.pattern) {
            self.know_token(service, incoming).await?;
        }
        if incoming.method != "GET" {
            return self.write(service, incoming, endpoint, parameters).await;
        }
        let caller = match service.admits(incoming, endpoint) {
            Ok(caller) => caller,
            Err(refusal) => return Ok(service.refuse(refusal)),
        };
        // The key of a connection that is being tried is that of the connection here.
        let is_own = incoming.is_of_provisioning() && sign_in::is_public(endpoint.pattern)
            || local::is_own(&service.read(), endpoint, parameters);
        if !is_own {
            return self.read(service, incoming, endpoint, parameters, &caller.owner).await;
        }
        let outgoing = match endpoint.route {
            Some(_) => service.call(incoming),
            None => self.foretold(service, incoming),
        };
        self.note_guess(&service.read(), incoming, &outgoing);
        Ok(outgoing)
    }

    async fn write(
        &self,
        service: &OrgService,
        incoming: &mut IncomingRequest<'_>,
        endpoint: &'static RouteEndpoint,
        parameters: &[String],
    ) -> Result<OutgoingAnswer, String> {
        if self.prediction().holds(incoming.path) {
            // What only a prediction has made is nothing to the rules.
            let outgoing = service.give(answer(200, Value::Null));
            self.ledger.guess(&outgoing.request_id);
            let reply = self.predict(incoming, endpoint).await?;
            return Ok(OutgoingAnswer { reply, ..outgoing });
        }
        let mut read = RuleRead::Whole;
        if endpoint.route.is_some() {
            read = self.prepare(service, incoming, endpoint, parameters).await?;
        }
        incoming.probe = preflight::ahead(service, incoming).await;
        let outgoing = service.call(incoming);
        if read == RuleRead::Refused {
            self.ledger.guess(&outgoing.request_id);
        }
        let outgoing = match &outgoing.reply {
            // The rules do not know this call, or this kind of thing.
            Err(refusal) if refusal.status == 501 => {
                self.ledger.guess(&outgoing.request_id);
                let reply = self.predict(incoming, endpoint).await?;
                OutgoingAnswer { reply, ..outgoing }
            }
            _ => outgoing,
        };
        if incoming.is_of_provisioning() {
            note_provisioned(&mut service.write(), incoming, &outgoing);
        } else {
            // What follows is seen by the next question, so that a plan is the same however fast it is made.
            worker::drain(service).await;
        }
        Ok(outgoing)
    }

    /// An API token that is not known here is shown to the real org: what its owner may do counts here too.
    async fn know_token(&self, service: &OrgService, incoming: &IncomingRequest<'_>) -> Result<(), String> {
        let Some(secret) = incoming.ssws() else {
            return Ok(());
        };
        let unknown = !sign_in::is_known(&service.read(), &secret) && !self.bearers().contains_key(&secret);
        if unknown {
            let bearer = self.upstream.with_token(SecretString::from(secret.clone()));
            let bearer = match bearer {
                Some(bearer) => begin::register_token(service, &*bearer, &secret).await?.then_some(bearer),
                None => None,
            };
            self.bearers().insert(secret, bearer);
        }
        Ok(())
    }

    fn bearers(&self) -> MutexGuard<'_, HashMap<String, Option<Arc<dyn UpstreamOrg>>>> {
        self.bearers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who reads for the caller of a request.
    fn upstream_of(&self, incoming: &IncomingRequest<'_>) -> (String, Arc<dyn UpstreamOrg>) {
        let own = incoming.ssws().and_then(|secret| {
            let bearer = self.bearers().get(&secret).cloned().flatten()?;
            Some((secret, bearer))
        });
        own.unwrap_or_else(|| (String::new(), Arc::clone(&self.upstream)))
    }
}

/// What provisioning did in this org as the hub of another.
fn note_provisioned(org: &mut SimulatedOrg, incoming: &IncomingRequest<'_>, outgoing: &OutgoingAnswer) {
    let Ok(answer) = &outgoing.reply else { return };
    let id = answer.body.as_ref().and_then(|body| body["id"].as_str());
    let path = incoming.path.trim_end_matches('/');
    org.guess(path.to_owned());
    if let Some(id) = id {
        org.guess(format!("{path}/{id}"));
    }
    // A lifecycle call changes the thing that it is a part of.
    if let Some((thing, _)) = path.split_once("/lifecycle/") {
        org.guess(thing.to_owned());
    }
}

fn unreachable(reason: &str) -> ApiRefusal {
    let cause = format!("the real org could not be read: {reason}");
    ApiRefusal::new(502, "E0000009", "Internal Server Error").cause(&cause)
}

/// An answer with a status and body that another server gave.
fn answer(status: u16, body: Value) -> ApiAnswer {
    ApiAnswer { status, body: (!body.is_null()).then_some(body), headers: Vec::new() }
}
