//! What a run works on: the orgs and directories of profiles, or a simulator of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Context;
use super::credentials::credentials;
use super::known_scopes::usual_scopes;
use crate::config::{
    self, DirectoryProfile, OrgProfile, check_proxy_variables, list_lag_from_variable, proxy_addresses,
};
use crate::error::Error;
use crate::ldap::{self, Dn};
use crate::okta::{self, BaseUrl, Client, Credentials};
use crate::run::event::OrgLine;
use crate::run::journal::Record;
use crate::script::Mode;
use crate::script::Runbook;
use crate::simulator::{Ledger, Listen, OrgAddress, Scenario, Simulator};

/// Where a run finds its orgs.
#[derive(Debug, clap::Args)]
pub(super) struct Where {
    /// Profile of an org, as NAME=PROFILE with the runbook's name for it; PROFILE alone when it has one org.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    pub(super) orgs: Vec<String>,
    /// Run against a simulator started for this run: the built-in scenario for the runbook's orgs, or a scenario file.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "orgs")]
    pub(super) simulator: Option<String>,
    /// Share of each of the org's rate limits that is left to others.
    #[arg(long, value_name = "PERCENT", default_value_t = RESERVE, value_parser = clap::value_parser!(u8).range(0..=95))]
    pub(super) reserve: u8,
    /// Refused: a command line can be read by others.
    #[arg(long, hide = true, value_name = "TOKEN", alias = "api-token")]
    token: Option<String>,
}

/// Orgs by their names in the runbook, directories by domain. The simulator lives as long as this does.
pub(super) struct World {
    pub(super) orgs: BTreeMap<String, Arc<Client>>,
    /// Profiles of the orgs, by the same names; simulated ones have none.
    pub(super) profiles: BTreeMap<String, String>,
    pub(super) directories: BTreeMap<String, Arc<ldap::Directory>>,
    reserve: u8,
    simulator: Option<Simulator>,
}

/// Percent.
pub(super) const RESERVE: u8 = 20;

/// The lists of a simulator that is started for a run show at once what was created, unless its scenario says otherwise.
pub(super) const SIMULATED_LIST_LAG: Duration = Duration::from_secs(2);

