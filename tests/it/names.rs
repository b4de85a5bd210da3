//! Names in the source: a type is found by two words that no other type has, and a function says what it does or returns.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Types that one word of a standard names (a distinguished name, RFC 4514), and the things that the product is about.
const ONE_WORD: &[&str] = &["Dn", "Journal", "Names", "Rdn", "Run", "Simulator"];

/// Words that say nothing of what a function does or returns when they stand alone.
const PREPOSITIONS: &[&str] = &[
    "after", "along", "apart", "around", "as", "at", "before", "between", "beyond", "both", "by", "from", "has", "in",
    "is", "later", "of", "on", "over", "same", "there", "through", "to", "together", "under", "until", "what", "with",
    "within", "without",
];

/// Participles that do not end in "ed".
const PARTICIPLES: &[&str] = &[
    "begun", "bound", "broken", "came", "chosen", "done", "drawn", "found", "given", "gone", "held", "hidden", "kept",
    "known", "laid", "lay", "left", "lost", "made", "said", "seen", "sent", "shown", "shut", "struck", "taken",
    "thrown", "told", "undone", "unread", "untold", "written",
];

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 500, "{}", found.len());
    found
}

fn name_at_start(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// What follows the first of these words, after what says who sees it.
fn declared<'a>(line: &'a str, words: &[&str]) -> Option<&'a str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let line = line.trim_start();
    let line = ["const ", "async "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    words.iter().find_map(|word| line.strip_prefix(word)?.strip_prefix(' ')).map(name_at_start)
}

/// Types by name, with where they are. An associated type is named by its trait.
fn types() -> BTreeMap<String, Vec<PathBuf>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (path, text) in sources() {
        for line in text.lines() {
            let is_alias = declared(line, &["type"]).is_some();
            let name = declared(line, &["struct", "enum", "trait", "union", "type"]);
            // A macro's `$name` is none.
            if let Some(name) = name.filter(|name| !name.is_empty() && (!is_alias || !line.starts_with(' '))) {
                found.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
    }
    found
}

fn words(name: &str) -> usize {
    name.chars().filter(|c| c.is_uppercase()).count().max(1)
}

#[test]
fn a_type_has_two_words_that_no_other_type_has() {
    let types = types();
    let one_word: Vec<&String> = types.keys().filter(|name| words(name) < 2).collect();
    assert_eq!(one_word, ONE_WORD);
    // A name stands twice where the system decides which of two types is compiled.
    let several = types.iter().filter(|(_, places)| places.len() > 1);
    for (name, places) in several {
        assert!(places.iter().all(|place| *place == places[0]), "{name}: {places:?}");
    }
}

/// Free functions of a text that rustfmt laid out: neither in an `impl` nor in a `trait`.
fn free_functions(text: &str) -> Vec<&str> {
    let mut is_outside = true;
    let mut found = Vec::new();
    for line in text.lines() {
        let is_item = !line.starts_with([' ', '}', ')', '/', '#']) && !line.is_empty();
        if is_item {
            is_outside = !(line.starts_with("impl") || declared(line, &["trait"]).is_some());
        }
        let depth = line.len() - line.trim_start().len();
        if let Some(name) = declared(line, &["fn"]).filter(|_| is_outside && depth <= 4) {
            found.push(name);
        }
    }
    found
}

#[test]
fn no_free_function_is_called_by_a_lone_preposition_or_participle() {
    let says_nothing = |name: &&str| {
        let is_participle = name.ends_with("ed") && !name.contains('_') && !["seed", "speed"].contains(name);
        is_participle || PREPOSITIONS.contains(name) || PARTICIPLES.contains(name)
    };
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        wrong.extend(
            free_functions(&text).into_iter().filter(says_nothing).map(|name| format!("{}: {name}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
