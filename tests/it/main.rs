//! Tests through the built binary.

mod architecture;
mod assumptions;
mod boundaries;
mod bulk;
mod check;
mod commands;
mod completions;
mod consent;
mod customise;
mod definitions;
mod failures;
mod faults;
mod guards;
mod limits;
mod lsp;
mod move_user;
mod oauth;
mod orgs;
mod readme;
mod repl;
mod report;
mod secrets;
mod simulator;
mod stage;
mod testing;
mod verbs;
