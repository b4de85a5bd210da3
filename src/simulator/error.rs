//! Why a simulator did not start.

use std::net::SocketAddr;

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The scenario is not JSON, or says something that cannot be.
    #[error("the scenario cannot be built: {0}")]
    Scenario(String),
    /// The scenario's file cannot be read.
    #[error("cannot read the scenario {path}: {reason}")]
    Read { path: String, reason: String },
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: SocketAddr, reason: String },
    /// A real org or directory that is to be shadowed does not answer.
    #[error("what is to be shadowed cannot be read: {0}")]
    Upstream(String),
}
