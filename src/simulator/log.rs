//! The System Log: what happened, and its two ways of reading it.

use serde_json::{Value, json};

use super::filter::{self, FieldValue, FilterFields, TextCase};
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::pages::{self, PageSize};
use super::store::{EpochMillis, SimulatedOrg};
use super::wire;

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "GET", pattern: "/api/v1/logs", handler: RouteHandler::Read(list) }];

const SIZE: PageSize = PageSize { default: 100, maximum: 1000 };
const DAY: EpochMillis = 86_400_000;

/// Something that happened, before it gets its id and date.
pub(super) struct LogEvent {
    /// Such as `group.user_membership.add`; Okta's catalogue of event types names them all.
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// The user who did it; `None` is Okta itself.
    pub(super) actor: Option<String>,
    pub(super) targets: Vec<LogTarget>,
    /// Why it failed; `None` is success.
    pub(super) failure: Option<String>,
}

pub(super) struct LogTarget {
    pub(super) id: String,
    /// `User`, `UserGroup`, `AppInstance`, `AppUser`, …
    pub(super) kind: &'static str,
    pub(super) alternate_id: String,
    pub(super) display_name: String,
}

impl LogEvent {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), actor: None, targets: Vec::new(), failure: None }
    }

    /// Names the user who did it, by id.
    pub(super) fn by(mut self, actor: &str) -> Self {
        self.actor = Some(actor.to_owned());
        self
    }

    pub(super) fn failed(mut self, reason: impl Into<String>) -> Self {
        self.failure = Some(reason.into());
        self
    }

    pub(super) fn target(mut self, target: LogTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Adds a user of the org as target.
    pub(super) fn on_user(self, org: &SimulatedOrg, user: &str) -> Self {
        let Some(user) = org.users.get(user) else {
            return self;
        };
        self.target(LogTarget {
            id: user.id.clone(),
            kind: "User",
            alternate_id: user.login().to_owned(),
            display_name: user.display_name(),
        })
    }

    /// Adds a group of the org as target.
    pub(super) fn on_group(self, org: &SimulatedOrg, group: &str) -> Self {
        let Some(group) = org.groups.get(group) else {
            return self;
        };
        self.target(LogTarget {
            id: group.id.clone(),
            kind: "UserGroup",
            alternate_id: "unknown".to_owned(),
            display_name: group.name().to_owned(),
        })
    }

    /// Adds an app of the org as target.
    pub(super) fn on_app(self, org: &SimulatedOrg, app: &str) -> Self {
        let Some(app) = org.apps.get(app) else {
            return self;
        };
        self.target(LogTarget {
            id: app.id.clone(),
            kind: "AppInstance",
            alternate_id: app.label.clone(),
            display_name: app.name.clone(),
        })
    }
}

/// Writes an event into the org's log.
#[expect(clippy::needless_pass_by_value, reason = "an event is told once")]
pub(super) fn record(org: &mut SimulatedOrg, event: LogEvent) {
    let published = org.now();
    let value = show(org, &event, published);
    org.log.push(value);
}

fn show(org: &SimulatedOrg, event: &LogEvent, published: EpochMillis) -> Value {
    let targets: Vec<Value> = event.targets.iter().map(show_target).collect();
    json!({
        "uuid": uuid::Uuid::new_v4().to_string(),
        "published": published_at(published),
        "eventType": event.kind,
        "version": "0",
        "severity": if event.failure.is_some() { "WARN" } else { "INFO" },
        "legacyEventType": null,
        "displayMessage": event.message,
        "actor": show_actor(org, event.actor.as_deref()),
        "client": {"userAgent": show_user_agent(org), "zone": null, "device": null, "id": null, "ipAddress": null, "geographicalContext": null},
        "authenticationContext": {"authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
            "interface": null, "authenticationStep": 0, "externalSessionId": null},
        "outcome": {"result": if event.failure.is_some() { "FAILURE" } else { "SUCCESS" }, "reason": event.failure},
        "target": targets,
        "transaction": {"type": if event.actor.is_some() { "WEB" } else { "JOB" }, "id": org.transaction.as_deref().unwrap_or("unknown"), "detail": {}},
        "debugContext": {"debugData": {"requestId": org.transaction}},
        "securityContext": {"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null},
        "request": {"ipChain": []},
    })
}

/// Unlike other resources, the log's dates have real milliseconds.
fn published_at(at: EpochMillis) -> String {
    let date = wire::date(at);
    format!("{}.{:03}Z", date.trim_end_matches(".000Z"), at.rem_euclid(1000))
}

fn show_actor(org: &SimulatedOrg, actor: Option<&str>) -> Value {
    if let Some(client) = actor.and_then(|id| org.oauth.clients.get(id)) {
        return json!({"id": client.id, "type": "PublicClientApp", "alternateId": client.id, "displayName": client.label, "detailEntry": null});
    }
    match actor.and_then(|id| org.users.get(id)) {
        Some(user) => {
            json!({"id": user.id, "type": "User", "alternateId": user.login(), "displayName": user.display_name(), "detailEntry": null})
        }
        None => {
            json!({"id": "okta.system", "type": "SystemPrincipal", "alternateId": "system@okta.com", "displayName": "Okta System", "detailEntry": null})
        }
    }
}

/// Browser and system are told of browsers only.
fn show_user_agent(org: &SimulatedOrg) -> Value {
    org.user_agent
        .as_ref()
        .map_or(Value::Null, |agent| json!({"rawUserAgent": agent, "os": "Unknown", "browser": "UNKNOWN"}))
}

fn show_target(target: &LogTarget) -> Value {
    json!({"id": target.id, "type": target.kind, "alternateId": target.alternate_id, "displayName": target.display_name, "detailEntry": null})
}

/// What a reader of the log asks for.
struct LogQuery<'a> {
    since: EpochMillis,
    until: Option<EpochMillis>,
    filter: Option<filter::FilterExpression>,
    keywords: Vec<&'a str>,
    descending: bool,
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let query = read_query(org, request)?;
    let limit = pages::limit(request, SIZE)?;
    let after = match pages::cursor(request)? {
        None => None,
        Some(text) => {
            Some(text.parse::<usize>().map_err(|_| ApiRefusal::new(400, "E0000029", "Invalid paging request."))?)
        }
    };
    if query.descending {
        return backwards(org, request, &query, limit, after);
    }
    forwards(org, request, &query, limit, after)
}

