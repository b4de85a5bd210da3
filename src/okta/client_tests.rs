use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap as Headers;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::okta::{LimitWait, RequestReach, SilentObserver, TransportFailure, WaitReason};

const TOKEN: &str = "00SECRETtoken";

/// Remembers the waits it was told of.
#[derive(Default)]
struct WaitNotes(Mutex<Vec<LimitWait>>);

impl WaitObserver for WaitNotes {
    fn waiting(&self, wait: &LimitWait) {
        self.0.lock().expect("the notes").push(wait.clone());
    }
}

fn client_at(port: u16, settings: ClientSettings) -> OktaClient {
    let (base, _) = BaseUrl::parse(&format!("http://127.0.0.1:{port}")).expect("a base URL");
    OktaClient::new(base, OrgCredentials::Ssws(TOKEN.into()), settings).expect("a client")
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

async fn serve(router: Router) -> OktaClient {
    let (listener, port) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    client_at(port, ClientSettings::default())
}

/// A server that reads one request, writes `answer` as it stands, and closes. Gives the request.
async fn raw(answer: &'static [u8]) -> (OktaClient, tokio::task::JoinHandle<String>) {
    let (listener, port) = listen().await;
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") && stream.read_buf(&mut bytes).await.expect("bytes") > 0 {
        }
        stream.write_all(answer).await.expect("an answer");
        String::from_utf8(bytes).expect("text").to_lowercase()
    });
    (client_at(port, ClientSettings::default()), request)
}

async fn send(client: &OktaClient, request: ApiRequest) -> Result<ApiResponse, OktaError> {
    client.send(&request, &SilentObserver).await
}

fn read(path: &str) -> ApiRequest {
    ApiRequest::new(HttpMethod::Get, path)
}

#[tokio::test]
async fn signs_and_describes_every_request() {
    let echo = |headers: Headers| async move {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        axum::Json(json!([
            // An answer that repeats the token would come without it.
            text("authorization") == format!("SSWS {TOKEN}"),
            text("accept"),
            text("content-type"),
            text("user-agent")
        ]))
    };
    let client = serve(Router::new().route("/echo", get(echo))).await;
    let answer = send(&client, read("/echo")).await.expect("an answer");
    let agent = concat!("okta-runbook/", env!("CARGO_PKG_VERSION"));
    assert_eq!(answer.body, json!([true, "application/json", "application/json", agent]));
}

#[tokio::test]
async fn follows_pages_but_never_to_another_host() {
    async fn page(headers: Headers, uri: axum::http::Uri) -> impl IntoResponse {
        let host = headers["host"].to_str().expect("a host");
        let link = match uri.query() {
            None => format!("<http://{host}/list>; rel=\"self\", <http://{host}/list?after=a%2Cb,c>; rel=\"next\""),
            Some("after=a%2Cb,c") => "<https://evil.example/list?after=x>; rel=\"next\"".to_owned(),
            Some(other) => panic!("asked for {other}"),
        };
        ([("link", link), ("x-okta-request-id", "r1".to_owned())], axum::Json(json!([uri.query()])))
    }
    let client = serve(Router::new().route("/list", get(page))).await;
    let first = send(&client, read("/list")).await.expect("a page");
    assert_eq!(first.request_id.as_deref(), Some("r1"));
    let second = client.next(&first.next.expect("a link"), &SilentObserver).await.expect("the next page");
    assert_eq!(second.body, json!(["after=a%2Cb,c"]));
    let refused = client.next(&second.next.expect("a link"), &SilentObserver).await.expect_err("another host");
    assert!(matches!(&refused, OktaError::ForeignLink { link, .. } if link == "https://evil.example"), "{refused}");
    assert_eq!(refused.sent(), RequestReach::No);
    let port = client.base.to_string().replace("127.0.0.1", "127.0.0.2");
    for foreign in [port.as_str(), "http://127.0.0.1:1/list", "https://127.0.0.1/list", "http://u:p@127.0.0.1/"] {
        let refused = client.next(&NextPage::new(foreign), &SilentObserver).await;
        assert!(matches!(refused, Err(OktaError::ForeignLink { .. })), "{foreign}");
    }
}

/// Answers 429 with these headers `times` times, then 200.
fn limited_router(times: u32, headers: [(&'static str, &'static str); 4]) -> Router {
    let count = Arc::new(AtomicU32::new(0));
    let answer = move |State(count): State<Arc<AtomicU32>>| async move {
        if count.fetch_add(1, Ordering::SeqCst) < times {
            let body = json!({"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit due to too many requests."});
            return (axum::http::StatusCode::TOO_MANY_REQUESTS, headers, axum::Json(body)).into_response();
        }
        ([("x-rate-limit-limit", "50"), ("x-rate-limit-remaining", "49"), ("x-rate-limit-reset", "7")], "{}")
            .into_response()
    };
    Router::new().route("/limited", any(answer)).with_state(count)
}

