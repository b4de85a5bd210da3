//! Okta's own SDKs do the move against the simulator: what they cannot read or send is the simulator's fault.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::stage::{ADA, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// What `tests/sdk/install.sh` made; nothing when it was not run and need not have been.
fn installed(what: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("target/sdk").join(what);
    if path.exists() {
        return Some(path);
    }
    let how = format!(
        "left out: {} is not there; see tests/sdk/install.sh",
        path.display()
    );
    assert!(std::env::var_os("CI_REQUIRED").is_none(), "{how}");
    std::io::Write::write_all(&mut std::io::stderr(), format!("{how}\n").as_bytes()).unwrap();
    None
}

fn python() -> Option<Command> {
    let mut command = Command::new(installed("python/bin/python")?);
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sdk/move_user.py"
    ));
    // The SDK refuses plain HTTP otherwise, even to this machine.
    command.env("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true");
    Some(command)
}

fn node() -> Option<Command> {
    let packages = installed("node_modules")?;
    let mut command = Command::new("node");
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sdk/move_user.mjs"
    ));
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
    by_token(python());
}

#[test]
fn python_moves_a_user_by_key() {
    by_key(python());
}

#[test]
fn node_moves_a_user_by_token() {
    by_token(node());
}

#[test]
fn node_moves_a_user_by_key() {
    by_key(node());
}
