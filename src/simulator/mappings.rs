//! Profile mappings between an app and Okta, and what they make of a user's profile.
//!
//! Of Okta's expression language the simulator knows what default mappings use: attributes, quoted texts, and `+` between them.

use serde_json::{Map, Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::ids::IdMaker;
pub(super) use super::model::profile_mapping::{MappingDirection, ProfileMapping};
use super::pages::{self, PageSize};
use super::store::{SimulatedOrg, StoredApp, StoredUser};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/mappings", handler: RouteHandler::Read(list) },
    ApiRoute { method: "GET", pattern: "/api/v1/mappings/{mappingId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "POST", pattern: "/api/v1/mappings/{mappingId}", handler: RouteHandler::Write(update) },
];

const SIZE: PageSize = PageSize { default: 20, maximum: 200 };

/// Okta's attribute, the AD app's, and the directory's own name of it.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("firstName", "firstName", "givenName"),
    ("lastName", "lastName", "sn"),
    ("email", "email", "mail"),
    ("displayName", "displayName", "displayName"),
    ("department", "department", "department"),
    ("title", "title", "title"),
    ("mobilePhone", "mobilePhone", "mobile"),
];

/// Okta's attributes that default mappings map.
pub(super) fn attributes() -> impl Iterator<Item = &'static str> {
    ATTRIBUTES.iter().map(|(okta, ..)| *okta)
}

/// The mappings that an app starts with.
pub(super) fn defaults(ids: &mut IdMaker) -> Vec<ProfileMapping> {
    let rows = |expression: fn(&(&str, &str, &str)) -> (String, String)| {
        let entries = ATTRIBUTES.iter().map(expression);
        entries.map(|(target, text)| (target, json!({"expression": text, "pushStatus": "PUSH"}))).collect()
    };
    vec![
        ProfileMapping {
            id: ids.next("prm"),
            direction: MappingDirection::ToOkta,
            properties: rows(|(okta, app, _)| ((*okta).to_owned(), format!("appuser.{app}"))),
        },
        ProfileMapping {
            id: ids.next("prm"),
            direction: MappingDirection::ToApp,
            properties: rows(|(okta, app, _)| ((*app).to_owned(), format!("user.{okta}"))),
        },
    ]
}

/// Those of an app that another org tells of, as long as they were not read: nameless, for their ids are not known.
pub(super) fn unread_mappings() -> Vec<ProfileMapping> {
    let mut ids = IdMaker::new(0, "");
    let mut mappings = defaults(&mut ids);
    for mapping in &mut mappings {
        mapping.id.clear();
    }
    mappings
}

/// The name a user has in the app: for AD his local part in the domain (recorded template), otherwise what the app's template makes.
pub(super) fn user_name(app: &StoredApp, user: &StoredUser) -> String {
    let login = user.login();
    app.active_directory.as_ref().map_or_else(
        || by_template(app, user).unwrap_or_else(|| login.to_owned()),
        |directory| {
            let local = login.split('@').next().unwrap_or(login);
            format!("{local}@{}", directory.domain)
        },
    )
}

/// What `credentials.userNameTemplate` makes of a user's attributes; `None` where it has more than those in it, which is not modelled.
fn by_template(app: &StoredApp, user: &StoredUser) -> Option<String> {
    let credentials = app.document.get("credentials")?;
    let mut name = credentials["userNameTemplate"]["template"].as_str()?.to_owned();
    if !name.contains("${") {
        return None;
    }
    for attribute in user.profile.keys() {
        let value = user.attribute(attribute);
        let local = value.split('@').next().unwrap_or(value);
        name = name.replace(&format!("${{source.{attribute}}}"), value);
        let before = format!("${{fn:substringBefore(source.{attribute}, \"@\")}}");
        name = name.replace(&before, local);
    }
    (!name.contains("${")).then_some(name)
}

