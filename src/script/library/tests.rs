use std::fs;

use super::*;

static SHIPPED: &[(&str, &str)] =
    &[("ad/move_user_to_ou", "//! Move a user.\n"), ("lib/ad", "fn a() {}"), ("org2org/connect", "\n")];

struct ShelvedText {
    folder: tempfile::TempDir,
    library: RunbookLibrary,
}

fn shelve_files(files: &[(&str, &str)]) -> ShelvedText {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let shelves = ShelfSet::new(folder.path().join("work"), Some(folder.path().join("user"))).with_shipped(SHIPPED);
    ShelvedText { folder, library: RunbookLibrary { shelves, recorded: BTreeMap::new() } }
}

#[test]
fn the_nearer_shelf_wins() {
    let near = shelve_files(&[("work/ad/move_user_to_ou.rhai", "1"), ("user/ad/move_user_to_ou.rhai", "2")]);
    assert_eq!(near.library.find("ad/move_user_to_ou").expect("found").shelf, RunbookShelf::Workspace);
    let user = shelve_files(&[("user/ad/move_user_to_ou.rhai", "2")]);
    assert_eq!(user.library.find("ad/move_user_to_ou.rhai").expect("found").text, "2");
    let shipped = shelve_files(&[]).library.find("ad/move_user_to_ou").expect("found");
    assert_eq!(shipped.path, "<shipped>/ad/move_user_to_ou.rhai");
    assert_eq!(shipped.digest, ScriptSource::new("x", RunbookShelf::Path, "y", "//! Move a user.\n").digest);
}

#[test]
fn a_path_comes_before_every_shelf() {
    let shelved = shelve_files(&[("mine/x.rhai", "3")]);
    let path = shelved.folder.path().join("mine/x.rhai");
    let source = shelved.library.find(path.to_str().expect("UTF-8")).expect("found");
    assert_eq!((source.shelf, source.text.as_str()), (RunbookShelf::Path, "3"));
    assert_eq!(source.folder(), path.parent());
}

#[test]
fn names_cannot_leave_their_shelf() {
    let library = shelve_files(&[("secret.rhai", "")]).library;
    for name in ["../secret", "ad/../../secret", "/secret", "./ad", "ad//x", "", "c:\\x"] {
        assert!(library.find(name).is_err(), "{name}");
        assert!(library.module(name, None).is_err(), "{name}");
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let library = shelve_files(&[]).library;
    let error = library.find("ad/move_users_to_ou").expect_err("unknown");
    assert_eq!(error.message, "there is no runbook `ad/move_users_to_ou`");
    assert_eq!(error.help[0], "did you mean `ad/move_user_to_ou`?");
    assert!(error.help[1].starts_with("looked in "), "{error:?}");
    assert!(error.help[1].ends_with("user (user), and among the shipped runbooks"), "{error:?}");
    let error = library.find("move_user_to_ou").expect_err("unknown");
    assert_eq!(error.help[0], "did you mean `ad/move_user_to_ou`?");
    let error = library.module("lib/da", None).expect_err("unknown");
    assert_eq!(error.help[0], "did you mean `lib/ad`?");
}

#[test]
fn the_list_leaves_out_modules_and_tests_and_says_what_is_shadowed() {
    let shelved = shelve_files(&[
        ("work/ad/move_user_to_ou.rhai", "//! Move a user.\n"),
        ("work/org2org/connect.rhai", "//!\n//! Mine.\n//! More."),
        ("work/lib/x.rhai", ""),
        ("work/ad/move_user_to_ou_test.rhai", ""),
        ("work/.git/x.rhai", ""),
        ("user/own.rhai", "let x = ;"),
    ]);
    let list = shelved.library.list().expect("a list");
    let seen: Vec<_> =
        list.iter().map(|row| (row.name.as_str(), row.shelf, row.shadows, row.summary.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("ad/move_user_to_ou", RunbookShelf::Workspace, None, "Move a user."),
            ("org2org/connect", RunbookShelf::Workspace, Some(RunbookShelf::Shipped), "Mine."),
            ("own", RunbookShelf::User, None, ""),
        ]
    );
}

#[test]
fn a_file_that_is_not_text_is_listed_with_the_reason() {
    let shelved = shelve_files(&[]);
    fs::create_dir_all(shelved.folder.path().join("work")).expect("a folder");
    fs::write(shelved.folder.path().join("work/bad.rhai"), b"\xff\xfe").expect("a file");
    let list = shelved.library.list().expect("a list");
    assert!(list[1].summary.ends_with("bad.rhai is not UTF-8 text"), "{list:?}");
    assert!(shelved.library.find("bad").is_err());
}
