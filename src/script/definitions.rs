//! The language as `.d.rhai` files, which editors with a Rhai plug-in read. Made of what `:help` is made of.
//!
//! rhai's own emitter shows types of Rust and knows no help, hence this one.

mod signature;

use std::collections::{BTreeMap, BTreeSet};

use crate::okta::operations;
use crate::script::bindings::{OperationFunction, ScriptVerb, VERBS, operation_functions};
use crate::script::reference::words_of_function;
use crate::script::testing::TEST_VERBS;
use crate::script::testing::verbs as test_verbs;
use signature::CallSignature;

/// A file of definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFile {
    /// Such as `verbs.d.rhai`.
    pub file: &'static str,
    pub text: String,
}

/// All files.
pub fn all() -> Vec<DefinitionFile> {
    let arities = FunctionArities::of_engine();
    let in_module = |verb: &&ScriptVerb| verb.signature.starts_with("dn::");
    let file = |file, module, functions: Vec<String>| DefinitionFile {
        file,
        text: format!("module {module};\n\n{}", functions.join("\n")),
    };
    let verbs = VERBS.iter().filter(|verb| !in_module(verb));
    vec![
        file("verbs.d.rhai", "static", arities.definitions("", verbs)),
        file("dn.d.rhai", "dn", arities.definitions("dn", VERBS.iter().filter(in_module))),
        file("operations.d.rhai", "static", operation_functions().iter().map(operation).collect()),
        file("tests.d.rhai", "static", arities.definitions("", TEST_VERBS.iter())),
    ]
}

/// How many arguments functions take, receivers included, as they are registered.
struct FunctionArities(BTreeMap<(String, String), BTreeSet<usize>>);

impl FunctionArities {
    fn of_engine() -> Self {
        let rows = test_verbs::engine().collect_fn_metadata(
            None,
            |function| {
                let metadata = function.metadata;
                let name = (function.namespace.to_string(), metadata.name.to_string());
                Some((name, metadata.num_params))
            },
            true,
        );
        let mut arities: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for (name, count) in rows {
            arities.entry(name).or_default().insert(count);
        }
        Self(arities)
    }

    /// A definition for each number of arguments. Of two verbs of a name, as a function and a method may be, the first one has the
    /// numbers that both can have: the language tells definitions apart by nothing else.
    fn definitions<'a>(&self, module: &str, verbs: impl Iterator<Item = &'a ScriptVerb>) -> Vec<String> {
        let mut defined = BTreeSet::new();
        let mut all = Vec::new();
        for verb in verbs {
            let signature = CallSignature::parse(verb.signature);
            let key = (module.to_owned(), verb.name.to_owned());
            let docs = format!("/// {}\n///\n/// `{}`\n", verb.help, verb.signature);
            let mut text = String::new();
            for count in self.0.get(&key).into_iter().flatten() {
                if let Some(parameters) = signature.with(*count)
                    && defined.insert((verb.name, *count))
                {
                    text.extend([docs.as_str(), "fn ", verb.name, "(", &parameters, ");\n"]);
                }
            }
            all.push(text);
        }
        all
    }
}

fn operation(function: &OperationFunction) -> String {
    let operation = function.operation;
    let words = words_of_function(function).join("\n///\n/// ");
    let signature = function.signature("okta");
    let docs = format!("/// {words}\n///\n/// `{signature}`\n");
    let mut parameters = vec!["okta: Org".to_owned()];
    let paths = operation.path_parameters().into_iter();
    parameters.extend(paths.map(|name| format!("{}: String", operations::snake_case(name))));
    let takes_options = operation.takes_options();
    let needs_options =
        operation.query.iter().any(|it| it.required) || operation.body.as_ref().is_some_and(|it| it.required);
    let mut text = String::new();
    let mut define = |parameters: &[String]| {
        text.push_str(&docs);
        text.push_str("fn ");
        text.push_str(&function.name);
        text.push('(');
        text.push_str(&parameters.join(", "));
        text.push_str(");\n");
    };
    if !needs_options {
        define(&parameters);
    }
    if takes_options {
        parameters.push("options: Map".to_owned());
        define(&parameters);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(file: &str) -> String {
        let all = all();
        let found = all.into_iter().find(|it| it.file == file);
        found.expect("the file").text
    }

    #[test]
    fn every_verb_and_operation_is_defined() {
        let all: String = all().into_iter().map(|it| it.text).collect();
        let verbs = VERBS.iter().chain(TEST_VERBS).map(|verb| verb.name);
        let operations = operations::all().iter().map(|operation| operation.name);
        for name in verbs.chain(operations) {
            assert!(all.contains(&format!("\nfn {name}(")), "{name}");
        }
    }

    /// What cannot be parsed helps no editor: with bodies and without types it is Rhai.
    #[test]
    fn definitions_are_rhai_but_for_bodies_and_types() {
        for file in all() {
            let lines = file.text.lines().skip(1).map(|line| {
                let Some(definition) = line.strip_suffix(';') else {
                    return line.to_owned();
                };
                let untyped = ["Org", "String", "Map", "Array", "FnPtr", "Directory", "List", "Batch", "Simulator"]
                    .iter()
                    .fold(definition.to_owned(), |text, kind| text.replace(&format!(": {kind}"), ""));
                format!("{untyped} {{}}")
            });
            let text: Vec<String> = lines.collect();
            let mut engine = rhai::Engine::new_raw();
            crate::script::free_keywords(&mut engine);
            if let Err(error) = engine.compile(text.join("\n")) {
                panic!("{}: {error}", file.file);
            }
        }
    }

    #[test]
    fn what_may_be_left_out_makes_a_definition_more() {
        let verbs = text("verbs.d.rhai");
        for line in [
            "fn each(list: Array, function: FnPtr);",
            "fn each(list: Array, options: Map, function: FnPtr);",
            "fn search(directory: Directory, base, filter);",
            "fn search(directory: Directory, base, filter, attributes);",
            "/// begins a step of the procedure",
        ] {
            assert!(verbs.contains(line), "{line}\n{verbs}");
        }
        assert!(text("dn.d.rhai").contains("fn is_under(dn, base);"));
        let operations = text("operations.d.rhai");
        assert!(operations.contains("fn assign_user_to_group(okta: Org, group_id: String, user_id: String);"));
        assert!(operations.contains("/// Scopes: okta.groups.manage"));
    }
}