/// The app profile that the mappings give a user. Attributes he has not are null, as recorded.
pub(super) fn profile_for(app: &StoredApp, user: &StoredUser) -> Map<String, Value> {
    let mapped = to_app(app).map(|mapping| &mapping.properties);
    let entries = mapped.into_iter().flatten().map(|(name, rule)| {
        let value = rule["expression"].as_str().and_then(|text| evaluate(text, user));
        (name.clone(), value.map_or(Value::Null, Value::from))
    });
    entries.collect()
}

/// Brings the app user's mapped attributes up to the user's profile. True when something changed.
pub(super) fn apply(org: &mut SimulatedOrg, app: &str, user: &str) -> bool {
    let (Some(instance), Some(member)) = (org.apps.get_mut(app), org.users.get(user)) else {
        return false;
    };
    let pushed: Map<String, Value> =
        profile_for(instance, member).into_iter().filter(|(name, _)| is_pushed(instance, name)).collect();
    let user_name = user_name(instance, member);
    let Some(held) = instance.users.get_mut(user) else {
        return false;
    };
    let changed = pushed.iter().any(|(name, value)| held.profile.get(name).unwrap_or(&Value::Null) != value);
    held.profile.extend(pushed);
    // Assumed: an account that exists keeps the name it was found by.
    if held.external_id.is_none() {
        held.user_name = user_name;
    }
    changed
}

/// Whether the attribute follows the user's Okta profile at every push.
pub(super) fn is_pushed(app: &StoredApp, attribute: &str) -> bool {
    let rule = to_app(app).and_then(|mapping| mapping.properties.get(attribute));
    rule.is_some_and(|rule| rule["pushStatus"] == "PUSH")
}

pub(super) fn is_mapped(app: &StoredApp, attribute: &str) -> bool {
    to_app(app).is_some_and(|mapping| mapping.properties.contains_key(attribute))
}

/// The profile of an app user as attributes of the directory.
pub(super) fn ad_attributes(profile: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let present = ATTRIBUTES.iter().filter_map(|(_, app, ad)| {
        let value = profile.get(*app)?.as_str()?;
        Some((*ad, value.to_owned()))
    });
    present.filter(|(_, value)| !value.is_empty()).collect()
}

fn to_app(app: &StoredApp) -> Option<&ProfileMapping> {
    app.mappings.iter().find(|mapping| mapping.direction == MappingDirection::ToApp)
}

fn evaluate(expression: &str, user: &StoredUser) -> Option<String> {
    let mut text = String::new();
    for part in expression.split('+').map(str::trim) {
        match part.strip_prefix("user.") {
            Some(name) => text.push_str(user.attribute(name)),
            None => text.push_str(part.trim_matches('"')),
        }
    }
    (!text.is_empty()).then_some(text)
}

/// What an expression makes of an app user's attributes.
pub(super) fn of_app_user(expression: &str, attributes: &Value) -> String {
    let part = |part: &str| match part.strip_prefix("appuser.") {
        Some(name) => attributes[name].as_str().unwrap_or_default().to_owned(),
        None => part.trim_matches('"').to_owned(),
    };
    expression.split('+').map(str::trim).map(part).collect()
}

fn is_known(expression: &str, source: &str) -> bool {
    expression.split('+').map(str::trim).all(|part| {
        let quoted = part.len() >= 2 && part.starts_with('"') && part.ends_with('"');
        let name = part.strip_prefix(source).and_then(|rest| rest.strip_prefix('.'));
        quoted
            || name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    })
}

fn all(org: &SimulatedOrg) -> impl Iterator<Item = (&StoredApp, &ProfileMapping)> {
    org.apps.values().flat_map(|app| app.mappings.iter().map(move |mapping| (app, mapping)))
}

/// The links of this list drop `sourceId` and `targetId` (recorded): a client that follows them gets foreign mappings too.
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let wanted = |name: &str, id: &str| request.query(name).is_none_or(|wanted| wanted == id);
    let mut found: Vec<_> = all(org)
        .filter(|(app, mapping)| {
            let (source, target) = ends(org, app, mapping);
            wanted("sourceId", source) && wanted("targetId", target)
        })
        .collect();
    found.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
    pages::of_sorted(&request.for_pages(), SIZE, &found, |(app, mapping)| {
        let mut value = show(org, app, mapping, request);
        // The list leaves the properties out.
        if let Some(object) = value.as_object_mut() {
            object.shift_remove("properties");
        }
        value
    })
}

