//! The functions that every script can call, by name.

use std::collections::HashMap;

use rhai::Engine;

use crate::okta::operations;
use crate::script::bindings::VERBS;

/// Functions of the language and verbs, with the numbers of arguments they take (a method's receiver counts).
pub(super) struct Natives {
    /// By module (empty for none), then by name.
    functions: HashMap<(String, String), Vec<usize>>,
}

/// Functions that the language itself answers; they take what they are given.
const BUILT_IN: &[&str] = &[
    "Fn",
    "call",
    "curry",
    "debug",
    "eval",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "print",
    "type_of",
];

impl Natives {
    pub(super) fn of(engine: &Engine) -> Self {
        let rows = engine.collect_fn_metadata(
            None,
            |function| {
                Some((
                    function.namespace.to_string(),
                    function.metadata.name.to_string(),
                    function.metadata.num_params,
                ))
            },
            true,
        );
        let mut functions: HashMap<(String, String), Vec<usize>> = HashMap::new();
        for (module, name, count) in rows {
            functions.entry((module, name)).or_default().push(count);
        }
        Self { functions }
    }

    /// The numbers of arguments of `name`; `None` when there is no such function.
    pub(super) fn counts(&self, module: &str, name: &str) -> Option<&[usize]> {
        self.functions
            .get(&(module.to_owned(), name.to_owned()))
            .map(Vec::as_slice)
    }

    pub(super) fn has_module(&self, module: &str) -> bool {
        self.functions.keys().any(|(known, _)| known == module)
    }

    pub(super) fn is_built_in(name: &str) -> bool {
        BUILT_IN.contains(&name)
    }

    /// Names of the functions of a module.
    pub(super) fn names<'a>(&'a self, module: &'a str) -> impl Iterator<Item = &'a str> {
        self.functions
            .keys()
            .filter(move |(known, _)| known == module)
            .map(|(_, name)| name.as_str())
    }

    /// Names a person would write, operators and accessors left out.
    pub(super) fn all_names(&self) -> Vec<&str> {
        let language = self
            .names("")
            .filter(|name| rhai::is_valid_identifier(name));
        let operations = operations::all().iter().map(|operation| operation.name);
        let mut names: Vec<&str> = language.chain(operations).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The verb that is called `name(…)`, not as a method.
pub(super) fn free_verb(name: &str) -> Option<&'static str> {
    VERBS
        .iter()
        .find(|verb| {
            verb.name == name
                && verb
                    .signature
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('('))
        })
        .map(|verb| verb.signature)
}
