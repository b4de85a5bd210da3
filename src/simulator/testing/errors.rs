//! Answers that no resource gives: paths, methods, headers, bodies.

use serde_json::{Value, json};

use super::ServedOrg;

#[tokio::test]
async fn paths_methods_and_bodies_are_checked() {
    let lab = ServedOrg::new().await;
    let none = || Value::Null;
    lab.answers(&[
        (
            "POST",
            "/api/v1/policies",
            none(),
            501,
            "E0000060",
            "Unsupported operation.",
            "POST /api/v1/policies is not modelled by the simulator",
        ),
        ("GET", "/api/v1/nothing", none(), 404, "E0000008", "The requested path was not found", ""),
        (
            "PATCH",
            "/api/v1/users",
            json!({}),
            405,
            "E0000022",
            "The endpoint does not support the provided HTTP method",
            "",
        ),
        (
            "GET",
            "/api/v1/policies",
            none(),
            501,
            "E0000060",
            "Unsupported operation.",
            "GET /api/v1/policies is not modelled by the simulator",
        ),
        ("POST", "/api/v1/groups", none(), 400, "E0000003", "The request body was not well-formed.", ""),
        ("POST", "/api/v1/groups", json!([1]), 400, "E0000003", "The request body was not well-formed.", ""),
        ("GET", "/api/v1/users?after=zzz", none(), 400, "E0000029", "Invalid paging request.", "Invalid cursor."),
        (
            "GET",
            "/api/v1/users?limit=many",
            none(),
            400,
            "E0000037",
            "Type mismatch exception.  Could not read \"many\" as limit.",
            "",
        ),
    ])
    .await;
}

#[tokio::test]
async fn headers_are_checked() {
    let lab = ServedOrg::new().await;
    for (accept, kind, body, status, code) in [
        (None, Some("application/json"), "{", 400, "E0000003"),
        (Some("text/html"), None, "", 400, "E0000019"),
        (Some("text/html, */*;q=0.1"), None, "", 400, "E0000003"),
        (None, None, "{}", 400, "E0000018"),
        (None, Some("text/plain"), "{}", 400, "E0000021"),
        (None, Some("application/octet-stream"), "", 400, "E0000003"),
        (None, Some("application/json; charset=utf-8"), r#"{"profile":{"name":"ok"}}"#, 200, ""),
    ] {
        let mut request = lab
            .request("POST", "/api/v1/groups")
            .header("authorization", format!("SSWS {}", lab.token()))
            .header("content-length", body.len())
            .body(body);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let got = ServedOrg::receive(request).await;
        let row = format!("{accept:?} {kind:?} {body}: {}", got.body);
        assert_eq!(got.status, status, "{row}");
        assert_eq!(got.body["errorCode"].as_str().unwrap_or(""), code, "{row}");
    }
}

#[tokio::test]
async fn a_post_must_tell_its_length() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let lab = ServedOrg::new().await;
    let address = lab.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connects");
    let request = format!(
        "POST /api/v1/groups HTTP/1.1\r\nhost: {address}\r\nauthorization: SSWS {}\r\nconnection: close\r\n\r\n",
        lab.token()
    );
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");
}

#[tokio::test]
async fn every_answer_has_oktas_headers_and_error_object() {
    let lab = ServedOrg::new().await;
    for path in ["/api/v1/users", "/api/v1/nothing", "/api/v1/users/none", "/.well-known/okta-organization"] {
        let got = lab.get(path).await;
        let header = |name: &str| got.headers.get(name).map_or("", |it| it.to_str().unwrap_or(""));
        let id = header("x-okta-request-id");
        assert!(id.len() == 32 && id.chars().all(|it| it.is_ascii_hexdigit()), "{path}: {id}");
        assert_eq!(header("cache-control"), "no-cache, no-store", "{path}");
        assert_eq!(header("content-type"), "application/json", "{path}");
        for name in ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"] {
            assert!(header(name).parse::<u64>().is_ok(), "{path} {name}");
        }
        assert!(!header("date").is_empty(), "{path}");
    }
    let body = lab.get("/api/v1/users/none").await.body;
    assert_eq!(body["errorSummary"], "Not found: Resource not found: none (User)");
    assert_eq!(body["errorLink"], body["errorCode"]);
    assert!(body["errorId"].as_str().is_some_and(|id| id.starts_with("oae")));
    assert_eq!(body["errorCauses"], json!([]));
}

#[tokio::test]
async fn limits_are_counted_told_and_enforced() {
    let lab = ServedOrg::with(|org| org.options.limits.enabled = true).await;
    let mut remaining = Vec::new();
    let mut last = None;
    for _ in 0..11 {
        let got = lab.get("/api/v1/agentPools").await;
        assert_eq!(got.headers["x-rate-limit-limit"], "10");
        remaining.push(got.headers["x-rate-limit-remaining"].to_str().expect("text").to_owned());
        last = Some(got);
    }
    assert_eq!(remaining.join(" "), "9 8 7 6 5 4 3 2 1 0 0");
    let last = last.expect("an answer");
    assert_eq!((last.status, last.body["errorCode"].as_str()), (429, Some("E0000047")));
    assert_eq!(last.body["errorSummary"], "API call exceeded rate limit due to too many requests.");
    assert!(!last.headers.contains_key("retry-after"));
    // Another bucket is not touched.
    assert_eq!(lab.get("/api/v1/groups").await.status, 200);
    lab.post("/simulator/clock", json!({"advanceMs": 61_000})).await;
    let got = lab.get("/api/v1/agentPools").await;
    assert_eq!(got.status, 200);
    let date = got.headers["date"].to_str().expect("text");
    let at = jiff::fmt::rfc2822::parse(date).expect("a date").timestamp().as_second();
    let reset: i64 = got.headers["x-rate-limit-reset"].to_str().expect("text").parse().expect("a number");
    assert!((59..=61).contains(&(reset - at)), "{reset} {at}");
}

#[tokio::test]
async fn too_many_simultaneous_calls_get_a_429_with_zero_as_limit() {
    let lab = ServedOrg::with(|org| {
        org.options.concurrency = Some(1);
        org.options.latency_ms = 100;
    })
    .await;
    let (one, two) = tokio::join!(lab.get("/api/v1/groups"), lab.get("/api/v1/groups"));
    let refused = if one.status == 429 { one } else { two };
    assert_eq!((refused.status, refused.body["errorCode"].as_str()), (429, Some("E0000047")));
    assert_eq!(refused.headers["x-rate-limit-limit"], "0");
    assert_eq!(refused.headers["x-rate-limit-remaining"], "0");
}
