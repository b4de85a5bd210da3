use serde_json::json;

use super::*;
use crate::run::event::{BucketCalls, CallLine, RunCounts, RunOutcome};

fn event(seconds: i64, item: Option<&str>, kind: EventKind) -> RunEvent {
    RunEvent {
        time: Timestamp::from_second(1_767_323_045 + seconds).unwrap(),
        item: item.map(str::to_owned),
        step: None,
        kind,
        actor: Some(RunActor::new(Some("pat"), Some("laptop"), std::collections::BTreeMap::new())),
    }
}

fn call(operation: &str, method: &str, path: &str, status: Option<u16>) -> CallLine {
    CallLine {
        org: "okta".into(),
        operation: operation.into(),
        method: method.into(),
        path: path.into(),
        status,
        request_id: Some("reqA".into()),
    }
}

fn assign(status: Option<u16>) -> CallLine {
    call("assign_user_to_group", "PUT", "/api/v1/groups/g1/users/u1", status)
}

fn outcome(outcome: RunOutcome) -> EventKind {
    EventKind::Outcome {
        outcome,
        run: "8f3a".into(),
        message: None,
        counts: RunCounts {
            reads: 40,
            writes: 1,
            unknown: 0,
            unchanged: 1,
            items: 2,
            done_items: None,
            failed_items: 0,
        },
        remarks: Vec::new(),
    }
}

/// Every kind of event, as in the move of two users.
fn story() -> Vec<RunEvent> {
    let run = EventKind::Run {
        run: "8f3a".into(),
        runbook: "ad/move_user_to_ou".into(),
        orgs: vec![
            OrgLine { name: "okta".into(), url: "https://acme.okta.com".into(), profile: None },
            OrgLine { name: "hub".into(), url: "https://hub.okta.com".into(), profile: None },
        ],
        parameters: json!({ "users": ["jo", "kim"], "dry": false }),
    };
    let check = |passed, words: &str| EventKind::Check { passed, words: words.into(), items: Vec::new() };
    let manual = |attested_by: Option<&str>| EventKind::Manual {
        title: "Enable Update OU".into(),
        name: "update-ou".into(),
        how: "Admin Console > Directory Integrations\nProvisioning > To App".into(),
        attested_by: attested_by.map(str::to_owned),
    };
    let item = |key: &str, outcome, message: Option<&str>| EventKind::Item {
        key: key.into(),
        outcome,
        message: message.map(str::to_owned),
    };
    let mut ending = outcome(RunOutcome::Partly);
    if let EventKind::Outcome { counts, message, remarks, .. } = &mut ending {
        counts.failed_items = 1;
        *message = Some("1 of 2 users was not moved".into());
        remarks.push("AD was not looked at".into());
    }
    vec![
        event(0, None, run),
        event(1, None, EventKind::Step { title: "Preflight".into(), number: None }),
        event(1, None, EventKind::Read(call("get_user", "GET", "/api/v1/users/jo", Some(200)))),
        event(1, None, check(true, "agent is operational")),
        event(1, None, manual(Some("pat"))),
        event(1, None, manual(None)),
        event(2, None, EventKind::Confirm { words: "Move 2 users?".into(), answer: true }),
        event(2, None, EventKind::Step { title: "Move".into(), number: None }),
        event(2, Some("jo"), EventKind::Performed(assign(Some(204)))),
        event(2, Some("jo"), EventKind::Unchanged(assign(None))),
        event(2, Some("jo"), EventKind::Wait { reason: "rate limit of /api/v1/apps".into(), seconds: 12.0 }),
        event(3, Some("jo"), item("jo", ItemOutcome::Succeeded, Some("moved"))),
        event(4, Some("kim"), EventKind::Refused { call: assign(Some(403)), message: "E0000006: no\nask".into() }),
        event(4, Some("kim"), check(false, "kim is in Users")),
        event(4, Some("kim"), item("kim", ItemOutcome::Failed, None)),
        event(5, None, EventKind::Note { words: "two lines\nof a note".into() }),
        event(
            5,
            None,
            EventKind::Table {
                columns: vec!["login".into(), "group".into()],
                rows: vec![vec!["jo".into(), "Users".into()]],
            },
        ),
        event(125, None, ending),
    ]
}

