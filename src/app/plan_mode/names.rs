//! Names instead of ids, as far as the shadows know them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::targets::RunTargets;
use crate::error::CommandError;

/// Names of things by org and id.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThingNames(BTreeMap<(String, String), String>);

impl ThingNames {
    /// Of everything that the shadows of `world` know.
    pub(super) async fn of(world: &RunTargets) -> Result<Self, CommandError> {
        let mut names = BTreeMap::new();
        for (org, client) in &world.orgs {
            let state = client.look("/simulator/state").await;
            let state = state.map_err(|error| CommandError::failed(error.to_string()))?.body;
            for (kind, name) in [("users", "login"), ("groups", "name"), ("apps", "label")] {
                let things = state[kind].as_object().into_iter().flatten();
                names.extend(things.filter_map(|(id, thing): (&String, &Value)| {
                    let name = thing[name].as_str()?.to_owned();
                    Some(((org.clone(), id.clone()), name))
                }));
            }
        }
        Ok(Self(names))
    }

    fn find(&self, org: &str, id: &str) -> Option<&String> {
        self.0.get(&(org.to_owned(), id.to_owned()))
    }

    /// The name of an id; the id itself where it has none.
    pub(crate) fn of_id(&self, org: &str, id: &str) -> String {
        let name = self.find(org, id).map_or(id, String::as_str);
        name.to_owned()
    }

    /// Names of what stands in a path, in its order.
    pub(super) fn in_path(&self, org: &str, path: &str) -> Vec<String> {
        let parts = path.split('/');
        parts.filter_map(|part| self.find(org, part).cloned()).collect()
    }

    /// `group AD Users, user ada`: kinds of things are the parts of a path that are no names.
    pub(crate) fn of_path(&self, org: &str, path: &str) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches("/api/v1/").split('/').collect();
        let words = parts.chunks(2).map(|pair| match pair {
            [kind, id] => format!("{} {}", kind.trim_end_matches('s'), self.of_id(org, id)),
            rest => rest.concat(),
        });
        let words = words.collect::<Vec<_>>().join(", ");
        if query.is_empty() {
            words
        } else {
            format!("{words} ({})", percent_encoding::percent_decode_str(&query.replace('+', " ")).decode_utf8_lossy())
        }
    }
}
