//! The part of Okta's expression language that group rules mostly use: attributes compared with text, group functions, and the logic around.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::http::Refusal;
use super::store::{Org, User};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Equal(Operand, Operand),
    Function(Function, Vec<Operand>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// `user.…`
    Attribute(String),
    Text(String),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    StringContains,
    StartsWith,
    IsMemberOfGroup,
    IsMemberOfGroupName,
    IsMemberOfGroupNameStartsWith,
}

impl Expression {
    /// Whether a user satisfies the expression.
    pub(super) fn holds(&self, org: &Org, user: &User) -> bool {
        match self {
            Self::And(left, right) => left.holds(org, user) && right.holds(org, user),
            Self::Or(left, right) => left.holds(org, user) || right.holds(org, user),
            Self::Not(inner) => !inner.holds(org, user),
            Self::Equal(left, right) => left.text(user) == right.text(user),
            Self::Function(function, operands) => function.holds(org, user, operands),
        }
    }
}

impl Operand {
    fn text<'a>(&'a self, user: &'a User) -> Option<&'a str> {
        match self {
            Self::Attribute(name) => user.profile.get(name).and_then(serde_json::Value::as_str),
            Self::Text(text) => Some(text),
            Self::Null => None,
        }
    }
}

impl Function {
    fn holds(self, org: &Org, user: &User, operands: &[Operand]) -> bool {
        let texts: Vec<&str> = operands.iter().map(|operand| operand.text(user).unwrap_or_default()).collect();
        let in_group_named = |fits: &dyn Fn(&str) -> bool| {
            let groups = user.groups.iter().filter_map(|id| org.groups.get(id));
            groups.into_iter().any(|group| fits(group.name()))
        };
        match (self, texts.as_slice()) {
            (Self::StringContains, [whole, part]) => whole.contains(part),
            (Self::StartsWith, [whole, part]) => whole.starts_with(part),
            (Self::IsMemberOfGroup, ids) => ids.iter().any(|id| user.groups.contains(*id)),
            (Self::IsMemberOfGroupName, names) => in_group_named(&|name| names.contains(&name)),
            (Self::IsMemberOfGroupNameStartsWith, [start]) => in_group_named(&|name| name.starts_with(start)),
            _ => false,
        }
    }

    /// The function of this name and the number of operands it takes at most.
    fn named(name: &str) -> Option<(Self, usize)> {
        Some(match name {
            "String.stringContains" => (Self::StringContains, 2),
            "String.startsWith" => (Self::StartsWith, 2),
            "isMemberOfGroup" => (Self::IsMemberOfGroup, 1),
            "isMemberOfAnyGroup" => (Self::IsMemberOfGroup, usize::MAX),
            "isMemberOfGroupName" => (Self::IsMemberOfGroupName, 1),
            "isMemberOfGroupNameStartsWith" => (Self::IsMemberOfGroupNameStartsWith, 1),
            _ => return None,
        })
    }
}

/// Parses an expression: 400 for what is none, 501 for a function that is not modelled.
pub(super) fn parse(text: &str) -> Result<Expression, Refusal> {
    let mut tokens = tokens(text).ok_or_else(invalid)?.into_iter().peekable();
    let expression = disjunction(&mut tokens, 0)?;
    match tokens.next() {
        None => Ok(expression),
        Some(_) => Err(invalid()),
    }
}

/// Assumed form of the refusal.
fn invalid() -> Refusal {
    Refusal::validation("expression", &["errors in the field: expression"])
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    /// `( ) , ! == != && ||`
    Mark(&'static str),
}

const MARKS: &[&str] = &["==", "!=", "&&", "||", "(", ")", ",", "!"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(next) = rest.chars().next() {
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            found.push(Token::Mark(mark));
            rest = &rest[mark.len()..];
        } else if next == '"' || next == '\'' {
            let (inner, after) = rest[1..].split_once(next)?;
            found.push(Token::Text(inner.to_owned()));
            rest = after;
        } else {
            let is_end = |it: char| it.is_whitespace() || "()!=,&|\"'".contains(it);
            let length = rest.find(is_end).unwrap_or(rest.len());
            if length == 0 {
                return None;
            }
            found.push(Token::Word(rest[..length].to_owned()));
            rest = &rest[length..];
        }
        rest = rest.trim_start();
    }
    Some(found)
}

