//! From rhai's nested error to the place where it arose and the way there.
//!
//! The position of `ErrorInFunctionCall` is in the caller's source and its own source is the callee's; an empty one means the same
//! source as the caller's. The innermost error's position is in the last source so found.

use rhai::{Dynamic, EvalAltResult, Position};

use super::location::{EnteredPlace, ScriptLocation, TraceFrame};
use super::snippet::{byte_at, token_at};

use crate::script::sources::SourceTexts;

pub(super) struct ErrorTrace<'a> {
    pub(super) root: &'a EvalAltResult,
    place: Option<(String, usize, usize)>,
    /// Innermost first.
    pub(super) frames: Vec<TraceFrame>,
}

impl ErrorTrace<'_> {
    pub(super) fn location(&self, sources: &SourceTexts) -> Option<ScriptLocation> {
        let (file, line, column) = self.place.as_ref()?;
        let position = ScriptLocation::at(file, *line, *column, sources);
        Some(match self.root {
            EvalAltResult::ErrorParsing(..) => position.on_text(),
            _ => position,
        })
    }
}

pub(super) fn trace<'a>(error: &'a EvalAltResult, entry: &str) -> ErrorTrace<'a> {
    let mut frames = Vec::new();
    let mut file = entry.to_owned();
    let mut root = error;
    loop {
        let (entered, inside, inner, position) = match root {
            EvalAltResult::ErrorInFunctionCall(name, source, inner, position) => {
                (function(name), source, inner, position)
            }
            EvalAltResult::ErrorInModule(path, inner, position) => {
                (EnteredPlace::Module(path.clone()), path, inner, position)
            }
            _ => break,
        };
        if let Some((line, column)) = line_and_column(*position) {
            frames.push(TraceFrame { entered, file: file.clone(), line, column });
        }
        if !inside.is_empty() {
            file.clone_from(inside);
        }
        root = inner;
    }
    frames.reverse();
    let thrown = line_and_column(root.position()).map(|(line, column)| (file, line, column));
    let mut trace = ErrorTrace { root, place: thrown, frames };
    trace.start_at_creation();
    trace.drop_repetitions();
    trace.stand_at_the_call();
    trace
}

impl ErrorTrace<'_> {
    /// An error value keeps the place of its creation; where it was thrown again is then a step of the way.
    fn start_at_creation(&mut self) {
        let EvalAltResult::ErrorRuntime(value, _) = self.root else {
            return;
        };
        let Some(created) = created_at(value) else {
            return;
        };
        if let Some((file, line, column)) = self.place.replace(created)
            && self.place.as_ref() != Some(&(file.clone(), line, column))
        {
            let again = TraceFrame { entered: EnteredPlace::Again, file, line, column };
            self.frames.insert(0, again);
        }
    }

    /// An error without a place of its own (a data race) is shown where the innermost call is.
    fn stand_at_the_call(&mut self) {
        if self.place.is_none() && !self.frames.is_empty() {
            let TraceFrame { file, line, column, .. } = self.frames.remove(0);
            self.place = Some((file, line, column));
        }
    }

    /// A native that calls a closure adds a frame with the place of the frame around it.
    fn drop_repetitions(&mut self) {
        self.frames.dedup_by(|outer, inner| {
            (&outer.file, outer.line, outer.column) == (&inner.file, inner.line, inner.column)
        });
    }
}

fn function(name: &str) -> EnteredPlace {
    if name.starts_with("anon$") { EnteredPlace::Closure } else { EnteredPlace::Function(name.to_owned()) }
}

/// The keys are those of our error values; rhai's own error maps have `position` instead of `column`.
fn created_at(value: &Dynamic) -> Option<(String, usize, usize)> {
    let map = value.as_map_ref().ok()?;
    let number = |key: &str| map.get(key)?.as_int().ok().and_then(|number| usize::try_from(number).ok());
    let source = map.get("source")?.as_immutable_string_ref().ok()?.to_string();
    let column = number("column").or_else(|| number("position"))?;
    let line = number("line").filter(|line| *line > 0)?;
    (!source.is_empty()).then_some((source, line, column.max(1)))
}

fn line_and_column(position: Position) -> Option<(usize, usize)> {
    // Column 0 is the beginning of a line.
    position.line().map(|line| (line, position.position().unwrap_or(1).max(1)))
}

impl ScriptLocation {
    /// The place at `position` in `file`, if the position is known.
    pub(super) fn of(file: &str, position: Position, sources: &SourceTexts) -> Option<Self> {
        line_and_column(position).map(|(line, column)| Self::at(file, line, column, sources))
    }

    /// As [`ScriptLocation::of`], moved back onto text when the parser stopped behind the last of it.
    pub(super) fn of_parsing(file: &str, position: Position, sources: &SourceTexts) -> Option<Self> {
        Self::of(file, position, sources).map(Self::on_text)
    }

    fn at(file: &str, line: usize, column: usize, sources: &SourceTexts) -> Self {
        let excerpt = sources
            .get(file)
            .and_then(|text| byte_at(&text, line, column).map(|start| (token_at(&text, start), text)))
            .map(|(span, text)| (text, span));
        Self { file: file.to_owned(), line, column, excerpt }
    }

    /// A script that ends too early is shown at its last character instead of at an empty line below it.
    fn on_text(mut self) -> Self {
        let Some((text, span)) = &mut self.excerpt else {
            return self;
        };
        let end = text.trim_end().len();
        if span.start >= end && end > 0 {
            let before = &text[..end];
            self.line = before.matches('\n').count() + 1;
            self.column = before.rsplit('\n').next().unwrap_or(before).chars().count();
            let last = before.chars().next_back().map_or(0, char::len_utf8);
            *span = end - last..end;
        }
        self
    }
}
