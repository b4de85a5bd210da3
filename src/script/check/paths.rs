//! Texts that a script puts together from what is written out: paths of calls, names of functions.

use rhai::Expr;

use super::facts::{BindingKind, BoundValue, ScriptFacts, UseRole};

/// Variables that are made of variables, and so on; a circle cannot be written, a long chain can.
const DEEPEST: usize = 16;

/// What stands for a part of a path that is computed: one segment.
const SEGMENT: &str = "x";

/// The path that an expression comes to, as far as the text tells it from its beginning.
pub(super) fn path_of(expression: &Expr, facts: &ScriptFacts) -> Option<String> {
    let text = match text_of(expression, facts, DEEPEST) {
        Some(text) => text,
        None => path_beginning(expression, facts)?,
    };
    text.starts_with('/').then_some(text)
}

/// The text that an expression comes to, when all of it is written out.
pub(super) fn text_of(expression: &Expr, facts: &ScriptFacts, deepest: usize) -> Option<String> {
    let deeper = deepest.checked_sub(1)?;
    match expression {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        Expr::InterpolatedString(parts, _) => parts.iter().map(|part| text_of(part, facts, deeper)).collect(),
        Expr::FnCall(call, _) if call.name == "+" && call.args.len() == 2 => {
            let parts = call.args.iter().map(|part| text_of(part, facts, deeper));
            parts.collect()
        }
        Expr::Variable(_, _, at) => {
            let used = facts.uses.iter().find(|used| used.at == *at)?;
            let BoundValue::To(id) = used.binding else {
                return None;
            };
            let binding = &facts.bindings[id];
            let changes =
                |used: &super::facts::VariableUse| used.role == UseRole::Changed && used.binding == BoundValue::To(id);
            if binding.kind != BindingKind::Local || facts.uses.iter().any(changes) {
                return None;
            }
            text_of(binding.value?, facts, deeper)
        }
        _ => None,
    }
}

/// A text whose beginning is written out; what is computed in it stands for one segment.
fn path_beginning(expression: &Expr, facts: &ScriptFacts) -> Option<String> {
    let known = |part: &Expr| text_of(part, facts, DEEPEST);
    match expression {
        Expr::InterpolatedString(parts, _) => {
            let part = |part: &Expr| known(part).unwrap_or_else(|| SEGMENT.to_owned());
            let first = parts.first().and_then(known)?;
            Some(parts.iter().skip(1).map(part).fold(first, |all, one| format!("{all}{one}")))
        }
        Expr::FnCall(call, _) if call.name == "+" && call.args.len() == 2 => {
            let left = known(&call.args[0]).or_else(|| path_beginning(&call.args[0], facts))?;
            let right = known(&call.args[1]).unwrap_or_else(|| SEGMENT.to_owned());
            Some(format!("{left}{right}"))
        }
        _ => None,
    }
}
