//! Tests through the built binary.

mod architecture;
mod assumptions;
mod commands;
mod consent;
mod failures;
mod guards;
mod move_user;
mod readme;
mod secrets;
mod simulator;
mod stage;
mod verbs;
