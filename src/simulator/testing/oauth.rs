//! Access tokens: assertions, scopes, proofs, life, people at their devices.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{ADMIN, ReceivedReply, ServedOrg};
use crate::simulator::oauth::{ClientApp, ClientKeys, ClientKind, ScopeGrant};
use crate::simulator::store::{AdminRole, SimulatedOrg, real_time};

const CLIENT: &str = "0oaClient00000000001d7";

/// A key of a test, on the curve P-256.
struct TestKey(EcdsaKeyPair);

impl TestKey {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    fn public(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": part(&point[1..33]), "y": part(&point[33..])})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("a signature"));
        format!("{message}.{signature}")
    }

    fn assertion(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": "k1"}), claims)
    }

    fn proof(&self, claims: &Value) -> String {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.public()});
        self.sign(&header, claims)
    }
}

fn client(org: &mut SimulatedOrg, key: &TestKey) {
    let client = ClientApp {
        id: CLIENT.to_owned(),
        label: "Runbooks".to_owned(),
        kind: ClientKind::Service,
        active: true,
        keys: ClientKeys::Given(vec![key.public()]),
        grants: ["okta.users.read", "okta.groups.manage"]
            .map(|scope| ScopeGrant { id: format!("oag{scope}"), scope: scope.to_owned(), created: 0 })
            .into(),
        dpop: false,
    };
    org.oauth.clients.insert(CLIENT.to_owned(), client);
    let role = AdminRole { id: "ra1".to_owned(), kind: "SUPER_ADMIN".to_owned(), created: 0 };
    org.roles.insert(CLIENT.to_owned(), vec![role]);
}

fn now() -> i64 {
    real_time() / 1000
}

fn claims(lab: &ServedOrg) -> Value {
    json!({"iss": CLIENT, "sub": CLIENT, "aud": format!("{}/oauth2/v1/token", lab.url()), "iat": now(), "exp": now() + 300,
        "jti": uuid::Uuid::new_v4().to_string()})
}

fn form(assertion: &str, scope: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("scope", scope.to_owned()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()),
        ("client_assertion", assertion.to_owned()),
    ]
}

async fn post(lab: &ServedOrg, path: &str, form: &[(&str, String)], proof: Option<String>) -> ReceivedReply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = lab.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    ServedOrg::receive(request).await
}

async fn ask(lab: &ServedOrg, assertion: &str, scope: &str) -> ReceivedReply {
    post(lab, "/oauth2/v1/token", &form(assertion, scope), None).await
}

async fn call(lab: &ServedOrg, method: &str, path: &str, authorization: &str) -> ReceivedReply {
    let request = lab.request(method, path).header("content-length", "0");
    ServedOrg::receive(request.header("authorization", authorization)).await
}

fn challenge(got: &ReceivedReply) -> String {
    let header = got.headers.get("www-authenticate");
    header.map_or("", |header| header.to_str().unwrap_or_default()).to_owned()
}

#[tokio::test]
async fn each_claim_of_an_assertion_is_verified() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let lab = ServedOrg::with(|org| client(org, &key)).await;
    let scope = "okta.users.read";
    for (change, words) in [
        (json!({"aud": "https://other.example/oauth2/v1/token"}), "audience"),
        (json!({"exp": now() - 1}), "expired"),
        (json!({"exp": now() + 4000}), "too far"),
        (json!({"exp": null}), "'exp'"),
        (json!({"iat": now() + 600}), "in the future"),
        (json!({"iss": "0oaOther"}), "'iss' and 'sub'"),
        (json!({"iss": "0oaOther", "sub": "0oaOther"}), "client_id"),
    ] {
        let mut claims = claims(&lab);
        for (name, value) in change.as_object().expect("changes") {
            claims[name] = value.clone();
        }
        let got = ask(&lab, &key.assertion(&claims), scope).await;
        assert_eq!((got.status, &got.body["error"]), (401, &json!("invalid_client")), "{change}");
        let told = got.body["error_description"].as_str().unwrap_or_default();
        assert!(told.contains(words), "{change}: {told}");
    }
    let forged = ask(&lab, &other.assertion(&claims(&lab)), scope).await;
    assert!(forged.body["error_description"].to_string().contains("signature"));
    let once = key.assertion(&claims(&lab));
    assert_eq!(ask(&lab, &once, scope).await.status, 200);
    let again = ask(&lab, &once, scope).await;
    assert!(again.body["error_description"].to_string().contains("already been used"));
}

