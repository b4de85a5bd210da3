//! From text to expression: `or` binds least, then `and`, then `not`.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::super::http::Refusal;
use super::{Expr, Literal, Operator, Test};

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
}

/// Parses an expression; E0000031 when it is none.
pub(in super::super) fn parse(text: &str) -> Result<Expr, Refusal> {
    let mut tokens = tokens(text).ok_or_else(invalid)?.into_iter().peekable();
    let expr = disjunction(&mut tokens, 0).ok_or_else(invalid)?;
    match tokens.next() {
        None => Ok(expr),
        Some(_) => Err(invalid()),
    }
}

fn invalid() -> Refusal {
    Refusal::new(400, "E0000031", "Invalid search criteria.")
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            ' ' | '\t' | '\n' | '\r' => {
                rest.next();
            }
            '(' | ')' => {
                rest.next();
                found.push(if next == '(' { Token::Open } else { Token::Close });
            }
            '"' => {
                rest.next();
                found.push(Token::Text(quoted(&mut rest)?));
            }
            _ => {
                let mut word = String::new();
                while let Some(next) = rest.next_if(|next| !next.is_whitespace() && !"()\"".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

/// The rest of a quoted text; `\` takes the next character as it is.
fn quoted(rest: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            next => text.push(next),
        }
    }
}

type Tokens = Peekable<IntoIter<Token>>;

/// Parentheses and `not` may nest this deep: a request must not exhaust the stack.
const DEPTH: usize = 64;

fn disjunction(tokens: &mut Tokens, depth: usize) -> Option<Expr> {
    let mut left = conjunction(tokens, depth)?;
    while takes_word(tokens, "or") {
        left = Expr::Or(Box::new(left), Box::new(conjunction(tokens, depth)?));
    }
    Some(left)
}

fn conjunction(tokens: &mut Tokens, depth: usize) -> Option<Expr> {
    let mut left = term(tokens, depth)?;
    while takes_word(tokens, "and") {
        left = Expr::And(Box::new(left), Box::new(term(tokens, depth)?));
    }
    Some(left)
}

fn term(tokens: &mut Tokens, depth: usize) -> Option<Expr> {
    if depth > DEPTH {
        return None;
    }
    match tokens.next()? {
        Token::Open => {
            let inner = disjunction(tokens, depth + 1)?;
            (tokens.next()? == Token::Close).then_some(inner)
        }
        Token::Word(word) if word.eq_ignore_ascii_case("not") => Some(Expr::Not(Box::new(term(tokens, depth + 1)?))),
        Token::Word(property) => test(property, tokens).map(Expr::Test),
        Token::Text(_) | Token::Close => None,
    }
}

fn test(property: String, tokens: &mut Tokens) -> Option<Test> {
    let Token::Word(word) = tokens.next()? else {
        return None;
    };
    let operator = operator(&word)?;
    let literal = match operator {
        Operator::Pr => Literal::Null,
        _ => literal(tokens.next()?)?,
    };
    Some(Test { property, operator, literal })
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word.to_ascii_lowercase().as_str() {
        "eq" => Operator::Eq,
        "ne" => Operator::Ne,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        "sw" => Operator::Sw,
        "ew" => Operator::Ew,
        "co" => Operator::Co,
        "pr" => Operator::Pr,
        _ => return None,
    })
}

fn literal(token: Token) -> Option<Literal> {
    match token {
        Token::Text(text) => Some(Literal::Text(text)),
        Token::Word(word) => match word.as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            number => number.parse().ok().map(Literal::Number),
        },
        Token::Open | Token::Close => None,
    }
}

fn takes_word(tokens: &mut Tokens, word: &str) -> bool {
    tokens.next_if(|token| matches!(token, Token::Word(have) if have.eq_ignore_ascii_case(word))).is_some()
}
