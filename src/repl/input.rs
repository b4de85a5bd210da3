//! Entries, from a terminal with an editor, or from a pipe.

use std::borrow::Cow;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use unicode_width::UnicodeWidthStr as _;

use super::completion::Completion;
use super::highlight::coloured;
use super::history::is_left_out;
use crate::error::Error;
use crate::private_files;
use crate::script::session::Completeness;

/// What came from the input.
pub(super) enum Read {
    Entry(String),
    /// Ctrl-C at the prompt.
    Interrupted,
    Ended,
}

/// Where entries come from.
pub(super) enum Input {
    Terminal(Box<Terminal>),
    Pipe(Box<Completeness>),
}

/// How much attention a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    None,
    Production,
}

/// The editor at a terminal.
pub(super) struct Terminal {
    editor: Editor<Typing, FileHistory>,
    history: Option<PathBuf>,
}

impl Terminal {
    pub(super) fn new(completion: Completion, history: Option<PathBuf>, alarm: Alarm) -> Result<Self, Error> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .bracketed_paste(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(|error| unusable(&error))?;
        editor.set_helper(Some(Typing {
            completion,
            completeness: Completeness::default(),
            past: HistoryHinter::new(),
            alarm,
            prompt_columns: 0,
        }));
        if let Some(file) = history.as_deref().filter(|file| file.is_file()) {
            editor.load_history(file).map_err(|error| unusable(&error))?;
        }
        Ok(Self { editor, history })
    }

    fn read(&mut self, prompt: &str) -> Result<Read, Error> {
        if let Some(typing) = self.editor.helper_mut() {
            typing.prompt_columns = prompt.width();
        }
        match self.editor.readline(prompt) {
            Ok(entry) => {
                self.remember(&entry)?;
                Ok(Read::Entry(entry))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Interrupted),
            Err(ReadlineError::Eof) => Ok(Read::Ended),
            Err(error) => Err(unusable(&error)),
        }
    }

    /// Writes an entry down at once: a session that is killed leaves its history too.
    fn remember(&mut self, entry: &str) -> Result<(), Error> {
        if entry.trim().is_empty() || is_left_out(entry) {
            return Ok(());
        }
        self.editor.add_history_entry(entry).map_err(|error| unusable(&error))?;
        let Some(file) = &self.history else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        private_files::create_folder(folder)
            .map_err(ReadlineError::from)
            .and_then(|()| self.editor.append_history(file))
            .map_err(|error| Error::failed(format!("the history cannot be written to {}: {error}", file.display())))
    }
}

impl Input {
    /// The next entry, however many lines it has.
    pub(super) fn read(&mut self, prompt: &str) -> Result<Read, Error> {
        match self {
            Self::Terminal(terminal) => terminal.read(prompt),
            Self::Pipe(completeness) => piped(completeness),
        }
    }

    pub(super) fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe(_))
    }
}

fn piped(completeness: &Completeness) -> Result<Read, Error> {
    let mut entry = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        let count =
            input.read_line(&mut entry).map_err(|error| Error::usage(format!("the input cannot be read: {error}")))?;
        let ended = count == 0;
        if ended && entry.trim().is_empty() {
            return Ok(Read::Ended);
        }
        if ended || !completeness.waits(&entry) {
            return Ok(Read::Entry(entry.trim_end().to_owned()));
        }
    }
}

fn unusable(error: &ReadlineError) -> Error {
    Error::failed(format!("the terminal cannot be used: {error}"))
}

/// What happens while a person types.
struct Typing {
    completion: Completion,
    completeness: Completeness,
    past: HistoryHinter,
    alarm: Alarm,
    prompt_columns: usize,
}

impl Helper for Typing {}

impl Completer for Typing {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.completion.candidates(&line[..at], &line[at..]))
    }
}

/// Faint text behind the cursor: a signature is only shown, an entry of the history can be taken.
struct Faint {
    text: String,
    can_be_taken: bool,
}

impl Hint for Faint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.can_be_taken.then_some(self.text.as_str())
    }
}

impl Hinter for Typing {
    type Hint = Faint;

    fn hint(&self, line: &str, at: usize, context: &Context<'_>) -> Option<Faint> {
        if at < line.len() {
            return None;
        }
        let is_command = line.trim_start().starts_with(':');
        let used = match line.rsplit_once('\n') {
            Some((_, last)) => last.width(),
            None => self.prompt_columns + line.width(),
        };
        let signature = self.completion.signature(line, used);
        if let Some(text) = signature.filter(|_| !is_command) {
            return Some(Faint { text, can_be_taken: false });
        }
        let text = self.past.hint(line, at, context)?;
        Some(Faint { text, can_be_taken: true })
    }
}

const FAINT: Style = Style::new().dimmed();
const PROMPT: Style = AnsiColor::Cyan.on_default().bold();
const ALARM: Style = AnsiColor::Red.on_default().bold();

impl Highlighter for Typing {
    fn highlight<'l>(&self, line: &'l str, at: usize) -> Cow<'l, str> {
        coloured(line, at).into()
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let style = match self.alarm {
            Alarm::None => PROMPT,
            Alarm::Production => ALARM,
        };
        format!("{style}{prompt}{style:#}").into()
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        format!("{FAINT}{hint}{FAINT:#}").into()
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let entry = context.input();
        let waits = !entry.trim_start().starts_with(':') && self.completeness.waits(entry);
        Ok(if waits { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
