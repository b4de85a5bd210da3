//! Customising: copies, what is different in them, merges, skeletons. Nothing is rebuilt.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const COPY: &str = "runbooks/ad/move_user_to_ou.rhai";
const KEPT: &str = "runbooks/ad/.move_user_to_ou.copied.rhai";

fn okta_runbook(folder: &Path, arguments: &[&str]) -> Output {
    Command::cargo_bin("okta-runbook")
        .unwrap()
        .current_dir(folder)
        .env("HOME", "/nowhere")
        .env("XDG_DATA_HOME", "/nowhere")
        .args(arguments)
        .output()
        .unwrap()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = okta_runbook(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} has no {from:?}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// As if the copy had been made from an older text, in which `now` was `then`.
fn make_older(folder: &Path, now: &str, then: &str) {
    edit(&folder.join(KEPT), now, then);
    edit(&folder.join(COPY), now, then);
    let copy = fs::read_to_string(folder.join(COPY)).unwrap();
    let line = copy.lines().find(|line| line.starts_with("// Copied from ")).unwrap();
    let digest = line.rsplit_once('(').unwrap().1;
    edit(&folder.join(COPY), digest, "0000).");
}

#[test]
fn a_copy_with_a_ticket_and_a_step_more_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &["copy", "ad/move_user_to_ou"]);
    let copy = folder.join(COPY);
    edit(
        &copy,
        "const PARAMS = #{\n",
        "const PARAMS = #{\n    ticket: #{ type: \"string\", help: \"the change ticket\" },\n",
    );
    edit(
        &copy,
        "step(\"Check the OUs and the groups that provision to them\");",
        "step(\"Look at the ticket\");\ncheck(params.ticket.starts_with(\"CHG-\"), `${params.ticket} is a change`);\n\nstep(\"Check the OUs and the groups that provision to them\");",
    );
    let told = succeeds(folder, &["check", "ad/move_user_to_ou"]);
    assert!(told.contains("nothing found"), "{told}");
    let run = ["run", "ad/move_user_to_ou", "--simulator", "--yes", "--param", "ticket=CHG-7"];
    let told = succeeds(folder, &run);
    assert!(told.contains("✓ CHG-7 is a change"), "{told}");
    assert!(told.contains("3 items"), "{told}");
}

#[test]
fn the_list_tells_what_shadows_and_diff_what_is_different() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = succeeds(folder, &["diff", "ad/move_user_to_ou"]);
    assert!(told.contains("nothing shadows"), "{told}");
    succeeds(folder, &["copy", "ad/move_user_to_ou"]);
    let told = succeeds(folder, &["diff", "ad/move_user_to_ou"]);
    assert!(told.contains("is as the shipped one"), "{told}");
    edit(&folder.join(COPY), "step(\"Verify in Okta", "note(\"soon done\");\nstep(\"Verify in Okta");
    let told = succeeds(folder, &["diff", "ad/move_user_to_ou"]);
    let changed: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(changed, ["+note(\"soon done\");"]);
    let listed: Value = serde_json::from_str(&succeeds(folder, &["list", "--output", "json"])).unwrap();
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "ad/move_user_to_ou").unwrap();
    assert_eq!(
        (&row["shelf"], &row["shadows"], &row["behind"]),
        (&"workspace".into(), &"shipped".into(), &false.into())
    );
}

#[test]
fn a_copied_module_shadows_the_shipped_one_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(succeeds(folder, &["list"]).contains("| lib/ad      | shipped"));
    succeeds(folder, &["copy", "lib/ad"]);
    edit(&folder.join("runbooks/lib/ad.rhai"), "//! ", "//! Ours: ");
    let listed = succeeds(folder, &["list"]);
    assert!(listed.contains("| lib/ad      | workspace (shadows shipped)"), "{listed}");
    let rows: Value = serde_json::from_str(&succeeds(folder, &["list", "--output", "json"])).unwrap();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == "lib/ad").unwrap();
    assert_eq!((&row["kind"], &row["shadows"]), (&"module".into(), &"shipped".into()));
}

#[test]
fn a_second_copy_does_not_overwrite_the_first() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["copy", "ad/move_user_to_ou"]);
    let again = okta_runbook(folder.path(), &["copy", "ad/move_user_to_ou"]);
    assert_eq!(again.status.code(), Some(2));
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(told.contains("exists already") && told.contains("copy --merge"), "{told}");
    succeeds(folder.path(), &["copy", "ad/move_user_to_ou", "elsewhere/mine.rhai"]);
    assert!(folder.path().join("elsewhere/mine.rhai").is_file());
}

#[test]
fn what_changed_in_the_shipped_runbook_is_merged_into_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &["copy", "ad/move_user_to_ou"]);
    let copy = folder.join(COPY);
    make_older(
        folder,
        "step(\"Check the OUs and the groups that provision to them\");",
        "step(\"Look at the units\");",
    );
    edit(&copy, "step(\"Verify in Okta", "note(\"soon done\");\nstep(\"Verify in Okta");
    let listed = succeeds(folder, &["list"]);
    assert!(listed.contains("which has changed since it was copied"), "{listed}");
    let told = succeeds(folder, &["copy", "--merge", "ad/move_user_to_ou"]);
    assert!(told.contains("merged into"), "{told}");
    let merged = fs::read_to_string(&copy).unwrap();
    assert!(
        merged.contains("step(\"Check the OUs and the groups that provision to them\");")
            && merged.contains("note(\"soon done\");")
    );
    assert!(!merged.contains("<<<<<<<"));
    let told = succeeds(folder, &["copy", "--merge", "ad/move_user_to_ou"]);
    assert!(told.contains("is up to date"), "{told}");
}

#[test]
fn a_conflict_is_marked_and_must_be_settled_before_the_next_merge() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &["copy", "ad/move_user_to_ou"]);
    let copy = folder.join(COPY);
    make_older(
        folder,
        "step(\"Check the OUs and the groups that provision to them\");",
        "step(\"Look at the units\");",
    );
    edit(&copy, "step(\"Look at the units\");", "step(\"Look at my units\");");
    let merge = okta_runbook(folder, &["copy", "--merge", "ad/move_user_to_ou"]);
    assert_eq!(merge.status.code(), Some(1));
    let told = String::from_utf8(merge.stderr).unwrap();
    assert!(told.contains("1 place was changed in both"), "{told}");
    let text = fs::read_to_string(&copy).unwrap();
    let marked = text.split("<<<<<<<").nth(1).unwrap();
    assert!(
        marked.contains("step(\"Look at my units\");")
            && marked.contains("step(\"Check the OUs and the groups that provision to them\");")
    );
    let again = okta_runbook(folder, &["copy", "--merge", "ad/move_user_to_ou"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("still has conflict marks"));
}

#[test]
fn a_new_runbook_is_sound_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &["new", "groups/tidy_up"]);
    let told = succeeds(folder, &["check", "groups/tidy_up"]);
    assert!(told.contains("nothing found"), "{told}");
    let told = succeeds(folder, &["run", "groups/tidy_up", "--simulator", "--yes"]);
    assert!(told.contains("is in Example"), "{told}");
    let again = okta_runbook(folder, &["new", "groups/tidy_up"]);
    assert_eq!(again.status.code(), Some(2));
    let outside = okta_runbook(folder, &["new", "../tidy_up"]);
    assert_eq!(outside.status.code(), Some(2));
}
