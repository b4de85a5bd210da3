//! OAuth scopes: which are asked for, and what is said where the org grants fewer.

use std::collections::BTreeSet;

use super::command_context::CommandContext;
use super::failures::okta_failure;
use super::known_scopes::{every_scope, usual_scopes};
use super::targets::RunTargets;
use crate::config::{OrgProfile, SignIn};
use crate::error::CommandError;
use crate::okta::{self, OktaClient};
use crate::run::scopes_allow;
use crate::script::check::CheckReport;
use crate::terminal::TerminalHandle;

/// Rules and roles decide over what happens, whatever a runbook calls.
const DECISIVE: &[&str] = &["okta.users.read", "okta.groups.read", "okta.apps.read"];

/// Has service apps ask for the least scopes of the runbook, and refuses a run whose apps lack some of them. Signs in for it.
///
/// Which of several orgs needs a scope is not always told by the text: such a scope is asked for in each, and has to be granted by one.
///
/// # Errors
/// A sign-in fails, or a scope is not granted.
pub(crate) fn of_runbook(
    context: &CommandContext,
    world: &RunTargets,
    report: &CheckReport,
    terminal: &TerminalHandle,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), CommandError> {
    let mut refused: Option<CommandError> = None;
    let mut nowhere: Option<BTreeSet<String>> = None;
    let mut doubtful = Vec::new();
    for (name, client) in &world.orgs {
        let needs = ScopeNeeds::of(report, world, name);
        let Some(granted) = needs.granted(name, client, runtime)? else {
            nowhere = Some(BTreeSet::new());
            continue;
        };
        let lacking = missing(&needs.certain, &granted);
        if !lacking.is_empty() {
            let profile = profile(context, world, name);
            refused = Some(lacks(refused, name, &lacking, profile.as_ref()));
        }
        let lacking = missing(&needs.possible, &granted);
        let here: BTreeSet<String> = lacking.iter().cloned().collect();
        nowhere = Some(nowhere.map_or_else(|| here.clone(), |before| &before & &here));
        doubtful.push((name, lacking));
    }
    let nowhere: Vec<String> = nowhere.unwrap_or_default().into_iter().collect();
    for (name, lacking) in doubtful {
        let profile = profile(context, world, name);
        if !nowhere.is_empty() {
            refused = Some(lacks(refused, name, &nowhere, profile.as_ref()));
        } else if !lacking.is_empty() {
            terminal.warn(&format!(
                "the access token for `{name}` lacks scopes that the runbook may need there: {}",
                lacking.join(", ")
            ));
        }
    }
    match refused {
        None => Ok(()),
        Some(error) => Err(error.help("nothing was changed")),
    }
}

/// Has service apps ask for what a rehearsal reads: what the runbook needs in each org, the same to read (scopes are granted one by one), and
/// what decides over the effects of its writes. Nothing is written with it.
pub(crate) fn of_rehearsal(world: &RunTargets, report: &CheckReport) {
    let known = every_scope();
    for (name, client) in &world.orgs {
        let needs = ScopeNeeds::of(report, world, name);
        let needed = needs.certain.into_iter().chain(needs.possible);
        let mut scopes: BTreeSet<String> = needed.collect();
        let read = scopes.iter().map(|scope| scope.replace(".manage", ".read"));
        let read: Vec<String> = read.filter(|scope| known.contains(scope.as_str())).collect();
        scopes.extend(read);
        scopes.extend(DECISIVE.iter().map(ToString::to_string));
        client.ask_for(scopes.into_iter().collect());
    }
}

/// The scopes that a runbook needs in one org.
struct ScopeNeeds {
    certain: Vec<String>,
    /// In this org or another one.
    possible: Vec<String>,
    /// What is asked for as well, since not all that the runbook calls is known. Okta grants those of them that the app has.
    usual: Vec<String>,
}

