//! Literals of the header, each with its place.

use rhai::{Expr, Position};
use serde_json::Value;

/// A literal and where it stands.
pub(super) struct HeaderLiteral {
    pub(super) at: Position,
    pub(super) form: LiteralForm,
}

pub(super) enum LiteralForm {
    /// A string, a number, a boolean, or `()` as null.
    Single(Value),
    List(Vec<HeaderLiteral>),
    /// In the order of the text.
    Map(Vec<LiteralEntry>),
}

pub(super) struct LiteralEntry {
    pub(super) key: String,
    pub(super) at: Position,
    pub(super) value: HeaderLiteral,
}

impl HeaderLiteral {
    /// The literal that `expr` is; else the places of what is none in it.
    pub(super) fn of(expr: &Expr) -> Result<Self, Vec<Position>> {
        let at = expr.start_position();
        let form = match expr {
            Expr::Unit(_) => LiteralForm::Single(Value::Null),
            Expr::BoolConstant(bool, _) => LiteralForm::Single((*bool).into()),
            Expr::IntegerConstant(integer, _) => LiteralForm::Single((*integer).into()),
            Expr::FloatConstant(float, _) => LiteralForm::Single((**float).into()),
            Expr::CharConstant(char, _) => LiteralForm::Single(char.to_string().into()),
            Expr::StringConstant(text, _) => LiteralForm::Single(text.as_str().into()),
            Expr::Array(items, _) => LiteralForm::List(all(items.iter().map(Self::of))?),
            Expr::Map(map, _) => LiteralForm::Map(all(map.0.iter().map(|(key, value)| {
                Ok(LiteralEntry { key: key.name.to_string(), at: key.pos, value: Self::of(value)? })
            }))?),
            _ => return Err(vec![at]),
        };
        Ok(Self { at, form })
    }

    /// As JSON, places dropped.
    pub(super) fn json(&self) -> Value {
        match &self.form {
            LiteralForm::Single(value) => value.clone(),
            LiteralForm::List(items) => items.iter().map(Self::json).collect(),
            LiteralForm::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.json())).collect(),
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.form {
            LiteralForm::Single(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match &self.form {
            LiteralForm::Single(value) => value.as_bool(),
            _ => None,
        }
    }
}

/// All values, or the places of all errors.
fn all<T>(results: impl Iterator<Item = Result<T, Vec<Position>>>) -> Result<Vec<T>, Vec<Position>> {
    let mut values = Vec::new();
    let mut wrong = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(places) => wrong.extend(places),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}
