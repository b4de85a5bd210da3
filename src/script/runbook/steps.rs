//! The headings of a runbook, found in its tree.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

/// A `step("…")` of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptStep {
    /// What is computed in a title is shown as `…`.
    pub title: String,
    /// Line of the script, from 1.
    pub line: usize,
}

/// The steps in the order of the text: closures and functions are walked after the rest, hence the sorting.
pub(super) fn steps_of(ast: &AST) -> Vec<ScriptStep> {
    let mut found: Vec<(Position, String)> = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        let call = match path.last() {
            Some(ASTNode::Stmt(Stmt::FnCall(call, position)) | ASTNode::Expr(Expr::FnCall(call, position))) => {
                Some((call, *position))
            }
            _ => None,
        };
        if let Some((call, position)) = call
            && let Some(title) = title(call)
        {
            found.push((position, title));
        }
        true
    });
    found.sort_by_key(|(position, _)| (position.line(), position.position()));
    found.dedup();
    let step = |(position, title): (Position, String)| ScriptStep { title, line: position.line().unwrap_or(1) };
    found.into_iter().map(step).collect()
}

fn title(call: &FnCallExpr) -> Option<String> {
    match call.args.as_slice() {
        [title] if call.name == "step" && !call.is_qualified() => words(title),
        _ => None,
    }
}

fn words(title: &Expr) -> Option<String> {
    match title {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        Expr::InterpolatedString(parts, _) => {
            Some(parts.iter().map(|part| words(part).unwrap_or_else(|| "…".to_owned())).collect())
        }
        _ => None,
    }
}
