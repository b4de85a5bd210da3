//! Each runbook as a newcomer meets it, and the procedure's steps in it.

use crate::stage::{Ran, okta_runbook};

fn run(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    Ran::command(okta_runbook(folder.path()).args(arguments))
}

#[test]
fn every_runbook_works_out_of_the_box() {
    let rows: [(&str, &[&str]); 5] = [
        ("configure_provisioning", &["done already: a super admin of hub has made an API token", "3 writes"]),
        ("configure_provisioning_oauth", &["7 writes"]),
        ("assign_users", &["4 items, 4 writes", "chloe.dubois@spoke.example is STAGED (pending_with_pass)"]),
        ("push_groups", &["| Hub Finance | 1                  | 2                   |"]),
        (
            "enable_profile_sourcing",
            &[
                "done already: profile sourcing is enabled for Org2Org Hub",
                "done already: the users of hub are imported and confirmed",
                "2 users of spoke linked with hub",
            ],
        ),
    ];
    std::thread::scope(|scope| {
        for (name, words) in rows {
            scope.spawn(move || {
                let runbook = format!("org2org/{name}");
                run(&["run", &runbook, "--simulator", "--yes"]).exits(0).says(words);
            });
        }
    });
}

#[test]
fn every_row_of_the_procedure_is_a_step_in_its_words() {
    let rows = [
        ("configure_provisioning", "Find the Org2Org app in the spoke"),
        ("configure_provisioning", "Create an API token in the hub as a super admin"),
        ("configure_provisioning", "Add the Org2Org app, with the hub's base URL in its general settings"),
        (
            "configure_provisioning",
            "Enable the API integration with the hub's endpoint and the token, and test the API credentials",
        ),
        ("configure_provisioning", "Select the To App features"),
        ("configure_provisioning", "Save, and read everything back"),
        ("assign_users", "Assign people, with their initial status, security question and answer"),
        ("assign_users", "Wait until each user is provisioned, and verify him in the hub"),
        ("push_groups", "Push groups by name"),
        ("push_groups", "Wait until the groups are pushed, and verify their members in the hub"),
        ("enable_profile_sourcing", "Deselect all To App features"),
        ("enable_profile_sourcing", "Enable profile sourcing, and save it"),
        ("enable_profile_sourcing", "Import the hub's users"),
        ("enable_profile_sourcing", "Verify that updates of the hub flow to the spoke"),
    ];
    for (name, title) in rows {
        let shown = run(&["show", &format!("org2org/{name}")]);
        shown.exits(0).says(&[&format!(". {title}\n")]);
        // The whole has the steps of its parts.
        if name != "enable_profile_sourcing" {
            run(&["show", "org2org/setup"]).exits(0).says(&[&format!(". {title}\n")]);
        }
    }
}
