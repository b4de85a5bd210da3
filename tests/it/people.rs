//! Who is meant by the names of a list, and which account and group by theirs: nobody is taken for somebody else.

use serde_json::{Value, json};

use crate::stage::{ADA, FROM, Ran, Stage, TO, TO_GROUP};

/// The shared e-mail of Zoe's two users, and the login of another who is not in the AD instance.
const ZOE: &str = "zoe.stone@corp.example";
const ZOE_TWO: &str = "adm-zoe@corp.example";

/// So many contractors are read one by one, and so many by pages.
const FEW_AND_MANY: [usize; 2] = [2, 27];

fn user(stage: &Stage, login: &str, email: &str) -> String {
    let profile = json!({"login": login, "email": email, "firstName": "Zoe", "lastName": "Stone"});
    let user = stage.done("POST", "/api/v1/users?activate=true", &json!({"profile": profile}));
    user["id"].as_str().unwrap().to_owned()
}

fn deactivate(stage: &Stage, login: &str) {
    let path = format!("/api/v1/users/{}/lifecycle/deactivate", stage.user(login));
    stage.done("POST", &path, &Value::Null);
}

fn set_profile(stage: &Stage, login: &str, profile: &Value) {
    let path = format!("/api/v1/users/{}", stage.user(login));
    stage.done("POST", &path, &json!({"profile": profile}));
}

fn of_size(contractors: usize) -> Stage {
    let stage = Stage::of(&json!({"contractors": contractors}));
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0, "agentTimeoutMs": 200}));
    stage
}

/// Logins of the contractors.
fn logins(stage: &Stage) -> Vec<String> {
    let org = stage.state();
    let ids = org["apps"][stage.app()]["users"].as_object().unwrap().keys();
    ids.map(|id| org["users"][id]["login"].as_str().unwrap().to_owned()).collect()
}

/// Moves all contractors, of whom `ada` is named `name`.
fn move_as(stage: &Stage, ada: &str, name: &str) -> Ran {
    let mut rows = logins(stage);
    rows.retain(|login| login != ada);
    rows.push(name.to_owned());
    let rows: Vec<String> = rows.iter().map(|row| format!("\"{row}\"\n")).collect();
    stage.write("users.csv", &format!("login\n{}", rows.concat()));
    stage.move_users(&["users=@users.csv"])
}

fn move_with(stage: &Stage, name: &str) -> Ran {
    move_as(stage, ADA, name)
}

#[track_caller]
fn stops(stage: &Stage, ran: &Ran, words: &[&str]) {
    ran.exits(1).says(words);
    assert_eq!(writes(ran), 0, "{ran}");
    assert!(stage.account(ADA).unwrap().dn.ends_with(FROM), "{ran}");
}

fn writes(ran: &Ran) -> u64 {
    ran.outcome()["counts"]["writes"].as_u64().unwrap()
}

#[test]
fn an_email_of_two_users_names_nobody() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        set_profile(&stage, ADA, &json!({"email": ZOE}));
        let two = user(&stage, ZOE_TWO, ZOE);
        let row = format!("users.csv:{}: {ZOE} names 2 users", contractors + 1);
        let ran = move_with(&stage, ZOE);
        stops(&stage, &ran, &[&row, "2 users have this e-mail", ADA, ZOE_TWO, &two]);
    }
}

#[test]
fn an_email_of_one_user_is_the_user() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        set_profile(&stage, ADA, &json!({"email": ZOE}));
        // A user who left stands aside.
        user(&stage, ZOE_TWO, ZOE);
        deactivate(&stage, ZOE_TWO);
        let ran = move_with(&stage, "Zoe.Stone@corp.example");
        ran.exits(0);
        stage.assert_moved(ADA, &ran);
    }
}

#[test]
fn a_login_is_nobody_elses_email() {
    for contractors in FEW_AND_MANY {
        for left in [false, true] {
            let stage = of_size(contractors);
            set_profile(&stage, ADA, &json!({"email": ZOE}));
            user(&stage, ZOE, "zoe@mail.example");
            let words = if left {
                deactivate(&stage, ZOE);
                format!("{ZOE} is deactivated (DEPROVISIONED)")
            } else {
                format!("{ZOE} is not assigned to corp.example")
            };
            stops(&stage, &move_with(&stage, ZOE), &[&words]);
        }
    }
}

#[test]
fn a_login_without_its_domain_is_taken_where_it_names_one_user() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        let ran = move_with(&stage, "ada.novak");
        ran.exits(0);
        stage.assert_moved(ADA, &ran);
        let stage = of_size(contractors);
        user(&stage, "ada.novak@other.example", "ada.novak@other.example");
        let ran = move_with(&stage, "ada.novak");
        stops(
            &stage,
            &ran,
            &["ada.novak is not a user of the org", ADA, "ada.novak@other.example", "write the whole login"],
        );
    }
}

