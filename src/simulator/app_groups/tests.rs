use serde_json::{Value, json};

use super::super::rule_fixture::RuleFixture;

const UNIT: &str = "OU=Users,DC=corp,DC=example";

/// Names and priorities in the order of the list.
fn order(stage: &mut RuleFixture) -> Vec<(String, i64)> {
    let (_, list) = stage.call("GET", "/api/v1/apps/{app}/groups?expand=group", &Value::Null);
    let rows = list.as_array().into_iter().flatten();
    rows.map(|row| {
        let name = row["_embedded"]["group"]["profile"]["name"].as_str().unwrap_or_default().to_owned();
        (name, row["priority"].as_i64().unwrap_or(-1))
    })
    .collect()
}

#[test]
fn priorities_are_kept_unique() {
    // Groups with the priority each is put with, in turn; then the order.
    type AppGroupRow = (&'static str, Value, &'static [(&'static str, Option<i64>)], &'static [(&'static str, i64)]);
    let rows: &[AppGroupRow] = &[
        ("the first gets 0", json!({}), &[("from", None)], &[("from", 0)]),
        ("one without is appended", json!({}), &[("from", Some(3)), ("to", None)], &[("from", 3), ("to", 4)]),
        (
            "or comes first",
            json!({"priorityOmitted": "first"}),
            &[("from", Some(0)), ("to", None)],
            &[("to", 0), ("from", 1)],
        ),
        (
            "0 pushes the former holder to 1",
            json!({}),
            &[("from", Some(0)), ("to", Some(0))],
            &[("to", 0), ("from", 1)],
        ),
        (
            "a chain moves up to the gap",
            json!({}),
            &[("from", Some(0)), ("to", Some(1)), ("other", Some(0))],
            &[("other", 0), ("from", 1), ("to", 2)],
        ),
        (
            "a gap ends the chain",
            json!({}),
            &[("from", Some(0)), ("to", Some(2)), ("other", Some(0))],
            &[("other", 0), ("from", 1), ("to", 2)],
        ),
        (
            "an update moves",
            json!({}),
            &[("from", Some(0)), ("to", Some(1)), ("to", Some(0))],
            &[("to", 0), ("from", 1)],
        ),
        (
            "an update without keeps it",
            json!({}),
            &[("from", Some(0)), ("to", Some(4)), ("to", None)],
            &[("from", 0), ("to", 4)],
        ),
    ];
    for (rule, assumption, puts, expected) in rows {
        let mut stage = RuleFixture::bare();
        stage.org.options = serde_json::from_value(json!({"assumptions": assumption})).expect("an assumption");
        for (group, priority) in *puts {
            let body = priority.map_or(json!({}), |priority| json!({"priority": priority}));
            stage = stage.does("PUT", &format!("/api/v1/apps/{{app}}/groups/{{{group}}}"), &body);
        }
        let expected: Vec<_> = expected.iter().map(|(name, priority)| ((*name).to_owned(), *priority)).collect();
        assert_eq!(order(&mut stage), expected, "{rule}");
    }
}

#[test]
fn a_put_without_profile_keeps_or_clears_it() {
    for (answer, expected) in [("keep", json!(UNIT)), ("clear", Value::Null)] {
        let mut stage = RuleFixture::assuming(&json!({"appGroupPutWithoutProfile": answer}));
        let (_, group) = stage.call("PUT", "/api/v1/apps/{app}/groups/{to}", &json!({"priority": 0}));
        assert_eq!(group["profile"]["organizationalUnit"], expected, "{answer}");
    }
}

#[test]
fn wrong_requests_are_refused() {
    for (method, group, body, status, code) in [
        ("PUT", "00gNone", json!({}), 404, "E0000007"),
        ("GET", "{other}", Value::Null, 404, "E0000007"),
        ("DELETE", "{other}", Value::Null, 404, "E0000007"),
        ("PUT", "{to}", json!({"priority": "high"}), 400, "E0000003"),
        ("PUT", "{to}", json!({"priority": -1}), 400, "E0000001"),
        ("PUT", "{to}", json!({"profile": []}), 400, "E0000003"),
        ("PUT", "{to}", json!({"profile": {"organizationalUnit": 7}}), 400, "E0000003"),
        ("PATCH", "{to}", json!({"op": "remove"}), 400, "E0000003"),
        ("PATCH", "{to}", json!([{"op": "replace", "path": "/priority", "value": "x"}]), 400, "E0000003"),
        ("PATCH", "{to}", json!([{"op": "replace", "path": "/priority", "value": 7}]), 200, ""),
        ("DELETE", "{to}", Value::Null, 204, ""),
    ] {
        let (have, answer) = RuleFixture::new().call(method, &format!("/api/v1/apps/{{app}}/groups/{group}"), &body);
        assert_eq!((have, answer["code"].as_str().unwrap_or("")), (status, code), "{method} {group} {body}: {answer}");
    }
}

#[test]
fn a_groups_apps_are_listed() {
    let mut stage = RuleFixture::new();
    let apps = |stage: &mut RuleFixture, group: &str| {
        let (_, list) = stage.call("GET", &format!("/api/v1/groups/{{{group}}}/apps"), &Value::Null);
        list.as_array().map(Vec::len)
    };
    assert_eq!((apps(&mut stage, "to"), apps(&mut stage, "other")), (Some(1), Some(0)));
}

#[test]
fn assignments_are_told_in_the_log() {
    let stage = RuleFixture::new().assign("to", 2, UNIT).does("DELETE", "/api/v1/apps/{app}/groups/{to}", &Value::Null);
    let told: Vec<_> = stage.events().into_iter().filter(|kind| kind.starts_with("group.application")).collect();
    assert_eq!(
        told,
        [
            "group.application_assignment.add",
            "group.application_assignment.add",
            "group.application_assignment.update",
            "group.application_assignment.remove",
        ]
    );
}
