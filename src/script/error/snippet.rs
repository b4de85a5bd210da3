//! Source excerpts: from line and column to bytes, and the drawing.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::ScriptDiagnostic;
use super::location::{EnteredPlace, TraceFrame};
use crate::run::star_tokens;

/// Columns of a text whose reader is not known.
pub(super) const WIDTH: usize = 140;

/// Whether rendered text has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnippetColour {
    Never,
    Always,
}

/// Draws `diagnostic` with `help` under it.
pub(super) fn render(
    diagnostic: &ScriptDiagnostic,
    help: &[String],
    colour: SnippetColour,
    width: usize,
    level: &Level<'_>,
) -> String {
    let frames: Vec<String> = diagnostic.frames.iter().map(frame_words).collect();
    let elements = place(diagnostic).into_iter().chain(
        diagnostic
            .notes
            .iter()
            .chain(&frames)
            .map(|note| Level::NOTE.message(note.as_str()).into())
            .chain(help.iter().map(|help| Level::HELP.message(help.as_str()).into())),
    );
    let title = level.clone().primary_title(diagnostic.message.as_str());
    let group = Group::with_title(title).elements(elements);
    let renderer = match colour {
        SnippetColour::Never => Renderer::plain(),
        SnippetColour::Always => Renderer::styled(),
    };
    renderer.term_width(width).render(&[group])
}

fn place(diagnostic: &ScriptDiagnostic) -> Option<Element<'_>> {
    let location = diagnostic.location.as_ref()?;
    Some(match &location.excerpt {
        Some((text, span)) => Snippet::source(star_tokens(text))
            .path(location.file.as_str())
            .annotation(AnnotationKind::Primary.span(span.clone()))
            .into(),
        None => Origin::path(location.file.as_str()).line(location.line).char_column(location.column).into(),
    })
}

fn frame_words(frame: &TraceFrame) -> String {
    let TraceFrame { entered, file, line, column } = frame;
    let what = match entered {
        EnteredPlace::Function(name) => format!("`{name}` called from"),
        EnteredPlace::Closure => "closure called from".to_owned(),
        EnteredPlace::Module(path) => format!("{path} imported at"),
        EnteredPlace::Again => "thrown again at".to_owned(),
    };
    format!("{what} {file}:{line}:{column}")
}

/// The byte where a place begins; `None` when the text has no such line (it is not the text that ran).
pub(in crate::script) fn byte_at(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line.checked_sub(1)? {
        0 => 0,
        above => text.match_indices('\n').nth(above - 1)?.0 + 1,
    };
    let line = text[start..].split('\n').next()?;
    let within = line.char_indices().nth(column - 1).map_or(line.len(), |(byte, _)| byte);
    Some(start + within)
}

/// The token that begins at `start`: a word, a number, a string of one line, else a single character.
pub(super) fn token_at(text: &str, start: usize) -> Range<usize> {
    let rest = text[start..].split('\n').next().unwrap_or_default();
    let length = match rest.chars().next() {
        None => 0,
        Some(first) if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(quote @ ('"' | '`' | '\'')) => string_length(rest, quote),
        Some(first) => first.len_utf8(),
    };
    start..start + length
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    text.trim_end().len()
}
