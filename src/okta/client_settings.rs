//! How a client behaves.

use std::time::Duration;

use secrecy::SecretString;

use super::base_url::BaseUrl;
use super::proxy::ProxySettings;

/// How long lists may lag, unless an org is known to be quicker. Okta names no bound; this is what procedures wait at most.
pub const LIST_LAG: Duration = Duration::from_secs(120);

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    pub user_agent: String,
    /// For name, connection and TLS together.
    pub connect_timeout: Duration,
    /// From the first byte sent to the last one read.
    pub request_timeout: Duration,
    /// How often a request that is answered with 429 is sent, the first time included.
    pub max_attempts: u32,
    /// Bytes of the longest answer that is read. An answer is held whole, so that one without end would fill the memory.
    pub longest_answer: usize,
    /// Share of each rate limit that is left to others, from 0 to 1.
    pub reserve: f64,
    /// Where calls go instead of to the org's own address: a shadow of it. All else sees the org's address.
    pub through: Option<BaseUrl>,
    /// Instead of the machine's proxy.
    pub proxy: Option<ProxySettings>,
    /// Other secrets to keep out of answers and of what is written down: those of the machine's proxy.
    pub secrets: Vec<SecretString>,
    /// What those who work on the org share, beside the credentials of each: keys for other purposes are derived from it where it is there.
    pub shared_secret: Option<SecretString>,
    /// So long after a thing is created the org's lists and searches may not show it.
    pub list_lag: Duration,
}

/// Okta's largest pages are a thousand things of some kilobytes each: ten times what the largest of them could be.
const LONGEST_ANSWER: usize = 128 << 20;

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            user_agent: concat!("okta-runbook/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            max_attempts: 10,
            longest_answer: LONGEST_ANSWER,
            reserve: 0.2,
            through: None,
            proxy: None,
            secrets: Vec::new(),
            shared_secret: None,
            list_lag: LIST_LAG,
        }
    }
}

impl ClientSettings {
    pub(super) fn all_secrets(&self) -> Vec<SecretString> {
        let own = self.proxy.iter().flat_map(ProxySettings::secrets);
        own.chain(self.secrets.iter().chain(&self.shared_secret).cloned()).collect()
    }
}
