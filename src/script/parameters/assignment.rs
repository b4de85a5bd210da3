//! `--param name=value`.

use super::problem::ParameterProblem;

/// A value given for a parameter. Its text may name a secret, but is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterAssignment {
    pub name: String,
    pub value: String,
}

/// Splits each of `texts` at its first `=`.
pub fn parse_assignments(texts: &[String]) -> Result<Vec<ParameterAssignment>, Vec<ParameterProblem>> {
    let (good, wrong): (Vec<_>, Vec<_>) = texts.iter().map(|text| parse(text)).partition(Result::is_ok);
    if wrong.is_empty() {
        Ok(good.into_iter().flatten().collect())
    } else {
        Err(wrong.into_iter().filter_map(Result::err).collect())
    }
}

fn parse(text: &str) -> Result<ParameterAssignment, ParameterProblem> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(ParameterAssignment { name: name.trim().to_owned(), value: value.to_owned() })
        }
        _ => {
            Err(ParameterProblem::new(format!("`{text}` gives no parameter a value")).help("write --param NAME=VALUE"))
        }
    }
}
