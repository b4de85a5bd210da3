//! Made-up values in the place of real ones, word by word: what a word is exchanged for, it is exchanged for everywhere. So "Ada Novak",
//! `ada.novak@corp.example` and `CN=Ada Novak,DC=corp,DC=example` stay one person's, and a rule that quotes a group still finds it.
//!
//! ```text
//! walk: every text with its kind ─► forms: its words ─► words: seen once all are known, exchanged then
//! ```
//!
//! No two words become one, no word becomes one that is real, and the same scenario gives the same one again. Names of attributes stay, and
//! so do the words that are Okta's own.

mod digits;
mod forms;
mod identities;
mod pools;
mod remaining;
mod walk;
mod words;

use std::collections::{BTreeSet, HashSet};

use super::super::scenario::ScenarioSpec;
use forms::{FormedText, WordRole};
use identities::PersonIdentities;
use walk::{TextKind, TextVisitor, walk};
use words::PseudonymWords;

/// What stands for what.
#[derive(Debug, Default)]
pub struct PseudonymTable {
    words: PseudonymWords,
    identities: PersonIdentities,
    /// Whole values, in lower case.
    values: HashSet<String>,
    /// Names that are Okta's own.
    kept: BTreeSet<String>,
    /// Expressions that quote words which no value has: they may fit others than before.
    pub odd_expressions: u64,
    /// Paths of the scenario where a real value of a person still stands.
    pub remaining: Vec<String>,
}

impl PseudonymTable {
    /// Replaces every real value of a scenario.
    pub(super) fn replace(mut scenario: ScenarioSpec) -> (ScenarioSpec, Self) {
        let mut this = Self::default();
        let real = remaining::values_of_people(&scenario);
        walk(&mut scenario, &mut PseudonymLearning(&mut this));
        this.words.assign();
        this.identities.assign();
        walk(&mut scenario, &mut PseudonymReplacing(&mut this));
        this.remaining = real.found_in(&scenario, &this.kept);
        (scenario, this)
    }

    /// A parameter of the procedure: as the scenario has it now, where it is a value of the scenario.
    pub fn parameter(&mut self, text: &str) -> String {
        if let Some(made) = self.identities.find(text) {
            return made;
        }
        if self.is_value(text) || forms::is_dn(text) {
            return self.translate(TextKind::Free, text);
        }
        // As in `login=STATUS`.
        match text.split_once('=') {
            Some((value, rest)) if self.is_value(value) => {
                format!("{}={rest}", self.translate(TextKind::Free, value))
            }
            _ => text.to_owned(),
        }
    }

    fn is_value(&self, text: &str) -> bool {
        self.values.contains(&text.to_lowercase()) && !self.kept.contains(text)
    }

    fn translate(&mut self, kind: TextKind, text: &str) -> String {
        if kind == TextKind::Expression {
            return forms::literals(text, &mut |one| self.translate(TextKind::Literal, one));
        }
        if kind == TextKind::Number {
            return self.identities.number(text);
        }
        if self.kept.contains(text) {
            return text.to_owned();
        }
        if let Some(made) = self.identities.find(text) {
            return made;
        }
        let (words, identities) = (&mut self.words, &self.identities);
        form(kind, text).rewrite(&mut |role, word| {
            let identity = identities.find(word);
            Some(identity.unwrap_or_else(|| words.made(role, word)))
        })
    }

    fn learn(&mut self, kind: TextKind, text: &str) {
        if kind == TextKind::Expression {
            forms::literals(text, &mut |one| {
                self.learn(TextKind::Literal, one);
                one.to_owned()
            });
        } else if !text.is_empty() && !self.identities.learn(kind, text) {
            if kind != TextKind::Literal {
                self.values.insert(text.to_lowercase());
            }
            form(kind, text).rewrite(&mut |role, word| {
                self.words.learn(role, word);
                None
            });
        }
    }

    /// Whether an expression quotes words that no value has.
    fn is_odd(&self, expression: &str) -> bool {
        let mut odd = false;
        forms::literals(expression, &mut |literal| {
            let own = self.kept.contains(literal) || self.identities.find(literal).is_some();
            FormedText::of(WordRole::Literal, literal).rewrite(&mut |_, word| {
                odd |= !own && self.words.is_quoted_only(word);
                None
            });
            literal.to_owned()
        });
        odd
    }
}

fn form(kind: TextKind, text: &str) -> FormedText<'_> {
    match kind {
        TextKind::Given => FormedText::Words(WordRole::Given, text),
        TextKind::Family => FormedText::Words(WordRole::Family, text),
        TextKind::Domain => FormedText::Domain(text),
        TextKind::Literal => FormedText::of(WordRole::Literal, text),
        _ => FormedText::of(WordRole::Part, text),
    }
}

/// First every text is looked at.
struct PseudonymLearning<'a>(&'a mut PseudonymTable);

impl TextVisitor for PseudonymLearning<'_> {
    fn visit(&mut self, kind: TextKind, text: &mut String) {
        if kind == TextKind::Own {
            self.0.kept.insert(text.clone());
        } else {
            self.0.learn(kind, text);
        }
    }
}

/// Then it is replaced.
struct PseudonymReplacing<'a>(&'a mut PseudonymTable);

impl TextVisitor for PseudonymReplacing<'_> {
    fn visit(&mut self, kind: TextKind, text: &mut String) {
        if kind == TextKind::Own {
            return;
        }
        if kind == TextKind::Expression && self.0.is_odd(text) {
            self.0.odd_expressions += 1;
        }
        *text = self.0.translate(kind, text);
    }
}

#[cfg(test)]
mod tests;
