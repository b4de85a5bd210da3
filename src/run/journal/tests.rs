use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::run::event::RunOutcome;

mod order;

const RUN: &str = "20260102-030405-abcd";

fn record() -> RunRecord {
    RunRecord {
        run: RUN.to_owned(),
        kind: RunKind::Run,
        runbook: "a".to_owned(),
        digest: "d".to_owned(),
        sources: json!({}),
        operator: "pat".to_owned(),
        parameters: json!({"users": ["jo"]}),
        orgs: Vec::new(),
        started: jiff::Timestamp::now(),
        ended: None,
        outcome: None,
        message: None,
        counts: RunCounts::default(),
    }
}

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path()).expect("a journal");
    journal.begin(&record()).expect("a run");
    (folder, journal)
}

fn event(words: &str) -> RunEvent {
    RunEvent {
        time: "2026-01-02T03:04:05Z".parse().expect("a time"),
        item: None,
        step: None,
        kind: EventKind::Note { words: words.to_owned() },
        actor: None,
    }
}

fn intend(journal: &Journal, lane: &str, position: u64) -> u64 {
    let request = json!({ "write": { "operation": "add_group" }, "step": "s" });
    let before = json!(null);
    let entry = JournalEntry {
        position: Some(position),
        request: Some(&request),
        before: Some(&before),
        ..JournalEntry::new(EntryKind::Intent, lane)
    };
    journal.append(RUN, &entry, EntryDurability::Now).expect("an intent")
}

fn answer(journal: &Journal, lane: &str, intent: u64, state: EntryState, answer: &Value) {
    let entry = JournalEntry {
        state: Some(state),
        intent: Some(intent),
        answer: Some(answer),
        ..JournalEntry::new(EntryKind::Answer, lane)
    };
    journal.append(RUN, &entry, EntryDurability::Soon).expect("an answer");
}

#[test]
fn a_write_is_unknown_until_it_is_answered_and_the_last_answer_counts() {
    let (_folder, journal) = journal();
    let intent = intend(&journal, "", 0);
    let state = || journal.writes(RUN).expect("writes")[0].state;
    assert_eq!((state(), journal.unanswered(RUN).expect("a number")), (EntryState::Unknown, 1));
    answer(&journal, "", intent, EntryState::Unknown, &json!({"message": "cut"}));
    assert_eq!(state(), EntryState::Unknown);
    answer(&journal, "", intent, EntryState::Settled, &json!({"id": "00g1"}));
    assert_eq!((state(), journal.unanswered(RUN).expect("a number")), (EntryState::Settled, 0));
    assert_eq!(journal.writes(RUN).expect("writes")[0].answer, json!({"id": "00g1"}));
}

#[test]
fn what_is_known_of_a_write_takes_no_other_answer() {
    let (folder, journal) = journal();
    let intent = intend(&journal, "", 0);
    answer(&journal, "", intent, EntryState::Unknown, &json!(null));
    answer(&journal, "", intent, EntryState::Refused, &json!(null));
    let entry = JournalEntry {
        state: Some(EntryState::Settled),
        intent: Some(intent),
        ..JournalEntry::new(EntryKind::Answer, "")
    };
    let told = |journal: &Journal| journal.append(RUN, &entry, EntryDurability::Now);
    let error = told(&journal).expect_err("known").to_string();
    assert_eq!(error, format!("entry 0 of run {RUN} is refused and cannot become settled"));
    drop(journal);
    let journal = Journal::open(folder.path()).expect("the journal");
    assert!(told(&journal).is_err(), "another process knows it too");
    assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Whole(3));
    assert_eq!(journal.unanswered(RUN).expect("a number"), 0);
}

/// The states in which a lane finds its writes, and the entries that they are of.
fn recorded_states(journal: &Journal, lane: &str) -> Vec<(u64, EntryState)> {
    let recorded = journal.recorded(RUN, lane).expect("what was recorded");
    recorded.iter().map(|one| (one.entry, one.state)).collect()
}