const EMPTY_BUCKET: [(&str, &str); 4] = [
    ("x-rate-limit-limit", "10"),
    ("x-rate-limit-remaining", "0"),
    ("x-rate-limit-reset", "1000"),
    ("date", "Thu, 01 Jan 1970 00:16:40 GMT"),
];

#[tokio::test]
async fn waits_out_a_429_and_says_so_first() {
    let client = serve(limited_router(1, EMPTY_BUCKET)).await;
    let notes = WaitNotes::default();
    let request = ApiRequest::new(HttpMethod::Post, "/limited").json(json!({"a": 1}));
    let answer = client.send(&request, &notes).await.expect("an answer");
    assert_eq!(answer.rate, Some(crate::okta::RateLimit { limit: 50, remaining: 49, reset: 7 }));
    let notes = notes.0.lock().expect("the notes");
    let [wait] = &notes[..] else { panic!("{notes:?}") };
    assert_eq!((wait.reason, wait.duration.as_secs(), wait.path.as_str()), (WaitReason::RateLimit, 1, "/limited"));
}

#[tokio::test]
async fn gives_up_after_the_last_attempt() {
    let mut headers = EMPTY_BUCKET;
    headers[0].1 = "0";
    let mut client = serve(limited_router(99, headers)).await;
    client.settings.max_attempts = 2;
    let notes = WaitNotes::default();
    let refused = client.send(&read("/limited"), &notes).await.expect_err("a refusal");
    assert!(refused.api().is_some_and(|refusal| refusal.is("E0000047")), "{refused}");
    let waits = notes.0.lock().expect("the notes").len();
    assert_eq!(waits, 1);
}

#[tokio::test]
async fn a_wait_ends_when_the_future_is_dropped() {
    let mut headers = EMPTY_BUCKET;
    headers[2].1 = "1100";
    let client = serve(limited_router(1, headers)).await;
    let cancelled =
        tokio::time::timeout(Duration::from_millis(300), client.send(&read("/limited"), &SilentObserver)).await;
    assert!(cancelled.is_err());
}

