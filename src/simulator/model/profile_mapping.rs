//! Profile mappings of an app.

use serde_json::{Map, Value};

use super::super::ids::Id;

/// One direction of an app's mappings.
pub(in crate::simulator) struct Mapping {
    pub(in crate::simulator) id: Id,
    pub(in crate::simulator) direction: Direction,
    /// Target attribute to `{"expression", "pushStatus"}`.
    pub(in crate::simulator) properties: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Direction {
    ToOkta,
    ToApp,
}
