//! The part of Okta's expression language that group rules mostly use: attributes compared with text, group functions, and the logic around.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::http::ApiRefusal;
use super::store::{SimulatedOrg, StoredUser};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RuleExpression {
    And(Box<RuleExpression>, Box<RuleExpression>),
    Or(Box<RuleExpression>, Box<RuleExpression>),
    Not(Box<RuleExpression>),
    Equal(RuleOperand, RuleOperand),
    Function(RuleFunction, Vec<RuleOperand>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum RuleOperand {
    /// `user.…`
    Attribute(String),
    Text(String),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleFunction {
    StringContains,
    StartsWith,
    IsMemberOfGroup,
    IsMemberOfGroupName,
    IsMemberOfGroupNameStartsWith,
}

impl RuleExpression {
    /// Whether a user satisfies the expression.
    pub(super) fn holds(&self, org: &SimulatedOrg, user: &StoredUser) -> bool {
        match self {
            Self::And(left, right) => left.holds(org, user) && right.holds(org, user),
            Self::Or(left, right) => left.holds(org, user) || right.holds(org, user),
            Self::Not(inner) => !inner.holds(org, user),
            Self::Equal(left, right) => left.text(user) == right.text(user),
            Self::Function(function, operands) => function.holds(org, user, operands),
        }
    }
}

impl RuleOperand {
    fn text<'a>(&'a self, user: &'a StoredUser) -> Option<&'a str> {
        match self {
            Self::Attribute(name) => user.profile.get(name).and_then(serde_json::Value::as_str),
            Self::Text(text) => Some(text),
            Self::Null => None,
        }
    }
}

impl RuleFunction {
    fn holds(self, org: &SimulatedOrg, user: &StoredUser, operands: &[RuleOperand]) -> bool {
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
pub(super) fn parse(text: &str) -> Result<RuleExpression, ApiRefusal> {
    let mut tokens = tokens(text).ok_or_else(invalid)?.into_iter().peekable();
    let expression = disjunction(&mut tokens, 0)?;
    match tokens.next() {
        None => Ok(expression),
        Some(_) => Err(invalid()),
    }
}

/// Assumed form of the refusal.
fn invalid() -> ApiRefusal {
    ApiRefusal::validation("expression", &["errors in the field: expression"])
}

#[derive(Clone, Debug, PartialEq)]
enum RuleToken {
    Word(String),
    Text(String),
    /// `( ) , ! == != && ||`
    Mark(&'static str),
}

const MARKS: &[&str] = &["==", "!=", "&&", "||", "(", ")", ",", "!"];

fn tokens(text: &str) -> Option<Vec<RuleToken>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(next) = rest.chars().next() {
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            found.push(RuleToken::Mark(mark));
            rest = &rest[mark.len()..];
        } else if next == '"' || next == '\'' {
            let (inner, after) = rest[1..].split_once(next)?;
            found.push(RuleToken::Text(inner.to_owned()));
            rest = after;
        } else {
            let is_end = |it: char| it.is_whitespace() || "()!=,&|\"'".contains(it);
            let length = rest.find(is_end).unwrap_or(rest.len());
            if length == 0 {
                return None;
            }
            found.push(RuleToken::Word(rest[..length].to_owned()));
            rest = &rest[length..];
        }
        rest = rest.trim_start();
    }
    Some(found)
}

type RuleTokens = Peekable<IntoIter<RuleToken>>;

/// Parentheses may nest this deep.
const DEPTH: usize = 64;

fn disjunction(tokens: &mut RuleTokens, depth: usize) -> Result<RuleExpression, ApiRefusal> {
    let mut left = conjunction(tokens, depth)?;
    while takes(tokens, "||", "or") {
        left = RuleExpression::Or(Box::new(left), Box::new(conjunction(tokens, depth)?));
    }
    Ok(left)
}

fn conjunction(tokens: &mut RuleTokens, depth: usize) -> Result<RuleExpression, ApiRefusal> {
    let mut left = term(tokens, depth)?;
    while takes(tokens, "&&", "and") {
        left = RuleExpression::And(Box::new(left), Box::new(term(tokens, depth)?));
    }
    Ok(left)
}

fn term(tokens: &mut RuleTokens, depth: usize) -> Result<RuleExpression, ApiRefusal> {
    if depth > DEPTH {
        return Err(invalid());
    }
    if takes(tokens, "!", "not") {
        return Ok(RuleExpression::Not(Box::new(term(tokens, depth + 1)?)));
    }
    if takes(tokens, "(", "") {
        let inner = disjunction(tokens, depth + 1)?;
        expect(tokens, ")")?;
        return Ok(inner);
    }
    match tokens.next() {
        Some(RuleToken::Word(name)) if tokens.peek() == Some(&RuleToken::Mark("(")) => function(&name, tokens),
        Some(token) => comparison(token, tokens),
        None => Err(invalid()),
    }
}

fn function(name: &str, tokens: &mut RuleTokens) -> Result<RuleExpression, ApiRefusal> {
    let (function, most) = RuleFunction::named(name)
        .ok_or_else(|| ApiRefusal::not_modelled(&format!("the function {name} in a group rule")))?;
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
    Ok(RuleExpression::Function(function, operands))
}

fn comparison(left: RuleToken, tokens: &mut RuleTokens) -> Result<RuleExpression, ApiRefusal> {
    let left = operand(left)?;
    let differs = takes(tokens, "!=", "ne");
    if !differs && !takes(tokens, "==", "eq") {
        return Err(invalid());
    }
    let right = operand(tokens.next().ok_or_else(invalid)?)?;
    let equal = RuleExpression::Equal(left, right);
    Ok(if differs { RuleExpression::Not(Box::new(equal)) } else { equal })
}

fn operand(token: RuleToken) -> Result<RuleOperand, ApiRefusal> {
    match token {
        RuleToken::Text(text) => Ok(RuleOperand::Text(text)),
        RuleToken::Word(word) if word == "null" => Ok(RuleOperand::Null),
        RuleToken::Word(word) => match word.strip_prefix("user.") {
            Some(name) if !name.is_empty() => Ok(RuleOperand::Attribute(name.to_owned())),
            _ => Err(invalid()),
        },
        RuleToken::Mark(_) => Err(invalid()),
    }
}

fn takes(tokens: &mut RuleTokens, mark: &str, word: &str) -> bool {
    tokens
        .next_if(|token| match token {
            RuleToken::Mark(have) => *have == mark,
            RuleToken::Word(have) => !word.is_empty() && have.eq_ignore_ascii_case(word),
            RuleToken::Text(_) => false,
        })
        .is_some()
}

fn expect(tokens: &mut RuleTokens, mark: &'static str) -> Result<(), ApiRefusal> {
    match tokens.next() {
        Some(RuleToken::Mark(have)) if have == mark => Ok(()),
        _ => Err(invalid()),
    }
}
