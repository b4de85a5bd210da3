//! A secret parameter as a script has it: it can be put into a request, and is never shown.

use rhai::Engine;
use secrecy::{ExposeSecret as _, SecretString};

/// What is shown of it.
pub(super) const SHOWN: &str = "•••";

/// The value of a parameter of type `secret`. It has no operations: text that is made of it holds [`SHOWN`].
#[derive(Clone, Debug)]
pub(super) struct Secret(SecretString);

impl Secret {
    pub(super) fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// For the body or query of a request, and nothing else.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Secret>("secret")
        .register_fn("to_string", |_: &mut Secret| SHOWN)
        .register_fn("to_debug", |_: &mut Secret| SHOWN);
}