#[tokio::test]
async fn a_key_that_is_inactive_signs_nobody_in() {
    let (key, second) = (TestKey::new(), TestKey::new());
    let lab = ServedOrg::with(|org| client(org, &key)).await;
    let jwks = format!("/api/v1/apps/{CLIENT}/credentials/jwks");
    let mut public = second.public();
    public["kid"] = json!("k2");
    public["status"] = json!("INACTIVE");
    let added = lab.post(&jwks, public.clone()).await;
    assert_eq!((added.status, &added.body["status"]), (201, &json!("INACTIVE")));
    let id = added.body["id"].as_str().expect("an id").to_owned();
    let sign_in = async || {
        let header = json!({"alg": "ES256", "kid": "k2"});
        let assertion = second.sign(&header, &claims(&lab));
        ask(&lab, &assertion, "okta.users.read").await
    };
    let refused = sign_in().await;
    assert!(refused.body["error_description"].to_string().contains("not that of an active"));
    let life = |step: &str| format!("{jwks}/{id}/lifecycle/{step}");
    assert_eq!(lab.post(&life("activate"), Value::Null).await.body["status"], "ACTIVE");
    assert_eq!(sign_in().await.status, 200);
    let listed = lab.get(&jwks).await.body;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(lab.send("DELETE", &format!("{jwks}/{id}"), Value::Null).await.status, 400);
    assert_eq!(lab.post(&life("deactivate"), Value::Null).await.status, 200);
    assert_eq!(sign_in().await.status, 401);
    assert_eq!(lab.send("DELETE", &format!("{jwks}/{id}"), Value::Null).await.status, 204);
    assert_eq!(lab.get(&format!("{jwks}/{id}")).await.status, 404);
    let mut private = key.public();
    private["kid"] = json!("k3");
    private["d"] = json!("AAEC");
    for wrong in [public_without(&public, "x"), key.public(), private] {
        assert_eq!(lab.post(&jwks, wrong.clone()).await.status, 400, "{wrong}");
    }
}

fn public_without(key: &Value, member: &str) -> Value {
    let mut key = key.clone();
    key.as_object_mut().expect("a JWK").remove(member);
    key
}

#[tokio::test]
async fn a_token_has_the_granted_scopes_and_no_other_calls_pass() {
    let key = TestKey::new();
    let lab = ServedOrg::with(|org| client(org, &key)).await;
    let none = ask(&lab, &key.assertion(&claims(&lab)), "okta.apps.read").await;
    assert_eq!((none.status, &none.body["error"]), (400, &json!("invalid_scope")));
    let asked = "okta.apps.read okta.groups.manage";
    let got = ask(&lab, &key.assertion(&claims(&lab)), asked).await;
    assert_eq!(got.body["scope"], "okta.groups.manage");
    assert_eq!(got.body["expires_in"], 3600);
    let bearer = format!("Bearer {}", got.body["access_token"].as_str().expect("a token"));
    assert_eq!(call(&lab, "GET", "/api/v1/groups", &bearer).await.status, 200);
    let refused = call(&lab, "GET", "/api/v1/apps?limit=1", &bearer).await;
    assert_eq!((refused.status, &refused.body), (403, &Value::Null));
    let header = challenge(&refused);
    for part in [
        "Bearer authorization_uri=\"http://",
        "scope=\"okta.apps.read\"",
        "error=\"insufficient_scope\"",
        "resource=\"/api/v1/apps\"",
    ] {
        assert!(header.contains(part), "{part}: {header}");
    }
    // Not bound to a key, it is no token for proofs.
    let unbound = bearer.replace("Bearer", "DPoP");
    let refused = call(&lab, "GET", "/api/v1/groups", &unbound).await;
    assert_eq!((refused.status, challenge(&refused).contains("invalid_token")), (401, true));
    let session = call(&lab, "DELETE", "/api/v1/api-tokens/current", &bearer).await;
    assert_eq!((session.status, &session.body["errorCode"]), (403, &json!("E0000005")));
    let life = json!({"oauth": {"tokenLifeSeconds": 0}});
    lab.send("PATCH", "/simulator/options", life).await;
    let short = ask(&lab, &key.assertion(&claims(&lab)), asked).await;
    let bearer = format!("Bearer {}", short.body["access_token"].as_str().expect("a token"));
    let ended = call(&lab, "GET", "/api/v1/groups", &bearer).await;
    assert_eq!((ended.status, challenge(&ended).contains("invalid_token")), (401, true));
}

