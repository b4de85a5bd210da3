//! `many`, `app_users`, `memberships`: many things of a kind at once, one by one or by pages, whichever takes fewer calls.

use std::any::TypeId;
use std::collections::HashSet;

use rhai::{Array, Dynamic, Engine, Map, NativeCallContext};
use serde_json::Value;

use super::arguments;
use super::batch::items_of;
use super::call_site::{CallSite, RaisedError};
use super::operation_functions::{AbsentAnswer, operation_of};
use super::org::{ScriptOrg, make_call};
use crate::okta::operations::{self, ResultKind};
use crate::okta::{ApiOperation, NextPage};
use crate::run::call::{ApiCall, ListPage};
use crate::run::page_walk::PageWalk;
use crate::script::call_context::CallContext;
use crate::script::value::from_answer;

/// Up to so many things are read one by one: a single read is fresher than a list, and a list may have any number of pages.
const FEW: usize = 25;

/// Operations of lists that take more than 200 items a page, with the most that Okta's documentation lets one page have.
const LONG_PAGES: &[(&str, i64)] =
    &[("list_application_users", 500), ("list_group_users", 1000), ("list_groups", 1000)];

pub(super) fn register(engine: &mut Engine) {
    let (org, any, text) = (TypeId::of::<ScriptOrg>(), TypeId::of::<Dynamic>(), TypeId::of::<rhai::ImmutableString>());
    engine.register_raw_fn("many", [org, text, any, any], |context, given| {
        let operation = given[1].flatten_clone().into_immutable_string().unwrap_or_default();
        many(&context, given, &operation, 2)
    });
    engine.register_raw_fn("app_users", [org, any], |context, given| all_app_users(&context, given));
    engine.register_raw_fn("app_users", [org, any, any], |context, given| {
        many(&context, given, "get_application_user", 1)
    });
    engine.register_raw_fn("memberships", [org, any, any], |context, given| memberships(&context, given));
}

/// The operation that lists what another one gets: of `get_application_user` it is `list_application_users`.
pub(in crate::script) fn list_beside(getter: &ApiOperation) -> Option<&'static ApiOperation> {
    let above = getter.path.strip_suffix('}')?.rsplit_once("/{")?.0;
    let lists = |operation: &&ApiOperation| operation.result == ResultKind::Array && !operation.is_write();
    operations::all().iter().find(|operation| operation.path == above && lists(operation))
}

/// Whether a function of that name reads many things of an org.
pub(in crate::script) fn calls_many(function: &str) -> bool {
    matches!(function, "many" | "app_users" | "memberships")
}

/// The operations that such a function may call; none where its getter is not known.
pub(in crate::script) fn operations_of_many(function: &str, getter: Option<&str>) -> Vec<&'static ApiOperation> {
    let names = match function {
        "app_users" => vec!["get_application_user", "list_application_users"],
        "memberships" => vec!["list_user_groups", "list_group_users"],
        _ => {
            let getter = getter.and_then(operation_of);
            return getter.into_iter().chain(getter.and_then(list_beside)).collect();
        }
    };
    names.into_iter().filter_map(operations::find).collect()
}

/// What is asked for: a getter, the arguments before the id, and ids.
struct ManyRequest<'a> {
    place: &'a CallSite,
    scene: &'a CallContext,
    org: ScriptOrg,
    getter: &'static ApiOperation,
    fixed: Array,
}

/// By id: what the operation gets of each of `ids`; who is not there has no entry. `fixed_at` is the place of the fixed arguments.
fn many(context: &NativeCallContext, given: &[&mut Dynamic], getter: &str, fixed_at: usize) -> RaisedError<Dynamic> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let found = operation_of(getter).filter(|operation| list_beside(operation).is_some());
    let Some(operation) = found else {
        return Err(
            place.usage(format!("many: `{getter}` gets nothing that a list has; name one such as \"get_user\""))
        );
    };
    let fixed = given[fixed_at].flatten_clone();
    let fixed = fixed.as_array_ref().map_or_else(|_| vec![fixed.clone()], |list| list.clone());
    let wanted = operation.path_parameters().len() - 1;
    if fixed.len() != wanted {
        return Err(place.usage(format!("many: {getter} takes {wanted} arguments before the id, not {}", fixed.len())));
    }
    let ids = ids_of(context, &place, given[fixed_at + 1])?;
    let request = ManyRequest { place: &place, scene: &scene, org: org_of(given), getter: operation, fixed };
    let found = if ids.len() <= FEW { request.each_alone(&ids)? } else { request.by_pages(&ids)? };
    Ok(found.into())
}