#[test]
fn a_write_that_was_thought_void_and_was_re_opened_stands_for_the_one_that_was_refused() {
    let (_folder, journal) = journal();
    let first = intend(&journal, "", 0);
    answer(&journal, "", first, EntryState::Void, &json!(null));
    let second = intend(&journal, "", 0);
    // The run may die here.
    answer(&journal, "", first, EntryState::Settled, &json!({"id": "00g1"}));
    answer(&journal, "", second, EntryState::Refused, &json!(null));
    assert_eq!(recorded_states(&journal, ""), [(first, EntryState::Settled)]);
    assert_eq!(journal.unanswered(RUN).expect("a number"), 0);

    let first = intend(&journal, "1:jo", 0);
    answer(&journal, "1:jo", first, EntryState::Void, &json!(null));
    let second = intend(&journal, "1:jo", 0);
    answer(&journal, "1:jo", first, EntryState::Unknown, &json!(null));
    answer(&journal, "1:jo", second, EntryState::Refused, &json!(null));
    assert_eq!(recorded_states(&journal, "1:jo"), [(first, EntryState::Unknown)]);
    assert_eq!(journal.unanswered(RUN).expect("a number"), 1);
    journal.tell_of(RUN, first, EntryState::Undone, "another").expect("what an undo tells");
    assert_eq!(journal.unanswered(RUN).expect("a number"), 0);
}

#[test]
fn writes_stand_in_the_order_in_which_they_were_sent() {
    let (_folder, journal) = journal();
    let lost = intend(&journal, "", 0);
    let first = intend(&journal, "1:a", 0);
    let second = intend(&journal, "1:b", 0);
    for intent in [second, first] {
        answer(&journal, "", intent, EntryState::Answered, &json!(null));
    }
    let writes = journal.writes(RUN).expect("writes");
    let entries: Vec<u64> = writes.iter().map(|write| write.entry).collect();
    assert_eq!(entries, [lost, first, second]);
}

#[test]
fn an_intent_is_on_disk_when_it_returns() {
    let (folder, journal) = journal();
    intend(&journal, "1:jo", 0);
    let other = Journal::open(folder.path()).expect("a second reader");
    assert_eq!(other.unanswered(RUN).expect("a number"), 1);
}

#[test]
fn a_write_that_repeats_another_is_on_disk_with_what_is_told_of_that() {
    let (folder, journal) = journal();
    let former = intend(&journal, "", 0);
    let request = json!({ "write": { "operation": "assign_user_to_group" } });
    let intent =
        JournalEntry { position: Some(0), request: Some(&request), ..JournalEntry::new(EntryKind::Intent, "") };
    let repeated = JournalEntry {
        state: Some(EntryState::Repeated),
        intent: Some(former),
        ..JournalEntry::new(EntryKind::Answer, "")
    };
    let repeat = journal.append_repeat(RUN, &intent, &repeated);
    let repeat = repeat.expect("an intent");
    // As a process finds it when this one is killed here.
    let other = Journal::open(folder.path()).expect("the journal");
    let states: Vec<(u64, EntryState)> =
        other.writes(RUN).expect("writes").iter().map(|write| (write.entry, write.state)).collect();
    assert_eq!(states, [(former, EntryState::Repeated), (repeat, EntryState::Unknown)]);
    assert_eq!(recorded_states(&other, ""), [(repeat, EntryState::Unknown)]);
    assert_eq!(other.verify(RUN).expect("a verdict"), ChainVerdict::Whole(3));
}

#[test]
fn what_a_lane_asked_again_takes_the_place_of_what_it_asked_before() {
    let (_folder, journal) = journal();
    for position in [0, 1, 2, 1] {
        let intent = intend(&journal, "1:jo", position);
        answer(&journal, "1:jo", intent, EntryState::Answered, &json!(position));
    }
    let recorded = journal.recorded(RUN, "1:jo").expect("records");
    let entries: Vec<u64> = recorded.iter().map(|recorded| recorded.entry).collect();
    assert_eq!(entries, [0, 6]);
    assert_eq!(recorded[0].request, json!({ "write": { "operation": "add_group" } }));
    assert!(journal.recorded(RUN, "1:j").expect("records").is_empty());
}

#[test]
fn writes_of_a_lane_are_its_own_and_those_within() {
    let (_folder, journal) = journal();
    for lane in ["1:a", "1:a/1:x", "1:ab", ""] {
        intend(&journal, lane, 0);
    }
    let lanes: Vec<String> =
        journal.writes_of_lane(RUN, "1:a").expect("writes").into_iter().map(|write| write.lane).collect();
    assert_eq!(lanes, ["1:a", "1:a/1:x"]);
}

