//! Tests through the built binary.

mod architecture;
mod commands;
mod simulator;
