//! Several kills, each at an instant that chance chooses, while a procedure runs, is taken up, is taken back, and that is taken up.
//!
//! `OKTA_RUNBOOK_KILLS=400` tries that many schedules over all procedures, from `OKTA_RUNBOOK_SEED` on. A failure names its seed; a kill
//! after a time falls where the machine's load lets it fall.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::assert_same;
use super::procedures::{self, Procedure};
use super::proxy::Death;
use super::truth;
use super::uninterrupted::{Course, Uninterrupted};
use super::world::{Ended, Fate, World};
use crate::seeds::{number, try_all};

/// Each procedure so often, unless the environment says otherwise.
const OFTEN: u64 = 1;

/// Two to six kills of one procedure.
struct Schedule {
    seed: u64,
    procedure: &'static Procedure,
}

impl Schedule {
    fn of(seed: u64) -> Self {
        let all: Vec<_> = procedures::all().collect();
        let procedure = all[usize::try_from(seed).unwrap() % all.len()];
        Self { seed, procedure }
    }

    fn again(&self) -> String {
        let (seed, name) = (self.seed, self.procedure.name);
        format!("seed {seed} ({name}), again: OKTA_RUNBOOK_SEED={seed} OKTA_RUNBOOK_KILLS=1 cargo test --test it kills")
    }
}

/// Where a process is killed: at a write that it reaches or not, or wherever it is after a time.
fn kill(random: &mut fastrand::Rng, course: &Course) -> Fate {
    const DEATHS: [Death; 3] = [Death::BeforeTheOrgKnows, Death::BeforeTheAnswer, Death::AfterTheAnswer];
    if random.bool() {
        let number = random.usize(..course.writes.max(1));
        return Fate::Dies(number, DEATHS[random.usize(..DEATHS.len())]);
    }
    // Later kills come earlier in what is left.
    let share = [0.25, 0.5, 1.0][random.usize(..3)] * random.f64();
    Fate::DiesAfter(Duration::from_millis(30) + course.lasted.mul_f64(share))
}

fn options(random: &mut fastrand::Rng) -> Value {
    let mut one_of = |numbers: [u64; 3]| numbers[random.usize(..3)];
    json!({
        "latencyMs": one_of([0, 5, 15]),
        "jobDelayMs": one_of([20, 100, 400]),
        "membershipLagMs": one_of([0, 0, 300]),
        "newGroupLagMs": one_of([0, 0, 500]),
    })
}

/// A procedure on its way through a schedule.
struct Trial {
    world: World,
    random: fastrand::Rng,
    /// How each process ended, for whoever reads a failure.
    history: Vec<String>,
}

impl Trial {
    /// Starts it, takes it up as often as it is killed, and once more undisturbed; returns its run.
    fn survives(&mut self, start: &[&str], course: &Course, kills: usize, former: Option<&str>) -> String {
        let begun = |world: &World| {
            let newest = world.newest_of_procedure();
            newest.filter(|run| former != Some(run))
        };
        let mut ended = None;
        for number in 0..=kills {
            let fate = if number == kills { Fate::Nothing } else { kill(&mut self.random, course) };
            let run = begun(&self.world);
            let arguments = match &run {
                Some(run) if former.is_some() => vec!["resume", run, "--yes"],
                Some(run) => self.world.resuming(run),
                None => start.to_vec(),
            };
            let now = self.world.ends(&arguments, fate);
            let command = arguments[0];
            self.history.push(format!("{command} {fate:?}: {:?}", now.code));
            let over = now.well();
            ended = Some(now);
            if over {
                break;
            }
        }
        let Ended { code, text } = ended.unwrap();
        assert_eq!(code, Some(0), "{}: {text}", self.told());
        begun(&self.world).unwrap()
    }

    fn told(&self) -> String {
        self.history.join("; ")
    }

    fn is_verified(&self, run: &str) {
        let (code, text) = self.world.output(&["runs", "verify", run]);
        assert_eq!(code, Some(0), "{}: {text}", self.told());
    }
}

