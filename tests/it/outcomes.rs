//! What became of a write is known or unknown, never guessed: whatever stands between says of it.

mod spoiler;

use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage};
use spoiler::{Fate, Spoiler, Spoilt};

const HEADER: &str = "//! A script.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nstep(\"All\");\n";

/// A create, a membership and an update, whose answers are used.
const WRITES: &str = r#"
let jo = okta.get_user("ada.novak@corp.example");
let group = okta.add_group(#{ profile: #{ name: "Spoilt", description: "ours" } });
okta.assign_user_to_group(group.id, jo.id);
let after = okta.update_user(jo.id, #{ profile: #{ nickName: "Spoilt" } });
check(after.profile.nickName == "Spoilt", "the nickname is read back");
"#;

const GATEWAY: Spoilt = Spoilt { status: 504, content_type: "text/html", body: "<html>late</html>" };

const BLOCKED: Spoilt = Spoilt { status: 403, content_type: "text/html", body: "<html>blocked</html>" };

struct Play {
    stage: Stage,
    spoiler: Spoiler,
}

impl Play {
    fn new() -> Self {
        let stage = Stage::contractors(&json!({}));
        let spoiler = Spoiler::before(stage.url());
        Self { stage, spoiler }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command();
        command.env("OKTA_CLIENT_ORGURL", &self.spoiler.url).args(arguments);
        command
    }

    fn run(&self, script: &str) -> Ran {
        self.stage.write("runbooks/spoilt.rhai", &[HEADER, script].concat());
        Ran::command(&mut self.command(&["run", "spoilt", "--yes", "--output", "json"]))
    }

    /// Runs a script of one write, whose answer is spoilt, to the end that it is known to be done.
    fn runs_spoilt(&self, script: &str, spoilt: Spoilt) -> Ran {
        self.spoiler.rule(move |method, path| if is_write(method, path) { Fate::Spoilt(spoilt) } else { Fate::Passes });
        let ran = self.run(script);
        self.spoiler.passes();
        ran.exits(0);
        assert_eq!(ran.outcome()["counts"]["writes"], 1, "{ran}");
        ran
    }

    fn undo(&self, ran: &Ran) -> Ran {
        let arguments = ["undo", &id(ran), "--yes", "--output", "json"];
        Ran::command(&mut self.command(&arguments))
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Descriptions of the groups of this name.
    fn groups(&self) -> Vec<Value> {
        let state = self.stage.state();
        let groups = state["groups"].as_object().unwrap().values();
        groups.filter(|group| group["name"] == "Spoilt").map(|group| group["profile"]["description"].clone()).collect()
    }

    fn nickname(&self) -> Value {
        self.stage.get(&format!("/api/v1/users/{ADA}"))["profile"]["nickName"].clone()
    }
}

fn id(ran: &Ran) -> String {
    ran.outcome()["run"].as_str().unwrap().to_owned()
}

fn is_write(method: &str, path: &str) -> bool {
    method != "GET" && path.starts_with("/api/")
}

fn is_create(method: &str, path: &str) -> bool {
    method == "POST" && path == "/api/v1/groups"
}

fn is_search(method: &str, path: &str) -> bool {
    method == "GET" && path.starts_with("/api/v1/groups?")
}

/// Something between sends a write twice, and passes on the second answer: that it is so already, or that the state does not allow it.
#[test]
fn a_write_that_was_sent_twice_is_told_as_done_and_taken_back() {
    let play = Play::new();
    let user = play.stage.user(ADA);
    let group = play.stage.group("With a role");
    let refusal = |status, body| Spoilt { status, content_type: "application/json", body };
    let of_state = refusal(400, r#"{"errorCode": "E0000001", "errorSummary": "Api validation failed: status"}"#);
    let of_role = refusal(409, r#"{"errorCode": "E0000090", "errorSummary": "Duplicate role assignment exception."}"#);
    let before = play.stage.state();
    for (script, spoilt) in [
        (format!("okta.suspend_user(\"{user}\")"), of_state),
        (format!("okta.assign_role_to_user(\"{user}\", #{{ type: \"APP_ADMIN\" }})"), of_role),
        (format!("okta.assign_role_to_group(\"{group}\", #{{ type: \"APP_ADMIN\" }})"), of_role),
    ] {
        let ran = play.runs_spoilt(&script, spoilt);
        let after = play.stage.state();
        assert!(after["users"] != before["users"] || after["roles"] != before["roles"], "{ran}");
        play.undo(&ran).exits(0);
        let after = play.stage.state();
        let roles = |state: &Value| {
            let held = state["roles"].as_object().unwrap().iter();
            let some = held.filter(|(_, roles)| roles.as_array().is_some_and(|roles| !roles.is_empty()));
            some.map(|(holder, _)| holder.clone()).collect::<Vec<_>>()
        };
        assert_eq!(roles(&after), roles(&before), "{script}");
        assert_eq!(after["users"][&user]["status"], "ACTIVE", "{script}");
    }
    // What the org itself refuses so is refused.
    play.stage.done("POST", &format!("/api/v1/users/{user}/lifecycle/deactivate"), &Value::Null);
    let ran = play.run(&format!("okta.suspend_user(\"{user}\")"));
    ran.exits(1);
    assert_eq!(ran.outcome()["counts"]["writes"], 0, "{ran}");
}

/// What is created without an answer is found by what Okta lists.
#[test]
fn a_role_and_a_rule_without_an_answer_are_found() {
    let play = Play::new();
    let user = play.stage.user(ADA);
    let group = play.stage.group("Ruled");
    let assigning = format!("okta.assign_role_to_user(\"{user}\", #{{ type: \"APP_ADMIN\" }})");
    let creating = format!(
        "okta.create_group_rule(#{{ type: \"group_rule\", name: \"Ruled\", \
         conditions: #{{ expression: #{{ type: \"urn:okta:expression:1.0\", value: \"user.city == \\\"Rome\\\"\" }} }}, \
         actions: #{{ assignUserToGroups: #{{ groupIds: [\"{group}\"] }} }} }})"
    );
    for script in [assigning, creating] {
        let ran = play.runs_spoilt(&script, GATEWAY);
        play.undo(&ran).exits(0);
    }
    let state = play.stage.state();
    assert_eq!(play.stage.get(&format!("/api/v1/users/{user}/roles")), json!([]));
    assert_eq!(state["rules"], json!({}), "{}", state["rules"]);
}

/// Answers to writes that say nothing of what became of them.
fn spoilt() -> Vec<(&'static str, Spoilt)> {
    let of = |status, content_type, body| Spoilt { status, content_type, body };
    let (html, json) = ("text/html", "application/json");
    vec![
        ("a page", of(200, html, "<html>ok</html>")),
        ("text that is called JSON", of(200, json, "ok")),
        ("an error under 200", of(200, json, r#"{"errorCode":"E0000009","errorSummary":"x"}"#)),
        ("another's object", of(200, json, r#"{"id":"00u0000000000000AAAA","profile":{"name":"Other"}}"#)),
        ("a redirect", of(302, html, "")),
        ("a block page", of(403, html, "<html>blocked</html>")),
        ("a page that is not there", of(404, html, "<html>?</html>")),
        ("a gateway's own error", of(400, json, r#"{"message":"Bad Request"}"#)),
        ("a bad gateway", of(502, html, "<html>bad</html>")),
        ("an error within Okta", of(500, json, r#"{"errorCode":"E0000009","errorSummary":"x"}"#)),
        ("a gateway's 501", of(501, html, "<html>?</html>")),
    ]
}

#[test]
fn a_write_whose_answer_cannot_be_used_is_looked_for() {
    let play = Play::new();
    for (what, spoilt) in spoilt() {
        let mut seen = Vec::new();
        play.spoiler.rule(move |method, path| {
            let call = format!("{method} {path}");
            if !is_write(method, path) || seen.contains(&call) {
                return Fate::Passes;
            }
            seen.push(call);
            Fate::Spoilt(spoilt)
        });
        play.stage.forget_calls();
        let ran = play.run(WRITES);
        ran.exits(0);
        assert_eq!(play.stage.calls_that_write(), 3, "{what}: {ran}");
        assert_eq!(play.groups(), ["ours"], "{what}: {ran}");
        assert_eq!(ran.outcome()["counts"]["writes"], 3, "{what}: {ran}");
        assert!(ran.outcome()["counts"]["unknown"].is_null(), "{what}");
        play.spoiler.passes();
        play.undo(&ran).exits(0);
        assert!(play.groups().is_empty(), "{what}");
        assert!(play.nickname().is_null(), "{what}");
    }
}

#[test]
fn an_object_that_is_due_is_not_taken_for_an_empty_answer_a_list_or_half_of_it() {
    let play = Play::new();
    for (what, body) in [("nothing", ""), ("a list", "[]"), ("half", "cut")] {
        let mut seen = 0;
        play.spoiler.rule(move |method, path| {
            let is_due = is_create(method, path) || (method == "POST" && path.starts_with("/api/v1/users/"));
            seen += u32::from(is_due);
            if !is_due || seen > 2 {
                return Fate::Passes;
            }
            if body == "cut" {
                return Fate::Cut(20);
            }
            Fate::Spoilt(Spoilt { status: 200, content_type: "application/json", body })
        });
        let ran = play.run(WRITES);
        ran.exits(0);
        assert_eq!(play.groups(), ["ours"], "{what}: {ran}");
        play.spoiler.passes();
        play.undo(&ran).exits(0);
        assert!(play.groups().is_empty(), "{what}");
    }
}

#[test]
fn what_a_gateway_stopped_is_known_not_to_have_happened() {
    let play = Play::new();
    play.spoiler.rule(|method, path| if is_write(method, path) { Fate::Swallowed(BLOCKED) } else { Fate::Passes });
    let ran = play.run(WRITES);
    ran.exits(1).says(&["403"]);
    assert_eq!(ran.outcome()["counts"]["writes"], 0, "{ran}");
    assert!(ran.outcome()["counts"]["unknown"].is_null(), "{ran}");
    assert!(play.groups().is_empty());
    assert!(play.text(&["undo", &id(&ran), "--yes"]).contains("nothing to undo"));
}

#[test]
fn a_create_is_looked_for_as_long_as_lists_may_lag() {
    let play = Play::new();
    play.stage.options(&json!({"newGroupLagMs": 2500}));
    let mut posts = 0;
    play.spoiler.rule(move |method, path| {
        posts += u32::from(is_create(method, path));
        if is_create(method, path) && posts == 1 { Fate::Spoilt(GATEWAY) } else { Fate::Passes }
    });
    play.stage.write(
        "runbooks/spoilt.rhai",
        &[HEADER, r#"note(okta.add_group(#{ profile: #{ name: "Spoilt", description: "ours" } }).id);"#].concat(),
    );
    play.stage.forget_calls();
    let mut command = play.command(&["run", "spoilt", "--yes", "--output", "json"]);
    let ran = Ran::command(command.env("OKTA_RUNBOOK_LIST_LAG", "30s"));
    ran.exits(0);
    assert_eq!(play.stage.calls_that_write(), 1, "{ran}");
    assert_eq!(play.groups(), ["ours"]);
    play.undo(&ran).exits(0);
    assert!(play.groups().is_empty());
}

/// The first create is carried out or not, and nothing of it is seen before the second one.
fn is_hidden_until_the_second_create(
    first: impl Fn() -> Fate + Send + 'static,
) -> impl FnMut(&str, &str) -> Fate + Send + 'static {
    let mut posts = 0;
    move |method, path| {
        posts += u32::from(is_create(method, path));
        if is_create(method, path) && posts == 1 {
            return first();
        }
        if is_search(method, path) && posts == 1 {
            Fate::Spoilt(Spoilt { status: 200, content_type: "application/json", body: "[]" })
        } else {
            Fate::Passes
        }
    }
}

#[test]
fn what_exists_already_after_a_create_that_was_thought_void_is_its_work() {
    let play = Play::new();
    play.spoiler.rule(is_hidden_until_the_second_create(|| Fate::Spoilt(GATEWAY)));
    let ran = play.run(WRITES);
    ran.exits(0);
    assert_eq!(play.groups(), ["ours"], "{ran}");
    let shown = play.text(&["runs", "report", &id(&ran), "--format", "json"]);
    let report: Value = serde_json::from_str(&shown).unwrap();
    let states: Vec<&Value> = report["writes"].as_array().unwrap().iter().map(|write| &write["state"]).collect();
    assert_eq!(states, ["done", "refused", "done", "done"], "{shown}");
    play.undo(&ran).exits(0);
    assert!(play.groups().is_empty());
}

/// The first create never arrives, and another program creates a group of this description meanwhile.
fn created_by_another(stage: &Stage, description: &'static str) -> impl Fn() -> Fate + Send + 'static + use<> {
    let (url, token) = (stage.url().to_owned(), stage.token().to_owned());
    move || {
        let theirs = json!({"profile": {"name": "Spoilt", "description": description}});
        let (url, token) = (url.clone(), token.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let http = reqwest::Client::builder().no_proxy().user_agent("curl/8.0").build().unwrap();
                let request = http.post(format!("{url}/api/v1/groups")).json(&theirs);
                let request = request.header("Authorization", format!("SSWS {token}"));
                request.send().await.unwrap().error_for_status().unwrap();
            });
        })
        .join()
        .unwrap();
        Fate::Swallowed(GATEWAY)
    }
}

#[test]
fn what_somebody_else_created_meanwhile_is_not_taken_and_the_write_stays_unknown() {
    // Of the same look as ours: the System Log alone tells.
    for description in ["theirs", "ours"] {
        let play = Play::new();
        play.spoiler.rule(is_hidden_until_the_second_create(created_by_another(&play.stage, description)));
        let ran = play.run(WRITES);
        ran.exits(3).says(&["it is not known whether the change was made"]);
        assert_eq!(ran.outcome()["counts"]["unknown"], 1, "{ran}");
        assert_eq!(ran.outcome()["outcome"], "partly", "{ran}");
        assert!(play.text(&["runs"]).contains("0 + 1 unknown"));
        play.undo(&ran).exits(6);
        assert_eq!(play.groups(), [description]);
    }
}

#[test]
fn what_another_program_created_under_the_same_account_is_seen_by_the_log() {
    let play = Play::new();
    let theirs = created_by_another(&play.stage, "ours");
    let mut posts = 0;
    play.spoiler.rule(move |method, path| {
        posts += u32::from(is_create(method, path));
        if is_create(method, path) && posts == 1 { theirs() } else { Fate::Passes }
    });
    let ran = play.run(WRITES);
    ran.exits(3).says(&["with another program, not by this run"]);
    play.undo(&ran).exits(6);
    assert_eq!(play.groups(), ["ours"]);
}

#[test]
fn a_write_that_no_look_can_settle_stands_in_the_outcome_until_one_can() {
    let play = Play::new();
    play.spoiler.rule(|method, path| match (method, path) {
        ("PUT", _) => Fate::Spoilt(GATEWAY),
        ("GET", path) if path.ends_with("/groups") => Fate::Swallowed(BLOCKED),
        _ => Fate::Passes,
    });
    let group = play.stage.group("Kept");
    let user = play.stage.user(ADA);
    let script = format!(
        "let members = okta.list_group_users(\"{group}\").all(); okta.assign_user_to_group(\"{group}\", \"{user}\");"
    );
    let ran = play.run(&script);
    ran.exits(3);
    assert_eq!(ran.outcome()["counts"]["unknown"], 1, "{ran}");
    let shown = play.text(&["runs", "show", &id(&ran)]);
    assert!(shown.contains("1 write of unknown outcome"), "{shown}");
    assert!(!shown.contains("nothing written"), "{shown}");
    let page = play.text(&["runs", "report", &id(&ran), "--format", "markdown"]);
    assert!(page.contains("1 write of unknown outcome"), "{page}");
    play.undo(&ran).exits(6);
    play.spoiler.passes();
    play.undo(&ran).exits(0);
    assert!(!play.text(&["runs"]).contains("unknown"));
    let members = play.stage.get(&format!("/api/v1/groups/{group}/users"));
    assert_eq!(members, json!([]));
}

#[test]
fn a_list_operation_that_answers_no_list_is_an_error() {
    let play = Play::new();
    play.stage.group("One");
    play.stage.group("Two");
    for body in ["", "{}", "null", r#"{"errorCode":"E0000009"}"#, "\"x\"", "<html>"] {
        let spoilt = Spoilt { status: 200, content_type: "application/json", body };
        let mut asked = 0;
        play.spoiler.rule(move |_, path| {
            asked += u32::from(path.starts_with("/api/v1/groups"));
            if path.starts_with("/api/v1/groups") && asked == 1 { Fate::Spoilt(spoilt) } else { Fate::Passes }
        });
        // Once: it is asked again.
        play.run("check(okta.list_groups().len() > 2, \"all of them\");").exits(0);
        play.spoiler.rule(
            move |_, path| {
                if path.starts_with("/api/v1/groups") { Fate::Spoilt(spoilt) } else { Fate::Passes }
            },
        );
        let ran = play.run("note(`${okta.list_groups().len()} groups`);");
        ran.exits(1).says(&["list_groups"]);
        // The run's own look is no better: nothing is sent on its word.
        let ran = play.run(r#"okta.add_group(#{ profile: #{ name: "Spoilt" } });"#);
        ran.exits(1);
        assert!(play.groups().is_empty(), "{body}: {ran}");
    }
}
