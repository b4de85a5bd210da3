//! A shadow over HTTP, with an org behind it that only these tests know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use okta_runbook::simulator::{OrgAddress, Simulator, UpstreamAnswer, UpstreamOrg, UpstreamRead};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

const URL: &str = "https://acme.example";

/// Answers by address; what was asked, in order.
#[derive(Clone, Default)]
struct Acme {
    answers: BTreeMap<String, Value>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Acme {
    fn new(answers: &[(&str, Value)]) -> Self {
        let me = json!({"id": "00uMe", "status": "ACTIVE", "profile": {"login": "me@acme.example"}});
        let own = [
            ("/.well-known/okta-organization", json!({"id": "00oAcme"})),
            ("/api/v1/users/me", me),
            ("/api/v1/users/00uMe/roles", json!([{"id": "ra1", "type": "SUPER_ADMIN"}])),
        ];
        let all = own.iter().chain(answers);
        Self { answers: all.map(|(path, body)| ((*path).to_owned(), body.clone())).collect(), asked: Arc::default() }
    }
}

impl UpstreamOrg for Acme {
    fn url(&self) -> String {
        URL.to_owned()
    }

    fn get<'a>(&'a self, address: &'a str) -> UpstreamRead<'a> {
        let path = address.strip_prefix(URL).unwrap_or(address);
        self.asked.lock().unwrap().push(path.to_owned());
        if path == "/api/v1/broken" || path.starts_with("/api/v1/idps") {
            return Box::pin(async { Err("the line is dead".to_owned()) });
        }
        let body = self.answers.get(path).cloned();
        // Two things a page.
        let next = body.as_ref().and_then(|body| {
            let more = body["next"].as_str()?;
            Some(format!("{URL}{more}"))
        });
        let seen = body.map_or_else(
            || UpstreamAnswer {
                status: 404,
                body: json!({"errorCode": "E0000007", "errorSummary": "Not found"}),
                next: None,
            },
            |body| UpstreamAnswer { status: 200, body: body.get("items").cloned().unwrap_or(body), next },
        );
        Box::pin(async move { Ok(seen) })
    }

    fn with_token(&self, _: SecretString) -> Option<Arc<dyn UpstreamOrg>> {
        None
    }
}

struct Shadowed {
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    acme: Acme,
    http: reqwest::Client,
}

impl Shadowed {
    fn new(answers: &[(&str, Value)]) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let acme = Acme::new(answers);
        let upstream: Arc<dyn UpstreamOrg> = Arc::new(acme.clone());
        let shadows = Simulator::shadow(vec![("okta".to_owned(), upstream)], Vec::new());
        let simulator = runtime.block_on(shadows).unwrap();
        acme.asked.lock().unwrap().clear();
        Self { runtime, simulator, acme, http: crate::stage::http_client() }
    }

    fn org(&self) -> &OrgAddress {
        &self.simulator.orgs()[0]
    }

    /// Status, body, and the path of the next page.
    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value, Option<String>) {
        let org = self.org();
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", org.url))
            .header("Authorization", format!("SSWS {}", org.token.expose_secret()));
        let request = if body.is_null() { request.header("Content-Length", "0") } else { request.json(body) };
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let link = response.headers().get("link");
            let next = link.map(|link| {
                let link = link.to_str().unwrap();
                let url = link.trim_start_matches('<').split('>').next().unwrap();
                url.strip_prefix(URL).unwrap().to_owned()
            });
            let text = response.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or_default(), next)
        })
    }

    fn get(&self, path: &str) -> Value {
        let (status, body, _) = self.send("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.acme.asked.lock().unwrap())
    }
}

fn names(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item["profile"]["name"].as_str().or(item["name"].as_str()).unwrap()).collect()
}

fn group(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "OKTA_GROUP", "objectClass": ["okta:user_group"], "profile": {"name": name, "colour": "red"},
        "created": "2026-01-01T00:00:00.000Z", "unknown": {"kept": true}})
}

/// A list in two pages.
fn groups() -> Shadowed {
    Shadowed::new(&[
        (
            "/api/v1/groups?limit=2",
            json!({"items": [group("00gA", "A"), group("00gB", "B")], "next": "/api/v1/groups?after=x&limit=2"}),
        ),
        ("/api/v1/groups?after=x&limit=2", json!([group("00gC", "C")])),
        ("/api/v1/groups/00gA", group("00gA", "A")),
        ("/api/v1/groups/00gC", group("00gC", "C")),
    ])
}

#[test]
fn a_list_is_read_as_it_is_walked_and_stays_as_the_org_told_it() {
    let shadowed = groups();
    let (_, page, next) = shadowed.send("GET", "/api/v1/groups?limit=2", &Value::Null);
    assert_eq!(page[0], group("00gA", "A"), "what no rule knows is there as well");
    assert_eq!(shadowed.asked(), ["/api/v1/groups?limit=2"]);
    let (_, page, next) = shadowed.send("GET", &next.unwrap(), &Value::Null);
    assert_eq!((names(&page), next), (vec!["C"], None));
    shadowed.get("/api/v1/groups?limit=2");
    assert_eq!(shadowed.asked(), ["/api/v1/groups?after=x&limit=2"], "the first page is known");
}

