//! The client against an org's limits: no 429 by its own doing, and not slower than the limits ask.

use std::sync::Arc;
use std::time::Instant;

use okta_runbook::okta::{ApiRequest, BaseUrl, ClientSettings, HttpMethod, OktaClient, OrgCredentials, SilentObserver};
use okta_runbook::simulator::{ListenAddress, ScenarioSpec, Simulator};
use serde_json::{Value, json};

struct Org {
    simulator: Simulator,
    http: reqwest::Client,
}

impl Org {
    async fn new(options: Value) -> Self {
        let simulator = Simulator::start(ScenarioSpec::built_in(), ListenAddress::Anywhere).await.unwrap();
        let http = crate::stage::http_client();
        let org = Self { simulator, http };
        let url = format!("{}/simulator/options", org.simulator.orgs()[0].url);
        org.http.patch(url).json(&options).send().await.unwrap().error_for_status().unwrap();
        org
    }

    fn client(&self, reserve: f64) -> Arc<OktaClient> {
        let org = &self.simulator.orgs()[0];
        let (base, _) = BaseUrl::parse(&org.url).unwrap();
        let settings = ClientSettings { reserve, ..ClientSettings::default() };
        Arc::new(OktaClient::new(base, OrgCredentials::Ssws(org.token.clone()), settings).unwrap())
    }

    async fn requests(&self) -> Value {
        let url = format!("{}/simulator/requests", self.simulator.orgs()[0].url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

/// Makes `calls` calls of the bucket of apps from `tasks` tasks.
async fn call(client: &Arc<OktaClient>, calls: usize, tasks: usize) {
    let each = calls / tasks;
    let work = (0..tasks).map(|_| {
        let client = Arc::clone(client);
        tokio::spawn(async move {
            for _ in 0..each {
                client.send(&ApiRequest::new(HttpMethod::Get, "/api/v1/apps"), &SilentObserver).await.unwrap();
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_refused_by_our_own_doing() {
    let org = Org::new(json!({ "limits": { "windowSeconds": 3 } })).await;
    call(&org.client(0.2), 120, 8).await;
    let requests = org.requests().await;
    assert_eq!(requests["limited"], 0, "{requests}");
    assert_eq!(requests["total"], 120, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_of_one_token_share_its_limit() {
    let org = Org::new(json!({ "limits": { "windowSeconds": 3 } })).await;
    let (one, other) = (org.client(0.2), org.client(0.2));
    tokio::join!(call(&one, 40, 4), call(&other, 40, 4));
    let requests = org.requests().await;
    // Each knows the other by the answers only: the reserve takes up what both send before they know.
    assert_eq!(requests["limited"], 0, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn crowding_costs_no_window() {
    let org = Org::new(json!({ "limits": { "enabled": false }, "concurrency": 20, "latencyMs": 20 })).await;
    let begun = Instant::now();
    call(&org.client(0.0), 400, 40).await;
    assert!(begun.elapsed().as_secs() < 30, "a sleep for a window: {:?}", begun.elapsed());
}
