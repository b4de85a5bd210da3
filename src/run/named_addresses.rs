//! The addresses that the orgs of a run name: their own, and those in the settings of their apps. No other is asked anything, for a
//! script could tell a server of its choice what it read by the very name of the host.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use url::Url;

use super::call::ApiCall;

/// Scheme, host and port of each address.
#[derive(Debug, Default)]
pub(super) struct NamedAddresses(Mutex<HashSet<String>>);

/// The apps of an org, and one of them.
const APPS: &str = "/api/v1/apps";

impl NamedAddresses {
    /// Takes in what the apps name that a read was answered with.
    pub(super) fn learn(&self, call: &ApiCall, body: &Value) {
        if call.is_write() {
            return;
        }
        let mut names = self.names();
        let mut keep = |origin| {
            names.insert(origin);
        };
        if is_of_connection(&call.path) {
            each_origin(body, &mut keep);
        } else if is_of_apps(&call.path) {
            let one = std::slice::from_ref(body);
            let apps = body.as_array().map_or(one, Vec::as_slice);
            for app in apps {
                each_origin(&app["settings"], &mut keep);
            }
        }
    }

    /// Whether an app that was read names the scheme, host and port of this address.
    pub(super) fn names_origin_of(&self, url: &str) -> bool {
        origin(url).is_some_and(|origin| self.names().contains(&origin))
    }

    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two addresses have the same scheme, host and port.
pub(super) fn is_same_origin(one: &str, other: &str) -> bool {
    origin(one).is_some_and(|one| Some(one) == origin(other))
}

fn is_of_apps(path: &str) -> bool {
    let after = path.strip_prefix(APPS);
    after.is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && !rest[1..].contains('/')))
}

/// Where the provisioning of an app leads to.
fn is_of_connection(path: &str) -> bool {
    let after = path.strip_prefix(APPS);
    after.is_some_and(|rest| rest.ends_with("/connections/default"))
}

fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_of_web = matches!(url.scheme(), "https" | "http");
    is_of_web.then(|| url.origin().ascii_serialization())
}

fn each_origin(value: &Value, found: &mut impl FnMut(String)) {
    match value {
        Value::String(text) => origin(text).into_iter().for_each(found),
        Value::Array(items) => items.iter().for_each(|item| each_origin(item, found)),
        Value::Object(entries) => entries.values().for_each(|entry| each_origin(entry, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(operation: &str, arguments: &[&str]) -> ApiCall {
        ApiCall::operation("okta", operation, arguments).expect("a call")
    }

    #[test]
    fn the_settings_of_apps_name_addresses_and_nothing_else_does() {
        let addresses = NamedAddresses::default();
        let app = json!({
            "label": "https://label.example",
            "settings": {"app": {"baseUrl": "https://hub.okta.com/"}, "signOn": {"acsUrls": [{"url": "http://127.0.0.1:8080/x"}]}},
        });
        addresses.learn(&read("list_applications", &[]), &json!([app]));
        addresses.learn(&read("get_application", &["0oa1"]), &json!({"settings": {"url": "https://one.example"}}));
        addresses.learn(
            &read("get_default_provisioning_connection_for_application", &["0oa1"]),
            &json!({"profile": {"baseUrl": "https://provisioned.example"}}),
        );
        addresses.learn(&read("get_user", &["00u1"]), &json!({"settings": {"url": "https://user.example"}}));
        for (url, named) in [
            ("https://hub.okta.com", true),
            ("https://HUB.okta.com:443/api", true),
            ("https://one.example", true),
            ("https://provisioned.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.0.0.1:8081", false),
            ("http://hub.okta.com", false),
            ("https://label.example", false),
            ("https://user.example", false),
            ("https://hub.okta.com.evil.example", false),
            ("hub.okta.com", false),
        ] {
            assert_eq!(addresses.names_origin_of(url), named, "{url}");
        }
    }

    #[test]
    fn a_path_below_an_app_is_not_the_app() {
        for (path, is_of) in [
            ("/api/v1/apps", true),
            ("/api/v1/apps/0oa1", true),
            ("/api/v1/apps/0oa1/users", false),
            ("/api/v1/appsettings", false),
        ] {
            assert_eq!(is_of_apps(path), is_of, "{path}");
        }
    }
}
