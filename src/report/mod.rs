//! Events as text for a person or JSON for a program. Pure: it knows neither whether events are live or past, nor
//! where its lines go.

pub mod json;
pub mod runs;
pub mod table;
pub mod text;
