//! A script as its checks see it: the tree in pieces that can be held on to.

use rhai::{AST, ASTNode, Expr, FnAccess, ImmutableString, Position, Stmt};

use super::readable::ReadableText;
use crate::script::library::ScriptSource;

/// A parsed script.
pub(super) struct ParsedScript {
    pub(super) source: ScriptSource,
    pub(super) statements: Vec<Stmt>,
    /// Closures included: rhai names them `anon$…`.
    pub(super) functions: Vec<ScriptFunction>,
    pub(super) imports: Vec<ScriptImport>,
    /// Aliases of modules whose names are computed: what they hold is seen when it runs.
    pub(super) untold: Vec<String>,
    /// Whether the tree is of the whole text.
    pub(super) is_whole: bool,
    /// Names that may be declared where the text cannot be read.
    left_out: Vec<String>,
}

/// A function or closure of a script.
pub(super) struct ScriptFunction {
    pub(super) name: ImmutableString,
    /// What a closure captures comes first.
    pub(super) parameters: Vec<ImmutableString>,
    pub(super) body: Vec<Stmt>,
    pub(super) at: Position,
    pub(super) access: FnAccess,
}

/// An `import "name" as alias`.
pub(super) struct ScriptImport {
    pub(super) name: String,
    pub(super) alias: String,
    pub(super) at: Position,
}

impl ParsedScript {
    /// The script of a text, as far as it was read.
    pub(super) fn new(source: ScriptSource, readable: ReadableText) -> Self {
        Self { is_whole: readable.error.is_none(), left_out: readable.left_out, ..Self::of_tree(source, &readable.ast) }
    }

    /// The script of a tree that is the whole text's.
    pub(super) fn of_tree(source: ScriptSource, ast: &AST) -> Self {
        Self {
            statements: ast.statements().to_vec(),
            functions: functions(ast),
            imports: imports(ast),
            untold: untold_names(ast),
            is_whole: true,
            left_out: Vec::new(),
            source,
        }
    }

    /// Whether that name may be declared where the text cannot be read.
    pub(super) fn may_have(&self, name: &str) -> bool {
        self.left_out.iter().any(|left| left == name)
    }

    /// The function of that name that is no closure, whatever it takes.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ScriptFunction> {
        self.functions.iter().filter(move |function| function.name == name)
    }

    /// The function that a call of `name` with so many arguments means.
    pub(super) fn function(&self, name: &str, arguments: usize) -> Option<&ScriptFunction> {
        self.functions.iter().find(|function| function.name == name && function.parameters.len() == arguments)
    }

    /// Whether the script imports something under that alias.
    pub(super) fn has_module(&self, alias: &str) -> bool {
        self.import(alias).is_some() || self.untold.iter().any(|known| known == alias) || self.may_have(alias)
    }

    pub(super) fn import(&self, alias: &str) -> Option<&ScriptImport> {
        self.imports.iter().find(|import| import.alias == alias)
    }
}

impl ScriptFunction {
    pub(super) fn is_closure(&self) -> bool {
        self.name.starts_with("anon$")
    }

    /// As a person calls it.
    pub(super) fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }
}

fn functions(ast: &AST) -> Vec<ScriptFunction> {
    let function = |definition: &rhai::Shared<rhai::ScriptFuncDef>| ScriptFunction {
        name: definition.name.clone(),
        parameters: definition.params.to_vec(),
        body: body(ast, &definition.name, definition.params.len()),
        at: definition.body.start_position(),
        access: definition.access,
    };
    let mut functions: Vec<ScriptFunction> = ast.iter_fn_def().map(function).collect();
    functions.sort_by_key(|function| (function.at.line(), function.at.position()));
    functions
}

/// The statements of one function. rhai keeps them under a type that it does not export, hence the walk over a tree of that function alone.
fn body(ast: &AST, wanted: &str, parameters: usize) -> Vec<Stmt> {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, name, count| name == wanted && count == parameters);
    let mut statements = Vec::new();
    alone.walk(&mut |path: &[ASTNode]| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}

fn untold_names(ast: &AST) -> Vec<String> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last()
            && !matches!(import.0, Expr::StringConstant(..))
        {
            found.push(import.1.name.to_string());
        }
        true
    });
    found
}

fn imports(ast: &AST) -> Vec<ScriptImport> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, at))) = path.last()
            && let Expr::StringConstant(name, _) = &import.0
        {
            found.push(ScriptImport { name: name.to_string(), alias: import.1.name.to_string(), at: *at });
        }
        true
    });
    found
}
