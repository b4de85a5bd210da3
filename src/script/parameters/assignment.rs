//! `--param name=value`.

use super::Problem;

/// A value given for a parameter. Its text may name a secret, but is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: String,
}

/// Splits each of `texts` at its first `=`.
pub fn parse_assignments(texts: &[String]) -> Result<Vec<Assignment>, Vec<Problem>> {
    let (good, wrong): (Vec<_>, Vec<_>) = texts.iter().map(|text| parse(text)).partition(Result::is_ok);
    if wrong.is_empty() {
        Ok(good.into_iter().flatten().collect())
    } else {
        Err(wrong.into_iter().filter_map(Result::err).collect())
    }
}

fn parse(text: &str) -> Result<Assignment, Problem> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(Assignment { name: name.trim().to_owned(), value: value.to_owned() })
        }
        _ => Err(Problem::new(format!("`{text}` gives no parameter a value")).help("write --param NAME=VALUE")),
    }
}
