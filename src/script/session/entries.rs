//! A session as a runbook: what was done, without what was only looked at.

use std::collections::BTreeSet;

use rhai::Stmt;

use super::ScriptSession;
use super::last_value;
use super::secrets::StatementSecrets;
use crate::script::bindings::VERBS;
use crate::script::check::{NameUses, uses};
use crate::script::outline::statements;

/// One entry of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    pub text: String,
    /// Whether it wrote, or would have if something had been different.
    pub wrote: bool,
    pub succeeded: bool,
    /// Whether it came to a value, which was then the last result.
    pub gave: bool,
}

/// What is kept of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptEntries {
    pub statements: Vec<String>,
    /// Parameters in the place of strings that may be secrets.
    pub secrets: Vec<String>,
    /// Statements of which only a comment is left, since they may hold a secret.
    pub left_out: usize,
}

/// An entry on its way into a runbook.
struct EntryPiece {
    text: String,
    wrote: bool,
    uses: NameUses,
}

impl ScriptSession {
    /// The successful entries that matter, as statements: those that wrote, told or checked something, and whatever they need.
    pub fn kept(&self) -> KeptEntries {
        let pieces = self.pieces();
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let mut kept: Vec<&EntryPiece> = Vec::new();
        for piece in pieces.iter().rev() {
            let uses = &piece.uses;
            let changes = uses.declared.iter().chain(&uses.changed);
            let feeds = changes.into_iter().any(|name| needed.contains(name));
            if piece.wrote || feeds || has_procedure_verbs(uses) {
                for name in &uses.declared {
                    needed.remove(name);
                }
                needed.extend(uses.named.iter().cloned());
                kept.push(piece);
            }
        }
        kept.reverse();
        let mut secrets = StatementSecrets::beside(pieces.iter().flat_map(|piece| &piece.uses.declared));
        let statements = kept.into_iter().map(|piece| end_statement(&piece.text));
        KeptEntries {
            statements: statements.map(|text| secrets.taken_out(&text)).collect(),
            left_out: secrets.left_out,
            secrets: secrets.names(),
        }
    }

    /// What was written so far was taken back: it is nothing to do again.
    pub fn taken_back(&mut self) {
        for entry in &mut self.entries {
            entry.wrote = false;
        }
    }

    /// The entries without headers, and with a variable for each last result that is named afterwards.
    fn pieces(&self) -> Vec<EntryPiece> {
        let entries = self.entries.iter().filter(|entry| entry.succeeded);
        let texts: Vec<String> = entries.clone().map(|entry| without_header(&entry.text)).collect();
        let name = free_name(&texts);
        let mut texts: Vec<(String, bool, bool)> =
            entries.zip(texts).map(|(entry, text)| (text, entry.wrote, entry.gave)).collect();
        for index in 0..texts.len() {
            let Some(text) = last_value::rename_last(&texts[index].0, &name) else {
                continue;
            };
            texts[index].0 = text;
            if let Some((before, ..)) = texts[..index].iter_mut().rfind(|(_, _, gave)| *gave) {
                *before = hold_result(before, &name);
            }
        }
        let pieces = texts.into_iter().filter(|(text, ..)| !text.is_empty());
        pieces.map(|(text, wrote, _)| EntryPiece { uses: uses(&text), text, wrote }).collect()
    }
}

/// A name for last results that the session does not use.
fn free_name(texts: &[String]) -> String {
    let names: Vec<String> = texts
        .iter()
        .flat_map(|text| {
            let uses = uses(text);
            uses.declared.into_iter().chain(uses.named)
        })
        .collect();
    let mut name = "last".to_owned();
    while names.contains(&name) {
        name.push_str("_result");
    }
    name
}

/// `text` with its last expression held by a variable; as it is when it is held already.
fn hold_result(text: &str, name: &str) -> String {
    let is_function = |text: &str| text.starts_with("fn ") || text.starts_with("private ");
    let last = statements(text).into_iter().rfind(|it| !is_function(&text[it.clone()]));
    let begins = format!("let {name} = ");
    match last {
        Some(last) if !text[last.clone()].starts_with(&begins) => {
            [&text[..last.start], &begins, &text[last.start..]].concat()
        }
        _ => text.to_owned(),
    }
}

/// A runbook that was loaded brings its own header.
fn without_header(text: &str) -> String {
    let is_header = |text: &str| {
        let mut words = text.split_whitespace();
        words.next() == Some("const") && matches!(words.next(), Some("ORGS" | "PARAMS"))
    };
    let mut rest = text.to_owned();
    for statement in statements(text).into_iter().rev() {
        if is_header(&text[statement.clone()]) {
            rest.replace_range(statement, "");
        }
    }
    let lines: Vec<&str> = rest
        .trim_start_matches('\u{feff}')
        .lines()
        .skip_while(|line| line.starts_with("//!") || line.trim().is_empty())
        .collect();
    lines.join("\n").trim().to_owned()
}

/// Verbs of the procedure itself: a runbook is not the same without them.
fn has_procedure_verbs(uses: &NameUses) -> bool {
    let verbs = VERBS.iter().take_while(|verb| verb.name != "directory");
    let flow: Vec<&str> = verbs.map(|verb| verb.name).collect();
    let tells = |name: &str| flow.contains(&name) || matches!(name, "print" | "debug");
    uses.called.iter().any(|name| tells(name))
}

/// What was an expression becomes a statement.
fn end_statement(text: &str) -> String {
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
