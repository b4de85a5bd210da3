//! Where in a script an error is, and how the script came there.

use std::ops::Range;
use std::sync::Arc;

/// A place in a script. Lines and columns count from 1, columns in characters (a tab is one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLocation {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The file's text and the bytes of the token at the place, when the text is known.
    pub excerpt: Option<(Arc<str>, Range<usize>)>,
}

/// One step of the way to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFrame {
    pub entered: EnteredPlace,
    /// Where the call, the import or the `throw` stands.
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// What a [`TraceFrame`] entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnteredPlace {
    Function(String),
    Closure,
    Module(String),
    /// The error was caught and thrown again there.
    Again,
}
