//! What a process knows of its run when the journal is gone: for the person who has to go on without it.

use std::fmt;
use std::path::PathBuf;

/// A journal that is no longer the file that the run writes into.
#[derive(Clone, Debug)]
pub struct LostJournal {
    pub run: String,
    /// The journal's file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Writes that this process sent and that were answered with success.
    pub writes: u64,
    /// The last write whose intent was on disk.
    pub last: Option<String>,
    /// Where all entries were saved that the process could still read.
    pub saved: Option<PathBuf>,
}

impl LostJournal {
    pub(super) fn help(&self) -> String {
        let (path, run) = (self.path.display(), &self.run);
        match &self.saved {
            Some(saved) => format!(
                "its entries are saved in {saved}: move this file to {path}, then see `okta-runbook runs show {run}` and go on with `okta-runbook resume {run}`",
                saved = saved.display()
            ),
            None => format!("put {path} back from a backup; without it, the System Log of the org shows what was done"),
        }
    }
}

impl fmt::Display for LostJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, why) = (self.path.display(), &self.why);
        write!(f, "{path} {why}; nothing more is sent. Run {}: ", self.run)?;
        match (self.writes, &self.last) {
            (_, None) => f.write_str("no write was sent"),
            (1, Some(last)) => write!(f, "1 write succeeded; the last one sent is {last}"),
            (writes, Some(last)) => {
                write!(f, "{writes} writes succeeded; the last one sent is {last}")
            }
        }
    }
}