#[test]
fn a_step_has_its_own_number_and_what_an_item_costs_is_told() {
    let calls = BucketCalls { org: "okta".into(), bucket: "/api/v1/apps*".into(), calls: 3012, share: 40 };
    let step = EventKind::Step { title: "Leave".into(), number: Some(6) };
    let next = EventKind::Step { title: "Verify".into(), number: Some(7) };
    let told = EventKind::Calls { calls: vec![calls], items: Some(3000) };
    let events = [step, next, told].map(|kind| event(0, None, kind));
    assert_eq!(
        told_at(OutputVerbosity::Normal, &events),
        "\n▸ 6 Leave\n\n▸ 7 Verify\n  · okta: 3012 calls of /api/v1/apps*, of 40 a minute that are ours: 1.1 an item"
    );
}

#[test]
fn nothing_is_told_of_what_was_not_given_and_no_colon_is_left_alone() {
    let run = EventKind::Run {
        run: "8f3a".into(),
        runbook: "undo".into(),
        orgs: Vec::new(),
        parameters: serde_json::json!({"only": null}),
    };
    let ending = EventKind::Outcome {
        outcome: RunOutcome::Stuck,
        run: "8f3a".into(),
        message: Some("2 writes are not taken back:\n| a | b |".into()),
        counts: RunCounts::default(),
        remarks: Vec::new(),
    };
    let told = told_at(OutputVerbosity::Normal, &[event(0, None, run), event(1, None, ending)]);
    assert!(!told.contains("null"), "{told}");
    assert!(told.contains("2 writes are not taken back, as told above\n"), "{told}");
}

fn told_at(verbosity: OutputVerbosity, events: &[RunEvent]) -> String {
    let mut narrator = TextReporter::new(verbosity, None);
    let lines: Vec<_> = events.iter().flat_map(|event| narrator.lines_of(event)).collect();
    anstream::adapter::strip_str(&lines.join("\n")).to_string()
}

const VERBOSE: &str = "\
ad/move_user_to_ou (run 8f3a)
  started by pat on laptop
  okta  https://acme.okta.com
  hub   https://hub.okta.com
  users = jo, kim
  dry = false

▸ 1 Preflight
  ← okta  GET /api/v1/users/jo  get_user  200  request reqA
  ✓ agent is operational
  ✓ by hand: Enable Update OU (attested by pat on laptop)
    Admin Console > Directory Integrations
    Provisioning > To App
  ! to do by hand: Enable Update OU
    Admin Console > Directory Integrations
    Provisioning > To App
  ? Move 2 users? yes, by pat on laptop
  in okta

▸ 2 Move
  [jo] → okta  PUT /api/v1/groups/g1/users/u1  assign_user_to_group  204  request reqA
  [jo] = okta  /api/v1/groups/g1/users/u1  assign_user_to_group  unchanged
  [jo] … waiting up to 12 s: rate limit of /api/v1/apps
  ✓ jo  moved
  [kim] ✗ okta  PUT /api/v1/groups/g1/users/u1  assign_user_to_group  403
  [kim]   E0000006: no
  [kim]   ask
  [kim]   request id reqA
  [kim] ✗ kim is in Users
  ✗ kim  failed
  · two lines
    of a note

| login | group |
|-------|-------|
| jo    | Users |
  in okta

Partly done after 2 min 5 s: 2 items (1 failed), 1 write, 1 unchanged, 40 reads (run 8f3a)
  1 of 2 users was not moved
  note: AD was not looked at
  next: mend the cause and run the same command again; what is done is left as it is
  next: see all of it: okta-runbook runs show 8f3a";

const QUIET: &str = "  ! to do by hand: Enable Update OU
    Admin Console > Directory Integrations
    Provisioning > To App
  [kim] ✗ okta  PUT /api/v1/groups/g1/users/u1  assign_user_to_group  403
  [kim]   E0000006: no
  [kim]   ask
  [kim]   request id reqA
  [kim] ✗ kim is in Users
  ✗ kim  failed

| login | group |
|-------|-------|
| jo    | Users |

