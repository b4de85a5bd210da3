//! Calls that the simulator does not model, as REST says they go: PUT and POST merge into what is there, POST on a collection makes
//! something, DELETE takes it away. What they answer may be otherwise, and is noted as such.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::http::{ApiAnswer, ApiRefusal, ApiReply};
use super::super::ids::planned_id;
use super::super::json_patch;
use super::super::routes::{self, RouteEndpoint, RouteMatch};
use super::super::service::{IncomingRequest, OrgService, OutgoingAnswer};
use super::merge::{MergedThing, with_link};
use super::upstream::UpstreamAnswer;
use super::{OrgShadow, answer};

/// What predicted calls have changed.
#[derive(Default)]
pub(super) struct PredictedChanges {
    /// By path; `None` is gone.
    things: BTreeMap<String, Option<Value>>,
    /// Made in the collection of a path.
    made: BTreeMap<String, Vec<String>>,
    count: u32,
}

/// The part of a path after which an action is named, and the status that the action leaves.
const ACTIONS: &[(&str, &str)] = &[
    ("activate", "ACTIVE"),
    ("reactivate", "ACTIVE"),
    ("unsuspend", "ACTIVE"),
    ("resume", "ACTIVE"),
    ("deactivate", "INACTIVE"),
    ("suspend", "SUSPENDED"),
    ("pause", "PAUSED"),
];

impl PredictedChanges {
    /// Whether a thing or collection was changed by a predicted call.
    pub(super) fn concerns(&self, path: &str) -> bool {
        self.things.contains_key(path) || self.made.contains_key(path)
    }

    /// Lays over a thing what predicted calls made of it.
    pub(super) fn lay(&self, path: &str, thing: &mut Value) -> Option<MergedThing> {
        match self.things.get(path)? {
            None => Some(MergedThing::Gone),
            Some(now) => {
                thing.clone_from(now);
                Some(MergedThing::Changed)
            }
        }
    }

    /// Whether a path leads to, or below, something that a predicted call has made.
    pub(super) fn holds(&self, path: &str) -> bool {
        let made = |path: &str| {
            let collection = path.rsplit_once('/').map_or("", |(rest, _)| rest);
            let made = self.made.get(collection);
            made.is_some_and(|made| made.iter().any(|one| one == path))
        };
        let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
        ends.chain([path]).any(made)
    }

    fn make(&mut self, collection: &str, body: &Value) -> Value {
        self.count += 1;
        let id = planned_id("new", self.count);
        let mut thing = body.clone();
        if !thing.is_object() {
            thing = json!({});
        }
        thing["id"] = json!(id);
        let path = format!("{collection}/{id}");
        self.things.insert(path.clone(), Some(thing.clone()));
        self.made.entry(collection.to_owned()).or_default().push(path);
        thing
    }

    fn made_in(&self, collection: &str) -> Vec<Value> {
        let paths = self.made.get(collection).into_iter().flatten();
        paths.filter_map(|path| self.things.get(path)?.clone()).collect()
    }
}

