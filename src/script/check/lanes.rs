//! What a script says of its lanes, which saves copies: closures that change nothing of what they capture, and rows of `each` that nobody
//! takes.

use std::collections::HashSet;

use rhai::{AST, Expr, Position, Stmt};

use super::facts::{BoundValue, ScriptFacts, UseRole};
use super::script::ParsedScript;
use super::walk;
use crate::script::library::ScriptSource;

/// What is known of the lanes of one script.
#[derive(Debug, Default)]
pub(in crate::script) struct ScriptLanes {
    /// Names of closures that change nothing that was declared outside of them. What a closure does to functions that it captures is
    /// not seen: they may change what they capture themselves.
    quiet: HashSet<String>,
    /// Calls of `each` at the top of the script whose rows are nobody's.
    untaken: HashSet<Position>,
}

impl ScriptLanes {
    pub(in crate::script) fn of(ast: &AST, source: &ScriptSource) -> Self {
        let script = ParsedScript::of_tree(source.clone(), ast);
        Self {
            quiet: quiet_closures(&walk::facts(&script, &[])),
            untaken: script.statements.iter().filter_map(first_untaken).collect(),
        }
    }

    pub(in crate::script) fn is_quiet(&self, closure: &str) -> bool {
        self.quiet.contains(closure)
    }

    pub(in crate::script) fn is_untaken(&self, call: Position) -> bool {
        self.untaken.contains(&call)
    }
}

fn first_untaken(statement: &Stmt) -> Option<Position> {
    let (call, at) = match statement {
        Stmt::FnCall(call, at) => (call, at),
        Stmt::Expr(expression) => match &**expression {
            Expr::FnCall(call, at) => (call, at),
            _ => return None,
        },
        _ => return None,
    };
    (call.name == "each" && !call.is_qualified()).then_some(*at)
}

/// Closures of the same text have the same name.
fn quiet_closures(facts: &ScriptFacts) -> HashSet<String> {
    let loud = loud_closures(facts);
    let closures = facts.closures.iter().enumerate();
    let (loud, quiet): (Vec<_>, Vec<_>) = closures.partition(|(id, _)| loud.contains(id));
    let loud: HashSet<_> = loud.iter().map(|(_, closure)| &closure.name).collect();
    quiet.iter().map(|(_, closure)| &closure.name).filter(|name| !loud.contains(name)).cloned().collect()
}

fn loud_closures(facts: &ScriptFacts) -> HashSet<usize> {
    let changes = facts.uses.iter().filter(|used| used.role == UseRole::Changed);
    let of_change = changes.flat_map(|used| {
        let inside: &[usize] = match used.binding {
            BoundValue::To(binding) => &facts.bindings[binding].closures,
            _ => &[],
        };
        let around = used.closures.iter().copied();
        around.filter(move |closure| !inside.contains(closure))
    });
    of_change.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::engine::engine;
    use crate::script::library::RunbookShelf;

    fn lanes(script: &str) -> ScriptLanes {
        let ast = engine().compile(script).expect(script);
        ScriptLanes::of(&ast, &ScriptSource::new("a", RunbookShelf::Workspace, "a", script))
    }

    #[test]
    fn rows_are_untaken_where_each_is_a_statement_of_its_own() {
        for (script, untaken) in [
            ("each([1], |x| x); 1", 1),
            ("each([1], |x| x);", 1),
            ("let rows = each([1], |x| x);", 0),
            ("each([1], |x| x).len();", 0),
            ("fn f() { each([1], |x| x) } f();", 0),
            ("if true { each([1], |x| x) }", 0),
        ] {
            assert_eq!(lanes(script).untaken.len(), untaken, "{script}");
        }
    }

    #[test]
    fn a_closure_is_quiet_unless_it_changes_something_from_outside() {
        for (script, quiet) in [
            ("let a = #{}; let f = |x| a[x];", 1),
            ("let a = #{}; let f = |x| a[x].len();", 1),
            ("let f = |x| { let a = [x]; a.push(x); a };", 1),
            ("let a = #{}; let f = |x| { a[x] = 1; };", 0),
            ("let a = []; let f = |x| a.push(x);", 0),
            ("let a = []; let f = |x| push(a, x);", 0),
            ("let a = #{ b: [] }; let f = |x| a.b.push(x);", 0),
            ("let a = 0; let f = |x| { a += x; };", 0),
            ("let a = []; let f = |xs| xs.map(|x| a.push(x));", 0),
            ("fn maker(a) { |x| a.push(x) }", 0),
        ] {
            assert_eq!(lanes(script).quiet.len(), quiet, "{script}");
        }
    }
}
