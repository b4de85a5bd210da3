//! Parse, run, print the error, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use okta_runbook::cli::Cli;

fn main() -> ExitCode {
    okta_runbook::cli::execute(Cli::parse())
}
