//! JSON to script values and back.
//!
//! | JSON | script |
//! |---|---|
//! | `null` | `()` |
//! | integer within `i64` | integer |
//! | integer beyond | refused: a float would silently change an id |
//! | other number | float |
//! | string, array, object | string, array, map |
//!
//! Of an answer of an org, a field that holds a secret is a [`SecretValue`] instead of a string. Going back, a char, a time and a distinguished name are strings and a blob an array of numbers; functions, timestamps, ranges and native handles have no JSON form
//! and are refused by their path inside the value (`members[3].profile`), and so are NaN and the infinities.

use std::fmt;

use rhai::{Array, Blob, Dynamic, Map};
use serde_json::{Number, Value};

use super::secret::{SHOWN, SecretValue};
use super::time_value::{ScriptDuration, ScriptTime};
use crate::ldap::Dn;
use crate::run::{FieldPlace, REDACTED, has_secret_shape};

/// The most levels of lists and maps that are written down. A reader of JSON takes 128, and the journal sets some around a value.
const MOST_LEVELS: usize = 100;

/// The field of a map that says from which row of a file it is, such as `users.csv:3`.
pub const ROW_FIELD: &str = "row";

/// Why a value cannot cross, and where inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError {
    /// Such as `members[3].profile`; empty for the whole value.
    pub path: String,
    pub reason: String,
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the value {}", self.reason),
            path => write!(f, "`{path}` {}", self.reason),
        }
    }
}

impl std::error::Error for ConversionError {}

/// A script value of the JSON `value`.
pub fn from_json(value: &Value) -> Result<Dynamic, ConversionError> {
    match value {
        Value::Null => Ok(Dynamic::UNIT),
        Value::Bool(bool) => Ok((*bool).into()),
        Value::Number(number) => from_number(number),
        Value::String(text) => Ok(text.as_str().into()),
        Value::Array(items) => {
            let items =
                items.iter().enumerate().map(|(index, item)| from_json(item).map_err(|unfit| unfit.at_index(index)));
            Ok(items.collect::<Result<Array, _>>()?.into())
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, item)| Ok((key.as_str().into(), from_json(item).map_err(|unfit| unfit.at_key(key))?)));
            Ok(entries.collect::<Result<Map, ConversionError>>()?.into())
        }
    }
}

/// A script value of what an org or a directory answered, whose secrets are values of their own from here on. `learn` gets each of them.
pub(super) fn from_answer(value: &Value, learn: &dyn Fn(&str)) -> Result<Dynamic, ConversionError> {
    answer_value("", value, learn)
}

/// `within` is the name of the field that holds the value, or the list that the value is in.
fn answer_value(within: &str, value: &Value, learn: &dyn Fn(&str)) -> Result<Dynamic, ConversionError> {
    match value {
        Value::String(text) if text == REDACTED || text == SHOWN => Ok(Dynamic::from(SecretValue::missing(within))),
        Value::String(text) if has_secret_shape(text) => Ok(secret(text, learn)),
        Value::Array(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(index, item)| answer_value(within, item, learn).map_err(|unfit| unfit.at_index(index)));
            Ok(items.collect::<Result<Array, _>>()?.into())
        }
        Value::Object(object) => {
            let entries = object.iter().map(|(name, item)| {
                let place = FieldPlace { within, object, name };
                let item =
                    if place.is_secret(item) { secrets_of(name, item, learn) } else { answer_value(name, item, learn) };
                Ok((name.as_str().into(), item.map_err(|unfit| unfit.at_key(name))?))
            });
            Ok(entries.collect::<Result<Map, ConversionError>>()?.into())
        }
        other => from_json(other),
    }
}