#[test]
fn what_is_changed_made_and_deleted_is_laid_over_lists_and_things() {
    let shadowed = groups();
    let renamed = json!({"profile": {"name": "Z", "colour": "red"}});
    let (status, ..) = shadowed.send("PUT", "/api/v1/groups/00gC", &renamed);
    assert_eq!(status, 200);
    let (status, ..) = shadowed.send("DELETE", "/api/v1/groups/00gA", &Value::Null);
    assert_eq!(status, 204);
    let (_, made, _) = shadowed.send("POST", "/api/v1/groups", &json!({"profile": {"name": "New"}}));
    assert!(made["id"].as_str().unwrap().contains("PLANNED"), "{made}");
    let (_, first, next) = shadowed.send("GET", "/api/v1/groups?limit=2", &Value::Null);
    assert_eq!(names(&first), ["B"]);
    let last = shadowed.get(&next.unwrap());
    assert_eq!(names(&last), ["Z", "New"]);
    assert_eq!(last[0]["unknown"], json!({"kept": true}));
    let (status, ..) = shadowed.send("GET", "/api/v1/groups/00gA", &Value::Null);
    assert_eq!(status, 404);
    let ends = shadowed.get("/simulator/shadow");
    let paths: Vec<&str> = ends.as_array().unwrap().iter().map(|end| end["path"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 3, "{ends:#}");
}

#[test]
fn what_is_not_modelled_goes_as_rest_says() {
    let shadowed = Shadowed::new(&[
        (
            "/api/v1/zones",
            json!([{"id": "nzo1", "name": "Office", "status": "ACTIVE", "gateways": [1]}, {"id": "nzo2", "name": "Home"}]),
        ),
        ("/api/v1/zones/nzo1", json!({"id": "nzo1", "name": "Office", "status": "ACTIVE", "gateways": [1]})),
    ]);
    let (_, put, _) = shadowed.send("PUT", "/api/v1/zones/nzo1", &json!({"name": "Branch"}));
    assert_eq!(put, json!({"id": "nzo1", "name": "Branch", "status": "ACTIVE", "gateways": [1]}));
    shadowed.send("POST", "/api/v1/zones/nzo1/lifecycle/deactivate", &Value::Null);
    shadowed.send("DELETE", "/api/v1/zones/nzo2", &Value::Null);
    let (_, made, _) = shadowed.send("POST", "/api/v1/zones", &json!({"name": "New"}));
    let list = shadowed.get("/api/v1/zones");
    assert_eq!(names(&list), ["Branch", "New"]);
    assert_eq!(list[0]["status"], "INACTIVE");
    let own = format!("/api/v1/zones/{}", made["id"].as_str().unwrap());
    assert_eq!(shadowed.get(&own)["name"], "New");
    let (status, ..) = shadowed.send("GET", "/api/v1/zones/nzo2", &Value::Null);
    assert_eq!(status, 404);
}

#[test]
fn attributes_of_users_are_those_of_the_orgs_schema() {
    let kim = json!({"id": "00uKim", "status": "ACTIVE", "profile": {"login": "kim@acme.example", "firstName": "Kim", "lastName": "Lee",
        "email": "kim@acme.example"}});
    let known = [
        ("/api/v1/users/00uKim", kim),
        ("/api/v1/groups/rules?limit=200", json!([])),
        ("/api/v1/apps?filter=name%20eq%20%22active_directory%22&limit=200", json!([])),
        ("/api/v1/apps?filter=name%20eq%20%22okta_org2org%22&limit=200", json!([])),
    ];
    let schema = json!({"definitions": {"custom": {"required": [], "properties": {"badge": {"type": "string"}}}}});
    let schema = ("/api/v1/meta/schemas/user/default", schema);
    let set = |shadowed: &Shadowed, name: &str| {
        let body = json!({"profile": {name: "7"}});
        let (status, body, _) = shadowed.send("POST", "/api/v1/users/00uKim", &body);
        (status, body["profile"][name].clone())
    };
    let read = Shadowed::new(&[&known[..], &[schema]].concat());
    assert_eq!(set(&read, "badge"), (200, json!("7")));
    assert_eq!(set(&read, "bagde").0, 400);
    // Of a schema that cannot be read nobody knows what it defines.
    let unread = Shadowed::new(&known);
    assert_eq!(set(&unread, "bagde"), (200, json!("7")));
}

#[test]
fn what_the_org_refuses_or_does_not_answer_is_told_as_it_is() {
    let shadowed = Shadowed::new(&[]);
    let (status, body, _) = shadowed.send("GET", "/api/v1/groups/00gNone", &Value::Null);
    assert_eq!((status, &body["errorCode"]), (404, &json!("E0000007")));
    let (status, body, _) = shadowed.send("GET", "/api/v1/idps", &Value::Null);
    assert_eq!(status, 502);
    assert!(body.to_string().contains("the line is dead"), "{body}");
    let nobody = shadowed.http.get(format!("{}/api/v1/groups", shadowed.org().url));
    let nobody = nobody.header("Authorization", "SSWS 00nobody");
    let status = shadowed.runtime.block_on(async { nobody.send().await.unwrap().status() });
    assert_eq!(status.as_u16(), 401);
}
