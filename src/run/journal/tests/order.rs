//! What each run knows of those before it.

use std::path::{Path, PathBuf};

use super::*;

fn key() -> SealKey {
    seal_key("00a")
}

fn begin(journal: &Journal, run: &str, kind: RunKind) {
    journal.seal_with(run, key());
    let orgs = serde_json::from_value(json!([{ "name": "okta", "url": "https://a.okta.com" }]));
    let record = RunRecord { run: run.to_owned(), kind, orgs: orgs.expect("an org"), ..record() };
    journal.begin(&record).expect("a run");
}

fn tell(journal: &Journal, run: &str) {
    let told = event("x");
    let entry = JournalEntry { event: Some(&told), ..JournalEntry::new(EntryKind::Told, "") };
    journal.append(run, &entry, EntryDurability::Now).expect("an entry");
}

/// A write of a run, with what became of it.
fn wrote(journal: &Journal, run: &str, state: EntryState) -> u64 {
    let request = json!({ "write": { "operation": "add_group" }, "step": "s" });
    let entry = JournalEntry { request: Some(&request), ..JournalEntry::new(EntryKind::Intent, "") };
    let intent = journal.append(run, &entry, EntryDurability::Now).expect("an intent");
    let entry = JournalEntry { state: Some(state), intent: Some(intent), ..JournalEntry::new(EntryKind::Answer, "") };
    journal.append(run, &entry, EntryDurability::Now).expect("an answer");
    intent
}

/// A run that went on after its journal was copied, was taken back, and was followed by another.
struct TakenBackRun {
    folder: tempfile::TempDir,
    journal: Journal,
}

const UNDO: &str = "undo";
const NEXT: &str = "next";

/// The tables that hold a run, each with the column that names it.
const TABLES: [(&str, &str); 3] = [("entries", "run"), ("ends", "run"), ("runs", "id")];

impl TakenBackRun {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path()).expect("a journal");
        begin(&journal, RUN, RunKind::Run);
        tell(&journal, RUN);
        let intent = wrote(&journal, RUN, EntryState::Answered);
        let taken_back = Self { folder, journal };
        taken_back.copies();
        let journal = &taken_back.journal;
        tell(journal, RUN);
        begin(journal, UNDO, RunKind::Undo(RUN.to_owned()));
        tell(journal, UNDO);
        wrote(journal, UNDO, EntryState::Answered);
        journal.tell_of(RUN, intent, EntryState::Undone, UNDO).expect("what an undo tells");
        begin(journal, NEXT, RunKind::Run);
        tell(journal, NEXT);
        taken_back
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy.sqlite")
    }

    fn copies(&self) {
        let file = self.file();
        file.execute("VACUUM INTO ?1", [self.copy().to_str()]).expect("a copy");
    }

    fn file(&self) -> Connection {
        file_in(self.folder.path())
    }

    fn takes_out(&self, run: &str) {
        let file = self.file();
        for (table, column) in TABLES {
            file.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [run]).expect(table);
        }
    }

    /// Puts the rows that the run had when the journal was copied in the place of those that it has.
    fn puts_back(&self, run: &str) {
        self.takes_out(run);
        let file = self.file();
        file.execute("ATTACH ?1 AS copy", [self.copy().to_str()]).expect("the copy");
        for (table, column) in TABLES {
            let sql = format!("INSERT INTO {table} SELECT * FROM copy.{table} WHERE {column} = ?1");
            file.execute(&sql, [run]).expect(table);
        }
    }

    fn verdict(&self, run: &str) -> ChainVerdict {
        verdict(self.folder.path(), run)
    }

    #[track_caller]
    fn says(&self, run: &str, why: &str) {
        assert_eq!(self.verdict(run), ChainVerdict::record(why.to_owned()), "{run}");
    }
}

fn file_in(folder: &Path) -> Connection {
    let file = Connection::open(folder.join("journal.sqlite")).expect("the file");
    file.execute_batch("PRAGMA foreign_keys = OFF").expect("a forger");
    file
}

fn verdict(folder: &Path, run: &str) -> ChainVerdict {
    let journal = Journal::read(folder).expect("the journal");
    journal.verify_by(run, &[key()]).expect("a verdict").verdict
}

/// Makes a journal one of the version before runs knew each other.
fn of_version_6(folder: &Path) {
    file_in(folder).execute_batch("ALTER TABLE runs DROP COLUMN earlier; PRAGMA user_version = 6").expect("version 6");
}

#[test]
fn runs_that_are_as_they_were_written_agree() {
    let honest = TakenBackRun::new();
    for run in [RUN, UNDO, NEXT] {
        assert!(matches!(honest.verdict(run), ChainVerdict::Whole(_)), "{run}: {:?}", honest.verdict(run));
    }
}

#[test]
fn a_run_that_is_put_back_is_told_by_the_run_that_took_it_back() {
    let forged = TakenBackRun::new();
    forged.puts_back(RUN);
    forged.says(RUN, "a later run, undo, says that it had more entries, or others");
    let by = Journal::read(forged.folder.path()).expect("the journal").taken_back_by(RUN);
    assert_eq!(by.expect("an undo").as_deref(), Some(UNDO));
}

#[test]
fn a_run_that_is_put_back_is_told_although_the_one_that_took_it_back_is_taken_out() {
    let forged = TakenBackRun::new();
    forged.puts_back(RUN);
    forged.takes_out(UNDO);
    forged.says(RUN, "another run, next, names run undo, which is missing from the journal");
    forged.says(NEXT, "the run before it, undo, is missing from the journal");
}

