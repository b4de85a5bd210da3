//! Listening, accepting, stopping: the simulator as a process sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connection::{ConnectionCutter, CuttableListener};
use super::directory::{LiveDirectorySettings, SimulatedDirectory};
use super::error::SimulatorError;
use super::ldap;
use super::oauth::{ClientApp, ClientKeys, ClientKind, GeneratedKey};
use super::org2org::worker;
use super::roles;
use super::running_org::RunningOrg;
use super::scenario::{self, ScenarioSpec};
use super::service::OrgService;
use super::shadow::{self, AnswerProvenance, OrgShadow, ShadowNeighbours, UpstreamOrg};
use super::sign_in;
use super::store::SimulatedOrg;
use super::traffic;

/// Where a simulator listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// On 127.0.0.1, at ports that the system chooses.
    Anywhere,
    /// The first org here, the others at the ports that follow (or at any, where those are taken). Port 0 leaves the choice to the system.
    At(SocketAddr),
}

/// A running simulator. Dropping it stops it: no new connections, idle ones are closed.
#[derive(Debug)]
pub struct Simulator {
    orgs: Vec<OrgAddress>,
    directories: Vec<DirectoryAddress>,
    stop: watch::Sender<bool>,
    ledger: Arc<AnswerProvenance>,
}

/// How to reach one simulated org.
#[derive(Clone, Debug)]
pub struct OrgAddress {
    /// Its name in the scenario.
    pub name: String,
    /// Base URL, without a slash at the end.
    pub url: String,
    /// An SSWS token that is good now, of a super admin if any has one.
    pub token: SecretString,
    /// The first service app that has a key of the simulator's making.
    pub service_app: Option<ServiceAppAddress>,
}

/// How to sign in to one simulated org as a service app (`private_key_jwt`).
#[derive(Clone)]
pub struct ServiceAppAddress {
    pub client_id: String,
    key: Arc<GeneratedKey>,
}

/// How to reach one simulated Active Directory over LDAP.
#[derive(Clone, Debug)]
pub struct DirectoryAddress {
    /// DNS name of the domain.
    pub domain: String,
    /// `ldap://127.0.0.1:PORT`
    pub url: String,
    pub bind_dn: String,
    pub password: SecretString,
    /// DN of the domain.
    pub base: String,
    /// Certificates that are trusted, of a directory that is not simulated.
    pub ca: Option<std::path::PathBuf>,
}

/// What is told when the simulator is ready: addresses with their secrets, made for one JSON line.
#[derive(Serialize)]
pub struct ReadyNotice {
    orgs: BTreeMap<String, BTreeMap<&'static str, String>>,
    directories: BTreeMap<String, BTreeMap<&'static str, String>>,
}

impl Simulator {
    /// Builds the scenario and serves it until the value is dropped. Needs a Tokio runtime.
    ///
    /// Every org listens at a port of its own, every directory too (always on the same interface).
    pub async fn start(scenario: ScenarioSpec, listen: ListenAddress) -> Result<Self, SimulatorError> {
        let world = scenario.build()?;
        let directories = world.directories;
        Self::serve(world.orgs, directories, listen).await
    }

    /// Shadows real orgs and directories until the value is dropped: nothing is changed there. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When a real org or directory does not answer, or there is no port.
    pub async fn shadow(
        upstreams: Vec<(String, Arc<dyn UpstreamOrg>)>,
        directories: Vec<DirectoryAddress>,
    ) -> Result<Self, SimulatorError> {
        let mut simulator = Self::empty();
        let mut shadows = BTreeMap::new();
        for real in directories {
            let directory = tokio::task::spawn_blocking(move || real.shadow()).await;
            let (domain, directory) = directory.map_err(|error| SimulatorError::Upstream(error.to_string()))??;
            let directory = Arc::new(RwLock::new(directory));
            simulator.ledger.watch(Arc::clone(&directory));
            shadows.insert(domain, directory);
        }
        let mut places = ListenPlaces::new(ListenAddress::Anywhere);
        let neighbours = Arc::new(ShadowNeighbours::default());
        for ((name, upstream), number) in upstreams.into_iter().zip(0..) {
            let begun = shadow::begin(&name, number, &*upstream).await;
            let mut org = begun.map_err(SimulatorError::Upstream)?;
            org.directories.clone_from(&shadows);
            let listener = places.next().await?;
            let address = OrgAddress::of(&org, &listener)?;
            shadow::register_org(&neighbours, &*upstream, &address.url, &address.token)
                .await
                .map_err(SimulatorError::Upstream)?;
            let ledger = Arc::clone(&simulator.ledger);
            let shadow = OrgShadow::new(&name, upstream, ledger);
            shadow.begin(&mut org);
            let service = OrgService::among(org, Arc::clone(&neighbours));
            serve_org(service, Some(shadow), listener, simulator.stop.subscribe());
            simulator.orgs.push(address);
        }
        for (domain, directory) in shadows {
            let listener = places.any().await?;
            let address = DirectoryAddress::of(domain, &directory, &listener)?;
            simulator.directories.push(address);
            serve_directory(directory, listener, simulator.stop.subscribe());
        }
        Ok(simulator)
    }