/// How the database goes about a query, a step a line.
fn steps_of(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("a query");
    let arguments = [RUN, "1:jo"].into_iter().take(statement.parameter_count());
    let steps = statement.query_map(rusqlite::params_from_iter(arguments), |row| row.get("detail"));
    let steps: rusqlite::Result<Vec<String>> = steps.and_then(Iterator::collect);
    steps.expect("the steps")
}

#[test]
fn answers_and_lanes_are_found_by_indexes() {
    const ANSWER: &str = "SEARCH l USING COVERING INDEX entries_by_intent (run=? AND intent=? AND what=?)";
    const TOLD: &str = "SEARCH entries USING INDEX entries_by_intent (run=? AND intent=? AND what=?)";
    const LANE: &str = "SEARCH e USING INDEX entries_by_lane (run=? AND lane=?)";
    const LANES: &str = "SEARCH i USING INDEX entries_by_lane (run=? AND lane>? AND lane<?)";
    let (_folder, journal) = journal();
    let inner = journal.written().unwrap();
    for (query, expected) in [
        (writes::OF_RUN, vec![ANSWER]),
        (writes::OF_LANE, vec![LANES, ANSWER]),
        (writes::UNANSWERED, vec![ANSWER]),
        (lanes::RECORDED, vec![LANE, ANSWER]),
        (lanes::END, vec![LANE]),
        (taken_back::OF_WRITE, vec![TOLD]),
    ] {
        let steps = steps_of(&inner.connection, query);
        for step in expected {
            assert!(steps.iter().any(|found| found == step), "{query}: {steps:#?}");
        }
    }
}

#[test]
fn many_that_open_a_journal_at_once_make_it_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let together = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            let opened = (0..8).map(|_| {
                scope.spawn(|| {
                    together.wait();
                    Journal::open(folder.path()).map(drop)
                })
            });
            let opened: Vec<_> = opened.collect();
            for thread in opened {
                thread.join().expect("no panic").expect("a journal");
            }
        });
    }
}

#[test]
fn a_journal_without_the_index_is_given_it() {
    let (folder, journal) = journal();
    drop(journal);
    let file = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
    file.execute_batch(
        "DROP TABLE ends; DROP INDEX entries_by_intent; ALTER TABLE runs DROP COLUMN record; ALTER TABLE runs DROP COLUMN length;
         ALTER TABLE runs DROP COLUMN head; ALTER TABLE runs DROP COLUMN seal; ALTER TABLE runs DROP COLUMN unsealed;
         ALTER TABLE runs DROP COLUMN anchor; ALTER TABLE runs DROP COLUMN earlier; ALTER TABLE entries DROP COLUMN seal;
         PRAGMA user_version = 3;",
    )
    .expect("version 3");
    let journal = Journal::open(folder.path()).expect("brought up");
    let steps = steps_of(&journal.written().unwrap().connection, writes::OF_RUN);
    assert!(steps.iter().any(|step| step.contains("entries_by_intent")), "{steps:#?}");
}

#[test]
fn an_altered_entry_is_told() {
    for (change, expected) in [
        ("UPDATE entries SET state = 'refused' WHERE seq = 1", (1, "it was altered")),
        ("DELETE FROM entries WHERE seq = 0", (0, "it is missing")),
        ("UPDATE bodies SET body = '{\"id\":\"00g2\"}' WHERE body LIKE '%00g1%'", (1, "its answer was altered")),
    ] {
        let (folder, journal) = journal();
        let intent = intend(&journal, "", 0);
        answer(&journal, "", intent, EntryState::Answered, &json!({"id": "00g1"}));
        journal
            .append(
                RUN,
                &JournalEntry { event: Some(&event("x")), ..JournalEntry::new(EntryKind::Told, "") },
                EntryDurability::Now,
            )
            .expect("an entry");
        assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Whole(3));
        let forger = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
        forger.execute(change, []).expect("a change");
        let (entry, why) = expected;
        assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Broken { entry, why }, "{change}");
    }
}

