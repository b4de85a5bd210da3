//! An undo deletes nothing that somebody changed or uses since the run created it.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

const SCRIPT: &str = r#"//! Creates a user and a group.
const ORGS = #{ okta: "org" };
const PARAMS = #{};
step("Create");
let user = okta.create_user(#{ profile: #{ login: "new@corp.example", email: "new@corp.example", firstName: "N", lastName: "W" } });
let group = okta.add_group(#{ profile: #{ name: "New", description: "ours" } });
okta.assign_user_to_group(group.id, user.id);
okta.update_user(user.id, #{ profile: #{ nickName: "Newt" } });
"#;

struct CreatedThings {
    stage: Stage,
    run: String,
    user: String,
    group: String,
}

impl CreatedThings {
    fn new() -> Self {
        let stage = Stage::contractors(&json!({}));
        stage.write("runbooks/created.rhai", SCRIPT);
        let ran = Ran::command(stage.command().args(["run", "created", "--yes", "--output", "json"]));
        ran.exits(0);
        let run = ran.outcome()["run"].as_str().unwrap().to_owned();
        let user = stage.user("new@corp.example");
        let groups = stage.get("/api/v1/groups?q=New");
        let group = groups[0]["id"].as_str().unwrap().to_owned();
        Self { stage, run, user, group }
    }

    fn undo(&self) -> Ran {
        Ran::command(self.stage.command().args(["undo", &self.run, "--yes", "--output", "json"]))
    }

    fn is_there(&self, path: &str) -> bool {
        self.stage.send("GET", path, &Value::Null).0 == 200
    }

    fn user_path(&self) -> String {
        format!("/api/v1/users/{}", self.user)
    }

    fn group_path(&self) -> String {
        format!("/api/v1/groups/{}", self.group)
    }

    /// The undo leaves the thing at `path`, says why, and takes it back when it is asked again after `restore`.
    fn is_left(&self, path: &str, why: &str, restore: impl FnOnce(&Stage)) {
        let left = self.undo();
        left.exits(6);
        assert!(left.messages().contains(why), "{why}: {left}");
        assert!(self.is_there(path), "{why}");
        restore(&self.stage);
        self.undo().exits(0);
        assert!(!self.is_there(path), "{why}");
    }
}

#[test]
fn what_nobody_touched_is_deleted() {
    let created = CreatedThings::new();
    created.undo().exits(0);
    assert!(!created.is_there(&created.user_path()) && !created.is_there(&created.group_path()));
}

#[test]
fn a_user_whose_profile_somebody_changed_stays() {
    let created = CreatedThings::new();
    let path = created.user_path();
    let titled = |title: Value| json!({"profile": {"title": title}});
    created.stage.done("POST", &path, &titled("by HR".into()));
    created.is_left(&path, "somebody changed it since it was created: profile.title", |stage| {
        stage.done("POST", &path, &titled(Value::Null));
    });
}

#[test]
fn a_user_in_a_group_of_somebodys_stays() {
    let created = CreatedThings::new();
    let member = format!("/api/v1/groups/{}/users/{}", created.stage.group("Kept"), created.user);
    created.stage.done("PUT", &member, &Value::Null);
    created.is_left(&created.user_path(), "groups into which the run did not bring them: Kept", |stage| {
        stage.done("DELETE", &member, &Value::Null);
    });
}

#[test]
fn a_user_with_an_app_or_a_role_of_somebodys_stays() {
    let created = CreatedThings::new();
    let app = format!("/api/v1/apps/{}/users", created.stage.app());
    created.stage.done("POST", &app, &json!({"id": created.user, "scope": "USER", "credentials": {"userName": "new"}}));
    created.is_left(&created.user_path(), "assigned to apps, by somebody else than the run", |stage| {
        stage.done("DELETE", &format!("{app}/{}", created.user), &Value::Null);
    });
    let created = CreatedThings::new();
    let roles = format!("{}/roles", created.user_path());
    let role = created.stage.done("POST", &roles, &json!({"type": "HELP_DESK_ADMIN"}));
    created.is_left(&created.user_path(), "admin roles that the run did not assign", |stage| {
        stage.done("DELETE", &format!("{roles}/{}", role["id"].as_str().unwrap()), &Value::Null);
    });
}

#[test]
fn a_group_that_somebody_changed_or_uses_stays() {
    let created = CreatedThings::new();
    let path = created.group_path();
    let described = |words: &str| json!({"profile": {"name": "New", "description": words}});
    created.stage.done("PUT", &path, &described("theirs"));
    created.is_left(&path, "somebody changed it since it was created: profile.description", |stage| {
        stage.done("PUT", &path, &described("ours"));
    });
    let created = CreatedThings::new();
    let assigned = format!("/api/v1/apps/{}/groups/{}", created.stage.app(), created.group);
    created.stage.done("PUT", &assigned, &json!({"priority": 9}));
    created.is_left(&created.group_path(), "assigned to apps, by somebody else than the run", |stage| {
        stage.done("DELETE", &assigned, &Value::Null);
    });
    let created = CreatedThings::new();
    let roles = format!("{}/roles", created.group_path());
    let role = created.stage.done("POST", &roles, &json!({"type": "HELP_DESK_ADMIN"}));
    created.is_left(&created.group_path(), "admin roles that the run did not assign", |stage| {
        stage.done("DELETE", &format!("{roles}/{}", role["id"].as_str().unwrap()), &Value::Null);
    });
}
