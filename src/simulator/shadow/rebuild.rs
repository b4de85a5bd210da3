//! An org anew from answers of the real one. Nothing of what was done in a shadow is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::super::directory::SimulatedDirectory;
use super::super::model::shadow_changes::ShadowChanges;
use super::super::routes::{self, RouteMatch};
use super::super::store::{OktaId, SimulatedOrg};
use super::hydration_routes::{self, HydrationRoute};
use super::upstream::UpstreamAnswer;

/// Directories by domain.
pub(in crate::simulator) type ShadowDirectories = BTreeMap<String, Arc<RwLock<SimulatedDirectory>>>;

/// An org as it was read.
pub(in crate::simulator) struct RebuiltOrg {
    pub(in crate::simulator) org: SimulatedOrg,
    /// Stands for the group that holds everyone as long as that was not read.
    pub(in crate::simulator) placeholder: OktaId,
}

/// What the real org said to the read of an address, path and query.
#[derive(Clone, Copy)]
pub(in crate::simulator) struct UpstreamReply<'a> {
    pub(in crate::simulator) address: &'a str,
    pub(in crate::simulator) seen: &'a UpstreamAnswer,
    /// Id of the user who asked.
    pub(in crate::simulator) me: Option<&'a str>,
}

/// Puts together what was `said`. Directories that nobody could look at come to be as the org tells of their accounts.
pub(in crate::simulator) fn rebuild(
    name: &str,
    said: &[UpstreamReply<'_>],
    directories: &ShadowDirectories,
) -> RebuiltOrg {
    // The ids that it draws are nobody's, also where the real org is a simulated one.
    let mut org = SimulatedOrg::new(name, u64::MAX);
    org.changed = Some(ShadowChanges { imagined: imagined_domains(directories), ..ShadowChanges::default() });
    org.directories.clone_from(directories);
    let placeholder = org.everyone.clone();
    let mut known: Vec<TakenAnswer<'_>> = said.iter().filter_map(TakenAnswer::of).collect();
    // Apps come first: what is theirs can be taken in when they are known. Members are known when users and groups are.
    known.sort_by_key(|taken| taken.rank);
    for _ in 0..2 {
        for taken in &known {
            taken.put_into(&mut org);
        }
    }
    RebuiltOrg { org, placeholder }
}

fn imagined_domains(directories: &ShadowDirectories) -> std::collections::BTreeSet<String> {
    let is_imagined = |directory: &RwLock<SimulatedDirectory>| {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.is_imagined()
    };
    let found = directories.iter().filter(|(_, it)| is_imagined(it));
    found.map(|(domain, _)| domain.clone()).collect()
}

/// Whether the simulator keeps what the answer at a path tells, by the pattern of the path.
pub(in crate::simulator) fn is_kept(pattern: &str) -> bool {
    hydration_routes::find(pattern).is_some()
}

/// An answer whose place is known.
struct TakenAnswer<'a> {
    place: &'static HydrationRoute,
    parameters: Vec<String>,
    things: &'a [Value],
    rank: u8,
}

impl<'a> TakenAnswer<'a> {
    fn of(said: &UpstreamReply<'a>) -> Option<Self> {
        let (path, _) = said.address.split_once('?').unwrap_or((said.address, ""));
        let RouteMatch::Found(endpoint, mut parameters) = routes::ROUTES.find("GET", path) else {
            return None;
        };
        if let (Some(me), Some(first)) = (said.me, parameters.first_mut().filter(|it| *it == "me")) {
            me.clone_into(first);
        }
        let things = match (&said.seen.body, said.seen.status) {
            (Value::Array(items), 200) => items.as_slice(),
            (thing, 200) => std::slice::from_ref(thing),
            _ => return None,
        };
        Some(Self {
            place: hydration_routes::find(endpoint.pattern)?,
            parameters,
            things,
            rank: rank(endpoint.pattern),
        })
    }

    fn put_into(&self, org: &mut SimulatedOrg) {
        for thing in self.things {
            (self.place.take)(org, &self.parameters, thing);
        }
    }
}

fn rank(pattern: &str) -> u8 {
    match pattern {
        "/api/v1/apps" | "/api/v1/apps/{appId}" | "/api/v1/groups/{groupId}/apps" => 0,
        "/api/v1/users" | "/api/v1/groups" | "/api/v1/users/{id}" | "/api/v1/groups/{groupId}" => 1,
        _ => 2,
    }
}
