//! LDAP as the agent speaks it: one bound connection, opened again when it broke.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchEntry,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::Settings;

const PATIENCE: Duration = Duration::from_secs(5);
/// Active Directory gives no more than 1000 entries at once.
const PAGE: i32 = 500;

/// What is asked of the directory.
#[derive(Debug)]
pub(in super::super) enum Deed {
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
pub(super) type Outcome = Result<Vec<SearchEntry>, Trouble>;

#[derive(Debug)]
pub(super) enum Trouble {
    /// By the directory, with a result code of LDAP.
    Refused { code: u32, text: String },
    /// No connection, or no answer.
    Unavailable(String),
}

impl Deed {
    /// DN of what it is about; of a move, where to.
    pub(super) fn about(&self) -> &str {
        match self {
            Self::Search { base, .. } => base,
            Self::Move { parent, .. } => parent,
            Self::Add { dn, .. } | Self::Modify { dn, .. } | Self::Delete { dn } => dn,
        }
    }
}

/// The connection; empty until it is needed, and after it broke.
pub(super) struct Link {
    settings: Arc<Settings>,
    runtime: std::io::Result<Runtime>,
    ldap: Option<Ldap>,
}

impl Link {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            runtime: Builder::new_current_thread().enable_all().build(),
            ldap: None,
        }
    }

    /// A search over a connection that broke meanwhile is done again; a change is not, for it may have been made.
    pub(super) fn carry_out(&mut self, deed: &Deed) -> Outcome {
        let runtime = self
            .runtime
            .as_ref()
            .map_err(|error| gone(&error.to_string()))?;
        let again = self.ldap.is_some() && matches!(deed, Deed::Search { .. });
        let first = runtime.block_on(attempt(&self.settings, &mut self.ldap, deed));
        match first {
            Err(Trouble::Unavailable(_)) if again => {
                runtime.block_on(attempt(&self.settings, &mut self.ldap, deed))
            }
            outcome => outcome,
        }
    }
}

async fn attempt(settings: &Settings, kept: &mut Option<Ldap>, deed: &Deed) -> Outcome {
    let ldap = match kept.take() {
        Some(ldap) => ldap,
        None => open(settings).await?,
    };
    let outcome = match deed {
        Deed::Search {
            base,
            scope,
            filter,
        } => search(ldap.clone(), base, *scope, filter).await?,
        deed => patiently(perform(ldap.clone(), deed)).await?,
    };
    *kept = Some(ldap);
    outcome
}

/// Waits for an answer, but not for ever.
async fn patiently<T>(asking: impl Future<Output = Result<T, LdapError>>) -> Result<T, Trouble> {
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.map_err(|_| gone("no answer"))?;
    answer.map_err(|failure| gone(&failure.to_string()))
}

fn gone(detail: &str) -> Trouble {
    Trouble::Unavailable(detail.to_owned())
}

fn judged(result: &LdapResult) -> Result<(), Trouble> {
    if result.rc == 0 {
        return Ok(());
    }
    let text = result.text.trim_end_matches(['\0', '\n', ' ']).to_owned();
    let code = result.rc;
    Err(Trouble::Refused { code, text })
}

async fn perform(mut ldap: Ldap, deed: &Deed) -> Result<Outcome, LdapError> {
    let result = match deed {
        Deed::Search { .. } => return Ok(Ok(Vec::new())),
        Deed::Add { dn, attributes } => {
            let one = |(name, value): &(String, Vec<u8>)| {
                (name.clone().into_bytes(), [value.clone()].into())
            };
            ldap.add(dn, attributes.iter().map(one).collect()).await?
        }
        Deed::Modify { dn, changes } => {
            ldap.modify(dn, changes.iter().map(replaced).collect())
                .await?
        }
        Deed::Move { dn, rdn, parent } => ldap.modifydn(dn, rdn, true, Some(parent)).await?,
        Deed::Delete { dn } => ldap.delete(dn).await?,
    };
    Ok(judged(&result).map(|()| Vec::new()))
}

/// Replacing by no value removes, and is no error where there is none.
fn replaced((name, value): &(String, String)) -> Mod<String> {
    let values = (!value.is_empty()).then(|| value.clone());
    Mod::Replace(name.clone(), values.into_iter().collect())
}

/// A large directory may take its time, as long as it goes on answering.
async fn search(
    mut ldap: Ldap,
    base: &str,
    scope: Scope,
    filter: &str,
) -> Result<Outcome, Trouble> {
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![
        Box::new(EntriesOnly::new()),
        Box::new(PagedResults::new(PAGE)),
    ];
    let asked = ldap.streaming_search_with(adapters, base, scope, filter, vec!["*"]);
    let mut stream = patiently(asked).await?;
    let mut entries = Vec::new();
    while let Some(entry) = patiently(stream.next()).await? {
        entries.push(SearchEntry::construct(entry));
    }
    Ok(judged(&stream.finish().await).map(|()| entries))
}

async fn open(settings: &Settings) -> Result<Ldap, Trouble> {
    let mut options = LdapConnSettings::new().set_conn_timeout(PATIENCE);
    if let Some(ca) = &settings.ca {
        options = options.set_config(trusting(ca).map_err(|reason| gone(&reason))?);
    }
    let connecting = LdapConnAsync::with_settings(options, &settings.url);
    let (connection, mut ldap) = connecting
        .await
        .map_err(|failure| gone(&failure.to_string()))?;
    // A failure of the connection reaches who waits for an answer on it.
    tokio::spawn(connection.drive());
    let binding = ldap.simple_bind(&settings.bind_dn, settings.password.expose_secret());
    let bound = timeout(PATIENCE, binding)
        .await
        .map_err(|_| gone("no answer"))?;
    // The library's own error may hold the message that was sent, and that the password.
    judged(&bound.map_err(|_| gone("the connection broke while signing in"))?)?;
    Ok(ldap)
}

fn trusting(path: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |reason: String| format!("{}: {reason}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(e.to_string()))?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}
