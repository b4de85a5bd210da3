//! Help for a word, where it is declared, and what a text holds.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use lsp_types::{DocumentSymbol, Hover, HoverContents, Location, MarkupContent, MarkupKind, SymbolKind};

use super::document::{ScriptDocument, range, uri_of};
use super::meaning::{self, WordMeaning};
use crate::script::outline::DeclaredName;
use crate::script::reference::words_of_function;
use crate::script::{RunbookHeader, RunbookLibrary, RunbookShelf, ScriptSource};

/// Help for the word at byte `at`.
pub(super) fn hover(document: &ScriptDocument, library: &RunbookLibrary, at: usize) -> Option<Hover> {
    let word = document.word(at);
    let (code, words) = match meaning::meaning_of(document, library, &word)? {
        WordMeaning::Verb(verb) => (verb.signature.to_owned(), verb.help.to_owned()),
        WordMeaning::Operation(operation) => {
            let words = words_of_function(operation).join("\n\n");
            (operation.signature("okta"), words)
        }
        WordMeaning::Declared(declared) if declared.signature.is_empty() => return None,
        WordMeaning::Declared(declared) if declared.signature.contains('(') => (declared.signature, declared.doc),
        WordMeaning::Declared(declared) => {
            let code = format!("{}: {}", declared.name, declared.signature);
            (code, declared.doc)
        }
        WordMeaning::Imported(source, function) => {
            let words = format!("{}\n\nfrom {}", function.doc, source.name);
            (function.signature, words)
        }
        WordMeaning::Module(source) => (format!("import \"{}\"", source.name), purpose(&source)),
    };
    let value = format!("```rhai\n{code}\n```\n\n{words}");
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: Some(range(&document.text, &word)),
    })
}

/// The `//!` text of a module.
fn purpose(source: &ScriptSource) -> String {
    RunbookHeader::parse(source).map_or_else(|error| error.message, |module| module.doc)
}

/// Where the word at byte `at` is declared. `shipped` is the folder for copies of what has no file.
pub(super) fn definition(
    document: &ScriptDocument,
    library: &RunbookLibrary,
    at: usize,
    shipped: &Path,
) -> Option<Location> {
    match meaning::meaning_of(document, library, &document.word(at))? {
        WordMeaning::Verb(_) | WordMeaning::Operation(_) => None,
        WordMeaning::Declared(declared) => {
            let at = range(&document.text, &declared.at);
            Some(Location::new(document.uri.clone(), at))
        }
        WordMeaning::Imported(source, function) => {
            let at = range(&source.text, &function.at);
            Some(Location::new(uri_of(&file_of(&source, shipped)?)?, at))
        }
        WordMeaning::Module(source) => {
            let start = lsp_types::Range::default();
            Some(Location::new(uri_of(&file_of(&source, shipped)?)?, start))
        }
    }
}

/// The file of a script; of a shipped one, a copy to look at. `None` when it cannot be written.
fn file_of(source: &ScriptSource, shipped: &Path) -> Option<PathBuf> {
    if source.shelf != RunbookShelf::Shipped {
        return std::path::absolute(&source.path).ok();
    }
    let file = shipped.join(format!("{}.rhai", source.name));
    fs::create_dir_all(file.parent()?).ok()?;
    fs::write(&file, &source.text).ok()?;
    std::path::absolute(file).ok()
}

/// Steps, tests and functions, in the order of the text.
pub(super) fn symbols(document: &ScriptDocument) -> Vec<DocumentSymbol> {
    let outline = &document.outline;
    let of = |kind: SymbolKind, declared: &[DeclaredName]| {
        let symbols = declared.iter();
        symbols.map(|it| (it.at.start, symbol(document, kind, &it.name, &it.at))).collect::<Vec<_>>()
    };
    let mut all = of(SymbolKind::EVENT, &outline.steps);
    all.extend(of(SymbolKind::METHOD, &outline.tests));
    all.extend(of(SymbolKind::FUNCTION, &outline.functions));
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, symbol)| symbol).collect()
}

#[expect(deprecated, reason = "the protocol's old mark for deprecation is a field that has to be filled")]
fn symbol(document: &ScriptDocument, kind: SymbolKind, name: &str, at: &Range<usize>) -> DocumentSymbol {
    let at = range(&document.text, at);
    DocumentSymbol {
        name: name.to_owned(),
        detail: None,
        kind,
        tags: None,
        deprecated: None,
        range: at,
        selection_range: at,
        children: None,
    }
}