/// All texts in a secret field are secrets.
fn secrets_of(name: &str, value: &Value, learn: &dyn Fn(&str)) -> Result<Dynamic, ConversionError> {
    match value {
        Value::String(text) if text == REDACTED || text == SHOWN => Ok(Dynamic::from(SecretValue::missing(name))),
        Value::String(text) => Ok(secret(text, learn)),
        Value::Array(items) => {
            let items = items.iter().map(|item| secrets_of(name, item, learn));
            Ok(items.collect::<Result<Array, _>>()?.into())
        }
        Value::Object(fields) => {
            let entries = fields
                .iter()
                .map(|(name, item)| Ok::<_, ConversionError>((name.as_str().into(), secrets_of(name, item, learn)?)));
            Ok(entries.collect::<Result<Map, _>>()?.into())
        }
        other => from_json(other),
    }
}

fn secret(text: &str, learn: &dyn Fn(&str)) -> Dynamic {
    learn(text);
    Dynamic::from(SecretValue::new(text.into()))
}

/// The JSON of a script value, for whatever is shown or written down. Shared (captured) values are read through their lock.
pub fn to_json(value: &Dynamic) -> Result<Value, ConversionError> {
    convert(value, SecretHandling::Hidden, MOST_LEVELS)
}

/// The same for a request: secrets are in it.
pub(super) fn to_request(value: &Dynamic) -> Result<Value, ConversionError> {
    convert(value, SecretHandling::Exposed, MOST_LEVELS)
}

#[derive(Clone, Copy)]
enum SecretHandling {
    Hidden,
    Exposed,
}

fn convert(value: &Dynamic, secrets: SecretHandling, levels: usize) -> Result<Value, ConversionError> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(bool) = value.as_bool() {
        return Ok(bool.into());
    }
    if let Ok(integer) = value.as_int() {
        return Ok(integer.into());
    }
    if let Ok(float) = value.as_float() {
        return Number::from_f64(float)
            .map(Value::Number)
            .ok_or_else(|| ConversionError::new(format!("is {float}, which JSON cannot hold")));
    }
    if let Ok(char) = value.as_char() {
        return Ok(char.to_string().into());
    }
    if let Some(secret) = value.read_lock::<SecretValue>() {
        return match secrets {
            SecretHandling::Hidden => Ok(SHOWN.into()),
            SecretHandling::Exposed => {
                secret.expose().map(Value::from).map_err(|missing| ConversionError::new(format!("is {missing}")))
            }
        };
    }
    composite(value, secrets, levels)
}

fn composite(value: &Dynamic, secrets: SecretHandling, levels: usize) -> Result<Value, ConversionError> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.as_str().into());
    }
    if let Ok(items) = value.as_array_ref() {
        let levels = one_level_less(levels)?;
        let items = items
            .iter()
            .enumerate()
            .map(|(index, item)| convert(item, secrets, levels).map_err(|unfit| unfit.at_index(index)));
        return items.collect();
    }
    if let Ok(entries) = value.as_map_ref() {
        let levels = one_level_less(levels)?;
        let entries = entries.iter().map(|(key, item)| {
            Ok((key.to_string(), convert(item, secrets, levels).map_err(|unfit| unfit.at_key(key))?))
        });
        return Ok(Value::Object(entries.collect::<Result<_, ConversionError>>()?));
    }
    if let Some(dn) = value.read_lock::<Dn>() {
        return Ok(dn.to_string().into());
    }
    if let Some(time) = value.read_lock::<ScriptTime>() {
        return Ok(time.to_string().into());
    }
    if let Some(duration) = value.read_lock::<ScriptDuration>() {
        return match secrets {
            SecretHandling::Hidden => Ok(duration.to_string().into()),
            SecretHandling::Exposed => {
                let words = "is a duration: say in what it is counted, such as `.seconds` or `.minutes`";
                Err(ConversionError::new(words.to_owned()))
            }
        };
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.as_slice().into());
    }
    Err(ConversionError::new(format!("is {}, which has no JSON form", kind_of(value))))
}

/// One level less.
fn one_level_less(levels: usize) -> Result<usize, ConversionError> {
    levels
        .checked_sub(1)
        .ok_or_else(|| ConversionError::new(format!("is nested in more than {MOST_LEVELS} lists and maps")))
}

