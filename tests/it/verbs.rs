//! The verbs of scripts, each by what it does and by what it says when it is used wrongly.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, TO};

const HEADER: &str = "//! A trial.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\n";

fn stage() -> Stage {
    Stage::contractors(&json!({}))
}

/// Runs a script of these lines.
fn play(stage: &Stage, name: &str, lines: &str) -> Ran {
    stage.write(&format!("runbooks/{name}.rhai"), &format!("{HEADER}{lines}\n"));
    Ran::command(stage.command().args(["run", name, "--yes", "--output", "json"]))
}

/// Script and what it tells: the words of its notes, one after the other.
const RIGHT: &[(&str, &str)] = &[
    ("step(\"A\"); note(\"done\");", "done"),
    ("check(true, \"it is so\"); note(\"after\");", "after"),
    ("check_all([[true, \"one\"], [true, \"two\", \"help\"]]); note(\"all\");", "all"),
    ("note(#{ a: 1 });", "{\"a\":1}"),
    ("note(\"\" + wait_until(#{ timeout: 5, every: 0.1 }, || 42));", "42"),
    ("let n = 0; wait_until(#{ timeout: 5, every: 0.05, what: \"three\" }, || { n += 1; n == 3 }); note(`${n}`);", "3"),
    (
        "try { wait_until(#{ timeout: 0.1, every: 0.05, what: \"godot\" }, || false) } catch (err) { note(err.kind + \": \" + err.message); }",
        "timeout: waited 0.1 s in vain for godot",
    ),
    ("let rows = each([1, 2, 3], |n| n * 2); note(`${rows.map(|row| row.value)}`);", "[2, 4, 6]"),
    (
        "let rows = each([\"a\", \"b\"], |x| if x == \"b\" { throw \"no b\" } else { x }); note(`${rows[0].ok} ${rows[1].ok} ${rows[1].error}`);",
        "true false no b",
    ),
    (
        "let rows = each(okta.list_users(#{ limit: 1 }), #{ key: |user| user.id }, |user| user.profile.login); note(`${rows.len()}`);",
        "4",
    ),
    (
        "let known = #{ a: 1, b: 2 }; let rows = each([\"a\", \"b\"], |x| known[x]); note(`${rows.map(|row| row.value)}`);",
        "[1, 2]",
    ),
    // What a lane does to its copy of a captured list is not seen by the next one.
    (
        "fn keeper(kept) { |x| { kept.push(x); kept.len() } } let rows = each([1, 2, 3], #{ concurrency: 1 }, keeper([])); note(`${rows.map(|row| row.value)}`);",
        "[1, 1, 1]",
    ),
    (
        "let kept = []; let keep = |x| { kept.push(x); kept.len() }; let rows = each([1, 2, 3], #{ concurrency: 1 }, |x| keep.call(x)); note(`${rows.map(|row| row.value)} ${kept}`);",
        "[1, 1, 1] []",
    ),
    (
        "let items = [#{ id: 1 }]; let rows = each(items, |x| { x.id = 2; x }); note(`${items[0].id} ${rows[0].item.id} ${rows[0].value.id}`);",
        "1 1 2",
    ),
    (
        "let items = [\"a\", \"b\"]; let rows = each(items, |x| items.len()); note(`${rows.map(|row| row.value)}`);",
        "[2, 2]",
    ),
    ("let sum = 0; for (x, index) in progress([5, 7]) { sum += x * index; } note(`${sum}`);", "7"),
    ("note(dn::parent(\"CN=a\\\\,b,OU=x,DC=y\"));", "OU=x,DC=y"),
    (
        "note(`${dn::same(\"cn=A, ou=X\", \"CN=a,OU=x\")} ${dn::is_under(\"CN=a,OU=x,DC=y\", \"dc=Y\")} ${dn::is_under(\"DC=y\", \"DC=y\")}`);",
        "true true false",
    ),
    (
        "note(dn::rdn(\"CN=Smith\\\\, Jo,DC=y\") + \" / \" + dn::moved(\"CN=a,OU=x,DC=y\", \"OU=z,DC=y\"));",
        "Smith, Jo / CN=a,OU=z,DC=y",
    ),
    (
        "note(`${age(now()) <= 1} ${age(0) > 1000000} ${age(\"2020-01-02T03:04:05.000Z\") > 1000000}`);",
        "true true true",
    ),
    // Times and durations.
    (
        "let t = time(\"2026-03-04T23:30:00Z\"); note(`${t} ${t - 90.days} ${(t + 1.hour).date} ${t.format(\"%d.%m.%Y %H:%M\", \"Europe/Zurich\")}`);",
        "2026-03-04T23:30:00.000Z 2025-12-04T23:30:00.000Z 2026-03-05 05.03.2026 00:30",
    ),
    (
        "note(`${\"2020-01-02T03:04:05.000Z\" < now() - 90.days} ${now() > \"2020-01-01\"} ${now(3600) - now() > 59.minutes} ${time(\"2020-01-01\") == \"2020-01-01T01:00:00+01:00\"} ${now() == \"never\"}`);",
        "true true true true false",
    ),
    (
        "note(`${90.days} ${2.weeks.days} ${(1.hour + 30.minutes).minutes} ${90.minutes * 2} ${1.day > 23.hours} ` + 1.second);",
        "90 days 14 90 3 hours true 1 second",
    ),
    (
        "note(#{ at: time(\"2026-03-04\"), long: 1.day, unit: dn(\"ou=x,dc=y\") }.to_json() + \" \" + [time(\"2026-03-04\"), time(\"2025-01-01\")].sorted().map(|t| t.date));",
        "{\"at\":\"2026-03-04T00:00:00.000Z\",\"long\":\"1 day\",\"unit\":\"ou=x,dc=y\"} [\"2025-01-01\", \"2026-03-04\"]",
    ),
    (
        "note(`${time(\"134117966450000000\")} ${time(\"20260102030405.0Z\")} ${time(0).date} ${started() <= now(1)}`);",
        "2026-01-02T03:04:05.000Z 2026-01-02T03:04:05.000Z 1970-01-01 true",
    ),
    ("wait_until(#{ timeout: 5.seconds, what: \"nothing\" }, || true); note(\"waited\");", "waited"),
    // Distinguished names.
    (
        "let u = dn(\"OU=Zoë,DC=y\"); note(`${u == \"ou=ZOE\u{308}, dc=Y\"} ${u != dn(\"OU=Zoe,DC=y\")} ${u == \"x\"} ${\"CN=a,OU=Zoë,DC=y\" in u} ${u in u} ${u in u.parent} ${u.parent.parent == ()}`);",
        "true true false true false true true",
    ),
    (
        "let u = dn(\"CN=Smith\\\\, Jo,DC=y\"); note(`${u.rdn} / ${u.moved_to(\"OU=z,DC=y\")} / ${u.is_under(\"dc=Y\")}`);",
        "Smith, Jo / CN=Smith\\, Jo,OU=z,DC=y / true",
    ),
    ("note(quoted(\"a \\\"b\\\" \\\\c\"));", "\"a \\\"b\\\" \\\\c\""),
    ("note(okta.name + \" \" + okta.url.starts_with(\"http://127.0.0.1\"));", "okta true"),
    ("manual(\"Do it\", #{ how: \"so\", verify: || true }); note(\"was done\");", "was done"),
    // Directories.
    ("note(`${directory(\"none.example\") == ()}`);", "true"),
    (
        "let ad = directory(\"CORP.example\"); note(`${ad.exists(\"ou=users,dc=CORP,dc=example\")} ${ad.exists(\"OU=None,DC=corp,DC=example\")}`);",
        "true false",
    ),
    (
        "let ad = directory(\"corp.example\"); note(ad.find_user(\"ada.novak@corp.example\").dn + \" \" + (ad.find_user(\"nobody\") == ()));",
        "CN=Ada Novak,OU=User-Contractor,DC=corp,DC=example true",
    ),
    (
        "let ad = directory(\"corp.example\"); let e = ad.get(\"CN=Ada Novak,OU=User-Contractor,DC=corp,DC=example\"); note(`${e.enabled} ${e.attributes.mail[0]} ${e.guid.len()} ${e.rdn}`);",
        "true ada.novak@corp.example 36 Ada Novak",
    ),
    (
        "let ad = directory(\"corp.example\"); note(`${ad.search(ad.base, \"(sn=Novak)\", [\"cn\"]).len()} ${ad.children(ad.base, \"(objectClass=user)\", [\"cn\"]).len()}`);",
        "1 0",
    ),
    // Lists.
    (
        "let l = okta.list_users(#{ limit: 2 }); note(`${l.len()} ${l.all().len()} ${l.is_empty()} ${l.some(|u| u.profile.lastName == \"Novak\")}`);",
        "4 4 false true",
    ),
    (
        "let l = okta.list_users(); note(l.find(|u| u.profile.lastName == \"Novak\").profile.login + \" \" + (l.find(|u| false) == ()));",
        "ada.novak@corp.example true",
    ),
    (
        "let l = okta.list_groups(#{ search: \"profile.name eq \\\"None\\\"\" }); note(`${l.first() == ()} ${l.is_empty()}`);",
        "true true",
    ),
    ("let n = 0; for user in okta.list_users(#{ limit: 1 }) { n += 1; } note(`${n}`);", "4"),
    (
        "note(`${okta.list_users().filter(|u| u.profile.lastName == \"Novak\").len()} ${okta.list_users().map(|u| 1).len()} ${okta.list_users()[0].status}`);",
        "1 4 ACTIVE",
    ),
    // Calls: an object stands for its id; errors are values.
    (
        "let u = okta.get_user(\"ada.novak@corp.example\"); note(okta.get_user(u).profile.login);",
        "ada.novak@corp.example",
    ),
    (
        "try { okta.get_user(\"nobody\") } catch (err) { note(`${err.status} ${err.code} ${err.operation} ${err.request_id.len() > 10}`); }",
        "404 E0000007 get_user true",
    ),
    (
        "let g = okta.add_group(#{ profile: #{ name: \"G\" } }); okta.assign_user_to_group(g, okta.get_user(\"me\")); note(`${okta.list_group_users(g).len()}`); okta.delete_group(g);",
        "1",
    ),
    // Paths, for what the table lacks.
    ("note(okta.get(\"/api/v1/users/me\").profile.login);", "sam.admin@corp.example"),
    ("note(`${okta.get(\"/api/v1/groups\", #{ limit: 1 }).len() > 0}`);", "true"),
    (
        "let g = okta.post(\"/api/v1/groups\", #{ profile: #{ name: \"P\" } }); okta.put(`/api/v1/groups/${g.id}`, #{ profile: #{ name: \"Q\" } }); note(okta.get(`/api/v1/groups/${g.id}`).profile.name); okta.delete(`/api/v1/groups/${g.id}`);",
        "Q",
    ),
];

