//! A session as a runbook: what was done, without what was only looked at.

use std::collections::BTreeSet;

use rhai::Stmt;

use super::Session;
use crate::script::bindings::VERBS;
use crate::script::check::{Uses, uses};

/// One entry of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub text: String,
    /// Whether it wrote, or would have if something had been different.
    pub wrote: bool,
    pub succeeded: bool,
}

impl Session {
    /// The successful entries that matter, as statements: those that wrote, told or checked something, and whatever they need.
    pub fn kept(&self) -> Vec<String> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let mut kept = Vec::new();
        for entry in self.entries.iter().rev().filter(|entry| entry.succeeded) {
            let uses = uses(&entry.text);
            let feeds = uses
                .declared
                .iter()
                .chain(&uses.changed)
                .any(|name| needed.contains(name));
            if entry.wrote || feeds || tells(&uses) {
                for name in &uses.declared {
                    needed.remove(name);
                }
                needed.extend(uses.named.iter().cloned());
                kept.push(ended(&entry.text));
            }
        }
        kept.reverse();
        kept
    }
}

/// Verbs of the procedure itself: a runbook is not the same without them.
fn tells(uses: &Uses) -> bool {
    let verbs = VERBS.iter().take_while(|verb| verb.name != "directory");
    let flow: Vec<&str> = verbs.map(|verb| verb.name).collect();
    uses.called.iter().any(|name| flow.contains(&name.as_str()))
}

/// What was an expression becomes a statement.
fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(';') || text.ends_with('}') && begins_block(text) {
        return text.to_owned();
    }
    format!("{text};")
}

/// Statements with a block need no `;`.
fn begins_block(text: &str) -> bool {
    let engine = rhai::Engine::new_raw();
    engine.compile(text).is_ok_and(|ast| {
        ast.statements().last().is_none_or(|last| {
            matches!(
                last,
                Stmt::If(..)
                    | Stmt::While(..)
                    | Stmt::For(..)
                    | Stmt::Switch(..)
                    | Stmt::TryCatch(..)
                    | Stmt::Block(..)
                    | Stmt::Do(..)
            )
        })
    })
}
