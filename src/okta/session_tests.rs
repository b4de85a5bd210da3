use std::collections::VecDeque;
use std::sync::Mutex as Lock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request as Incoming, State as Shared};
use axum::http::Response as Outgoing;
use serde_json::{Value, json};

use super::*;
use crate::okta::transport::OrgRoute;
use crate::okta::{ApiRequest, BaseUrl, ClientSettings, OktaClient, SigningKey, SilentObserver};

/// The example key of RFC 7515, appendix A.3.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
 "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// One answer of the org.
#[derive(Clone)]
struct ScriptedAnswer {
    status: u16,
    header: Option<(&'static str, String)>,
    body: Value,
}

/// Closes the connection in the middle of the answer.
const CUT: u16 = 0;

fn answer(status: u16, body: Value) -> ScriptedAnswer {
    let header = None;
    ScriptedAnswer { status, header, body }
}

fn token(name: &str) -> ScriptedAnswer {
    let body = json!({"access_token": name, "token_type": "Bearer", "expires_in": 3600, "scope": "okta.users.read"});
    answer(200, body)
}

/// Gives its answers in their order, the last one for ever, and remembers the bodies it was sent.
#[derive(Default)]
struct ScriptedOrg {
    answers: Lock<VecDeque<ScriptedAnswer>>,
    heard: Lock<Vec<String>>,
}

impl ScriptedOrg {
    fn then(&self, answers: impl IntoIterator<Item = ScriptedAnswer>) {
        *self.answers.lock().expect("the answers") = answers.into_iter().collect();
        self.heard.lock().expect("what was heard").clear();
    }

    fn heard(&self) -> usize {
        self.heard.lock().expect("what was heard").len()
    }
}

async fn serve(org: Shared<Arc<ScriptedOrg>>, request: Incoming) -> Outgoing<Body> {
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    let body = String::from_utf8_lossy(&body.expect("a body")).into_owned();
    org.heard.lock().expect("what was heard").push(body);
    let mut answers = org.answers.lock().expect("the answers");
    let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    let next = next.expect("an answer");
    let mut response = Outgoing::builder().status(next.status.max(200));
    if let Some((name, value)) = &next.header {
        response = response.header(*name, value);
    }
    let body = match (next.status, &next.body) {
        (CUT, _) => {
            let cut = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
            response = response.header("content-length", "1000");
            Body::from_stream(cut)
        }
        (_, Value::Null) => Body::empty(),
        (_, body) => Body::from(body.to_string()),
    };
    response.body(body).expect("a response")
}

async fn org() -> (Arc<ScriptedOrg>, BaseUrl) {
    let org = Arc::new(ScriptedOrg::default());
    let router = Router::new().fallback(serve).with_state(Arc::clone(&org));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (org, BaseUrl::parse(&url).expect("a base URL").0)
}

fn app() -> OrgCredentials {
    OrgCredentials::PrivateKeyJwt(Box::new(ServiceApp {
        client_id: "0oa1".to_owned(),
        key: SigningKey::parse(&KEY.into()).expect("a key"),
        scopes: vec!["okta.users.read".to_owned()],
        dpop: DpopUse::WhenAsked,
    }))
}

fn client(base: &BaseUrl, max_attempts: u32) -> OktaClient {
    let settings = ClientSettings { max_attempts, ..ClientSettings::default() };
    OktaClient::new(base.clone(), app(), settings).expect("a client")
}

fn refusal_body(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

fn okta(code: &str) -> Value {
    json!({"errorCode": code, "errorSummary": "In Okta's words", "errorCauses": []})
}

#[tokio::test]
async fn each_refusal_of_a_sign_in_tells_what_to_do() {
    let (org, base) = org().await;
    let date = |seconds: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).expect("a date")
    };
    let client_words = [
        ("The 'iss' and 'sub' claims must both be the client id.", "check the client id"),
        ("The audience claim must be the endpoint invoked.", "the org's own address"),
        ("The client_assertion token is expired.", "clock right (NTP)"),
        ("The 'exp' claim is missing.", "clock right (NTP)"),
        ("The token has an expiration too far into the future.", "clock right (NTP)"),
        ("The client_assertion token has already been used.", "repeats requests"),
        ("The client_assertion signature is invalid.", "does not belong to a public key"),
        ("The 'kid' is unknown.", "no active public key of that id"),
        ("The client is not active.", "activate it"),
        ("Invalid value for 'client_id' parameter.", "check the client id"),
    ];
    let mut rows: Vec<(u16, Value, &str)> =
        client_words.iter().map(|(words, help)| (401, refusal_body("invalid_client", words), *help)).collect();
    rows.extend([
        (400, refusal_body("invalid_scope", "No scope."), "grant at least one of okta.users.read"),
        (400, refusal_body("access_denied", "Policy."), "a policy"),
        (400, refusal_body("unsupported_grant_type", "No."), "API Services app"),
        (400, refusal_body("invalid_request", "No."), "API Services app"),
        (400, refusal_body("invalid_dpop_proof", "'htu' is wrong."), "proof of possession"),
        (400, refusal_body("use_dpop_nonce", "Again."), "proof of possession"),
        (429, okta("E0000047"), "the limit of sign-ins"),
        (503, Value::Null, "status.okta.com"),
        (500, okta("E0000009"), "status.okta.com"),
    ]);
    for (status, body, help) in rows {
        org.then([answer(status, body.clone())]);
        let failure = client(&base, 1).granted_scopes(&SilentObserver).await;
        let failure = failure.expect_err("a refusal");
        let told = failure.help().unwrap_or_default();
        assert!(told.contains(help), "{body}: {told}");
        assert!(failure.to_string().contains(&status.to_string()), "{failure}");
        assert_eq!(failure.sent(), crate::okta::RequestReach::No);
        assert!(!format!("{failure:?}").contains("jpsQ"));
    }
    // The same refusal by a clock that is wrong.
    let mut expired = answer(401, refusal_body("invalid_client", "The client_assertion token is expired."));
    expired.header = Some(("date", date(600)));
    org.then([expired]);
    let failure = client(&base, 1).granted_scopes(&SilentObserver).await;
    let told = failure.expect_err("a refusal").help().unwrap_or_default();
    assert!(told.contains("s behind the org's"), "{told}");
}

