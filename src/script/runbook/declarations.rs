//! `const ORGS`, `const PARAMS`, `const INCLUDES` and `const SCENARIO`.

mod parameter;
mod parameter_type;

pub use parameter_type::{DeclaredColumn, DeclaredParameter, ParameterType, WantedColumn};

use rhai::{AST, ASTFlags, Engine, Expr, Position, Stmt};

use super::includes::IncludedName;
use super::literal::{HeaderLiteral, LiteralEntry, LiteralForm};
use crate::script::error::ScriptDiagnostic;
use crate::script::sources::SourceTexts;

/// An org handle of a runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredOrg {
    /// The variable in the script: `okta`, `hub`, `spoke`.
    pub name: String,
    /// What it is, in the runbook's words.
    pub what: String,
}

/// Something wrong in a header.
pub(super) struct HeaderFinding {
    message: String,
    help: Vec<String>,
    at: Position,
}

impl HeaderFinding {
    fn new(message: impl Into<String>, at: Position) -> Self {
        Self { message: message.into(), help: Vec::new(), at }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn diagnostic(self, path: &str, sources: &SourceTexts) -> ScriptDiagnostic {
        let diagnostic = ScriptDiagnostic::finding(self.message, path, self.at, sources);
        self.help.into_iter().fold(diagnostic, ScriptDiagnostic::help)
    }
}

/// What a header declares, and everything wrong about it.
pub(super) struct HeaderDeclarations {
    pub(super) orgs: Vec<DeclaredOrg>,
    pub(super) parameters: Vec<DeclaredParameter>,
    pub(super) scenario: Option<String>,
    pub(super) includes: Vec<IncludedName>,
    pub(super) findings: Vec<HeaderFinding>,
}

pub(super) fn read(engine: &Engine, ast: &AST) -> HeaderDeclarations {
    let mut findings = Vec::new();
    let orgs = entries(ast, "ORGS", &mut findings);
    let orgs = orgs.iter().filter_map(|entry| org(engine, entry, &mut findings)).collect();
    let params = entries(ast, "PARAMS", &mut findings);
    let params = params
        .iter()
        .filter_map(|entry| {
            usable(engine, entry, "a parameter", &mut findings);
            parameter::read(entry, &mut findings)
        })
        .collect();
    let scenario = scenario(ast, &mut findings);
    let includes = includes(ast, &mut findings);
    findings.sort_by_key(|finding| (finding.at.line(), finding.at.position()));
    HeaderDeclarations { orgs, parameters: params, scenario, includes, findings }
}

/// The name that the constant SCENARIO holds.
fn scenario(ast: &AST, findings: &mut Vec<HeaderFinding>) -> Option<String> {
    let (value, at) = constant(ast, "SCENARIO", "\"org2org\"", findings)?;
    match HeaderLiteral::of(value) {
        Ok(literal) if literal.as_str().is_some() => literal.as_str().map(str::to_owned),
        _ => {
            let finding = HeaderFinding::new("SCENARIO must be a string", at);
            findings.push(finding.help("write const SCENARIO = \"org2org\";"));
            None
        }
    }
}

/// The names that the constant INCLUDES lists.
fn includes(ast: &AST, findings: &mut Vec<HeaderFinding>) -> Vec<IncludedName> {
    const EXAMPLE: &str = "[\"org2org/assign_users\"]";
    let Some((value, at)) = constant(ast, "INCLUDES", EXAMPLE, findings) else {
        return Vec::new();
    };
    let name = |item: &HeaderLiteral| Some(IncludedName { name: item.as_str()?.to_owned(), at: item.at });
    let names = match HeaderLiteral::of(value) {
        Ok(HeaderLiteral { form: LiteralForm::List(items), .. }) => items.iter().map(name).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    names.unwrap_or_else(|| {
        let finding = HeaderFinding::new("INCLUDES must be a list of names of runbooks", at);
        findings.push(finding.help(format!("write const INCLUDES = {EXAMPLE};")));
        Vec::new()
    })
}

/// The entries of the map that the constant `name` holds; none when it is not declared.
fn entries(ast: &AST, name: &str, findings: &mut Vec<HeaderFinding>) -> Vec<LiteralEntry> {
    match constant(ast, name, "#{ … }", findings) {
        Some((value, _)) => map(name, value, findings),
        None => Vec::new(),
    }
}

/// What the constant `name` holds, and where.
fn constant<'a>(
    ast: &'a AST,
    name: &str,
    example: &str,
    findings: &mut Vec<HeaderFinding>,
) -> Option<(&'a Expr, Position)> {
    let mut declared = ast.statements().iter().filter_map(|statement| match statement {
        Stmt::Var(variable, flags, position) if variable.0.as_str() == name => {
            Some((&variable.1, variable.0.pos.or_else(*position), *flags))
        }
        _ => None,
    });
    let (value, at, flags) = declared.next()?;
    if !flags.contains(ASTFlags::CONSTANT) {
        findings.push(
            HeaderFinding::new(format!("{name} must be a constant"), at)
                .help(format!("write const {name} = {example};")),
        );
    }
    for (_, again, _) in declared {
        findings.push(HeaderFinding::new(format!("{name} is declared twice"), again));
    }
    Some((value, at))
}

fn map(name: &str, value: &Expr, findings: &mut Vec<HeaderFinding>) -> Vec<LiteralEntry> {
    match HeaderLiteral::of(value) {
        Ok(HeaderLiteral { form: LiteralForm::Map(entries), .. }) => entries,
        Ok(HeaderLiteral { at, .. }) => {
            findings.push(
                HeaderFinding::new(format!("{name} must be a map"), at).help(format!("write const {name} = #{{ … }};")),
            );
            Vec::new()
        }
        Err(places) => {
            let finding = |at| {
                HeaderFinding::new(format!("{name} holds something that is not a literal"), at)
                    .help("the header is read without running anything: write strings, numbers, booleans, lists and maps of these")
            };
            findings.extend(places.into_iter().map(finding));
            Vec::new()
        }
    }
}

fn org(engine: &Engine, entry: &LiteralEntry, findings: &mut Vec<HeaderFinding>) -> Option<DeclaredOrg> {
    usable(engine, entry, "an org", findings);
    if entry.key == "params" {
        findings.push(HeaderFinding::new("an org cannot be called `params`: the parameters are", entry.at));
    }
    let what = entry.value.as_str();
    if what.is_none() {
        findings.push(
            HeaderFinding::new(format!("what the org `{}` is must be a string", entry.key), entry.value.at)
                .help(format!("write {}: \"the org the AD agent reports to\"", entry.key)),
        );
    }
    Some(DeclaredOrg { name: entry.key.clone(), what: what?.to_owned() })
}

/// A name that the language reserves could be declared as a quoted key, but never be written in the script.
fn usable(engine: &Engine, entry: &LiteralEntry, what: &str, findings: &mut Vec<HeaderFinding>) {
    let key = &entry.key;
    if !rhai::is_valid_identifier(key) || engine.compile(format!("let {key};")).is_err() {
        findings.push(
            HeaderFinding::new(format!("`{key}` cannot be the name of {what}"), entry.at)
                .help("use letters, digits and `_`, and no word of the language"),
        );
    }
}
