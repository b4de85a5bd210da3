//! What may stand inside of quotes: modules, and names of the org's objects.

use rustyline::completion::Pair;

use super::{SessionCompletion, beginning, pair};
use crate::repl::completion_cache::{NamedThing, ThingKind};
use crate::script::bindings::operation_of;
use crate::script::cursor_context::{CursorPlace, OpenCall};

impl SessionCompletion {
    pub(super) fn texts(&self, before: &str, after: &str, place: &CursorPlace) -> Vec<Pair> {
        if before[..place.start.saturating_sub(1)].trim_end().ends_with("import") {
            let modules = self.library.modules().unwrap_or_default();
            return beginning(modules.iter().map(|name| pair(name, name)), &place.typed);
        }
        let called = place.call.as_ref().and_then(|call| call.path.last());
        if called.is_some_and(|name| name == "directory") {
            return self.domains(after, quote(before, place), &place.typed);
        }
        let unit = place.typed.to_ascii_uppercase().starts_with("OU=");
        let wanted = place.call.as_ref().and_then(|call| self.wanted(call));
        let (thing, as_id) = match (unit, wanted) {
            (true, _) => (ThingKind::Unit, false),
            (false, Some(wanted)) => wanted,
            (false, None) => return Vec::new(),
        };
        let org = place.call.as_ref().and_then(|call| call.path.first().filter(|name| self.orgs.contains(name)));
        let org = org.or(self.orgs.first()).cloned().unwrap_or_default();
        let mut known = self.known.borrow_mut();
        if let Ok(session) = self.session.try_borrow() {
            known.look_up(&session, &org, thing, &place.typed);
        }
        let offered = known.beginning(&org, thing, &place.typed);
        let only = offered.names.len() == 1 && !offered.more;
        let end = if only && after.is_empty() { quote(before, place) } else { "" };
        let show = |named: &&NamedThing| {
            let display =
                if named.id == named.name { named.name.clone() } else { format!("{}  {}", named.name, named.id) };
            // An id would take the place of the letters typed: only when there is no other choice.
            let replacement = if as_id && only { &named.id } else { &named.name };
            pair(&display, &format!("{replacement}{end}"))
        };
        let mut pairs: Vec<Pair> = offered.names.iter().map(show).collect();
        if offered.more {
            // It replaces nothing: that those shown have more letters in common says nothing of the others.
            pairs.push(pair("… and more: type on", &place.typed));
        }
        pairs
    }

    fn domains(&self, after: &str, quote: &str, typed: &str) -> Vec<Pair> {
        let session = self.session.borrow();
        let domains = session.domains().iter().map(String::as_str);
        let fitting: Vec<&str> = domains.filter(|domain| domain.starts_with(typed)).collect();
        let end = if fitting.len() == 1 && after.is_empty() { quote } else { "" };
        let show = |domain: &&str| pair(domain, &format!("{domain}{end}"));
        fitting.iter().map(show).collect()
    }

    /// What a string argument names, and whether the call takes its id.
    fn wanted(&self, call: &OpenCall) -> Option<(ThingKind, bool)> {
        let name = call.path.last()?;
        if let Some(operation) = operation_of(name) {
            let parameters = operation.path_parameters();
            return Some(match *parameters.get(call.argument)? {
                "groupId" => (ThingKind::Group, true),
                "appId" => (ThingKind::App, true),
                "userId" => (ThingKind::User, false),
                "id" if operation.path.starts_with("/api/v1/users/") => (ThingKind::User, false),
                _ => return None,
            });
        }
        let signature = self.signature_of(name).unwrap_or_default();
        let parameters = signature.split_once('(').map_or("", |(_, rest)| rest);
        let parameter = parameters.split(',').nth(call.argument).unwrap_or_default();
        let words = format!("{name} {parameter}").to_lowercase();
        let has = |word: &str| words.contains(word);
        if has("group") {
            Some((ThingKind::Group, false))
        } else if has("user") || has("login") || has("people") {
            Some((ThingKind::User, false))
        } else if has("app") || has("instance") {
            Some((ThingKind::App, false))
        } else if has("unit") || has("dn") || has("ou") {
            Some((ThingKind::Unit, false))
        } else {
            None
        }
    }
}

/// The quote in which the cursor is.
fn quote<'a>(before: &'a str, place: &CursorPlace) -> &'a str {
    before.get(place.start.saturating_sub(1)..place.start).unwrap_or_default()
}
