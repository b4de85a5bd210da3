//! What comes of a scenario.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use super::super::directory::SimulatedDirectory;
use super::super::store::SimulatedOrg;

/// A built scenario.
pub(in crate::simulator) struct BuiltScenario {
    /// In the scenario's order.
    pub(in crate::simulator) orgs: Vec<SimulatedOrg>,
    /// By lower-cased domain.
    pub(in crate::simulator) directories: BTreeMap<String, Arc<RwLock<SimulatedDirectory>>>,
}
