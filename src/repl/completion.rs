//! What may follow at the cursor.

mod commands;
mod texts;

use std::cell::RefCell;
use std::rc::Rc;

use rustyline::completion::Pair;

use super::completion_cache::CompletionCache;
use super::line_wrap::cut;
use crate::report::visible_text;
use crate::script::RunbookLibrary;
use crate::script::bindings::{OperationFunction, VERBS, operation_functions, operation_of};
use crate::script::cursor_context::{self, CursorContext, CursorPlace, options_of, place, rest_of};
use crate::script::keywords::{KEYWORDS, LIST_METHODS, MAP_METHODS, TEXT_METHODS};
use crate::script::session::{NameHolds, ScriptSession};
use crate::terminal::TerminalHandle;

/// Completes over the session as it is.
pub(super) struct SessionCompletion {
    pub(super) session: Rc<RefCell<ScriptSession>>,
    pub(super) known: Rc<RefCell<CompletionCache>>,
    pub(super) library: RunbookLibrary,
    pub(super) orgs: Vec<String>,
    pub(super) terminal: TerminalHandle,
}

/// Columns of a list of candidates that the editor needs for itself.
const FRAME: usize = 3;
/// Columns of a hint that are worth showing.
const LEAST_HINT: usize = 12;

impl SessionCompletion {
    /// Byte where the completed part begins, and what may stand there, each on a line of the terminal. `after` is what follows the cursor.
    pub(super) fn candidates(&self, before: &str, after: &str) -> (usize, Vec<Pair>) {
        let (start, mut pairs) = self.all_candidates(before, after);
        if let Some(width) = self.terminal.width() {
            for pair in &mut pairs {
                pair.display = cut(&pair.display, usize::from(width).saturating_sub(FRAME));
            }
        }
        (start, pairs)
    }

    fn all_candidates(&self, before: &str, after: &str) -> (usize, Vec<Pair>) {
        if before.trim_start().starts_with(':') {
            return self.command(before);
        }
        let place = place(before);
        let mut pairs = match &place.context {
            CursorContext::Nothing => Vec::new(),
            CursorContext::Name => self.names(),
            CursorContext::Member(path) => self.members(path),
            CursorContext::Module(alias) => self.functions_of(alias),
            CursorContext::Key => self.keys(&place),
            CursorContext::Text => return (place.start, self.texts(before, after, &place)),
        };
        pairs.retain(|pair| pair.replacement.starts_with(&place.typed));
        (place.start, sort_pairs(pairs))
    }

    /// How the call around the cursor goes on, for a hint after `used` columns of its line.
    pub(super) fn signature(&self, before: &str, used: usize) -> Option<String> {
        let place = place(before);
        if place.context == CursorContext::Nothing {
            return None;
        }
        let call = place.call?;
        let signature = self.signature_of(call.path.last()?)?;
        let rest = rest_of(&signature, &call)?;
        let Some(width) = self.terminal.width().map(usize::from) else {
            return Some(rest);
        };
        let left = width.saturating_sub(used % width + 1);
        (left >= LEAST_HINT || rest.len() <= left).then(|| cut(&rest, left))
    }

    fn signature_of(&self, name: &str) -> Option<String> {
        if let Some(operation) = operation_of(name) {
            return Some(operation.signature("okta"));
        }
        if let Some(verb) = VERBS.iter().find(|verb| verb.name == name) {
            return Some(verb.signature.to_owned());
        }
        let session = self.session.try_borrow().ok()?;
        let modules = session.modules().into_iter().flat_map(|(_, functions)| functions);
        session
            .functions()
            .into_iter()
            .chain(modules)
            .find(|function| function.name == name)
            .map(|function| function.signature)
    }

    fn names(&self) -> Vec<Pair> {
        let session = self.session.borrow();
        let variables =
            session.variables().into_iter().map(|(name, holds)| described_pair(&name, &name, holds.words()));
        let functions =
            session.functions().into_iter().map(|function| pair(&function.signature, &format!("{}(", function.name)));
        let modules = session
            .modules()
            .into_iter()
            .map(|(alias, _)| described_pair(&format!("{alias}::"), &format!("{alias}::"), "module"));
        let verbs = VERBS.iter().filter(|verb| verb.signature.starts_with(&format!("{}(", verb.name))).map(verb_pair);
        let keywords = KEYWORDS.iter().map(|word| pair(word, word));
        let dn = std::iter::once(described_pair("dn::", "dn::", "distinguished names"));
        variables.chain(functions).chain(modules).chain(verbs).chain(keywords).chain(dn).collect()
    }

