use std::fs;

use serde_json::json;

use super::*;
use crate::script::library::{RunbookShelf, ScriptSource};

const HEADER: &str = r#"
const PARAMS = #{
    users: #{ type: "list", column: "login", help: "logins, or @file.csv", example: ["a@x", "b@x"] },
    tags:  #{ type: "list", required: false },
    depth: #{ type: "integer", default: 2 },
    quiet: #{ type: "boolean", required: false },
    mode:  #{ type: "choice", choices: ["fast", "safe"], default: "safe" },
    ou:    #{ type: "dn", example: "OU=Users" },
    key:   #{ type: "secret", required: false },
    note:  #{ type: "string", required: false, example: "a note" },
};"#;

fn run(given: &[&str], mode: MissingValues) -> Result<CheckedParameters, Vec<String>> {
    run_header(HEADER, given, mode, InvalidRows::Refuse)
}

fn run_header(
    header: &str,
    given: &[&str],
    mode: MissingValues,
    invalid: InvalidRows,
) -> Result<CheckedParameters, Vec<String>> {
    let runbook =
        RunbookHeader::parse(&ScriptSource::new("x", RunbookShelf::Path, "x.rhai", header)).expect("a header");
    let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
    let outside = ParameterSources {
        dn: &|dn| {
            if dn.contains('=') { Ok(()) } else { Err("it has no `=`".to_owned()) }
        },
        environment: &|name| (name == "KEY").then(|| "s3cret".to_owned()),
        invalid,
        ask: &|_| None,
    };
    parse_assignments(&given)
        .and_then(|given| check(&runbook, &given, mode, &outside))
        .map_err(|problems| problems.into_iter().map(|problem| problem.message).collect())
}

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

/// The users read from a file, or the problems with its path shortened to its name.
fn users(name: &str, content: &[u8]) -> Result<Vec<String>, Vec<String>> {
    let (_folder, path) = file(name, content);
    match run(&[&format!("users=@{path}"), "ou=OU=x"], MissingValues::Given) {
        Ok(checked) => Ok(checked.values["users"]
            .as_array()
            .expect("a list")
            .iter()
            .enumerate()
            .map(|(index, user)| {
                let origin = checked.origin("users", index).expect("an origin").replace(&path, name);
                format!("{} {origin}", user.as_str().expect("a string"))
            })
            .collect()),
        Err(problems) => Err(problems.iter().map(|problem| problem.replace(&path, name)).collect()),
    }
}

#[test]
fn examples_and_defaults_stand_in_with_the_simulator() {
    let checked = run(&[], MissingValues::Examples).expect("examples");
    let expected = json!({
        "users": ["a@x", "b@x"], "tags": [], "depth": 2, "quiet": null, "mode": "safe", "ou": "OU=Users", "key": null, "note": "a note"
    });
    assert_eq!(Value::Object(checked.values.clone()), expected);
    assert_eq!((checked.origin("users", 1), checked.origin("depth", 0)), (Some("example"), Some("default")));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let given = ["usres=a", "depth=two", "quiet=maybe", "mode=sfe", "ou=Users", "key=hunter2", "mode"];
    assert_eq!(run(&given, MissingValues::Given).expect_err("no value"), ["`mode` gives no parameter a value"]);
    assert_eq!(
        run(&given[..6], MissingValues::Given).expect_err("wrong values"),
        [
            "x has no parameter `usres`",
            "`users` is missing: logins, or @file.csv",
            "`depth` is an integer, not \"two\"",
            "`quiet` is true or false, not \"maybe\"",
            "`mode` is `fast` or `safe`, not \"sfe\"",
            "`ou` is no distinguished name: \"Users\": it has no `=`",
            "the secret `key` is written on the command line, where others can read it",
        ]
    );
    assert_eq!(run(&["depth=1", "depth=2"], MissingValues::Examples).expect_err("twice"), ["`depth` is given 2 times"]);
}

#[test]
fn problems_are_told_together_with_each_remedy_once() {
    let problem = ParameterProblem::new("a").help("do it");
    assert_eq!(ParameterProblem::together(std::slice::from_ref(&problem)).message, "a");
    let error = ParameterProblem::together(&[problem.clone(), problem]);
    assert_eq!(error.message, "2 things are wrong with the parameters:\n  a\n  a");
    assert_eq!(error.help, ["do it"]);
}

