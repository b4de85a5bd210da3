//! Runs of the binary: under limits, over many users, over many items.

use std::path::Path;

use okta_runbook::simulator::Simulator;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{Ran, journal_bytes, org, run, scarce, told};

const HEADER: &str = "//! A script.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nstep(\"All\");\n";

fn play(folder: &Path, simulator: &Simulator, script: &str) -> Ran {
    std::fs::write(folder.join("script.rhai"), [HEADER, script].concat()).unwrap();
    run(folder, simulator, &["run", "script.rhai", "--yes", "--quiet"])
}

/// A scarce write for each user: 50 calls a window for a token, 40 of them ours.
pub(crate) fn limits(runtime: &Runtime, users: usize) {
    const SHARE: f64 = 50.0 * (1.0 - 0.2);
    const WINDOW: u64 = 20;
    let options = json!({ "limits": { "windowSeconds": WINDOW } });
    let (simulator, _) = runtime.block_on(org(users, &options));
    let folder = tempfile::tempdir().unwrap();
    let ran = play(
        folder.path(),
        &simulator,
        "let app = okta.list_applications(#{ filter: `name eq \"active_directory\"` }).first();
let users = okta.list_application_users(app, #{ limit: 500 }).map(|user| user.id);
each(users, |id| okta.unassign_user_from_application(app, id));
",
    );
    let requests = told(runtime, &simulator, "requests");
    // Calls are spread over the last window, too.
    let ideal = scarce(&requests) / SHARE * WINDOW as f64;
    println!(
        "{users} users under limits: time / ideal = {:.3} ({} scarce calls, {} refused)",
        ran.seconds / ideal,
        scarce(&requests),
        requests["limited"]
    );
}

/// An org that takes 20 calls at a time, and 40 lanes.
pub(crate) fn crowding(runtime: &Runtime, calls: usize) {
    const LATENCY: u64 = 200;
    let options = json!({ "limits": { "enabled": false }, "concurrency": 20, "latencyMs": LATENCY });
    let (simulator, _) = runtime.block_on(org(3, &options));
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "let numbers = []; for n in 0..{calls} {{ numbers.push(n); }}
each(numbers, #{{ concurrency: 40 }}, |n| {{ okta.get_user(\"me\"); }});
"
    );
    let ran = play(folder.path(), &simulator, &script);
    let work = calls as f64 * LATENCY as f64 / 1000.0 / 20.0;
    println!(
        "40 lanes, 20 calls at a time: time / work = {:.2} ({} crowded out); / a sleep for a window = {:.2}",
        ran.seconds / work,
        told(runtime, &simulator, "requests")["limited"],
        ran.seconds / 60.0
    );
}

/// A whole move without limits: calls of a user, and what of them are scarce.
pub(crate) fn whole_move(runtime: &Runtime, users: usize) {
    let (simulator, _) = runtime.block_on(org(users, &json!({ "limits": { "enabled": false }, "jobDelayMs": 50 })));
    let folder = tempfile::tempdir().unwrap();
    let directory = &simulator.directories()[0];
    let profile = format!(
        "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
        directory.domain, directory.url, directory.bind_dn, directory.base
    );
    std::fs::write(folder.path().join("okta-runbook.toml"), profile).unwrap();
    let org = told(runtime, &simulator, "state");
    let mut apps = org["apps"].as_object().unwrap().values();
    let app = apps.find(|app| app["name"] == "active_directory").unwrap();
    let logins = app["users"].as_object().unwrap().keys().map(|id| org["users"][id]["login"].as_str().unwrap());
    std::fs::write(folder.path().join("users.csv"), format!("login\n{}\n", logins.collect::<Vec<_>>().join("\n")))
        .unwrap();
    let ran = run(
        folder.path(),
        &simulator,
        &[
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
            "from_group=From",
            "-p",
            "from_ou=OU=User-Contractor,DC=corp,DC=example",
            "-p",
            "to_group=To",
            "-p",
            "to_ou=OU=Users,DC=corp,DC=example",
        ],
    );
    let requests = told(runtime, &simulator, "requests");
    println!(
        "move of {users}: {:.2} calls a user, {:.2} of them below /api/v1/apps/{{id}}; {:.1} KB of journal a user; peak {:.0} MB; {:.1} ms of computing a user",
        requests["total"].as_f64().unwrap() / users as f64,
        scarce(&requests) / users as f64,
        journal_bytes(folder.path()) as f64 / 1024.0 / users as f64,
        ran.peak,
        ran.computing * 1000.0 / users as f64,
    );
}

/// Bulk work without calls: what an item costs.
pub(crate) fn plain_items(runtime: &Runtime, items: usize) {
    let script = format!(
        "let items = []; for number in 0..{items} {{ items.push(number); }}
each(items, |item| item + 1);
"
    );
    items_of(runtime, items, "numbers", &script);
}

/// The same with items that are maps, and a map of all of them captured.
pub(crate) fn maps(runtime: &Runtime, items: usize) {
    let script = format!(
        "let items = []; let known = #{{}};
for number in 0..{items} {{
    items.push(#{{ id: `u${{number}}`, login: `user.${{number}}@corp.example`, groups: [\"a\", \"b\"] }});
    known[`u${{number}}`] = number;
}}
each(items, |item| known[item.id]);
"
    );
    items_of(runtime, items, "maps", &script);
}

fn items_of(runtime: &Runtime, items: usize, what: &str, script: &str) {
    let (simulator, _) = runtime.block_on(org(3, &json!({})));
    let folder = tempfile::tempdir().unwrap();
    let ran = play(folder.path(), &simulator, script);
    let shown = run(folder.path(), &simulator, &["runs", "show", "2"]);
    println!(
        "{items} {what}: {:.1} us of computing an item; {} bytes of journal an item; peak {:.0} MB; `runs show` {:.2} s of computing",
        ran.computing * 1e6 / items as f64,
        journal_bytes(folder.path()) / items as u64,
        ran.peak,
        shown.computing,
    );
}