impl OrgShadow {
    /// Answers a write that is not modelled.
    pub(super) async fn predict(
        &self,
        incoming: &IncomingRequest<'_>,
        endpoint: &RouteEndpoint,
    ) -> Result<ApiReply, String> {
        let path = incoming.path.trim_end_matches('/').to_owned();
        let body: Value = serde_json::from_slice(incoming.body).unwrap_or_default();
        if incoming.method == "POST" && is_collection(endpoint.pattern) {
            let made = self.prediction().make(&path, &body);
            return Ok(Ok(answer(200, made)));
        }
        if incoming.method == "DELETE" {
            self.prediction().things.insert(path, None);
            return Ok(ApiAnswer::no_content());
        }
        if let Some((thing, status)) = action(&path) {
            let mut now = self.there(thing).await?;
            now["status"] = json!(status);
            self.prediction().things.insert(thing.to_owned(), Some(now));
            return Ok(Ok(answer(200, json!({}))));
        }
        let before = self.there(&path).await?;
        match merge_body(before, &body) {
            Ok(now) => {
                self.prediction().things.insert(path, Some(now.clone()));
                Ok(Ok(answer(200, now)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The thing of a path as it is by now; empty when there is none, as of an action that is no thing.
    async fn there(&self, path: &str) -> Result<Value, String> {
        if let Some(thing) = self.prediction().things.get(path) {
            return Ok(thing.clone().unwrap_or_else(|| json!({})));
        }
        let readable = matches!(routes::ROUTES.find("GET", path), RouteMatch::Found(..));
        if !readable || path.split('/').any(super::super::ids::is_planned) {
            return Ok(json!({}));
        }
        let seen = self.ask("", &*self.upstream, path).await?;
        let is_thing = seen.status == 200 && seen.body.is_object();
        Ok(if is_thing { seen.body.clone() } else { json!({}) })
    }

    /// A read of what only predicted calls have made.
    pub(super) fn foretold(&self, service: &OrgService, incoming: &IncomingRequest<'_>) -> OutgoingAnswer {
        let nothing = UpstreamAnswer { status: 404, body: Value::Null, next: None };
        let reply = self.predicted(incoming, &nothing);
        let outgoing = service.give(answer(404, Value::Null));
        self.ledger.guess(&outgoing.request_id);
        OutgoingAnswer { reply, ..outgoing }
    }

    /// A read that is not modelled, with what predicted calls changed laid over it.
    pub(super) fn predicted(&self, incoming: &IncomingRequest<'_>, seen: &UpstreamAnswer) -> ApiReply {
        let path = incoming.path.trim_end_matches('/');
        let prediction = self.prediction();
        if let Some(thing) = prediction.things.get(path) {
            return match thing {
                Some(thing) => Ok(answer(200, thing.clone())),
                None => Err(ApiRefusal::not_found(path, "Resource")),
            };
        }
        let mut given = answer(seen.status, seen.body.clone());
        match &mut given.body {
            Some(Value::Array(items)) => {
                items.retain_mut(|item| {
                    let id = item["id"].as_str().unwrap_or_default();
                    let own = format!("{path}/{id}");
                    self.ledger.note_thing(&self.name, &own, item);
                    prediction.lay(&own, item) != Some(MergedThing::Gone)
                });
                if seen.next.is_none() {
                    items.extend(prediction.made_in(path));
                }
            }
            Some(thing) if seen.status == 200 => self.ledger.note_thing(&self.name, path, thing),
            _ => {}
        }
        Ok(with_link(given, seen))
    }
}

/// Whether things of their own are below a path.
fn is_collection(pattern: &str) -> bool {
    let below = format!("{pattern}/x");
    !pattern.ends_with('}')
        && ["GET", "PUT", "DELETE"].into_iter().any(|method| {
            matches!(routes::ROUTES.find(method, &below), RouteMatch::Found(endpoint, _)
                if endpoint.pattern.ends_with('}'))
        })
}

/// The thing that an action is about, and the status it has then.
fn action(path: &str) -> Option<(&str, &'static str)> {
    let (rest, verb) = path.rsplit_once('/')?;
    let (_, status) = ACTIONS.iter().find(|(name, _)| *name == verb)?;
    Some((rest.strip_suffix("/lifecycle").unwrap_or(rest), status))
}

fn merge_body(before: Value, body: &Value) -> Result<Value, ApiRefusal> {
    let mut now = before;
    if body.is_array() {
        return json_patch::apply(&mut now, Some(body)).map(|()| now);
    }
    lay_over(&mut now, body);
    Ok(now)
}

fn lay_over(into: &mut Value, body: &Value) {
    let Value::Object(fields) = body else { return };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    for (name, value) in fields {
        match &mut into[name] {
            field if field.is_object() && value.is_object() => lay_over(field, value),
            field => field.clone_from(value),
        }
    }
}