#[test]
fn list_items_are_separated_by_commas_or_given_again() {
    let given = ["users=a@x, b@x", "users=c\\,d@x", "tags=@@all,CORP\\jo", "ou=OU=a,DC=b"];
    let checked = run(&given, MissingValues::Given).expect("lists");
    assert_eq!(checked.values["users"], json!(["a@x", "b@x", "c,d@x"]));
    assert_eq!(checked.values["tags"], json!(["@all", "CORP\\jo"]));
    assert_eq!(checked.values["ou"], json!("OU=a,DC=b"));
    assert_eq!(
        run(&["users=a,,b"], MissingValues::Examples).expect_err("empty"),
        ["`users` has an empty item in \"a,,b\""]
    );
    assert_eq!(run(&["users="], MissingValues::Examples).expect_err("empty"), ["`users` has no items"]);
    assert_eq!(
        run(&["users=a,A"], MissingValues::Examples).expect_err("twice"),
        ["`users`: \"A\" was given already at `users`"]
    );
    assert_eq!(run(&["tags=a,a"], MissingValues::Examples).expect("no keys").values["tags"], json!(["a", "a"]));
}

#[test]
fn a_text_file_has_one_item_a_line() {
    let read = users("u.txt", b"\xef\xbb\xbf# people\r\na@x\r\n\r\n  b@x  \n");
    assert_eq!(read.expect("items"), ["a@x u.txt:2", "b@x u.txt:4"]);
    assert_eq!(users("u.txt", b"# none\n").expect_err("none"), ["u.txt holds no items for `users`"]);
    assert_eq!(users("u.txt", b"\xc3\xa9\n\xff\n").expect_err("no text"), ["u.txt:2 is not UTF-8 text"]);
}

#[test]
fn a_csv_file_is_read_by_its_column() {
    let read = users("u.csv", b"\xef\xbb\xbfName, LOGIN \r\n\"Doe, Jo\",a@x\r\n\r\n\"\"\"B\"\"\",\"b@x\"\r\n");
    assert_eq!(read.expect("items"), ["a@x u.csv:2", "b@x u.csv:4"]);
}

#[test]
fn every_wrong_row_of_a_csv_file_is_told_by_its_line() {
    let content = b"login,name\na@x,\xc3\x81\n,B\nc@x\nA@X,A again\nd\xff@x,D\ne@x,E,E\nf@x,F\n";
    assert_eq!(
        users("u.csv", content).expect_err("wrong rows"),
        [
            "u.csv:3: `login` is empty",
            "u.csv:4: the first line has 2 fields, this row 1",
            "u.csv:5: \"A@X\" was given already at u.csv:2",
            "u.csv:6 is not UTF-8 text",
            "u.csv:7: the first line has 2 fields, this row 3",
        ]
    );
    let open = b"login,name\n\"a@x,A\nb@x,B\n";
    assert_eq!(users("u.csv", open).expect_err("an open quote"), ["u.csv:2: the first line has 2 fields, this row 1"]);
}

#[test]
fn a_csv_file_of_another_form_is_refused_with_the_reason() {
    for (content, expected) in [
        (&b"name,mail\nA,a@x\n"[..], "u.csv has no column `login`; its first line has: name, mail"),
        (b"user;name\na@x;A\n", "u.csv seems to be separated by `;`"),
        (b"user\tname\na@x\tA\n", "u.csv seems to be separated by tabs"),
        (b"", "u.csv is empty"),
        (b"login\n", "u.csv holds no items for `users`"),
        (b"\xff\xfe\0\0l\0\0\0", "u.csv is UTF-32"),
    ] {
        assert_eq!(users("u.csv", content).expect_err(expected), [expected]);
    }
    let problems = run(&["users=@/nowhere.csv"], MissingValues::Examples).expect_err("no file");
    assert!(problems[0].starts_with("`users`: cannot read /nowhere.csv: "), "{problems:?}");
}

#[test]
fn rows_without_content_are_none() {
    let content = b"login,id,name\na@x,1,A\n,,\n,,,,\n\" \",,\n\xe2\x80\x8b,,\nb@x,2,B\n";
    assert_eq!(users("u.csv", content).expect("items"), ["a@x u.csv:2", "b@x u.csv:7"]);
    assert_eq!(
        users("u.csv", b"login,id\na@x,1\n,2\n").expect_err("a login is missing"),
        ["u.csv:3: `login` is empty"]
    );
}

