//! Org handles: every operation of the API as a method, and calls by path for what the table lacks.

use std::any::TypeId;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rhai::{Dynamic, Engine, NativeCallContext};
use serde_json::Value;

use super::arguments;
use super::call_site::{CallSite, RaisedError};
use super::list::ScriptList;
use super::operation_functions::{AbsentAnswer, OperationFunction, operation_functions};
use crate::okta::operations::{self, ResultKind};
use crate::okta::{ApiOperation, HttpMethod};
use crate::run::call::{ApiCall, CallAction};
use crate::run::plural::count_noun;
use crate::run::{CallError, REDACTED, WriteResult};
use crate::script::secret::SecretValue;
use crate::script::value::{from_answer, to_request};

/// An org as scripts hold it: by its name in the runbook.
#[derive(Clone, Debug)]
pub struct ScriptOrg {
    name: Arc<str>,
    url: Arc<str>,
}

impl ScriptOrg {
    pub fn new(name: &str, url: &str) -> Self {
        Self { name: name.into(), url: url.into() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<ScriptOrg>("Org")
        .register_get("name", |org: &mut ScriptOrg| org.name.to_string())
        .register_get("url", |org: &mut ScriptOrg| org.url.to_string())
        .register_fn("to_string", |org: &mut ScriptOrg| format!("{} ({})", org.name, org.url))
        .register_fn("to_debug", |org: &mut ScriptOrg| format!("{} ({})", org.name, org.url));
    engine.register_fn("cost", cost);
    engine.register_fn("with_token", with_token);
    engine.register_fn("organization_at", organization_at);
    for function in operation_functions() {
        register_operation(engine, function);
    }
    for method in METHODS {
        for count in 1..=3 {
            register_direct(engine, method, count);
        }
    }
}

/// With and without the last map.
fn register_operation(engine: &mut Engine, function: &'static OperationFunction) {
    let OperationFunction { name, operation, absent } = function;
    let paths = operation.path_parameters().len();
    let most = paths + usize::from(operation.takes_options());
    for count in paths..=most {
        engine.register_raw_fn(name, types(count), move |context, arguments| {
            let place = CallSite::of(&context);
            let (org, given) = receiver(arguments);
            let call = arguments::call(&org.name, operation, &given)
                .map_err(|reason| place.usage(explain_call(function, &org, &reason)))?;
            make_call(&place, call, *absent)
        });
    }
}

fn explain_call(function: &OperationFunction, org: &ScriptOrg, reason: &str) -> String {
    format!("{}: {reason}; it is {}", function.name, function.signature(&org.name))
}

fn types(count: usize) -> Vec<TypeId> {
    std::iter::once(TypeId::of::<ScriptOrg>()).chain(std::iter::repeat_n(TypeId::of::<Dynamic>(), count)).collect()
}

fn receiver(arguments: &mut [&mut Dynamic]) -> (ScriptOrg, Vec<Dynamic>) {
    let given = arguments[1..].iter().map(|value| (**value).flatten_clone()).collect();
    let org = arguments[0].read_lock::<ScriptOrg>().map(|org| org.clone());
    (org.unwrap_or_else(|| ScriptOrg::new("", "")), given)
}

/// Makes a call, by what its operation is: a list, a read, or a write.
pub(super) fn make_call(place: &CallSite, call: ApiCall, absent: AbsentAnswer) -> RaisedError<Dynamic> {
    let scene = place.scene()?;
    let is_list = matches!(call.action, CallAction::Operation(operation) if operation.result == ResultKind::Array);
    if is_list && !call.is_write() {
        return Ok(Dynamic::from(ScriptList::of(call)));
    }
    let body = if call.is_write() {
        scene.wait_for(scene.host.run.perform(&scene.lane, &call)).map(|done| with_lost_secrets(&call, done))
    } else {
        scene.wait_for(scene.host.run.read(&scene.lane, &call))
    };
    let body = match body {
        Err(error) if absent == AbsentAnswer::Unit && is_absent(&error) => return Ok(Dynamic::UNIT),
        body => body.map_err(|error| place.error(&scene, error))?,
    };
    from_answer(&body, &|secret| scene.host.run.learn_secret(secret))
        .map_err(|unfit| place.usage(format!("{}: the answer cannot be used: {unfit}", call.name())))
}

/// Whether the org itself answers that there is no such thing: a 404 of what stands before it is none of Okta's.
fn is_absent(error: &CallError) -> bool {
    matches!(error, CallError::Okta(refusal) if refusal.source.status() == Some(404) && refusal.source.api().is_some())
}

/// Answers that have a secret which nothing reads again, where the call says `sendEmail: false`.
const ONE_TIME: &[(&str, &[&str])] = &[
    ("activate_user", &["activationToken", "activationUrl"]),
    ("reactivate_user", &["activationToken", "activationUrl"]),
    ("reset_password", &["resetPasswordUrl"]),
    ("forgot_password", &["resetPasswordUrl"]),
];

/// What was done. Where its answer was lost it was seen to have happened, and what stands for the answer lacks what only the answer had:
/// a secret that nobody knows, not a field that is not there.
fn with_lost_secrets(call: &ApiCall, done: WriteResult) -> Value {
    let name = call.name();
    let mut value = done.value;
    let shows = call.query.iter().any(|(name, value)| name == "sendEmail" && value == "false");
    let fields = ONE_TIME.iter().find(|(operation, _)| *operation == name);
    if let (true, true, Some((_, fields)), Some(answer)) = (done.changed, shows, fields, value.as_object_mut())
        && fields.iter().all(|field| !answer.contains_key(*field))
    {
        answer.extend(fields.iter().map(|field| ((*field).to_owned(), REDACTED.into())));
    }
    value
}

/// The org as it is to who has this API token: to be read only, such as to see whose the token is.
fn with_token(context: NativeCallContext, org: &mut ScriptOrg, token: Dynamic) -> RaisedError<ScriptOrg> {
    let place = CallSite::of(&context);
    let scene = place.scene()?;
    let Some(token) = token.read_lock::<SecretValue>().map(|token| token.clone()) else {
        return Err(place.usage("with_token takes a secret: a parameter of type \"secret\""));
    };
    let token =
        token.expose().map(str::to_owned).map_err(|missing| place.usage(format!("with_token needs {missing}")))?;
    let name = scene.host.run.with_token(&org.name, token.into());
    let name = name.map_err(|error| place.error(&scene, error))?;
    Ok(ScriptOrg::new(&name, &org.url))
}

/// Id of the org that answers at an address that an org or an app names, () when none does. No credentials go along.
fn organization_at(context: NativeCallContext, url: &str) -> RaisedError<Dynamic> {
    let place = CallSite::of(&context);
    let scene = place.scene()?;
    let found = scene.wait_for(scene.host.run.organization_at(&scene.lane, url));
    let found = found.map_err(|error| place.error(&scene, error))?;
    Ok(found.as_str().map_or(Dynamic::UNIT, |id| id.to_owned().into()))
}

/// What many calls of a path cost, in words: how long they take under the org's limits.
fn cost(context: NativeCallContext, org: &mut ScriptOrg, path: &str, calls: i64) -> RaisedError<String> {
    let scene = CallSite::of(&context).scene()?;
    let calls = u64::try_from(calls).unwrap_or_default();
    Ok(match scene.host.run.estimate(&org.name, HttpMethod::Post, path, calls) {
        None => format!("about {} of {path}", count_noun(calls, "call")),
        Some((share, time)) if time.is_zero() => {
            let calls = count_noun(calls, "call");
            format!("about {calls} of {path}, within the {share} a minute that are ours")
        }
        Some((share, time)) => format!(
            "about {} of {path}, {} min at {share} a minute",
            count_noun(calls, "call"),
            time.as_secs().div_ceil(60)
        ),
    })
}

const METHODS: [HttpMethod; 5] =
    [HttpMethod::Get, HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete];

/// `okta.get(path[, query])`, `okta.delete(path[, query])`, `okta.post(path[, body[, query]])` and so on.
fn register_direct(engine: &mut Engine, method: HttpMethod, count: usize) {
    let has_body = !matches!(method, HttpMethod::Get | HttpMethod::Delete);
    if count == 3 && !has_body {
        return;
    }
    let direct = move |context: NativeCallContext, arguments: &mut [&mut Dynamic]| {
        let place = CallSite::of(&context);
        let (org, given) = receiver(arguments);
        let call = by_path(&org, method, has_body, &given)
            .map_err(|reason| place.usage(format!("{}: {reason}", method.as_str().to_lowercase())))?;
        if call.is_write() || matches!(call.action, CallAction::Operation(_)) {
            return make_call(&place, call, AbsentAnswer::Error);
        }
        unlisted_read(&place, call)
    };
    engine.register_raw_fn(method.as_str().to_lowercase(), types(count), direct);
}

/// What the table lacks may be a list or not: the answer tells.
fn unlisted_read(place: &CallSite, call: ApiCall) -> RaisedError<Dynamic> {
    let scene = place.scene()?;
    let page =
        scene.wait_for(scene.host.run.page(&scene.lane, &call, None)).map_err(|error| place.error(&scene, error))?;
    let unfit = |unfit| place.usage(format!("get: the answer cannot be used: {unfit}"));
    if page.body.is_array() {
        return ScriptList::begun(&scene, call, page).map(Dynamic::from).map_err(unfit);
    }
    from_answer(&page.body, &|secret| scene.host.run.learn_secret(secret)).map_err(unfit)
}

fn by_path(org: &ScriptOrg, method: HttpMethod, has_body: bool, given: &[Dynamic]) -> Result<ApiCall, String> {
    let path = given
        .first()
        .and_then(|path| path.as_immutable_string_ref().ok().map(|path| path.to_string()))
        .ok_or("the first argument is a path such as \"/api/v1/org\"")?;
    check_path(&path)?;
    let (body, query) = if has_body { (given.get(1), given.get(2)) } else { (None, given.get(1)) };
    let (action, arguments) = match find_operation(method, &path) {
        Some((operation, arguments)) => (CallAction::Operation(operation), arguments),
        None => (CallAction::Direct(method), Vec::new()),
    };
    Ok(ApiCall {
        org: org.name.to_string(),
        action,
        arguments,
        path,
        query: query.map(query_of).transpose()?.unwrap_or_default(),
        body: body.filter(|body| !body.is_unit()).map(to_request).transpose().map_err(|unfit| unfit.to_string())?,
    })
}

fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(format!("a path begins with one `/`, `{path}` does not"));
    }
    if path.contains(['?', '#']) {
        return Err(format!("give the query as a map after the path: `{path}`"));
    }
    // What a server may read as another path would be judged as one and carried out as the other.
    if path.split('/').skip(1).any(str::is_empty) {
        return Err(format!("`{path}` has an empty part: leave out the `/` too many"));
    }
    if path.contains(';') {
        return Err(format!("`{path}` has a `;`: write %3B where it is part of a name"));
    }
    // What the URL parser reads as `/` and `..` too would be judged as one path and sent as another.
    let decoded = |segment: &str| percent_decode_str(segment).collect::<Vec<u8>>();
    let is_dots = |segment: &str| matches!(decoded(segment).as_slice(), b"." | b"..");
    if path.contains('\\') || path.contains(char::is_control) || path.split('/').any(is_dots) {
        return Err(format!("`{path}` leads elsewhere"));
    }
    Ok(())
}

