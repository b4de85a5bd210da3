//! What is run, killed and taken back.

use okta_runbook::simulator::ScenarioSpec;
use serde_json::{Value, json};

use super::world::World;
use crate::pair::{ORGS, USERS};

/// A run between simulated orgs, and what comes before it.
pub(super) struct Procedure {
    pub(super) name: &'static str,
    pub(super) scenario: fn() -> ScenarioSpec,
    /// What has happened in the orgs before.
    pub(super) staged: fn(&World),
    pub(super) arguments: &'static [&'static str],
    /// What a person does before it is taken back (`false`), and undoes afterwards (`true`).
    pub(super) by_hand: fn(&World, bool),
    /// Parameters that no journal keeps.
    pub(super) secrets: &'static [&'static str],
}

/// From one OU to another.
pub(super) const MOVE: Procedure = Procedure {
    name: "move",
    scenario: ScenarioSpec::built_in,
    staged: |_| {},
    arguments: &[
        "run",
        "ad/move_user_to_ou",
        "--yes",
        "--attest",
        "all",
        "-p",
        "users=ada.novak@corp.example",
        "-p",
        "directory=corp.example",
        "-p",
        "from_group=AD User-Contractor",
        "-p",
        "from_ou=OU=User-Contractor,DC=corp,DC=example",
        "-p",
        "to_group=AD Users",
        "-p",
        "to_ou=OU=Users,DC=corp,DC=example",
    ],
    by_hand: |_, _| {},
    secrets: &[],
};

/// The same of all who are there.
pub(super) const MOVE_SEVERAL: Procedure = Procedure {
    name: "move several",
    scenario: ScenarioSpec::built_in,
    staged: |_| {},
    arguments: &[
        "run",
        "ad/move_user_to_ou",
        "--yes",
        "--attest",
        "all",
        "-p",
        "users=ada.novak@corp.example,ben.okafor@corp.example,chloe.dubois@corp.example",
        "-p",
        "directory=corp.example",
        "-p",
        "from_group=AD User-Contractor",
        "-p",
        "from_ou=OU=User-Contractor,DC=corp,DC=example",
        "-p",
        "to_group=AD Users",
        "-p",
        "to_ou=OU=Users,DC=corp,DC=example",
    ],
    by_hand: |_, _| {},
    secrets: &[],
};

const TOKEN: &str = "hub_token=env:GIVEN_TOKEN";
const ANSWER: &str = "security_answer=env:ANSWER";
const ADA: &str = "users=ada.novak@spoke.example=active_with_pass";
const BEN: &str = "users=ben.okafor@spoke.example=active_with_pass";

/// Without service apps, whose keys take long to make.
fn org2org() -> ScenarioSpec {
    let mut scenario: Value = serde_json::from_str(ORGS).unwrap();
    for org in scenario["orgs"].as_array_mut().unwrap() {
        org.as_object_mut().unwrap().remove("clients");
    }
    ScenarioSpec::parse("the test", &scenario.to_string()).unwrap()
}

/// Those between a spoke and its hub.
pub(super) const ORG2ORG: &[Procedure] = &[
    Procedure {
        name: "setup",
        scenario: org2org,
        staged: |_| {},
        arguments: &[
            "run",
            "org2org/setup",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            TOKEN,
            "-p",
            ADA,
            "-p",
            "security_question=First pet?",
            "-p",
            ANSWER,
            "-p",
            "groups=Hub Research",
        ],
        by_hand: |_, _| {},
        secrets: &[TOKEN, ANSWER],
    },
    Procedure {
        name: "oauth",
        scenario: org2org,
        staged: |_| {},
        arguments: &[
            "run",
            "org2org/configure_provisioning_oauth",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
        ],
        by_hand: |_, _| {},
        secrets: &[],
    },
    Procedure {
        name: "connect again",
        scenario: org2org,
        staged: |world| {
            world.connect();
            world.post(
                0,
                &format!("/api/v1/apps/{}/connections/default/lifecycle/deactivate", world.app()),
                &Value::Null,
            );
        },
        arguments: &[
            "run",
            "org2org/configure_provisioning",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            TOKEN,
        ],
        by_hand: |_, _| {},
        secrets: &[TOKEN],
    },
    Procedure {
        name: "assign",
        scenario: org2org,
        staged: World::connect,
        arguments: &[
            "run",
            "org2org/assign_users",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            "users=ada.novak@spoke.example=active_with_pass,chloe.dubois@spoke.example=pending_with_pass",
            "-p",
            "security_question=First pet?",
            "-p",
            ANSWER,
        ],
        by_hand: |_, _| {},
        secrets: &[ANSWER],
    },
    Procedure {
        name: "push",
        scenario: org2org,
        staged: |world| {
            world.connect();
            world.assign(ADA);
        },
        arguments: PUSH,
        by_hand: |_, _| {},
        secrets: &[],
    },
    Procedure {
        name: "push again",
        scenario: org2org,
        staged: |world| {
            world.connect();
            world.assign(ADA);
            world.succeeds(PUSH);
            world.assign(BEN);
        },
        arguments: PUSH,
        by_hand: |_, _| {},
        secrets: &[],
    },
    Procedure {
        name: "link",
        scenario: org2org,
        staged: |world| {
            world.connect();
            world.assign(ADA);
            let made = world.post(1, "/api/v1/groups", &json!({"profile": {"name": "Hub Research"}}));
            let ines = world.id(1, "users", "ines.moreau@hub.example");
            world.put(1, &format!("/api/v1/groups/{}/users/{ines}", made["id"].as_str().unwrap()));
            world.import();
        },
        arguments: &[
            "run",
            "org2org/push_groups",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            "groups=Hub Research",
            "-p",
            "link=true",
        ],
        by_hand: |_, _| {},
        secrets: &[],
    },
    Procedure {
        name: "sourcing",
        scenario: || ScenarioSpec::find("org2org_sourcing").unwrap(),
        staged: |_| {},
        arguments: &[
            "run",
            "org2org/enable_profile_sourcing",
            "--yes",
            "--attest",
            "all",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            "ignored=hanna.admin@hub.example",
        ],
        by_hand: |world, on| {
            let path = format!("apps/{}", world.app());
            world.control(0, "PATCH", &path, &json!({"profileSourcing": on}));
        },
        secrets: &[],
    },
];

/// The set-up of several people, each with another initial status.
pub(super) const SETUP_SEVERAL: Procedure = Procedure {
    name: "setup several",
    scenario: org2org,
    staged: |_| {},
    arguments: &[
        "run",
        "org2org/setup",
        "--yes",
        "--org",
        "spoke=spoke",
        "--org",
        "hub=hub",
        "-p",
        TOKEN,
        "-p",
        USERS,
        "-p",
        "security_question=First pet?",
        "-p",
        ANSWER,
        "-p",
        "groups=Hub Research",
    ],
    by_hand: |_, _| {},
    secrets: &[TOKEN, ANSWER],
};

/// Every procedure.
pub(super) fn all() -> impl Iterator<Item = &'static Procedure> {
    [&MOVE, &MOVE_SEVERAL, &SETUP_SEVERAL].into_iter().chain(ORG2ORG)
}

const PUSH: &[&str] =
    &["run", "org2org/push_groups", "--yes", "--org", "spoke=spoke", "--org", "hub=hub", "-p", "groups=Hub Research"];
