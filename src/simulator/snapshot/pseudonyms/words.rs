//! Which word stands for which.

use std::collections::{HashMap, HashSet};

use super::forms::WordRole;
use super::pools;

/// Words in lower case, and their pseudonyms.
#[derive(Debug, Default)]
pub(super) struct PseudonymWords {
    /// In the order in which they were seen, each with what it is.
    seen: Vec<String>,
    roles: HashMap<String, WordRole>,
    made: HashMap<String, String>,
    used: HashSet<String>,
    next: HashMap<WordRole, usize>,
    /// By how many digits there are.
    next_digits: HashMap<usize, u64>,
}

impl PseudonymWords {
    /// Notes a real word. A part of a domain's end is that first of all, a name rather than a part of something.
    pub(super) fn learn(&mut self, role: WordRole, word: &str) {
        let word = word.to_lowercase();
        if let Some(held) = self.roles.get_mut(&word) {
            *held = (*held).min(role);
        } else {
            self.seen.push(word.clone());
            self.roles.insert(word, role);
        }
    }

    /// Gives every word that was seen its pseudonym.
    pub(super) fn assign(&mut self) {
        for word in self.seen.clone() {
            self.choose(&word);
        }
    }

    /// The pseudonym of a word, written as the word is.
    pub(super) fn made(&mut self, role: WordRole, word: &str) -> String {
        let folded = word.to_lowercase();
        if !self.made.contains_key(&folded) {
            self.learn(role, word);
            self.choose(&folded);
        }
        in_case_of(word, &self.made[&folded])
    }

    /// Whether a word is quoted by expressions, and no value has it.
    pub(super) fn is_quoted_only(&self, word: &str) -> bool {
        self.roles.get(&word.to_lowercase()) == Some(&WordRole::Literal)
    }

    fn choose(&mut self, word: &str) {
        let made = if word.chars().all(|one| one.is_ascii_digit()) {
            self.digits(word.len())
        } else {
            self.letters(self.roles[word])
        };
        self.used.insert(made.clone());
        self.made.insert(word.to_owned(), made);
    }

    fn letters(&mut self, role: WordRole) -> String {
        let mut next = self.next.get(&role).copied().unwrap_or_default();
        let made = loop {
            let word = pools::word(role, next);
            next += 1;
            if self.is_unused(&word) {
                break word;
            }
        };
        self.next.insert(role, next);
        made
    }

    /// As many of them, while they suffice.
    fn digits(&mut self, length: usize) -> String {
        let mut next = self.next_digits.get(&length).copied().unwrap_or(1);
        let made = loop {
            let digits = format!("{next:0length$}");
            next += 1;
            if self.is_unused(&digits) {
                break digits;
            }
        };
        self.next_digits.insert(length, next);
        made
    }

    fn is_unused(&self, word: &str) -> bool {
        !self.used.contains(word) && !self.roles.contains_key(word)
    }
}

fn in_case_of(word: &str, made: &str) -> String {
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    let loud = word.chars().count() > 1 && !word.chars().any(char::is_lowercase);
    let (first, rest) = made.split_at(1.min(made.len()));
    match (capital, loud) {
        (true, true) => made.to_uppercase(),
        (true, false) => format!("{}{rest}", first.to_uppercase()),
        _ => made.to_owned(),
    }
}
