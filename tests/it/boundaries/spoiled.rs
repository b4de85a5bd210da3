//! One answer of an org is spoiled on its way, which the org knows nothing of; the run then says what is so, goes on, and is taken back.
//!
//! `OKTA_RUNBOOK_SPOILED=all` spoils the answer to every write of every procedure and of its undo in each of the ten ways, `reads` those to
//! all reads, a number so many of both. A failure names itself as `setup/run/write/3/Html`, which repeats it; the beginning of a name is every
//! case that begins so.

use super::assert_same;
use super::procedures::{self, MOVE, Procedure};
use super::proxy::{Deed, Spoiled};
use super::spoil::Spoil;
use super::truth;
use super::uninterrupted::Uninterrupted;
use super::world::{Ended, Fate, World};
use crate::seeds::{number, try_all};

/// So many, unless the environment says otherwise.
const SAMPLE: usize = 30;

/// Seconds that a client waits for an answer that does not come, where they can be set.
const PATIENCE: u64 = 8;

/// What the answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Run,
    Undo,
}

/// One spoiled answer.
struct Case {
    procedure: &'static Procedure,
    phase: Phase,
    spoiled: Spoiled,
}

impl Case {
    fn name(&self) -> String {
        let (kind, number, spoil) = match self.spoiled {
            Spoiled::Read(number, spoil) => ("read", number, spoil),
            Spoiled::Write(number, spoil) => ("write", number, spoil),
        };
        let phase = match self.phase {
            Phase::Run => "run",
            Phase::Undo => "undo",
        };
        format!("{}/{phase}/{kind}/{number}/{spoil:?}", self.procedure.name)
    }

    fn again(&self) -> String {
        let name = self.name();
        format!("{name}, again: OKTA_RUNBOOK_SPOILED=\"{name}\" cargo test --test it spoiled")
    }

    fn spoil(&self) -> Spoil {
        let (Spoiled::Read(_, spoil) | Spoiled::Write(_, spoil)) = self.spoiled;
        spoil
    }

    fn is_read(&self) -> bool {
        matches!(self.spoiled, Spoiled::Read(..))
    }

    /// Where the client's patience cannot be set, it is a minute.
    fn is_slow(&self) -> bool {
        self.spoil() == Spoil::Late && !is_of_one_org(self.procedure)
    }
}

fn is_of_one_org(procedure: &Procedure) -> bool {
    !procedure.arguments.contains(&"--org")
}

fn every_case() -> Vec<Case> {
    procedures::all().flat_map(cases).collect()
}

fn cases(procedure: &'static Procedure) -> Vec<Case> {
    let undisturbed = Uninterrupted::of(procedure);
    let mut cases = Vec::new();
    for (phase, course) in [(Phase::Run, &undisturbed.run), (Phase::Undo, &undisturbed.undo)] {
        for spoil in Spoil::ALL {
            let writes = (0..course.writes).map(|number| Spoiled::Write(number, spoil));
            // To ask twice is what reads are free to do.
            let reads = if spoil == Spoil::Duplicate { 0 } else { course.reads };
            let reads = (0..reads).map(|number| Spoiled::Read(number, spoil));
            cases.extend(writes.chain(reads).map(|spoiled| Case { procedure, phase, spoiled }));
        }
    }
    cases
}

/// Those that the environment asks for.
fn chosen() -> Vec<Case> {
    let all = every_case().into_iter();
    let asked = std::env::var("OKTA_RUNBOOK_SPOILED").unwrap_or_default();
    match asked.as_str() {
        "all" => all.filter(|case| !case.is_read()).collect(),
        "reads" => all.filter(Case::is_read).collect(),
        "" => sample(all.filter(|case| !case.is_slow()).collect(), SAMPLE),
        asked => match asked.parse() {
            Ok(count) => sample(all.collect(), count),
            Err(_) => all.filter(|case| case.name().starts_with(asked)).collect(),
        },
    }
}

/// Of each way about as many, three of four at writes.
fn sample(mut cases: Vec<Case>, count: usize) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(number("OKTA_RUNBOOK_SEED", 1));
    random.shuffle(&mut cases);
    (0..count)
        .filter_map(|index| {
            let spoil = Spoil::ALL[index % Spoil::ALL.len()];
            let is_read = random.u8(..4) == 0;
            let fits = |case: &Case| case.spoil() == spoil && case.is_read() == is_read;
            let found = cases.iter().position(fits)?;
            Some(cases.swap_remove(found))
        })
        .collect()
}