    fn empty() -> Self {
        Self { orgs: Vec::new(), directories: Vec::new(), stop: watch::channel(false).0, ledger: Arc::default() }
    }

    /// What has to be known of shadows beside their answers.
    pub fn ledger(&self) -> &Arc<AnswerProvenance> {
        &self.ledger
    }

    /// The orgs in the scenario's order.
    pub fn orgs(&self) -> &[OrgAddress] {
        &self.orgs
    }

    /// The directories by domain.
    pub fn directories(&self) -> &[DirectoryAddress] {
        &self.directories
    }

    /// `{"orgs":{NAME:{"url","token","client_id","key_id","private_key"}},"directories":{DOMAIN:{"url","bind_dn","password","base"}}}`, secrets included.
    pub fn ready(&self) -> ReadyNotice {
        ReadyNotice {
            orgs: self.orgs.iter().map(OrgAddress::entry).collect(),
            directories: self.directories.iter().map(DirectoryAddress::entry).collect(),
        }
    }

    pub(super) async fn serve(
        mut orgs: Vec<SimulatedOrg>,
        directories: BTreeMap<String, Arc<RwLock<SimulatedDirectory>>>,
        listen: ListenAddress,
    ) -> Result<Self, SimulatorError> {
        let mut places = ListenPlaces::new(listen);
        let mut simulator = Self::empty();
        let stopped = simulator.stop.subscribe();
        let mut listeners = Vec::new();
        for org in &orgs {
            let listener = places.next().await?;
            simulator.orgs.push(OrgAddress::of(org, &listener)?);
            listeners.push(listener);
        }
        let addresses = simulator.orgs.iter().map(OrgAddress::named);
        scenario::settle(&mut orgs, &addresses.collect());
        for (org, listener) in orgs.into_iter().zip(listeners) {
            serve_org(OrgService::new(org), None, listener, stopped.clone());
        }
        for (domain, directory) in directories {
            if let Some(address) = DirectoryAddress::outside(&domain, &directory) {
                simulator.directories.push(address);
                continue;
            }
            if is_imagined(&directory) {
                continue;
            }
            let listener = places.any().await?;
            let address = DirectoryAddress::of(domain, &directory, &listener)?;
            simulator.directories.push(address);
            serve_directory(directory, listener, stopped.clone());
        }
        Ok(simulator)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl OrgAddress {
    fn of(org: &SimulatedOrg, listener: &TcpListener) -> Result<Self, SimulatorError> {
        let token = org
            .tokens
            .values()
            .filter(|token| sign_in::is_valid(org, token, org.now()))
            .min_by_key(|token| (!is_super_admin(org, &token.owner), token.created));
        let secret = token.map(|token| token.secret.clone()).unwrap_or_default();
        Ok(Self {
            name: org.name.clone(),
            url: format!("http://{}", address(listener)?),
            token: secret.into(),
            service_app: ServiceAppAddress::of(org),
        })
    }

    fn named(&self) -> (String, (String, SecretString)) {
        let address = (self.url.clone(), self.token.clone());
        (self.name.clone(), address)
    }

    fn entry(&self) -> (String, BTreeMap<&'static str, String>) {
        let token = self.token.expose_secret().to_owned();
        let mut entry = BTreeMap::from([("url", self.url.clone()), ("token", token)]);
        if let Some(app) = &self.service_app {
            entry.extend(app.entry());
        }
        (self.name.clone(), entry)
    }
}

impl ServiceAppAddress {
    fn of(org: &SimulatedOrg) -> Option<Self> {
        let generated = |client: &ClientApp| match &client.keys {
            ClientKeys::Generated(key) if client.kind == ClientKind::Service && client.active => {
                Some(Self { client_id: client.id.clone(), key: Arc::clone(key) })
            }
            _ => None,
        };
        org.oauth.clients.values().find_map(generated)
    }

    /// Id of the key in the app.
    pub fn key_id(&self) -> &'static str {
        GeneratedKey::ID
    }

    /// The private key as PEM, made when it is first asked for; `None` when the system has no randomness.
    pub fn private_key(&self) -> Option<&SecretString> {
        self.key.pem()
    }

    fn entry(&self) -> Vec<(&'static str, String)> {
        let mut entry = vec![("client_id", self.client_id.clone()), ("key_id", self.key_id().to_owned())];
        let pem = self.private_key().map(|pem| pem.expose_secret().to_owned());
        entry.extend(pem.map(|pem| ("private_key", pem)));
        entry
    }
}

impl fmt::Debug for ServiceAppAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAppAddress").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

fn is_super_admin(org: &SimulatedOrg, user: &str) -> bool {
    roles::in_effect(org, user).any(|role| role.kind == "SUPER_ADMIN")
}

impl DirectoryAddress {
    fn of(
        domain: String,
        directory: &RwLock<SimulatedDirectory>,
        listener: &TcpListener,
    ) -> Result<Self, SimulatorError> {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        let account = directory.bind_account();
        Ok(Self {
            domain,
            url: format!("ldap://{}", address(listener)?),
            bind_dn: account.dn().to_owned(),
            password: account.password().clone(),
            base: directory.base(),
            ca: None,
        })
    }

