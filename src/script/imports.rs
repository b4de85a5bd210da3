//! What a script imports by literal names, found in its tree.

use rhai::{AST, ASTNode, Expr, Position, Stmt};

/// An `import "name"` of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportStatement {
    pub name: String,
    pub position: Position,
}

/// The imports of `ast`, functions included. A name that is computed is found when it runs only.
pub fn imports_of(ast: &AST) -> Vec<ImportStatement> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, position))) = path.last()
            && let Expr::StringConstant(name, _) = &import.0
        {
            found.push(ImportStatement { name: name.to_string(), position: *position });
        }
        true
    });
    found
}
