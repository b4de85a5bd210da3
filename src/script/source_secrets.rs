//! A script's text as it is written down: without the strings that may be secrets, which authors should not write, and do.
//!
//! The tree tells what a string is for, wherever its lines end and however it is quoted: the value of a field or a variable that is named
//! like a secret, or of a variable that becomes such a value. Others are known by their shape.

use std::collections::BTreeSet;
use std::ops::Range;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::confidential::{is_secret_name, literals, secret_shape};
use super::engine::header_engine;
use super::error::byte_at;
use super::former_source_secrets;
use super::outline::{TokenKind, tokens};
use crate::run::REDACTED;

/// The text with a mark in the place of each such string, and of comments that hold one.
pub fn without_secrets(text: &str) -> String {
    let mut ranges = match header_engine().compile(text) {
        Ok(ast) => strings(text, &ast),
        Err(_) => literals(text).into_iter().map(|literal| literal.at).collect(),
    };
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        kept.push_str(&text[from..range.start]);
        let quote = &text[range.start..=range.start];
        for piece in [quote, REDACTED, quote] {
            kept.push_str(piece);
        }
        from = range.end;
    }
    kept.push_str(&text[from..]);
    in_comments(&kept)
}

/// Whether nothing was taken out of a script's text.
pub fn is_whole(text: &str) -> bool {
    !text.contains(REDACTED)
}

/// Whether a text is what was written down of another: now, or by versions that knew strings by their lines.
pub fn is_record_of(recorded: &str, text: &str) -> bool {
    recorded == without_secrets(text) || recorded == former_source_secrets::without_secrets(text)
}

/// Where the strings stand, quotes included.
fn strings(text: &str, ast: &AST) -> Vec<Range<usize>> {
    let places: BTreeSet<usize> =
        SecretSearch::through(ast).into_iter().filter_map(|at| byte_at(text, at.line()?, at.position()?)).collect();
    let tokens = tokens(text).into_iter();
    let strings = tokens.filter(|token| token.kind == TokenKind::Text && text.is_char_boundary(token.at.start));
    strings.filter(|token| places.range(token.at.clone()).next().is_some()).map(|token| token.at).collect()
}

/// Looks for strings, as often as variables are found that become secrets.
struct SecretSearch {
    variables: BTreeSet<String>,
    found: Vec<Position>,
}

impl SecretSearch {
    fn through(ast: &AST) -> Vec<Position> {
        let mut search = Self { variables: BTreeSet::new(), found: Vec::new() };
        loop {
            let known = search.variables.len();
            search.found.clear();
            ast.walk(&mut |path: &[ASTNode]| {
                search.look(ast, path);
                true
            });
            if search.variables.len() == known {
                return search.found;
            }
        }
    }

    fn look(&mut self, ast: &AST, path: &[ASTNode]) {
        let Some((ASTNode::Expr(expression), above)) = path.split_last() else {
            return;
        };
        match expression {
            Expr::StringConstant(text, at)
                if !text.is_empty() && (secret_shape(text).is_some() || self.is_secret(ast, expression, above)) =>
            {
                self.found.push(*at);
            }
            Expr::InterpolatedString(_, at) if self.is_secret(ast, expression, above) => {
                self.found.push(*at);
            }
            Expr::Variable(variable, ..) if self.is_secret(ast, expression, above) => {
                self.variables.insert(variable.1.to_string());
            }
            _ => {}
        }
    }

    /// Whether what is above an expression makes it the value of a secret.
    fn is_secret(&self, ast: &AST, expression: &Expr, above: &[ASTNode]) -> bool {
        let mut keys: Vec<&str> = Vec::new();
        let mut child = VisitedChild::Expression(expression);
        for node in above.iter().rev() {
            match node {
                ASTNode::Expr(Expr::Map(map, _)) => {
                    let key = map.0.iter().find(|(_, value)| child.is(value));
                    keys.extend(key.map(|(key, _)| key.name.as_str()));
                }
                ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
                | ASTNode::Stmt(Stmt::FnCall(call, _))
                    if !matches!(call.name.as_str(), "+" | "+=") =>
                {
                    let at = call.args.iter().position(|argument| child.is(argument));
                    return names_a_secret(&keys) || is_taken_as_secret(ast, &call.name, at);
                }
                ASTNode::Expr(Expr::Dot(parts, ..) | Expr::Index(parts, ..)) if child.is(&parts.rhs) => {
                    return false;
                }
                ASTNode::Stmt(Stmt::Var(variable, ..)) => {
                    return self.is_secret_variable(&variable.0.name, &keys);
                }
                ASTNode::Stmt(Stmt::Assignment(parts)) => {
                    return !child.is(&parts.1.lhs) && (names_a_secret(&keys) || self.is_secret_target(&parts.1.lhs));
                }
                ASTNode::Stmt(Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..))
                    if child.is(&flow.expr) =>
                {
                    return names_a_secret(&keys);
                }
                _ => {}
            }
            child = match node {
                ASTNode::Expr(expression) => VisitedChild::Expression(expression),
                ASTNode::Stmt(_) => VisitedChild::Statement,
                _ => return names_a_secret(&keys),
            };
        }
        names_a_secret(&keys)
    }

    /// The header's own words say what a parameter is, but for its default.
    fn is_secret_variable(&self, name: &str, keys: &[&str]) -> bool {
        match name {
            "PARAMS" => keys.contains(&"default") && names_a_secret(keys),
            "ORGS" | "INCLUDES" => false,
            _ => names_a_secret(keys) || is_secret_name(name) || self.variables.contains(name),
        }
    }

    fn is_secret_target(&self, target: &Expr) -> bool {
        match target {
            Expr::Variable(variable, ..) => is_secret_name(&variable.1) || self.variables.contains(variable.1.as_str()),
            Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
                self.is_secret_target(&parts.lhs) || self.is_secret_target(&parts.rhs)
            }
            Expr::Property(property, _) => is_secret_name(&property.2),
            Expr::StringConstant(name, _) => is_secret_name(name),
            _ => false,
        }
    }
}

