//! The shadows of one plan, by the URLs of the orgs they stand for: provisioning from one into another stays among them.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use secrecy::SecretString;

/// Shadows by the real orgs' URLs.
#[derive(Default)]
pub(in crate::simulator) struct ShadowNeighbours(RwLock<BTreeMap<String, ShadowNeighbour>>);

/// Where a shadow is, and a token that is good there.
#[derive(Clone)]
pub(in crate::simulator) struct ShadowNeighbour {
    pub(in crate::simulator) url: String,
    pub(in crate::simulator) token: SecretString,
}

impl ShadowNeighbours {
    pub(in crate::simulator) fn add(&self, url: &str, neighbour: ShadowNeighbour) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key(url), neighbour);
    }

    /// The shadow that stands for the org of this URL.
    pub(in crate::simulator) fn find(&self, url: &str) -> Option<ShadowNeighbour> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&key(url)).cloned()
    }

    /// The address to call instead of `url`, whose org one of the shadows stands for.
    pub(in crate::simulator) fn redirect(&self, url: &str) -> Option<String> {
        let parsed = url::Url::parse(url).ok()?;
        let neighbour = self.find(&parsed.origin().ascii_serialization())?;
        let rest = &parsed[url::Position::BeforePath..];
        Some(format!("{}{rest}", neighbour.url))
    }
}

fn key(url: &str) -> String {
    url.trim_end_matches('/').to_lowercase()
}
