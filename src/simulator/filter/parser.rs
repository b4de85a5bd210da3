//! From text to expression: `or` binds least, then `and`, then `not`.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::super::http::ApiRefusal;
use super::{FilterExpression, FilterLiteral, FilterOperator, FilterTest};

#[derive(Clone, Debug, PartialEq)]
enum FilterToken {
    Word(String),
    Text(String),
    Open,
    Close,
}

/// Parses an expression; E0000031 when it is none.
pub(in super::super) fn parse(text: &str) -> Result<FilterExpression, ApiRefusal> {
    let mut tokens = tokens(text).ok_or_else(invalid)?.into_iter().peekable();
    let expr = disjunction(&mut tokens, 0).ok_or_else(invalid)?;
    match tokens.next() {
        None => Ok(expr),
        Some(_) => Err(invalid()),
    }
}

fn invalid() -> ApiRefusal {
    ApiRefusal::new(400, "E0000031", "Invalid search criteria.")
}

fn tokens(text: &str) -> Option<Vec<FilterToken>> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            ' ' | '\t' | '\n' | '\r' => {
                rest.next();
            }
            '(' | ')' => {
                rest.next();
                found.push(if next == '(' { FilterToken::Open } else { FilterToken::Close });
            }
            '"' => {
                rest.next();
                found.push(FilterToken::Text(read_quoted(&mut rest)?));
            }
            _ => {
                let mut word = String::new();
                while let Some(next) = rest.next_if(|next| !next.is_whitespace() && !"()\"".contains(*next)) {
                    word.push(next);
                }
                found.push(FilterToken::Word(word));
            }
        }
    }
    Some(found)
}

/// The rest of a quoted text; `\` takes the next character as it is.
fn read_quoted(rest: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            next => text.push(next),
        }
    }
}

type FilterTokens = Peekable<IntoIter<FilterToken>>;

/// Parentheses and `not` may nest this deep: a request must not exhaust the stack.
const DEPTH: usize = 64;

fn disjunction(tokens: &mut FilterTokens, depth: usize) -> Option<FilterExpression> {
    let mut left = conjunction(tokens, depth)?;
    while takes_word(tokens, "or") {
        left = FilterExpression::Or(Box::new(left), Box::new(conjunction(tokens, depth)?));
    }
    Some(left)
}

fn conjunction(tokens: &mut FilterTokens, depth: usize) -> Option<FilterExpression> {
    let mut left = term(tokens, depth)?;
    while takes_word(tokens, "and") {
        left = FilterExpression::And(Box::new(left), Box::new(term(tokens, depth)?));
    }
    Some(left)
}

fn term(tokens: &mut FilterTokens, depth: usize) -> Option<FilterExpression> {
    if depth > DEPTH {
        return None;
    }
    match tokens.next()? {
        FilterToken::Open => {
            let inner = disjunction(tokens, depth + 1)?;
            (tokens.next()? == FilterToken::Close).then_some(inner)
        }
        FilterToken::Word(word) if word.eq_ignore_ascii_case("not") => {
            Some(FilterExpression::Not(Box::new(term(tokens, depth + 1)?)))
        }
        FilterToken::Word(property) => test(property, tokens).map(FilterExpression::Test),
        FilterToken::Text(_) | FilterToken::Close => None,
    }
}

fn test(property: String, tokens: &mut FilterTokens) -> Option<FilterTest> {
    let FilterToken::Word(word) = tokens.next()? else {
        return None;
    };
    let operator = operator(&word)?;
    let literal = match operator {
        FilterOperator::Pr => FilterLiteral::Null,
        _ => literal(tokens.next()?)?,
    };
    Some(FilterTest { property, operator, literal })
}

fn operator(word: &str) -> Option<FilterOperator> {
    Some(match word.to_ascii_lowercase().as_str() {
        "eq" => FilterOperator::Eq,
        "ne" => FilterOperator::Ne,
        "gt" => FilterOperator::Gt,
        "ge" => FilterOperator::Ge,
        "lt" => FilterOperator::Lt,
        "le" => FilterOperator::Le,
        "sw" => FilterOperator::Sw,
        "ew" => FilterOperator::Ew,
        "co" => FilterOperator::Co,
        "pr" => FilterOperator::Pr,
        _ => return None,
    })
}

fn literal(token: FilterToken) -> Option<FilterLiteral> {
    match token {
        FilterToken::Text(text) => Some(FilterLiteral::Text(text)),
        FilterToken::Word(word) => match word.as_str() {
            "true" => Some(FilterLiteral::Bool(true)),
            "false" => Some(FilterLiteral::Bool(false)),
            "null" => Some(FilterLiteral::Null),
            number => number.parse().ok().map(FilterLiteral::Number),
        },
        FilterToken::Open | FilterToken::Close => None,
    }
}

fn takes_word(tokens: &mut FilterTokens, word: &str) -> bool {
    tokens.next_if(|token| matches!(token, FilterToken::Word(have) if have.eq_ignore_ascii_case(word))).is_some()
}
