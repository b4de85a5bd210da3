//! `_`, the last result.
//!
//! rhai knows `_` as the last case of a `switch` only. Its parser asks about every token, with its place: what is not followed by `=>` or a
//! condition is the variable.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Engine, Position, Token};

use crate::script::engine::header_engine;
use crate::script::error::byte_at;
use crate::script::keywords::free_token;

/// Name of the variable that holds the last result.
pub(super) const LAST: &str = "_";

/// The text that is parsed.
#[derive(Clone, Default)]
pub(super) struct ParsedText(Arc<Mutex<String>>);

impl ParsedText {
    pub(super) fn set(&self, text: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone_into(&mut held);
    }

    fn is_last(&self, at: Position) -> bool {
        let after = self.after(at);
        after.is_some_and(|after| !after.starts_with("=>") && after != "if ")
    }

    fn after(&self, at: Position) -> Option<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = byte_at(&text, at.line()?, at.position()?)?;
        let rest = text[start..].strip_prefix(LAST)?;
        Some(rest.trim_start().chars().take(3).collect())
    }
}

/// `text` with another name for the last result; `None` when it does not name it.
pub(super) fn rename_last(text: &str, name: &str) -> Option<String> {
    let places: Arc<Mutex<BTreeSet<usize>>> = Arc::default();
    let mut engine = header_engine();
    let (seen, whole) = (Arc::clone(&places), ParsedText::default());
    whole.set(text);
    let owned = text.to_owned();
    on_last(&mut engine, move |at| {
        let is_last = whole.is_last(at);
        let place = at.line().zip(at.position());
        if let Some((line, column)) = place.filter(|_| is_last)
            && let Some(byte) = byte_at(&owned, line, column)
        {
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(byte);
        }
        is_last
    });
    // What does not parse names nothing.
    engine.compile(text).ok()?;
    let places = places.lock().unwrap_or_else(PoisonError::into_inner);
    let mut changed = text.to_owned();
    for place in places.iter().rev() {
        changed.replace_range(*place..place + LAST.len(), name);
    }
    (!places.is_empty()).then_some(changed)
}

/// Asks of each `_` whether it is the variable.
#[expect(deprecated, reason = "rhai marks hooks into its parser so because they may change between versions")]
fn on_last(engine: &mut Engine, is_last: impl Fn(Position) -> bool + Send + Sync + 'static) {
    engine.on_parse_token(move |token, at, _| match token {
        Token::Underscore if is_last(at) => Token::Identifier(Box::new(LAST.into())),
        other => free_token(other),
    });
}

pub(super) fn let_name_the_last_result(engine: &mut Engine, text: &ParsedText) {
    let text = text.clone();
    on_last(engine, move |at| text.is_last(at));
}
