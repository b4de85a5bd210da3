//! What a run works on: the orgs and directories of profiles, or a simulator of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::command_context::CommandContext;
use super::credentials::{credentials, journal_secret};
use super::known_scopes::usual_scopes;
use crate::config::{
    self, DirectoryProfile, OrgProfile, check_proxy_variables, list_lag_from_variable, proxy_addresses,
};
use crate::error::CommandError;
use crate::ldap::{self, Dn};
use crate::okta::{self, BaseUrl, OktaClient, OrgCredentials};
use crate::run::consent::ConsentOptions;
use crate::run::event::OrgLine;
use crate::run::journal::{Journal, RunRecord};
use crate::run::{RunOptions, RunProcedure};
use crate::script::MissingValues;
use crate::script::RunbookHeader;
use crate::simulator::{AnswerProvenance, ListenAddress, OrgAddress, ScenarioSpec, Simulator};

/// Where a run finds its orgs.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArguments {
    /// Profile of an org, as NAME=PROFILE with the runbook's name for it; PROFILE alone when it has one org.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    pub(crate) orgs: Vec<String>,
    /// Run against a simulator started for this run: the built-in scenario for the runbook's orgs, or a scenario file.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "orgs")]
    pub(crate) simulator: Option<String>,
    /// Share of each of the org's rate limits that is left to others.
    #[arg(long, value_name = "PERCENT", default_value_t = RESERVE, value_parser = clap::value_parser!(u8).range(0..=95))]
    pub(crate) reserve: u8,
    /// Refused: a command line can be read by others.
    #[arg(long, hide = true, value_name = "TOKEN", alias = "api-token")]
    token: Option<String>,
}

/// Orgs by their names in the runbook, directories by domain. The simulator lives as long as this does.
pub(crate) struct RunTargets {
    pub(crate) orgs: BTreeMap<String, Arc<OktaClient>>,
    /// Profiles of the orgs, by the same names; simulated ones have none.
    pub(crate) profiles: BTreeMap<String, String>,
    pub(crate) directories: BTreeMap<String, Arc<ldap::DirectoryClient>>,
    reserve: u8,
    simulator: Option<Simulator>,
}

/// Percent.
pub(crate) const RESERVE: u8 = 20;

/// The lists of a simulator that is started for a run show at once what was created, unless its scenario says otherwise.
pub(crate) const SIMULATED_LIST_LAG: Duration = Duration::from_secs(2);

/// How a client of this org behaves.
///
/// # Errors
/// The machine's proxy is set and none, which the HTTP library would pass over.
pub(crate) fn settings(
    context: &CommandContext,
    profile: &OrgProfile,
    reserve: u8,
) -> Result<okta::ClientSettings, CommandError> {
    let network = &profile.network;
    if network.proxy.is_none() {
        check_proxy_variables(context.config.environment())?;
    }
    let mut settings = okta::ClientSettings {
        reserve: f64::from(reserve) / 100.0,
        proxy: network.proxy.clone().map(|proxy| okta::ProxySettings {
            url: proxy.url,
            username: proxy.username,
            password: proxy.password,
        }),
        secrets: proxy_addresses(context.config.environment()).flat_map(okta::secrets_of_address).collect(),
        ..okta::ClientSettings::default()
    };
    if let Some(timeout) = network.connect_timeout {
        settings.connect_timeout = timeout;
    }
    if let Some(timeout) = network.request_timeout {
        settings.request_timeout = timeout;
    }
    let lag = network.list_lag;
    if let Some(lag) = lag.map_or_else(|| list_lag_from_variable(context.config.environment()), |lag| Ok(Some(lag)))? {
        settings.list_lag = lag;
    }
    if let Some(retries) = network.max_retries {
        settings.max_attempts = retries.saturating_add(1);
    }
    if let Some(more) = &network.user_agent {
        settings.user_agent = format!("{} {more}", settings.user_agent);
    }
    Ok(settings)
}

/// The org's address, with a warning where it was another than is written.
pub(crate) fn address(context: &CommandContext, profile: &OrgProfile) -> Result<BaseUrl, CommandError> {
    let (base, warning) =
        BaseUrl::parse(&profile.url).map_err(|error| CommandError::usage(format!("{}: {error}", profile.origin)))?;
    if let Some(warning) = warning {
        let warning = format!("{}: {warning}", profile.origin);
        context.terminal.warn(&warning);
    }
    Ok(base)
}