#[tokio::test]
async fn a_write_without_body_has_length_zero() {
    for method in [HttpMethod::Post, HttpMethod::Put] {
        let (client, request) = raw(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let answer = send(&client, ApiRequest::new(method, "/x")).await.expect("an answer");
        assert_eq!((answer.status, answer.body), (204, Value::Null));
        let text = request.await.expect("the request");
        assert_eq!(text.matches("content-length: 0\r\n").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_certainly_unsent() {
    let (listener, port) = listen().await;
    drop(listener);
    let failure = send(&client_at(port, ClientSettings::default()), read("/x")).await.expect_err("no server");
    assert!(
        matches!(failure, OktaError::Transport { failure: TransportFailure::Refused, sent: RequestReach::No, .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_cut_connection_may_have_been_sent() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"] {
        let (client, _) = raw(answer).await;
        let failure = send(&client, ApiRequest::new(HttpMethod::Post, "/x").json(json!({}))).await.expect_err("cut");
        assert!(
            matches!(failure, OktaError::Transport { failure: TransportFailure::Cut, sent: RequestReach::Maybe, .. }),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn tls_to_a_plain_server_is_certainly_unsent() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut hello = [0; 16];
        let _ = stream.read(&mut hello).await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("an answer");
    });
    let (base, _) = BaseUrl::parse(&format!("https://127.0.0.1:{port}")).expect("a base URL");
    let client =
        OktaClient::new(base, OrgCredentials::Ssws(TOKEN.into()), ClientSettings::default()).expect("a client");
    let failure = send(&client, read("/x")).await.expect_err("no TLS");
    assert!(
        matches!(failure, OktaError::Transport { failure: TransportFailure::Tls, sent: RequestReach::No, .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn an_unknown_host_is_certainly_unsent() {
    let (base, _) = BaseUrl::parse("https://no-such-org.invalid").expect("a base URL");
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("an HTTP client");
    let mut client =
        OktaClient::new(base, OrgCredentials::Ssws(TOKEN.into()), ClientSettings::default()).expect("a client");
    client.http = http;
    let failure = send(&client, read("/x")).await.expect_err("no host");
    assert!(
        matches!(failure, OktaError::Transport { failure: TransportFailure::UnknownHost, sent: RequestReach::No, .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_late_answer_may_have_been_sent() {
    let (listener, port) = listen().await;
    let settings = ClientSettings { request_timeout: Duration::from_millis(200), ..ClientSettings::default() };
    let failure = send(&client_at(port, settings), read("/x")).await.expect_err("no answer");
    drop(listener);
    assert!(matches!(failure, OktaError::Timeout { sent: RequestReach::Maybe, .. }), "{failure:?}");
}

#[tokio::test]
async fn each_form_of_refusal_is_told_apart_and_shows_no_token() {
    let rows: [(&'static [u8], &str, &str); 7] = [
        (b"HTTP/1.1 401 X\r\nconnection: close\r\n\r\n{\"errorCode\":\"E0000011\",\"errorSummary\":\"Invalid token provided\",\"errorCauses\":[]}",
         "401 E0000011: Invalid token provided", "30 days"),
        (b"HTTP/1.1 401 X\r\nconnection: close\r\n\r\n{\"errorCode\":\"E0000015\",\"errorSummary\":\"No feature\"}",
         "401 E0000015: No feature", "the token is fine"),
        (b"HTTP/1.1 403 X\r\ncontent-length: 0\r\nwww-authenticate: Bearer scope=\"okta.groups.read\", error=\"insufficient_scope\"\r\n\r\n",
         "403: Forbidden", "okta.groups.read"),
        (b"HTTP/1.1 404 X\r\nconnection: close\r\ncontent-type: text/html; charset=utf-8\r\n\r\n<html>",
         "127.0.0.1 answered 404 with text/html", "check the org's URL"),
        (b"HTTP/1.1 503 X\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html>", "503: Service Unavailable", "status.okta.com"),
        (b"HTTP/1.1 200 X\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html>", "127.0.0.1 answered 200 with text/html", "carried out"),
        (b"HTTP/1.1 302 X\r\ncontent-length: 0\r\nlocation: https://evil.example/login?x=1\r\n\r\n",
         "127.0.0.1 answered 302, a redirect to evil.example;", "own URL"),
    ];
    for (answer, message, help) in rows {
        let (client, _) = raw(answer).await;
        let refused = send(&client, read("/x")).await.expect_err(message);
        assert!(refused.to_string().starts_with(message), "{refused}");
        assert!(refused.help().is_some_and(|text| text.contains(help)), "{:?}", refused.help());
        assert_eq!(refused.sent(), RequestReach::Yes);
        assert!(!format!("{refused} {refused:?} {:?} {client:?}", refused.help()).contains("SECRET"));
    }
}

#[tokio::test]
async fn a_reading_client_sends_nothing_but_get() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = |State(calls): State<Arc<AtomicU32>>| async move {
        calls.fetch_add(1, Ordering::SeqCst);
        "{}"
    };
    let router = Router::new().route("/thing", any(counted)).with_state(Arc::clone(&calls));
    let reading = serve(router).await.read_only();
    for method in [HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete] {
        let refused = send(&reading, ApiRequest::new(method, "/thing")).await;
        let refused = refused.expect_err("a refusal").to_string();
        assert!(refused.contains("nothing but GET"), "{refused}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    send(&reading, read("/thing")).await.expect("an answer");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn calls_through_a_shadow_keep_the_org_s_own_address() {
    let paged = |headers: Headers| async move {
        let host = headers["host"].to_str().expect("a host").to_owned();
        assert!(host.starts_with("127.0.0.1:"), "{host}");
        let next = "<https://acme.okta.com/list?after=x>; rel=\"next\"";
        ([("link", next)], "[1]")
    };
    let (listener, port) = listen().await;
    let router = Router::new().route("/list", get(paged));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let url = |text: &str| BaseUrl::parse(text).expect("a base URL").0;
    let settings =
        ClientSettings { through: Some(url(&format!("http://127.0.0.1:{port}"))), ..ClientSettings::default() };
    let acme = url("https://acme.okta.com");
    let client = OktaClient::new(acme, OrgCredentials::Ssws(TOKEN.into()), settings).expect("a client");
    assert_eq!(client.base_url().to_string(), "https://acme.okta.com");
    let page = send(&client, read("/list")).await.expect("a page");
    let next = page.next.expect("another page");
    client.next(&next, &SilentObserver).await.expect("the next page");
}

/// A server whose answers have no end, and a client that reads no more than `longest` bytes of one.
async fn endless(longest_answer: usize) -> OktaClient {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 2048]).await;
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
                let chunk = [b"4000\r\n", [b' '; 0x4000].as_slice(), b"\r\n"].concat();
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    sent = stream.write_all(&chunk).await;
                }
            });
        }
    });
    let settings = ClientSettings { longest_answer, ..ClientSettings::default() };
    client_at(port, settings)
}

#[tokio::test]
async fn an_answer_without_end_is_read_up_to_its_bound_and_may_have_been_carried_out() {
    let client = endless(3 << 20).await;
    let post = ApiRequest::new(HttpMethod::Post, "/list").json(json!({}));
    for request in [read("/list"), post] {
        let refused = send(&client, request).await.expect_err("too large");
        assert_eq!(refused.sent(), RequestReach::Maybe);
        let words = refused.to_string();
        assert!(words.contains("127.0.0.1") && words.contains("more than 3 MiB"), "{words}");
        assert!(refused.help().is_some());
    }
    let public = client.look("/.well-known/okta-organization").await;
    let words = public.expect_err("too large").to_string();
    assert!(words.contains("more than 1 MiB"), "{words}");
}