fn org_of(given: &[&mut Dynamic]) -> ScriptOrg {
    given[0].read_lock::<ScriptOrg>().map_or_else(|| ScriptOrg::new("", ""), |org| org.clone())
}

/// The ids of a list of ids or of things that have one. One without, as of a user who was not found, is left out.
fn ids_of(context: &NativeCallContext, place: &CallSite, given: &Dynamic) -> RaisedError<Vec<String>> {
    let items = items_of(given).ok_or_else(|| {
        place.usage(format!("{}: the last argument is a list of ids, or of things with an `id`", context.fn_name()))
    })?;
    let mut known = HashSet::new();
    let mut ids = Vec::new();
    for item in items? {
        let id = match item.as_map_ref() {
            Ok(map) => map.get("id").cloned().unwrap_or_default(),
            Err(_) => item.clone(),
        };
        match id.into_immutable_string() {
            Ok(id) if known.insert(id.clone()) => ids.push(id.to_string()),
            _ => {}
        }
    }
    Ok(ids)
}

impl ManyRequest<'_> {
    fn call(&self, operation: &'static ApiOperation, more: Option<Dynamic>) -> RaisedError<ApiCall> {
        let given: Array = self.fixed.iter().cloned().chain(more).collect();
        arguments::call(self.org.name(), operation, &given).map_err(|reason| self.place.usage(reason))
    }

    fn each_alone(&self, ids: &[String]) -> RaisedError<Map> {
        let mut found = Map::new();
        self.read_alone(ids, &mut found)?;
        Ok(found)
    }

    fn read_alone(&self, ids: &[String], found: &mut Map) -> RaisedError<()> {
        for id in ids {
            let call = self.call(self.getter, Some(id.clone().into()))?;
            let value = make_call(self.place, call, AbsentAnswer::Unit)?;
            if !value.is_unit() {
                found.insert(id.as_str().into(), value);
            }
        }
        Ok(())
    }

    /// Reads pages until all are found, or until the rest takes fewer calls one by one than were made.
    fn by_pages(&self, ids: &[String]) -> RaisedError<Map> {
        let Some(list) = list_beside(self.getter) else {
            return self.each_alone(ids);
        };
        let mut left: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut found = Map::new();
        let mut pages = ListedPages::of(self.scene, self.call(list, page_length(list))?);
        let mut read = 0;
        while let Some(items) = pages.next(self.place)? {
            read += 1;
            for item in items {
                if let Some(id) = item["id"].as_str()
                    && left.remove(id)
                {
                    found.insert(id.into(), pages.value(self.place, &item)?);
                }
            }
            if left.is_empty() {
                break;
            }
            if pages.may_go_on() && left.len() <= read {
                let rest: Vec<String> = ids.iter().filter(|id| left.contains(id.as_str())).cloned().collect();
                self.read_alone(&rest, &mut found)?;
                break;
            }
        }
        Ok(found)
    }
}

/// The longest page that a list gives, where it takes a length.
fn page_length(list: &ApiOperation) -> Option<Dynamic> {
    list.option_names().any(|option| option == "limit").then(|| {
        let long = LONG_PAGES.iter().find(|(name, _)| *name == list.name);
        Map::from([("limit".into(), long.map_or(200, |(_, length)| *length).into())]).into()
    })
}

/// All app users of an app, by the id of the user.
fn all_app_users(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Dynamic> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let list = operation(&place, "list_application_users")?;
    let arguments: Array = std::iter::once(given[1].flatten_clone()).chain(page_length(list)).collect();
    let call = arguments::call(org_of(given).name(), list, &arguments).map_err(|reason| place.usage(reason))?;
    let mut pages = ListedPages::of(&scene, call);
    let mut found = Map::new();
    while let Some(items) = pages.next(&place)? {
        for item in items {
            if let Some(id) = item["id"].as_str() {
                found.insert(id.into(), pages.value(&place, &item)?);
            }
        }
    }
    Ok(found.into())
}

