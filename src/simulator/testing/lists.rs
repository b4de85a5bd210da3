//! Pages, filters and searches of lists.

use serde_json::{Value, json};

use super::{AD_APP, AD_GROUP, JO, STAFF, ServedOrg, add_user};

async fn lab() -> ServedOrg {
    ServedOrg::with(|org| {
        for n in 0..450 {
            add_user(org, &format!("00uMany{n:010}1d7"), "Many", &format!("Number{n}"), &format!("many{n}@x.com"));
        }
    })
    .await
}

fn next(headers: &reqwest::header::HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter().filter_map(|it| it.to_str().ok());
    let mut next = links.filter_map(|link| link.strip_suffix(">; rel=\"next\""));
    next.next().map(|link| link.trim_start_matches('<').to_owned())
}

#[tokio::test]
async fn pages_hold_everyone_once() {
    let lab = lab().await;
    let mut path = Some("/api/v1/users".to_owned());
    let mut sizes = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    while let Some(at) = path {
        let got = lab.get(&at).await;
        let users = got.body.as_array().expect("a list").clone();
        sizes.push(users.len());
        for user in &users {
            assert!(ids.insert(user["id"].as_str().expect("an id").to_owned()));
            assert_eq!(user["_links"].as_object().map(serde_json::Map::len), Some(1));
        }
        path = next(&got.headers).map(|url| url.strip_prefix(lab.url()).expect("the same host").to_owned());
    }
    assert_eq!(sizes, [200, 200, 52]);
}

#[tokio::test]
async fn searches_and_filters_find_what_they_should() {
    let lab = lab().await;
    lab.send("DELETE", &format!("/api/v1/users/{JO}"), Value::Null).await;
    let count = |value: &Value| value.as_array().map_or(999, Vec::len);
    for (list, query, expected) in [
        ("users", r#"search=profile.lastName eq "number7""#, 1),
        ("users", r#"filter=profile.lastName eq "number7""#, 0),
        ("users", r#"filter=profile.lastName eq "Number7""#, 1),
        ("users", r#"filter=profile.login eq "many7@x.com" and status eq "ACTIVE""#, 1),
        ("users", r#"filter=status eq "DEPROVISIONED""#, 1),
        ("users", r#"search=profile.firstName eq "Jo""#, 1),
        ("users", "q=Jo", 0),
        ("users", "q=many", 10),
        ("users", "q=Number44", 10),
        ("users", "q=number449", 1),
        ("users", r#"search=id eq "00uNone""#, 0),
        ("users", r#"search=profile.firstName sw "Ad" or profile.lastName EQ "number3""#, 2),
        ("groups", "", 3),
        ("groups", "q=sta", 1),
        ("groups", r#"search=profile.name eq "staff""#, 1),
        ("groups", r#"search=profile.name co "people""#, 1),
        ("groups", r#"filter=type eq "APP_GROUP""#, 1),
        ("groups", r#"search=source.id eq "0oaAd000000000000001d7""#, 1),
        ("groups", r#"search=type eq "BUILT_IN""#, 1),
    ] {
        let encoded = query.replace(' ', "%20").replace('"', "%22");
        let got = lab.get(&format!("/api/v1/{list}?{encoded}")).await;
        assert_eq!(count(&got.body), expected, "{list} {query}: {}", got.body);
    }
}

#[tokio::test]
async fn wrong_expressions_are_refused() {
    let lab = ServedOrg::new().await;
    let syntax = ("E0000031", "Invalid search criteria.");
    let unsupported = ("E0000094", "The provided filter is unsupported.");
    let both = ("E0000033", "Bad request. Can't specify a search query and filter in the same request.");
    for (path, (code, summary)) in [
        ("users?search=profile.firstName%20eq", syntax),
        ("users?filter=nothing", syntax),
        ("users?filter=profile.title%20eq%20%22x%22", unsupported),
        ("users?filter=profile.login%20sw%20%22x%22", unsupported),
        ("users?filter=not%20(status%20eq%20%22x%22)", unsupported),
        ("users?search=status%20eq%20%22x%22&filter=status%20eq%20%22x%22", both),
        ("groups?search=profile.dn%20co%20%22x%22", unsupported),
        ("groups?filter=profile.name%20eq%20%22x%22", unsupported),
        ("groups?search=(", syntax),
    ] {
        let got = lab.get(&format!("/api/v1/{path}")).await;
        assert_eq!(got.status, 400, "{path}");
        assert_eq!(
            (got.body["errorCode"].as_str(), got.body["errorSummary"].as_str()),
            (Some(code), Some(summary)),
            "{path}"
        );
    }
    let got = lab.get("/api/v1/users?search=created%20gt%20%22yesterday%22").await;
    assert_eq!(got.body["errorCode"], "E0000030");
}

#[tokio::test]
async fn a_search_is_sorted_when_asked() {
    let lab = lab().await;
    let got = lab.get("/api/v1/users?search=profile.lastName%20sw%20%22number44%22&sortBy=profile.lastName&sortOrder=desc&limit=2").await;
    let names: Vec<&str> =
        got.body.as_array().into_iter().flatten().filter_map(|it| it["profile"]["lastName"].as_str()).collect();
    assert_eq!(names, ["Number449", "Number448"]);
    let rest = next(&got.headers).expect("a next page");
    let got = lab.get(rest.strip_prefix(lab.url()).expect("the same host")).await;
    assert_eq!(got.body[0]["profile"]["lastName"], "Number447");
}

#[tokio::test]
async fn groups_are_expanded() {
    let lab = ServedOrg::new().await;
    lab.send("PUT", &format!("/api/v1/groups/{STAFF}/users/{JO}"), Value::Null).await;
    let got = lab.get("/api/v1/groups?expand=stats,app&q=Staff").await.body;
    assert_eq!(got[0]["_embedded"]["stats"]["usersCount"], 1);
    let got = lab.get("/api/v1/groups?expand=app&q=AD").await.body;
    assert_eq!((&got[0]["id"], &got[0]["_embedded"]["app"]["id"]), (&json!(AD_GROUP), &json!(AD_APP)));
    let malformed = (
        "GET",
        "/api/v1/groups?expand=x",
        Value::Null,
        400,
        "E0000001",
        "Api validation failed: RequestParams",
        "Expand query is malformed.",
    );
    lab.answers(&[malformed]).await;
}

#[tokio::test]
async fn agent_pools_and_the_org_are_told() {
    let lab = ServedOrg::new().await;
    let pool = lab.get("/api/v1/agentPools?poolType=AD").await.body[0].clone();
    assert_eq!((&pool["id"], &pool["operationalStatus"]), (&json!(AD_APP), &json!("OPERATIONAL")));
    assert_eq!(lab.get("/api/v1/agentPools?poolType=LDAP").await.body, json!([]));
    assert_eq!(lab.get("/api/v1/agentPools/0oaNone/updates").await.body, json!([]));
    let missing = "Not found: Resource not found: 0oaNone (AppInstance)";
    lab.answers(&[("GET", "/api/v1/agentPools/0oaNone/updates/settings", Value::Null, 404, "E0000007", missing, "")])
        .await;
    let public = ServedOrg::receive(lab.request("GET", "/.well-known/okta-organization")).await;
    assert_eq!(public.status, 200);
    assert_eq!(public.body["_links"]["organization"]["href"], lab.url());
    assert_eq!(lab.get("/api/v1/org").await.body["id"], public.body["id"]);
}