/// Script and what is said of it; each ends with 1 and nothing written.
const WRONG: &[(&str, &[&str])] = &[
    ("check(false, \"the sky is green\", \"look up\");", &["the sky is green", "check failed", "help: look up"]),
    (
        "check_all([[false, \"one\", \"do one\"], [true, \"two\"], [false, \"three\"]]);",
        &["2 checks failed", "one", "three", "do one"],
    ),
    ("check(false, \"x is a user\", (), \"x: user not found\");", &["check failed: x: user not found"]),
    (
        "check_all([[false, \"one\"], [false, \"two\", (), ()], [false, \"three\", \"do three\", \"no three\"]]);",
        &["3 checks failed", "- not so: one", "- not so: two", "- no three", "do three"],
    ),
    ("check_all([[false, \"one\", (), \"no one\", 5]]);", &["a fact is [true or false, words]"]),
    ("check(1, \"a number\");", &["must be true or false, not integer"]),
    ("check_all([[1]]);", &["a fact is [true or false, words]"]),
    ("table([\"a\", \"b\"], [[1]]);", &["a row has 1 cells and there are 2 columns"]),
    ("wait_until(#{ timeot: 5 }, || true);", &["no option `timeot`", "did you mean `timeout`?"]),
    ("wait_until(#{ timeout: -1 }, || true);", &["0 or more"]),
    ("wait_until(#{ timeout: 0.1, every: 0.05, what: \"the bus\" }, || false);", &["in vain for the bus"]),
    ("each(1, |x| x);", &["each: the first argument is a list"]),
    ("each([1, 1], |x| x);", &["two items have the key \"1\""]),
    ("each([#{ a: 1 }], #{ key: \"b\" }, |x| x);", &["an item has no field `b`"]),
    (
        "each([1, 2, 3], #{ on_failure: \"stop\", concurrency: 1 }, |x| throw \"bad\");",
        &["bad", "stopped after 1 failed, 2 not begun"],
    ),
    ("manual(\"Turn it on\", #{ how: \"there\", verify: || 1 == 2, vreify: 1 });", &["no option `vreify`", "`verify`"]),
    ("directory(\"corp.example\").get(\"not a name\");", &["not a name"]),
    ("directory(\"corp.example\").search(\"DC=corp,DC=example\", \"(broken\");", &["(broken"]),
    ("dn::parent(\"CN=a,,\");", &["CN=a,,"]),
    ("age(\"yesterday\");", &["`yesterday` is no time"]),
    ("sleep(1);", &["wait_until"]),
    ("timestamp();", &["now()"]),
    (
        "let last = (); if last < now() { note(\"x\"); }",
        &["there is no time on one side, but ()", "user.lastLogin != ()"],
    ),
    ("if \"soon\" < now() { note(\"x\"); }", &["`soon` is no time such as 2026-01-02T03:04:05.000Z"]),
    ("note(now().format(\"%d\", \"Mars/Olympus\"));", &["there is no time zone `Mars/Olympus`"]),
    ("let n = 9223372036854775807; note(`${n.days}`);", &["9223372036854775807 days are too long"]),
    ("okta.list_log_events(#{ since: 90.days });", &["is a duration: say in what it is counted"]),
    ("note(dn(\"Users\").rdn);", &["`Users` is no distinguished name"]),
    ("eval(\"1\");", &["eval"]),
    ("let x = okta.list_users()[99];", &["99"]),
    ("okta.list_users().filter(|u| 1);", &["the test must say true or false"]),
    ("okta.get_user(());", &["`id` is (): what was looked for is not there"]),
    ("okta.get_user(#{ login: \"x\" });", &["has no `id`"]),
    ("okta.get_user();", &["get_user", "okta.get_user(id"]),
    (
        "okta.list_groups(#{ serch: \"x\" });",
        &["`serch` is no parameter of it", "did you mean `search`?", "okta.list_groups("],
    ),
    ("okta.list_group_rule();", &["there is no function `list_group_rule`", "list_group_rules"]),
    ("okta.get(\"api/v1/users\");", &["a path begins with one `/`"]),
    ("okta.get(\"/api/v1/users?limit=1\");", &["give the query as a map"]),
    ("okta.get(\"//evil.example/\");", &["a path begins with one `/`"]),
    ("okta.get_user(\"nobody\");", &["404 E0000007", "request", "(User)"]),
    ("let user = okta.get_user(\"me\"); note(user.profil.login);", &["profil"]),
    ("fn f(n) { f(n + 1) } f(0);", &["calls"]),
    ("import \"lib/none\" as none;", &["lib/none"]),
];

