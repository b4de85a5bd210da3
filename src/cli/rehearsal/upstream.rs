//! The real org as a shadow reads it: by the operator's own credentials, within its limits, and never otherwise than by GET.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::okta::{Client, Credentials, Error, Method, NextPage, Request, Response, Silent};
use crate::simulator::{Reading, Seen, Upstream};

pub(super) struct Real(Client);

impl Real {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.reading())
    }

    async fn read(&self, address: &str) -> Result<Response, Error> {
        if address.starts_with('/') {
            let (path, query) = address.split_once('?').unwrap_or((address, ""));
            let mut request = Request::new(Method::Get, path);
            request.query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            return self.0.send(&request, &Silent).await;
        }
        self.0.next(&NextPage::new(address), &Silent).await
    }
}

impl Upstream for Real {
    fn url(&self) -> String {
        self.0.base_url().to_string()
    }

    fn get<'a>(&'a self, address: &'a str) -> Reading<'a> {
        Box::pin(async move {
            match self.read(address).await {
                Ok(response) => Ok(Seen {
                    status: response.status,
                    body: response.body,
                    next: response.next.map(|next| next.as_str().to_owned()),
                }),
                Err(error) => refused(&error).ok_or_else(|| error.to_string()),
            }
        })
    }

    fn with_token(&self, token: SecretString) -> Option<Arc<dyn Upstream>> {
        let client = self.0.signed_by(Credentials::Ssws(token)).ok()?;
        Some(Arc::new(Self(client)))
    }
}

/// A refusal is an answer too: what is not there is not there in the shadow either.
fn refused(error: &Error) -> Option<Seen> {
    let status = error.status().filter(|status| (400..500).contains(status))?;
    let body = error.api().map_or(Value::Null, |refusal| {
        let causes = refusal.causes.iter().map(|cause| json!({"errorSummary": cause}));
        json!({"errorCode": refusal.code, "errorSummary": refusal.summary, "errorLink": refusal.code,
            "errorId": refusal.error_id, "errorCauses": causes.collect::<Vec<_>>()})
    });
    Some(Seen { status, body, next: None })
}