    /// A shadow of the directory behind the address.
    fn shadow(self) -> Result<(String, SimulatedDirectory), SimulatorError> {
        let settings = LiveDirectorySettings {
            base: None,
            url: self.url,
            bind_dn: self.bind_dn,
            password: self.password,
            ca: self.ca,
        };
        let directory = SimulatedDirectory::shadow(&self.domain, settings);
        let directory = directory.map_err(|refusal| SimulatorError::Upstream(refusal.in_detail()))?;
        Ok((self.domain.to_lowercase(), directory))
    }

    /// Of a directory that is not simulated, its own.
    fn outside(domain: &str, directory: &RwLock<SimulatedDirectory>) -> Option<Self> {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        let outside = directory.outside()?;
        Some(Self {
            domain: domain.to_owned(),
            url: outside.url.clone(),
            bind_dn: outside.bind_dn.clone(),
            password: outside.password.clone(),
            base: directory.base(),
            ca: outside.ca.clone(),
        })
    }

    fn entry(&self) -> (String, BTreeMap<&'static str, String>) {
        let entry = BTreeMap::from([
            ("url", self.url.clone()),
            ("bind_dn", self.bind_dn.clone()),
            ("password", self.password.expose_secret().to_owned()),
            ("base", self.base.clone()),
        ]);
        (self.domain.clone(), entry)
    }
}

/// A directory that is known from Okta alone is looked at by nobody.
fn is_imagined(directory: &RwLock<SimulatedDirectory>) -> bool {
    let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
    directory.is_imagined()
}

/// The addresses to listen at, one after the other.
struct ListenPlaces {
    ip: IpAddr,
    /// The next port asked for; 0 is any.
    port: u16,
    first: bool,
}

impl ListenPlaces {
    fn new(listen: ListenAddress) -> Self {
        let (ip, port) = match listen {
            ListenAddress::Anywhere => (IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            ListenAddress::At(address) => (address.ip(), address.port()),
        };
        Self { ip, port, first: true }
    }

    /// Only the first port is promised; when one that follows is taken, any will do.
    async fn next(&mut self) -> Result<TcpListener, SimulatorError> {
        let (port, first) = (self.port, self.first);
        self.first = false;
        if port != 0 {
            self.port = port.checked_add(1).unwrap_or_default();
        }
        let found = self.bind(port).await;
        if found.is_err() && !first {
            return self.any().await;
        }
        found
    }

    async fn any(&self) -> Result<TcpListener, SimulatorError> {
        self.bind(0).await
    }

    async fn bind(&self, port: u16) -> Result<TcpListener, SimulatorError> {
        let address = SocketAddr::new(self.ip, port);
        let bound = TcpListener::bind(address).await;
        bound.map_err(|error| SimulatorError::Listen { address, reason: error.to_string() })
    }
}

/// The address as a client on this machine reaches it.
fn address(listener: &TcpListener) -> Result<SocketAddr, SimulatorError> {
    let mut address = listener.local_addr().map_err(|error| SimulatorError::Listen {
        address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        reason: error.to_string(),
    })?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    Ok(address)
}

fn serve_org(
    service: OrgService,
    shadow: Option<OrgShadow>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) {
    let service = Arc::new(service);
    tokio::spawn(run_due_jobs(Arc::clone(&service), stopped.clone()));
    tokio::spawn(worker::work(Arc::clone(&service), stopped.clone()));
    let router = axum::Router::new()
        .fallback(traffic::answer)
        .with_state(Arc::new(RunningOrg { service, shadow }))
        .into_make_service_with_connect_info::<ConnectionCutter>();
    tokio::spawn(async move {
        let server = axum::serve(CuttableListener(listener), router).with_graceful_shutdown(async move {
            // An error says that the simulator is gone, which is as good as the word.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        // Serving has no errors of its own: accepting retries, and a connection's failure is the client's.
        let _ = server.await;
    });
}

fn serve_directory(
    directory: Arc<RwLock<SimulatedDirectory>>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) {
    tokio::spawn(async move {
        tokio::select! {
            () = ldap::serve(listener, directory) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    });
}

/// Jobs run without requests too: who looks over LDAP sees a move when it is due.
async fn run_due_jobs(service: Arc<OrgService>, mut stopped: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(Duration::from_millis(20));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = interval.tick() => service.settle_if_due(),
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}
