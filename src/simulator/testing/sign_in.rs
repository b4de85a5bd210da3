//! Tokens, their owners and their rights.

use serde_json::{Value, json};

use super::{ADMIN, JO, STAFF, ServedOrg, add_token, grant};

const INVALID: &str = "Invalid token provided";

#[tokio::test]
async fn a_token_is_needed_and_must_be_good() {
    let lab = ServedOrg::with(|org| {
        for (id, secret) in [("00T1", "expired"), ("00T2", "revoked"), ("00T3", "zone"), ("00T4", "of-jo")] {
            add_token(org, id, if id == "00T4" { JO } else { ADMIN }, secret);
        }
        let now = org.now();
        let change = |id: &str,
                      change: &dyn Fn(&mut crate::simulator::store::ApiToken),
                      org: &mut crate::simulator::store::SimulatedOrg| {
            change(org.tokens.get_mut(id).expect("a token"));
        };
        change("00T1", &|token| token.expires = now - 1, org);
        change("00T2", &|token| token.revoked = true, org);
        change("00T3", &|token| "ZONE".clone_into(&mut token.network), org);
        if let Some(jo) = org.users.get_mut(JO) {
            "DEPROVISIONED".clone_into(&mut jo.status);
        }
    })
    .await;
    for (header, status) in [
        (None, 401),
        (Some("SSWS wrong".to_owned()), 401),
        (Some("Bearer eyJ".to_owned()), 401),
        (Some(lab.token()), 401),
        (Some("SSWS expired".to_owned()), 401),
        (Some("SSWS revoked".to_owned()), 401),
        (Some("SSWS zone".to_owned()), 401),
        (Some("SSWS of-jo".to_owned()), 401),
        (Some(format!("SSWS {}", lab.token())), 200),
        (Some(format!("SSWS{}", lab.token())), 200),
    ] {
        let mut request = lab.request("GET", "/api/v1/users");
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let got = ServedOrg::receive(request).await;
        assert_eq!(got.status, status, "{header:?}");
        if status == 401 {
            assert_eq!(got.body["errorCode"], "E0000011", "{header:?}");
            assert_eq!(got.body["errorSummary"], INVALID, "{header:?}");
        }
    }
}

#[tokio::test]
async fn a_token_has_the_rights_its_owner_has_now() {
    let lab = ServedOrg::with(|org| add_token(org, "00TJo", JO, "of-jo")).await;
    let as_jo = async |method: &str, path: &str| {
        let request = lab.request(method, path).header("authorization", "SSWS of-jo").header("content-length", "0");
        let got = ServedOrg::receive(request).await;
        (got.status, got.body["errorCode"].as_str().unwrap_or("").to_owned())
    };
    let member = format!("/api/v1/groups/{STAFF}/users/{JO}");
    assert_eq!(as_jo("GET", "/api/v1/users").await, (403, "E0000006".to_owned()));
    assert_eq!(as_jo("GET", "/api/v1/users/me").await, (200, String::new()));
    assert_eq!(as_jo("GET", "/api/v1/users/me/roles").await, (200, String::new()));
    assert_eq!(as_jo("PUT", &member).await.0, 403);
    lab.post(&format!("/api/v1/users/{JO}/roles"), json!({"type": "GROUP_MEMBERSHIP_ADMIN"})).await;
    assert_eq!(as_jo("PUT", &member).await, (204, String::new()));
    assert_eq!(as_jo("DELETE", &format!("/api/v1/groups/{STAFF}")).await.0, 403);
}

#[tokio::test]
async fn a_token_slides_and_ends() {
    let lab = ServedOrg::new().await;
    let days = |days: i64| json!({"advanceMs": days * 86_400_000});
    for _ in 0..3 {
        lab.post("/simulator/clock", days(29)).await;
        assert_eq!(lab.get("/api/v1/users/me").await.status, 200);
    }
    let token = lab.get("/api/v1/api-tokens").await.body[0].clone();
    assert_eq!(token["tokenWindow"], "P30D");
    assert!(token["expiresAt"].as_str() > token["created"].as_str());
    lab.post("/simulator/clock", days(31)).await;
    assert_eq!(lab.get("/api/v1/users/me").await.status, 401);
}

#[tokio::test]
async fn tokens_are_read_and_revoked_but_not_made() {
    let lab = ServedOrg::with(|org| {
        add_token(org, "00TOther", ADMIN, "other");
        grant(org, JO, "ORG_ADMIN");
    })
    .await;
    let none = || Value::Null;
    let method = "The endpoint does not support the provided HTTP method";
    lab.answers(&[
        ("POST", "/api/v1/api-tokens", json!({"name": "x"}), 405, "E0000022", method, ""),
        ("GET", "/api/v1/api-tokens/00TOther", none(), 200, "", "", ""),
        (
            "PUT",
            "/api/v1/api-tokens/00TOther",
            json!({"name": "b", "network": {"connection": "ZONE"}}),
            200,
            "",
            "",
            "",
        ),
        ("DELETE", "/api/v1/api-tokens/00TOther", none(), 204, "", "", ""),
        (
            "GET",
            "/api/v1/api-tokens/00TOther",
            none(),
            404,
            "E0000007",
            "Not found: Resource not found: 00TOther (Token)",
            "",
        ),
        ("DELETE", "/api/v1/api-tokens/current", none(), 204, "", "", ""),
        ("GET", "/api/v1/api-tokens", none(), 401, "E0000011", INVALID, ""),
    ])
    .await;
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let lab = ServedOrg::new().await;
    let token = lab.token();
    for path in ["/api/v1/api-tokens", "/simulator/state", "/api/v1/logs"] {
        assert!(!lab.get(path).await.body.to_string().contains(&token), "{path}");
    }
}