#[test]
fn an_altered_record_and_a_missing_end_are_told() {
    let missing = "it is missing, and so is what came after it";
    let record = |why: &'static str| ChainVerdict::record(why);
    for (change, expected) in [
        ("DELETE FROM entries WHERE seq = 2", ChainVerdict::Broken { entry: 2, why: missing }),
        ("DELETE FROM entries", ChainVerdict::Broken { entry: 0, why: missing }),
        ("UPDATE runs SET operator = 'kim'", record("what it says of the run's beginning was altered")),
        ("UPDATE runs SET length = 2", record("the end of the journal that it names was altered")),
        ("UPDATE ends SET length = 2", record("the end of the journal that it names was altered")),
        ("UPDATE runs SET head = NULL", record("the end of the journal that it names was altered")),
        ("UPDATE ends SET head = NULL", record("the end of the journal that it names was altered")),
        ("DELETE FROM ends", record("the end of the journal that it names was altered")),
        ("UPDATE runs SET outcome = '\"failed\"'", record("it says otherwise of the run's end than its entries")),
        ("UPDATE runs SET message = 'all well'", record("it says otherwise of the run's end than its entries")),
    ] {
        let (folder, journal) = journal();
        let intent = intend(&journal, "", 0);
        answer(&journal, "", intent, EntryState::Answered, &json!(null));
        let told = RunEvent {
            kind: EventKind::Outcome {
                outcome: RunOutcome::Succeeded,
                run: RUN.to_owned(),
                message: None,
                counts: RunCounts::default(),
                remarks: Vec::new(),
            },
            ..event("")
        };
        journal.end(RUN, &told).expect("an end");
        assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Whole(3));
        let forger = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
        forger.execute(change, []).expect("a change");
        assert_eq!(journal.verify(RUN).expect("a verdict"), expected, "{change}");
    }
}

#[test]
fn what_waits_to_be_written_holds_nobody_up_and_is_written_soon() {
    let (folder, journal) = journal();
    let told = event("waiting for a limit");
    let entry = JournalEntry { event: Some(&told), ..JournalEntry::new(EntryKind::Told, "") };
    journal.append(RUN, &entry, EntryDurability::Soon).expect("told");
    let other = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").expect("the file is free");
    let reader = Journal::read(folder.path()).expect("a reader");
    while reader.events(RUN).expect("events").is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(reader.verify(RUN).expect("a verdict"), ChainVerdict::Whole(1));
}

#[test]
fn who_reads_does_not_wait_for_who_writes() {
    let (folder, journal) = journal();
    intend(&journal, "", 0);
    let writer = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
    writer.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    let begun = std::time::Instant::now();
    let reader = Journal::read(folder.path()).expect("a reader");
    assert_eq!(reader.unanswered(RUN).expect("a number"), 1);
    assert!(begun.elapsed().as_secs() < 5, "it waited");
}

#[test]
fn a_full_disk_breaks_nothing_and_is_told_as_such() {
    let (folder, journal) = journal();
    let lost = intend(&journal, "", 0);
    let pages = |most: i64| {
        let buffer = journal.writer.lock();
        let sql = format!("PRAGMA max_page_count = {most}");
        let kept: i64 = buffer.connection.query_row(&sql, [], |row| row.get(0)).expect("a number");
        kept
    };
    pages(1);
    let large = json!({ "body": "x".repeat(100_000) });
    let entry = JournalEntry {
        position: Some(1),
        request: Some(&large),
        before: Some(&large),
        ..JournalEntry::new(EntryKind::Intent, "")
    };
    let append = || journal.append(RUN, &entry, EntryDurability::Now);
    let error = append().expect_err("no room");
    assert_eq!(error.help().as_deref(), Some("make room on the disk"), "{error}");
    // What became of a write that was sent is kept until there is room.
    let settled = JournalEntry {
        state: Some(EntryState::Answered),
        intent: Some(lost),
        answer: Some(&large),
        ..JournalEntry::new(EntryKind::Answer, "")
    };
    journal.append(RUN, &settled, EntryDurability::Now).expect_err("no room");
    let reader = Journal::read(folder.path()).expect("a reader");
    assert_eq!(reader.verify(RUN).expect("a verdict"), ChainVerdict::Whole(1));
    pages(1_000_000);
    assert_eq!(append().expect("room again"), 2);
    assert_eq!(reader.verify(RUN).expect("a verdict"), ChainVerdict::Whole(3));
    assert_eq!(reader.unanswered(RUN).expect("a number"), 1);
}

