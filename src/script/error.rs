//! A script's error as a person reads it: message, place with caret, chain of calls, remedy.

mod foreign_words;
mod location;
mod names;
mod snippet;
mod trace;
mod words;

pub use location::{EnteredPlace, ScriptLocation, TraceFrame};
pub use names::{CallableName, KnownNames};
pub use snippet::SnippetColour;
pub(in crate::script) use snippet::byte_at;
pub(super) use words::kind_of;

use annotate_snippets::Level;
use rhai::{EvalAltResult, ParseError, Position};

use crate::error::{CommandError, CommandExit};
use crate::script::sources::SourceTexts;

/// What is wrong in or with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptDiagnostic {
    pub message: String,
    /// Facts beside the message, such as Okta's causes and the request id.
    pub notes: Vec<String>,
    /// What to do about it, one entry a line.
    pub help: Vec<String>,
    pub location: Option<ScriptLocation>,
    /// How the script came there, innermost first.
    pub frames: Vec<TraceFrame>,
    pub exit: CommandExit,
}

impl ScriptDiagnostic {
    /// An error of evaluation. `entry` is the source of the script that was run, for errors that do not name theirs.
    pub fn of_evaluation(error: &EvalAltResult, entry: &str, sources: &SourceTexts, names: &KnownNames) -> Self {
        let trace = trace::trace(error, entry);
        let location = trace.location(sources);
        let words = words::of_evaluation(trace.root, location.as_ref(), names);
        Self {
            message: words.message,
            notes: words.notes,
            help: words.help,
            location,
            frames: trace.frames,
            exit: exit_of(trace.root),
        }
    }

    /// An error of compilation of the script `file`: nothing was run.
    pub fn of_parsing(error: &ParseError, file: &str, sources: &SourceTexts, names: &KnownNames) -> Self {
        let location = ScriptLocation::of_parsing(file, error.1, sources);
        let words = words::of_parsing(&error.0, location.as_ref(), names);
        Self {
            message: words.message,
            notes: words.notes,
            help: words.help,
            location,
            frames: Vec::new(),
            exit: CommandExit::Usage,
        }
    }

    /// A finding about the script `file` at `position`, such as a wrong header: nothing was run.
    pub fn finding(message: impl Into<String>, file: &str, position: Position, sources: &SourceTexts) -> Self {
        Self {
            message: message.into(),
            notes: Vec::new(),
            help: Vec::new(),
            location: ScriptLocation::of(file, position, sources),
            frames: Vec::new(),
            exit: CommandExit::Usage,
        }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The whole as text, from `error:` to `help:`, no wider than `width` columns where the source allows.
    pub fn render(&self, colour: SnippetColour, width: usize) -> String {
        snippet::render(self, &self.help, colour, width, &Level::ERROR)
    }

    /// As [`ScriptDiagnostic::render`], from `warning:` on.
    pub fn render_warning(&self, colour: SnippetColour, width: usize) -> String {
        snippet::render(self, &self.help, colour, width, &Level::WARNING)
    }
}

impl From<ScriptDiagnostic> for CommandError {
    fn from(diagnostic: ScriptDiagnostic) -> Self {
        let text = snippet::render(&diagnostic, &[], SnippetColour::Never, snippet::WIDTH, &Level::ERROR);
        Self {
            message: text.strip_prefix("error: ").unwrap_or(&text).to_owned(),
            help: diagnostic.help,
            exit: diagnostic.exit,
        }
    }
}

/// Several findings as one error. With more than one, each keeps its remedies beside it.
pub fn join_diagnostics(mut diagnostics: Vec<ScriptDiagnostic>) -> CommandError {
    if diagnostics.len() == 1 {
        return diagnostics.remove(0).into();
    }
    let texts: Vec<String> =
        diagnostics.iter().map(|diagnostic| diagnostic.render(SnippetColour::Never, snippet::WIDTH)).collect();
    let text = texts.join("\n\n");
    CommandError::usage(text.strip_prefix("error: ").unwrap_or(&text))
}

fn exit_of(root: &EvalAltResult) -> CommandExit {
    match root {
        EvalAltResult::ErrorTerminated(..) => CommandExit::Interrupted,
        _ => CommandExit::Failed,
    }
}

#[cfg(test)]
mod tests;
