//! The client alone: what the limits cost, and what a call costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_runbook::okta::{ApiRequest, BaseUrl, ClientSettings, HttpMethod, OktaClient, OrgCredentials, SilentObserver};
use okta_runbook::simulator::Simulator;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::org;

fn client_of(simulator: &Simulator) -> Arc<OktaClient> {
    let org = &simulator.orgs()[0];
    let (base, _) = BaseUrl::parse(&org.url).unwrap();
    Arc::new(OktaClient::new(base, OrgCredentials::Ssws(org.token.clone()), ClientSettings::default()).unwrap())
}

async fn calls(client: &Arc<OktaClient>, count: usize, tasks: usize) -> Duration {
    let begun = Instant::now();
    let work = (0..tasks).map(|_| {
        let client = Arc::clone(client);
        tokio::spawn(async move {
            for _ in 0..count / tasks {
                client.send(&ApiRequest::new(HttpMethod::Get, "/api/v1/apps"), &SilentObserver).await.unwrap();
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    begun.elapsed()
}

/// The scarce bucket: 50 calls a window for a token, 40 of them ours.
pub(crate) async fn limits() {
    let (window, count) = (20.0, 500);
    let (simulator, http) = org(3, &json!({ "limits": { "windowSeconds": window as u64 } })).await;
    let took = calls(&client_of(&simulator), count, 8).await.as_secs_f64();
    let url = format!("{}/simulator/requests", simulator.orgs()[0].url);
    let requests: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    let ideal = count as f64 / 40.0 * window;
    println!("limits: time / ideal = {:.3} ({count} calls, {} refused)", took / ideal, requests["limited"]);
}

/// What a call costs beside the same call by reqwest alone.
pub(crate) async fn cost() {
    let (simulator, http) = org(3, &json!({ "limits": { "enabled": false } })).await;
    let own = calls(&client_of(&simulator), 8000, 8).await.as_secs_f64();
    let address = &simulator.orgs()[0];
    let (url, token) = (format!("{}/api/v1/apps", address.url), format!("SSWS {}", address.token.expose_secret()));
    let begun = Instant::now();
    let work = (0..8).map(|_| {
        let (http, url, token) = (http.clone(), url.clone(), token.clone());
        tokio::spawn(async move {
            for _ in 0..1000 {
                let answer = http.get(&url).header("Authorization", &token).send().await.unwrap();
                answer.bytes().await.unwrap();
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    println!("client: time / reqwest alone = {:.2}", own / begun.elapsed().as_secs_f64());
}
