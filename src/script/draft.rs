//! Runbooks to begin with, made from what people have: a Postman collection, a CSV file, an operation.
//!
//! | file | holds |
//! |---|---|
//! | `postman`, `postman_request` | a collection's requests as calls of named operations |
//! | `table` | a CSV file's columns as a parameter of rows |
//! | `operation` | an operation's path as parameters |
//! | `script_text` | JSON as the literals of a script, names that a script can have |

mod operation;
mod postman;
mod postman_request;
mod script_text;
mod table;

pub use operation::draft_of_operation;
pub use postman::draft_of_collection;
pub use table::draft_of_table;

/// A runbook's text, and what its author should know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunbookDraft {
    pub text: String,
    /// What could not be taken over, a sentence each.
    pub remarks: Vec<String>,
}