fn ends<'a>(org: &'a SimulatedOrg, app: &'a StoredApp, mapping: &ProfileMapping) -> (&'a str, &'a str) {
    match mapping.direction {
        MappingDirection::ToOkta => (&app.id, &org.user_type),
        MappingDirection::ToApp => (&org.user_type, &app.id),
    }
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    let found = all(org).find(|(_, mapping)| mapping.id == id);
    let (app, mapping) = found.ok_or_else(|| ApiRefusal::not_found(id, "ProfileMapping"))?;
    ApiAnswer::ok(show(org, app, mapping, request))
}

fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    let given = request.object()?.get("properties").and_then(Value::as_object).ok_or_else(ApiRefusal::malformed)?;
    let found = all(org).find(|(_, mapping)| mapping.id == id);
    let (app, mapping) = found.ok_or_else(|| ApiRefusal::not_found(id, "ProfileMapping"))?;
    for (name, rule) in given {
        check_rule(app, mapping.direction, name, rule)?;
    }
    let mappings = org.apps.values_mut().flat_map(|app| &mut app.mappings);
    let Some(mapping) = mappings.into_iter().find(|mapping| mapping.id == id) else {
        return get(org, request);
    };
    for (name, rule) in given {
        if rule.is_null() {
            mapping.properties.shift_remove(name);
        } else {
            mapping.properties.insert(name.clone(), rule.clone());
        }
    }
    get(org, request)
}

fn check_rule(app: &StoredApp, direction: MappingDirection, name: &str, rule: &Value) -> Result<(), ApiRefusal> {
    let target_is_known = match direction {
        MappingDirection::ToApp => super::schemas::is_defined(app, name),
        MappingDirection::ToOkta => ATTRIBUTES.iter().any(|(okta, ..)| *okta == name) || name == "login",
    };
    if !target_is_known && direction == MappingDirection::ToApp && app.schema_unread {
        return Err(ApiRefusal::not_modelled(&format!("the attribute {name:?} of an app whose schema cannot be read")));
    }
    if !target_is_known {
        let cause = format!("Invalid target field {name}");
        return Err(ApiRefusal::validation("updateMapping", &[&cause]));
    }
    if rule.is_null() {
        return Ok(());
    }
    let expression = rule["expression"].as_str().ok_or_else(ApiRefusal::malformed)?;
    if !matches!(rule["pushStatus"].as_str(), Some("PUSH" | "DONT_PUSH")) {
        return Err(ApiRefusal::malformed());
    }
    let source = if direction == MappingDirection::ToApp { "user" } else { "appuser" };
    if is_known(expression, source) {
        Ok(())
    } else {
        Err(ApiRefusal::not_modelled(&format!("the mapping expression {expression:?}")))
    }
}

fn show(org: &SimulatedOrg, app: &StoredApp, mapping: &ProfileMapping, request: &SignedInRequest) -> Value {
    let base = &request.base;
    let link = |path: String| json!({"href": format!("{base}/api/v1/{path}")});
    let app_end = json!({"id": app.id, "name": app.name, "type": "appuser", "_links": {
        "self": link(format!("apps/{}", app.id)), "schema": link(format!("meta/schemas/apps/{}/default", app.id))}});
    let user_end = json!({"id": org.user_type, "name": "user", "type": "user", "_links": {
        "self": link(format!("meta/types/user/{}", org.user_type)), "schema": link(format!("meta/schemas/user/{}", org.user_schema))}});
    let (source, target) = match mapping.direction {
        MappingDirection::ToOkta => (app_end, user_end),
        MappingDirection::ToApp => (user_end, app_end),
    };
    json!({"id": mapping.id, "source": source, "target": target, "properties": mapping.properties,
        "_links": {"self": link(format!("mappings/{}", mapping.id))}})
}
