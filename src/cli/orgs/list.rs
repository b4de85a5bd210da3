//! `orgs list`: the profiles, and where each was read.

use serde_json::json;

use crate::app::command_context::{CommandContext, OutputFormat};
use crate::config::{OrgProfile, SignIn};
use crate::error::CommandExit;
use crate::report::table::text_table;

/// List the org profiles. No secret is read for it.
#[derive(Debug, clap::Args)]
pub(super) struct ListOrgsArguments {
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &ListOrgsArguments) -> CommandExit {
    let mut profiles: Vec<OrgProfile> = context.config.orgs().cloned().collect();
    // Okta's own settings count as one more profile.
    let own = context.config.org("default").ok();
    let named = |own: &OrgProfile| profiles.iter().any(|it| it.profile == own.profile);
    profiles.extend(own.filter(|own| !named(own)));
    if arguments.output == OutputFormat::Json {
        let shown: Vec<_> = profiles.iter().map(as_json).collect();
        context.terminal.line(&json!(shown).to_string());
        return CommandExit::Succeeded;
    }
    if profiles.is_empty() {
        context.terminal.line("no org is configured; add one: okta-runbook orgs add NAME --url URL");
        return CommandExit::Succeeded;
    }
    let rows: Vec<Vec<String>> = profiles.iter().map(row).collect();
    let columns = ["profile", "url", "sign-in", "production", "from"];
    let table = text_table(&columns, &rows, context.terminal.width());
    context.terminal.line(&table);
    CommandExit::Succeeded
}

fn row(profile: &OrgProfile) -> Vec<String> {
    vec![
        profile.profile.clone(),
        profile.url.clone(),
        kind(profile).to_owned(),
        if profile.production { "yes" } else { "" }.to_owned(),
        profile.origin.to_string(),
    ]
}

fn as_json(profile: &OrgProfile) -> serde_json::Value {
    json!({
        "profile": profile.profile, "url": profile.url, "signIn": kind(profile),
        "production": profile.production, "from": profile.origin.to_string(),
    })
}

pub(super) fn kind(profile: &OrgProfile) -> &'static str {
    match profile.sign_in {
        SignIn::Token(_) => "API token",
        SignIn::PrivateKey(_) => "service app",
        SignIn::Person(_) => "person",
    }
}
