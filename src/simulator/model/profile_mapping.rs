//! Profile mappings of an app.

use serde_json::{Map, Value};

use super::super::ids::OktaId;

/// One direction of an app's mappings.
pub(in crate::simulator) struct ProfileMapping {
    pub(in crate::simulator) id: OktaId,
    pub(in crate::simulator) direction: MappingDirection,
    /// Target attribute to `{"expression", "pushStatus"}`.
    pub(in crate::simulator) properties: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum MappingDirection {
    ToOkta,
    ToApp,
}