#[test]
fn a_login_with_a_slash_is_searched_for() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        let (status, _) = stage.send("GET", "/api/v1/users/ada%2Fext%40corp.example", &Value::Null);
        assert_eq!(status, 405);
        set_profile(&stage, ADA, &json!({"login": "ada/ext@corp.example", "email": "ada@mail.example"}));
        let ran = move_as(&stage, "ada/ext@corp.example", "Ada/Ext@corp.example");
        ran.exits(0);
        assert!(stage.account(ADA).unwrap().dn.ends_with(TO), "{ran}");
    }
}

#[test]
fn what_okta_takes_for_something_else_is_a_row_among_the_others() {
    let stage = of_size(2);
    stage.write("users.csv", "login\n..\nme\n.\nnobody@corp.example\nMe\n");
    let ran = stage.move_users(&["users=@users.csv"]);
    ran.exits(2).says(&["users.csv:6", "\"Me\" was given already"]);
    stage.write("users.csv", "login\n..\nme\n.\nnobody@corp.example\n");
    stage.forget_calls();
    let ran = stage.move_users(&["users=@users.csv"]);
    stops(
        &stage,
        &ran,
        &[
            "users.csv:2: .. cannot name a user of the org",
            "users.csv:3: me cannot name a user of the org",
            "users.csv:4: . cannot name a user of the org",
            "users.csv:5: nobody@corp.example is not a user of the org",
        ],
    );
}

#[test]
fn accents_may_be_written_in_either_way_and_two_who_look_alike_are_told() {
    let (composed, decomposed) = ("zo\u{eb}@corp.example", "zoe\u{308}@corp.example");
    for contractors in FEW_AND_MANY {
        for (login, given) in [(composed, decomposed), (decomposed, composed)] {
            let stage = of_size(contractors);
            set_profile(&stage, ADA, &json!({"login": login, "email": "ada@mail.example"}));
            let ran = move_as(&stage, login, given);
            ran.exits(0);
            assert!(stage.account(ADA).unwrap().dn.ends_with(TO), "{ran}");
        }
        let stage = of_size(contractors);
        set_profile(&stage, ADA, &json!({"login": decomposed, "email": "ada@mail.example"}));
        let other = user(&stage, composed, "zoe@mail.example");
        let ran = move_as(&stage, decomposed, composed);
        stops(&stage, &ran, &["names 2 users", "accents written in another way", &other]);
    }
}

#[test]
fn a_group_is_found_by_its_name_with_accents_in_either_way() {
    let (composed, decomposed) = ("AD B\u{fc}ro", "AD Bu\u{308}ro");
    for (name, given) in [(composed, decomposed), (decomposed, composed)] {
        let stage = Stage::contractors(&json!({}));
        let group = stage.provisioning_group(name, TO, 5);
        let ran = stage.move_users(&[&format!("to_group={given}")]);
        ran.exits(0);
        assert!(
            stage.state()["groups"][&group]["members"].as_array().unwrap().contains(&json!(stage.user(ADA))),
            "{ran}"
        );
    }
    let stage = Stage::contractors(&json!({}));
    let groups = [composed, decomposed].map(|name| stage.group(name));
    let ran = stage.move_users(&[&format!("to_group={composed}")]);
    stops(&stage, &ran, &["names 2 groups", "2 groups look like that", &groups[0], &groups[1]]);
}

#[test]
fn an_account_that_is_renamed_as_it_is_moved_has_arrived() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        stage.options(&json!({"jobDelayMs": 2500}));
        let users = format!("users={}", logins(&stage).join(","));
        // The destination's other account has the name that Ada's had.
        let ran = stage.move_while(&["timeout=20", &users], |event| {
            if event["title"] == "Wait for accounts to reach the target OU" {
                let deeds = [
                    json!({"do": "rename_account", "account": ADA, "cn": "Ada Novak-Stone"}),
                    json!({"do": "move_account", "account": ADA, "organizationalUnit": TO}),
                    json!({"do": "create_account", "organizationalUnit": TO, "firstName": "Ada", "lastName": "Novak",
                        "userPrincipalName": "ada.two@corp.example", "samAccountName": "ada.two"}),
                ];
                for deed in &deeds {
                    stage.deed(deed);
                }
            }
        });
        ran.exits(0);
        assert_eq!(stage.account(ADA).unwrap().dn, format!("CN=Ada Novak-Stone,{TO}"), "{ran}");
        assert_eq!(stage.provisioning_groups(ADA), [TO_GROUP], "{ran}");
    }
}

#[test]
fn a_name_that_the_directory_takes_for_the_same_is_taken() {
    for contractors in FEW_AND_MANY {
        let stage = of_size(contractors);
        stage.deed(
            &json!({"do": "create_account", "organizationalUnit": TO, "firstName": "\u{c1}da", "lastName": "Nov\u{e1}k",
            "userPrincipalName": "ada.two@corp.example", "samAccountName": "ada.two"}),
        );
        let ran = move_with(&stage, ADA);
        stops(&stage, &ran, &["has another account named Ada Novak", "\u{c1}da Nov\u{e1}k"]);
    }
}