/// By id of the user: which of the groups they are in, as a list of the groups' ids. Each user has an entry.
fn memberships(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Dynamic> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let users = ids_of(context, &place, given[1])?;
    let groups = ids_of(context, &place, given[2])?;
    let org = org_of(given);
    let few = users.len() <= FEW;
    let list = operation(&place, if few { "list_user_groups" } else { "list_group_users" })?;
    let (asked, wanted) = if few { (&users, &groups) } else { (&groups, &users) };
    let mut found: Vec<(String, String)> = Vec::new();
    let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    for id in asked {
        let arguments: Array = std::iter::once(id.clone().into()).chain(page_length(list)).collect();
        let call = arguments::call(org.name(), list, &arguments).map_err(|reason| place.usage(reason))?;
        let mut pages = ListedPages::of(&scene, call);
        while let Some(items) = pages.next(&place)? {
            let ids = items.iter().filter_map(|item| item["id"].as_str()).filter(|id| wanted.contains(id));
            let pair = |other: &str| if few { (id.clone(), other.to_owned()) } else { (other.to_owned(), id.clone()) };
            found.extend(ids.map(pair));
        }
    }
    let mut by_user: Map = users.iter().map(|user| (user.as_str().into(), Array::new().into())).collect();
    for (user, group) in found {
        if let Some(mut list) = by_user.get_mut(user.as_str()).and_then(Dynamic::write_lock::<Array>) {
            list.push(group.into());
        }
    }
    Ok(by_user.into())
}

fn operation(place: &CallSite, name: &str) -> RaisedError<&'static ApiOperation> {
    operations::find(name).ok_or_else(|| place.usage(format!("there is no operation {name}")))
}

/// The pages of a list, as JSON: of what is not wanted no value is made.
struct ListedPages<'a> {
    scene: &'a CallContext,
    call: ApiCall,
    walk: PageWalk,
    next: Option<NextPage>,
    begun: bool,
}

impl<'a> ListedPages<'a> {
    fn of(scene: &'a CallContext, call: ApiCall) -> Self {
        Self { scene, call, walk: PageWalk::default(), next: None, begun: false }
    }

    fn may_go_on(&self) -> bool {
        !self.begun || self.next.is_some()
    }

    fn next(&mut self, place: &CallSite) -> RaisedError<Option<Vec<Value>>> {
        if !self.may_go_on() {
            return Ok(None);
        }
        let page = self.scene.wait_for(self.scene.host.run.page(&self.scene.lane, &self.call, self.next.as_ref()));
        let page = page.map_err(|error| place.error(self.scene, error))?;
        self.walk.take(&self.call, &page).map_err(|error| place.error(self.scene, error))?;
        self.walk.let_go();
        self.begun = true;
        let ListPage { body, next } = page;
        self.next = next;
        match body {
            Value::Array(items) => Ok(Some(items)),
            _ => Err(place.usage(format!("{}: the answer is not a list", self.call.name()))),
        }
    }

    /// An item as a script has it, without the copy of the whole user or group that some lists come with.
    fn value(&self, place: &CallSite, item: &Value) -> RaisedError<Dynamic> {
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut() {
            fields.remove("_embedded");
        }
        from_answer(&item, &|secret| self.scene.host.run.learn_secret(secret))
            .map_err(|unfit| place.usage(format!("{}: the answer cannot be used: {unfit}", self.call.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_beside_what_is_gotten_is_found_by_its_path() {
        for (getter, list) in [
            ("get_application_user", Some("list_application_users")),
            ("get_user", Some("list_users")),
            ("get_group", Some("list_groups")),
            ("get_application_group_assignment", Some("list_application_group_assignments")),
            ("get_org_settings", None),
        ] {
            let found = operations::find(getter).and_then(list_beside).map(|operation| operation.name);
            assert_eq!(found, list, "{getter}");
        }
    }

    #[test]
    fn pages_are_as_long_as_okta_lets_them_be() {
        for (name, length) in LONG_PAGES {
            let list = operations::find(name).expect(name);
            let options = page_length(list).expect(name);
            let length = Dynamic::from(*length);
            assert_eq!(options.as_map_ref().unwrap()["limit"].as_int(), length.as_int(), "{name}");
        }
    }
}
