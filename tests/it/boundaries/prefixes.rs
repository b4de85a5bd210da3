//! A machine that stops may lose the end of what was written: whatever the journal still has, the run goes on from there.

use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::assert_same;
use super::procedures::MOVE;
use super::proxy::Death;
use super::uninterrupted::Uninterrupted;
use super::world::World;

/// Leaves of the newest run's entries those up to its last intent but `back`, and `more` of those after it: all that can be lost is what
/// came after the last intent that was on disk when its write was sent. `None` when there are not so many.
fn cut(world: &World, back: u32, more: i64) -> Option<i64> {
    let path = world.folder.path().join(".okta-runbook/journal.sqlite");
    let file = Connection::open(path).unwrap();
    let run = world.newest();
    let intent = |back: u32| -> Option<i64> {
        let sql = "SELECT seq FROM entries WHERE run = ?1 AND what = 'intent' ORDER BY seq DESC LIMIT 1 OFFSET ?2";
        let found = file.query_row(sql, params![run, back], |row| row.get(0));
        found.optional().unwrap()
    };
    let all: i64 = file.query_row("SELECT count(*) FROM entries WHERE run = ?1", [&run], |row| row.get(0)).unwrap();
    let kept = intent(back).map_or(0, |intent| intent + 1) + more;
    if kept > all {
        return None;
    }
    file.execute("DELETE FROM entries WHERE run = ?1 AND seq >= ?2", params![run, kept]).unwrap();
    file.execute(
        "UPDATE ends SET length = ?2, head = coalesce((SELECT digest FROM entries WHERE run = ?1 AND seq = ?2 - 1),
            (SELECT record FROM runs WHERE id = ?1)) WHERE run = ?1",
        params![run, kept],
    )
    .unwrap();
    let open = "UPDATE runs SET ended = NULL, outcome = NULL, message = NULL, counts = NULL, length = ends.length, head = ends.head
        FROM ends WHERE id = ?1 AND ends.run = id";
    file.execute(open, [&run]).unwrap();
    Some(kept)
}

/// Stops the move at write number `number` (or at its end), cuts its journal, and takes it up again; `false` when there is nothing to cut.
fn survives(number: usize, more: i64, undisturbed: &Uninterrupted) -> bool {
    let world = World::new(&MOVE);
    let at_the_end = number == undisturbed.run.writes;
    let plan = (!at_the_end).then_some((number, Death::BeforeTheOrgKnows));
    assert_eq!(world.run(plan), at_the_end);
    // The intent of the write at which it was stopped is one more than those that were carried out.
    let back = u32::from(!at_the_end);
    let Some(kept) = cut(&world, back, more) else {
        return false;
    };
    let name = format!("write {number}, {kept} entries left");
    // Cut by hand, it lacks the seal that a lost end leaves behind, and is taken for altered.
    let run = world.newest();
    let mut resuming = world.resuming(&run);
    resuming.push("--accept-altered");
    let (code, text) = world.output(&resuming);
    assert_eq!(code, Some(0), "{name}: {text}");
    assert_eq!(world.carried_out(), undisturbed.run.writes, "{name}: each write once");
    assert_same(&world.state(), &undisturbed.after, &name);
    true
}

#[test]
fn a_move_goes_on_from_every_prefix_of_its_journal() {
    let undisturbed = Uninterrupted::of(&MOVE);
    let next = AtomicUsize::new(0);
    let tried = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > undisturbed.run.writes {
                        return;
                    }
                    let lengths = (0..).take_while(|more| survives(number, *more, &undisturbed));
                    tried.fetch_add(lengths.count(), Ordering::SeqCst);
                }
            });
        }
    });
    let tried = tried.into_inner();
    assert!(tried > 40, "only {tried} prefixes");
}
