//! Pushes of groups: what follows of a source, what races, what is not known of the mappings.

use serde_json::{Value, json};

use super::PairSide::{Hub, Spoke};
use super::{OrgPair, cause};

const MAPPINGS: &str = "/api/v1/apps/{app}/group-push/mappings";

impl OrgPair {
    async fn kinds(&self) -> Vec<String> {
        let log = self.get(Spoke, "/simulator/log").await;
        let events = log.as_array().expect("a list").iter();
        events.map(|event| event["eventType"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn rename(&self, from: &str, to: &str, description: &str) {
        let group = self.group(Spoke, from).await;
        let path = format!("/api/v1/groups/{}", group["id"].as_str().expect("an id"));
        let body = json!({"profile": {"name": to, "description": description}});
        self.ok(Spoke, "PUT", &path, &body).await;
        self.settled().await;
    }
}

fn has_kind(kinds: &[String], kind: &str) -> bool {
    kinds.iter().any(|one| one == kind)
}

#[tokio::test]
async fn name_and_description_of_a_pushed_group_follow_its_source() {
    let pair = OrgPair::connected().await;
    pair.assign("ada", &json!({"initialStatus": "active_with_pass"})).await;
    pair.push("Hub Research", &json!({"targetGroupName": "Hub Research"})).await;
    let kinds = pair.kinds().await;
    for kind in ["application.provision.group.add", "application.provision.group_membership.add"] {
        assert!(has_kind(&kinds, kind), "{kind}: {kinds:?}");
    }
    pair.rename("Hub Research", "Hub Science", "new words").await;
    assert!(pair.group(Hub, "Hub Research").await.is_null());
    let group = pair.group(Hub, "Hub Science").await;
    assert_eq!(group["profile"]["description"], "new words");
    assert!(has_kind(&pair.kinds().await, "application.provision.group_push.mapping.app.group.renamed"));
    pair.rename("Hub Science", "Hub Science", "other words").await;
    assert_eq!(pair.group(Hub, "Hub Science").await["profile"]["description"], "other words");
    assert!(has_kind(&pair.kinds().await, "application.provision.group_push.updated"));
    // A name that the hub has already.
    pair.ok(Hub, "POST", "/api/v1/groups", &json!({"profile": {"name": "Taken"}})).await;
    pair.rename("Hub Science", "Taken", "").await;
    assert!(has_kind(&pair.kinds().await, "application.provision.group_push.mapping.app.group.renamed.failed"));
    let mappings = pair.get(Spoke, MAPPINGS).await;
    assert_eq!(mappings[0]["status"], "ERROR");
}

#[tokio::test]
async fn a_target_that_had_another_name_keeps_it() {
    let pair = OrgPair::connected().await;
    pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    pair.rename("Hub Research", "Hub Science", "words").await;
    assert_eq!(pair.group(Hub, "Research").await["profile"]["description"], "words");
}

#[tokio::test]
async fn a_group_that_assigns_and_is_pushed_may_lack_members() {
    let pair = OrgPair::connected().await;
    pair.ok(Spoke, "PATCH", "/simulator/options", &json!({"jobDelayMs": 300})).await;
    for (group, expected) in [("Hub Research", 0), ("Hub Finance", 3)] {
        let source = pair.group(Spoke, group).await["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/apps/{{app}}/groups/{source}");
        let body = json!({"profile": {"initialStatus": "active_with_pass"}});
        pair.ok(Spoke, "PUT", &path, &body).await;
        if expected > 0 {
            // Those who are there already do not race.
            pair.settled().await;
        }
        pair.push(group, &json!({"targetGroupName": group})).await;
        assert_eq!(pair.members(Hub, group).await.len(), expected, "{group}");
    }
}

#[tokio::test]
async fn the_list_of_mappings_filters_and_its_links_forget_it() {
    let pair = OrgPair::connected().await;
    for group in ["Hub Research", "Hub Finance"] {
        pair.push(group, &json!({"targetGroupName": group})).await;
    }
    let source = pair.group(Spoke, "Hub Finance").await["id"].as_str().expect("an id").to_owned();
    let found = pair.get(Spoke, &format!("{MAPPINGS}?sourceGroupId={source}")).await;
    assert_eq!(found.as_array().expect("a list").len(), 1);
    let got = pair.send(Spoke, "GET", &format!("{MAPPINGS}?status=ACTIVE&limit=1"), &Value::Null).await;
    let link = format!("{:?}", got.headers.get_all("link").iter().collect::<Vec<_>>());
    assert!(link.contains("rel=\\\"next") && !link.contains("status="), "{link}");
    let after = pair.get(Spoke, &format!("{MAPPINGS}?lastUpdated=2999-01-01T00:00:00.000Z")).await;
    assert_eq!(after, json!([]));
    let before = pair.get(Spoke, &format!("{MAPPINGS}?lastUpdated=2001-01-01T00:00:00.000Z")).await;
    assert_eq!(before.as_array().expect("a list").len(), 2);
    let wrong = pair.send(Spoke, "GET", &format!("{MAPPINGS}?lastUpdated=soon"), &Value::Null).await;
    assert_eq!(cause(&wrong), "400 E0000001 lastUpdated: is no date");
}

#[tokio::test]
async fn what_is_not_known_of_mappings_follows_the_options() {
    let pair = OrgPair::connected().await;
    let target = json!({"targetGroupName": "Research"});
    let made = pair.push("Hub Research", &target).await.body["id"].clone();
    pair.assumes(json!({"repeatedPush": "existing", "deleteActivePush": "delete", "missingPushType": "app_instance"}))
        .await;
    let again = pair.push("Hub Research", &target).await;
    assert_eq!((again.status, &again.body["id"]), (200, &made));
    let path = format!("{MAPPINGS}/{}", made.as_str().expect("an id"));
    pair.ok(Spoke, "DELETE", &format!("{path}?deleteTargetGroup=false"), &Value::Null).await;
    let gone = pair.send(Spoke, "GET", &path, &Value::Null).await;
    assert!(gone.body["errorSummary"].as_str().expect("words").contains("(AppInstance)"), "{}", gone.body);
}

#[tokio::test]
async fn a_target_that_cannot_be_deleted_is_told() {
    let pair = OrgPair::connected().await;
    let made = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    let path = format!("{MAPPINGS}/{}", made.body["id"].as_str().expect("an id"));
    pair.ok(Spoke, "PATCH", &path, &json!({"status": "INACTIVE"})).await;
    let fault = json!({"method": "DELETE", "path": "/api/v1/groups/*", "times": 1, "action": "status", "status": 403, "errorCode": "E0000006"});
    pair.ok(Hub, "POST", "/simulator/faults", &fault).await;
    pair.ok(Spoke, "DELETE", &format!("{path}?deleteTargetGroup=true"), &Value::Null).await;
    pair.settled().await;
    assert!(has_kind(&pair.kinds().await, "application.provision.group_push.mapping.update.or.delete.failed"));
}