#[test]
fn hidden_characters_are_taken_off_or_named() {
    let read = users("u.csv", "\u{feff}login\u{200b}\n\u{200b}a@x\nb@x\u{200e}\n\u{a0}c@x\u{a0}\n".as_bytes());
    assert_eq!(read.expect("items"), ["a@x u.csv:2", "b@x u.csv:3", "c@x u.csv:4"]);
    for name in ["u.csv", "u.txt"] {
        let content = "login\na\u{200b}@x\nb\u{a0}c@x\n";
        assert_eq!(
            users(name, content.as_bytes()).expect_err("hidden"),
            [
                format!("{name}:2: \"a<U+200B>@x\" has a hidden character, U+200B (zero width space)"),
                format!("{name}:3: \"b<U+00A0>c@x\" has a hidden character, U+00A0 (no-break space)"),
            ]
        );
    }
    let given = ["users=\u{200b}a@x,b@x\u{200e}", "ou=\u{200e}OU=x", "note=a\u{200b}"];
    let checked = run(&given, MissingValues::Given).expect("parameters");
    assert_eq!(checked.values["users"], json!(["a@x", "b@x"]));
    assert_eq!((&checked.values["ou"], &checked.values["note"]), (&json!("OU=x"), &json!("a")));
    assert_eq!(
        run(&["users=a", "ou=OU=a\u{200b}b"], MissingValues::Given).expect_err("hidden"),
        ["`ou`: \"OU=a<U+200B>b\" has a hidden character, U+200B (zero width space)"]
    );
}

#[test]
fn the_same_with_accents_in_another_way_was_given_already() {
    assert_eq!(
        run(&["users=zo\u{eb}@x,zoe\u{308}@x"], MissingValues::Examples).expect_err("twice"),
        ["`users`: \"zoe\u{308}@x\" was given already at `users`"]
    );
}

#[test]
fn a_line_of_powershell_or_excel_before_the_columns_is_no_column() {
    for first in ["#TYPE System.Management.Automation.PSCustomObject\r\n", "sep=,\r\n"] {
        let content = format!("{first}\"login\",\"name\"\r\n\"a@x\",\"A\"\r\n,B\r\n");
        assert_eq!(users("u.csv", content.as_bytes()).expect_err("a login is missing"), ["u.csv:4: `login` is empty"]);
    }
    assert_eq!(users("u.csv", b"sep=;\r\nlogin;name\r\na@x;A\r\n").expect("items"), ["a@x u.csv:3"]);
}

#[test]
fn other_separators_and_encodings_are_read() {
    let utf16: Vec<u8> = "login\tname\na@x\tA\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [
        &b"\"login\";\"name\"\r\n\"a@x\";\"Doe; Jo, Dr.\"\r\n"[..],
        b"id;login;Name, first\n1;a@x;A\n",
        b"login|name\na@x|A\n",
        b"login\tname\na@x\tA, B\n",
        b"login,name\na@x,Zo\xeb\n",
        &utf16,
    ] {
        assert_eq!(users("u.csv", content).expect("items"), ["a@x u.csv:2"]);
    }
    let twice = users("u.csv", b"login,LOGIN\na,b\n").expect_err("twice");
    assert_eq!(twice, ["u.csv has the column `login` twice"]);
    for given in ["users=a@x;b@x", "users=a@x\tb@x"] {
        let problems = run(&[given], MissingValues::Examples).expect_err("several");
        assert!(problems[0].ends_with("is several items"), "{problems:?}");
    }
}

#[test]
fn a_column_that_nothing_reads_is_told_and_one_named_like_a_parameter_is_refused() {
    let (_folder, path) = file("u.csv", b"login,Employee ID,,why\na@x,1,,x\n");
    let checked = run(&[&format!("users=@{path}"), "ou=OU=x"], MissingValues::Given).expect("users");
    assert_eq!(checked.remarks, [format!("{path}: nothing reads the columns `Employee ID`, `why`")]);
    for column in ["mode", "Mode", " DEPTH "] {
        let content = format!("login,{column}\na@x,safe\n");
        let problems = users("u.csv", content.as_bytes()).expect_err("a parameter's name");
        let name = column.trim();
        let words = format!("u.csv has a column `{name}`, and the parameter `{}`", name.to_lowercase());
        assert!(problems[0].starts_with(&words), "{problems:?}");
    }
}

