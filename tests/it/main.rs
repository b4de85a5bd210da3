//! Tests through the built binary.

mod architecture;
mod check;
mod commands;
mod customise;
mod repl;
mod simulator;
