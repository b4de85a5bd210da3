//! `/apps/{a}/group-push/mappings`: which groups are pushed to the hub.

use serde_json::{Map, Value, json};

use super::super::apps;
use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::jobs;
use super::super::log::{self, LogEvent};
use super::super::model::org2org_app::{GroupPush, Org2OrgApp};
use super::super::options::{AnswerStatus, DeleteActivePush, GroupPushRefusal, MissingPushType, RepeatedPush};
use super::super::pages::{self, PageSize};
use super::super::store::{JobKind, OktaId, SimulatedOrg, StoredApp};
use super::super::wire;
use super::{is_connected, queue};

pub(in crate::simulator) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/group-push/mappings", handler: RouteHandler::Read(list) },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/group-push/mappings",
        handler: RouteHandler::Write(create),
    },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/apps/{appId}/group-push/mappings/{mappingId}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "PATCH",
        pattern: "/api/v1/apps/{appId}/group-push/mappings/{mappingId}",
        handler: RouteHandler::Write(update),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/apps/{appId}/group-push/mappings/{mappingId}",
        handler: RouteHandler::Write(delete),
    },
];

const SIZE: PageSize = PageSize { default: 100, maximum: 1000 };

/// Group push is of Org2Org here; of other kinds it is not modelled.
fn part(app: &StoredApp) -> Result<&Org2OrgApp, ApiRefusal> {
    let part = app.org2org.as_ref();
    part.ok_or_else(|| ApiRefusal::not_modelled(&format!("group push of the application {:?}", app.name)))
}

fn find<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<(&'a StoredApp, &'a GroupPush), ApiRefusal> {
    let app = apps::find(org, request.parameter(0))?;
    let id = request.parameter(1);
    let push = part(app)?.pushes.get(id);
    let push = push.ok_or_else(|| ApiRefusal::not_found(id, kind(org)))?;
    Ok((app, push))
}

/// The type is not recorded.
fn kind(org: &SimulatedOrg) -> &'static str {
    match org.options.assumptions.missing_push_type {
        MissingPushType::GroupPushMapping => "GroupPushMapping",
        MissingPushType::AppInstance => "AppInstance",
    }
}

/// The links of this list drop the filters (recorded): a client that follows them gets other mappings too.
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let fits = |name: &str, value: &str| request.query(name).is_none_or(|wanted| wanted == value);
    let since = request.query("lastUpdated").map(wire::parse_date);
    let since = match since {
        Some(None) => return Err(refuse_push(org, "lastUpdated: is no date")),
        Some(since) => since,
        None => None,
    };
    pages::of_map(&request.for_pages(), SIZE, &part(app)?.pushes, |push| {
        let wanted = fits("sourceGroupId", &push.source)
            && fits("status", &push.status)
            && since.is_none_or(|since| push.last_updated > since);
        wanted.then(|| show(app, push, request))
    })
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let (app, push) = find(org, request)?;
    ApiAnswer::ok(show(app, push, request))
}

/// Dates of mappings are without milliseconds (recorded).
fn show(app: &StoredApp, push: &GroupPush, request: &SignedInRequest) -> Value {
    let date = |at| wire::date(at).replace(".000Z", "Z");
    let to = |path: String| wire::link(&request.base, &format!("/api/v1/{path}"));
    let mut value = json!({
        "created": date(push.created), "id": push.id, "lastUpdated": date(push.last_updated),
        "sourceGroupId": push.source, "status": push.status, "targetGroupId": push.target,
        "_links": {
            "app": to(format!("apps/{}", app.id)),
            "sourceGroup": to(format!("groups/{}", push.source)),
            "targetGroup": to(format!("groups/{}", push.target)),
        },
    });
    if let Some(at) = push.last_push {
        value["lastPush"] = date(at).into();
    }
    if let Some(error) = &push.error {
        value["errorSummary"] = error.as_str().into();
    }
    value
}

fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let app = apps::find(org, request.parameter(0))?;
    part(app)?;
    if !is_connected(app) {
        return Err(refuse_push(org, "Provisioning is not enabled for the app instance."));
    }
    let source = source(org, body)?;
    if let Some(present) = push_of_group(part(app)?, &source) {
        return match org.options.assumptions.repeated_push {
            RepeatedPush::Existing => ApiAnswer::ok(show(app, present, request)),
            RepeatedPush::Refuse => Err(refuse_push(org, "The group is already pushed to this application.")),
        };
    }
    let (target, name) = target(org, app, body)?;
    let status = status(org, body.get("status"))?.unwrap_or("ACTIVE");
    let push = insert(org, request, source, target, name, status);
    log_push(org, request, &push, "application.provision.group_push.mapping.created", "Group push mapping created");
    if status == "ACTIVE" {
        start(org, request.parameter(0), push.clone());
    }
    let (app, push) = find_push(org, request.parameter(0), &push)?;
    ApiAnswer::with_status(answer_status(org, 200, 201), show(app, push, request))
}

/// Recordings and the API description differ in the status of an answer.
fn answer_status(org: &SimulatedOrg, recorded: u16, described: u16) -> u16 {
    match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => recorded,
        AnswerStatus::Described => described,
    }
}

fn find_push<'a>(org: &'a SimulatedOrg, app: &str, push: &str) -> Result<(&'a StoredApp, &'a GroupPush), ApiRefusal> {
    let app = apps::find(org, app)?;
    let push = part(app)?.pushes.get(push);
    let push = push.ok_or_else(|| ApiRefusal::not_found("", kind(org)))?;
    Ok((app, push))
}

/// The mapping of a group; assumed: there is one for each group of an app.
fn push_of_group<'a>(part: &'a Org2OrgApp, source: &str) -> Option<&'a GroupPush> {
    part.pushes.values().find(|push| push.source == source)
}

/// Queues the push. A group that assigns users to the app, too, is pushed before they are provisioned: members may be missing (help page
/// on the prerequisites of group push).
fn start(org: &mut SimulatedOrg, app: &str, push: OktaId) {
    let source = org.apps.get(app).and_then(|app| {
        let push = app.org2org.as_ref()?.pushes.get(&push)?;
        app.groups.contains_key(&push.source).then_some(())
    });
    match source {
        Some(()) => jobs::queue_first(org, app, JobKind::PushGroup, push),
        None => queue(org, app, "", JobKind::PushGroup, push),
    }
}

fn source(org: &SimulatedOrg, body: &Map<String, Value>) -> Result<OktaId, ApiRefusal> {
    let id = body.get("sourceGroupId").and_then(Value::as_str);
    let id = id.ok_or_else(|| refuse_push(org, "sourceGroupId: The field cannot be left blank"))?;
    if !org.groups.contains_key(id) {
        return Err(ApiRefusal::not_found(id, "UserGroup"));
    }
    Ok(id.to_owned())
}

/// The target by id, or a name for it; exactly one of both.
fn target(
    org: &SimulatedOrg,
    app: &StoredApp,
    body: &Map<String, Value>,
) -> Result<(Option<OktaId>, String), ApiRefusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, name) = (text("targetGroupId"), text("targetGroupName"));
    match (id.is_empty(), name.is_empty()) {
        (true, false) => Ok((None, name.to_owned())),
        (false, true) => {
            let known = part(app)?.imported.contains_key(id);
            let group = org.groups.get(id).filter(|_| known);
            let group = group.ok_or_else(|| ApiRefusal::not_found(id, "UserGroup"))?;
            Ok((Some(id.to_owned()), group.name().to_owned()))
        }
        _ => Err(refuse_push(org, "Exactly one of targetGroupId and targetGroupName must be given.")),
    }
}

fn status(org: &SimulatedOrg, given: Option<&Value>) -> Result<Option<&'static str>, ApiRefusal> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text == "ACTIVE" => Ok(Some("ACTIVE")),
        Some(Value::String(text)) if text == "INACTIVE" => Ok(Some("INACTIVE")),
        Some(_) => Err(refuse_push(org, "status: must be ACTIVE or INACTIVE")),
    }
}

