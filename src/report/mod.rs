//! Events as text for a person or JSON for a program, and whole runs as evidence. Pure: it knows neither whether events are live or
//! past, nor where its lines go.

mod difference;
mod dn_changes;
pub mod evidence;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod plan;
pub mod run_json;
mod run_summary;
pub mod runs;
pub mod table;
pub mod text;
mod visible_text;

pub use visible_text::visible_text;
