//! What real orgs were asked and said, kept as it came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::super::shadow::{ABOUT, UpstreamAnswer, UpstreamOrg, UpstreamRead, UpstreamReply};

/// Notes of all orgs of a snapshot; clones share them.
#[derive(Clone, Default)]
pub struct SnapshotNotes(Arc<Mutex<Vec<OrgNotes>>>);

/// What was read of one org.
pub(super) struct OrgNotes {
    /// Name of the org in the scenario.
    pub(super) name: String,
    pub(super) url: String,
    /// By who asked, as a place in `callers`, and path with query.
    answers: BTreeMap<(usize, String), UpstreamAnswer>,
    /// Who asked: the org's own client first, then owners of other tokens.
    callers: Vec<Option<SecretString>>,
}

const ME: &str = "/api/v1/users/me";

impl SnapshotNotes {
    /// `upstream` with everything noted that is read through it.
    pub fn around(&self, name: &str, upstream: Arc<dyn UpstreamOrg>) -> Arc<dyn UpstreamOrg> {
        let mut all = self.lock();
        all.push(OrgNotes {
            name: name.to_owned(),
            url: upstream.url(),
            answers: BTreeMap::new(),
            callers: vec![None],
        });
        Arc::new(NotingUpstream { notes: self.clone(), org: all.len() - 1, caller: 0, upstream })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<OrgNotes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SnapshotNotes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes").finish_non_exhaustive()
    }
}

impl OrgNotes {
    /// Addresses and answers in order.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&str, &UpstreamAnswer)> {
        self.answers.iter().map(|((_, address), seen)| (path_of(address), seen))
    }

    pub(super) fn said(&self) -> Vec<UpstreamReply<'_>> {
        let said = self.answers.iter().map(|((caller, address), seen)| UpstreamReply {
            address: path_of(address),
            seen,
            me: self.me(*caller),
        });
        said.collect()
    }

    /// Id of the user who asked; none of a service app.
    pub(super) fn me(&self, caller: usize) -> Option<&str> {
        self.of(caller, ME)?.body["id"].as_str()
    }

    /// Whether the roles of a user were told.
    pub(super) fn tells_roles_of(&self, user: &str) -> bool {
        let path = format!("/api/v1/users/{user}/roles");
        let mut own = self.answers.iter().filter(|((_, address), _)| *address == path);
        own.any(|(_, seen)| seen.status == 200)
    }

    /// Ids of the owners of tokens, each with the text that stands for his token.
    pub(super) fn owners<'a>(&self, stand_ins: &'a [StandIn]) -> Vec<(&str, &'a str)> {
        let of = |(number, token): (usize, &Option<SecretString>)| {
            let token = token.as_ref()?;
            let same = |one: &&StandIn| one.token.expose_secret() == token.expose_secret();
            Some((self.me(number)?, stand_ins.iter().find(same)?.text.as_str()))
        };
        self.callers.iter().enumerate().filter_map(of).collect()
    }

    /// URLs by which the org is known.
    pub(super) fn urls(&self) -> Vec<String> {
        let links = self.of(0, ABOUT).map_or(&Value::Null, |it| &it.body["_links"]);
        let told = ["organization", "alternate"].map(|name| links[name]["href"].as_str());
        let told = told.into_iter().flatten().chain([self.url.as_str()]);
        told.map(|url| url.trim_end_matches('/').to_owned()).collect()
    }

    fn of(&self, caller: usize, address: &str) -> Option<&UpstreamAnswer> {
        let seen = self.answers.get(&(caller, address.to_owned()))?;
        (seen.status == 200).then_some(seen)
    }
}

/// What stands in a snapshot for an API token that the procedure was given.
#[derive(Clone, Debug)]
pub struct StandIn {
    pub token: SecretString,
    pub text: String,
}

/// A next page is addressed by its URL, whose host may be another name of the org.
fn path_of(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else {
        return address;
    };
    rest.find('/').map_or("/", |at| &rest[at..])
}

struct NotingUpstream {
    notes: SnapshotNotes,
    org: usize,
    caller: usize,
    upstream: Arc<dyn UpstreamOrg>,
}

impl UpstreamOrg for NotingUpstream {
    fn url(&self) -> String {
        self.upstream.url()
    }

    fn get<'a>(&'a self, address: &'a str) -> UpstreamRead<'a> {
        Box::pin(async move {
            let seen = self.upstream.get(address).await?;
            let key = (self.caller, address.to_owned());
            let mut all = self.notes.lock();
            // What was read first counts: a later answer may tell of a change in between.
            all[self.org].answers.entry(key).or_insert(seen.clone());
            Ok(seen)
        })
    }

    fn with_token(&self, token: SecretString) -> Option<Arc<dyn UpstreamOrg>> {
        let upstream = self.upstream.with_token(token.clone())?;
        let mut all = self.notes.lock();
        let callers = &mut all[self.org].callers;
        callers.push(Some(token));
        Some(Arc::new(Self { notes: self.notes.clone(), org: self.org, caller: callers.len() - 1, upstream }))
    }
}
