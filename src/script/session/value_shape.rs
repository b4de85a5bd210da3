//! What a session holds, for completion.

use std::time::Duration;

use rhai::{Dynamic, FnPtr};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ScriptSession;
use crate::ldap::SearchScope;
use crate::run::call::ApiCall;
use crate::script::bindings::{ScriptList, ScriptOrg};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameHolds {
    Org,
    /// A map with these keys.
    Map(Vec<String>),
    List,
    Text,
    Function,
    Other,
    /// Nothing is known of it.
    Unknown,
}

impl ScriptSession {
    /// What `path` stands for: a variable, then entries of maps and items of lists (`[0]`). Nothing is fetched for it.
    pub fn holds(&self, path: &[String]) -> NameHolds {
        let Some((first, rest)) = path.split_first() else {
            return NameHolds::Unknown;
        };
        let variable = self.scope.get(first).map(Dynamic::flatten_clone);
        let found = rest.iter().try_fold(variable, |value, name| Some(value_within(&value?, name))).flatten();
        found.map_or(NameHolds::Unknown, |value| NameHolds::of(&value))
    }

    /// Domains of the directories at hand.
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// Reads something aside, such as names to complete; gives up after `within`, and on any refusal.
    pub fn look_up(&self, call: &ApiCall, within: Duration) -> Option<Value> {
        self.host.run.renew(CancellationToken::new());
        let page = self.host.run.page(&self.lane, call, None);
        let answer = self.host.runtime.block_on(async { tokio::time::timeout(within, page).await });
        answer.ok()?.ok().map(|page| page.body)
    }

    /// The distinguished names of all organizational units of the directories at hand; of those that answer in time.
    pub fn look_up_units(&self, within: Duration) -> Vec<String> {
        let run = &self.host.run;
        let directories = self.domains.iter().filter_map(|domain| run.directory(domain));
        directories
            .flat_map(|directory| {
                let units = "(objectClass=organizationalUnit)";
                let search = directory.search(directory.base(), units, SearchScope::Subtree, &["ou"]);
                let found = self.host.runtime.block_on(async { tokio::time::timeout(within, search).await });
                let entries = found.ok().and_then(Result::ok).unwrap_or_default();
                entries.into_iter().map(|entry| entry.dn.to_string()).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// An entry of a map, or an item of a list.
fn value_within(value: &Dynamic, name: &str) -> Option<Dynamic> {
    let index = name.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let Some(index) = index.and_then(|index| index.parse::<usize>().ok()) else {
        return value.as_map_ref().ok()?.get(name).cloned();
    };
    if let Some(list) = value.read_lock::<ScriptList>() {
        return list.fetched(index);
    }
    value.as_array_ref().ok()?.get(index).cloned()
}

impl NameHolds {
    /// What a value is.
    pub fn of(value: &Dynamic) -> Self {
        if value.is::<ScriptOrg>() {
            return Self::Org;
        }
        if let Ok(map) = value.as_map_ref() {
            return Self::Map(map.keys().map(ToString::to_string).collect());
        }
        if value.is_array() || value.is::<ScriptList>() {
            return Self::List;
        }
        if value.is_string() {
            return Self::Text;
        }
        if value.is::<FnPtr>() {
            return Self::Function;
        }
        Self::Other
    }

    /// In a word or two.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Map(_) => "map",
            Self::List => "list",
            Self::Text => "string",
            Self::Function => "function",
            Self::Other | Self::Unknown => "value",
        }
    }
}
