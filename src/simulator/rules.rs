//! Group rules: read and written. What they do to memberships is in `rule_membership`.

use serde_json::{Map, Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent, LogTarget};
use super::pages::{self, PageSize};
use super::rule_expression;
use super::rule_membership;
use super::store::{OktaId, SimulatedOrg, StoredRule};
use super::wire::date;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/groups/rules", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/groups/rules", handler: RouteHandler::Write(create) },
    ApiRoute { method: "GET", pattern: "/api/v1/groups/rules/{groupRuleId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "PUT", pattern: "/api/v1/groups/rules/{groupRuleId}", handler: RouteHandler::Write(replace) },
    ApiRoute { method: "DELETE", pattern: "/api/v1/groups/rules/{groupRuleId}", handler: RouteHandler::Write(delete) },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/groups/rules/{groupRuleId}/lifecycle/activate",
        handler: RouteHandler::Write(activate),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/groups/rules/{groupRuleId}/lifecycle/deactivate",
        handler: RouteHandler::Write(deactivate),
    },
];

const SIZE: PageSize = PageSize { default: 50, maximum: 200 };
/// Longest name of a rule, in characters.
const LONGEST_NAME: usize = 50;

/// `search` looks into names and into the ids and names of groups (assumed: as text, in any case).
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let search = request.query("search").unwrap_or_default().to_lowercase();
    let names = request.query("expand") == Some("groupIdToGroupNameMap");
    pages::of_map(request, SIZE, &org.rules, |rule| {
        is_found(org, rule, &search).then(|| {
            let mut shown = show(rule, &request.base);
            if names {
                shown["_embedded"] = json!({"groupIdToGroupNameMap": group_names(org, rule)});
            }
            shown
        })
    })
}

fn is_found(org: &SimulatedOrg, rule: &StoredRule, search: &str) -> bool {
    search.is_empty()
        || rule.name.to_lowercase().contains(search)
        || rule.groups().any(|id| {
            let group = org.groups.get(id);
            id.to_lowercase() == search || group.is_some_and(|group| group.name().to_lowercase().contains(search))
        })
}

fn group_names(org: &SimulatedOrg, rule: &StoredRule) -> Map<String, Value> {
    rule.groups()
        .filter_map(|id| {
            let group = org.groups.get(id)?;
            Some((id.to_owned(), Value::from(group.name())))
        })
        .collect()
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let rule = find(org, request.parameter(0))?;
    ApiAnswer::ok(show(rule, &request.base))
}

/// Assumed: the type named in a 404 is `GroupRule`.
fn find<'a>(org: &'a SimulatedOrg, id: &str) -> Result<&'a StoredRule, ApiRefusal> {
    org.rules.get(id).ok_or_else(|| ApiRefusal::not_found(id, "GroupRule"))
}

fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let draft = RuleDraft::read(org, request)?;
    let (id, now) = (org.ids.next("0pr"), org.now());
    let rule = StoredRule {
        id: id.clone(),
        name: draft.name,
        status: "INACTIVE".to_owned(),
        created: now,
        last_updated: now,
        conditions: draft.conditions,
        actions: draft.actions,
    };
    let shown = show(&rule, &request.base);
    org.rules.insert(id.clone(), rule);
    log_rule_change(org, request, &id, "group.user_membership.rule.evaluation", "Create group rule");
    ApiAnswer::ok(shown)
}

/// Only while the rule does nothing; its groups stay what they are.
fn replace(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let rule = find(org, request.parameter(0))?;
    if rule.status == "ACTIVE" {
        return Err(wrong_state());
    }
    let id = rule.id.clone();
    let draft = RuleDraft::read(org, request)?;
    if draft.actions != org.rules[&id].actions {
        return Err(ApiRefusal::validation("actions", &["actions: The actions of a group rule cannot be changed"]));
    }
    let now = org.now();
    if let Some(rule) = org.rules.get_mut(&id) {
        rule.name = draft.name;
        rule.conditions = draft.conditions;
        rule.last_updated = now;
        "INACTIVE".clone_into(&mut rule.status);
    }
    ApiAnswer::ok(show(&org.rules[&id], &request.base))
}

/// Asynchronous at Okta, hence 202; here it is done at once.
fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    if request.flag("removeUsers", false)? {
        rule_membership::take_back(org, &id);
    }
    org.rule_grants.remove(&id);
    log_rule_change(org, request, &id, "group.user_membership.rule.deactivated", "Delete group rule");
    org.rules.remove(&id);
    ApiAnswer::with_status(202, json!({}))
}