/// Oldest first. Without `until` there is always a `next`, also on an empty page: a poller waits and follows it.
fn forwards(
    org: &SimulatedOrg,
    request: &SignedInRequest,
    query: &LogQuery,
    limit: usize,
    after: Option<usize>,
) -> ApiReply {
    let mut position = after.unwrap_or(0).min(org.log.len());
    let mut items = Vec::new();
    while items.len() < limit && position < org.log.len() {
        if query.holds(&org.log[position]) {
            items.push(org.log[position].clone());
        }
        position += 1;
    }
    let more = query.until.is_none() || org.log[position..].iter().any(|event| query.holds(event));
    let next = more.then(|| pages::encode(&position.to_string()));
    pages::answer(request, limit, items, next.as_deref())
}

fn backwards(
    org: &SimulatedOrg,
    request: &SignedInRequest,
    query: &LogQuery,
    limit: usize,
    after: Option<usize>,
) -> ApiReply {
    let mut position = after.unwrap_or(org.log.len()).min(org.log.len());
    let mut items = Vec::new();
    while items.len() < limit && position > 0 {
        position -= 1;
        if query.holds(&org.log[position]) {
            items.push(org.log[position].clone());
        }
    }
    let more = org.log[..position].iter().any(|event| query.holds(event));
    let next = more.then(|| pages::encode(&position.to_string()));
    pages::answer(request, limit, items, next.as_deref())
}

fn read_query<'a>(org: &SimulatedOrg, request: &'a SignedInRequest) -> Result<LogQuery<'a>, ApiRefusal> {
    let now = org.now();
    let since = read_date(request, "since")?;
    if since.is_some_and(|since| since < now - 180 * DAY) {
        return Err(invalid("The since parameter is over 180 days prior to the current day."));
    }
    let filter = request.query("filter").map(filter::parse).transpose()?;
    Ok(LogQuery {
        since: since.unwrap_or(now - 7 * DAY),
        until: read_date(request, "until")?,
        filter,
        keywords: read_keywords(request)?,
        descending: read_order(request)?,
    })
}

fn read_date(request: &SignedInRequest, name: &str) -> Result<Option<EpochMillis>, ApiRefusal> {
    let Some(text) = request.query(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    wire::parse_date(text).map(Some).ok_or_else(|| invalid(&format!("The {name} parameter is not a date.")))
}

fn read_keywords(request: &SignedInRequest) -> Result<Vec<&str>, ApiRefusal> {
    let keywords: Vec<&str> = request.query("q").unwrap_or_default().split_whitespace().collect();
    if keywords.len() > 10 {
        return Err(invalid("The q parameter has more than 10 keywords."));
    }
    Ok(keywords)
}

fn read_order(request: &SignedInRequest) -> Result<bool, ApiRefusal> {
    match request.query("sortOrder") {
        None | Some("" | "ASCENDING") => Ok(false),
        Some("DESCENDING") => Ok(true),
        Some(_) => Err(invalid("The sortOrder parameter is not supported.")),
    }
}

fn invalid(reason: &str) -> ApiRefusal {
    ApiRefusal::validation("logs", &[&format!("Invalid parameter: {reason}")])
}

impl LogQuery<'_> {
    fn holds(&self, event: &Value) -> bool {
        let published = event["published"].as_str().and_then(wire::parse_date);
        let published = published.unwrap_or_default();
        published >= self.since
            && self.until.is_none_or(|until| published < until)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(TextCase::Sensitive, &LogFields(event)))
            && self.has_keywords(event)
    }

    fn has_keywords(&self, event: &Value) -> bool {
        self.keywords.is_empty() || {
            let text = event.to_string().to_lowercase();
            self.keywords.iter().all(|keyword| text.contains(&keyword.to_lowercase()))
        }
    }
}

/// Any field of an event, by its path; an array offers each of its items.
struct LogFields<'a>(&'a Value);

impl FilterFields for LogFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
        let path: Vec<&str> = property.split('.').collect();
        walk(self.0, &path, found)
    }
}

fn walk(value: &Value, path: &[&str], found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
    if let Value::Array(items) = value {
        return items.iter().any(|item| walk(item, path, found));
    }
    let Some((first, rest)) = path.split_first() else {
        return found(FieldValue::of(value));
    };
    value.get(*first).is_some_and(|value| walk(value, rest, found))
}

/// All events, for the control surface.
pub(super) fn all(org: &SimulatedOrg) -> ApiReply {
    ApiAnswer::ok(Value::Array(org.log.clone()))
}
