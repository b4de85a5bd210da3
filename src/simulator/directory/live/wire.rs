//! LDAP as the agent speaks it: one bound connection, opened again when it broke.

use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchEntry};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use super::LiveDirectorySettings;
use crate::ldap_panics::{NotLdap, caught};

const PATIENCE: Duration = Duration::from_secs(5);
/// Active Directory gives no more than 1000 entries at once.
const PAGE: i32 = 500;
/// The driver of a connection that ended has ended, or is about to.
const DRIVER_END: Duration = Duration::from_secs(1);
/// The most entries of a search.
const MOST_ENTRIES: usize = 1_000_000;
/// The most bytes of a search's entries, which are held all together.
const MOST_BYTES: usize = 1 << 30;
/// The most entries in a row that came before: a page may overlap with the one before it.
const MOST_REPEATED: usize = 200;

/// What is asked of the directory.
#[derive(Debug)]
pub(in super::super) enum WireRequest {
    Search {
        base: String,
        scope: Scope,
        filter: String,
    },
    Add {
        dn: String,
        attributes: Vec<(String, Vec<u8>)>,
    },
    /// Sets attributes; an empty value removes one.
    Modify {
        dn: String,
        changes: Vec<(String, String)>,
    },
    /// The whole new name: `rdn` below `parent`.
    Move {
        dn: String,
        rdn: String,
        parent: String,
    },
    Delete {
        dn: String,
    },
}

/// Entries found; none of any other deed.
pub(super) type WireOutcome = Result<Vec<SearchEntry>, WireTrouble>;

#[derive(Debug)]
pub(super) enum WireTrouble {
    /// By the directory, with a result code of LDAP.
    Refused { code: u32, text: String },
    /// No connection, or no answer.
    Unavailable(String),
}

impl WireRequest {
    /// DN of what it is about; of a move, where to.
    pub(super) fn about(&self) -> &str {
        match self {
            Self::Search { base, .. } => base,
            Self::Move { parent, .. } => parent,
            Self::Add { dn, .. } | Self::Modify { dn, .. } | Self::Delete { dn } => dn,
        }
    }
}

/// A bound connection, and the task that reads and writes on it.
struct BoundConnection {
    ldap: Ldap,
    driver: JoinHandle<Result<(), LdapError>>,
}

impl BoundConnection {
    /// Whether the connection ended because what came over it is not LDAP.
    async fn was_not_ldap(&mut self) -> bool {
        let ended = timeout(DRIVER_END, &mut self.driver).await;
        ended.is_ok_and(|ended| ended.is_err_and(|error| error.is_panic()))
    }
}

impl Drop for BoundConnection {
    /// A directory that sends without end is not listened to any longer.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The connection; empty until it is needed, and after it broke.
pub(super) struct WireLink {
    settings: Arc<LiveDirectorySettings>,
    runtime: std::io::Result<Runtime>,
    bound: Option<BoundConnection>,
}

impl WireLink {
    pub(super) fn new(settings: Arc<LiveDirectorySettings>) -> Self {
        Self { settings, runtime: Builder::new_current_thread().enable_all().build(), bound: None }
    }

