//! Tests through the built binary.

mod architecture;
mod assumptions;
mod commands;
mod failures;
mod guards;
mod move_user;
mod simulator;
mod stage;