type Tokens = Peekable<IntoIter<Token>>;

/// Parentheses may nest this deep.
const DEPTH: usize = 64;

fn disjunction(tokens: &mut Tokens, depth: usize) -> Result<Expression, Refusal> {
    let mut left = conjunction(tokens, depth)?;
    while takes(tokens, "||", "or") {
        left = Expression::Or(Box::new(left), Box::new(conjunction(tokens, depth)?));
    }
    Ok(left)
}

fn conjunction(tokens: &mut Tokens, depth: usize) -> Result<Expression, Refusal> {
    let mut left = term(tokens, depth)?;
    while takes(tokens, "&&", "and") {
        left = Expression::And(Box::new(left), Box::new(term(tokens, depth)?));
    }
    Ok(left)
}

fn term(tokens: &mut Tokens, depth: usize) -> Result<Expression, Refusal> {
    if depth > DEPTH {
        return Err(invalid());
    }
    if takes(tokens, "!", "not") {
        return Ok(Expression::Not(Box::new(term(tokens, depth + 1)?)));
    }
    if takes(tokens, "(", "") {
        let inner = disjunction(tokens, depth + 1)?;
        expect(tokens, ")")?;
        return Ok(inner);
    }
    match tokens.next() {
        Some(Token::Word(name)) if tokens.peek() == Some(&Token::Mark("(")) => function(&name, tokens),
        Some(token) => comparison(token, tokens),
        None => Err(invalid()),
    }
}

fn function(name: &str, tokens: &mut Tokens) -> Result<Expression, Refusal> {
    let (function, most) =
        Function::named(name).ok_or_else(|| Refusal::not_modelled(&format!("the function {name} in a group rule")))?;
    expect(tokens, "(")?;
    let mut operands = Vec::new();
    loop {
        operands.push(operand(tokens.next().ok_or_else(invalid)?)?);
        if !takes(tokens, ",", "") {
            break;
        }
    }
    expect(tokens, ")")?;
    if operands.len() > most {
        return Err(invalid());
    }
    Ok(Expression::Function(function, operands))
}

fn comparison(left: Token, tokens: &mut Tokens) -> Result<Expression, Refusal> {
    let left = operand(left)?;
    let differs = takes(tokens, "!=", "ne");
    if !differs && !takes(tokens, "==", "eq") {
        return Err(invalid());
    }
    let right = operand(tokens.next().ok_or_else(invalid)?)?;
    let equal = Expression::Equal(left, right);
    Ok(if differs { Expression::Not(Box::new(equal)) } else { equal })
}

fn operand(token: Token) -> Result<Operand, Refusal> {
    match token {
        Token::Text(text) => Ok(Operand::Text(text)),
        Token::Word(word) if word == "null" => Ok(Operand::Null),
        Token::Word(word) => match word.strip_prefix("user.") {
            Some(name) if !name.is_empty() => Ok(Operand::Attribute(name.to_owned())),
            _ => Err(invalid()),
        },
        Token::Mark(_) => Err(invalid()),
    }
}

fn takes(tokens: &mut Tokens, mark: &str, word: &str) -> bool {
    tokens
        .next_if(|token| match token {
            Token::Mark(have) => *have == mark,
            Token::Word(have) => !word.is_empty() && have.eq_ignore_ascii_case(word),
            Token::Text(_) => false,
        })
        .is_some()
}

fn expect(tokens: &mut Tokens, mark: &'static str) -> Result<(), Refusal> {
    match tokens.next() {
        Some(Token::Mark(have)) if have == mark => Ok(()),
        _ => Err(invalid()),
    }
}
