//! The org itself: its public metadata and its settings.

use serde_json::json;

use super::http::{ApiAnswer, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::store::SimulatedOrg;
use super::wire::{date, link};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/.well-known/okta-organization", handler: RouteHandler::Read(metadata) },
    ApiRoute { method: "GET", pattern: "/api/v1/org", handler: RouteHandler::Read(settings) },
];

/// Public: what a client can check a base URL with. `idx` is Identity Engine.
fn metadata(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let mut links = json!({"organization": {"href": own_url(org, request)}});
    if is_custom(org, request) {
        links["alternate"] = json!({"href": request.base});
    }
    ApiAnswer::ok(json!({
        "id": org.id,
        "cell": "op3",
        "_links": links,
        "pipeline": "idx",
        "settings": {
            "analyticsCollectionEnabled": false, "bugReportingEnabled": true, "omEnabled": false,
            "pssoEnabled": false, "desktopMFAEnabled": false, "itpEnabled": false,
        },
    }))
}

/// Whether the org was called by its custom domain.
fn is_custom(org: &SimulatedOrg, request: &SignedInRequest) -> bool {
    let host = request.base.trim_start_matches("http://");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    org.custom_domain.as_deref() == Some(host)
}

/// The org's own URL, also where it was called by its custom domain: that is another name of the same address.
pub(super) fn own_url(org: &SimulatedOrg, request: &SignedInRequest) -> String {
    match &org.custom_domain {
        Some(domain) if is_custom(org, request) => {
            let custom = format!("//{domain}");
            request.base.replacen(&custom, "//127.0.0.1", 1)
        }
        _ => request.base.clone(),
    }
}

fn settings(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let to = |path| link(&request.base, path);
    ApiAnswer::ok(json!({
        "id": org.id,
        "subdomain": org.subdomain,
        "companyName": org.name,
        "status": "ACTIVE",
        "expiresAt": null,
        "created": date(org.created),
        "lastUpdated": date(org.created),
        "website": null, "phoneNumber": null, "endUserSupportHelpURL": null, "supportPhoneNumber": null,
        "address1": null, "address2": null, "city": null, "state": null, "country": null, "postalCode": null,
        "_links": {
            "preferences": to("/api/v1/org/preferences"),
            "uploadLogo": {"href": format!("{}/api/v1/org/logo", request.base), "hints": {"allow": ["POST"]}},
            "oktaCommunication": to("/api/v1/org/privacy/oktaCommunication"),
            "oktaSupport": to("/api/v1/org/privacy/oktaSupport"),
            "contacts": to("/api/v1/org/contacts"),
        },
    }))
}
