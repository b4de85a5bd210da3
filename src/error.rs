//! An error as the user meets it: what was wrong, what to do, and the exit code that says it.

use std::fmt;

/// How a command ended, as its process exit code. Documented in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CommandExit {
    /// Everything asked for is so.
    Succeeded = 0,
    /// The run stopped at an error or a failed check.
    Failed = 1,
    /// The command line or an input was wrong; nothing was sent.
    Usage = 2,
    /// Some items failed and the others are done, or it is not known of a write whether it was carried out.
    Partly = 3,
    /// A manual step waits for a person.
    Waiting = 4,
    /// Ctrl-C.
    Interrupted = 5,
    /// An undo could not complete.
    Stuck = 6,
}

impl CommandExit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 7] =
        [Self::Succeeded, Self::Failed, Self::Usage, Self::Partly, Self::Waiting, Self::Interrupted, Self::Stuck];

    /// What it says, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Usage => "usage or bad input; nothing was sent",
            Self::Partly => "partly done: some items failed, or the outcome of a write is unknown",
            Self::Waiting => "waiting for a manual step",
            Self::Interrupted => "interrupted",
            Self::Stuck => "an undo is stuck",
        }
    }
}

/// What went wrong, in the user's words. `message` may span lines; it is shown after `error: `.
#[derive(Debug)]
pub struct CommandError {
    pub message: String,
    /// What to do about it, one entry a line; shown as `help: …`.
    pub help: Vec<String>,
    pub exit: CommandExit,
}

impl CommandError {
    /// An error of the command line, a file or a parameter: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: Vec::new(), exit: CommandExit::Usage }
    }

    /// An error met while running: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: Vec::new(), exit: CommandExit::Failed }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
