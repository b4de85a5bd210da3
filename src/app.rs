//! What subcommands, sessions and editors share: which orgs, with what consent, from which text, and how a run of it is told.
//!
//! | file | holds |
//! |---|---|
//! | `command_context` | what every subcommand gets: configuration, terminal, library |
//! | `targets` | the orgs and directories of a run, by profile or simulated |
//! | `credentials` | what an org knows its caller by, read where the profile says it is |
//! | `org_identity` | who the caller is to an org |
//! | `preparation` | a text, checked, with its parameters |
//! | `parameter_arguments` | parameters, one by one or from a file |
//! | `write_options` | how a run is conducted, and how it ends |
//! | `safeguards` | what is settled before a run may write |
//! | `scopes`, `known_scopes` | OAuth scopes: asked for, granted, missing |
//! | `approval` | a second person's signature under a plan |
//! | `plan_mode` | a procedure to its end against a shadow |
//! | `saved_plan`, `plan_drift` | a plan in a file, and what is otherwise since |
//! | `journal_check` | whether a journal can be gone on with |
//! | `stop_signals` | Ctrl-C, and other signals that end a process |
//! | `notification` | people elsewhere are told what becomes of a run |
//! | `terminal_reporter` | lines and a bar for a person who watches |
//! | `output_file` | a file that a command writes |
//! | `failures` | errors of the layers below as a command ends with them |
//!
//! Layers, from the bottom; a file imports of its own and of those before it:
//!
//! 1. A process: `command_context`, `failures`, `known_scopes`, `notification`, `output_file`, `parameter_arguments`, `stop_signals`, `terminal_reporter`
//! 2. What a run is made of: `credentials`, `org_identity`, `preparation`, `scopes`, `targets`
//! 3. What is settled before it writes: `approval`, `journal_check`, `plan_drift`, `plan_mode`, `safeguards`, `saved_plan`
//! 4. How it goes: `write_options`

pub(crate) mod approval;
pub(crate) mod command_context;
pub(crate) mod credentials;
pub(crate) mod failures;
pub(crate) mod journal_check;
pub(crate) mod known_scopes;
pub(crate) mod notification;
pub(crate) mod org_identity;
pub(crate) mod output_file;
pub(crate) mod parameter_arguments;
pub(crate) mod plan_drift;
pub(crate) mod plan_mode;
pub(crate) mod preparation;
pub(crate) mod safeguards;
pub(crate) mod saved_plan;
pub(crate) mod scopes;
pub(crate) mod stop_signals;
pub(crate) mod targets;
pub(crate) mod terminal_reporter;
pub(crate) mod write_options;
