//! Who a person or a service is to an org: the account behind the sign-in, and the key that they approve with. Names that a machine
//! gives, such as `USER`, prove nothing and are no part of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command_context::CommandContext;
use super::failures::okta_failure;
use super::targets::RunTargets;
use crate::config::{OrgProfile, ProcessEnvironment};
use crate::error::CommandError;
use crate::okta::{self, ApiRequest, HttpMethod, OktaClient, SigningKey};
use crate::run::actor::{OrgAccount, RunActor};

/// Who somebody is to an org, as far as their own credentials and profile tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrgIdentity {
    /// The org's own id, whatever address it is reached by.
    pub(crate) org_id: String,
    /// Absent where no credentials, or ones that may not tell, are at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<OrgAccount>,
    /// Thumbprint of the key that the profile approves with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

impl OrgIdentity {
    /// Asks the org which it is, and who signs in there.
    ///
    /// # Errors
    /// The org does not answer, or the key to approve with cannot be read.
    pub(crate) fn find(
        org: &str,
        client: &OktaClient,
        profile: &OrgProfile,
        environment: &ProcessEnvironment,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Self, CommandError> {
        Ok(Self {
            org_id: org_id(org, client, runtime)?,
            account: runtime.block_on(account(client)).map_err(|error| okta_failure(org, &error))?,
            key: approval_key(environment, profile)?.map(|key| key.thumbprint().to_owned()),
        })
    }

    /// Whether an account of a person tells who it is: a service app is of nobody.
    pub(crate) fn is_person(&self) -> bool {
        matches!(self.account, Some(OrgAccount::User { .. }))
    }

    /// Whether both are known to be one: by the account, or by the key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let equal = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        let account = |identity: &'_ Self| identity.account.as_ref().map(OrgAccount::key);
        equal(account(self).as_deref(), account(other).as_deref()) || equal(self.key.as_deref(), other.key.as_deref())
    }

    /// Whether anything tells who it is.
    pub(crate) fn is_known(&self) -> bool {
        self.account.is_some() || self.key.is_some()
    }
}

/// How long asking an org who signs in there may hold up a run, which goes on without the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who executes a run at these orgs. An org that does not answer, or does not tell, leaves the account there unknown.
pub(crate) fn run_actor(context: &CommandContext, world: &RunTargets, runtime: &tokio::runtime::Runtime) -> RunActor {
    let asked = world.orgs.iter().map(|(org, client)| async move {
        let answer = tokio::time::timeout(PATIENCE, account(client)).await;
        let account = answer.ok().and_then(Result::ok).flatten();
        (org.clone(), account)
    });
    let accounts = runtime.block_on(futures::future::join_all(asked));
    actor_of(context, accounts.into_iter().collect())
}

/// The user of this machine, whatever orgs they sign in to.
pub(crate) fn local_actor(context: &CommandContext) -> RunActor {
    actor_of(context, BTreeMap::new())
}

/// The user of this machine with these accounts.
pub(crate) fn actor_of(context: &CommandContext, accounts: BTreeMap<String, Option<OrgAccount>>) -> RunActor {
    let environment = context.config.environment();
    RunActor::new(environment.system_user.as_deref(), environment.host.as_deref(), accounts)
}

/// The id that an org shows to everyone.
///
/// # Errors
/// No org answers there.
pub(crate) fn org_id(
    org: &str,
    client: &OktaClient,
    runtime: &tokio::runtime::Runtime,
) -> Result<String, CommandError> {
    let shown = runtime.block_on(client.look("/.well-known/okta-organization"));
    let body = shown.map_err(|error| okta_failure(org, &error))?.body;
    let id = body["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| {
        let url = client.base_url();
        CommandError::usage(format!("`{org}`: what answers at {url} is no Okta org"))
    })
}

/// A token may be without the right to read its owner: then nothing is known of them.
async fn account(client: &OktaClient) -> Result<Option<OrgAccount>, okta::OktaError> {
    if let Some(client_id) = client.client_id().filter(|_| !client.acts_as_user()) {
        let client_id = client_id.to_owned();
        return Ok(Some(OrgAccount::App { client_id }));
    }
    let request = ApiRequest::new(HttpMethod::Get, "/api/v1/users/me");
    let body = match client.send(&request, &okta::SilentObserver).await {
        Ok(response) => response.body,
        Err(error) if matches!(error.status(), Some(403 | 404)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let user = text(&body["id"]).zip(text(&body["profile"]["login"]));
    Ok(user.map(|(id, login)| OrgAccount::User { id, login }))
}

/// The key that a profile approves with.
///
/// # Errors
/// It cannot be read, or is no key.
pub(crate) fn approval_key(
    environment: &ProcessEnvironment,
    profile: &OrgProfile,
) -> Result<Option<SigningKey>, CommandError> {
    let Some(source) = &profile.approval.private_key else {
        return Ok(None);
    };
    let key = SigningKey::parse(&source.read_text(environment)?)
        .map_err(|error| CommandError::usage(format!("the key that `{}` approves with: {error}", profile.profile)))?;
    Ok(Some(key))
}
