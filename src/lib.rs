//! The map of okta-runbook. Data flows one way; every arrow below is a `use`, and a test holds them.
//!
//! ```text
//! main -> cli -> app --> script --> run --> okta      HTTP: sign-in, pages, limits, errors
//!             |    |                   |-> ldap      read-only: verify in Active Directory
//!             |    |                   `-> journal   SQLite
//!             |    |-> report <-- events
//!             |    |-> notify                        a command, a webhook
//!             |    `-> simulator                     by address, but for starting it and for shadows
//!             |-> repl -> script
//!             `-> lsp --> script
//! ```
//!
//! | module | is | imports |
//! |---|---|---|
//! | [`cli`] | the command line as types, one file a subcommand | `app`, `config`, `error`, `ldap`, `lsp`, `okta`, `repl`, `report`, `run`, `script`, `simulator`, `terminal` |
//! | `app` | what subcommands, sessions and editors share | `config`, `error`, `ldap`, `notify`, `okta`, `private_files`, `report`, `run`, `script`, `simulator`, `terminal` |
//! | [`repl`] | a session at a prompt: input, completion, commands, results | `error`, `okta`, `private_files`, `report`, `run`, `script`, `terminal` |
//! | [`lsp`] | what editors ask of scripts | `error`, `okta`, `script` |
//! | [`report`] | events as text or JSON, live or past | `ldap`, `run` |
//! | [`script`] | runbooks: library, engine, verbs | `error`, `ldap`, `okta`, `run` |
//! | [`run`] | the door: every call to the world, journalled | `ldap`, `okta`, `private_files` |
//! | [`simulator`] | Okta orgs and their directories as a real server | `ldap_panics` |
//! | [`okta`] | client of Okta's Management API and the table of its operations | |
//! | [`ldap`] | read-only client of a directory, and distinguished names | `ldap_panics` |
//! | [`ldap_panics`] | panics of the LDAP library as errors, for both that use it | |
//! | [`config`] | org profiles and where secrets are; the only reader of the environment | `error` |
//! | [`notify`] | words to people elsewhere: a command, a webhook | |
//! | [`terminal`] | the one place that prints, colours and asks | `error` |
//! | [`error`] | an error as the user meets it: message, help, exit code | |
//! | [`private_files`] | files and folders that only their owner may read | |
//!
//! What speaks to the world outside is used where its matter is at home, and nowhere else:
//!
//! | crate | used in |
//! |---|---|
//! | `reqwest` | `okta`; `simulator`, for what its orgs ask of each other; `notify`, for webhooks |
//! | `axum` | `simulator` |
//! | `ldap3` | `ldap`, `ldap_panics`, `simulator` |
//! | `ldap3_proto` | `simulator` |
//! | `rusqlite` | `run` |
//! | `rhai` | `script` |
//! | `rustyline` | `repl`; `terminal`, whose printer does not break its prompt |
//! | `clap` | `cli`; `app`, whose options are of several subcommands |
//! | `indicatif`, `rpassword` | `terminal` |
//! | `lsp_server`, `lsp_types` | `lsp` |
//! | `keyring` | `config` |

mod app;
pub mod cli;
pub mod config;
pub mod error;
pub mod ldap;
pub mod ldap_panics;
pub mod lsp;
pub mod notify;
pub mod okta;
pub mod private_files;
pub mod repl;
pub mod report;
pub mod run;
pub mod script;
pub mod simulator;
pub mod terminal;
