//! Runbooks: where they are found, what they declare, and how their errors are told.
//!
//! A runbook is a Rhai script with a header that is read without running it. This module knows no HTTP.
//!
//! | module | is |
//! |---|---|
//! | [`engine`] | Rhai with what runbooks may use, and limits |
//! | [`bindings`] | the verbs, org and directory handles |
//! | [`call_context`] | where a verb is called from: run and lane |
//! | [`check`] | what is wrong in a script, found without running it |
//! | [`compilation`] | a checked text, compiled |
//! | [`confidential`] | literals that may be secrets |
//! | [`definitions`] | the language as files for editors |
//! | [`draft`] | runbooks to begin with, made from what people have |
//! | [`execution`] | a compiled runbook to its outcome |
//! | `memory` | what stops a script that grows without end |
//! | `secret` | secrets of parameters and of answers, which are sent and never shown |
//! | [`source_secrets`], `former_source_secrets` | a script's text without its secrets, as it is written down |
//! | [`session`] | entries one after another, with what they declare |
//! | [`testing`] | tests of runbooks, in their own language |
//! | [`library`] | the shelves on which scripts are found |
//! | [`resolver`] | `import`, over the library |
//! | [`imports`] | what a script imports, found in its tree |
//! | [`runbook`] | a script's header: purpose, orgs, parameters, steps |
//! | [`parameters`] | what the command line gives for the parameters, checked |
//! | [`value`] | JSON to script values and back |
//! | [`error_value`] | errors as values that a script catches |
//! | [`error`] | errors as a person reads them |
//! | [`sources`] | the texts that errors quote |
//! | [`reference`] | operations and verbs in words |
//! | [`cursor_context`] | what stands before a cursor |
//! | [`outline`] | what a text declares, seen without parsing it |
//! | [`keywords`] | words of the language |
//! | [`nearest`] | "did you mean" |

pub mod bindings;
pub mod call_context;
pub mod check;
pub mod compilation;
pub mod confidential;
pub mod cursor_context;
pub mod definitions;
pub mod draft;
pub mod engine;
pub mod error;
pub mod error_value;
pub mod execution;
mod former_source_secrets;
pub mod imports;
pub mod keywords;
pub mod library;
mod memory;
pub mod nearest;
pub mod outline;
pub mod parameters;
pub mod reference;
pub mod resolver;
pub mod runbook;
mod secret;
pub mod session;
pub mod source_secrets;
pub mod sources;
pub mod testing;
mod time_value;
pub mod value;
mod value_size;

pub use error::{CallableName, KnownNames, ScriptDiagnostic, SnippetColour};
pub use error_value::ErrorValue;
pub use execution::{CompiledRunbook, EndedRun};
pub use keywords::free_keywords;
pub use library::{CopyOrigin, ListedRunbook, RunbookLibrary, RunbookShelf, ScriptSource, digest};
pub use parameters::{CheckedParameters, MissingValues};
pub use resolver::RunModules;
pub use runbook::RunbookHeader;
pub use sources::SourceTexts;
