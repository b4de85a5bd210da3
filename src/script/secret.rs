//! A secret as a script has it: it can be put into a request and compared with another value, and is never shown.

use rhai::{Engine, EvalAltResult, NativeCallContext};
use secrecy::{ExposeSecret as _, SecretString};

use crate::run::HIDDEN;
use crate::script::error_value::ErrorValue;

/// What is shown of it.
pub(super) const SHOWN: &str = HIDDEN;

/// The value of a parameter of type `secret`, or of a field of an answer that holds one. Text that is made of it holds [`SHOWN`].
#[derive(Clone, Debug)]
pub(super) struct SecretValue(SecretContent);

#[derive(Clone, Debug)]
enum SecretContent {
    Known(SecretString),
    /// The run was resumed, and what it answered then is recorded without its secrets: the name of the field.
    Missing(Box<str>),
}

/// A secret that is needed and that nobody here knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}`, a secret that is not known: the answer that had it was recorded without it, or was lost\nhave the org make it again: undo this run and start it again, or call what makes another"
)]
pub(super) struct MissingSecret(Box<str>);

impl SecretValue {
    pub(super) fn new(secret: SecretString) -> Self {
        Self(SecretContent::Known(secret))
    }

    /// One of which only the name of its field is left.
    pub(super) fn missing(field: &str) -> Self {
        Self(SecretContent::Missing(field.into()))
    }

    /// For the body or query of a request, and nothing else.
    pub(super) fn expose(&self) -> Result<&str, MissingSecret> {
        match &self.0 {
            SecretContent::Known(secret) => Ok(secret.expose_secret()),
            SecretContent::Missing(field) => Err(MissingSecret(field.clone())),
        }
    }
}

type SecretComparison = Result<bool, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<SecretValue>("secret")
        .register_fn("to_string", |_: &mut SecretValue| SHOWN)
        .register_fn("to_debug", |_: &mut SecretValue| SHOWN)
        .register_fn("==", |context: NativeCallContext, one: SecretValue, other: SecretValue| {
            compare(&context, &one, &other)
        })
        .register_fn("!=", |context: NativeCallContext, one: SecretValue, other: SecretValue| {
            compare(&context, &one, &other).map(|same| !same)
        })
        .register_fn("==", |context: NativeCallContext, one: SecretValue, text: &str| {
            compare_text(&context, &one, text)
        })
        .register_fn("!=", |context: NativeCallContext, one: SecretValue, text: &str| {
            compare_text(&context, &one, text).map(|same| !same)
        })
        .register_fn("==", |context: NativeCallContext, text: &str, one: SecretValue| {
            compare_text(&context, &one, text)
        })
        .register_fn("!=", |context: NativeCallContext, text: &str, one: SecretValue| {
            compare_text(&context, &one, text).map(|same| !same)
        });
}

fn compare(context: &NativeCallContext, one: &SecretValue, other: &SecretValue) -> SecretComparison {
    compare_text(context, one, known_secret(context, other)?)
}

fn compare_text(context: &NativeCallContext, one: &SecretValue, text: &str) -> SecretComparison {
    Ok(known_secret(context, one)? == text)
}

fn known_secret<'a>(context: &NativeCallContext, secret: &'a SecretValue) -> Result<&'a str, Box<EvalAltResult>> {
    secret.expose().map_err(|missing| {
        let words = format!("a comparison needs {missing}");
        ErrorValue::new("usage", words).raise(context.call_source(), context.call_position())
    })
}
