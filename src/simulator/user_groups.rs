//! What a user belongs to: groups, and apps as the dashboard shows them.

use serde_json::{Value, json};

use super::groups;
use super::http::{ApiAnswer, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::membership_lag;
use super::pages::{self, PageSize};
use super::store::{SimulatedOrg, StoredApp};
use super::users;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/users/{id}/groups", handler: RouteHandler::Read(list) },
    ApiRoute { method: "GET", pattern: "/api/v1/users/{id}/appLinks", handler: RouteHandler::Read(list_app_links) },
];

/// Shown in the `self` link, though without `limit` all groups come (recorded).
const SIZE: PageSize = PageSize { default: 200, maximum: 200 };

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find(org, request, request.parameter(0))?;
    let ids = membership_lag::groups_seen(org, user);
    let show = |id: &String| {
        let group = org.groups.get(id)?;
        membership_lag::is_seen(org, id).then(|| groups::show(org, &request.base, group))
    };
    if request.query("limit").is_some() || request.query("after").is_some() {
        return pages::of_set(request, SIZE, &ids, show);
    }
    pages::answer(request, SIZE.default, ids.iter().filter_map(show).collect(), None)
}

/// An AD instance has no links for the dashboard, so it never occurs.
fn list_app_links(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find(org, request, request.parameter(0))?;
    let assigned = org.apps.values().filter(|app| app.status == "ACTIVE" && app.users.contains_key(&user.id));
    let links: Vec<Value> = assigned
        .flat_map(|app| app_links(app, &request.base))
        .enumerate()
        .map(|(order, mut link)| {
            link["sortOrder"] = json!(order);
            link
        })
        .collect();
    ApiAnswer::ok(Value::Array(links))
}

fn app_links(app: &StoredApp, base: &str) -> Vec<Value> {
    let shown = app.document.get("visibility").and_then(|visibility| visibility["appLinks"].as_object());
    let names = shown.into_iter().flatten().filter(|(_, shown)| **shown == json!(true));
    names
        .map(|(name, _)| {
            json!({
                "id": format!("{}-{name}", app.id),
                "label": app.label,
                "linkUrl": format!("{base}/home/{}/{}/{name}", app.name, app.id),
                "logoUrl": null,
                "appName": app.name,
                "appInstanceId": app.id,
                "appAssignmentId": app.id,
                "credentialsSetup": false,
                "hidden": false,
            })
        })
        .collect()
}