fn insert(
    org: &mut SimulatedOrg,
    request: &SignedInRequest,
    source: OktaId,
    target: Option<OktaId>,
    name: String,
    status: &str,
) -> OktaId {
    let (id, now) = (org.ids.next("gPm"), org.now());
    // The target's id in this org is there at once, before the hub has the group (release notes).
    let target_given = target.is_some();
    let of_target = target.clone().unwrap_or_else(|| org.ids.next("00g"));
    let Some(part) = org.apps.get_mut(request.parameter(0)).and_then(|app| app.org2org.as_mut()) else {
        return id;
    };
    let hub_group = target.and_then(|target| part.imported.get(&target).cloned().flatten());
    let push = GroupPush {
        id: id.clone(),
        source,
        target: of_target,
        name,
        unseen: target_given && hub_group.is_none(),
        hub_group,
        status: status.to_owned(),
        error: None,
        created: now,
        last_updated: now,
        last_push: None,
    };
    part.pushes.insert(id.clone(), push);
    id
}

fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let status = status(org, request.object()?.get("status"))?;
    let status = status.ok_or_else(|| refuse_push(org, "status: The field cannot be left blank"))?;
    let (_, push) = find(org, request)?;
    let (id, former) = (push.id.clone(), push.status.clone());
    let now = org.now();
    if let Some(push) = super::push_targets::push_mut(org, request.parameter(0), &id) {
        status.clone_into(&mut push.status);
        push.error = None;
        push.last_updated = now;
    }
    if status == "ACTIVE" && former != "ACTIVE" {
        log_push(org, request, &id, "application.provision.group_push.activate_mapping", "Activate group push mapping");
        start(org, request.parameter(0), id);
    } else if status == "INACTIVE" {
        log_push(
            org,
            request,
            &id,
            "application.provision.group_push.deactivate_mapping",
            "Deactivate group push mapping",
        );
    }
    get(org, request)
}

/// The group of the hub stays, or is deleted there when that is asked for.
fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    if request.query("deleteTargetGroup").is_none() {
        return Err(ApiRefusal::new(400, "E0000028", "The request is missing a required parameter."));
    }
    let with_target = request.flag("deleteTargetGroup", false)?;
    let (_, push) = find(org, request)?;
    let refuses = org.options.assumptions.delete_active_push == DeleteActivePush::Refuse;
    if push.status == "ACTIVE" && refuses {
        return Err(refuse_push(org, "An active group push mapping cannot be deleted; deactivate it first."));
    }
    let (id, hub_group) = (push.id.clone(), push.hub_group.clone());
    log_push(org, request, &id, "application.provision.group_push.removed", "Remove group push mapping");
    let app = request.parameter(0);
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.pushes.remove(&id);
    }
    if let Some(group) = hub_group.filter(|_| with_target) {
        queue(org, app, "", JobKind::DeleteGroup, group);
    }
    match answer_status(org, 200, 204) {
        204 => ApiAnswer::no_content(),
        status => Ok(ApiAnswer { status, body: None, headers: Vec::new() }),
    }
}

/// Which code these refusals have is not recorded.
fn refuse_push(org: &SimulatedOrg, cause: &str) -> ApiRefusal {
    match org.options.assumptions.group_push_refusal {
        GroupPushRefusal::Validation => ApiRefusal::validation("groupPushMapping", &[cause]),
        GroupPushRefusal::BadRequest => ApiRefusal::new(400, "E0000027", "Bad request.").cause(cause),
    }
}

fn log_push(org: &mut SimulatedOrg, request: &SignedInRequest, push: &str, kind: &'static str, words: &str) {
    let app = request.parameter(0);
    let source = find_push(org, app, push).map(|(_, push)| push.source.clone());
    let event = LogEvent::new(kind, words).by(&request.principal).on_app(org, app);
    let event = match source {
        Ok(source) => event.on_group(org, &source),
        Err(_) => event,
    };
    log::record(org, event);
}