/// Intents of many lanes at once, each answered: how many of them were written, and the errors of the others.
fn intend_from_lanes(journal: &Journal) -> (usize, Vec<String>) {
    let lane = |lane: usize| {
        let name = format!("1:{lane}");
        let request =
            json!({ "write": { "operation": "add_group", "lane": name, "fill": "x".repeat(2000) }, "step": "s" });
        let mut told = (0, Vec::new());
        for position in 0..20 {
            let entry = JournalEntry {
                position: Some(position),
                request: Some(&request),
                ..JournalEntry::new(EntryKind::Intent, &name)
            };
            match journal.append(RUN, &entry, EntryDurability::Now) {
                Ok(intent) => {
                    told.0 += 1;
                    let answer = json!({ "lane": lane, "position": position });
                    let answered = JournalEntry {
                        state: Some(EntryState::Answered),
                        intent: Some(intent),
                        answer: Some(&answer),
                        ..JournalEntry::new(EntryKind::Answer, &name)
                    };
                    // Where there is no room it is kept all the same.
                    if let Err(error) = journal.append(RUN, &answered, EntryDurability::Soon) {
                        assert!(error.to_string().contains("full"), "{error}");
                    }
                }
                Err(error) => told.1.push(error.to_string()),
            }
        }
        told
    };
    let told = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..16).map(|number| scope.spawn(move || lane(number))).collect();
        lanes.into_iter().map(|lane| lane.join().expect("a lane")).collect::<Vec<_>>()
    });
    (told.iter().map(|(written, _)| written).sum(), told.into_iter().flat_map(|(_, errors)| errors).collect())
}

#[test]
fn intents_of_many_lanes_are_each_on_disk_with_a_number_of_its_own() {
    let (folder, journal) = journal();
    let (written, errors) = intend_from_lanes(&journal);
    assert_eq!((written, errors), (320, Vec::new()));
    assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Whole(640));
    let writes = Journal::read(folder.path()).expect("a reader").writes(RUN).expect("writes");
    assert_eq!(writes.len(), 320);
    for write in writes {
        let lane = write.answer["lane"].as_u64().expect("a lane");
        assert_eq!((write.state, write.lane), (EntryState::Answered, format!("1:{lane}")));
    }
}

#[test]
fn a_disk_that_is_full_refuses_the_intent_of_each_lane() {
    let (folder, journal) = journal();
    let buffer = journal.writer.lock();
    buffer.connection.pragma_update(None, "max_page_count", 60).expect("a small file");
    drop(buffer);
    let (written, errors) = intend_from_lanes(&journal);
    assert_eq!(written + errors.len(), 320);
    assert!(written > 0 && errors.iter().all(|error| error.contains("full")), "{written}: {errors:?}");
    let buffer = journal.writer.lock();
    buffer.connection.pragma_update(None, "max_page_count", 100_000).expect("room again");
    drop(buffer);
    drop(journal);
    let journal = Journal::read(folder.path()).expect("a reader");
    let writes = journal.writes(RUN).expect("writes");
    assert_eq!(writes.len(), written);
    assert!(writes.iter().all(|write| write.state == EntryState::Answered), "{writes:?}");
    assert!(matches!(journal.verify(RUN), Ok(ChainVerdict::Whole(_))));
}

#[test]
fn a_write_that_was_taken_back_is_undone_until_that_is_taken_back() {
    let (_folder, journal) = journal();
    let intent = intend(&journal, "1:jo", 0);
    answer(&journal, "1:jo", intent, EntryState::Answered, &json!({"id": "00g1"}));
    let write = || journal.writes(RUN).expect("writes").remove(0);
    let undo = RunRecord { run: "undo-1".to_owned(), kind: RunKind::Undo(RUN.to_owned()), ..record() };
    journal.begin(&undo).expect("an undo");
    let tell = |state| journal.tell_of(RUN, intent, state, "undo-1");
    tell(EntryState::Undone).expect("it held");
    assert_eq!((write().state, write().undone_by.as_deref()), (EntryState::Undone, Some("undo-1")));
    assert_eq!(write().answer, json!({"id": "00g1"}));
    tell(EntryState::Undone).expect_err("once");
    tell(EntryState::Redone).expect("it was taken back");
    assert_eq!((write().state, write().undone_by), (EntryState::Redone, None));
    assert_eq!(journal.verify(RUN).expect("a verdict"), ChainVerdict::Whole(4));
}