impl TargetArguments {
    /// A simulator's examples stand for parameters that are not given.
    pub(crate) fn mode(&self) -> MissingValues {
        match self.simulator {
            Some(_) => MissingValues::Examples,
            None => MissingValues::Given,
        }
    }

    /// Finds all orgs of `runbook`, and says everything that is wrong with them. Nothing is sent.
    pub(crate) async fn find(
        &self,
        context: &CommandContext,
        runbook: &RunbookHeader,
    ) -> Result<RunTargets, CommandError> {
        if self.token.is_some() {
            return Err(CommandError::usage("a token on the command line is refused: every user of this machine can read it, and the shell keeps it")
                .help("set OKTA_CLIENT_TOKEN, or name a file or command in okta-runbook.toml"));
        }
        match &self.simulator {
            Some(scenario) => simulated_targets(scenario, runbook).await,
            None => self.configured(context, runbook),
        }
    }

    fn configured(&self, context: &CommandContext, runbook: &RunbookHeader) -> Result<RunTargets, CommandError> {
        let bindings = bindings(&self.orgs, runbook)?;
        let mut world = RunTargets::of(context, self.reserve)?;
        for org in &runbook.orgs {
            let profile = match bindings.get(org.name.as_str()) {
                Some(profile) => context.config.org(profile)?,
                None => context.default_org("--org NAME")?,
            };
            world.add(context, &org.name, &profile)?;
        }
        Ok(world)
    }
}

impl RunTargets {
    /// A run of `procedure` on these: nobody watches it, and nothing stops it.
    pub(crate) fn run_options(
        &self,
        journal: Arc<Journal>,
        procedure: RunProcedure,
        consent: ConsentOptions,
    ) -> RunOptions {
        RunOptions {
            orgs: self.orgs.clone(),
            profiles: self.profiles.clone(),
            directories: self.directories.clone(),
            ..RunOptions::new(journal, procedure, consent)
        }
    }

    /// Directories, and no org yet.
    fn of(context: &CommandContext, reserve: u8) -> Result<Self, CommandError> {
        Ok(Self {
            reserve,
            orgs: BTreeMap::new(),
            profiles: BTreeMap::new(),
            directories: directories(context)?,
            simulator: None,
        })
    }

    /// The orgs of `real` in a shadow of them: called there, and known by their own addresses.
    pub(crate) fn of_shadow(simulator: Simulator, real: &[(&String, &Arc<OktaClient>)]) -> Result<Self, CommandError> {
        let mut orgs = BTreeMap::new();
        for (name, client) in real {
            let addresses = simulator.orgs().iter();
            for address in addresses.filter(|address| address.name == **name) {
                orgs.insert((*name).clone(), Arc::new(client_through(client, address)?));
            }
        }
        Ok(Self {
            orgs,
            profiles: BTreeMap::new(),
            directories: simulated_directories(&simulator)?,
            reserve: 0,
            simulator: Some(simulator),
        })
    }

    /// What has to be known of a shadow beside its answers.
    pub(crate) fn ledger(&self) -> Option<&AnswerProvenance> {
        let simulator = self.simulator.as_ref()?;
        Some(simulator.ledger())
    }

    fn add(&mut self, context: &CommandContext, name: &str, profile: &OrgProfile) -> Result<(), CommandError> {
        self.orgs.insert(name.to_owned(), Arc::new(client(context, profile, self.reserve)?));
        self.profiles.insert(name.to_owned(), profile.profile.clone());
        Ok(())
    }
}

/// The orgs that a run worked on.
pub(crate) fn of_record(
    context: &CommandContext,
    record: &RunRecord,
    given: &[String],
) -> Result<RunTargets, CommandError> {
    let what = format!("run {}", record.run);
    of_lines(context, &what, &record.orgs, given, RESERVE)
}

