//! The System Log's two ways of reading.

use serde_json::Value;

use super::{JO, STAFF, ServedOrg};

fn next(headers: &reqwest::header::HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter().filter_map(|it| it.to_str().ok());
    let mut next = links.filter_map(|link| link.strip_suffix(">; rel=\"next\""));
    next.next().map(|link| link.trim_start_matches('<').to_owned())
}

#[tokio::test]
async fn polling_always_has_a_next_and_a_bounded_query_ends() {
    let lab = ServedOrg::new().await;
    let got = lab.get("/api/v1/logs").await;
    let poll = next(&got.headers).expect("a next page even when empty");
    lab.send("PUT", &format!("/api/v1/groups/{STAFF}/users/{JO}"), Value::Null).await;
    let got = lab.get(poll.strip_prefix(lab.url()).expect("the same host")).await;
    assert_eq!(got.body[0]["eventType"], "group.user_membership.add");
    assert_eq!((&got.body[0]["target"][0]["id"], &got.body[0]["target"][1]["id"]), (&JO.into(), &STAFF.into()));
    assert!(next(&got.headers).is_some());
    let got = lab.get("/api/v1/logs?until=2100-01-01T00:00:00.000Z").await;
    assert_eq!(got.body.as_array().map(Vec::len), Some(1));
    assert!(next(&got.headers).is_none());
}

#[tokio::test]
async fn the_log_is_filtered_and_its_parameters_checked() {
    let lab = ServedOrg::new().await;
    let member = format!("/api/v1/groups/{STAFF}/users/{JO}");
    lab.send("PUT", &member, Value::Null).await;
    lab.send("DELETE", &member, Value::Null).await;
    for (query, expected) in [
        (format!("filter=eventType%20sw%20%22group.%22%20and%20target.id%20eq%20%22{JO}%22"), 2),
        ("filter=eventType%20eq%20%22group.user_membership.remove%22".to_owned(), 1),
        ("filter=outcome.result%20eq%20%22FAILURE%22".to_owned(), 0),
        ("q=remove%20staff".to_owned(), 1),
        ("sortOrder=DESCENDING&limit=1".to_owned(), 1),
    ] {
        let got = lab.get(&format!("/api/v1/logs?{query}")).await;
        assert_eq!(got.body.as_array().map(Vec::len), Some(expected), "{query}");
    }
    let failed = "Api validation failed: logs";
    lab.answers(&[
        (
            "GET",
            "/api/v1/logs?since=2000-01-01T00:00:00Z",
            Value::Null,
            400,
            "E0000001",
            failed,
            "Invalid parameter: The since parameter is over 180 days prior to the current day.",
        ),
        (
            "GET",
            "/api/v1/logs?since=yesterday",
            Value::Null,
            400,
            "E0000001",
            failed,
            "Invalid parameter: The since parameter is not a date.",
        ),
        ("GET", "/api/v1/logs?filter=(", Value::Null, 400, "E0000031", "Invalid search criteria.", ""),
    ])
    .await;
}