#[test]
fn a_secret_is_read_from_where_it_is_named() {
    let (_folder, path) = file("key", b"from file\n");
    for (given, expected) in [("key=env:KEY".to_owned(), "s3cret"), (format!("key=file:{path}"), "from file")] {
        let checked = run(&[&given], MissingValues::Examples).expect("a secret");
        assert_eq!(checked.secrets["key"].expose_secret(), expected);
        assert!(!checked.values.contains_key("key"));
        assert!(!format!("{checked:?}").contains(expected));
    }
    let problems = run(&["key=hunter2"], MissingValues::Examples).expect_err("written");
    assert!(!problems.concat().contains("hunter2"));
    assert_eq!(
        run(&["key=env:NONE"], MissingValues::Examples).expect_err("absent"),
        ["`key`: the environment has no NONE"]
    );
}

#[test]
fn what_may_be_left_out_is_left_out_by_nothing() {
    let given = ["users=a", "ou=OU=x", "note=", "quiet=", "tags=", "key="];
    let checked = run(&given, MissingValues::Examples).expect("parameters");
    for name in ["note", "quiet", "key"] {
        assert_eq!(checked.values[name], json!(null), "{name}");
    }
    assert_eq!(checked.values["tags"], json!([]));
    assert!(checked.secrets.is_empty());
    let with_example = run(&["users=a", "ou=OU=x"], MissingValues::Examples).expect("parameters");
    assert_eq!(with_example.values["note"], "a note");
    assert!(run(&["users=a", "ou="], MissingValues::Given).is_err());
}

const ROWS: &str = r#"
const PARAMS = #{
    changes: #{ type: "rows", unique: ["login", "group"], columns: #{
        login:  #{ column: ["login", "UserPrincipalName"] },
        group:  #{},
        action: #{ choices: ["add", "remove"], default: "add" },
        count:  #{ type: "integer", required: false },
    }, example: [#{ login: "a@x", group: "G" }] },
    owners: #{ type: "users", required: false },
    note:   #{ type: "file", required: false },
};"#;

/// The rows read from a file, or the problems, with its path shortened to its name.
fn changes(name: &str, content: &[u8]) -> Result<Value, Vec<String>> {
    let (_folder, path) = file(name, content);
    match run_header(ROWS, &[&format!("changes=@{path}")], MissingValues::Given, InvalidRows::Refuse) {
        Ok(checked) => {
            let text = checked.values["changes"].to_string().replace(&path, name);
            Ok(serde_json::from_str(&text).expect("JSON"))
        }
        Err(problems) => Err(problems.iter().map(|problem| problem.replace(&path, name)).collect()),
    }
}

#[test]
fn rows_have_typed_columns_under_any_of_their_headings() {
    let expected = |file: &str, lines: [u32; 2]| {
        json!([
            { "login": "a@x", "group": "G", "action": "remove", "count": 3, "row": format!("{file}:{}", lines[0]) },
            { "login": "b@x", "group": "G", "action": "add", "count": null, "row": format!("{file}:{}", lines[1]) },
        ])
    };
    let table = b"UserPrincipalName;Action;Group;count\na@x;remove;G; 3\n;;;\nb@x;;G;\n";
    assert_eq!(changes("c.csv", table).expect("rows"), expected("c.csv", [2, 4]));
    assert_eq!(changes("c.txt", table).expect("rows"), expected("c.txt", [2, 4]));
    let json = br#"[{"login": "a@x", "GROUP": "G", "count": 3, "action": "remove"}, {"group": "G", "login": "b@x", "count": null}]"#;
    assert_eq!(changes("c.json", json).expect("rows"), expected("c.json", [1, 2]));
    let inline = "changes=[{\"login\": \"a@x\", \"group\": \"G\"}]";
    let checked = run_header(ROWS, &[inline], MissingValues::Given, InvalidRows::Refuse).expect("rows");
    let whole = json!([{ "login": "a@x", "group": "G", "action": "add", "count": null }]);
    assert_eq!(checked.values["changes"], whole);
    let checked = run_header(ROWS, &[], MissingValues::Examples, InvalidRows::Refuse).expect("the example");
    assert_eq!(checked.values["changes"], whole);
}

