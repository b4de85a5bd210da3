//! `orgs`: the org profiles, whether they work, and how one is added.

mod add;
mod diagnosis;
mod list;
mod login;
mod remove;
mod rights;
mod test;

use super::Context;
use crate::error::{Error, Exit};

/// List, add, test and remove org profiles, and sign in to them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook orgs test acme")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Add(add::Arguments),
    Test(test::Arguments),
    Login(login::Arguments),
    Remove(remove::Arguments),
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    match &arguments.command {
        Command::List(arguments) => Ok(list::execute(context, arguments)),
        Command::Add(arguments) => add::execute(context, arguments),
        Command::Test(arguments) => test::execute(context, arguments),
        Command::Login(arguments) => login::execute(context, arguments),
        Command::Remove(arguments) => remove::execute(context, arguments),
    }
}