    /// A search over a connection that broke meanwhile is done again; a change is not, for it may have been made.
    pub(super) fn carry_out(&mut self, deed: &WireRequest) -> WireOutcome {
        let runtime = self.runtime.as_ref().map_err(|error| gone_trouble(&error.to_string()))?;
        let again = self.bound.is_some() && matches!(deed, WireRequest::Search { .. });
        let first = runtime.block_on(attempt(&self.settings, &mut self.bound, deed));
        match first {
            Err(WireTrouble::Unavailable(_)) if again => {
                runtime.block_on(attempt(&self.settings, &mut self.bound, deed))
            }
            outcome => outcome,
        }
    }
}

async fn attempt(
    settings: &LiveDirectorySettings,
    kept: &mut Option<BoundConnection>,
    deed: &WireRequest,
) -> WireOutcome {
    let mut bound = match kept.take() {
        Some(bound) => bound,
        None => open(settings).await?,
    };
    let work = carried_out(bound.ldap.clone(), deed);
    match caught(work).await {
        Ok(Ok(outcome)) => {
            *kept = Some(bound);
            outcome
        }
        Ok(Err(_)) if bound.was_not_ldap().await => Err(not_ldap(settings)),
        Ok(Err(trouble)) => Err(trouble),
        Err(NotLdap) => Err(not_ldap(settings)),
    }
}

/// The outcome, or why the connection is not used again.
async fn carried_out(ldap: Ldap, deed: &WireRequest) -> Result<WireOutcome, WireTrouble> {
    match deed {
        WireRequest::Search { base, scope, filter } => search(ldap, base, *scope, filter).await,
        deed => within_patience(perform(ldap, deed)).await,
    }
}

fn not_ldap(settings: &LiveDirectorySettings) -> WireTrouble {
    let url = Url::parse(&settings.url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let port = url.as_ref().and_then(Url::port);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    gone_trouble(&format!("{host}{port} answered with something that is not LDAP"))
}

/// Waits for an answer, but not for ever.
async fn within_patience<T>(asking: impl Future<Output = Result<T, LdapError>>) -> Result<T, WireTrouble> {
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.map_err(|_| gone_trouble("no answer"))?;
    answer.map_err(|failure| gone_trouble(&failure.to_string()))
}

fn gone_trouble(detail: &str) -> WireTrouble {
    WireTrouble::Unavailable(detail.to_owned())
}

fn judge_result(result: &LdapResult) -> Result<(), WireTrouble> {
    if result.rc == 0 {
        return Ok(());
    }
    let text = result.text.trim_end_matches(['\0', '\n', ' ']).to_owned();
    let code = result.rc;
    Err(WireTrouble::Refused { code, text })
}

async fn perform(mut ldap: Ldap, deed: &WireRequest) -> Result<WireOutcome, LdapError> {
    let result = match deed {
        WireRequest::Search { .. } => return Ok(Ok(Vec::new())),
        WireRequest::Add { dn, attributes } => {
            let one = |(name, value): &(String, Vec<u8>)| (name.clone().into_bytes(), [value.clone()].into());
            ldap.add(dn, attributes.iter().map(one).collect()).await?
        }
        WireRequest::Modify { dn, changes } => ldap.modify(dn, changes.iter().map(replace_value).collect()).await?,
        WireRequest::Move { dn, rdn, parent } => ldap.modifydn(dn, rdn, true, Some(parent)).await?,
        WireRequest::Delete { dn } => ldap.delete(dn).await?,
    };
    Ok(judge_result(&result).map(|()| Vec::new()))
}

/// Replacing by no value removes, and is no error where there is none.
fn replace_value((name, value): &(String, String)) -> Mod<String> {
    let values = (!value.is_empty()).then(|| value.clone());
    Mod::Replace(name.clone(), values.into_iter().collect())
}

/// A large directory may take its time, as long as it goes on answering.
async fn search(mut ldap: Ldap, base: &str, scope: Scope, filter: &str) -> Result<WireOutcome, WireTrouble> {
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let asked = ldap.streaming_search_with(adapters, base, scope, filter, vec!["*"]);
    let mut stream = within_patience(asked).await?;
    let mut entries = Vec::new();
    let mut bounds = SearchBounds::default();
    while let Some(entry) = within_patience(stream.next()).await? {
        let entry = SearchEntry::construct(entry);
        bounds.take(&entry).map_err(|why| gone_trouble(&why))?;
        entries.push(entry);
    }
    Ok(judge_result(&stream.finish().await).map(|()| entries))
}

/// What ends a search that would not end by itself. The bounds are far beyond what a directory is mirrored for.
#[derive(Default)]
struct SearchBounds {
    bytes: usize,
    names: HashSet<u64>,
    /// Entries in a row that came before.
    repeated: usize,
}

impl SearchBounds {
    fn take(&mut self, entry: &SearchEntry) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(size(entry));
        let mut hasher = DefaultHasher::new();
        entry.dn.to_lowercase().hash(&mut hasher);
        self.repeated = if self.names.insert(hasher.finish()) { 0 } else { self.repeated + 1 };
        if self.repeated >= MOST_REPEATED {
            return Err("gave the same entries again, so the search would never end".to_owned());
        }
        if self.names.len() > MOST_ENTRIES {
            return Err(format!("gave more than {MOST_ENTRIES} entries, the most that are read of one search"));
        }
        if self.bytes > MOST_BYTES {
            return Err(format!("gave more than {} MiB, the most that is read of one search", MOST_BYTES >> 20));
        }
        Ok(())
    }
}

/// About the bytes that an entry takes.
fn size(entry: &SearchEntry) -> usize {
    /// What a name or a value takes beside its bytes.
    const OVERHEAD: usize = 32;
    let of = |name: &str, lengths: usize, values: usize| name.len() + lengths + values * OVERHEAD;
    let texts =
        entry.attrs.iter().map(|(name, values)| of(name, values.iter().map(String::len).sum(), values.len() + 1));
    let bytes =
        entry.bin_attrs.iter().map(|(name, values)| of(name, values.iter().map(Vec::len).sum(), values.len() + 1));
    entry.dn.len() + OVERHEAD + texts.sum::<usize>() + bytes.sum::<usize>()
}

async fn open(settings: &LiveDirectorySettings) -> Result<BoundConnection, WireTrouble> {
    let mut options = LdapConnSettings::new().set_conn_timeout(PATIENCE);
    if let Some(ca) = &settings.ca {
        options = options.set_config(trusting(ca).map_err(|reason| gone_trouble(&reason))?);
    }
    let connecting = caught(LdapConnAsync::with_settings(options, &settings.url)).await;
    let connected = connecting.map_err(|NotLdap| not_ldap(settings))?;
    let (connection, ldap) = connected.map_err(|failure| gone_trouble(&failure.to_string()))?;
    // A failure of the connection reaches who waits for an answer on it.
    let driver = tokio::spawn(connection.drive());
    let mut bound = BoundConnection { ldap, driver };
    let mut ldap = bound.ldap.clone();
    let binding = ldap.simple_bind(&settings.bind_dn, settings.password.expose_secret());
    let answered = caught(timeout(PATIENCE, binding))
        .await
        .map_err(|NotLdap| not_ldap(settings))?
        .map_err(|_| gone_trouble("no answer"))?;
    match answered {
        Ok(result) => judge_result(&result)?,
        Err(_) if bound.was_not_ldap().await => return Err(not_ldap(settings)),
        // The library's own error may hold the message that was sent, and that the password.
        Err(_) => return Err(gone_trouble("the connection broke while signing in")),
    }
    Ok(bound)
}

fn trusting(path: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |reason: String| format!("{}: {reason}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| wrong(e.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
