//! What every subcommand gets.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::config::{OrgProfile, RunbookConfig};
use crate::error::CommandError;
use crate::script::RunbookLibrary;
use crate::terminal::TerminalHandle;

/// Form of a reading command's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    #[default]
    Text,
    Json,
}

/// What every subcommand gets: what is configured, and where it is told.
pub(crate) struct CommandContext {
    pub(crate) config: RunbookConfig,
    pub(crate) terminal: TerminalHandle,
}

impl CommandContext {
    /// The org when none is named; `naming` is how one is named on this command line. Tells when it is not the one that the
    /// variables name.
    pub(crate) fn default_org(&self, naming: &str) -> Result<OrgProfile, CommandError> {
        let profile = self.config.default_org(naming)?;
        if let Some(warning) = self.config.passed_over(&profile) {
            self.terminal.warn(&warning);
        }
        Ok(profile)
    }

    pub(crate) fn library(&self) -> RunbookLibrary {
        RunbookLibrary::new(
            // Relative, as messages shall show it.
            PathBuf::from("runbooks"),
            self.config.user_runbooks(),
        )
    }
}
