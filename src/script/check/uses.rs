//! What a piece of a script declares, uses and calls: for telling which pieces need which.

use rhai::{Position, Stmt};

use super::facts::UseRole;
use super::script::ParsedScript;
use super::walk;
use crate::script::engine::header_engine;
use crate::script::library::{RunbookShelf, ScriptSource};

/// Names in a piece of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::script) struct NameUses {
    /// Variables, functions and modules that it declares at its top.
    pub declared: Vec<String>,
    /// Variables from before that it changes.
    pub changed: Vec<String>,
    /// Variables, functions and modules it needs.
    pub named: Vec<String>,
    /// All that it calls.
    pub called: Vec<String>,
}

/// The names in `text`; none when it does not parse.
pub(in crate::script) fn uses(text: &str) -> NameUses {
    let Ok(ast) = header_engine().compile(text) else {
        return NameUses::default();
    };
    let source = ScriptSource::new("", RunbookShelf::Workspace, "", text);
    let script = ParsedScript::of_tree(source, &ast);
    let facts = walk::facts(&script, &[]);
    let mut uses = NameUses::default();
    for statement in &script.statements {
        match statement {
            Stmt::Var(variable, ..) => uses.declared.push(variable.0.name.to_string()),
            Stmt::Import(import, _) => uses.declared.push(import.1.name.to_string()),
            _ => {}
        }
    }
    let functions = script.functions.iter().filter(|function| !function.is_closure());
    uses.declared.extend(functions.map(|function| function.name.to_string()));
    for used in &facts.uses {
        let name = used.name.to_string();
        if used.role == UseRole::Changed {
            uses.changed.push(name.clone());
        }
        uses.named.push(name);
    }
    for call in facts.calls.iter().filter(|call| !call.is_operator()) {
        if call.to.is_qualified() {
            uses.named.push(call.to.namespace.root().to_owned());
        } else {
            uses.named.push(call.to.name.to_string());
        }
        uses.called.push(call.to.name.to_string());
    }
    uses.named.extend(facts.qualified.iter().map(|(module, _, _): &(_, _, Position)| module.to_string()));
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_tells_what_it_declares_changes_and_needs() {
        let piece = uses("import \"lib/ad\" as ad; let g = ad::find_group(okta, name); seen.push(g.id); fn f(x) { x }");
        assert_eq!(piece.declared, ["ad", "g", "f"]);
        assert_eq!(piece.changed, ["seen"]);
        for name in ["okta", "name", "ad", "seen"] {
            assert!(piece.named.iter().any(|named| named == name), "{name}");
        }
        assert!(piece.called.iter().any(|called| called == "push"));
    }
}
