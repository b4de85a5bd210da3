//! What a text declares, seen in its words alone: while a person types, it does not parse most of the time.

mod statements;
mod tokens;

use std::ops::Range;

pub(in crate::script) use statements::statements;
pub(in crate::script) use tokens::{OutlineToken, TokenKind, tokens};

/// Declarations of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptOutline {
    pub functions: Vec<DeclaredName>,
    pub variables: Vec<DeclaredName>,
    pub imports: Vec<ImportedModule>,
    /// `step("…")`, by their titles.
    pub steps: Vec<DeclaredName>,
    /// `test("…")`, by their titles.
    pub tests: Vec<DeclaredName>,
    /// Entries of `const PARAMS`.
    pub parameters: Vec<DeclaredName>,
    /// Entries of `const ORGS`.
    pub orgs: Vec<DeclaredName>,
}

/// A name and where it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredName {
    pub name: String,
    /// Of a function: as it is called. Of a parameter or an org: what is declared. Else empty.
    pub signature: String,
    /// The `///` text above, without the marks.
    pub doc: String,
    /// Bytes of the name.
    pub at: Range<usize>,
}

/// An `import "name" as alias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedModule {
    pub name: String,
    pub alias: String,
    /// Bytes of the name, quotes included.
    pub at: Range<usize>,
}

impl ScriptOutline {
    pub fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut outline = Self::default();
        for index in 0..tokens.len() {
            outline.read(text, &tokens, index);
        }
        outline
    }

    /// The function of that name.
    pub fn function(&self, name: &str) -> Option<&DeclaredName> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The import under that alias.
    pub fn import(&self, alias: &str) -> Option<&ImportedModule> {
        self.imports.iter().find(|import| import.alias == alias)
    }

    /// The declaration of a variable that is nearest above `at`, else the first.
    pub fn variable(&self, name: &str, at: usize) -> Option<&DeclaredName> {
        let named = || self.variables.iter().filter(|it| it.name == name);
        let above = named().rfind(|it| it.at.start <= at);
        above.or_else(|| named().next())
    }

    fn read(&mut self, text: &str, tokens: &[OutlineToken], index: usize) {
        let words = &tokens[index..];
        let is_method = index > 0 && tokens[index - 1].is(text, ".");
        match words[0].text(text) {
            "fn" => self.function_at(text, words),
            "let" | "for" | "|" => self.variables_at(text, &words[1..]),
            "const" => self.constant_at(text, words),
            "import" => self.import_at(text, words),
            "step" if !is_method => self.steps.extend(titled_step(text, words)),
            "test" if !is_method => self.tests.extend(titled_step(text, words)),
            _ => {}
        }
    }

    fn function_at(&mut self, text: &str, words: &[OutlineToken]) {
        let [_, name, open, rest @ ..] = words else {
            return;
        };
        if name.kind != TokenKind::Name || !open.is(text, "(") {
            return;
        }
        let inside: Vec<&OutlineToken> = rest.iter().take_while(|it| !it.is(text, ")")).collect();
        let names = inside.iter().filter(|it| it.kind == TokenKind::Name);
        let parameters: Vec<&str> = names.clone().map(|it| it.text(text)).collect();
        self.variables.extend(names.map(|it| declared_name(text, it)));
        let mut function = declared_name(text, name);
        function.signature = format!("{}({})", function.name, parameters.join(", "));
        function.doc = doc_above(text, words[0].at.start);
        self.functions.push(function);
    }

    /// `let x`, `for x in`, `for (x, i) in`, `|x, y|`: names up to what is none.
    fn variables_at(&mut self, text: &str, words: &[OutlineToken]) {
        let names = words
            .iter()
            .take_while(|it| {
                let between = it.is(text, "(") || it.is(text, ",");
                between || (it.kind == TokenKind::Name && !it.is(text, "in"))
            })
            .filter(|it| it.kind == TokenKind::Name);
        self.variables.extend(names.map(|it| declared_name(text, it)));
    }

    fn constant_at(&mut self, text: &str, words: &[OutlineToken]) {
        self.variables_at(text, &words[1..words.len().min(2)]);
        match words.get(1).map(|name| name.text(text)) {
            Some("PARAMS") => self.parameters = entries(text, &words[2..]),
            Some("ORGS") => self.orgs = entries(text, &words[2..]),
            _ => {}
        }
    }

    fn import_at(&mut self, text: &str, words: &[OutlineToken]) {
        let [_, name, keyword, alias, ..] = words else {
            return;
        };
        if name.kind == TokenKind::Text && keyword.is(text, "as") && alias.kind == TokenKind::Name {
            self.imports.push(ImportedModule {
                name: unquote_text(name.text(text)).to_owned(),
                alias: alias.text(text).to_owned(),
                at: name.at.clone(),
            });
        }
    }
}

