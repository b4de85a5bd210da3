//! Who executes a run: the accounts that sign in to its orgs, and the operating system's user and host. Variables such as `USER` name
//! nobody. It is decided once for each execution, stored with the event that begins it, and filled into every event that is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Stands where nobody can tell.
pub const UNKNOWN: &str = "unknown";

/// The account that signs in to an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgAccount {
    /// A user: the owner of an API token, or who signed in.
    User { id: String, login: String },
    /// A service app.
    App { client_id: String },
}

impl OrgAccount {
    /// Tells it from every other account: logins can be given to another user, ids cannot.
    pub fn key(&self) -> String {
        match self {
            Self::User { id, .. } => format!("user {id}"),
            Self::App { client_id } => format!("app {client_id}"),
        }
    }

    /// As a person knows it.
    pub fn words(&self) -> String {
        match self {
            Self::User { login, .. } => login.clone(),
            Self::App { client_id } => format!("the service app {client_id}"),
        }
    }
}

/// Who executes a run. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunActor(Arc<ActorIdentity>);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ActorIdentity {
    /// By the orgs' names in the runbook; `None` where the org does not tell.
    #[serde(with = "known_accounts")]
    accounts: BTreeMap<String, Option<OrgAccount>>,
    system_user: String,
    host: String,
    /// All that an older journal has: a name that an environment variable gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment_name: Option<String>,
}

impl Default for ActorIdentity {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            system_user: UNKNOWN.to_owned(),
            host: UNKNOWN.to_owned(),
            environment_name: None,
        }
    }
}

impl RunActor {
    /// A user of this machine with their accounts at the orgs; what is absent is unknown.
    pub fn new(system_user: Option<&str>, host: Option<&str>, accounts: BTreeMap<String, Option<OrgAccount>>) -> Self {
        let known = |name: Option<&str>| name.unwrap_or(UNKNOWN).to_owned();
        Self(Arc::new(ActorIdentity {
            accounts,
            system_user: known(system_user),
            host: known(host),
            environment_name: None,
        }))
    }

    /// Of a journal that is older than actors: it has a name that proves nothing.
    pub(super) fn of_older_journal(name: &str) -> Self {
        let environment_name = Some(name.to_owned()).filter(|name| name != UNKNOWN);
        Self(Arc::new(ActorIdentity { environment_name, ..ActorIdentity::default() }))
    }

    /// The account that signs in to an org, where it is known.
    pub fn account(&self, org: &str) -> Option<&OrgAccount> {
        self.0.accounts.get(org)?.as_ref()
    }

    /// `sam.admin@corp.example at okta, as jo on laptop`
    pub fn words(&self) -> String {
        let ActorIdentity { accounts, system_user, host, environment_name } = &*self.0;
        if let Some(name) = environment_name {
            return format!("{UNKNOWN} (an environment variable named {name})");
        }
        let account = |(org, account): (&String, &Option<OrgAccount>)| {
            let words = account.as_ref().map_or_else(|| UNKNOWN.to_owned(), OrgAccount::words);
            format!("{words} at {org}")
        };
        let accounts: Vec<String> = accounts.iter().map(account).collect();
        let system = system_words(system_user, host);
        if accounts.is_empty() {
            return system;
        }
        format!("{}, as {system}", accounts.join(" and "))
    }
}

/// `jo on laptop`
fn system_words(user: &str, host: &str) -> String {
    if user == UNKNOWN && host == UNKNOWN {
        return UNKNOWN.to_owned();
    }
    format!("{user} on {host}")
}

impl Serialize for RunActor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RunActor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ActorIdentity::deserialize(deserializer).map(|identity| Self(Arc::new(identity)))
    }
}

/// An account that is not known is written as [`UNKNOWN`].
mod known_accounts {
    use super::{BTreeMap, Deserialize, Deserializer, OrgAccount, Serialize, Serializer, UNKNOWN};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum WrittenAccount {
        Known(OrgAccount),
        Unknown(String),
    }

    pub(super) fn serialize<S: Serializer>(
        accounts: &BTreeMap<String, Option<OrgAccount>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let written = |account: &Option<OrgAccount>| match account {
            Some(account) => WrittenAccount::Known(account.clone()),
            None => WrittenAccount::Unknown(UNKNOWN.to_owned()),
        };
        serializer.collect_map(accounts.iter().map(|(org, account)| (org, written(account))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Option<OrgAccount>>, D::Error> {
        let read = BTreeMap::<String, WrittenAccount>::deserialize(deserializer)?;
        let known = |written| match written {
            WrittenAccount::Known(account) => Some(account),
            WrittenAccount::Unknown(_) => None,
        };
        let accounts = read.into_iter();
        Ok(accounts.map(|(org, written)| (org, known(written))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> BTreeMap<String, Option<OrgAccount>> {
        let user = OrgAccount::User { id: "00u1".to_owned(), login: "sam@corp.example".to_owned() };
        let app = OrgAccount::App { client_id: "0oa1".to_owned() };
        BTreeMap::from([("hub".to_owned(), Some(app)), ("other".to_owned(), None), ("spoke".to_owned(), Some(user))])
    }

    #[test]
    fn words_name_accounts_user_and_host_and_what_is_unknown() {
        let actor = RunActor::new(Some("jo"), Some("laptop"), accounts());
        assert_eq!(
            actor.words(),
            "the service app 0oa1 at hub and unknown at other and sam@corp.example at spoke, as jo on laptop"
        );
        let local = RunActor::new(Some("jo"), None, BTreeMap::new());
        assert_eq!(local.words(), "jo on unknown");
        assert_eq!(RunActor::default().words(), "unknown");
        assert_eq!(RunActor::of_older_journal("pat").words(), "unknown (an environment variable named pat)");
    }

    #[test]
    fn json_says_unknown_and_reads_back() {
        let actor = RunActor::new(Some("jo"), Some("laptop"), accounts());
        let text = serde_json::to_string(&actor).unwrap();
        assert_eq!(
            text,
            r#"{"accounts":{"hub":{"app":{"client_id":"0oa1"}},"other":"unknown","spoke":{"user":{"id":"00u1","login":"sam@corp.example"}}},"system_user":"jo","host":"laptop"}"#
        );
        assert_eq!(serde_json::from_str::<RunActor>(&text).unwrap(), actor);
    }
}
