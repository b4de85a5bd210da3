//! The door: everything a run does to the world goes through here, as data.
//!
//! A [`call::ApiCall`] is an operation of Okta's API plus its arguments. [`Run::read`] and [`Run::perform`] journal it, send it and
//! tell what happened; a write looks first and is not sent when nothing would change. This module knows nothing of scripts.
//!
//! | file | holds |
//! |---|---|
//! | `run_options`, `execution` | what a run is begun with; begin, resume, end |
//! | `call`, `call_summary` | a call as data, and in the words of a question |
//! | `error` | why a call did not do what was asked |
//! | `reading`, `page_walk` | how a read goes through, and a list page by page, within bounds |
//! | `writing` | how a write goes through: look, intent, send, settle |
//! | `pre_read`, `read_cache` | what is there before a write: looked at, or read lately |
//! | `operation_semantics` | what each operation does beyond its shape |
//! | `answer_shape`, `sendable` | what is no answer of success, and what is not sent |
//! | `retry`, `unanswered_write`, `creator`, `unknown_writes` | what may be tried again; what became of a write without an answer, who created what was found, and what is unknown at the end |
//! | `last_group` | nobody is left without a group by which an app provisions them |
//! | `own_access`, `admin_watch` | the operator's own access, and that of the last super admin, is not taken away |
//! | `granted_scopes` | a write whose scope the token lacks is not sent |
//! | `plan_lock` | a plan that a run is held to |
//! | `expectations`, `expectation_ledger` | what a script expects before it writes: gathered, told together, held against the first write |
//! | `consent`, `consent_prompts` | people: consent, questions, manual steps |
//! | `actor` | who executes the run |
//! | `lane`, `items`, `item_tally`, `bulk_pace` | lines of work, what became of them, and how long they still take |
//! | `replay` | what was asked before is answered from the journal |
//! | `imported`, `imported_modules` | modules that were read only while the run went on |
//! | `event`, `event_log` | what happens, as events, and telling them |
//! | `journal` | the database |
//! | `inverse`, `undo_plan`, `undo` | what takes back what a run did, planned and done |
//! | `undo_prefetch` | what an undo looks at, read by pages; what it costs, and its scopes |
//! | `undo_records` | what an undo tells the run that it takes back |
//! | `changed_since`, `in_use` | whether somebody changed, or uses, what an undo takes back |
//! | `linked_org_before_image`, `provisioning_effects`, `restore_push_target` | what provisioning brings about in other orgs: as it was before, awaited, and taken back |
//! | `saved_files` | tables that a script saves, beside the journal |
//! | `polling`, `cancellation` | waits for what Okta does in the background, and Ctrl-C |
//! | `user_names`, `named_addresses`, `org_identity` | names that stand for ids; what the orgs name: nothing else is asked who it is |
//! | `org_clock` | the time at the orgs, known before the first call |
//! | `plural` | counts with their nouns |
//! | `redact`, `secret_fields`, `redactor` | secrets out of what is written down: which fields hold them, which values a run knows |
//!
//! Layers, from the bottom; a file imports of its own and of those before it:
//!
//! 1. Facts and plain data: `actor`, `admin_watch`, `answer_shape`, `bulk_pace`, `call`, `cancellation`, `consent`, `event`, `expectation_ledger`, `inverse`,
//!    `item_tally`, `named_addresses`, `operation_semantics`, `plural`, `redact`, `redactor`, `retry`, `secret_fields`, `user_names`
//! 2. What a run keeps: `error`, `imported_modules`, `journal`, `lane`, `plan_lock`, `read_cache`, `run_options`, `sendable`
//! 3. The run: `call_summary`, `changed_since`, `consent_prompts`, `creator`, `event_log`, `execution`, `expectations`, `granted_scopes`, `imported`, `in_use`, `items`,
//!    `last_group`, `linked_org_before_image`, `org_clock`, `org_identity`, `own_access`, `page_walk`, `polling`, `pre_read`,
//!    `provisioning_effects`, `reading`, `replay`, `saved_files`, `unanswered_write`, `undo_plan`, `undo_records`, `unknown_writes`, `writing`
//! 4. Taking a run back: `restore_push_target`, `undo`, `undo_prefetch`

pub mod actor;
mod admin_watch;
mod answer_shape;
mod bulk_pace;
pub mod call;
mod call_summary;
mod cancellation;
mod changed_since;
pub mod consent;
mod consent_prompts;
mod creator;
mod error;
pub mod event;
mod event_log;
mod execution;
mod expectation_ledger;
mod expectations;
mod granted_scopes;
mod imported;
mod imported_modules;
mod in_use;
mod inverse;
mod item_tally;
mod items;
pub mod journal;
pub mod lane;
mod last_group;
mod linked_org_before_image;
mod named_addresses;
mod operation_semantics;
mod org_clock;
mod org_identity;
mod own_access;
pub mod page_walk;
mod plan_lock;
pub mod plural;
mod polling;
mod pre_read;
mod provisioning_effects;
mod read_cache;
mod reading;
mod redact;
mod redactor;
mod replay;
mod restore_push_target;
mod retry;
mod run_options;
mod saved_files;
mod secret_fields;
mod sendable;
mod unanswered_write;
pub mod undo;
mod undo_plan;
mod undo_prefetch;
mod undo_records;
mod unknown_writes;
mod user_names;
mod writing;

pub use call::ListPage;
pub use error::{CallError, CallRefusal};
pub use execution::{Run, WriteResult};
pub use expectation_ledger::{ExpectedItem, RunExpectation};
pub use granted_scopes::scopes_allow;
pub use inverse::undo_words;
pub use items::ItemStart;
pub use operation_semantics::{reads_before, reads_of_guard, status_after};
pub use own_access::OWN_ACCESS;
pub use plan_lock::{ApprovalRecord, PlannedWrite, PlannedWrites, renumber_placeholders};
pub(crate) use redact::{HIDDEN, REDACTED};
pub use run_options::{BulkProgress, EditPolicy, EventListener, ProgressWatcher, RunOptions, RunProcedure, RunTarget};
pub use saved_files::{SavedFile, SavedTable, saved_folder, sha256_hex};
pub(crate) use secret_fields::{FieldPlace, has_secret_shape, star_tokens};
pub use undo_prefetch::UndoCost;
pub use undo_records::plan_again;
