//! What only tests can call, as words: for help, completion and definitions.

use crate::script::bindings::ScriptVerb;

const fn verb(name: &'static str, signature: &'static str, help: &'static str) -> ScriptVerb {
    ScriptVerb { name, signature, help }
}

/// The verbs of tests. Scenario, options and faults are the simulator's own.
pub const TEST_VERBS: &[ScriptVerb] = &[
    verb("test", "test(title, || …)", "a test; it has a simulator of its own"),
    verb(
        "simulator",
        "simulator(scenario?)",
        "starts the test's simulator; #{} is the built-in scenario, #{like: \"org2org\", …} two orgs with what is changed in it",
    ),
    verb(
        "run_runbook",
        "run_runbook(name, params, #{agree?, attest?, directories?})",
        "runs a runbook to its end; returns #{outcome, exit, message, steps, items, writes, unchanged, refused, checks, notes, tables, manual, remarks, reads, run}",
    ),
    verb(
        "resume_run",
        "resume_run(run, #{agree?, attest?, directories?})",
        "goes on with a run that waited; returns what run_runbook does",
    ),
    verb("assert", "assert(fact, words?)", "fails unless the fact holds"),
    verb("assert_eq", "assert_eq(actual, expected)", "fails with the difference unless the two are alike"),
    verb(
        "assert_contains",
        "assert_contains(whole, part)",
        "fails unless a text has the part in it, or a list the item",
    ),
    verb("org", "simulator.org(name?)", "an org handle: all operations of the API"),
    verb(
        "fault",
        "simulator.fault(org?, #{method?, path?, after?, times?, action, …})",
        "orders wrong, lost or slow answers",
    ),
    verb("options", "simulator.options(org?, #{…})", "turns the org's delays, limits and assumptions"),
    verb("advance", "simulator.advance(org?, seconds)", "sets the org's clock forward"),
    verb("state", "simulator.state(org?)", "everything in the org, as a map"),
    verb("requests", "simulator.requests(org?)", "how many calls the org was sent: #{total, writes, limited, routes}"),
    verb(
        "account",
        "simulator.account(domain, user_principal_name)",
        "an account of a directory as it is there, () when there is none",
    ),
    verb("change_app", "simulator.change_app(org?, label, #{…})", "something done by hand in an app that no API does"),
    verb(
        "import_now",
        "simulator.import_now(org?, label)",
        "the users of an app are imported, as by Import Now in the Admin Console",
    ),
    verb("change_directory", "simulator.change_directory(domain, #{…})", "something done by hand in a directory"),
];
