//! The control surface.

use serde_json::{Value, json};

use super::{JO, STAFF, ServedOrg};

#[tokio::test]
async fn the_state_is_told_and_requests_are_counted() {
    let lab = ServedOrg::new().await;
    lab.send("PUT", &format!("/api/v1/groups/{STAFF}/users/{JO}"), Value::Null).await;
    lab.get("/api/v1/groups").await;
    let state = lab.get("/simulator/state").await.body;
    assert_eq!(state["groups"][STAFF]["members"], json!([JO]));
    assert_eq!(state["users"][JO]["login"], "jo@x.com");
    let counted = lab.get("/simulator/requests").await.body;
    assert_eq!((&counted["total"], &counted["writes"]), (&json!(2), &json!(1)));
    assert_eq!(counted["routes"]["PUT /api/v1/groups/{groupId}/users/{userId}"], 1);
    assert_eq!(lab.post("/simulator/requests/reset", Value::Null).await.status, 204);
    assert_eq!(lab.get("/simulator/requests").await.body["total"], 0);
    let unknown = lab.get("/simulator/nothing").await;
    assert_eq!((unknown.status, unknown.body["error"].is_string()), (404, true));
}

#[tokio::test]
async fn options_are_merged_and_wrong_ones_refused() {
    let lab = ServedOrg::new().await;
    let patch = json!({"limits": {"enabled": true, "scale": 2.0}, "assumptions": {"repeated_member_write": "refuse"}});
    let patch_camel =
        json!({"limits": {"enabled": true, "scale": 2.0}, "assumptions": {"repeatedMemberWrite": "refuse"}});
    assert_eq!(lab.send("PATCH", "/simulator/options", patch).await.status, 400);
    let got = lab.send("PATCH", "/simulator/options", patch_camel).await.body;
    assert_eq!((&got["limits"]["scale"], &got["limits"]["windowSeconds"]), (&json!(2.0), &json!(60)));
    assert_eq!(lab.get("/simulator/options").await.body, got);
}

#[tokio::test]
async fn ordered_faults_happen() {
    let lab = ServedOrg::new().await;
    let member = format!("/api/v1/groups/{STAFF}/users/{JO}");
    let has_member = async || {
        let state = lab.get("/simulator/state").await.body;
        state["groups"][STAFF]["members"] == json!([JO])
    };
    let try_put = async || {
        let request = lab
            .request("PUT", &member)
            .header("authorization", format!("SSWS {}", lab.token()))
            .header("content-length", "0");
        request.send().await.map(|response| response.status().as_u16())
    };
    let order = async |fault: Value| assert_eq!(lab.post("/simulator/faults", fault).await.status, 200);

    order(json!({"method": "PUT", "path": "/api/v1/groups", "action": "cut_before"})).await;
    assert!(try_put().await.is_err());
    assert!(!has_member().await);

    order(json!([{"method": "PUT", "action": "cut_after"}])).await;
    assert!(try_put().await.is_err());
    assert!(has_member().await, "executed, but nobody was told");

    order(json!({"path": "/api/v1/groups/*/users", "action": "status", "status": 503, "errorCode": "E0000010"})).await;
    let got = lab.send("PUT", &member, Value::Null).await;
    assert_eq!((got.status, got.body["errorSummary"].as_str()), (503, Some("Service is in read only mode")));

    order(json!({"action": "concurrency", "times": 0})).await;
    for _ in 0..2 {
        let got = lab.get("/api/v1/groups").await;
        assert_eq!((got.status, got.headers["x-rate-limit-limit"].to_str().ok()), (429, Some("0")));
    }
    assert_eq!(lab.get("/simulator/faults").await.body.as_array().map(Vec::len), Some(4));
    assert_eq!(lab.send("DELETE", "/simulator/faults", Value::Null).await.status, 204);
    assert_eq!(lab.get("/api/v1/groups").await.status, 200);
    assert_eq!(lab.post("/simulator/faults", json!({"action": "explode"})).await.status, 400);
}

#[tokio::test]
async fn dropping_the_simulator_frees_its_port() {
    let lab = ServedOrg::new().await;
    let address = lab.url().trim_start_matches("http://").to_owned();
    drop(lab);
    for _ in 0..100 {
        if tokio::net::TcpListener::bind(&address).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the port is still taken");
}
