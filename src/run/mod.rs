//! The door: everything a run does to the world goes through here, as data.
//!
//! A [`call::ApiCall`] is an operation of Okta's API plus its arguments. [`Run::read`] and [`Run::perform`] journal it, send it and
//! tell what happened; a write looks first and is not sent when nothing would change. This module knows nothing of scripts.
//!
//! | file | holds |
//! |---|---|
//! | `agreement` | a plan that a run is held to |
//! | `door` | what a run is made of; begin, resume, end |
//! | `call` | a call as data |
//! | `reading`, `writing` | how a call goes through: look, intent, send, settle |
//! | `look`, `effects` | what is there before a write, and what each operation does beyond its shape |
//! | `last_group` | nobody is left without a group by which an app provisions them |
//! | `fate` | what became of a write that has no answer |
//! | `foreign` | which org answers at an address |
//! | `retry` | what may be tried again |
//! | `picture` | what was read lately, which answers a look |
//! | `lane`, `items` | lines of work and what became of them |
//! | `replay` | what was asked before is answered from the journal |
//! | `actor` | who executes the run |
//! | `asking`, `gate` | people: consent, manual steps |
//! | `imported` | modules that were read only while the run went on |
//! | `wording` | a call in the words of a question |
//! | `telling`, `event` | what happens, as events |
//! | `journal` | the database |
//! | `inverse`, `steps`, `undo` | what takes back what a run did, planned and done |
//! | `foresight` | what an undo looks at, read by pages; what it costs, and its scopes |
//! | `taken_back` | what an undo tells the run that it takes back |
//! | `changed_since` | whether somebody changed, or uses, what an undo takes back |
//! | `elsewhere`, `aftermath`, `members` | what provisioning brings about in other orgs: as it was before, and taken back |
//! | `glances` | waits for what Okta does in the background |
//! | `own_access` | the operator's own access, and that of the last super admin, is not taken away |
//! | `named_addresses` | what the orgs and their apps name: nothing else is asked who it is |
//! | `org_clock` | the time at the orgs, known before the first call |
//! | `page_walk` | a list page by page, within the bounds of a list that ends |
//! | `plural` | counts with their nouns |
//! | `pace` | how long a bulk step still takes under the rate limits |
//! | `redact`, `secret_fields`, `redactor` | secrets out of what is written down: which fields hold them, which values a run knows |
//! | `sendable` | nothing is sent that only stands in the place of a secret |
//! | `watch` | Ctrl-C and waits |

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
mod error;
pub mod event;
mod event_log;
mod execution;
mod granted_scopes;
mod imported;
mod imported_modules;
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
pub use execution::{
    BulkProgress, EditPolicy, EventListener, ProgressWatcher, Run, RunOptions, RunProcedure, RunTarget, WriteResult,
};
pub use granted_scopes::scopes_allow;
pub use inverse::undo_words;
pub use items::ItemStart;
pub use operation_semantics::{reads_before, reads_of_guard, status_after};
pub use own_access::OWN_ACCESS;
pub use plan_lock::{ApprovalRecord, PlannedWrite, PlannedWrites, renumber_placeholders};
pub(crate) use redact::{HIDDEN, REDACTED};
pub(crate) use secret_fields::{FieldPlace, has_secret_shape, star_tokens};
pub use undo_prefetch::UndoCost;
pub use undo_records::plan_again;