#[test]
fn a_run_has_one_holder() {
    let (folder, journal) = journal();
    let held = journal.hold(RUN, "pat").expect("a hold");
    let other = Journal::open(folder.path()).expect("another");
    let error = other.hold(RUN, "kim").expect_err("held").to_string();
    assert!(error.contains("pat, process") && error.contains(RUN), "{error}");
    drop(held);
    other.hold(RUN, "kim").expect("free again");
}

#[test]
fn an_older_journal_is_brought_up_and_a_newer_one_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Connection::open(folder.path().join("journal.sqlite")).expect("a file");
    file.execute_batch(
        "CREATE TABLE runs (id TEXT PRIMARY KEY, runbook TEXT NOT NULL, digest TEXT NOT NULL, operator TEXT NOT NULL, parameters TEXT NOT NULL, orgs TEXT NOT NULL,
            started TEXT NOT NULL, ended TEXT, outcome TEXT, message TEXT, counts TEXT) STRICT;
         CREATE TABLE entries (run TEXT NOT NULL, seq INTEGER NOT NULL, lane TEXT, time TEXT NOT NULL, state TEXT NOT NULL, event TEXT NOT NULL, request TEXT, before TEXT,
            answer TEXT, PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
         INSERT INTO runs VALUES ('r1', 'a', 'd', 'pat', '{}', '[]', '2026-01-02T03:04:05Z', NULL, NULL, NULL, NULL);
         PRAGMA user_version = 1;",
    )
    .expect("version 1");
    let kept = serde_json::to_string(&event("old")).expect("an event");
    file.execute("INSERT INTO entries VALUES ('r1', 0, NULL, 't', 'told', ?1, NULL, NULL, NULL)", [kept])
        .expect("an entry");
    // Who only reads brings up a copy.
    let reader = Journal::read(folder.path()).expect("a copy");
    let old = RunEvent { actor: Some(RunActor::of_older_journal("pat")), ..event("old") };
    let old = [old];
    assert_eq!(reader.events("r1").expect("events"), old);
    let left: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    assert_eq!(left, 1);
    let journal = Journal::open(folder.path()).expect("brought up");
    assert_eq!(journal.events("r1").expect("events"), old);
    assert_eq!(journal.verify("r1").expect("a verdict"), ChainVerdict::Whole(1));
    assert_eq!(journal.runs().expect("runs")[0].operator, "pat");
    drop(journal);
    file.pragma_update(None, "user_version", 99).expect("a newer version");
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Newer { found: 99, .. })));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_at_once() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = Journal::open(&file.path().join("below")).err().expect("an error");
    assert!(error.to_string().contains("cannot be used"), "{error}");
}

fn seal_key(token: &str) -> SealKey {
    let credentials = crate::okta::OrgCredentials::Ssws(token.into());
    SealKey::of_credentials(&credentials).expect("a key")
}

/// A journal whose run works on an org, and is sealed.
fn sealed_journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path()).expect("a journal");
    journal.seal_with(RUN, seal_key("00a"));
    let orgs = serde_json::from_value(json!([{ "name": "okta", "url": "https://a.okta.com" }]));
    let record = RunRecord { orgs: orgs.expect("an org"), ..record() };
    journal.begin(&record).expect("a run");
    let intent = intend(&journal, "1:jo", 0);
    answer(&journal, "1:jo", intent, EntryState::Answered, &json!({"id": "00g1"}));
    let told = RunEvent {
        kind: EventKind::Outcome {
            outcome: RunOutcome::Failed,
            run: RUN.to_owned(),
            message: Some("no".to_owned()),
            counts: RunCounts::default(),
            remarks: Vec::new(),
        },
        ..event("")
    };
    journal.end(RUN, &told).expect("an end");
    (folder, journal)
}

fn is_whole(journal: &Journal) -> bool {
    let found = journal.verify_by(RUN, &[seal_key("00a")]);
    found.is_ok_and(|found| matches!(found.verdict, ChainVerdict::Whole(_)) && found.seals.are_genuine())
}

fn columns_of(file: &Connection, table: &str) -> Vec<(String, String)> {
    let mut statement = file.prepare(&format!("PRAGMA table_info({table})")).expect("a table");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get("name")?, row.get("type")?));
    let columns = statement.query_map([], read).expect("columns");
    columns.map(|column| column.expect("a column")).collect()
}