/// What was looked at before the node above it.
#[derive(Clone, Copy)]
enum VisitedChild<'a> {
    Expression(&'a Expr),
    Statement,
}

impl VisitedChild<'_> {
    fn is(self, other: &Expr) -> bool {
        matches!(self, Self::Expression(expression) if std::ptr::eq(expression, other))
    }
}

fn names_a_secret(keys: &[&str]) -> bool {
    keys.iter().any(|key| is_secret_name(key))
}

/// Whether a function takes its argument at that place as a secret: by its own name, or by the parameter's.
fn is_taken_as_secret(ast: &AST, function: &str, at: Option<usize>) -> bool {
    let Some(at) = at else {
        return false;
    };
    let mut named = ast.iter_fn_def().filter(|it| it.name == function);
    is_secret_name(function) || named.any(|it| it.params.get(at).is_some_and(|name| is_secret_name(name)))
}

/// Comments are no part of the tree: what stands in them is known by its line.
fn in_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for token in tokens(text) {
        kept.push_str(&comment(&text[from..token.at.start]));
        kept.push_str(&text[token.at.clone()]);
        from = token.at.end;
    }
    kept.push_str(&comment(&text[from..]));
    kept
}

fn comment(text: &str) -> String {
    if secret_shape(text).is_some() {
        return format!("// {REDACTED}\n");
    }
    former_source_secrets::without_secrets(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_secrets_are_left_out_however_they_are_written() {
        let token = format!("00{}", "aB3-_".repeat(8));
        for secret in [
            "okta.create_user(#{ credentials: #{ password: #{\n   value: \"LIT\" } } });",
            "let b = #{ password: `LIT` };",
            "let pw = \"LIT\"; let c = #{ password: pw };",
            "let plain = \"LIT\"; let other = plain; okta.x(#{ client_secret: other });",
            "let h = #{ \"Authorization\": \"SSWS LIT\" };",
            "let k = \"-----BEGIN PRIVATE KEY-----LIT\";",
            "let k = `-----BEGIN RSA PRIVATE KEY-----\nLIT\n`;",
            "const PASSWORD = \"LIT\"; let apiKey = \"LIT\"; let my_password = \"LIT\";",
            "let m = #{}; m.credentials.password = \"LIT\"; m[\"token\"] = \"LIT\";",
            "let password = if true { \"LIT\" } else { \"LIT\" };",
            "let password = \"LIT\" + `${1}LIT`;",
            "fn sign_in(name, passcode) { name } sign_in(\"x\", \"LIT\");",
            "let l = [#{ token: [\"LIT\", \"LIT\"] }];",
            "[1].map(|x| #{ secret: \"LIT\" });",
            "const PARAMS = #{ token: #{ type: \"string\", default: \"LIT\" } };",
            "// password: \"LIT\"\nlet x = 1;",
        ] {
            let kept = without_secrets(secret);
            assert!(!kept.contains("LIT") && !is_whole(&kept), "{secret}: {kept}");
            assert!(header_engine().compile(&kept).is_ok(), "{kept}");
        }
        for shape in [format!("let x = \"{token}\";"), format!("/* {token} */ let x = 1;")] {
            assert!(!without_secrets(&shape).contains(&token));
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "const ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ pw: #{ type: \"secret\", help: \"a password\", required: false } };",
            "if params.token == \"x\" { note(\"y\") }",
            "okta.list_users(#{ search: \"profile.login eq \\\"a\\\"\" });",
            "let name = \"a\"; note(`password of ${name}`); check(made.token != (), \"a token\");",
            "let e = #{ password: #{}, name: \"x\", token: params.token };",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }

    #[test]
    fn a_record_of_an_earlier_version_is_one_of_the_same_text() {
        let text = "let a = \"kept\"; // token: \"x\"\nu.credentials = #{ password: #{ value: \"x\" }, y: \"z\" };\n";
        for recorded in [without_secrets(text), former_source_secrets::without_secrets(text)] {
            assert!(is_record_of(&recorded, text), "{recorded}");
        }
        assert!(!is_record_of("let a = 1;", text));
    }
}
