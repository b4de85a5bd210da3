//! The names a script could have meant.

use super::foreign_words::name_help;
use crate::script::nearest::{nearest, or_list};

/// What is defined outside of the script: candidates for "did you mean". What the script itself declares is found in its text.
#[derive(Clone, Debug, Default)]
pub struct KnownNames {
    /// Variables, such as `params` and the org handles.
    pub variables: Vec<String>,
    pub functions: Vec<CallableName>,
}

/// A function as a person calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallableName {
    pub name: String,
    /// Such as `each(list, |item| …)`.
    pub signature: String,
}

impl CallableName {
    pub fn new(name: impl Into<String>, signature: impl Into<String>) -> Self {
        Self { name: name.into(), signature: signature.into() }
    }
}

impl KnownNames {
    pub(in crate::script) fn signatures_of(&self, name: &str, text: &str) -> Vec<String> {
        let known = self.functions.iter().filter(|function| function.name == name);
        let known = known.map(|function| function.signature.clone());
        let own = DeclaredNames::of(text).functions.into_iter().filter(|function| function.name == name);
        let mut signatures: Vec<String> = own.map(|function| function.signature).chain(known).collect();
        signatures.dedup();
        signatures
    }

    /// Help for an unknown function: the nearest ones with their signatures.
    pub(in crate::script) fn function_help(&self, wanted: &str, text: &str) -> Vec<String> {
        if let Some(help) = name_help(wanted) {
            return vec![help.to_owned()];
        }
        let own = DeclaredNames::of(text).functions;
        let known = own.iter().chain(&self.functions).map(|function| function.name.as_str());
        nearest(wanted, known)
            .into_iter()
            .flat_map(|name| self.signatures_of(name, text))
            .take(3)
            .map(|signature| format!("did you mean {signature}?"))
            .collect()
    }

    /// Help for an unknown variable.
    pub(in crate::script) fn variable_help(&self, wanted: &str, text: &str) -> Vec<String> {
        if let Some(signature) = self.signatures_of(wanted, text).first() {
            return vec![format!("`{wanted}` is a function: call it as {signature}")];
        }
        if let Some(help) = name_help(wanted) {
            return vec![help.to_owned()];
        }
        let own = DeclaredNames::of(text).variables;
        let known = own.iter().chain(&self.variables).map(String::as_str);
        match nearest(wanted, known).as_slice() {
            [] => Vec::new(),
            names => vec![format!("did you mean {}?", or_list(names))],
        }
    }
}

/// What a script declares, found by its keywords: it need not compile.
#[derive(Default)]
struct DeclaredNames {
    variables: Vec<String>,
    functions: Vec<CallableName>,
}

impl DeclaredNames {
    fn of(text: &str) -> Self {
        let mut declared = Self::default();
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            declared.read(code);
        }
        declared
    }

    fn read(&mut self, code: &str) {
        let mut words = code.split(|c: char| !(c == '_' || c.is_alphanumeric())).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if matches!(word, "let" | "const" | "for" | "as") {
                self.variables.extend(words.next().map(str::to_owned));
            }
        }
        if let Some((_, function)) = code.split_once("fn ") {
            self.read_function(function);
        }
        for closure in code.split('|').skip(1).step_by(2) {
            self.read_parameters(closure);
        }
    }

    fn read_function(&mut self, code: &str) {
        if let Some((name, rest)) = code.split_once('(')
            && let Some((parameters, _)) = rest.split_once(')')
        {
            self.functions.push(CallableName::new(name.trim(), format!("{}({parameters})", name.trim())));
            self.read_parameters(parameters);
        }
    }

    fn read_parameters(&mut self, list: &str) {
        let names = list.split(',').map(str::trim);
        self.variables.extend(names.filter(|name| rhai::is_valid_identifier(name)).map(str::to_owned));
    }
}