/// `step("title"`.
fn titled_step(text: &str, words: &[OutlineToken]) -> Option<DeclaredName> {
    let [_, open, title, ..] = words else {
        return None;
    };
    let fits = open.is(text, "(") && title.kind == TokenKind::Text;
    fits.then(|| DeclaredName {
        name: unquote_text(title.text(text)).to_owned(),
        signature: String::new(),
        doc: String::new(),
        at: title.at.clone(),
    })
}

/// The entries of `= #{ a: …, b: … }`, nested ones left out.
fn entries(text: &str, words: &[OutlineToken]) -> Vec<DeclaredName> {
    let mut found: Vec<DeclaredName> = Vec::new();
    let mut depth = 0_usize;
    for (index, word) in words.iter().enumerate() {
        match word.text(text) {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            ";" if depth == 0 => break,
            _ if depth == 1
                && word.kind == TokenKind::Name
                && words.get(index + 1).is_some_and(|next| next.is(text, ":")) =>
            {
                let mut entry = declared_name(text, word);
                entry.signature = value(text, &words[index + 2..]);
                found.push(entry);
            }
            _ => {}
        }
    }
    found
}

/// The text of a value, up to the comma or bracket that ends it.
fn value(text: &str, words: &[OutlineToken]) -> String {
    let mut depth = 0_usize;
    let mut end = None;
    for word in words {
        match word.text(text) {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" | "," if depth == 0 => break,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        end = Some(word.at.end);
    }
    let start = words.first().map(|word| word.at.start);
    let range = start.zip(end).map(|(start, end)| start..end);
    range.and_then(|range| text.get(range)).unwrap_or_default().to_owned()
}

fn declared_name(text: &str, name: &OutlineToken) -> DeclaredName {
    DeclaredName { name: name.text(text).to_owned(), signature: String::new(), doc: String::new(), at: name.at.clone() }
}

/// The lines `/// …` right above the line of `at`.
fn doc_above(text: &str, at: usize) -> String {
    let above = text[..at].rfind('\n').map_or("", |end| &text[..end]);
    let mut lines: Vec<&str> =
        above.lines().rev().map_while(|line| line.trim_start().strip_prefix("///")).map(str::trim).collect();
    lines.reverse();
    lines.join("\n")
}

fn unquote_text(text: &str) -> &str {
    let inside = text.get(1..).unwrap_or_default();
    inside.strip_suffix(['"', '`']).unwrap_or(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"//! Doc.
const ORGS = #{ okta: "the org", hub: "the other" };
const PARAMS = #{ users: #{ type: "list", example: ["a", "b"] }, n: #{ type: "integer" } };
import "lib/ad" as ad;
step("Look");
/// Twice of it.
/// Really.
fn twice(x, y) { x * 2 }
for (user, index) in params.users { let z = [1].map(|item| item + 1); step(`Do ${user}`);
let broken = okta.
"#;

    fn names(declared: &[DeclaredName]) -> Vec<&str> {
        declared.iter().map(|it| it.name.as_str()).collect()
    }

    #[test]
    fn declarations_are_seen_in_a_text_that_does_not_parse() {
        let outline = ScriptOutline::of(TEXT);
        assert_eq!(names(&outline.orgs), ["okta", "hub"]);
        assert_eq!(names(&outline.parameters), ["users", "n"]);
        assert_eq!(outline.parameters[1].signature, "#{ type: \"integer\" }");
        assert_eq!(names(&outline.steps), ["Look", "Do ${user}"]);
        assert_eq!(outline.import("ad").map(|it| it.name.as_str()), Some("lib/ad"));
        let twice = outline.function("twice").expect("the function");
        assert_eq!(twice.signature, "twice(x, y)");
        assert_eq!(twice.doc, "Twice of it.\nReally.");
        assert_eq!(&TEXT[twice.at.clone()], "twice");
        for name in ["user", "index", "z", "item", "broken", "x", "PARAMS"] {
            assert!(outline.variable(name, TEXT.len()).is_some(), "{name}");
        }
        assert!(outline.variable("params", TEXT.len()).is_none());
    }
}