/// How a client of this org behaves.
///
/// # Errors
/// The machine's proxy is set and none, which the HTTP library would pass over.
pub(super) fn settings(context: &Context, profile: &OrgProfile, reserve: u8) -> Result<okta::Settings, Error> {
    let network = &profile.network;
    if network.proxy.is_none() {
        check_proxy_variables(context.config.environment())?;
    }
    let mut settings = okta::Settings {
        reserve: f64::from(reserve) / 100.0,
        proxy: network.proxy.clone().map(|proxy| okta::Proxy {
            url: proxy.url,
            username: proxy.username,
            password: proxy.password,
        }),
        secrets: proxy_addresses(context.config.environment()).flat_map(okta::secrets_of_address).collect(),
        ..okta::Settings::default()
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
pub(super) fn address(context: &Context, profile: &OrgProfile) -> Result<BaseUrl, Error> {
    let (base, warning) =
        BaseUrl::parse(&profile.url).map_err(|error| Error::usage(format!("{}: {error}", profile.origin)))?;
    if let Some(warning) = warning {
        let warning = format!("{}: {warning}", profile.origin);
        context.terminal.warn(&warning);
    }
    Ok(base)
}

impl Where {
    /// A simulator's examples stand for parameters that are not given.
    pub(super) fn mode(&self) -> Mode {
        match self.simulator {
            Some(_) => Mode::Examples,
            None => Mode::Given,
        }
    }

    /// Finds all orgs of `runbook`, and says everything that is wrong with them. Nothing is sent.
    pub(super) async fn find(&self, context: &Context, runbook: &Runbook) -> Result<World, Error> {
        if self.token.is_some() {
            return Err(Error::usage("a token on the command line is refused: every user of this machine can read it, and the shell keeps it")
                .help("set OKTA_CLIENT_TOKEN, or name a file or command in okta-runbook.toml"));
        }
        match &self.simulator {
            Some(scenario) => simulated(scenario, runbook).await,
            None => self.configured(context, runbook),
        }
    }

    fn configured(&self, context: &Context, runbook: &Runbook) -> Result<World, Error> {
        let bindings = bindings(&self.orgs, runbook)?;
        let mut world = World::of(context, self.reserve)?;
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

impl World {
    /// Directories, and no org yet.
    fn of(context: &Context, reserve: u8) -> Result<Self, Error> {
        Ok(Self {
            reserve,
            orgs: BTreeMap::new(),
            profiles: BTreeMap::new(),
            directories: directories(context)?,
            simulator: None,
        })
    }

    /// The orgs of `real` in a shadow of them: called there, and known by their own addresses.
    pub(super) fn of_shadow(simulator: Simulator, real: &[(&String, &Arc<Client>)]) -> Result<Self, Error> {
        let mut orgs = BTreeMap::new();
        for (name, client) in real {
            let addresses = simulator.orgs().iter();
            for address in addresses.filter(|address| address.name == **name) {
                orgs.insert((*name).clone(), Arc::new(through(client, address)?));
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
    pub(super) fn ledger(&self) -> Option<&Ledger> {
        let simulator = self.simulator.as_ref()?;
        Some(simulator.ledger())
    }

    fn add(&mut self, context: &Context, name: &str, profile: &OrgProfile) -> Result<(), Error> {
        self.orgs.insert(name.to_owned(), Arc::new(client(context, profile, self.reserve)?));
        self.profiles.insert(name.to_owned(), profile.profile.clone());
        Ok(())
    }
}

/// The orgs that a run worked on.
pub(super) fn of_record(context: &Context, record: &Record, given: &[String]) -> Result<World, Error> {
    let what = format!("run {}", record.run);
    of_lines(context, &what, &record.orgs, given, RESERVE)
}

/// Orgs as they were recorded of `what`: by their profiles, or by those of `given` (`NAME=PROFILE`). Another org than then is refused.
pub(super) fn of_lines(
    context: &Context,
    what: &str,
    lines: &[OrgLine],
    given: &[String],
    reserve: u8,
) -> Result<World, Error> {
    let mut world = World::of(context, reserve)?;
    for org in lines {
        let named = given.iter().find_map(|text| text.strip_prefix(&format!("{}=", org.name)));
        let alone = given.first().filter(|text| lines.len() == 1 && !text.contains('='));
        let profile = named.or(alone.map(String::as_str)).or(org.profile.as_deref()).ok_or_else(|| {
            Error::usage(format!("{what} is of a simulator that was started for it, which is gone"))
                .help("start one with `okta-runbook simulator`, and run against it with --org")
        })?;
        world.add(context, &org.name, &context.config.org(profile)?)?;
        let url = world.orgs[&org.name].base_url().to_string();
        if url != org.url {
            return Err(Error::usage(format!("{what} is of {}, and `{profile}` is {url}", org.url))
                .help(format!("name the profile of that org: --org {}=PROFILE", org.name)));
        }
    }
    Ok(world)
}

/// `NAME=PROFILE` for each org. A runbook with one org takes PROFILE alone, or none; one with several needs each named.
fn bindings<'a>(given: &'a [String], runbook: &'a Runbook) -> Result<BTreeMap<&'a str, &'a str>, Error> {
    let names: Vec<&str> = runbook.orgs.iter().map(|org| org.name.as_str()).collect();
    let mut bindings = BTreeMap::new();
    for text in given {
        let (name, profile) = match (text.split_once('='), names.as_slice()) {
            (Some((name, profile)), _) => (name, profile),
            (None, [only]) => (*only, text.as_str()),
            (None, _) => {
                return Err(Error::usage(format!("`--org {text}` does not say which org it is")).help(format!(
                    "{} has: {}; write --org NAME={text}",
                    runbook.name,
                    names.join(", ")
                )));
            }
        };
        if !names.contains(&name) {
            return Err(Error::usage(format!("{} has no org `{name}`", runbook.name))
                .help(format!("it has: {}", names.join(", "))));
        }
        if bindings.insert(name, profile).is_some() {
            return Err(Error::usage(format!("the org `{name}` is named twice")));
        }
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| !bindings.contains_key(name)).collect();
    if names.len() > 1 && !missing.is_empty() {
        return Err(Error::usage(format!(
            "{} works on {} orgs; not named: {}",
            runbook.name,
            names.len(),
            missing.join(", ")
        ))
        .help(format!("add --org {}=PROFILE, or try it with --simulator", missing[0])));
    }
    Ok(bindings)
}

pub(super) fn client(context: &Context, profile: &OrgProfile, reserve: u8) -> Result<Client, Error> {
    let base = address(context, profile)?;
    for warning in context.config.warnings(profile) {
        context.terminal.warn(&warning);
    }
    let settings = settings(context, profile, reserve)?;
    let credentials = credentials(context, profile)?;
    let client =
        Client::new(base, credentials, settings).map_err(|error| as_usage(&error.to_string(), error.help()))?;
    client.ask_for(usual_scopes());
    Ok(client)
}

fn as_usage(message: &str, help: Option<String>) -> Error {
    let error = Error::usage(message);
    help.into_iter().fold(error, Error::help)
}

fn directories(context: &Context) -> Result<BTreeMap<String, Arc<ldap::Directory>>, Error> {
    let directories = context.config.directories().map(|profile| {
        let directory = directory(context, profile)?;
        Ok((profile.domain.to_lowercase(), Arc::new(directory)))
    });
    directories.collect()
}

pub(super) fn directory(context: &Context, profile: &DirectoryProfile) -> Result<ldap::Directory, Error> {
    let environment = context.config.environment();
    if let Some(warning) = profile.warning(environment) {
        context.terminal.warn(&warning);
    }
    let wrong = |reason: String| Error::usage(format!("{}: directory {}: {reason}", profile.origin, profile.domain));
    let base = Dn::parse(&profile.base).map_err(|error| wrong(error.to_string()))?;
    let password = profile.password.read(environment)?;
    let mut settings = ldap::Settings::new(&profile.url, &profile.bind_dn, password, base);
    settings.ca.clone_from(&profile.ca);
    settings.security = match profile.security {
        config::Security::Ldaps => ldap::Security::Automatic,
        config::Security::StartTls => ldap::Security::StartTls,
        config::Security::Plain => ldap::Security::Plain,
    };
    ldap::Directory::new(settings).map_err(|error| wrong(error.to_string()))
}

async fn simulated(scenario: &str, runbook: &Runbook) -> Result<World, Error> {
    let found = |name: &str| Scenario::find(name).map_err(|e| Error::usage(e.to_string()));
    let named = Some(scenario).filter(|name| !name.is_empty());
    let scenario = match named.or(runbook.scenario.as_deref()) {
        Some(name) => found(name)?,
        None => Scenario::built_in_for(runbook.orgs.iter().map(|org| org.name.as_str())),
    };
    let simulator = Simulator::start(scenario, Listen::Anywhere).await.map_err(|e| Error::usage(e.to_string()))?;
    of_simulator(simulator, runbook)
}

/// A client of an org whose calls go to its shadow.
fn through(client: &Client, shadow: &OrgAddress) -> Result<Client, Error> {
    let (url, _) = BaseUrl::parse(&shadow.url).map_err(|e| Error::failed(e.to_string()))?;
    let settings = okta::Settings {
        reserve: 0.0,
        through: Some(url),
        list_lag: SIMULATED_LIST_LAG,
        // A plan is told and saved, too.
        secrets: client.secrets(),
        ..okta::Settings::default()
    };
    let credentials = Credentials::Ssws(shadow.token.clone());
    Client::new(client.base_url().clone(), credentials, settings).map_err(|e| Error::failed(e.to_string()))
}

fn simulated_directories(simulator: &Simulator) -> Result<BTreeMap<String, Arc<ldap::Directory>>, Error> {
    let mut directories = BTreeMap::new();
    for address in simulator.directories() {
        let base = Dn::parse(&address.base).map_err(|e| Error::failed(e.to_string()))?;
        let mut settings = ldap::Settings::new(&address.url, &address.bind_dn, address.password.clone(), base);
        settings.ca.clone_from(&address.ca);
        let directory = ldap::Directory::new(settings).map_err(|e| Error::failed(e.to_string()))?;
        directories.insert(address.domain.to_lowercase(), Arc::new(directory));
    }
    Ok(directories)
}

fn of_simulator(simulator: Simulator, runbook: &Runbook) -> Result<World, Error> {
    let mut orgs = BTreeMap::new();
    for (index, org) in runbook.orgs.iter().enumerate() {
        let addresses = simulator.orgs();
        let named = addresses.iter().find(|address| address.name == org.name);
        let only = (runbook.orgs.len() == 1).then(|| addresses.get(index)).flatten();
        let address =
            named.or(only).ok_or_else(|| Error::usage(format!("the scenario has no org named `{}`", org.name)))?;
        let (base, _) = BaseUrl::parse(&address.url).map_err(|e| Error::failed(e.to_string()))?;
        let credentials = Credentials::Ssws(address.token.clone());
        let settings = okta::Settings { list_lag: SIMULATED_LIST_LAG, ..okta::Settings::default() };
        let client = Client::new(base, credentials, settings).map_err(|e| Error::failed(e.to_string()))?;
        orgs.insert(org.name.clone(), Arc::new(client));
    }
    Ok(World {
        orgs,
        profiles: BTreeMap::new(),
        directories: simulated_directories(&simulator)?,
        reserve: RESERVE,
        simulator: Some(simulator),
    })
}
