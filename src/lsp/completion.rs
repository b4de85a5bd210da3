//! What may stand at the cursor.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent, MarkupKind, TextEdit,
};

use super::document::{ScriptDocument, range};
use super::meaning::{is_org, module, verbs};
use crate::script::RunbookLibrary;
use crate::script::bindings::{ScriptVerb, operation_functions, operation_of};
use crate::script::cursor_context::{CursorContext, CursorPlace, options_of, place};
use crate::script::keywords::{KEYWORDS, LIST_METHODS, MAP_METHODS, TEXT_METHODS};
use crate::script::outline::{DeclaredName, ScriptOutline};
use crate::script::reference::words_of_function;

/// What may stand at byte `at`.
pub(super) fn complete_at(document: &ScriptDocument, library: &RunbookLibrary, at: usize) -> Vec<CompletionItem> {
    let place = place(&document.text[..at]);
    let mut items = match &place.context {
        CursorContext::Nothing => Vec::new(),
        CursorContext::Name => names(document),
        CursorContext::Member(path) => members(document, path),
        CursorContext::Module(alias) => functions_of(document, library, alias),
        CursorContext::Key => keys(document, &place),
        CursorContext::Text => texts(document, library, &place),
    };
    items.retain(|item| item.label.starts_with(&place.typed));
    items.sort_by(|left, right| left.label.cmp(&right.label));
    items.dedup_by(|left, right| left.label == right.label);
    // Names in quotes hold slashes, which editors take for the ends of words: hence the edit.
    let replaced = range(&document.text, &(place.start..at));
    for item in &mut items {
        let edit = TextEdit::new(replaced, item.label.clone());
        item.text_edit = Some(CompletionTextEdit::Edit(edit));
    }
    items
}

fn names(document: &ScriptDocument) -> Vec<CompletionItem> {
    let outline = &document.outline;
    let free = |verb: &&ScriptVerb| verb.signature.starts_with(&format!("{}(", verb.name));
    let verbs = verbs(document).filter(free).map(of_verb);
    let functions = outline.functions.iter().map(of_function);
    let variables = outline.variables.iter().chain(&outline.orgs);
    let variables = variables.map(|it| item(&it.name, CompletionItemKind::VARIABLE, &it.signature, ""));
    let modules = outline.imports.iter().map(|it| item(&it.alias, CompletionItemKind::MODULE, &it.name, ""));
    let given = [
        item("dn", CompletionItemKind::MODULE, "distinguished names", ""),
        item("params", CompletionItemKind::VARIABLE, "parameters", ""),
    ];
    let keywords = KEYWORDS.iter().map(|word| item(word, CompletionItemKind::KEYWORD, "", ""));
    verbs.chain(functions).chain(variables).chain(modules).chain(given).chain(keywords).collect()
}

fn members(document: &ScriptDocument, path: &[String]) -> Vec<CompletionItem> {
    let of = |receiver: &'static str| {
        let begins = format!("{receiver}.");
        verbs(document).filter(move |verb| verb.signature.starts_with(&begins)).map(of_verb)
    };
    match path {
        [name] if name == "params" => {
            let parameters = document.outline.parameters.iter();
            parameters.map(|it| item(&it.name, CompletionItemKind::FIELD, &it.signature, "")).collect()
        }
        [name] if is_org(document, name) => operation_functions()
            .iter()
            .map(|function| {
                let words = words_of_function(function).join("\n\n");
                let kind = CompletionItemKind::METHOD;
                item(&function.name, kind, &function.signature(name), &words)
            })
            .chain(of("okta"))
            .chain(["name", "url"].map(|name| item(name, CompletionItemKind::FIELD, "", "")))
            .collect(),
        _ => of("list").chain(of("directory")).chain(of("simulator")).chain(methods()).collect(),
    }
}

/// What a value is, is not known here.
fn methods() -> impl Iterator<Item = CompletionItem> {
    let all = [LIST_METHODS, MAP_METHODS, TEXT_METHODS].into_iter();
    all.flatten().map(|name| {
        let signature = format!("{name}()");
        item(name, CompletionItemKind::METHOD, &signature, "")
    })
}

fn functions_of(document: &ScriptDocument, library: &RunbookLibrary, alias: &str) -> Vec<CompletionItem> {
    if alias == "dn" {
        let verbs = verbs(document).filter(|verb| verb.signature.starts_with("dn::"));
        return verbs.map(of_verb).collect();
    }
    let import = document.outline.import(alias);
    let source = import.and_then(|import| module(document, library, &import.name));
    let outline = source.map(|source| ScriptOutline::of(&source.text));
    let functions = outline.unwrap_or_default().functions;
    functions.iter().map(of_function).collect()
}

/// Query parameters of an operation, options of a verb.
fn keys(document: &ScriptDocument, place: &CursorPlace) -> Vec<CompletionItem> {
    let name = place.call.as_ref().and_then(|call| call.path.last());
    let Some(name) = name else {
        return Vec::new();
    };
    let keys = match operation_of(name) {
        Some(operation) => {
            let names = operation.option_names();
            names.map(str::to_owned).collect()
        }
        None => verbs(document).find(|verb| verb.name == name).map_or_else(Vec::new, |verb| options_of(verb.signature)),
    };
    keys.iter().map(|key| item(key, CompletionItemKind::PROPERTY, "", "")).collect()
}

/// Names of modules after `import "`, of runbooks after `run_runbook("`.
fn texts(document: &ScriptDocument, library: &RunbookLibrary, place: &CursorPlace) -> Vec<CompletionItem> {
    let before = document.text[..place.start].trim_end_matches(['"', '`']);
    // What cannot be listed cannot be offered; `check` says why when it is imported.
    if before.trim_end().ends_with("import") {
        let modules = library.modules().unwrap_or_default();
        let kind = CompletionItemKind::MODULE;
        return modules.iter().map(|name| item(name, kind, "", "")).collect();
    }
    let called = place.call.as_ref().and_then(|call| call.path.last());
    if called.is_some_and(|name| name == "run_runbook") {
        let runbooks = library.list().unwrap_or_default();
        let kind = CompletionItemKind::FILE;
        let runbooks = runbooks.iter();
        return runbooks.map(|it| item(&it.name, kind, &it.summary, "")).collect();
    }
    Vec::new()
}

fn of_verb(verb: &ScriptVerb) -> CompletionItem {
    let kind = if verb.signature.contains('.') { CompletionItemKind::METHOD } else { CompletionItemKind::FUNCTION };
    item(verb.name, kind, verb.signature, verb.help)
}

fn of_function(function: &DeclaredName) -> CompletionItem {
    let kind = CompletionItemKind::FUNCTION;
    item(&function.name, kind, &function.signature, &function.doc)
}

fn item(label: &str, kind: CompletionItemKind, detail: &str, doc: &str) -> CompletionItem {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: some(detail),
        documentation: some(doc)
            .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })),
        ..CompletionItem::default()
    }
}