/// What makes another value of a column.
fn other_value(column: &str, kind: &str) -> String {
    match kind {
        "INTEGER" => format!("coalesce({column}, 4) + 10"),
        "BLOB" => {
            format!("coalesce(CAST(iif(hex({column}) LIKE '00%', x'01', x'00') || substr({column}, 2) AS BLOB), x'00')")
        }
        _ => format!("coalesce({column}, '') || 'x'"),
    }
}

#[test]
fn a_change_of_any_column_is_told() {
    let (folder, journal) = sealed_journal();
    assert!(is_whole(&journal));
    let columns = |table: &str| {
        let file = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
        columns_of(&file, table)
    };
    for (table, which) in [
        ("runs", "1 = 1"),
        ("entries", "seq = 0"),
        ("entries", "seq = 1"),
        ("entries", "seq = 2"),
        ("bodies", "body LIKE '%00g1%'"),
    ] {
        for (column, kind) in columns(table) {
            let (folder, journal) = sealed_journal();
            let file = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
            file.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").expect("a forger");
            let other = other_value(&column, &kind);
            let sql = format!("UPDATE {table} SET {column} = {other} WHERE {which}");
            assert_eq!(file.execute(&sql, []).expect(&sql), 1, "{sql}");
            assert!(!is_whole(&journal), "{sql}");
        }
    }
}

#[test]
fn an_entry_that_an_index_lost_is_told() {
    for index in ["entries_by_lane", "entries_by_intent"] {
        let (folder, journal) = sealed_journal();
        let file = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
        // An index that holds less than it should: made as one of some rows, and said to be one of all.
        let sql = format!("SELECT sql FROM sqlite_schema WHERE name = '{index}'");
        let whole: String = file.query_row(&sql, [], |row| row.get(0)).expect("an index");
        let some =
            if whole.contains(" WHERE ") { format!("{whole} AND seq <> 1") } else { format!("{whole} WHERE seq <> 1") };
        let replaced = whole.replace('\'', "''");
        file.execute_batch(&format!(
            "DROP INDEX {index}; {some}; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '{replaced}' WHERE name = '{index}'; PRAGMA writable_schema = RESET"
        ))
        .expect("a forger");
        drop(journal);
        let journal = Journal::open(folder.path()).expect("the journal");
        assert!(!is_whole(&journal), "{index}");
    }
}

#[test]
fn entries_older_than_seals_are_held_by_the_next_run() {
    let (folder, journal) = journal();
    intend(&journal, "", 0);
    drop(journal);
    let file = Connection::open(folder.path().join("journal.sqlite")).expect("the file");
    file.execute_batch(
        "UPDATE runs SET length = ends.length, head = ends.head FROM ends WHERE ends.run = id; DROP TABLE ends;
         ALTER TABLE runs DROP COLUMN seal; ALTER TABLE runs DROP COLUMN unsealed; ALTER TABLE runs DROP COLUMN anchor;
         ALTER TABLE runs DROP COLUMN earlier; ALTER TABLE entries DROP COLUMN seal; PRAGMA user_version = 4;",
    )
    .expect("version 4");
    let journal = Journal::open(folder.path()).expect("brought up");
    let keys = [seal_key("00a")];
    let seals = |journal: &Journal| journal.verify_by(RUN, &keys).expect("a verdict");
    assert_eq!((seals(&journal).seals.older, seals(&journal).seals.are_genuine()), (1, false));
    journal.seal_with("next", seal_key("00a"));
    let next = RunRecord { run: "next".to_owned(), ..record() };
    journal.begin(&next).expect("another run");
    let told = event("x");
    let entry = JournalEntry { event: Some(&told), ..JournalEntry::new(EntryKind::Told, "") };
    journal.append("next", &entry, EntryDurability::Now).expect("an entry");
    assert_eq!(seals(&journal).seals.older_than.as_deref(), Some("next"));
    let also = "UPDATE runs SET unsealed = 1 WHERE id = 'next'";
    assert_eq!(seals(&journal).verdict, ChainVerdict::Whole(1));
    file.execute(also, []).expect("a change");
    let next = journal.verify_by("next", &keys).expect("a verdict");
    assert!(matches!(next.verdict, ChainVerdict::Broken { entry: 0, .. }), "{next:?}");
}
