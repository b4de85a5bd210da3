//! A client of Okta's Management API, and the table of its operations.
//!
//! [`OktaClient`] signs a [`ApiRequest`], sends it, waits out rate limits in the sight of an [`WaitObserver`], and answers with
//! a [`ApiResponse`] or an [`OktaError`] that knows whether the request may have been carried out ([`RequestReach`]) and what to do
//! about it ([`OktaError::help`]). [`operations`] is Okta's API as data: one [`ApiOperation`] for each of its calls.
//!
//! What is absent: this module imports nothing else of the crate. It repeats nothing but a 429, and once a call whose
//! access token had ended: Okta answers these without carrying the request out; whether anything else may be sent again is its caller's to judge.
//! Only the form that asks for a token is sent again while the org is in trouble: it changes nothing.
//! Redirects are not followed, and no page link leaves the org: the token stays with the org it belongs to.

mod api_error;
mod auth;
mod base_url;
mod buckets;
mod client;
mod client_settings;
mod clock;
mod concealment;
mod concurrency;
mod derived_key;
pub mod device;
mod error;
mod held_secrets;
mod help;
mod key_parts;
mod key_root;
mod limits;
mod method;
pub mod operations;
mod page_guard;
mod pages;
mod proof;
mod proxy;
mod rate_limiter;
mod refresh_token;
mod request;
mod response;
mod session;
mod sign_in_error;
mod signing_algorithm;
mod signing_key;
mod token_endpoint;
mod transport;

pub use api_error::ApiError;
pub use auth::{DpopUse, OrgCredentials, ServiceApp, SignedInPerson, TokenKeeper};
pub use base_url::{BaseUrl, BaseUrlError};
pub use buckets::bucket;
pub use client::OktaClient;
pub use client_settings::{ClientSettings, LIST_LAG};
pub use concealment::CONCEALED;
pub use derived_key::DerivedKey;
pub use error::{OktaError, RequestError, RequestReach, TransportFailure};
pub use limits::{LimitWait, NEWS, RateLimit, SilentObserver, WaitObserver, WaitReason};
pub use method::{ContentType, HttpMethod};
pub use operations::ApiOperation;
pub use page_guard::{EndlessCause, EndlessList, PageGuard};
pub use pages::NextPage;
pub use proxy::{ProxySettings, secrets_of_address};
pub use rate_limiter::BucketRate;
pub use request::ApiRequest;
pub use response::ApiResponse;
pub use sign_in_error::{KeyError, SignInError};
pub use signing_algorithm::SigningAlgorithm;
pub use signing_key::SigningKey;