fn query_of(query: &Dynamic) -> Result<Vec<(String, String)>, String> {
    let query = query.as_map_ref().map_err(|_| "the query is a map such as #{ limit: 20 }".to_owned())?;
    let entries = query.iter().map(|(name, value)| arguments::query_value(name, value));
    Ok(entries.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The operation of that method and path, with the values of its path parameters: it then looks before it writes, like any other.
/// A path without parameters wins (`/api/v1/users/me` is none of the table's, `/api/v1/apps/user/types` would be).
pub(in crate::script) fn find_operation(
    method: HttpMethod,
    path: &str,
) -> Option<(&'static ApiOperation, Vec<String>)> {
    let matching = operations::all()
        .iter()
        .filter(|operation| operation.method == method)
        .filter_map(|operation| match_template(operation.path, path).map(|values| (operation, values)));
    matching.min_by_key(|(_, values)| values.len())
}

fn match_template(template: &str, path: &str) -> Option<Vec<String>> {
    if template.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut values = Vec::new();
    for (wanted, found) in template.split('/').zip(path.split('/')) {
        // A server decodes the words of a path too, and may take capitals for them.
        let decoded = percent_decode_str(found).decode_utf8().ok()?;
        if wanted.starts_with('{') && !found.is_empty() {
            values.push(decoded.into_owned());
        } else if !wanted.eq_ignore_ascii_case(&decoded) {
            return None;
        }
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_table_is_its_operation() {
        let (operation, values) =
            find_operation(HttpMethod::Put, "/api/v1/groups/00g1/users/a%40b").expect("an operation");
        assert_eq!(operation.name, "assign_user_to_group");
        assert_eq!(values, ["00g1", "a@b"]);
        assert!(find_operation(HttpMethod::Get, "/api/v1/nothing/like/it").is_none());
        assert!(find_operation(HttpMethod::Put, "/api/v1/groups//users/u").is_none());
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "api/v1/org",
            "//evil.example/",
            "/api/v1/users?limit=1",
            "/api/../oauth2",
            "/a#b",
            "/api/v1/directories/a/groups/%2e%2E/query",
            "/api/v1/x\\..\\groups",
            "/api/v1/.\t./groups",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
        assert!(check_path("/api/v1/org").is_ok());
    }
}
