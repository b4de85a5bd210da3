//! Tests through the built binary.

mod architecture;
mod boundaries;
mod commands;
mod faults;
mod limits;
mod simulator;
