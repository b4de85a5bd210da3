//! One row a rule: what is done, and what then is so in Okta and in AD.

use serde_json::{Value, json};

use super::super::rule_fixture::RuleFixture;

/// Rule, what is done, whom it is about, and what is told of him (see `RuleFixture::tells`).
type ProvisioningRow = (&'static str, fn(RuleFixture) -> RuleFixture, &'static str, &'static str);

const IN_SOURCE: &str = "USER ACTIVE SYNCHRONIZED OU=User-Contractor | OU=User-Contractor enabled";
const GROUPED: &str = "GROUP ACTIVE SYNCHRONIZED OU=User-Contractor | OU=User-Contractor enabled";
const MOVED: &str = "GROUP ACTIVE SYNCHRONIZED OU=Users | OU=Users enabled";
const STUCK: &str = "GROUP ACTIVE ERROR OU=User-Contractor | OU=User-Contractor enabled";

fn convert_assignment(stage: RuleFixture) -> RuleFixture {
    stage.join("ada", "from").scope("ada", "GROUP").settled()
}

fn outrank_group(stage: RuleFixture) -> RuleFixture {
    stage.assign("to", 5, "OU=Users,DC=corp,DC=example").settled()
}

fn hold(rows: &[ProvisioningRow]) {
    for (rule, does, user, expected) in rows {
        let stage = does(RuleFixture::new());
        assert_eq!(stage.tells(user), *expected, "{rule}: tasks {:?}", stage.reasons());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one row a rule")]
fn groups_place_users_by_priority_and_scope() {
    hold(&[
        ("an import gives an individual assignment", |s| s, "ada", IN_SOURCE),
        ("an individual assignment is not driven by groups", |s| s.join("ada", "to").settled(), "ada", IN_SOURCE),
        ("converting in the group of the present OU moves nothing", convert_assignment, "ada", GROUPED),
        (
            "converting in the group of another OU moves",
            |s| s.join("ada", "to").scope("ada", "GROUP").settled(),
            "ada",
            MOVED,
        ),
        ("joining a better group moves at once", |s| convert_assignment(s).join("ada", "to").settled(), "ada", MOVED),
        (
            "joining a worse group moves nothing",
            |s| outrank_group(convert_assignment(s)).join("ada", "to").settled(),
            "ada",
            GROUPED,
        ),
        (
            "leaving the better group moves to the next",
            |s| outrank_group(convert_assignment(s)).join("ada", "to").leave("ada", "from").settled(),
            "ada",
            MOVED,
        ),
        (
            "leaving the worse group moves nothing",
            |s| convert_assignment(s).join("ada", "to").settled().leave("ada", "from").settled(),
            "ada",
            MOVED,
        ),
        (
            "the effective group's assignment is deleted: the next decides",
            |s| {
                outrank_group(convert_assignment(s))
                    .join("ada", "to")
                    .does("DELETE", "/api/v1/apps/{app}/groups/{from}", &Value::Null)
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "the group itself is deleted: the next decides",
            |s| {
                outrank_group(convert_assignment(s))
                    .join("ada", "to")
                    .does("DELETE", "/api/v1/groups/{from}", &Value::Null)
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "priorities are written anew",
            |s| {
                outrank_group(convert_assignment(s))
                    .join("ada", "to")
                    .assign("to", 0, "OU=Users,DC=corp,DC=example")
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "the OU of an assignment is edited",
            |s| convert_assignment(s).assign("from", 1, "OU=Users,DC=corp,DC=example").settled(),
            "ada",
            MOVED,
        ),
        (
            "the OU of an assignment is patched",
            |s| {
                convert_assignment(s).does("PATCH", "/api/v1/apps/{app}/groups/{from}",
                &json!([{"op": "replace", "path": "/profile/organizationalUnit", "value": "OU=Users,DC=corp,DC=example"}])).settled()
            },
            "ada",
            MOVED,
        ),
        (
            "back to individual, groups are ignored",
            |s| convert_assignment(s).scope("ada", "USER").join("ada", "to").settled(),
            "ada",
            IN_SOURCE,
        ),
        (
            "with the option off nothing moves",
            |s| convert_assignment(s).console(&json!({"updateOuOnGroupChange": false})).join("ada", "to").settled(),
            "ada",
            GROUPED,
        ),
        (
            "turning the option on moves who changed before",
            |s| {
                convert_assignment(s)
                    .console(&json!({"updateOuOnGroupChange": false}))
                    .join("ada", "to")
                    .settled()
                    .console(&json!({"updateOuOnGroupChange": true}))
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "AD-sourced users are not moved",
            |s| convert_assignment(s).console(&json!({"profileSourcing": true})).join("ada", "to").settled(),
            "ada",
            GROUPED,
        ),
    ]);
}

#[test]
fn assignments_come_and_go_with_groups() {
    hold(&[
        (
            "the last group goes, and the account is disabled",
            |s| convert_assignment(s).leave("ada", "from").settled(),
            "ada",
            "- | OU=User-Contractor disabled",
        ),
        (
            "it stays enabled where deactivation is off",
            |s| convert_assignment(s).console(&json!({"deactivateUsers": false})).leave("ada", "from").settled(),
            "ada",
            "- | OU=User-Contractor enabled",
        ),
        (
            "assigned again, it is enabled and placed",
            |s| convert_assignment(s).leave("ada", "from").settled().join("ada", "to").settled(),
            "ada",
            MOVED,
        ),
        ("a new user gets an account in the group's OU", |s| s.join("dana", "to").settled(), "dana", MOVED),
        (
            "it is disabled until it is activated",
            |s| s.join("dana", "to").after(2_100),
            "dana",
            "GROUP PROVISIONED SYNCHRONIZED OU=Users | OU=Users disabled",
        ),
        ("before the job it is staged", |s| s.join("dana", "to"), "dana", "GROUP STAGED OUT_OF_SYNC - | - -"),
        (
            "an account of his name is linked",
            |s| {
                s.in_ad(&json!({"do": "create_account", "organizationalUnit": "OU=Users,DC=corp,DC=example", "firstName": "D", "lastName": "K",
                "userPrincipalName": "dana.kim@corp.example", "samAccountName": "dk"})).join("dana", "to").settled()
            },
            "dana",
            MOVED,
        ),
        (
            "without Create Users nothing is made",
            |s| s.console(&json!({"createUsers": false})).join("dana", "to").settled(),
            "dana",
            "GROUP ACTIVE DISABLED - | - -",
        ),
        (
            "unassigned one by one, his groups do not bring it back",
            |s| {
                s.join("ada", "from")
                    .does("DELETE", "/api/v1/apps/{app}/users/{ada}", &Value::Null)
                    .join("ada", "other")
                    .assign("from", 1, "OU=User-Contractor,DC=corp,DC=example")
                    .settled()
            },
            "ada",
            "- | OU=User-Contractor disabled",
        ),
        (
            "another group does",
            |s| {
                s.join("ada", "from")
                    .does("DELETE", "/api/v1/apps/{app}/users/{ada}", &Value::Null)
                    .settled()
                    .join("ada", "to")
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "so does joining the group anew",
            |s| {
                s.join("ada", "to")
                    .does("DELETE", "/api/v1/apps/{app}/users/{ada}", &Value::Null)
                    .settled()
                    .leave("ada", "to")
                    .join("ada", "to")
                    .settled()
            },
            "ada",
            MOVED,
        ),
        (
            "a deactivated user loses the app and the account",
            |s| convert_assignment(s).does("POST", "/api/v1/users/{ada}/lifecycle/deactivate", &Value::Null).settled(),
            "ada",
            "- | OU=User-Contractor disabled",
        ),
        (
            "a group assigned to the app assigns its members",
            |s| s.join("dana", "other").assign("other", 2, "OU=Users,DC=corp,DC=example").settled(),
            "dana",
            MOVED,
        ),
        (
            "no assigned group: the conversion loses the assignment",
            |s| s.scope("ada", "GROUP").settled(),
            "ada",
            "- | OU=User-Contractor disabled",
        ),
        ("until the job takes it, it looks well", |s| s.scope("ada", "GROUP"), "ada", GROUPED),
        ("a group joined in time saves it", |s| s.scope("ada", "GROUP").join("ada", "to").settled(), "ada", MOVED),
    ]);
}

#[test]
fn what_fails_becomes_a_task_and_leaves_the_user_where_he_was() {
    let target = "OU=Users,DC=corp,DC=example";
    let rows: [(&str, Value, &str); 5] = [
        ("no rights in the target OU", json!({"do": "deny", "dn": target}), "Access Denied"),
        (
            "no rights in the source OU",
            json!({"do": "deny", "dn": "OU=User-Contractor,DC=corp,DC=example"}),
            "Access Denied",
        ),
        ("the target OU is gone", json!({"do": "delete_ou", "dn": target}), "There is no such object on the server"),
        (
            "the name is taken there",
            json!({"do": "create_account", "organizationalUnit": target, "firstName": "Ada", "lastName": "Novak",
            "userPrincipalName": "another.ada@corp.example", "samAccountName": "another"}),
            "The object already exists",
        ),
        ("protected from deletion", json!({"do": "protect", "account": "ada.novak@corp.example"}), "Access Denied"),
    ];
    for (rule, deed, reason) in rows {
        let stage = convert_assignment(RuleFixture::new()).in_ad(&deed).join("ada", "to").settled();
        assert_eq!(stage.tells("ada"), STUCK, "{rule}");
        let message =
            format!("Automatic provisioning of user ada.novak@corp.example to app Active Directory failed: {reason}");
        assert_eq!(stage.reasons(), [message.as_str()], "{rule}");
        let event = stage.org.log.last().expect("an event");
        assert_eq!(event["eventType"], "application.provision.user.sync", "{rule}");
        assert_eq!(event["outcome"]["result"], "FAILURE", "{rule}");
        assert!(event["outcome"].to_string().contains(reason), "{rule}");
    }
}

#[test]
fn an_account_that_vanished_is_not_found() {
    let gone = json!({"do": "delete_account", "account": "ada.novak@corp.example"});
    let stage = convert_assignment(RuleFixture::new()).in_ad(&gone).join("ada", "to").settled();
    assert!(stage.reasons()[0].ends_with("failed: Matching user not found."), "{:?}", stage.reasons());
}

#[test]
fn a_task_blocks_until_it_is_retried_or_the_assignment_is_written_anew() {
    let target = "OU=Users,DC=corp,DC=example";
    let failed = || {
        let stage = convert_assignment(RuleFixture::new()).in_ad(&json!({"do": "deny", "dn": target}));
        stage.join("ada", "to").settled().in_ad(&json!({"do": "allow", "dn": target}))
    };
    assert_eq!(failed().leave("ada", "to").join("ada", "to").settled().tells("ada"), STUCK);
    let retried = failed().controls("POST", "/simulator/tasks/retry", &Value::Null).settled();
    assert_eq!((retried.tells("ada").as_str(), retried.reasons().len()), (MOVED, 0));
    let repushed = failed().assign("to", 0, target).settled();
    assert_eq!((repushed.tells("ada").as_str(), repushed.reasons().len()), (MOVED, 0));
    assert_eq!(failed().scope("ada", "GROUP").settled().tells("ada"), MOVED);
}

#[test]
fn jobs_wait_for_an_agent_and_then_fail() {
    let down =
        || convert_assignment(RuleFixture::new()).console(&json!({"agents": false})).join("ada", "to").after(10_000);
    assert_eq!(down().held("ada").map(|held| held.sync_state.clone()), Some("OUT_OF_SYNC".to_owned()));
    assert!(down().reasons().is_empty());
    assert_eq!(down().console(&json!({"agents": true})).after(0).tells("ada"), MOVED);
    let failed = down().after(30_000);
    assert_eq!(failed.tells("ada"), STUCK);
    assert!(failed.reasons()[0].ends_with("Request timed out waiting for agent."));
}

#[test]
fn a_move_by_hand_is_seen_at_import_and_undone_by_the_next_push() {
    let hand = json!({"do": "move_account", "account": "ada.novak@corp.example", "organizationalUnit": "OU=Users,DC=corp,DC=example"});
    let moved = || convert_assignment(RuleFixture::new()).in_ad(&hand);
    assert_eq!(moved().tells("ada"), "GROUP ACTIVE SYNCHRONIZED OU=User-Contractor | OU=Users enabled");
    let import = json!({"kind": "incremental"});
    assert_eq!(moved().controls("POST", "/simulator/import", &import).tells("ada"), MOVED);
    let pushed = moved().does("POST", "/api/v1/users/{ada}", &json!({"profile": {"department": "Audit"}})).settled();
    assert_eq!(pushed.tells("ada"), GROUPED);
}

#[test]
fn a_full_import_lets_go_of_accounts_outside_the_connected_ous() {
    let connected = json!({"connectedOus": ["OU=User-Contractor,DC=corp,DC=example"]});
    let moved = || convert_assignment(RuleFixture::new()).console(&connected).join("ada", "to").settled();
    assert_eq!(moved().tells("ada"), MOVED);
    let incremental = moved().controls("POST", "/simulator/import", &json!({"kind": "incremental"}));
    assert_eq!(incremental.tells("ada"), MOVED);
    let full = moved().controls("POST", "/simulator/import", &json!({"kind": "full"}));
    assert_eq!(full.tells("ada"), "- | OU=Users enabled");
    let events = full.events();
    assert!(events.contains(&"system.import.start") && events.contains(&"system.import.complete"), "{events:?}");
    let sourced = moved().console(&json!({"profileSourcing": true})).controls("POST", "/simulator/import", &json!({}));
    assert_eq!(sourced.org.users[&sourced.id("ada")].status, "DEPROVISIONED");
}

#[test]
fn an_import_matches_new_accounts_by_login() {
    let account = json!({"do": "create_account", "organizationalUnit": "OU=Users,DC=corp,DC=example", "firstName": "D", "lastName": "K",
        "userPrincipalName": "dana.kim@corp.example", "samAccountName": "dk"});
    let stage = RuleFixture::new().in_ad(&account).controls("POST", "/simulator/import", &json!({}));
    assert_eq!(stage.tells("dana"), "USER ACTIVE SYNCHRONIZED OU=Users | OU=Users enabled");
    assert!(stage.events().contains(&"system.import.user_match.confirm"));
}

#[test]
fn guid_and_sid_stay_over_a_move() {
    let stage = convert_assignment(RuleFixture::new());
    let before = stage.held("ada").map(|held| (held.external_id.clone(), held.profile["objectSid"].clone()));
    let stage = stage.join("ada", "to").settled();
    let after = stage.held("ada").map(|held| (held.external_id.clone(), held.profile["objectSid"].clone()));
    assert_eq!(before, after);
}

#[test]
fn a_move_is_told_in_the_log() {
    let stage = convert_assignment(RuleFixture::new()).join("ada", "to").settled();
    let events = stage.events();
    let last: Vec<_> = events.iter().rev().take(3).rev().collect();
    assert_eq!(
        last,
        [&"group.user_membership.add", &"application.user_membership.update", &"application.provision.user.sync"]
    );
    let created = RuleFixture::new().join("dana", "to").settled();
    let expected =
        ["application.user_membership.add", "application.provision.user.push", "application.provision.user.activate"];
    assert!(expected.iter().all(|kind| created.events().contains(kind)), "{:?}", created.events());
}

#[test]
fn a_job_goes_through_out_of_sync_and_syncing() {
    let mut stage = convert_assignment(RuleFixture::new()).join("ada", "to");
    let mut seen = Vec::new();
    for step in [0, 1_100, 1_000] {
        stage = stage.after(step);
        let (_, answer) = stage.call("GET", "/api/v1/apps/{app}/users/{ada}", &Value::Null);
        seen.push((answer["syncState"].clone(), answer["profile"]["dn"].as_str().unwrap_or("").contains("OU=Users,")));
    }
    assert_eq!(seen, [(json!("OUT_OF_SYNC"), false), (json!("SYNCING"), false), (json!("SYNCHRONIZED"), true)]);
}

/// Assumption, what is done, status of the last call, and what is told of Ada.
type AssumptionRow = (&'static str, Value, fn(&mut RuleFixture) -> u16, &'static str);

#[test]
fn each_assumption_changes_the_answer() {
    fn convert(stage: &mut RuleFixture) -> u16 {
        stage.call("POST", "/api/v1/apps/{app}/users/{ada}", &json!({"scope": "GROUP"})).0
    }
    fn assign_again(stage: &mut RuleFixture) -> u16 {
        let body = json!({"id": stage.id("ada")});
        stage.call("POST", "/api/v1/apps/{app}/users", &body).0
    }
    fn put_unknown_unit(stage: &mut RuleFixture) -> u16 {
        let body = json!({"profile": {"organizationalUnit": "OU=Lost,DC=corp,DC=example"}});
        stage.call("PUT", "/api/v1/apps/{app}/groups/{other}", &body).0
    }
    let rows: Vec<AssumptionRow> = vec![
        ("lose the assignment", json!({}), convert, "- | OU=User-Contractor disabled"),
        ("refuse", json!({"groupScopeWithoutGroup": "refuse"}), convert, IN_SOURCE),
        ("keep the scope", json!({"groupScopeWithoutGroup": "keep_user_scope"}), convert, IN_SOURCE),
        ("update", json!({}), assign_again, IN_SOURCE),
        ("conflict", json!({"assignExistingAppUser": "conflict"}), assign_again, IN_SOURCE),
        ("accept the OU", json!({}), put_unknown_unit, IN_SOURCE),
        ("refuse the OU", json!({"unknownOrganizationalUnit": "refuse"}), put_unknown_unit, IN_SOURCE),
    ];
    let statuses = [200, 400, 200, 200, 409, 200, 400];
    for ((rule, assumption, call, expected), status) in rows.into_iter().zip(statuses) {
        let mut stage = RuleFixture::assuming(&assumption);
        assert_eq!(call(&mut stage), status, "{rule}");
        assert_eq!(stage.settled().tells("ada"), expected, "{rule}");
    }
}

#[test]
fn the_dn_changes_when_it_is_assumed_to() {
    let moving = |when: &str| {
        let stage = RuleFixture::assuming(&json!({"dnAfterMove": when}));
        convert_assignment(stage).join("ada", "to")
    };
    let rows = [
        ("on_success", "GROUP ACTIVE OUT_OF_SYNC OU=User-Contractor | OU=User-Contractor enabled", MOVED),
        ("at_once", "GROUP ACTIVE OUT_OF_SYNC OU=Users | OU=User-Contractor enabled", MOVED),
        (
            "at_import",
            "GROUP ACTIVE OUT_OF_SYNC OU=User-Contractor | OU=User-Contractor enabled",
            "GROUP ACTIVE SYNCHRONIZED OU=User-Contractor | OU=Users enabled",
        ),
    ];
    for (when, before, after) in rows {
        assert_eq!(moving(when).tells("ada"), before, "{when}");
        assert_eq!(moving(when).settled().tells("ada"), after, "{when}");
    }
    let imported = moving("at_import").settled().controls("POST", "/simulator/import", &json!({}));
    assert_eq!(imported.tells("ada"), MOVED);
}

#[test]
fn what_is_shown_follows_the_assumptions() {
    let shown = |assumption: Value| {
        let mut stage = convert_assignment(RuleFixture::assuming(&assumption));
        stage.call("GET", "/api/v1/apps/{app}/users/{ada}", &Value::Null).1
    };
    assert_eq!(shown(json!({}))["_links"]["group"]["name"], "from");
    assert!(shown(json!({"groupLink": "absent"}))["_links"]["group"].is_null());
    assert!(shown(json!({}))["profile"]["dn"].is_string());
    assert!(shown(json!({"dnAttribute": "distinguished_name"}))["profile"]["distinguishedName"].is_string());
    assert_eq!(shown(json!({"syncState": "disabled"}))["syncState"], "DISABLED");
}

#[test]
fn ad_sourced_users_move_where_that_is_assumed() {
    let stage = convert_assignment(RuleFixture::assuming(&json!({"adSourcedMoves": "yes"})))
        .console(&json!({"profileSourcing": true}));
    assert_eq!(stage.join("ada", "to").settled().tells("ada"), MOVED);
}

#[test]
fn a_failed_activation_or_deactivation_can_be_retried() {
    let down = json!({"agents": false});
    let retry = |stage: RuleFixture| {
        let failed = stage.after(40_000);
        assert_eq!(failed.reasons().len(), 1);
        let up = failed.console(&json!({"agents": true}));
        let retried = up.controls("POST", "/simulator/tasks/retry", &Value::Null);
        retried.settled()
    };
    let created = RuleFixture::new().join("dana", "to").after(2_100);
    assert_eq!(retry(created.console(&down)).tells("dana"), MOVED);
    let left = convert_assignment(RuleFixture::new()).console(&down).leave("ada", "from");
    assert_eq!(retry(left).tells("ada"), "- | OU=User-Contractor disabled");
}
