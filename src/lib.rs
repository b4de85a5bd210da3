//! The map of okta-runbook. Data flows one way; every arrow below is a `use`, and a test holds them.
//!
//! ```text
//! main -> cli -> app --> script --> run --> okta      HTTP: sign-in, pages, limits, errors
//!             |    |                   |-> ldap      read-only: verify in Active Directory
//!             |    |                   `-> journal   SQLite
//!             |    |-> report <-- events
//!             |    `-> simulator                     by address, but for starting it and for shadows
//!             |-> repl -> script
//!             `-> lsp --> script
//! ```
//!
//! | module | is | knows nothing of |
//! |---|---|---|
//! | [`cli`] | the command line as types, one file a subcommand | Rhai, HTTP |
//! | `app` | what subcommands, sessions and editors share | the command line |
//! | [`config`] | org profiles and where secrets are; the only reader of the environment | the network |
//! | [`error`] | an error as the user meets it: message, help, exit code | where it came from |
//! | [`private_files`] | files and folders that only their owner may read | what is in them |
//! | [`terminal`] | the one place that prints, colours and asks | what is printed |
//! | [`okta`] | client of Okta's Management API and the table of its operations | everything else here |
//! | [`ldap`] | read-only client of a directory, and distinguished names | everything else here |
//! | [`ldap_panics`] | panics of the LDAP library as errors, for both that use it | connections |
//! | [`run`] | the door: every call to the world, journalled | Rhai |
//! | [`script`] | runbooks: library, engine, verbs | HTTP |
//! | [`repl`] | a session at a prompt: input, completion, commands, results | Rhai, HTTP |
//! | [`lsp`] | what editors ask of scripts | Rhai, HTTP, orgs |
//! | [`report`] | events as text or JSON | whether they are live or past |
//! | [`simulator`] | Okta orgs and their directories as a real server | everything else here |

mod app;
pub mod cli;
pub mod config;
pub mod error;
pub mod ldap;
pub mod ldap_panics;
pub mod lsp;
pub mod okta;
pub mod private_files;
pub mod repl;
pub mod report;
pub mod run;
pub mod script;
pub mod simulator;
pub mod terminal;
