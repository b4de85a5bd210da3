//! OAuth 2.0 of the org authorization server: who gets an access token, and what a call with one may do.
//!
//! Built on nothing of the client's: tokens and proofs are taken apart and verified here by themselves, so that a mistake in how the
//! client makes them is seen.

mod access;
mod assertion;
mod client_roles;
mod device;
mod form;
mod grants;
mod jwt;
mod keys;
mod proof;
mod refresh;
mod scopes;
mod service_apps;
mod token;

pub(super) use super::model::authorization_server::{AccessToken, ClientApp, ClientKeys, ClientKind, ScopeGrant};
pub(super) use super::model::generated_key::GeneratedKey;
pub(super) use access::{TokenCall, caller, check_scope};
pub(super) use assertion::{keep_keys, keys_to_fetch};
pub(super) use keys::{document_of, show_keys};
pub(super) use service_apps::{client_of, follow, keyless_client_of, keys_in};
pub(super) use token::random;

#[cfg(test)]
pub(super) use jwt::hash;

use super::http::ApiRoute;

/// Okta's own paths.
pub(super) const ROUTES: &[&[ApiRoute]] =
    &[token::ROUTES, device::ROUTES, client_roles::ROUTES, grants::ROUTES, keys::ROUTES];
/// What a person does in a browser, over the control surface.
pub(super) const CONTROL_ROUTES: &[ApiRoute] = device::CONTROL_ROUTES;

/// Whether an endpoint takes access tokens at all.
#[cfg(test)]
pub(super) fn is_open(method: &'static str, pattern: &str) -> bool {
    scopes::needed_scopes(method, pattern).is_some()
}
