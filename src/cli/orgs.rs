//! `orgs`: the org profiles, whether they work, and how one is added.

mod add;
mod diagnosis;
mod list;
mod login;
mod remove;
mod rights;
mod test;

use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};

/// List, add, test and remove org profiles, and sign in to them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook orgs test acme")]
pub(super) struct OrgsArguments {
    #[command(subcommand)]
    command: OrgsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum OrgsCommand {
    List(list::ListOrgsArguments),
    Add(add::AddOrgArguments),
    Test(test::TestOrgArguments),
    Login(login::OrgLoginArguments),
    Remove(remove::RemoveOrgArguments),
}

pub(super) fn execute(context: &CommandContext, arguments: &OrgsArguments) -> Result<CommandExit, CommandError> {
    match &arguments.command {
        OrgsCommand::List(arguments) => Ok(list::execute(context, arguments)),
        OrgsCommand::Add(arguments) => add::execute(context, arguments),
        OrgsCommand::Test(arguments) => test::execute(context, arguments),
        OrgsCommand::Login(arguments) => login::execute(context, arguments),
        OrgsCommand::Remove(arguments) => remove::execute(context, arguments),
    }
}