#[test]
fn each_verb_does_what_it_says() {
    let stage = stage();
    for (number, (script, expected)) in RIGHT.iter().enumerate() {
        let ran = play(&stage, &format!("right{number}"), script);
        let notes: Vec<Value> = ran.events_of("note").iter().map(|note| note["words"].clone()).collect();
        assert_eq!(json!(notes), json!([expected]), "{script}\n{ran}");
        // Only the script with a failed item ends partly.
        let code = if script.contains("throw \"no b\"") { 3 } else { 0 };
        ran.exits(code);
    }
}

#[test]
fn each_wrong_use_says_what_is_wrong() {
    let stage = stage();
    stage.forget_calls();
    for (number, (script, words)) in WRONG.iter().enumerate() {
        let ran = play(&stage, &format!("wrong{number}"), script);
        assert!(matches!(ran.code, Some(1 | 2)), "{script}\n{ran}");
        for word in *words {
            assert!(ran.said().contains(word), "{script}: {word:?} is not said\n{ran}");
        }
        let place = format!("runbooks/wrong{number}.rhai:4:");
        assert!(ran.said().contains(&place), "{script}: {place} is not said\n{ran}");
    }
    assert_eq!(stage.calls_that_write(), 0);
}

#[test]
fn a_list_fetches_its_pages_only_as_it_is_walked() {
    let stage = Stage::of(&json!({"contractors": 30}));
    stage.options(&json!({"limits": {"enabled": false}}));
    // Pages of ten: what is asked, and how many calls it takes.
    let rows = [
        ("let users = okta.list_users(#{ limit: 10 });", 0),
        ("okta.list_users(#{ limit: 10 }).first();", 1),
        ("let users = okta.list_users(#{ limit: 10 }); users.first(); users.is_empty(); users[9];", 1),
        ("okta.list_users(#{ limit: 10 })[10];", 2),
        ("let users = okta.list_users(#{ limit: 10 }); for user in users { break; }", 1),
        ("let users = okta.list_users(#{ limit: 10 }); users.len(); users.all(); for user in users { }", 4),
    ];
    for (number, (script, pages)) in rows.iter().enumerate() {
        stage.forget_calls();
        play(&stage, &format!("lazy{number}"), script).exits(0);
        // One call asks who signs in.
        assert_eq!(stage.calls(|_| true), *pages + 1, "{script}");
    }
}

