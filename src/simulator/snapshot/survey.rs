//! Everything of an org that a scenario can hold, read page by page.

use std::fmt::Write as _;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::super::org2org;
use super::super::page_chain::PageChain;
use super::super::shadow::UpstreamOrg;

/// So many lists are read at a time; the org's limits decide how fast.
const AT_A_TIME: usize = 4;

const USERS: &[&str] = &[
    "/api/v1/users?limit=200",
    // The plain list leaves them out.
    "/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22&limit=200",
];
const RULES: &str = "/api/v1/groups/rules?limit=200";
const GROUPS: &str = "/api/v1/groups?limit=1000";
const APPS: &str = "/api/v1/apps?limit=200";
const POOLS: &str = "/api/v1/agentPools?poolType=AD&limitPerPoolType=100";

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct SurveyProgress<'a> {
    /// What is being read.
    pub what: &'a str,
    pub done: u64,
    pub of: u64,
}

/// Reads all of an org. What it refuses to tell is left out.
///
/// # Errors
/// When it does not answer.
pub async fn survey(upstream: &dyn UpstreamOrg, tell: &(dyn Fn(SurveyProgress<'_>) + Sync)) -> Result<(), String> {
    let survey = OrgSurvey { upstream, tell };
    for address in USERS.iter().chain(&[RULES]) {
        survey.step("users and rules", 0, 1);
        survey.list(address).await?;
    }
    let groups = survey.list(GROUPS).await?;
    let apps = survey.list(APPS).await?;
    if apps.iter().any(|app| app["name"] == "active_directory") {
        survey.list(POOLS).await?;
    }
    survey.each("members of groups", members_of(&groups)).await?;
    let parts = apps.iter().flat_map(parts_of).collect();
    survey.each("users and groups of apps", parts).await?;
    survey.mappings(&apps).await
}

struct OrgSurvey<'a> {
    upstream: &'a dyn UpstreamOrg,
    tell: &'a (dyn Fn(SurveyProgress<'_>) + Sync),
}

impl OrgSurvey<'_> {
    fn step(&self, what: &str, done: usize, of: usize) {
        (self.tell)(SurveyProgress { what, done: done as u64, of: of as u64 });
    }

    /// All pages of a list; nothing of what is refused.
    async fn list(&self, address: &str) -> Result<Vec<Value>, String> {
        let (mut items, mut chain) = (Vec::new(), PageChain::default());
        let mut next = Some(address.to_owned());
        while let Some(address) = next {
            let followed = chain.follow(&address);
            followed.map_err(|endless| format!("{address}: {endless}"))?;
            let seen = self.upstream.get(&address).await?;
            if let (Value::Array(page), 200) = (&seen.body, seen.status) {
                items.extend(page.iter().cloned());
            }
            next = seen.next;
        }
        Ok(items)
    }

    async fn each(&self, what: &str, addresses: Vec<String>) -> Result<(), String> {
        let all = addresses.len();
        self.step(what, 0, all);
        let lists = addresses.iter().map(|address| async move { self.list(address).await });
        let mut lists = stream::iter(lists).buffer_unordered(AT_A_TIME);
        let mut done = 0;
        while lists.try_next().await?.is_some() {
            done += 1;
            self.step(what, done, all);
        }
        Ok(())
    }

    /// Lists of mappings leave out what is mapped.
    async fn mappings(&self, apps: &[Value]) -> Result<(), String> {
        let mut wholes = Vec::new();
        for id in apps.iter().filter(|app| is_provisioned(app)).map(id) {
            for end in ["sourceId", "targetId"] {
                let found = self.list(&format!("/api/v1/mappings?{end}={id}&limit=200")).await?;
                // The links of this list lead to mappings of other apps too.
                let own = |it: &&Value| it["source"]["id"] == id || it["target"]["id"] == id;
                let own = found.iter().filter(own);
                wholes.extend(own.map(|it| format!("/api/v1/mappings/{}", self::id(it))));
            }
        }
        self.each("profile mappings", wholes).await
    }
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap_or_default()
}

fn is_provisioned(app: &Value) -> bool {
    app["name"] == "active_directory" || app["name"] == org2org::NAME
}

/// Everyone is in the built-in group Everyone.
fn members_of(groups: &[Value]) -> Vec<String> {
    let everyone = |group: &&Value| group["type"] == "BUILT_IN" && group["profile"]["name"] == "Everyone";
    let others = groups.iter().filter(|group| !everyone(group));
    others.map(|group| format!("/api/v1/groups/{}/users?limit=1000", id(group))).collect()
}

fn parts_of(app: &Value) -> Vec<String> {
    let id = id(app);
    let mut parts = vec![format!("/api/v1/apps/{id}/users?limit=500"), format!("/api/v1/apps/{id}/groups?limit=200")];
    let mut own = |part: &str| {
        let mut address = format!("/api/v1/apps/{id}");
        // Writing to a String cannot fail.
        let _ = write!(address, "/{part}");
        parts.push(address);
    };
    if app["name"] == org2org::NAME {
        own("connections/default");
        own("group-push/mappings?limit=1000");
        let on = app["features"].as_array().is_some_and(|it| !it.is_empty());
        if on {
            own("features");
        }
    }
    if app["settings"]["oauthClient"]["application_type"] == "service" {
        own("grants");
        parts.push(format!("/oauth2/v1/clients/{id}/roles"));
    }
    parts
}
