//! The door: everything a run does to the world goes through here, as data.
//!
//! A [`call::Call`] is an operation of Okta's API plus its arguments. [`Run::read`] and [`Run::perform`] journal it, send it and
//! tell what happened; a write looks first and is not sent when nothing would change. This module knows nothing of scripts.

pub mod call;
mod door;
mod effects;
mod error;
pub mod event;
pub mod gate;
pub mod journal;
pub mod lane;
mod look;
mod redact;
mod watch;

pub use door::{Done, Listener, Page, Run, Settings};
pub use effects::reads_before;
pub use error::{Error, Refusal};