/// Orgs as they were recorded of `what`: by their profiles, or by those of `given` (`NAME=PROFILE`). Another org than then is refused.
pub(crate) fn of_lines(
    context: &CommandContext,
    what: &str,
    lines: &[OrgLine],
    given: &[String],
    reserve: u8,
) -> Result<RunTargets, CommandError> {
    let mut world = RunTargets::of(context, reserve)?;
    for org in lines {
        let named = given.iter().find_map(|text| text.strip_prefix(&format!("{}=", org.name)));
        let alone = given.first().filter(|text| lines.len() == 1 && !text.contains('='));
        let profile = named.or(alone.map(String::as_str)).or(org.profile.as_deref()).ok_or_else(|| {
            CommandError::usage(format!("{what} is of a simulator that was started for it, which is gone"))
                .help("start one with `okta-runbook simulator`, and run against it with --org")
        })?;
        world.add(context, &org.name, &context.config.org(profile)?)?;
        let url = world.orgs[&org.name].base_url().to_string();
        if url != org.url {
            return Err(CommandError::usage(format!("{what} is of {}, and `{profile}` is {url}", org.url))
                .help(format!("name the profile of that org: --org {}=PROFILE", org.name)));
        }
    }
    Ok(world)
}

/// `NAME=PROFILE` for each org. A runbook with one org takes PROFILE alone, or none; one with several needs each named.
fn bindings<'a>(given: &'a [String], runbook: &'a RunbookHeader) -> Result<BTreeMap<&'a str, &'a str>, CommandError> {
    let names: Vec<&str> = runbook.orgs.iter().map(|org| org.name.as_str()).collect();
    let mut bindings = BTreeMap::new();
    for text in given {
        let (name, profile) =
            match (text.split_once('='), names.as_slice()) {
                (Some((name, profile)), _) => (name, profile),
                (None, [only]) => (*only, text.as_str()),
                (None, _) => {
                    return Err(CommandError::usage(format!("`--org {text}` does not say which org it is"))
                        .help(format!("{} has: {}; write --org NAME={text}", runbook.name, names.join(", "))));
                }
            };
        if !names.contains(&name) {
            return Err(CommandError::usage(format!("{} has no org `{name}`", runbook.name))
                .help(format!("it has: {}", names.join(", "))));
        }
        if bindings.insert(name, profile).is_some() {
            return Err(CommandError::usage(format!("the org `{name}` is named twice")));
        }
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| !bindings.contains_key(name)).collect();
    if names.len() > 1 && !missing.is_empty() {
        return Err(CommandError::usage(format!(
            "{} works on {} orgs; not named: {}",
            runbook.name,
            names.len(),
            missing.join(", ")
        ))
        .help(format!("add --org {}=PROFILE, or try it with --simulator", missing[0])));
    }
    Ok(bindings)
}

pub(crate) fn client(context: &CommandContext, profile: &OrgProfile, reserve: u8) -> Result<OktaClient, CommandError> {
    let base = address(context, profile)?;
    for warning in context.config.warnings(profile) {
        context.terminal.warn(&warning);
    }
    let mut settings = settings(context, profile, reserve)?;
    settings.shared_secret = journal_secret(context, profile)?;
    let credentials = credentials(context, profile)?;
    let client =
        OktaClient::new(base, credentials, settings).map_err(|error| as_usage(&error.to_string(), error.help()))?;
    client.ask_for(usual_scopes());
    Ok(client)
}

fn as_usage(message: &str, help: Option<String>) -> CommandError {
    let error = CommandError::usage(message);
    help.into_iter().fold(error, CommandError::help)
}

fn directories(context: &CommandContext) -> Result<BTreeMap<String, Arc<ldap::DirectoryClient>>, CommandError> {
    let directories = context.config.directories().map(|profile| {
        let directory = directory(context, profile)?;
        Ok((profile.domain.to_lowercase(), Arc::new(directory)))
    });
    directories.collect()
}