fn activate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    if org.rules[&id].status == "INVALID" {
        return Err(wrong_state());
    }
    set_status(org, &id, "ACTIVE");
    log_rule_change(org, request, &id, "group.user_membership.rule.trigger", "Group rule activated");
    rule_membership::evaluate_rule(org, &id);
    ApiAnswer::no_content()
}

/// Assumed: members that the rule has added stay.
fn deactivate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    if org.rules[&id].status == "INVALID" {
        return Err(wrong_state());
    }
    set_status(org, &id, "INACTIVE");
    log_rule_change(org, request, &id, "group.user_membership.rule.deactivated", "Group rule deactivated");
    ApiAnswer::no_content()
}

/// Assumed code for a rule in another state than the call takes.
fn wrong_state() -> ApiRefusal {
    ApiRefusal::new(403, "E0000107", "The entity is not in the expected state for the requested transition.")
}

fn set_status(org: &mut SimulatedOrg, id: &str, status: &str) {
    let now = org.now();
    if let Some(rule) = org.rules.get_mut(id) {
        status.clone_into(&mut rule.status);
        rule.last_updated = now;
    }
}

fn log_rule_change(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str, kind: &'static str, message: &str) {
    let Some(rule) = org.rules.get(id) else {
        return;
    };
    let event = LogEvent::new(kind, message).by(&request.principal).target(target(rule));
    log::record(org, event);
}

/// A rule as a target of an event.
pub(super) fn target(rule: &StoredRule) -> LogTarget {
    LogTarget {
        id: rule.id.clone(),
        kind: "GroupRule",
        alternate_id: "unknown".to_owned(),
        display_name: rule.name.clone(),
    }
}

/// What a body says of a rule, checked.
struct RuleDraft {
    name: String,
    conditions: Value,
    actions: Value,
}

impl RuleDraft {
    fn read(org: &SimulatedOrg, request: &SignedInRequest) -> Result<Self, ApiRefusal> {
        let body = request.object()?;
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(ApiRefusal::validation("name", &["errors in the field: name"]));
        }
        if body.get("type") != Some(&json!("group_rule")) {
            return Err(ApiRefusal::validation("type", &["errors in the field: type"]));
        }
        Ok(Self { name: name.to_owned(), conditions: conditions(body)?, actions: actions(org, body)? })
    }
}

fn conditions(body: &Map<String, Value>) -> Result<Value, ApiRefusal> {
    let given = body.get("conditions").unwrap_or(&Value::Null);
    let expression = given["expression"]["value"].as_str().unwrap_or_default();
    rule_expression::parse(expression)?;
    let excluded = |kind: &str| given["people"][kind]["exclude"].as_array().cloned();
    Ok(json!({
        "people": {
            "users": {"exclude": excluded("users").unwrap_or_default()},
            "groups": {"exclude": excluded("groups").unwrap_or_default()},
        },
        "expression": {"value": expression, "type": "urn:okta:expression:1.0"},
    }))
}

fn actions(org: &SimulatedOrg, body: &Map<String, Value>) -> Result<Value, ApiRefusal> {
    let given = body.get("actions").unwrap_or(&Value::Null);
    let ids: Vec<OktaId> = given["assignUserToGroups"]["groupIds"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let fits = |id: &OktaId| org.groups.get(id).is_some_and(|group| group.kind == "OKTA_GROUP");
    if ids.is_empty() || !ids.iter().all(fits) {
        return Err(ApiRefusal::validation("groupIds", &["errors in the field: groupIds"]));
    }
    Ok(json!({"assignUserToGroups": {"groupIds": ids}}))
}

impl StoredRule {
    /// The groups that the rule fills.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        let ids = self.actions["assignUserToGroups"]["groupIds"].as_array();
        ids.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether a person was excluded, by user id.
    pub(super) fn excludes(&self, user: &str) -> bool {
        let excluded = self.conditions["people"]["users"]["exclude"].as_array();
        excluded.is_some_and(|ids| ids.iter().any(|id| id == user))
    }
}

fn show(rule: &StoredRule, base: &str) -> Value {
    let path = format!("{base}/api/v1/groups/rules/{}", rule.id);
    let step = if rule.status == "ACTIVE" { "deactivate" } else { "activate" };
    let mut shown = json!({
        "type": "group_rule",
        "id": rule.id,
        "status": rule.status,
        "name": rule.name,
        "created": date(rule.created),
        "lastUpdated": date(rule.last_updated),
        "conditions": rule.conditions,
        "actions": rule.actions,
        "_links": {},
    });
    shown["_links"][step] = json!({"href": format!("{path}/lifecycle/{step}"), "hints": {"allow": ["POST"]}});
    shown
}
