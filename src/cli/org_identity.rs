//! Who a person or a service is to an org: the account behind the sign-in, and the key that they approve with. Names that a machine
//! gives, such as `USER`, prove nothing and are no part of it.

use serde::{Deserialize, Serialize};

use super::guard::of_okta;
use crate::config::{Environment, OrgProfile, SignIn};
use crate::error::Error;
use crate::okta::{self, Client, Method, Request, SigningKey};

/// Who somebody is to an org, as far as their own credentials and profile tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrgIdentity {
    /// The org's own id, whatever address it is reached by.
    pub(super) org_id: String,
    /// Absent where no credentials, or ones that may not tell, are at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<OrgAccount>,
    /// Thumbprint of the key that the profile approves with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
}

/// The account that signs in to an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrgAccount {
    /// A user: the owner of an API token, or who signed in.
    User { id: String, login: String },
    /// A service app.
    App { client_id: String },
}

impl OrgIdentity {
    /// Asks the org which it is, and who signs in there.
    ///
    /// # Errors
    /// The org does not answer, or the key to approve with cannot be read.
    pub(super) fn find(
        org: &str,
        client: &Client,
        profile: &OrgProfile,
        environment: &Environment,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Self, Error> {
        Ok(Self {
            org_id: org_id(org, client, runtime)?,
            account: account(org, client, profile, runtime)?,
            key: approval_key(environment, profile)?.map(|key| key.thumbprint().to_owned()),
        })
    }

    /// Whether both are known to be one: by the account, or by the key.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let equal = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        let account = |identity: &'_ Self| identity.account.as_ref().map(OrgAccount::id);
        equal(account(self).as_deref(), account(other).as_deref())
            || equal(self.key.as_deref(), other.key.as_deref())
    }

    /// Whether anything tells who it is.
    pub(super) fn is_known(&self) -> bool {
        self.account.is_some() || self.key.is_some()
    }
}

impl OrgAccount {
    /// Logins can be given to another user, ids cannot.
    fn id(&self) -> String {
        match self {
            Self::User { id, .. } => format!("user {id}"),
            Self::App { client_id } => format!("app {client_id}"),
        }
    }

    /// As a person knows it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::User { login, .. } => login.clone(),
            Self::App { client_id } => format!("the service app {client_id}"),
        }
    }
}

/// The id that an org shows to everyone.
///
/// # Errors
/// No org answers there.
pub(super) fn org_id(
    org: &str,
    client: &Client,
    runtime: &tokio::runtime::Runtime,
) -> Result<String, Error> {
    let shown = runtime.block_on(client.look("/.well-known/okta-organization"));
    let body = shown.map_err(|error| of_okta(org, &error))?.body;
    let id = body["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| {
        let url = client.base_url();
        Error::usage(format!("`{org}`: what answers at {url} is no Okta org"))
    })
}

/// A token may be without the right to read its owner: then nothing is known of them.
fn account(
    org: &str,
    client: &Client,
    profile: &OrgProfile,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<OrgAccount>, Error> {
    if let SignIn::PrivateKey(app) = &profile.sign_in {
        let client_id = app.client_id.clone();
        return Ok(Some(OrgAccount::App { client_id }));
    }
    let request = Request::new(Method::Get, "/api/v1/users/me");
    let body = match runtime.block_on(client.send(&request, &okta::Silent)) {
        Ok(response) => response.body,
        Err(error) if matches!(error.status(), Some(403 | 404)) => return Ok(None),
        Err(error) => return Err(of_okta(org, &error)),
    };
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let user = text(&body["id"]).zip(text(&body["profile"]["login"]));
    Ok(user.map(|(id, login)| OrgAccount::User { id, login }))
}

/// The key that a profile approves with.
///
/// # Errors
/// It cannot be read, or is no key.
pub(super) fn approval_key(
    environment: &Environment,
    profile: &OrgProfile,
) -> Result<Option<SigningKey>, Error> {
    let Some(source) = &profile.approval.private_key else {
        return Ok(None);
    };
    let key = SigningKey::parse(&source.read_text(environment)?).map_err(|error| {
        Error::usage(format!(
            "the key that `{}` approves with: {error}",
            profile.profile
        ))
    })?;
    Ok(Some(key))
}
