//! `/simulator/`: what no Okta has. State, counters, options, faults; no token, no limits.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Map, Value, json};

use super::dump;
use super::faults::TrafficFault;
use super::http::{ApiAnswer, ApiRefusal, RouteHandler};
use super::log;
use super::options::OrgOptions;
use super::reply;
use super::routes::{self, RouteMatch};
use super::running_org::RunningOrg;
use super::service::{IncomingRequest, OrgService};

/// An answer of the control surface: status and body.
type ControlAnswer = (u16, Option<Value>);

/// Answers a request to the control surface.
pub(super) fn answer(served: &RunningOrg, incoming: &IncomingRequest) -> Response<Body> {
    served.service.settle_if_due();
    let (status, body) = dispatch(served, incoming);
    reply::of_control(status, body.as_ref())
}

fn dispatch(served: &RunningOrg, incoming: &IncomingRequest) -> ControlAnswer {
    let service = &*served.service;
    match (incoming.method, incoming.path.trim_end_matches('/')) {
        ("GET", "/simulator/state") => ok(dump::state(&service.read())),
        ("GET", "/simulator/tasks") => ok(dump::tasks(&service.read())),
        ("GET", "/simulator/log") => control_answer(log::all(&service.read())),
        ("GET", "/simulator/stranded") => ok(json!(service.read().stranded)),
        ("GET", "/simulator/requests") => ok(requests(service)),
        ("POST", "/simulator/requests/reset") => {
            *service.counters() = super::service::CallCounters::default();
            (204, None)
        }
        ("GET", "/simulator/shadow") => match &served.shadow {
            Some(shadow) => ok(shadow.ends(&service.read())),
            None => unknown(incoming),
        },
        ("GET", "/simulator/options") => options(&service.read().options),
        ("PATCH", "/simulator/options") => patch_options(service, incoming.body),
        ("POST", "/simulator/clock") => advance_clock(service, incoming.body),
        ("GET", "/simulator/faults") => faults(service),
        ("POST", "/simulator/faults") => add_faults(service, incoming.body),
        ("DELETE", "/simulator/faults") => {
            service.faults().clear();
            (204, None)
        }
        _ => on_org(service, incoming),
    }
}

/// What the resource modules add to the control surface.
fn on_org(service: &OrgService, incoming: &IncomingRequest) -> ControlAnswer {
    let (route, parameters) = match routes::CONTROL_ROUTES.find(incoming.method, incoming.path) {
        RouteMatch::Found(endpoint, parameters) => match endpoint.route {
            Some(route) => (route, parameters),
            None => return unknown(incoming),
        },
        RouteMatch::WrongMethod(_) => return refuse_control(405, "this path does not take this method"),
        RouteMatch::Unknown => return unknown(incoming),
    };
    let reply = incoming.request(parameters).and_then(|request| match route.handler {
        RouteHandler::Read(handler) => handler(&service.read(), &request),
        RouteHandler::Write(_) | RouteHandler::Form(_) => service.handle(&mut service.write(), route, &request),
    });
    control_answer(reply)
}

fn unknown(incoming: &IncomingRequest) -> ControlAnswer {
    let path = incoming.path;
    refuse_control(404, &format!("the simulator's control surface has no {path}"))
}

fn requests(service: &OrgService) -> Value {
    let counters = service.counters();
    let routes: Map<String, Value> = counters
        .by_route
        .iter()
        .map(|((method, pattern), count)| (format!("{method} {pattern}"), json!(count)))
        .collect();
    let total: u64 = counters.by_route.values().sum();
    json!({"total": total, "writes": counters.writes, "limited": counters.limited, "routes": routes})
}

fn options(options: &OrgOptions) -> ControlAnswer {
    match serde_json::to_value(options) {
        Ok(value) => ok(value),
        Err(error) => refuse_control(500, &error.to_string()),
    }
}

fn patch_options(service: &OrgService, body: &[u8]) -> ControlAnswer {
    let mut org = service.write();
    let merged = serde_json::from_slice::<Value>(body).and_then(|patch| {
        let mut value = serde_json::to_value(&org.options)?;
        merge(&mut value, patch);
        serde_json::from_value::<OrgOptions>(value)
    });
    match merged {
        Ok(merged) => {
            org.options = merged;
            service.settle(&mut org);
            options(&org.options)
        }
        Err(error) => refuse_control(400, &format!("these are no options: {error}")),
    }
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

fn advance_clock(service: &OrgService, body: &[u8]) -> ControlAnswer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(advance) = body["advanceMs"].as_i64() else {
        return refuse_control(400, "give the milliseconds to advance as `advanceMs`");
    };
    let mut org = service.write();
    org.clock_offset = org.clock_offset.saturating_add(advance);
    service.settle(&mut org);
    ok(json!({"now": super::wire::date(org.now()), "offsetMs": org.clock_offset}))
}

fn faults(service: &OrgService) -> ControlAnswer {
    match serde_json::to_value(&*service.faults()) {
        Ok(value) => ok(value),
        Err(error) => refuse_control(500, &error.to_string()),
    }
}

/// Takes one fault or a list of them; all or none.
fn add_faults(service: &OrgService, body: &[u8]) -> ControlAnswer {
    let parsed = serde_json::from_slice::<Value>(body).and_then(|value| match value {
        Value::Array(_) => serde_json::from_value::<Vec<TrafficFault>>(value),
        one => serde_json::from_value::<TrafficFault>(one).map(|fault| vec![fault]),
    });
    let ordered = match parsed {
        Ok(ordered) => ordered,
        Err(error) => return refuse_control(400, &format!("this is no fault: {error}")),
    };
    if let Some(reason) = ordered.iter().find_map(|fault| fault.check().err()) {
        return refuse_control(400, &reason);
    }
    service.faults().extend(ordered);
    faults(service)
}

fn ok(value: Value) -> ControlAnswer {
    (200, Some(value))
}

fn refuse_control(status: u16, reason: &str) -> ControlAnswer {
    (status, Some(json!({"error": reason})))
}

fn control_answer(reply: Result<ApiAnswer, ApiRefusal>) -> ControlAnswer {
    match reply {
        Ok(answer) => (answer.status, answer.body),
        Err(refusal) => {
            let causes = refusal.causes.join("; ");
            let summary = refusal.summary;
            refuse_control(refusal.status, format!("{summary} {causes}").trim_end())
        }
    }
}
