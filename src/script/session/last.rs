//! `_`, the last result.
//!
//! rhai knows `_` as the last case of a `switch` only. Its parser asks about every token, with its place: what is not followed by `=>` or a
//! condition is the variable.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Engine, Position, Token};

use crate::script::error::byte_at;
use crate::script::keywords::freed;

/// Name of the variable that holds the last result.
pub(super) const LAST: &str = "_";

/// The text that is parsed.
#[derive(Clone, Default)]
pub(super) struct Text(Arc<Mutex<String>>);

impl Text {
    pub(super) fn set(&self, text: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone_into(&mut held);
    }

    fn after(&self, at: Position) -> Option<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = byte_at(&text, at.line()?, at.position()?)?;
        let rest = text[start..].strip_prefix(LAST)?;
        Some(rest.trim_start().chars().take(3).collect())
    }
}

#[expect(
    deprecated,
    reason = "rhai marks hooks into its parser so because they may change between versions"
)]
pub(super) fn let_name_the_last_result(engine: &mut Engine, text: &Text) {
    let text = text.clone();
    engine.on_parse_token(move |token, at, _| match token {
        Token::Underscore => match text.after(at) {
            Some(after) if !after.starts_with("=>") && after != "if " => {
                Token::Identifier(Box::new(LAST.into()))
            }
            _ => Token::Underscore,
        },
        other => freed(other),
    });
}
