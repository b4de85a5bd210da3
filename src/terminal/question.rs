//! Asking a person, and what may come back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use super::mode::SavedMode;
use crate::error::CommandError;

/// What came back on a yes-or-no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YesNoAnswer {
    Yes,
    /// Also an empty line, and the end of input.
    No,
    /// Ctrl-C.
    Interrupted,
    /// Nobody could be asked.
    NotATerminal,
}

/// What came back on a question for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineReply {
    /// Without its line end and the white space around it.
    Line(String),
    /// Ctrl-D.
    Ended,
    /// Ctrl-C.
    Interrupted,
    /// Nobody could be asked.
    NotATerminal,
}

impl From<LineReply> for YesNoAnswer {
    fn from(reply: LineReply) -> Self {
        match reply {
            LineReply::Line(line) if is_yes(&line) => Self::Yes,
            LineReply::Line(_) | LineReply::Ended => Self::No,
            LineReply::Interrupted => Self::Interrupted,
            LineReply::NotATerminal => Self::NotATerminal,
        }
    }
}

fn is_yes(line: &str) -> bool {
    ["y", "yes"].contains(&line.to_lowercase().as_str())
}

/// How often it is looked whether the process is asked to end.
const GLANCE: Duration = Duration::from_millis(50);

/// Waits for a line, or until the process is asked to end: what reads the terminal cannot be broken off, hence it is left behind.
pub(super) fn read_line(question: &str, leaving: &AtomicBool) -> Result<LineReply, CommandError> {
    let mode = SavedMode::of_now();
    let (sender, receiver) = mpsc::channel();
    let question = question.to_owned();
    std::thread::Builder::new()
        .name("question".to_owned())
        .spawn(move || {
            // Nobody waits for a line that comes after the process is asked to end.
            let _ = sender.send(read(&question));
        })
        .map_err(|error| CommandError::failed(format!("no thread for a question: {error}")))?;
    loop {
        match receiver.recv_timeout(GLANCE) {
            Ok(reply) => return reply,
            Err(RecvTimeoutError::Timeout) if !leaving.load(Ordering::Acquire) => {}
            Err(_) => {
                mode.restore();
                return Ok(LineReply::Interrupted);
            }
        }
    }
}

/// Answers are not kept as history: a question is not a shell.
fn read(question: &str) -> Result<LineReply, CommandError> {
    let editor = Editor::<(), _>::with_history(Config::default(), MemHistory::new());
    match editor.and_then(|mut editor| editor.readline(question)) {
        Ok(line) => Ok(LineReply::Line(line.trim().to_owned())),
        Err(ReadlineError::Eof) => Ok(LineReply::Ended),
        Err(ReadlineError::Interrupted) => Ok(LineReply::Interrupted),
        Err(error) => Err(CommandError::failed(format!("the terminal cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (line, expected) in [
            ("y", YesNoAnswer::Yes),
            ("YES", YesNoAnswer::Yes),
            ("", YesNoAnswer::No),
            ("n", YesNoAnswer::No),
            ("yess", YesNoAnswer::No),
        ] {
            assert_eq!(YesNoAnswer::from(LineReply::Line(line.into())), expected, "{line:?}");
        }
        assert_eq!(YesNoAnswer::from(LineReply::Ended), YesNoAnswer::No);
        assert_eq!(YesNoAnswer::from(LineReply::Interrupted), YesNoAnswer::Interrupted);
    }
}