/// A procedure, one answer of which is spoiled.
struct Trial<'a> {
    case: &'a Case,
    world: World,
    undisturbed: &'a Uninterrupted,
    /// All that the orgs carried out of the run and of its undo.
    deeds: Vec<Deed>,
}

impl Trial<'_> {
    /// Whatever it comes to, what is said of it is so.
    fn ends(&mut self, arguments: &[&str], fate: Fate, former: Option<&str>) -> (Ended, Option<String>) {
        let is_late = matches!(fate, Fate::Spoiled(_)) && self.case.spoil() == Spoil::Late;
        self.world.request_timeout = is_late.then_some(PATIENCE);
        let ended = self.world.ends(arguments, fate);
        self.deeds.extend(self.world.proxy.take_deeds());
        let run = self.world.newest_of_procedure();
        let run = run.filter(|run| former != Some(run));
        match &run {
            Some(run) => truth::is_told(&self.world, run, &ended, &self.deeds),
            None => assert!(self.deeds.is_empty(), "no run: {}", ended.text),
        }
        (ended, run)
    }

    fn fate(&self, phase: Phase) -> Fate {
        if self.case.phase == phase { Fate::Spoiled(self.case.spoiled) } else { Fate::Nothing }
    }

    /// The run, and once more if it did not end well; `None` when an org made two things of one request, since nobody can know of the
    /// second.
    fn runs(&mut self) -> Option<String> {
        let arguments = self.world.procedure.arguments;
        let (mut ended, mut run) = self.ends(arguments, self.fate(Phase::Run), None);
        if self.world.proxy.made_two() {
            return None;
        }
        if !ended.well() {
            let again = match &run {
                Some(run) => self.world.resuming(run),
                None => arguments.to_vec(),
            };
            let first = ended.text;
            (ended, run) = self.ends(&again, Fate::Nothing, None);
            assert!(ended.well(), "{}\nafter: {first}", ended.text);
        }
        assert_same(&self.world.state(), &self.undisturbed.after, "after the run");
        if let Some(run) = &run {
            let writes = self.undisturbed.run.writes;
            truth::are_each_once(&self.world, run, &self.deeds, writes, &ended.text);
        }
        run
    }

    /// The undo, and once more if it did not end well: it brings back what was, or names what it does not.
    fn is_taken_back(&mut self, run: &str) {
        self.deeds.clear();
        let arguments = ["undo", run, "--yes"];
        let (mut ended, undo) = self.ends(&arguments, self.fate(Phase::Undo), Some(run));
        if !ended.well() {
            // What a second undo finds done is told by the first one's journal.
            self.deeds.clear();
            let first = ended.text;
            let again = match &undo {
                Some(undo) if ended.code == Some(5) => ["resume", undo, "--yes"],
                _ => arguments,
            };
            let former = undo.as_deref().unwrap_or(run);
            (ended, _) = self.ends(&again, Fate::Nothing, Some(former));
            assert!(ended.well(), "{}\nafter: {first}", ended.text);
        }
        (self.world.procedure.by_hand)(&self.world, true);
        assert_same(&self.world.state(), &self.undisturbed.before, "taken back");
    }
}

fn withstands(case: &Case) {
    let world = World::new(case.procedure);
    let undisturbed = Uninterrupted::of(case.procedure);
    let mut trial = Trial { case, world, undisturbed: &undisturbed, deeds: Vec::new() };
    let Some(run) = trial.runs() else {
        return;
    };
    (case.procedure.by_hand)(&trial.world, false);
    trial.is_taken_back(&run);
}

#[test]
fn spoiled_answers_make_no_run_say_what_is_not_so() {
    let cases = chosen();
    assert!(!cases.is_empty(), "OKTA_RUNBOOK_SPOILED names no case");
    try_all(&cases, 4, Case::again, withstands);
}

/// The second answer to a deletion is that there is nothing to delete.
#[test]
fn a_deletion_that_was_sent_twice_is_told_as_done() {
    let mut cases = cases(&MOVE);
    cases.retain(|case| case.phase == Phase::Undo && case.spoil() == Spoil::Duplicate);
    // The undo ends with the groups and their assignments, which it deletes.
    let deletions = cases.split_off(cases.len() - 4);
    try_all(&deletions, 4, Case::again, withstands);
}
