//! An open text, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use lsp_types::{Position, Uri};
use url::Url;

use crate::script::cursor_context::is_name;
use crate::script::outline::ScriptOutline;
use crate::script::{RunbookShelf, ScriptSource};

/// A script as the editor has it.
pub(super) struct ScriptDocument {
    pub(super) uri: Uri,
    pub(super) version: Option<i32>,
    pub(super) text: String,
    pub(super) outline: ScriptOutline,
    path: PathBuf,
}

impl ScriptDocument {
    pub(super) fn new(uri: Uri, version: Option<i32>, text: String) -> Self {
        Self {
            // What has no file yet is known by its address.
            path: path_of(&uri).unwrap_or_else(|| PathBuf::from(uri.as_str())),
            outline: ScriptOutline::of(&text),
            uri,
            version,
            text,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// As a script given by its path: its own modules may stand beside it.
    pub(super) fn source(&self) -> ScriptSource {
        let path = self.path.display().to_string();
        let name = path.strip_suffix(".rhai").unwrap_or(&path);
        ScriptSource::new(name, RunbookShelf::Path, path.as_str(), self.text.as_str())
    }

    /// Byte of a position.
    pub(super) fn offset(&self, position: Position) -> usize {
        offset(&self.text, position)
    }

    /// Bytes of the word at `at`; empty where there is none.
    pub(super) fn word(&self, at: usize) -> Range<usize> {
        let before = self.text[..at].rfind(|c| !is_name(c));
        let start = before.map_or(0, |index| index + self.text[index..].chars().next().map_or(1, char::len_utf8));
        let after = self.text[at..].find(|c| !is_name(c));
        start..after.map_or(self.text.len(), |length| at + length)
    }
}

/// Lines and UTF-16 units count from 0, as the protocol has it.
fn offset(text: &str, position: Position) -> usize {
    let line = position.line as usize;
    let start = match line.checked_sub(1) {
        None => Some(0),
        Some(above) => text.match_indices('\n').nth(above).map(|(at, _)| at + 1),
    };
    let Some(start) = start else {
        return text.len();
    };
    let mut left = position.character as usize;
    let line = text[start..].split('\n').next().unwrap_or_default();
    for (at, c) in line.char_indices() {
        if left < c.len_utf16() {
            return start + at;
        }
        left -= c.len_utf16();
    }
    start + line.len()
}

fn position(text: &str, at: usize) -> Position {
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let units: usize = before[start..].chars().map(char::len_utf16).sum();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    Position::new(protocol_count(lines), protocol_count(units))
}

/// The protocol counts in 32 bits; a longer text is none.
pub(super) fn protocol_count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn range(text: &str, bytes: &Range<usize>) -> lsp_types::Range {
    lsp_types::Range::new(position(text, bytes.start), position(text, bytes.end))
}

pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let url = Url::from_file_path(path).ok()?;
    Uri::from_str(url.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_the_protocol_does() {
        let text = "let a = \"😀é\";\nb";
        for at in [0, 9, 13, 15, text.len()] {
            assert_eq!(offset(text, position(text, at)), at, "{at}");
        }
        assert_eq!(position(text, 13), Position::new(0, 11));
        assert_eq!(offset(text, Position::new(9, 0)), text.len());
    }
}
