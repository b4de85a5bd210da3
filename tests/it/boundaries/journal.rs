//! What may befall the journal's file: no room, no writing, a torn page, another machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::procedures::MOVE;
use super::proxy::Death;
use super::world::{BINARY, World};

const SMALL: &[&str] = &["run", "small.rhai", "--yes"];

/// Sixty groups, one after the other.
const SIXTY: &str = "
let numbers = [];
for number in 0..60 { numbers.push(number); }
each(numbers, #{ concurrency: 1 }, |number| okta.add_group(#{ profile: #{ name: `G${number}` } }));";

fn groups(world: &World) -> usize {
    let state = world.control(0, "GET", "state", &Value::Null);
    let groups = state["groups"].as_object().unwrap().values();
    groups.filter(|group| group["profile"]["name"] != "Everyone").count()
}

/// The command under a shell that lets no file become larger than so many blocks of 512 bytes.
fn confined(command: &Command, blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    shell.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.env("PATH", "/usr/bin:/bin");
    shell
}

fn said(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

#[test]
fn a_run_stops_at_a_full_disk_and_goes_on_when_there_is_room() {
    let world = World::new(&MOVE);
    world.script(SIXTY);
    let (code, text) = said(confined(&world.command(SMALL), 400));
    assert_eq!(code, Some(5), "{text}");
    for words in ["the journal: ", "see that the disk has room", "Interrupted", "okta-runbook resume "] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    let done = groups(&world);
    assert!((1..60).contains(&done), "{done}: {text}");
    world.resumes("after there is room");
    assert_eq!((groups(&world), world.carried_out()), (60, 60));
}

#[test]
fn a_disk_that_is_full_from_the_start_lets_nothing_be_sent() {
    let world = World::new(&MOVE);
    world.script(SIXTY);
    let (code, text) = said(confined(&world.command(SMALL), 8));
    assert!(matches!(code, Some(1 | 2 | 5)), "{text}");
    assert!(text.contains("see that the disk has room"), "{text}");
    assert_eq!((groups(&world), world.carried_out()), (0, 0));
}

/// As a person who is not allowed everything.
fn unprivileged(command: &mut Command) -> &mut Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout == b"0\n" {
        command.uid(65534).gid(65534);
    }
    command
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_copy_that_takes_no_writing_is_read() {
    let world = World::new(&MOVE);
    world.script(SIXTY);
    assert!(!world.runs(SMALL, Some((7, Death::BeforeTheAnswer))));
    let copied = tempfile::tempdir().unwrap();
    let folder = copied.path().join("journal");
    // With the log that the killed process left beside the file.
    copy(&world.folder.path().join(".okta-runbook"), &folder);
    let run = world.newest();
    for entry in fs::read_dir(&folder).unwrap() {
        permit(&entry.unwrap().path(), 0o444);
    }
    permit(&folder, 0o555);
    permit(copied.path(), 0o755);
    // Where it was built, somebody else may not come. Not copied in this process: its other threads would hold the file open for writing
    // in what they start.
    let binary = copied.path().join("okta-runbook");
    let copying = Command::new("cp").args([BINARY.as_ref(), binary.as_path()]).status();
    assert!(copying.unwrap().success());
    let elsewhere = |arguments: &[&str]| {
        let mut command = world.command_of(&binary, arguments);
        command.current_dir(copied.path()).env("HOME", copied.path()).env("OKTA_RUNBOOK_HOME", &folder);
        unprivileged(&mut command);
        said(command)
    };
    for (arguments, words) in [
        (vec!["runs"], "unfinished"),
        (vec!["runs", "show", &run], "this run was killed"),
        (vec!["runs", "verify", &run], "entries are as they were written"),
        (vec!["runs", "report", &run], "# small: died"),
    ] {
        let (code, text) = elsewhere(&arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    let (code, text) = elsewhere(&["resume", &run, "--yes"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("choose another folder with OKTA_RUNBOOK_HOME"), "{text}");
    permit(&folder, 0o755);
}

#[test]
fn a_torn_page_costs_what_was_not_sent_yet() {
    let world = World::new(&MOVE);
    world.script(SIXTY);
    assert!(!world.runs(SMALL, Some((9, Death::BeforeTheOrgKnows))));
    let log = world.folder.path().join(".okta-runbook/journal.sqlite-wal");
    let mut bytes = fs::read(&log).unwrap();
    let torn = bytes.len() - 1000;
    bytes[torn..].fill(0);
    fs::write(&log, bytes).unwrap();
    world.resumes("with a torn page");
    assert_eq!((groups(&world), world.carried_out()), (60, 60));
}

#[test]
fn a_run_goes_on_where_only_its_journal_was_copied_to() {
    let world = World::new(&MOVE);
    let module = world.folder.path().join("runbooks/lib/own.rhai");
    fs::create_dir_all(module.parent().unwrap()).unwrap();
    fs::write(&module, "fn named(number) { `G${number}` }").unwrap();
    world.script(
        "import \"lib/own\" as own;
        for number in 0..4 { okta.add_group(#{ profile: #{ name: own::named(number) } }); }",
    );
    assert!(!world.runs(SMALL, Some((2, Death::BeforeTheAnswer))));
    let run = world.newest();
    let elsewhere = tempfile::tempdir().unwrap();
    copy(&world.folder.path().join(".okta-runbook"), &elsewhere.path().join(".okta-runbook"));
    let mut command = world.command(&["resume", &run, "--yes"]);
    command.current_dir(elsewhere.path()).env("HOME", elsewhere.path());
    let (code, text) = said(command);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((groups(&world), world.carried_out()), (4, 4));
}

#[test]
fn the_steps_of_a_run_that_goes_on_keep_their_numbers() {
    let world = World::new(&MOVE);
    world.script(
        "okta.add_group(#{ profile: #{ name: \"A\" } });
        step(\"More\");
        okta.add_group(#{ profile: #{ name: \"B\" } });
        step(\"Last\");
        okta.add_group(#{ profile: #{ name: \"C\" } });",
    );
    assert!(!world.runs(SMALL, Some((1, Death::BeforeTheAnswer))));
    let (code, text) = world.output(&["resume", &world.newest(), "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("▸ 3 Last") && !text.contains("▸ 1 "), "{text}");
}