impl ScopeNeeds {
    fn of(report: &CheckReport, world: &RunTargets, org: &str) -> Self {
        let usual = if report.is_complete() { Vec::new() } else { usual_scopes() };
        let owned = |scopes: &[&str]| scopes.iter().map(ToString::to_string).collect();
        if world.orgs.len() == 1 {
            return Self { certain: owned(&report.scopes), possible: Vec::new(), usual };
        }
        Self { certain: owned(&report.scopes_in(org)), possible: owned(&report.scopes_somewhere()), usual }
    }

    /// What the org grants of them; `None` where nothing has to be granted: no scope is needed, or an API token has its owner's rights.
    fn granted(
        &self,
        org: &str,
        client: &OktaClient,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Option<Vec<String>>, CommandError> {
        let all: BTreeSet<&String> = self.certain.iter().chain(&self.possible).collect();
        if all.is_empty() {
            return Ok(None);
        }
        let asked: BTreeSet<&String> = all.into_iter().chain(&self.usual).collect();
        client.ask_for(asked.into_iter().cloned().collect());
        match runtime.block_on(client.granted_scopes(&okta::SilentObserver)) {
            // None of them is granted.
            Err(okta::OktaError::SignIn(refusal)) if refusal.is("invalid_scope") => Ok(Some(Vec::new())),
            granted => granted.map_err(|error| okta_failure(org, &error)),
        }
    }
}

fn profile(context: &CommandContext, world: &RunTargets, org: &str) -> Option<OrgProfile> {
    context.config.org(world.profiles.get(org)?).ok()
}

/// One error of all orgs.
fn lacks(before: Option<CommandError>, org: &str, lacking: &[String], profile: Option<&OrgProfile>) -> CommandError {
    let what = format!("the access token for `{org}` lacks scopes that the runbook needs: {}", lacking.join(", "));
    let error = match before {
        None => CommandError::usage(what),
        Some(mut error) => {
            error.message = format!("{}\n{what}", error.message);
            error
        }
    };
    let advice = advice(profile, lacking);
    if error.help.contains(&advice) {
        return error;
    }
    error.help(advice)
}

/// What to do about scopes that an access token lacks: what was not asked for need not be missing in the app.
pub(crate) fn advice(profile: Option<&OrgProfile>, lacking: &[String]) -> String {
    const GRANT: &str = "grant them to the app: Applications > the app > Okta API Scopes";
    let Some(profile) = profile else {
        return GRANT.to_owned();
    };
    match &profile.sign_in {
        SignIn::Person(_) => format!(
            "{GRANT}; then sign in anew, since a sign-in keeps its scopes: okta-runbook orgs login {}",
            profile.profile
        ),
        SignIn::PrivateKey(app) => {
            let unasked: Vec<&str> = lacking
                .iter()
                .filter(|scope| !app.scopes.is_empty() && !app.scopes.contains(scope))
                .map(String::as_str)
                .collect();
            if unasked.is_empty() {
                return GRANT.to_owned();
            }
            let grant = if unasked.len() < lacking.len() { format!("; the others: {GRANT}") } else { String::new() };
            format!(
                "no others are asked for than the `scopes` of `{}` ({}): add {} there, or remove `scopes` so that each runbook asks for \
                 what it needs{grant}",
                profile.profile,
                profile.origin,
                unasked.join(", ")
            )
        }
        SignIn::Token(_) => GRANT.to_owned(),
    }
}

/// Those of `needed` that `granted` does not allow.
pub(crate) fn missing(needed: &[String], granted: &[String]) -> Vec<String> {
    needed.iter().filter(|scope| !scopes_allow(granted, scope)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_heeds_that_manage_allows_reading() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let needed = list("okta.apps.read okta.groups.manage okta.users.read");
        let granted = list("okta.apps.manage okta.groups.read");
        assert_eq!(missing(&needed, &granted), ["okta.groups.manage", "okta.users.read"]);
    }
}
