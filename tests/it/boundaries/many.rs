//! A bulk move is read by pages: in the run, when it is taken up again, and when it is taken back.

use okta_runbook::simulator::ScenarioSpec;
use serde_json::{Value, json};

use super::procedures::Procedure;
use super::proxy::Death;
use super::world::World;

const USERS: usize = 30;

const MANY: Procedure = Procedure {
    name: "move of many",
    scenario: || ScenarioSpec::built_in().with_users(USERS),
    staged: |world| {
        let state = world.control(0, "GET", "state", &Value::Null);
        let mut apps = state["apps"].as_object().unwrap().values();
        let app = apps.find(|app| app["name"] == "active_directory").unwrap();
        let assigned = app["users"].as_object().unwrap().keys();
        let logins: Vec<&str> = assigned.map(|id| state["users"][id]["login"].as_str().unwrap()).collect();
        let text = format!("login\n{}\n", logins.join("\n"));
        std::fs::write(world.folder.path().join("users.csv"), text).unwrap();
        // Who is looked at before provisioning has followed is looked at again: how often is a matter of speed.
        world.control(0, "PATCH", "options", &json!({ "jobDelayMs": 0 }));
        world.control(0, "POST", "requests/reset", &Value::Null);
    },
    arguments: &[
        "run",
        "ad/move_user_to_ou",
        "--yes",
        "--attest",
        "all",
        "-p",
        "users=@users.csv",
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
    secrets: &[],
    by_hand: |_, _| {},
};

/// Calls of the routes that begin so, since they were counted last.
fn calls(world: &World, begin: &str) -> u64 {
    let counted = world.control(0, "GET", "requests", &Value::Null);
    let routes = counted["routes"].as_object().unwrap();
    let fitting = routes.iter().filter(|(route, _)| route.starts_with(begin));
    fitting.map(|(_, count)| count.as_u64().unwrap()).sum()
}

/// The scarce calls: those of apps, but for the app itself, which has a bucket of its own.
fn scarce(world: &World) -> u64 {
    ["GET", "POST", "PUT", "DELETE"]
        .iter()
        .map(|method| calls(world, &format!("{method} /api/v1/apps/{{appId}}/")))
        .sum()
}

const ONE_BY_ONE: &str = "GET /api/v1/apps/{appId}/users/{userId}";
const OF_USER: &str = "GET /api/v1/users/{id}/groups";

fn count_anew(world: &World) {
    world.control(0, "POST", "requests/reset", &Value::Null);
}

#[test]
fn a_move_and_its_undo_take_one_scarce_call_a_user() {
    let world = World::new(&MANY);
    world.succeeds(MANY.arguments);
    let users = USERS as u64;
    assert_eq!(calls(&world, "POST /api/v1/apps/{appId}/users/"), users);
    assert_eq!(calls(&world, ONE_BY_ONE), 0);
    let made = scarce(&world);
    assert!(made <= users + 15, "{made} scarce calls for {users} users");

    count_anew(&world);
    let (code, text) = world.output(&["undo", &world.newest(), "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    let words = format!("okta: {} calls of /api/v1/apps*", users + 2);
    assert!(text.contains(&words), "{words:?} is not in: {text}");
    assert_eq!(calls(&world, OF_USER), 0);
    let made = scarce(&world);
    assert!(made <= users + 15, "{made} scarce calls for {users} users");
}

#[test]
fn a_run_that_goes_on_reads_by_pages_what_it_read_by_pages() {
    let world = World::new(&MANY);
    // Two groups, two assignments and all memberships, then in the midst of the conversions.
    let writes = 4 + USERS + USERS / 2;
    assert!(!world.run(Some((writes, Death::BeforeTheOrgKnows))));
    count_anew(&world);
    world.resumes("in the midst of the conversions");
    let read = calls(&world, ONE_BY_ONE);
    // The writes that were on their way when the run died are settled by a look each.
    assert!(read <= 8, "{read} app users were read one by one");
}
