//! A bound connection: opened with TLS where due, and its failures sorted.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::{DirectoryError, ResultCode};
use super::settings::{LdapAddress, LdapProtection, LdapSettings, LdapSettingsError};
use crate::ldap_panics::{NotLdap, caught};

/// A connection, and the task that reads and writes on it.
#[derive(Debug)]
pub(super) struct LdapConnection {
    ldap: Ldap,
    driver: JoinHandle<Result<(), LdapError>>,
}

impl LdapConnection {
    /// What calls are made by.
    pub(super) fn ldap(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Whether the connection ended because what came over it is not LDAP. To be asked of a connection that ended.
    pub(super) async fn was_not_ldap(&mut self) -> bool {
        let ended = timeout(DRIVER_END, &mut self.driver).await;
        ended.is_ok_and(|ended| ended.is_err_and(|error| error.is_panic()))
    }
}

impl Drop for LdapConnection {
    /// A directory that sends without end is not listened to any longer.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The driver of a connection that ended has ended, or is about to.
const DRIVER_END: Duration = Duration::from_secs(1);

/// Connects and binds.
pub(super) async fn open(settings: &LdapSettings) -> Result<LdapConnection, DirectoryError> {
    let target = settings.target()?;
    let address = target.address();
    let late = |action: &str| DirectoryError::Timeout {
        address: address.clone(),
        action: action.to_owned(),
        seconds: settings.connect_timeout.as_secs(),
    };
    let connecting = timeout(settings.connect_timeout, connect(settings, &target));
    let connected = caught(connecting).await.map_err(|NotLdap| not_ldap(&address, "connect"))?;
    let mut connection = connected.map_err(|_| late("connect"))??;
    let mut ldap = connection.ldap();
    let binding = ldap.simple_bind(&settings.bind_dn, settings.password.expose_secret());
    let bound =
        caught(timeout(settings.connect_timeout, binding)).await.map_err(|NotLdap| not_ldap(&address, "bind"))?;
    match bound.map_err(|_| late("bind"))? {
        Ok(result) => accept(&result, &address, "bind")?,
        Err(failure) if is_closed(&failure) && connection.was_not_ldap().await => {
            return Err(not_ldap(&address, "bind"));
        }
        Err(failure) => return Err(sort(failure, &address, "bind")),
    }
    Ok(connection)
}

pub(super) fn not_ldap(address: &str, action: &str) -> DirectoryError {
    DirectoryError::NotLdap { address: address.to_owned(), action: action.to_owned() }
}

/// Success, or the refusal.
pub(super) fn accept(result: &LdapResult, address: &str, action: &str) -> Result<(), DirectoryError> {
    if result.rc == 0 {
        return Ok(());
    }
    Err(DirectoryError::Refused {
        address: address.to_owned(),
        action: action.to_owned(),
        code: ResultCode(result.rc),
        // Active Directory ends its texts with NUL.
        text: result.text.trim_end_matches(['\0', '\n', ' ']).to_owned(),
    })
}

/// Tells failures apart. The library's own error is not kept: it may hold the message that was sent.
pub(super) fn sort(failure: LdapError, address: &str, action: &str) -> DirectoryError {
    let address = address.to_owned();
    match failure {
        LdapError::Io { source } => sort_io(&source, address),
        LdapError::Rustls { source } => DirectoryError::Tls { address, detail: source.to_string() },
        LdapError::DNSName { source } => DirectoryError::Tls { address, detail: source.to_string() },
        LdapError::LdapResult { result } => {
            accept(&result, &address, action).err().unwrap_or(DirectoryError::Protocol { address })
        }
        other if is_closed(&other) => {
            DirectoryError::Connection { address, detail: "the directory closed it".to_owned() }
        }
        other => DirectoryError::Connection { address, detail: other.to_string() },
    }
}

/// Whether the connection ended, so that another one may do.
pub(super) fn is_closed(failure: &LdapError) -> bool {
    matches!(
        failure,
        LdapError::OpSend { .. }
            | LdapError::ResultRecv { .. }
            | LdapError::EndOfStream
            | LdapError::IdScrubSend { .. }
            | LdapError::Io { .. }
    )
}

async fn connect(settings: &LdapSettings, target: &LdapAddress) -> Result<LdapConnection, DirectoryError> {
    let address = target.address();
    let options = LdapConnSettings::new().set_starttls(target.protection == LdapProtection::StartTls);
    let options = match (target.protection, &settings.ca) {
        (LdapProtection::None, _) => options,
        (_, None) => {
            use_aws_lc();
            options
        }
        (_, Some(path)) => options.set_config(trusting(path)?),
    };
    let connecting = LdapConnAsync::from_url_with_settings(options, &target.url).await;
    let (connection, ldap) = connecting.map_err(|failure| sort(failure, &address, "start TLS"))?;
    // A failure of the connection reaches whoever waits for an answer on it.
    let driver = tokio::spawn(connection.drive());
    Ok(LdapConnection { ldap, driver })
}

/// ldap3's own TLS configuration takes the process' provider. An error says that there is one already.
fn use_aws_lc() {
    let _ = CryptoProvider::install_default(aws_lc_rs::default_provider());
}

/// TLS that trusts the authorities of one file and no others.
fn trusting(path: &Path) -> Result<Arc<ClientConfig>, LdapSettingsError> {
    let unusable = |reason: String| LdapSettingsError::Ca { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|failure| unusable(failure.to_string()))? {
        let certificate = certificate.map_err(|failure| unusable(failure.to_string()))?;
        roots.add(certificate).map_err(|failure| unusable(failure.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|failure| unusable(failure.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn sort_io(failure: &io::Error, address: String) -> DirectoryError {
    let detail = failure.to_string();
    let tls = failure.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
    match failure.kind() {
        _ if tls => DirectoryError::Tls { address, detail },
        io::ErrorKind::ConnectionRefused => DirectoryError::ConnectionRefused { address },
        // The standard library gives a failed look-up no kind of its own; its text is this.
        _ if detail.contains("lookup address") => DirectoryError::UnknownHost { address, detail },
        _ => DirectoryError::Connection { address, detail },
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::ldap::{Dn, LdapSecurity};

    fn settings(url: String) -> LdapSettings {
        LdapSettings::new(url, "CN=reader,DC=x", "SECRET".into(), Dn::parse("DC=x").expect("a base"))
    }

    async fn failure(settings: LdapSettings) -> DirectoryError {
        let failure = open(&settings).await.expect_err("a failure");
        assert!(!format!("{failure} {failure:?} {:?}", failure.help()).contains("SECRET"));
        failure
    }

    #[tokio::test]
    async fn a_refused_connection_and_an_unknown_host_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        assert!(matches!(
            failure(settings(format!("ldap://{address}"))).await,
            DirectoryError::ConnectionRefused { .. }
        ));
        let unknown =
            LdapSettings { security: LdapSecurity::Plain, ..settings("ldap://no-such-host.invalid".to_owned()) };
        assert!(matches!(failure(unknown).await, DirectoryError::UnknownHost { .. }));
    }

    #[tokio::test]
    async fn a_server_without_tls_and_one_that_hangs_up_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = stream;
                let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 512]).await;
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"no TLS here, sorry").await;
            }
        });
        let tls = failure(settings(format!("ldaps://localhost:{port}"))).await;
        assert!(
            matches!(tls, DirectoryError::Tls { .. }) && tls.help().is_some_and(|help| help.contains("`ca`")),
            "{tls}"
        );
        let plain = failure(settings(format!("ldap://localhost:{port}"))).await;
        assert!(matches!(plain, DirectoryError::Connection { .. }), "{plain:?}");
    }

    #[tokio::test]
    async fn a_silent_server_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let late = LdapSettings {
            connect_timeout: std::time::Duration::from_millis(200),
            ..settings(format!("ldap://{address}"))
        };
        assert!(matches!(failure(late).await, DirectoryError::Timeout { .. }));
    }

    #[test]
    fn a_bad_certificate_file_is_refused() {
        for path in ["Cargo.toml", "no-such-file.pem"] {
            assert!(matches!(trusting(Path::new(path)), Err(LdapSettingsError::Ca { .. })), "{path}");
        }
    }
}