#[tokio::test]
async fn a_proof_needs_a_nonce_for_the_token_and_its_hash_for_calls() {
    let key = TestKey::new();
    let change = |org: &mut SimulatedOrg| {
        client(org, &key);
        org.oauth.clients.get_mut(CLIENT).expect("the client").dpop = true;
    };
    let lab = ServedOrg::with(change).await;
    let token = format!("{}/oauth2/v1/token", lab.url());
    let scope = "okta.groups.manage";
    let without = ask(&lab, &key.assertion(&claims(&lab)), scope).await;
    assert_eq!((without.status, &without.body["error"]), (400, &json!("invalid_dpop_proof")));
    let proof = |more: Value| {
        let mut claims = json!({"htm": "POST", "htu": token, "iat": now(), "jti": uuid::Uuid::new_v4().to_string()});
        for (name, value) in more.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        Some(key.proof(&claims))
    };
    let asked = async |proof| post(&lab, "/oauth2/v1/token", &form(&key.assertion(&claims(&lab)), scope), proof).await;
    let first = asked(proof(json!({}))).await;
    assert_eq!((first.status, &first.body["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = first.headers["dpop-nonce"].to_str().expect("a nonce");
    let old = asked(proof(json!({"nonce": nonce, "iat": now() - 400}))).await;
    assert!(old.body["error_description"].to_string().contains("five minutes"));
    let got = asked(proof(json!({"nonce": nonce}))).await;
    assert_eq!((got.status, &got.body["token_type"]), (200, &json!("DPoP")), "{}", got.body);
    let token = got.body["access_token"].as_str().expect("a token");
    let hash = super::super::oauth::hash(token);
    let groups = format!("{}/api/v1/groups", lab.url());
    let right = || json!({"htm": "GET", "htu": groups, "ath": hash});
    let mut elsewhere = right();
    elsewhere["htu"] = json!(lab.url());
    for (authorization, proof, status) in [
        (format!("DPoP {token}"), None, 400),
        (format!("Bearer {token}"), proof(right()), 400),
        (format!("DPoP {token}"), proof(elsewhere), 400),
        (format!("DPoP {token}"), proof(right()), 200),
    ] {
        let mut request = lab.request("GET", "/api/v1/groups?limit=1").header("authorization", &authorization);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        let got = ServedOrg::receive(request).await;
        assert_eq!(got.status, status, "{authorization} {}", challenge(&got));
    }
}

#[tokio::test]
async fn a_person_agrees_at_a_device_and_refresh_tokens_are_good_once() {
    let key = TestKey::new();
    let change = |org: &mut SimulatedOrg| {
        client(org, &key);
        org.oauth.clients.get_mut(CLIENT).expect("the client").kind = ClientKind::Native;
        org.options.oauth.device_interval_seconds = 0;
    };
    let lab = ServedOrg::with(change).await;
    let begun = [("client_id", CLIENT.to_owned()), ("scope", "okta.users.read offline_access".to_owned())];
    let begun = post(&lab, "/oauth2/v1/device/authorize", &begun, None).await.body;
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code".to_owned()),
        ("client_id", CLIENT.to_owned()),
        ("device_code", begun["device_code"].as_str().expect("a code").to_owned()),
    ];
    let pending = post(&lab, "/oauth2/v1/token", &poll, None).await;
    assert_eq!(pending.body["error"], "authorization_pending");
    let login = lab.get(&format!("/api/v1/users/{ADMIN}")).await.body["profile"]["login"].clone();
    let agreed = json!({"userCode": begun["user_code"], "login": login});
    assert_eq!(lab.post("/simulator/device", agreed).await.status, 204);
    let got = post(&lab, "/oauth2/v1/token", &poll, None).await.body;
    let bearer = format!("Bearer {}", got["access_token"].as_str().expect("a token"));
    assert_eq!(call(&lab, "GET", "/api/v1/users/me", &bearer).await.body["id"], ADMIN);
    let refresh = [
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", CLIENT.to_owned()),
        ("refresh_token", got["refresh_token"].as_str().expect("a token").to_owned()),
    ];
    assert_eq!(post(&lab, "/oauth2/v1/token", &refresh, None).await.status, 200);
    let again = post(&lab, "/oauth2/v1/token", &refresh, None).await;
    assert_eq!(again.body["error"], "invalid_grant");
}

/// What is routed and not public is open to some scope, or known to be closed to access tokens.
#[test]
fn every_route_of_the_api_is_in_the_table_of_scopes() {
    let closed: Vec<&str> = crate::simulator::routes::patterns()
        .filter(|(method, pattern)| !super::super::oauth::is_open(method, pattern))
        .filter(|(_, pattern)| !crate::simulator::sign_in::is_public(pattern))
        .map(|(_, pattern)| pattern)
        .collect();
    assert_eq!(closed, ["/api/v1/api-tokens/current"]);
}
