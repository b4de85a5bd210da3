//! The real org as a shadow sees it: something to read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

/// The real org, to be read. Nothing else can be done to it through this.
pub trait UpstreamOrg: Send + Sync {
    /// URL of the org, without a slash at the end.
    fn url(&self) -> String;

    /// Reads a path with its query, or the next page of a list by its whole address. `Err` when there was no answer, in words.
    fn get<'a>(&'a self, address: &'a str) -> UpstreamRead<'a>;

    /// The same org for the owner of another API token; `None` when no header can carry it.
    fn with_token(&self, token: SecretString) -> Option<Arc<dyn UpstreamOrg>>;
}

/// An answer that is still to come.
pub type UpstreamRead<'a> = Pin<Box<dyn Future<Output = Result<UpstreamAnswer, String>> + Send + 'a>>;

/// What the real org answered.
#[derive(Clone, Debug)]
pub struct UpstreamAnswer {
    pub status: u16,
    /// Of a refusal, Okta's error object.
    pub body: Value,
    /// Address of the next page.
    pub next: Option<String>,
}
