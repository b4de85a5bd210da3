//! Parameters of rows: a table with typed columns, its wrong rows told together or left out.

use serde_json::json;

use crate::stage::{ADA, BEN, Ran, Stage};

const RUNBOOK: &str = r#"//! Adds and removes members of groups.
const ORGS = #{ okta: "the org of the groups" };
const PARAMS = #{
    changes: #{ type: "rows", help: "who joins or leaves which group", unique: ["login", "group"], columns: #{
        login:  #{ help: "login of the user", column: ["login", "UserPrincipalName"] },
        group:  #{ help: "name of the group, exactly" },
        action: #{ choices: ["add", "remove"], default: "add" },
        weight: #{ type: "integer", required: false },
    } },
};

step("Find the users and groups");

for change in params.changes {
    change.user = okta.find_user(change.login);
    change.id = okta.list_groups(#{ q: change.group }).find(|group| group.profile.name == change.group)?.id;
    expect(change, change.user != (), "is a user of Okta");
    expect(change, change.id != (), `has a group called ${change.group}`);
}
ready("Change the groups?");
let changes = params.changes.map(|change| #{ key: `${change.login} ${change.group}`, weight: change.weight, change: change });
each(changes, |entry| {
    let user = okta.get_user(entry.change.login);
    let id = okta.list_groups(#{ q: entry.change.group })[0].id;
    if entry.change.action == "add" { okta.assign_user_to_group(id, user.id) } else { okta.unassign_user_from_group(id, user.id) }
});
table(["login", "weight"], params.changes);
"#;

fn play(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.write("runbooks/members.rhai", RUNBOOK);
    Ran::command(stage.command().args(["run", "members", "--yes", "--output", "json"]).args(arguments))
}

/// Three contractors, and a group for them.
fn stage() -> (Stage, String) {
    let stage = Stage::contractors(&json!({}));
    let group = stage.group("Staff");
    (stage, group)
}

fn members(stage: &Stage, group: &str) -> usize {
    stage.get(&format!("/api/v1/groups/{group}/users")).as_array().map_or(0, Vec::len)
}

#[test]
fn rows_of_a_file_reach_the_script_as_maps() {
    let (stage, group) = stage();
    stage.write(
        "c.csv",
        &format!("UserPrincipalName;group;weight;action\r\n{ADA};Staff; 7;\r\n;;;\r\n{BEN};Staff;;add\r\n"),
    );
    let ran = play(&stage, &["-p", "changes=@c.csv"]);
    ran.exits(0);
    assert_eq!(members(&stage, &group), 2);
    let rows = ran.events_of("table")[0]["rows"].clone();
    assert_eq!(rows, json!([[ADA, "7"], [BEN, ""]]));
    let recorded = ran.events_of("run")[0]["parameters"].clone();
    assert_eq!(recorded["changes"][1]["row"], "c.csv:4");
    let inline = format!("changes=[{{\"login\": \"{ADA}\", \"group\": \"Staff\", \"action\": \"remove\"}}]");
    play(&stage, &["-p", &inline]).exits(0);
    assert_eq!(members(&stage, &group), 1);
    stage.write(
        "c.toml",
        &format!("[[changes]]\nlogin = \"{BEN}\"\ngroup = \"Staff\"\naction = \"remove\"\nweight = 3\n"),
    );
    play(&stage, &["--params", "c.toml"]).exits(0);
    assert_eq!(members(&stage, &group), 0);
}

#[test]
fn what_is_wrong_only_in_the_org_is_told_with_its_row() {
    let (stage, _) = stage();
    stage.write("c.json", &json!([{"login": ADA, "group": "Nobody"}, {"login": "x@y", "group": "Staff"}]).to_string());
    let ran = play(&stage, &["-p", "changes=@c.json"]);
    ran.exits(1).says(&[
        "c.json:1: ada.novak@corp.example does not have a group called Nobody",
        "c.json:2: x@y is not a user of Okta",
    ]);
}

#[test]
fn wrong_rows_are_refused_together_or_left_out_with_the_reason() {
    let (stage, group) = stage();
    let text = format!("login,group,action,note\n{ADA},Staff,ad,x\n{ADA},Staff,add,y\n,Staff,add,z\n");
    stage.write("c.csv", &text);
    stage.forget_calls();
    play(&stage, &["-p", "changes=@c.csv"]).exits(2).says(&[
        "2 things are wrong with the parameters",
        "c.csv:2: `action` is `add` or `remove`, not \"ad\"",
        "c.csv:4: `login` is empty",
    ]);
    play(&stage, &["-p", "changes=@c.csv", "--rejects", "bad.csv"]).exits(2).says(&["--skip-invalid"]);
    assert_eq!(stage.calls(|_| true), 0, "nothing was sent");
    let ran = play(&stage, &["-p", "changes=@c.csv", "--skip-invalid", "--rejects", "bad.csv"]);
    ran.exits(0);
    assert_eq!(members(&stage, &group), 1);
    let words = "2 rows of c.csv are wrong and were left out";
    assert!(ran.events_of("outcome")[0]["remarks"].to_string().contains(words), "{ran}");
    let rejects = std::fs::read_to_string(stage.folder().join("bad.csv")).unwrap();
    assert_eq!(
        rejects,
        format!(
            "login,group,action,note,reason\n{ADA},Staff,ad,x,\"c.csv:2: `action` is `add` or `remove`, not \"\"ad\"\"\"\n,Staff,add,z,c.csv:4: `login` is empty\n"
        )
    );
    // What was rejected before is not written over.
    let again = play(&stage, &["-p", "changes=@c.csv", "--skip-invalid", "--rejects", "bad.csv"]);
    again.exits(2).says(&["cannot write bad.csv"]);
}

#[test]
fn a_column_may_have_a_heading_of_its_own() {
    let (stage, _) = stage();
    stage.write("c.csv", &format!("Mail,group\n{ADA},Staff\n"));
    play(&stage, &["-p", "changes=@c.csv"]).exits(2).says(&["c.csv has no column `login` or `UserPrincipalName`"]);
    play(&stage, &["-p", "changes=@c.csv", "--column", "changes.login=mail"]).exits(0);
    let wrong = play(&stage, &["-p", "changes=@c.csv", "--column", "changes=x", "--column", "chages.login=x"]);
    wrong.exits(2).says(&["`changes` is no column that is read from a file", "members has no parameter `chages`"]);
}

#[test]
fn rows_are_shown_and_checked_like_other_parameters() {
    let (stage, _) = stage();
    stage.write("runbooks/members.rhai", RUNBOOK);
    let shown = Ran::command(stage.command().args(["show", "members"]));
    shown.exits(0).says(&["changes.login", "login, UserPrincipalName", "one of add, remove", "default \"add\""]);
    let wrong = r#"const ORGS = #{ okta: "the org" };
const PARAMS = #{
    a: #{ type: "rows" },
    b: #{ type: "rows", columns: #{ row: #{}, x: #{ type: "list" }, y: #{ defalt: 1 } }, unique: "z" },
    c: #{ type: "list", columns: #{ x: #{} } },
    d: #{ type: "rows", columns: #{ x: #{ type: "integer" } }, example: [#{ x: "one" }, #{ y: 1 }, 3] },
};
note(`${params.a} ${params.b} ${params.c} ${params.d} ${okta}`);
"#;
    stage.write("wrong.rhai", wrong);
    Ran::command(stage.command().args(["check", "wrong.rhai"])).exits(2).says(&[
        "the rows `a` have no columns",
        "a column cannot be called `row`",
        "a column cannot be of type \"list\"",
        "a column has no `defalt`",
        "`b` has no column `z`",
        "`c` is of type list: only rows have columns",
        "the column `x` must be an integer",
        "`d` has no column `y`",
        "a row of `d` has no `x`",
        "a row of `d` must be a map",
    ]);
}
