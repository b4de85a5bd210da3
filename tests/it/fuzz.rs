//! Whatever stands in a file or comes from a server, the program says what is wrong with it: it neither panics nor hangs.
//!
//! `OKTA_RUNBOOK_FUZZ=10000` tries that many cases of each kind, from `OKTA_RUNBOOK_SEED` on; a failure names its seed.

mod answers;
mod directory;
mod mutation;
mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use crate::seeds::number;
use mutation::Mutation;

/// A case that takes longer hangs, whatever else the machine does.
const HANGS: Duration = Duration::from_secs(300);

/// The stack that a main thread has.
const STACK: usize = 8 << 20;

/// Does `work` with so many cases, unless the environment says otherwise. The cases go on in one thread, which is watched.
fn survives(kind: &'static str, count: u64, work: impl Fn(&mut Mutation) + Send + 'static) {
    let first = number("OKTA_RUNBOOK_SEED", 1);
    let seeds = first..first + number("OKTA_RUNBOOK_FUZZ", count);
    let (sender, receiver) = sync_channel(0);
    let all = seeds.clone();
    let works = move || {
        for seed in all {
            let mut mutation = Mutation::new(seed);
            let ended = catch_unwind(AssertUnwindSafe(|| work(&mut mutation)));
            if sender.send(ended.is_ok()).is_err() {
                return;
            }
        }
    };
    Builder::new().stack_size(STACK).spawn(works).unwrap();
    for seed in seeds {
        let again = format!("OKTA_RUNBOOK_SEED={seed} OKTA_RUNBOOK_FUZZ=1 cargo test --test it fuzz");
        match receiver.recv_timeout(HANGS) {
            Ok(true) => {}
            Ok(false) | Err(RecvTimeoutError::Disconnected) => {
                panic!("{kind}: a panic, see above; again: {again}")
            }
            Err(RecvTimeoutError::Timeout) => panic!("{kind}: it hangs; again: {again}"),
        }
    }
}