    fn members(&self, path: &[String]) -> Vec<Pair> {
        let session = self.session.borrow();
        let verbs = |receiver: &str| -> Vec<Pair> {
            let receiver = format!("{receiver}.");
            VERBS.iter().filter(|verb| verb.signature.starts_with(&receiver)).map(verb_pair).collect()
        };
        match session.holds(path) {
            NameHolds::Org => {
                let handle = path.last().map_or("okta", String::as_str);
                let all = operation_functions().iter().map(|function| operation_pair(function, handle));
                all.chain(verbs("okta")).chain(["name", "url"].map(|name| pair(name, name))).collect()
            }
            NameHolds::Map(keys) => {
                let names = keys.iter().filter(|key| key.chars().all(cursor_context::is_name));
                let keys = names.map(|key| pair(key, key));
                keys.chain(methods(MAP_METHODS)).collect()
            }
            NameHolds::List => verbs("list").into_iter().chain(methods(LIST_METHODS)).collect(),
            NameHolds::Text => methods(TEXT_METHODS).collect(),
            NameHolds::Function => methods(&["call", "type_of"]).collect(),
            NameHolds::Other | NameHolds::Unknown => verbs("list")
                .into_iter()
                .chain(verbs("directory"))
                .chain([LIST_METHODS, MAP_METHODS, TEXT_METHODS].into_iter().flat_map(methods))
                .collect(),
        }
    }

    fn functions_of(&self, alias: &str) -> Vec<Pair> {
        if alias == "dn" {
            return VERBS.iter().filter(|verb| verb.signature.starts_with("dn::")).map(verb_pair).collect();
        }
        let modules = self.session.borrow().modules();
        let functions = modules.into_iter().filter(|(name, _)| name == alias).flat_map(|(_, functions)| functions);
        functions.map(|function| pair(&function.signature, &format!("{}(", function.name))).collect()
    }

    /// Query parameters of an operation, options of a verb.
    fn keys(&self, place: &CursorPlace) -> Vec<Pair> {
        let name = place.call.as_ref().and_then(|call| call.path.last().cloned()).unwrap_or_default();
        let keys: Vec<String> = match operation_of(&name) {
            Some(operation) => operation.option_names().map(str::to_owned).collect(),
            None => options_of(self.signature_of(&name).as_deref().unwrap_or_default()),
        };
        keys.iter().map(|key| pair(key, &format!("{key}: "))).collect()
    }
}

fn methods(names: &'static [&'static str]) -> impl Iterator<Item = Pair> {
    names.iter().map(|name| pair(&format!("{name}()"), &format!("{name}(")))
}

fn operation_pair(function: &OperationFunction, handle: &str) -> Pair {
    let operation = function.operation;
    let signature = function.signature(handle);
    let signature = signature.strip_prefix(&format!("{handle}.")).unwrap_or(&signature);
    let takes_nothing = operation.path_parameters().is_empty() && !operation.takes_options();
    let end = if takes_nothing { "()" } else { "(" };
    described_pair(signature, &format!("{}{end}", function.name), &format!("{} {}", operation.method, operation.path))
}

fn verb_pair(verb: &crate::script::bindings::ScriptVerb) -> Pair {
    let shown = verb.signature.split_once('.').filter(|(receiver, _)| receiver.chars().all(cursor_context::is_name));
    let shown = shown.map_or(verb.signature, |(_, rest)| rest);
    described_pair(shown, &format!("{}(", verb.name), verb.help)
}

fn described_pair(shown: &str, replacement: &str, help: &str) -> Pair {
    pair(&format!("{shown}  {help}"), replacement)
}

/// Names of an org may hold what would command the terminal. Written out, they still mean the same: strings of a script take the escapes.
fn pair(display: &str, replacement: &str) -> Pair {
    Pair { display: visible_text(display), replacement: visible_text(replacement) }
}

fn beginning(pairs: impl Iterator<Item = Pair>, typed: &str) -> Vec<Pair> {
    sort_pairs(pairs.filter(|pair| pair.replacement.starts_with(typed)).collect())
}

fn sort_pairs(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(|left, right| left.replacement.cmp(&right.replacement));
    pairs.dedup_by(|left, right| left.replacement == right.replacement);
    pairs
}
