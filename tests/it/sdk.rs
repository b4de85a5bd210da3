//! Okta's own SDKs do both procedures against the simulator: what they cannot read or send is the simulator's fault.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::pair::{HUB_TOKEN, Org, Pair};
use crate::stage::{ADA, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP, left_out};

/// What `tests/sdk/install.sh` made; nothing when it was not run and need not have been.
fn installed(what: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("target/sdk").join(what);
    if path.exists() {
        return Some(path);
    }
    left_out(&format!("{} is not there; see tests/sdk/install.sh", path.display()));
    None
}

/// A script of `tests/sdk`.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn python(name: &str) -> Option<Command> {
    let mut command = Command::new(installed("python/bin/python")?);
    command.arg(script(name));
    // The SDK refuses plain HTTP otherwise, even to this machine.
    command.env("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true");
    Some(command)
}

fn node(name: &str) -> Option<Command> {
    let packages = installed("node_modules")?;
    let mut command = Command::new("node");
    command.arg(script(name));
    command.env("OKTA_SDK_FOLDER", packages.parent().unwrap());
    Some(command)
}

fn moves(stage: &Stage, mut command: Command) {
    command
        .args([ADA, FROM_GROUP, FROM, TO_GROUP, TO])
        .current_dir(stage.folder())
        .env("HOME", stage.folder())
        .env("OKTA_CLIENT_ORGURL", stage.url());
    let ran = Ran::command(&mut command);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
}

fn by_token(command: Option<Command>) {
    let Some(mut command) = command else { return };
    let stage = Stage::contractors(&json!({}));
    command.env("OKTA_CLIENT_TOKEN", stage.token());
    moves(&stage, command);
}

fn by_key(command: Option<Command>) {
    let Some(command) = command else { return };
    let stage = Stage::with_client(&json!({
        "label": "Scripts",
        "roles": ["SUPER_ADMIN"],
        "scopes": ["okta.apps.manage", "okta.groups.manage", "okta.users.read"],
    }));
    let command = stage.by_key(command);
    moves(&stage, command);
}

#[test]
fn python_moves_a_user_by_token() {
    by_token(python("move_user.py"));
}

#[test]
fn python_moves_a_user_by_key() {
    by_key(python("move_user.py"));
}

#[test]
fn node_moves_a_user_by_token() {
    by_token(node("move_user.mjs"));
}

#[test]
fn node_moves_a_user_by_key() {
    by_key(node("move_user.mjs"));
}

/// The user is in the hub, and in the group that was pushed there.
fn sets_up(command: Option<Command>, answer_status: &str, sign_in: fn(&Pair, Command) -> Command) {
    const USER: &str = "ada.novak@spoke.example";
    let Some(command) = command else { return };
    let pair = Pair::new();
    let answers = json!({"assumptions": {"answerStatus": answer_status}});
    pair.options(Org::Spoke, &answers);
    let (url, _) = pair.0.org("spoke");
    let mut command = sign_in(&pair, command);
    command
        .args([pair.url(Org::Hub), USER, "Hub Research"])
        .current_dir(pair.0.folder())
        .env("HOME", pair.0.folder())
        .env("OKTA_CLIENT_ORGURL", url)
        .env("HUB_TOKEN", HUB_TOKEN);
    let ran = Ran::command(&mut command);
    ran.exits(0);
    assert_eq!(pair.user(Org::Hub, USER)["status"], "ACTIVE", "{ran}");
    assert_eq!(pair.members(Org::Hub, "Hub Research"), [USER], "{ran}");
}

fn with_token(pair: &Pair, mut command: Command) -> Command {
    command.env("OKTA_CLIENT_TOKEN", pair.0.token());
    command
}

fn with_key(pair: &Pair, command: Command) -> Command {
    pair.0.by_key(command)
}

/// By the statuses of Okta's API description: the SDK parses no other answer of a new push mapping.
#[test]
fn python_sets_up_provisioning_between_orgs() {
    sets_up(python("org2org.py"), "described", with_token);
    sets_up(python("org2org.py"), "described", with_key);
}

#[test]
fn node_sets_up_provisioning_between_orgs() {
    sets_up(node("org2org.mjs"), "recorded", with_token);
    sets_up(node("org2org.mjs"), "recorded", with_key);
}