#[test]
fn a_run_that_is_taken_out_is_told_by_those_that_name_it() {
    let forged = TakenBackRun::new();
    forged.takes_out(UNDO);
    forged.says(RUN, "run undo took back writes of it, and is missing from the journal");
    forged.says(NEXT, "the run before it, undo, is missing from the journal");
    let forged = TakenBackRun::new();
    forged.takes_out(RUN);
    forged.says(UNDO, "the run before it, 20260102-030405-abcd, is missing from the journal");
    assert!(matches!(forged.verdict(NEXT), ChainVerdict::Whole(_)), "what came after the undo knows the undo");
}

#[test]
fn a_run_that_later_ones_know_with_other_entries_is_told_at_those_before_it() {
    let forged = TakenBackRun::new();
    let cut = "DELETE FROM entries WHERE run = 'undo' AND seq > 0";
    forged.file().execute(cut, []).expect("a change");
    forged.says(RUN, "a later run, next, says that run undo had more entries, or others");
}

#[test]
fn a_record_that_no_longer_names_the_run_before_it_is_told_at_that_run() {
    for (run, change, words) in [
        (UNDO, "earlier = NULL, undoes = NULL", "a later run, next, says that run undo began otherwise"),
        (UNDO, "earlier = replace(earlier, ':4', ':3')", "a later run, next, says that run undo began otherwise"),
        (NEXT, "earlier = NULL", "the record of another run, next, was altered"),
        (NEXT, "earlier = '{}'", "the record of another run, next, was altered"),
    ] {
        let forged = TakenBackRun::new();
        let sql = format!("UPDATE runs SET {change} WHERE id = ?1");
        assert_eq!(forged.file().execute(&sql, [run]).expect("a change"), 1, "{sql}");
        forged.says(RUN, words);
        forged.says(run, "what it says of the run's beginning was altered");
    }
}

#[test]
fn an_undo_that_wrote_holds_the_run_up_unless_that_was_refused_or_taken_back() {
    for (state, expected) in [
        (EntryState::Answered, Some(UNDO)),
        (EntryState::Unknown, Some(UNDO)),
        (EntryState::Settled, Some(UNDO)),
        (EntryState::Refused, None),
        (EntryState::Void, None),
    ] {
        let (_folder, journal) = journal();
        begin(&journal, UNDO, RunKind::Undo(RUN.to_owned()));
        assert_eq!(journal.taken_back_by(RUN).expect("nothing yet"), None);
        let intent = wrote(&journal, UNDO, state);
        assert_eq!(journal.taken_back_by(RUN).expect("an undo").as_deref(), expected, "{state:?}");
        if state == EntryState::Answered {
            journal.tell_of(UNDO, intent, EntryState::Undone, "again").expect("what an undo tells");
            assert_eq!(journal.taken_back_by(RUN).expect("it was taken back"), None);
            journal.tell_of(UNDO, intent, EntryState::Redone, "third").expect("what an undo tells");
            assert_eq!(journal.taken_back_by(RUN).expect("it holds again").as_deref(), Some(UNDO));
        }
    }
}

#[test]
fn runs_that_many_begin_at_once_stand_in_one_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let together = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for lane in 0..8 {
            let (folder, together) = (folder.path(), &together);
            scope.spawn(move || {
                let journal = Journal::open(folder).expect("the journal");
                together.wait();
                for number in 0..5 {
                    let run = format!("{lane}-{number}");
                    begin(&journal, &run, RunKind::Run);
                    tell(&journal, &run);
                }
            });
        }
    });
    let file = file_in(folder.path());
    let sql = "SELECT count(*), count(DISTINCT earlier ->> '$.before.run') FROM runs";
    let counts: (i64, i64) = file.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("counts");
    assert_eq!(counts, (40, 39), "each but the first follows another one");
    for run in (0..8).flat_map(|lane| (0..5).map(move |number| format!("{lane}-{number}"))) {
        assert_eq!(verdict(folder.path(), &run), ChainVerdict::Whole(1), "{run}");
    }
}

#[test]
fn a_journal_of_runs_that_know_nothing_is_brought_up_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path()).expect("a journal");
    begin(&journal, RUN, RunKind::Run);
    let intent = wrote(&journal, RUN, EntryState::Answered);
    drop(journal);
    of_version_6(folder.path());
    let journal = Journal::open(folder.path()).expect("brought up");
    assert_eq!(verdict(folder.path(), RUN), ChainVerdict::Whole(2));
    journal.seal_with(RUN, key());
    let resumed = RunEvent { kind: EventKind::Resumed { operator: "pat".to_owned() }, ..event("") };
    journal.reopen(RUN, &resumed).expect("it goes on");
    begin(&journal, UNDO, RunKind::Undo(RUN.to_owned()));
    tell(&journal, UNDO);
    journal.tell_of(RUN, intent, EntryState::Undone, UNDO).expect("what an undo tells");
    drop(journal);
    assert_eq!(
        (verdict(folder.path(), RUN), verdict(folder.path(), UNDO)),
        (ChainVerdict::Whole(4), ChainVerdict::Whole(1))
    );
    let cut = "DELETE FROM entries WHERE run = ?1 AND seq > 1";
    file_in(folder.path()).execute(cut, [RUN]).expect("a change");
    assert!(!matches!(verdict(folder.path(), RUN), ChainVerdict::Whole(_)));
}

#[test]
fn who_makes_a_journal_look_older_alters_its_records() {
    let forged = TakenBackRun::new();
    of_version_6(forged.folder.path());
    drop(Journal::open(forged.folder.path()).expect("brought up"));
    forged.says(RUN, "the record of another run, next, was altered");
    forged.says(UNDO, "what it says of the run's beginning was altered");
}