fn from_number(number: &Number) -> Result<Dynamic, ConversionError> {
    if let Some(integer) = number.as_i64() {
        return Ok(integer.into());
    }
    if number.is_u64() {
        return Err(ConversionError::new(format!("is {number}, beyond the integers of a script ({})", i64::MAX)));
    }
    number
        .as_f64()
        .map(Dynamic::from_float)
        .ok_or_else(|| ConversionError::new(format!("is {number}, which is no number of a script")))
}

fn kind_of(value: &Dynamic) -> String {
    match value.type_name() {
        "Fn" => "a function".to_owned(),
        "timestamp" => "a timestamp".to_owned(),
        range if range.contains("Range") => "a range".to_owned(),
        other => format!("of type {}", other.rsplit("::").next().unwrap_or(other)),
    }
}

impl ConversionError {
    fn new(reason: String) -> Self {
        Self { path: String::new(), reason }
    }

    fn at_index(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }

    fn at_key(self, key: &str) -> Self {
        self.under(key)
    }

    fn under(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

#[cfg(test)]
mod tests {
    use rhai::{Engine, FnPtr};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_json_holds_comes_back_as_it_was() {
        for value in [
            json!(null),
            json!(true),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(1.0),
            json!("é\n"),
            json!([[], {}, [null]]),
            json!({"profile": {"login": "jo", "n": [1, 2.5]}, "default": false}),
        ] {
            assert_eq!(to_json(&from_json(&value).expect("a script value")), Ok(value));
        }
    }

    #[test]
    fn an_integer_that_does_not_fit_is_refused_by_its_path() {
        let unfit = from_json(&json!({"a": [0, {"id": u64::MAX}]})).expect_err("too large");
        assert_eq!(
            unfit.to_string(),
            "`a[1].id` is 18446744073709551615, beyond the integers of a script (9223372036854775807)"
        );
    }

    #[test]
    fn what_json_cannot_hold_is_refused_by_its_path() {
        let function = Dynamic::from(FnPtr::new("f").expect("a name"));
        let map: Map = [("f".into(), function.clone())].into();
        let unfit = to_json(&Dynamic::from(vec![Dynamic::UNIT, map.into()])).expect_err("a function");
        assert_eq!(unfit.to_string(), "`[1].f` is a function, which has no JSON form");
        assert_eq!(
            to_json(&function).expect_err("a function").to_string(),
            "the value is a function, which has no JSON form"
        );
        let range: Dynamic = Engine::new().eval("0..3").expect("a range");
        assert!(to_json(&range).expect_err("a range").reason.contains("a range"));
        let timestamp: Dynamic = Engine::new().eval("timestamp()").expect("a timestamp");
        assert!(to_json(&timestamp).expect_err("a timestamp").reason.contains("a timestamp"));
        assert!(to_json(&Dynamic::from_float(f64::NAN)).expect_err("NaN").reason.contains("NaN"));
    }

    #[test]
    fn a_value_of_too_many_levels_is_refused() {
        let nested = |levels| (0..levels).fold(Dynamic::UNIT, |inner, _| Dynamic::from_array(vec![inner]));
        assert!(to_json(&nested(MOST_LEVELS)).is_ok());
        let unfit = to_json(&nested(MOST_LEVELS + 1)).expect_err("too deep");
        assert!(unfit.reason.contains("more than 100 lists and maps"), "{unfit}");
    }

    #[test]
    fn chars_blobs_and_captured_values_have_a_json_form() {
        let engine = Engine::new();
        let value: Dynamic =
            engine.eval("let a = [1]; let f = || a.push(2); f.call(); #{c: 'x', b: blob(2, 7), a: a}").expect("a map");
        assert_eq!(to_json(&value), Ok(json!({"a": [1, 2], "b": [7, 7], "c": "x"})));
    }
}
