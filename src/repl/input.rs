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

use super::completion::SessionCompletion;
use super::highlight::colour_text;
use super::history::is_left_out;
use crate::error::CommandError;
use crate::private_files;
use crate::script::session::EntryCompleteness;

/// What came from the input.
pub(super) enum InputRead {
    Entry(String),
    /// Ctrl-C at the prompt.
    Interrupted,
    Ended,
}

/// Where entries come from.
pub(super) enum EntryInput {
    Terminal(Box<EditorTerminal>),
    Pipe(Box<EntryCompleteness>),
}

/// How much attention a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptAlarm {
    None,
    Production,
}

/// The editor at a terminal.
pub(super) struct EditorTerminal {
    editor: Editor<TypingHelper, FileHistory>,
    history: Option<PathBuf>,
}

impl EditorTerminal {
    pub(super) fn new(
        completion: SessionCompletion,
        history: Option<PathBuf>,
        alarm: PromptAlarm,
    ) -> Result<Self, CommandError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .bracketed_paste(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(|error| unusable(&error))?;
        editor.set_helper(Some(TypingHelper {
            completion,
            completeness: EntryCompleteness::default(),
            past: HistoryHinter::new(),
            alarm,
            prompt_columns: 0,
        }));
        if let Some(file) = history.as_deref().filter(|file| file.is_file()) {
            editor.load_history(file).map_err(|error| unusable(&error))?;
        }
        Ok(Self { editor, history })
    }

    fn read(&mut self, prompt: &str) -> Result<InputRead, CommandError> {
        if let Some(typing) = self.editor.helper_mut() {
            typing.prompt_columns = prompt.width();
        }
        match self.editor.readline(prompt) {
            Ok(entry) => {
                self.remember(&entry)?;
                Ok(InputRead::Entry(entry))
            }
            Err(ReadlineError::Interrupted) => Ok(InputRead::Interrupted),
            Err(ReadlineError::Eof) => Ok(InputRead::Ended),
            Err(error) => Err(unusable(&error)),
        }
    }

    /// Writes an entry down at once: a session that is killed leaves its history too.
    fn remember(&mut self, entry: &str) -> Result<(), CommandError> {
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
            .map_err(|error| {
                CommandError::failed(format!("the history cannot be written to {}: {error}", file.display()))
            })
    }
}

impl EntryInput {
    /// The next entry, however many lines it has.
    pub(super) fn read(&mut self, prompt: &str) -> Result<InputRead, CommandError> {
        match self {
            Self::Terminal(terminal) => terminal.read(prompt),
            Self::Pipe(completeness) => read_piped(completeness),
        }
    }

    pub(super) fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe(_))
    }
}

fn read_piped(completeness: &EntryCompleteness) -> Result<InputRead, CommandError> {
    let mut entry = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        let count = input
            .read_line(&mut entry)
            .map_err(|error| CommandError::usage(format!("the input cannot be read: {error}")))?;
        let ended = count == 0;
        if ended && entry.trim().is_empty() {
            return Ok(InputRead::Ended);
        }
        if ended || !completeness.waits(&entry) {
            return Ok(InputRead::Entry(entry.trim_end().to_owned()));
        }
    }
}

fn unusable(error: &ReadlineError) -> CommandError {
    CommandError::failed(format!("the terminal cannot be used: {error}"))
}

/// What happens while a person types.
struct TypingHelper {
    completion: SessionCompletion,
    completeness: EntryCompleteness,
    past: HistoryHinter,
    alarm: PromptAlarm,
    prompt_columns: usize,
}

impl Helper for TypingHelper {}

impl Completer for TypingHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.completion.candidates(&line[..at], &line[at..]))
    }
}

/// Faint text behind the cursor: a signature is only shown, an entry of the history can be taken.
struct FaintHint {
    text: String,
    can_be_taken: bool,
}

impl Hint for FaintHint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.can_be_taken.then_some(self.text.as_str())
    }
}

impl Hinter for TypingHelper {
    type Hint = FaintHint;

    fn hint(&self, line: &str, at: usize, context: &Context<'_>) -> Option<FaintHint> {
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
            return Some(FaintHint { text, can_be_taken: false });
        }
        let text = self.past.hint(line, at, context)?;
        Some(FaintHint { text, can_be_taken: true })
    }
}

const FAINT: Style = Style::new().dimmed();
const PROMPT: Style = AnsiColor::Cyan.on_default().bold();
const ALARM: Style = AnsiColor::Red.on_default().bold();

impl Highlighter for TypingHelper {
    fn highlight<'l>(&self, line: &'l str, at: usize) -> Cow<'l, str> {
        colour_text(line, at).into()
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let style = match self.alarm {
            PromptAlarm::None => PROMPT,
            PromptAlarm::Production => ALARM,
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

impl Validator for TypingHelper {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let entry = context.input();
        let waits = !entry.trim_start().starts_with(':') && self.completeness.waits(entry);
        Ok(if waits { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