Partly done after 2 min 5 s: 2 items (1 failed), 1 write, 1 unchanged, 40 reads (run 8f3a)
  1 of 2 users was not moved
  note: AD was not looked at
  next: mend the cause and run the same command again; what is done is left as it is
  next: see all of it: okta-runbook runs show 8f3a";

#[test]
fn a_whole_run_is_told() {
    assert_eq!(told_at(OutputVerbosity::Verbose, &story()), VERBOSE);
}

#[test]
fn normally_reads_are_left_out() {
    let without_read: Vec<_> = VERBOSE
        .lines()
        .filter(|line| !line.contains("←"))
        .map(|line| line.strip_suffix("  request reqA").unwrap_or(line))
        .collect();
    assert_eq!(told_at(OutputVerbosity::Normal, &story()), without_read.join("\n"));
}

#[test]
fn quietly_only_failures_tasks_tables_and_the_end_are_told() {
    assert_eq!(told_at(OutputVerbosity::Quiet, &story()), QUIET);
}

#[test]
fn each_outcome_says_what_to_do_next() {
    for (ended, expected) in [
        (RunOutcome::Succeeded, "Succeeded: 2 items, 1 write, 1 unchanged, 40 reads (run 8f3a)"),
        (RunOutcome::Waiting, "  next: do the step, then: okta-runbook resume 8f3a --attest update-ou"),
        (RunOutcome::Interrupted, "  next: go on with it: okta-runbook resume 8f3a"),
        (RunOutcome::Stuck, "  next: do by hand what is left, as told above"),
    ] {
        let manual = EventKind::Manual {
            title: "Enable Update OU".into(),
            name: "update-ou".into(),
            how: String::new(),
            attested_by: None,
        };
        let told = told_at(OutputVerbosity::Quiet, &[event(0, None, manual), event(1, None, outcome(ended))]);
        assert!(told.lines().any(|line| line == expected), "{told}");
        assert_eq!(told.contains("next:"), ended != RunOutcome::Succeeded, "{told}");
    }
}

#[test]
fn a_run_without_writes_says_so() {
    let mut kind = outcome(RunOutcome::Succeeded);
    if let EventKind::Outcome { counts, .. } = &mut kind {
        *counts = RunCounts { reads: 1, ..RunCounts::default() };
    }
    let told = told_at(OutputVerbosity::Quiet, &[event(0, None, kind)]);
    assert_eq!(told, "\nSucceeded: nothing written, 1 read (run 8f3a)");
}

#[test]
fn writes_of_unknown_outcome_are_never_nothing() {
    for (writes, unknown, expected) in
        [(0, 1, "1 write of unknown outcome, 1 read"), (2, 1, "2 writes, 1 of unknown outcome, 1 read")]
    {
        let mut kind = outcome(RunOutcome::Partly);
        if let EventKind::Outcome { counts, .. } = &mut kind {
            *counts = RunCounts { reads: 1, writes, unknown, ..RunCounts::default() };
        }
        let told = told_at(OutputVerbosity::Quiet, &[event(0, None, kind)]);
        assert!(told.contains(expected), "{told}");
        assert!(told.contains("look again whether it was made"), "{told}");
    }
}

#[test]
fn parameters_are_cut_to_the_width() {
    let users: Vec<_> = (0..200).map(|number| format!("user{number}")).collect();
    let kind = EventKind::Run {
        run: "1".into(),
        runbook: "a".into(),
        orgs: Vec::new(),
        parameters: json!({ "users": users }),
    };
    let mut narrator = TextReporter::new(OutputVerbosity::Normal, Some(30));
    let line = &narrator.lines_of(&event(0, None, kind))[2];
    let line = anstream::adapter::strip_str(line).to_string();
    assert_eq!(line, "  users = user0, user1, user2…");
}

#[test]
fn names_from_an_org_cannot_command_the_terminal() {
    let mut kind = assign(Some(204));
    kind.path = "/api/\u{1b}]0;owned\u{7}".into();
    let mut narrator = TextReporter::new(OutputVerbosity::Normal, None);
    let lines = narrator.lines_of(&event(0, Some("jo\u{1b}[2J"), EventKind::Performed(kind)));
    assert!(!lines[0].contains("\u{1b}]") && !lines[0].contains("\u{1b}[2J"), "{lines:?}");
}
