//! What a word stands for.

use std::ops::Range;

use super::document::Document;
use crate::okta::Operation;
use crate::okta::operations;
use crate::script::bindings::{VERBS, Verb};
use crate::script::library::is_test;
use crate::script::outline::{Declared, Outline};
use crate::script::place::{Context, place};
use crate::script::testing::TEST_VERBS;
use crate::script::{Library, Modules, Source, Sources};

/// The meaning of a word.
pub(super) enum Meaning {
    Verb(&'static Verb),
    Operation(&'static Operation),
    /// A function, a variable, a parameter, an org: declared in this text.
    Declared(Declared),
    /// A function of a module.
    Imported(Box<Source>, Declared),
    Module(Box<Source>),
}

/// What the word at these bytes means; `None` when nobody knows.
pub(super) fn of(document: &Document, library: &Library, word: &Range<usize>) -> Option<Meaning> {
    let name = &document.text[word.clone()];
    let outline = &document.outline;
    let in_import = |at: &Range<usize>| at.contains(&word.start);
    if let Some(import) = outline.imports.iter().find(|it| in_import(&it.at)) {
        return module(document, library, &import.name).map(|it| Meaning::Module(Box::new(it)));
    }
    match place(&document.text[..word.end]).context {
        Context::Nothing | Context::Text | Context::Key => None,
        Context::Module(alias) if alias == "dn" => verb(document, name, "dn::"),
        Context::Module(alias) => {
            let import = outline.import(&alias)?;
            let source = module(document, library, &import.name)?;
            let function = Outline::of(&source.text).function(name)?.clone();
            Some(Meaning::Imported(Box::new(source), function))
        }
        Context::Member(path) if path == ["params"] => {
            let declared = outline.parameters.iter().find(|it| it.name == name)?;
            Some(Meaning::Declared(declared.clone()))
        }
        Context::Member(_) => member(document, name),
        Context::Name => plain(document, library, name, word.start),
    }
}

fn member(document: &Document, name: &str) -> Option<Meaning> {
    let operation = operations::find(name).map(Meaning::Operation);
    operation.or_else(|| {
        let mut verbs = verbs(document);
        let method = verbs.find(|verb| verb.name == name && verb.signature.contains('.'));
        method.map(Meaning::Verb)
    })
}

fn plain(document: &Document, library: &Library, name: &str, at: usize) -> Option<Meaning> {
    let outline = &document.outline;
    // The name right before `(` is a function's, even where a variable is called the same.
    let called = document.text[at + name.len()..].trim_start().starts_with('(');
    if called && let Some(function) = outline.function(name) {
        return Some(Meaning::Declared(function.clone()));
    }
    if let Some(import) = outline.import(name) {
        return module(document, library, &import.name).map(|it| Meaning::Module(Box::new(it)));
    }
    let orgs = outline.orgs.iter().find(|it| it.name == name);
    let declared = orgs.or_else(|| outline.variable(name, at));
    declared.cloned().map(Meaning::Declared).or_else(|| verb(document, name, name))
}

fn verb(document: &Document, name: &str, begins: &str) -> Option<Meaning> {
    let mut verbs = verbs(document);
    let found = verbs.find(|verb| verb.name == name && verb.signature.starts_with(begins));
    found.map(Meaning::Verb)
}

/// The verbs that this text may use.
pub(super) fn verbs(document: &Document) -> impl Iterator<Item = &'static Verb> + use<> {
    let of_tests: &[Verb] = if is_test(&document.source().name) { TEST_VERBS } else { &[] };
    VERBS.iter().chain(of_tests)
}

/// The module that `import "name"` means in this text.
pub(super) fn module(document: &Document, library: &Library, name: &str) -> Option<Source> {
    let source = document.source();
    let modules = Modules::new(library.clone(), Sources::default(), &source);
    modules.source(Some(&source.path), name).ok()
}

/// Whether a name holds an org: it is declared so, or an operation is called on it.
pub(super) fn is_org(document: &Document, name: &str) -> bool {
    let declared = &document.outline.orgs;
    if declared.iter().any(|org| org.name == name) || (declared.is_empty() && name == "okta") {
        return true;
    }
    let call = format!("{name}.");
    let calls = document.text.match_indices(&call);
    calls
        .filter_map(|(at, found)| {
            let rest = &document.text[at + found.len()..];
            rest.split(|c| !crate::script::place::is_name(c)).next()
        })
        .any(|called| operations::find(called).is_some())
}