#[test]
fn a_write_that_would_change_nothing_is_not_sent() {
    let stage = stage();
    let group = stage.provisioning_group("Same", TO, 0);
    stage.join(&group, "ada.novak@corp.example");
    stage.forget_calls();
    let script = format!(
        "let group = okta.add_group(#{{ profile: #{{ name: \"Same\" }} }});
        let user = okta.get_user(\"ada.novak@corp.example\");
        okta.assign_user_to_group(group, user);
        let app = okta.list_applications(#{{ filter: \"name eq \\\"active_directory\\\"\" }}).first();
        okta.assign_group_to_application(app, group, #{{ priority: 0, profile: #{{ organizationalUnit: \"{TO}\" }} }});
        okta.update_application_user(app, user, #{{ scope: \"USER\" }});
        okta.put(`/api/v1/groups/${{group.id}}/users/${{user.id}}`);
        okta.activate_application(app);"
    );
    let ran = play(&stage, "same", &script);
    ran.exits(0);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    assert_eq!(ran.outcome()["counts"]["unchanged"], 6, "{ran}");
}

#[test]
fn a_manual_step_that_was_attested_must_hold() {
    let stage = stage();
    stage.write("runbooks/by_hand.rhai", &format!("{HEADER}manual(\"Make the group\", #{{ how: \"in the console\", name: \"group\",\n  verify: || okta.list_groups(#{{ search: \"profile.name eq \\\"By hand\\\"\" }}).first() }});\nnote(\"on\");\n"));
    let run = |more: &[&str]| Ran::command(stage.command().args(["run", "by_hand", "--output", "json"]).args(more));
    run(&[]).exits(4).says(&["--attest group"]);
    run(&["--attest", "group"]).exits(1).says(&["it was attested, yet it is not so: Make the group"]);
    stage.write("runbooks/own_words.rhai", &format!("{HEADER}manual(\"Make the group\", #{{ how: \"in the console\", name: \"group\",\n  verify: || false, failure: \"the group is missing\" }});\n"));
    let mut own = stage.command();
    Ran::command(own.args(["run", "own_words", "--attest", "group"]))
        .exits(1)
        .says(&["it was attested, yet the group is missing"]);
    stage.group("By hand");
    run(&[]).exits(0).says(&["done already: Make the group"]);
}

#[test]
fn the_nearest_shelf_wins() {
    let stage = stage();
    let says = |words: &str| format!("{HEADER}note(\"{words}\");\n");
    let told = |name: &str| {
        let ran = Ran::command(stage.command().args(["run", name, "--yes", "--output", "json"]));
        ran.exits(0).events_of("note")[0]["words"].as_str().unwrap().to_owned()
    };
    stage.write(".local/share/okta-runbook/runbooks/ad/move_user_to_ou.rhai", &says("the user's"));
    assert_eq!(told("ad/move_user_to_ou"), "the user's");
    stage.write("runbooks/ad/move_user_to_ou.rhai", &says("the folder's"));
    assert_eq!(told("ad/move_user_to_ou"), "the folder's");
    stage.write("elsewhere/move.rhai", &says("the path's"));
    assert_eq!(told("elsewhere/move.rhai"), "the path's");
    let listed = Ran::command(stage.command().args(["list", "--output", "json"]));
    let rows: Value = serde_json::from_str(&listed.exits(0).stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "ad/move_user_to_ou").unwrap();
    assert_eq!(row["path"], "runbooks/ad/move_user_to_ou.rhai", "{rows}");
    assert!(row["shadows"].is_string(), "{rows}");
}

#[test]
fn modules_are_found_from_the_shelves_and_a_circle_is_refused() {
    let stage = stage();
    stage.write("runbooks/lib/greeting.rhai", "/// A greeting.\nfn greet(name) { `hello ${name}` }\n");
    let ran = play(&stage, "imports", "import \"lib/greeting\" as greeting;\nnote(greeting::greet(\"you\"));");
    assert_eq!(ran.exits(0).events_of("note")[0]["words"], "hello you");
    let shipped =
        play(&stage, "shipped", "import \"lib/ad\" as ad;\nnote(ad::find_instance(okta, \"CORP.example\").label);");
    assert_eq!(shipped.exits(0).events_of("note")[0]["words"], "corp.example");
    stage.write("runbooks/lib/a.rhai", "import \"lib/b\" as b;\nfn x() { 1 }\n");
    stage.write("runbooks/lib/b.rhai", "import \"lib/a\" as a;\nfn y() { 1 }\n");
    stage.forget_calls();
    let circle = play(&stage, "circle", "import \"lib/a\" as a;");
    assert_ne!(circle.code, Some(0), "{circle}");
    circle.says(&["lib/a", "lib/b", "circle"]);
    assert_eq!(stage.calls(|_| true), 0);
}

/// A fact that does not hold must not read as if it did, wherever the run is shown.
#[test]
fn a_failed_check_reads_as_the_failure() {
    const FACTS: &str = "check_all([[true, \"ada is a user\", (), \"ada: user not found\"], [false, \"ben is a user\"],\n  \
        [false, \"chloe is a user\", \"check the spelling\", \"chloe: user not found\"]]);";
    let stage = stage();
    stage.write("runbooks/failing.rhai", &format!("{HEADER}{FACTS}\n"));
    let ran = Ran::command(stage.command().args(["run", "failing"]));
    ran.exits(1).says(&[
        "✓ ada is a user",
        "✗ not so: ben is a user",
        "✗ chloe: user not found",
        "help: check the spelling",
    ]);
    assert!(!ran.said().contains("chloe is a user"), "{ran}");
    let ran = play(&stage, "failing_again", FACTS);
    let words = |check: &Value| check["words"].as_str().unwrap().to_owned();
    let told: Vec<_> = ran.events_of("check").iter().map(words).collect();
    let expected = ["ada is a user", "not so: ben is a user", "chloe: user not found"];
    assert_eq!(told, expected, "{ran}");
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    for form in ["html", "json", "junit", "markdown"] {
        let command = ["runs", "report", &run, "--format", form];
        let report = Ran::command(stage.command().args(command));
        report.exits(0).says(&["not so: ben is a user", "chloe: user not found"]);
        assert!(!report.said().contains("chloe is a user"), "{report}");
    }
    let script = "check(1 + 1 == 3, \"a third fact\", \"count again\", \"1 + 1 is not 3\");";
    let ran = play(&stage, "events", script);
    let checks = ran.events_of("check");
    assert_eq!(checks[0]["words"], "1 + 1 is not 3", "{ran}");
    assert_eq!(checks[0]["passed"], false, "{ran}");
}
