//! What editors ask of scripts, over the language server protocol: mistakes as `check` finds them, completion, help, where things are
//! declared, the steps of a runbook.
//!
//! While a person types, a text does not parse most of the time. All but the mistakes is answered from its words alone
//! ([`crate::script::outline`], [`crate::script::cursor_context`]); this module knows no Rhai, and no org is ever called.
//!
//! | file | is |
//! |---|---|
//! | [`server`] | the loop: messages, documents, answers |
//! | [`document`] | an open text, and places in it |
//! | [`meaning`] | what a word stands for |
//! | [`diagnostics`] | mistakes |
//! | [`completion`] | what may stand at the cursor |
//! | [`answers`] | help, declarations, symbols |

mod answers;
mod completion;
mod diagnostics;
mod document;
mod meaning;
mod server;

use std::path::{Path, PathBuf};

use lsp_server::Connection;

use crate::error::CommandError;
use crate::script::RunbookLibrary;

/// What the server needs from elsewhere.
pub struct LspEnvironment {
    /// The shelves as they are seen from the folder that the editor has open.
    pub library: Box<dyn Fn(&Path) -> RunbookLibrary>,
    /// Shipped modules have no file; a copy is written here when an editor wants to show one.
    pub shipped: PathBuf,
}

/// Serves an editor over standard input and output until it says goodbye.
///
/// # Errors
/// The editor does not keep to the protocol, or is gone without a word.
pub fn serve(around: LspEnvironment) -> Result<(), CommandError> {
    let broken = |error: &dyn std::fmt::Display| CommandError::failed(format!("the editor's messages: {error}"));
    let (connection, threads) = Connection::stdio();
    let capabilities =
        serde_json::to_value(server::capabilities()).map_err(|error| CommandError::failed(error.to_string()))?;
    let asked = connection.initialize(capabilities).map_err(|error| broken(&error))?;
    let mut server = server::LanguageServer::new(around, &asked);
    server.attend(&connection).map_err(|error| broken(&error))?;
    // The writing thread ends when nobody can send any more.
    drop(connection);
    threads.join().map_err(|error| broken(&error))
}