#[tokio::test]
async fn each_refusal_of_a_call_with_an_access_token_tells_what_to_do() {
    let (org, base) = org().await;
    let scope = r#"scope="okta.groups.read", error="insufficient_scope""#;
    let ended = r#"Bearer error="invalid_token", error_description="The token has expired.""#;
    let proof = r#"DPoP algs="ES256", error="dpop_proof_required_for_token""#;
    let rows: [(u16, Value, &str, &str); 10] = [
        (401, okta("E0000011"), "", "configure the org's own address"),
        (401, Value::Null, ended, "configure the org's own address"),
        (401, Value::Null, "", "configure the org's own address"),
        (401, okta("E0000015"), "", "the feature is off"),
        (403, Value::Null, &format!("Bearer realm=\"x\", {scope}"), "grant okta.groups.read"),
        (403, Value::Null, &format!("DPoP algs=\"ES256\", {scope}"), "grant okta.groups.read"),
        (400, Value::Null, proof, "look at this machine's clock"),
        (403, okta("E0000006"), "", "give that admin (or the service app) a role"),
        (403, okta("E0000005"), "", "configure an API token (SSWS)"),
        (429, okta("E0000047"), "", "Reports > Rate Limits"),
    ];
    for (status, body, challenge, help) in rows {
        let mut refusal = answer(status, body.clone());
        refusal.header = Some(match challenge {
            "" => ("x-okta-request-id", "r1".to_owned()),
            challenge => ("www-authenticate", challenge.to_owned()),
        });
        // A refused token is renewed once, and refused again.
        let renewed = status == 401 && !body.to_string().contains("E0000015");
        let answers =
            if renewed { vec![token("a"), refusal.clone(), token("b"), refusal] } else { vec![token("a"), refusal] };
        let expected = answers.len();
        org.then(answers);
        let sent = client(&base, 1).send(&ApiRequest::new(HttpMethod::Get, "/api/v1/groups"), &SilentObserver).await;
        let told = sent.expect_err("a refusal").help().unwrap_or_default();
        assert!(told.contains(help), "{status} {body} {challenge}: {told}");
        assert_eq!(org.heard(), expected, "{status} {body} {challenge}");
    }
}

#[tokio::test]
async fn trouble_and_a_limit_at_the_first_sign_in_pass_with_a_new_assertion_each_time() {
    let (org, base) = org().await;
    let mut crowded = answer(429, okta("E0000047"));
    crowded.header = Some(("retry-after", "1".to_owned()));
    for trouble in [answer(503, Value::Null), answer(CUT, Value::Null), crowded] {
        org.then([trouble, token("a")]);
        let granted = client(&base, 10).granted_scopes(&SilentObserver).await;
        assert!(granted.is_ok(), "{granted:?}");
        let heard = org.heard.lock().expect("what was heard");
        assert!(heard.len() == 2 && heard[0] != heard[1], "{heard:?}");
    }
    org.then([answer(502, Value::Null)]);
    let failure = client(&base, 10).granted_scopes(&SilentObserver).await;
    assert!(failure.is_err());
    assert_eq!(org.heard(), 3);
}

/// An early renewal that fails costs one question and no wait; a refusal is told.
#[tokio::test]
async fn a_token_that_is_still_good_is_used_while_no_other_can_be_had() {
    let (org, base) = org().await;
    let settings = ClientSettings::default();
    let way = OrgRoute::of(&base, &settings);
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let endpoint = TokenEndpoint { http: &http, base: &base, way: &way, max_attempts: 10, observer: &SilentObserver };
    let session = ClientSession::new(app());
    let url = endpoint.token_url().expect("a URL");
    let sign = async || {
        let signature = session.sign(endpoint, HttpMethod::Get, &url).await?;
        Ok::<_, OktaError>(signature.headers["authorization"].to_str().expect("text").to_owned())
    };
    let early = async || {
        let mut state = session.state.lock().await;
        let mut held = Arc::into_inner(state.held.take().expect("a token")).expect("no other");
        held.granted.renew_from = Instant::now();
        state.held = Some(Arc::new(held));
        state.retry_from = None;
    };
    org.then([token("old")]);
    assert_eq!(sign().await.expect("a token"), "Bearer old");
    for trouble in [answer(503, Value::Null), answer(429, okta("E0000047")), answer(CUT, Value::Null)] {
        early().await;
        org.then([trouble]);
        for _ in 0..3 {
            assert_eq!(sign().await.expect("the old token"), "Bearer old");
        }
        assert_eq!(org.heard(), 1);
    }
    early().await;
    org.then([token("new")]);
    assert_eq!(sign().await.expect("a token"), "Bearer new");
    early().await;
    org.then([answer(401, refusal_body("invalid_client", "The client is not active."))]);
    assert!(matches!(sign().await, Err(OktaError::SignIn(_))));
}
