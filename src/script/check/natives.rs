//! The functions that every script can call, by name.

use std::any::TypeId;
use std::collections::HashMap;

use rhai::{Dynamic, Engine};

use crate::script::bindings::{ScriptVerb, VERBS, operation_functions};
use crate::script::testing::words::TEST_VERBS;

/// Functions of the language and verbs, with the numbers of arguments they take (a method's receiver counts).
pub(super) struct NativeFunctions {
    /// By module (empty for none), then by name.
    functions: HashMap<(String, String), Vec<usize>>,
    /// The types of the first argument, by name and number of arguments.
    receivers: HashMap<(String, usize), Vec<TypeId>>,
}

/// Functions that the language itself answers; they take what they are given.
const BUILT_IN: &[&str] = &["Fn", "call", "curry", "debug", "is_def_fn", "is_def_var", "is_shared", "print", "type_of"];

impl NativeFunctions {
    pub(super) fn of(engine: &Engine) -> Self {
        let rows = engine.collect_fn_metadata(
            None,
            |function| {
                Some((
                    function.namespace.to_string(),
                    function.metadata.name.to_string(),
                    function.metadata.num_params,
                    function.metadata.param_types.first().copied(),
                ))
            },
            true,
        );
        let mut natives = Self { functions: HashMap::new(), receivers: HashMap::new() };
        for (module, name, count, receiver) in rows {
            if let (true, Some(receiver)) = (module.is_empty(), receiver) {
                let receivers = natives.receivers.entry((name.clone(), count));
                receivers.or_default().push(receiver);
            }
            let counts = natives.functions.entry((module, name));
            counts.or_default().push(count);
        }
        natives
    }

    /// Whether a value of that type can be what a method of so many arguments is called on.
    pub(super) fn takes(&self, name: &str, arguments: usize, receiver: TypeId) -> bool {
        let key = (name.to_owned(), arguments + 1);
        let known = self.receivers.get(&key).map_or(&[][..], Vec::as_slice);
        let anything = TypeId::of::<Dynamic>();
        known.iter().any(|it| *it == receiver || *it == anything)
    }

    /// The numbers of arguments of `name`; `None` when there is no such function.
    pub(super) fn counts(&self, module: &str, name: &str) -> Option<&[usize]> {
        self.functions.get(&(module.to_owned(), name.to_owned())).map(Vec::as_slice)
    }

    pub(super) fn has_module(&self, module: &str) -> bool {
        self.functions.keys().any(|(known, _)| known == module)
    }

    pub(super) fn is_built_in(name: &str) -> bool {
        BUILT_IN.contains(&name)
    }

    /// Names of the functions of a module.
    pub(super) fn names<'a>(&'a self, module: &'a str) -> impl Iterator<Item = &'a str> {
        self.functions.keys().filter(move |(known, _)| known == module).map(|(_, name)| name.as_str())
    }

    /// Names a person would write, operators and accessors left out.
    pub(super) fn all_names(&self) -> Vec<&str> {
        let language = self.names("").filter(|name| rhai::is_valid_identifier(name));
        let operations = operation_functions().iter().map(|function| function.name.as_str());
        let mut names: Vec<&str> = language.chain(operations).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The verb that is called `name(…)`, not as a method: as a person calls it.
pub(super) fn free_verb(name: &str) -> Option<&'static str> {
    let free = |verb: &&ScriptVerb| {
        let rest = verb.signature.strip_prefix(name);
        verb.name == name && rest.is_some_and(|rest| rest.starts_with('('))
    };
    let verb = VERBS.iter().chain(TEST_VERBS).find(free);
    verb.map(|verb| verb.signature)
}
