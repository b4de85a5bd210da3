//! What a session offers while a person types, and how it fits the terminal.

use std::fs;

use crate::prompt::Person;

const SCRIPT: &str = "//! Pick.\n\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ mode: #{ choices: [\"fast\", \"safe\"], default: \"safe\", help: \"how\" }, really: #{ type: \"boolean\", default: true } };\n\nnote(`${params.mode} ${params.really}`);\n";

#[test]
fn what_may_follow_is_offered_for_what_is_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("runbooks")).unwrap();
    fs::write(folder.path().join("runbooks/pick.rhai"), SCRIPT).unwrap();
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &[]);
    // The label of an AD instance, by a look-up; a domain of a directory.
    person.types("okta.get_application(\"corp\t");
    person.enters(").label").sees("\ncorp.example");
    person.is_asked().types("directory(\"co\t");
    person.enters(").find_user(\"ada.novak@corp.example\").enabled").sees("\ntrue");
    // Keys of an item of a list, and no verbs of lists; the signature stays while arguments are typed.
    person.is_asked().enters("let us = okta.list_users(#{ limit: 200 }).all();");
    person.is_asked().types("us[0].\t\t");
    let offered = person.sees("to_string()");
    assert!(offered.contains("profile"), "{offered}");
    assert!(!offered.contains("push()"), "{offered}");
    person.presses('c');
    person.is_asked().types("us[0].prof\t").types(".log\t");
    person.enters(".len() > 0").sees("\ntrue");
    person.is_asked().types("okta.list_group_users(\"x\", ");
    person.sees("#{after?, limit?})");
    person.types("#{ limit: 1");
    person.sees("  okta.list_group_users(group_id, #{after?, limit?})");
    person.presses('c');
    // Functions of a module, and no closures.
    person.is_asked().enters("import \"lib/ad\" as ad;");
    person.is_asked().types("ad::list_a\t\t");
    let offered = person.sees("ad::list_assignments(");
    assert!(!offered.contains("anon$"), "{offered}");
    person.presses('c');
    // Values of a parameter.
    person.is_asked().types(":run pick mode=f\t").types(" really=f\t");
    person.enters("").sees("fast false");
    // More groups than are looked up at once.
    person.is_asked().enters("let names = []; for n in 10..70 { names.push(`Team ${n}`); }");
    person.is_asked().enters("each(names, |name| okta.add_group(#{ profile: #{ name: name } }).id).len()");
    person.sees("\n60");
    person.is_asked().types("okta.get_group(\"Tea\t\t");
    person.sees(" and more: type on");
    person.presses('c');
    person.leaves();
}

#[cfg(unix)]
#[test]
fn tables_and_lists_fit_the_terminal_as_it_is_now() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    fs::write(&editor, "#!/bin/sh\nstty cols 46 rows 40 </dev/tty\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let editor = editor.to_str().unwrap();
    let environment = [("VISUAL", editor)];
    let mut person = Person::begins(folder.path(), &["repl", "--simulator"], &environment);
    let list = "okta.list_groups().all()";
    person.enters(list);
    person.sees("| name     | type     | description");
    let wide = person.sees("00gExeM0MLQBa390R1d7 |");
    assert!(!wide.contains("no place"), "{wide}");
    person.is_asked().enters(":edit").sees("nothing was changed");
    person.is_asked().enters(list);
    let narrow = person.sees("(no place for");
    assert!(narrow.contains("00gExeM0MLQBa390R1d7 |"), "{narrow}");
    // A row of candidates is one line.
    person.is_asked().types("okta.list_appli\t\t");
    let offered = person.sees("list_applications(");
    let rows: Vec<&str> = offered.lines().skip(1).collect();
    assert!(rows.len() > 3, "{offered}");
    for row in rows {
        // The ellipsis is read as three characters.
        assert!(row.chars().count() <= 48, "{row}");
    }
    person.presses('c');
    person.leaves();
}
