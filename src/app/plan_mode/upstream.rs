//! The real org as a shadow reads it: by the operator's own credentials, within its limits, and never otherwise than by GET.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::okta::{
    ApiRequest, ApiResponse, HttpMethod, NextPage, OktaClient, OktaError, OrgCredentials, SilentObserver,
};
use crate::simulator::{UpstreamAnswer, UpstreamOrg, UpstreamRead};

pub(super) struct RealOrg(OktaClient);

impl RealOrg {
    pub(super) fn new(client: &OktaClient) -> Self {
        Self(client.read_only())
    }

    async fn read(&self, address: &str) -> Result<ApiResponse, OktaError> {
        if address.starts_with('/') {
            let (path, query) = address.split_once('?').unwrap_or((address, ""));
            let mut request = ApiRequest::new(HttpMethod::Get, path);
            request.query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            return self.0.send(&request, &SilentObserver).await;
        }
        self.0.next(&NextPage::new(address), &SilentObserver).await
    }
}

impl UpstreamOrg for RealOrg {
    fn url(&self) -> String {
        self.0.base_url().to_string()
    }

    fn get<'a>(&'a self, address: &'a str) -> UpstreamRead<'a> {
        Box::pin(async move {
            match self.read(address).await {
                Ok(response) => Ok(UpstreamAnswer {
                    status: response.status,
                    body: response.body,
                    next: response.next.map(|next| next.as_str().to_owned()),
                }),
                Err(error) => refusal_answer(&error).ok_or_else(|| error.to_string()),
            }
        })
    }

    fn with_token(&self, token: SecretString) -> Option<Arc<dyn UpstreamOrg>> {
        let client = self.0.with_credentials(OrgCredentials::Ssws(token)).ok()?;
        Some(Arc::new(Self(client)))
    }
}

/// A refusal is an answer too: what is not there is not there in the shadow either.
fn refusal_answer(error: &OktaError) -> Option<UpstreamAnswer> {
    let status = error.status().filter(|status| (400..500).contains(status))?;
    let body = error.api().map_or(Value::Null, |refusal| {
        let causes = refusal.causes.iter().map(|cause| json!({"errorSummary": cause}));
        json!({"errorCode": refusal.code, "errorSummary": refusal.summary, "errorLink": refusal.code,
            "errorId": refusal.error_id, "errorCauses": causes.collect::<Vec<_>>()})
    });
    Some(UpstreamAnswer { status, body, next: None })
}