fn survives(schedule: &Schedule) {
    let (procedure, seed) = (schedule.procedure, schedule.seed);
    let undisturbed = Uninterrupted::of(procedure);
    let mut random = fastrand::Rng::with_seed(seed);
    let world = World::new(procedure);
    world.control(0, "PATCH", "options", &options(&mut random));
    let kills = random.usize(2..=6);
    let of_the_run = random.usize(..=kills);
    let mut trial = Trial { world, random, history: Vec::new() };
    let run = trial.survives(procedure.arguments, &undisturbed.run, of_the_run, None);
    holds(&trial, &run, &undisturbed.after, undisturbed.run.writes);
    // Its undo brings people back to where no group provisions them.
    let stranded = trial.world.control(0, "GET", "stranded", &Value::Null);
    assert_eq!(stranded, json!([]), "{}", trial.told());
    (procedure.by_hand)(&trial.world, false);
    let undo = ["undo", &run, "--yes"];
    let left = kills - of_the_run;
    let undo = trial.survives(&undo, &undisturbed.undo, left, Some(&run));
    (procedure.by_hand)(&trial.world, true);
    holds(&trial, &undo, &undisturbed.before, undisturbed.undo.writes);
    trial.is_verified(&run);
    keeps_its_secrets(&trial.world);
}

/// The orgs are as if nothing had happened, each write was carried out once, and the journal says so.
fn holds(trial: &Trial, run: &str, state: &Value, writes: usize) {
    let (world, told) = (&trial.world, trial.told());
    assert_same(&world.state(), state, &told);
    let deeds = world.proxy.take_deeds();
    let ended = Ended { code: Some(0), text: told };
    truth::is_told(world, run, &ended, &deeds);
    truth::are_each_once(world, run, &deeds, writes, &ended.text);
    trial.is_verified(run);
}

fn keeps_its_secrets(world: &World) {
    for path in files(world.folder.path()) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for (name, secret) in world.secrets() {
            assert!(!text.contains(secret), "{name} is in {}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn kills_at_any_instant_leave_what_an_uninterrupted_run_leaves() {
    let procedures = procedures::all().count() as u64;
    let first = number("OKTA_RUNBOOK_SEED", 1);
    let count = number("OKTA_RUNBOOK_KILLS", OFTEN * procedures);
    let schedules: Vec<Schedule> = (first..first + count).map(Schedule::of).collect();
    try_all(&schedules, 4, Schedule::again, survives);
}

#[test]
fn kills_hit_every_shipped_runbook() {
    let named: Vec<&str> = procedures::all().map(|procedure| procedure.arguments[1]).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().with_extension("");
        let name = name.to_str().unwrap();
        let is_one = !name.starts_with("lib/") && !name.ends_with("_test");
        assert!(!is_one || named.contains(&name), "no procedure runs {name}");
    }
}

/// What puts the user back into the former group is in the journal, its process dies, and no read shows it yet when the next one asks
/// whether the user may leave the other group.
#[test]
fn a_membership_that_was_written_before_a_kill_is_waited_for() {
    let undisturbed = Uninterrupted::of(&procedures::MOVE);
    let world = World::new(&procedures::MOVE);
    // An assignment that is no older than the run is taken for one that the run brought.
    std::thread::sleep(Duration::from_secs(3));
    let ended = world.ends(procedures::MOVE.arguments, Fate::Nothing);
    assert_eq!(ended.code, Some(0), "{}", ended.text);
    world.proxy.take_deeds();
    let run = world.newest_of_procedure().unwrap();
    world.control(0, "PATCH", "options", &json!({ "membershipLagMs": 6000 }));
    let killed = world.ends(&["undo", &run, "--yes"], Fate::DiesAfterWrites(1, Duration::from_secs(1)));
    assert_eq!(killed.code, None, "{}", killed.text);
    let undo = world.newest_of_procedure().unwrap();
    let resumed = world.ends(&["resume", &undo, "--yes"], Fate::Nothing);
    assert_eq!(resumed.code, Some(0), "{}", resumed.text);
    assert_same(&world.state(), &undisturbed.before, &resumed.text);
}
