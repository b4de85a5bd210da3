//! What a word stands for.

use std::ops::Range;

use super::document::ScriptDocument;
use crate::okta::operations;
use crate::script::bindings::{OperationFunction, ScriptVerb, VERBS, operation_function};
use crate::script::cursor_context::{CursorContext, place};
use crate::script::library::is_test;
use crate::script::outline::{DeclaredName, ScriptOutline};
use crate::script::testing::TEST_VERBS;
use crate::script::{RunModules, RunbookLibrary, ScriptSource, SourceTexts};

/// The meaning of a word.
pub(super) enum WordMeaning {
    Verb(&'static ScriptVerb),
    Operation(&'static OperationFunction),
    /// A function, a variable, a parameter, an org: declared in this text.
    Declared(DeclaredName),
    /// A function of a module.
    Imported(Box<ScriptSource>, DeclaredName),
    Module(Box<ScriptSource>),
}

/// What the word at these bytes means; `None` when nobody knows.
pub(super) fn meaning_of(
    document: &ScriptDocument,
    library: &RunbookLibrary,
    word: &Range<usize>,
) -> Option<WordMeaning> {
    let name = &document.text[word.clone()];
    let outline = &document.outline;
    let in_import = |at: &Range<usize>| at.contains(&word.start);
    if let Some(import) = outline.imports.iter().find(|it| in_import(&it.at)) {
        return module(document, library, &import.name).map(|it| WordMeaning::Module(Box::new(it)));
    }
    match place(&document.text[..word.end]).context {
        CursorContext::Nothing | CursorContext::Text | CursorContext::Key => None,
        CursorContext::Module(alias) if alias == "dn" => verb(document, name, "dn::"),
        CursorContext::Module(alias) => {
            let import = outline.import(&alias)?;
            let source = module(document, library, &import.name)?;
            let function = ScriptOutline::of(&source.text).function(name)?.clone();
            Some(WordMeaning::Imported(Box::new(source), function))
        }
        CursorContext::Member(path) if path == ["params"] => {
            let declared = outline.parameters.iter().find(|it| it.name == name)?;
            Some(WordMeaning::Declared(declared.clone()))
        }
        CursorContext::Member(_) => member(document, name),
        CursorContext::Name => plain_meaning(document, library, name, word.start),
    }
}

fn member(document: &ScriptDocument, name: &str) -> Option<WordMeaning> {
    let operation = operation_function(name).map(WordMeaning::Operation);
    operation.or_else(|| {
        let mut verbs = verbs(document);
        let method = verbs.find(|verb| verb.name == name && verb.signature.contains('.'));
        method.map(WordMeaning::Verb)
    })
}

fn plain_meaning(document: &ScriptDocument, library: &RunbookLibrary, name: &str, at: usize) -> Option<WordMeaning> {
    let outline = &document.outline;
    // The name right before `(` is a function's, even where a variable is called the same.
    let called = document.text[at + name.len()..].trim_start().starts_with('(');
    if called && let Some(function) = outline.function(name) {
        return Some(WordMeaning::Declared(function.clone()));
    }
    if let Some(import) = outline.import(name) {
        return module(document, library, &import.name).map(|it| WordMeaning::Module(Box::new(it)));
    }
    let orgs = outline.orgs.iter().find(|it| it.name == name);
    let declared = orgs.or_else(|| outline.variable(name, at));
    declared.cloned().map(WordMeaning::Declared).or_else(|| verb(document, name, name))
}

fn verb(document: &ScriptDocument, name: &str, begins: &str) -> Option<WordMeaning> {
    let mut verbs = verbs(document);
    let found = verbs.find(|verb| verb.name == name && verb.signature.starts_with(begins));
    found.map(WordMeaning::Verb)
}

/// The verbs that this text may use.
pub(super) fn verbs(document: &ScriptDocument) -> impl Iterator<Item = &'static ScriptVerb> + use<> {
    let of_tests: &[ScriptVerb] = if is_test(&document.source().name) { TEST_VERBS } else { &[] };
    VERBS.iter().chain(of_tests)
}

/// The module that `import "name"` means in this text.
pub(super) fn module(document: &ScriptDocument, library: &RunbookLibrary, name: &str) -> Option<ScriptSource> {
    let source = document.source();
    let modules = RunModules::new(library.clone(), SourceTexts::default(), &source);
    modules.source(Some(&source.path), name).ok()
}

/// Whether a name holds an org: it is declared so, or an operation is called on it.
pub(super) fn is_org(document: &ScriptDocument, name: &str) -> bool {
    let declared = &document.outline.orgs;
    if declared.iter().any(|org| org.name == name) || (declared.is_empty() && name == "okta") {
        return true;
    }
    let call = format!("{name}.");
    let calls = document.text.match_indices(&call);
    calls
        .filter_map(|(at, found)| {
            let rest = &document.text[at + found.len()..];
            rest.split(|c| !crate::script::cursor_context::is_name(c)).next()
        })
        .any(|called| operations::find(called).is_some())
}
