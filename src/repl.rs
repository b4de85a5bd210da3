//! The session at a prompt: reading entries, completing and colouring them, showing what they came to.
//!
//! Entries are evaluated by [`crate::script::session`]; this module knows no Rhai and no HTTP. It works piped too: then there is no
//! editor, and the first error ends it.
//!
//! | file | is |
//! |---|---|
//! | [`prompt`] | the loop: read, evaluate, show |
//! | [`input`] | entries from a terminal or a pipe |
//! | [`command`] | the `:` commands as types |
//! | [`commands`] | what they do |
//! | [`completion`] | what may follow there |
//! | [`completion_cache`] | names of the orgs' objects, read or looked up |
//! | [`highlight`] | colours and brackets |
//! | [`show`], [`objects`] | results as tables and trees |
//! | [`line_wrap`] | columns made to fit the terminal |
//! | [`history`] | what may be remembered |
//! | [`limits`] | the orgs' rate limits |
//! | [`session_log`] | what the run tells the session |
//! | [`help`] | the words of `:help` |

mod command;
mod commands;
mod completion;
mod completion_cache;
mod help;
mod highlight;
mod history;
mod input;
mod limits;
mod line_wrap;
mod objects;
mod prompt;
mod session_log;
mod show;

pub use command::PlanCommand;
pub use prompt::{ActiveOrg, OrgStage, ReplContext, begin};
pub use session_log::{SessionInterrupt, SessionLog};
pub use show::as_text;