pub(crate) fn directory(
    context: &CommandContext,
    profile: &DirectoryProfile,
) -> Result<ldap::DirectoryClient, CommandError> {
    let environment = context.config.environment();
    if let Some(warning) = profile.warning(environment) {
        context.terminal.warn(&warning);
    }
    let wrong =
        |reason: String| CommandError::usage(format!("{}: directory {}: {reason}", profile.origin, profile.domain));
    let base = Dn::parse(&profile.base).map_err(|error| wrong(error.to_string()))?;
    let password = profile.password.read(environment)?;
    let mut settings = ldap::LdapSettings::new(&profile.url, &profile.bind_dn, password, base);
    settings.ca.clone_from(&profile.ca);
    settings.security = match profile.security {
        config::DirectorySecurity::Ldaps => ldap::LdapSecurity::Automatic,
        config::DirectorySecurity::StartTls => ldap::LdapSecurity::StartTls,
        config::DirectorySecurity::Plain => ldap::LdapSecurity::Plain,
    };
    ldap::DirectoryClient::new(settings).map_err(|error| wrong(error.to_string()))
}

async fn simulated_targets(scenario: &str, runbook: &RunbookHeader) -> Result<RunTargets, CommandError> {
    let found = |name: &str| ScenarioSpec::find(name).map_err(|e| CommandError::usage(e.to_string()));
    let named = Some(scenario).filter(|name| !name.is_empty());
    let scenario = match named.or(runbook.scenario.as_deref()) {
        Some(name) => found(name)?,
        None => ScenarioSpec::built_in_for(runbook.orgs.iter().map(|org| org.name.as_str())),
    };
    let simulator =
        Simulator::start(scenario, ListenAddress::Anywhere).await.map_err(|e| CommandError::usage(e.to_string()))?;
    of_simulator(simulator, runbook)
}

/// A client of an org whose calls go to its shadow.
fn client_through(client: &OktaClient, shadow: &OrgAddress) -> Result<OktaClient, CommandError> {
    let (url, _) = BaseUrl::parse(&shadow.url).map_err(|e| CommandError::failed(e.to_string()))?;
    let settings = okta::ClientSettings {
        reserve: 0.0,
        through: Some(url),
        list_lag: SIMULATED_LIST_LAG,
        // A plan is told and saved, too.
        secrets: client.secrets(),
        ..okta::ClientSettings::default()
    };
    let credentials = OrgCredentials::Ssws(shadow.token.clone());
    OktaClient::new(client.base_url().clone(), credentials, settings).map_err(|e| CommandError::failed(e.to_string()))
}

fn simulated_directories(simulator: &Simulator) -> Result<BTreeMap<String, Arc<ldap::DirectoryClient>>, CommandError> {
    let mut directories = BTreeMap::new();
    for address in simulator.directories() {
        let base = Dn::parse(&address.base).map_err(|e| CommandError::failed(e.to_string()))?;
        let mut settings = ldap::LdapSettings::new(&address.url, &address.bind_dn, address.password.clone(), base);
        settings.ca.clone_from(&address.ca);
        let directory = ldap::DirectoryClient::new(settings).map_err(|e| CommandError::failed(e.to_string()))?;
        directories.insert(address.domain.to_lowercase(), Arc::new(directory));
    }
    Ok(directories)
}

fn of_simulator(simulator: Simulator, runbook: &RunbookHeader) -> Result<RunTargets, CommandError> {
    let mut orgs = BTreeMap::new();
    for (index, org) in runbook.orgs.iter().enumerate() {
        let addresses = simulator.orgs();
        let named = addresses.iter().find(|address| address.name == org.name);
        let only = (runbook.orgs.len() == 1).then(|| addresses.get(index)).flatten();
        let address = named
            .or(only)
            .ok_or_else(|| CommandError::usage(format!("the scenario has no org named `{}`", org.name)))?;
        let (base, _) = BaseUrl::parse(&address.url).map_err(|e| CommandError::failed(e.to_string()))?;
        let credentials = OrgCredentials::Ssws(address.token.clone());
        let settings = okta::ClientSettings { list_lag: SIMULATED_LIST_LAG, ..okta::ClientSettings::default() };
        let client = OktaClient::new(base, credentials, settings).map_err(|e| CommandError::failed(e.to_string()))?;
        orgs.insert(org.name.clone(), Arc::new(client));
    }
    Ok(RunTargets {
        orgs,
        profiles: BTreeMap::new(),
        directories: simulated_directories(&simulator)?,
        reserve: RESERVE,
        simulator: Some(simulator),
    })
}