#[test]
fn all_that_is_wrong_with_rows_is_told_at_once() {
    let table = b"login,group,action,count\na@x,G,ad,x\n,G,,\nb@x,G,,\nB@X,g,,\nc@x\n";
    assert_eq!(
        changes("c.csv", table).expect_err("wrong"),
        [
            "c.csv:2: `action` is `add` or `remove`, not \"ad\"",
            "c.csv:2: `count` is an integer, not \"x\"",
            "c.csv:3: `login` is empty",
            "c.csv:5: \"B@X\", \"g\" was given already at c.csv:4",
            "c.csv:6: the first line has 4 fields, this row 1",
        ]
    );
    assert_eq!(
        changes("c.csv", b"name,x\na,b\n").expect_err("no columns"),
        [
            "c.csv has no column `login` or `UserPrincipalName`; its first line has: name, x",
            "c.csv has no column `group`; its first line has: name, x",
        ]
    );
    assert_eq!(
        changes("c.json", b"[{\"login\": [1], \"group\": \"G\"}, 3]").expect_err("wrong"),
        ["c.json:1: `login` is a list or an object, not one value", "c.json:2: this is no object with fields"]
    );
    let none = run_header(ROWS, &["changes="], MissingValues::Given, InvalidRows::Refuse);
    assert_eq!(none.expect_err("nothing"), ["`changes` has no rows"]);
    assert_eq!(changes("c.json", b"{}").expect_err("no array"), ["c.json is no JSON array"]);
    assert_eq!(changes("c.json", b"[{s3cret").expect_err("no JSON"), ["c.json is no JSON: line 1, column 3"]);
    assert_eq!(changes("c.json", b"[]").expect_err("none"), ["c.json holds no items for `changes`"]);
}

#[test]
fn wrong_rows_of_a_file_are_left_out_where_that_is_wanted() {
    let read = |content: &[u8]| {
        let (_folder, path) = file("c.csv", content);
        let checked = run_header(ROWS, &[&format!("changes=@{path}")], MissingValues::Given, InvalidRows::LeaveOut)?;
        Ok::<_, Vec<String>>((checked, path))
    };
    let (checked, path) = read(b"login,group,why\na@x,G,1\n,G,2\nA@x,g,3\n").expect("one row is right");
    assert_eq!(checked.values["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(checked.left_out(), [format!("2 rows of {path} are wrong and were left out")]);
    let of = |login: &str, group: &str, why: &str| {
        [("login", login), ("group", group), ("why", why)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .to_vec()
    };
    let rejected: Vec<_> = checked.rejected.iter().map(|row| (row.fields.clone(), row.reasons.len())).collect();
    assert_eq!(rejected, [(of("", "G", "2"), 1), (of("A@x", "g", "3"), 1)]);
    assert_eq!(read(b"login,group\n,G\n").expect_err("no row is right").len(), 1);
    assert!(read(b"name\na\n").is_err(), "a file without the columns is no matter of rows");
    let inline = run_header(ROWS, &["changes=[{\"group\": \"G\"}]"], MissingValues::Given, InvalidRows::LeaveOut);
    assert_eq!(inline.expect_err("no file"), ["`changes` row 1: `login` is empty"]);
}

#[test]
fn users_are_read_from_the_columns_of_exports_and_texts_from_files() {
    let (_folder, users) = file("u.csv", b"Name,UserPrincipalName\nA,a@x\n");
    let (_other, note) = file("note.txt", "\u{feff}zo\u{eb}\n".as_bytes());
    let given = [format!("owners=@{users}"), format!("note={note}")];
    let checked =
        run_header(ROWS, &[&given[0], &given[1]], MissingValues::Examples, InvalidRows::Refuse).expect("parameters");
    assert_eq!((&checked.values["owners"], &checked.values["note"]), (&json!(["a@x"]), &json!("zo\u{eb}\n")));
    let wrong = run_header(ROWS, &["note=/nowhere"], MissingValues::Examples, InvalidRows::Refuse);
    assert!(wrong.expect_err("no file")[0].starts_with("`note`: cannot read /nowhere: "));
}
