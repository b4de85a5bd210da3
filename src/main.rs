//! Complete or parse, run, print the error, exit code: all in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    okta_runbook::cli::main()
}
