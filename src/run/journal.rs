//! The journal: a database file of all runs of a workspace, only ever added to.
//!
//! A write is two entries: its intent, on disk before the request is on the wire, and its answer. An intent without an answer is
//! *unknown*: it may have happened. What a lane asked and was answered is kept too, so that a run can be taken up again. Each entry
//! holds a digest over itself and the one before, and each run knows how the runs before it ended (see `run_order`). Nothing here takes a
//! run or an entry out again. Secrets never get here (see `redact`).

mod actors;
mod approvals;
mod bodies;
mod buffer;
mod chain;
mod entry;
mod error;
mod file_watch;
mod gone;
mod indexes;
mod lanes;
mod open;
mod permissions;
mod presence;
mod record;
mod run_lock;
mod run_order;
mod run_status;
mod schema;
mod seal;
mod state;
mod stored_entry;
mod taken_back;
mod unsealed;
mod verification;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::actor::RunActor;
use super::event::{EventKind, RunCounts, RunEvent};
use actors::ActorReader;
use bodies::AlteredBodies;
use buffer::{JournalBuffer, JournalWriter};
pub(super) use entry::{EntryDurability, EntryKind, JournalEntry};
pub use error::JournalError;
pub use lanes::BulkStep;
pub(super) use lanes::{LaneEnd, LaneUndo, RecordedQuestion};
pub use record::{RunKind, RunRecord};
pub use run_lock::RunLock;
pub(super) use run_status::RunTransition;
pub use seal::{KeyId, SealKey};
pub use state::EntryState;
pub use verification::{ChainVerdict, JournalVerification, SealCounts};
pub use writes::{RecordedWrite, UnchangedWrite};

type JournalResult<T> = std::result::Result<T, JournalError>;

/// The journal of one workspace.
pub struct Journal {
    writer: JournalWriter,
    folder: PathBuf,
    warnings: Vec<String>,
    /// Holds what is read where the folder itself takes no writing.
    _copy: Option<TempDir>,
}

impl Journal {
    /// Opens or creates `journal.sqlite` in `folder`, and brings it to this version's schema.
    ///
    /// # Errors
    /// When the folder cannot be written, found out here, before anything is sent; when a newer version wrote it.
    pub fn open(folder: &Path) -> JournalResult<Self> {
        let opened = open::to_write(folder)?;
        Ok(Self {
            writer: JournalWriter::new(opened.connection, Some(opened.watch)),
            folder: folder.to_owned(),
            warnings: opened.warnings,
            _copy: None,
        })
    }

    /// Opens the journal in `folder` to read it: it may be a copy on a medium that takes no writing, and who adds to it is not held up.
    ///
    /// # Errors
    /// When there is none, or a newer version wrote it.
    pub fn read(folder: &Path) -> JournalResult<Self> {
        let (connection, copy) = open::to_read(folder)?;
        Ok(Self {
            writer: JournalWriter::new(connection, None),
            folder: folder.to_owned(),
            warnings: Vec::new(),
            _copy: copy,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is not wrong with the folder but should be known: that others can read it.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// From now on the entries of a run are sealed by this key.
    pub(super) fn seal_with(&self, run: &str, key: SealKey) {
        self.writer.lock().seal_with(run, key);
    }

    /// Reads answers and before images although they are not those that were written. What is wrong with them was told, see
    /// [`Self::verify`], and a person goes on with them.
    pub fn accept_altered(&self) {
        self.writer.lock().altered = AlteredBodies::Accepted;
    }

    /// The file with all that was told so far.
    fn written(&self) -> JournalResult<MutexGuard<'_, JournalBuffer>> {
        let mut buffer = self.writer.lock();
        buffer.flush()?;
        Ok(buffer)
    }

    /// Takes hold of a run: no other process may add to it while the value lives.
    pub fn hold(&self, run: &str, holder: &str) -> JournalResult<RunLock> {
        let held = RunLock::take(&self.folder, run, holder)?;
        self.writer.lock().forget(run)?;
        Ok(held)
    }

    /// Who works on a run just now.
    pub fn holder(&self, run: &str) -> Option<String> {
        RunLock::who(&self.folder, run)
    }

    pub(super) fn begin(&self, record: &RunRecord) -> JournalResult<()> {
        let mut buffer = self.written()?;
        let key = buffer.key_of(&record.run);
        let anchor = unsealed::anchor(&buffer.connection)?;
        let mut digest = None;
        buffer.write(&record.run, |connection| {
            digest = Some(record.insert(connection, anchor.clone(), key.as_deref())?);
            Ok(())
        })?;
        if let Some(digest) = digest {
            buffer.begin(&record.run, digest);
        }
        Ok(())
    }

    /// Adds an entry and returns its number.
    ///
    /// # Errors
    /// When the file cannot be written; when it tells of a write what cannot follow what is known of it.
    pub(super) fn append(
        &self,
        run: &str,
        entry: &JournalEntry<'_>,
        durability: EntryDurability,
    ) -> JournalResult<u64> {
        self.writer.append(run, entry, durability)
    }

    /// Adds an intent on disk, with what is told of the one that it repeats: a run has both or neither.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub(super) fn append_repeat(
        &self,
        run: &str,
        intent: &JournalEntry<'_>,
        repeated: &JournalEntry<'_>,
    ) -> JournalResult<u64> {
        self.writer.lock().append_repeat(run, intent, repeated)
    }

    /// Tells of a write of `run` that `by` took it back, or that it holds again.
    ///
    /// # Errors
    /// When that cannot follow what is known of it.
    pub(super) fn tell_of(&self, run: &str, write: u64, state: EntryState, by: &str) -> JournalResult<()> {
        let request = json!({ "by": by });
        let entry = JournalEntry {
            state: Some(state),
            intent: Some(write),
            request: Some(&request),
            ..JournalEntry::new(EntryKind::Told, "")
        };
        self.append(run, &entry, EntryDurability::Soon).map(drop)
    }

    /// Ends a run by the event of its outcome, which its record repeats.
    ///
    /// # Errors
    /// The event is no outcome, the run has ended already, or the file cannot be written.
    pub(super) fn end(&self, run: &str, event: &RunEvent) -> JournalResult<()> {
        let EventKind::Outcome { outcome, message, counts, .. } = &event.kind else {
            return Err(JournalError::unreadable("an outcome", &"it is another event"));
        };
        let mut buffer = self.written()?;
        run_status::check_transition(&buffer.connection, run, RunTransition::End(*outcome))?;
        let entry = JournalEntry { event: Some(event), ..JournalEntry::new(EntryKind::Told, "") };
        buffer.end(run, &entry, |connection| {
            connection.execute(
                "UPDATE runs SET ended = ?2, outcome = ?3, message = ?4, counts = ?5, length = ends.length, head = ends.head, seal = ends.seal
                 FROM ends WHERE id = ?1 AND ends.run = id",
                params![run, event.time.to_string(), chain::text_of(outcome), message, chain::text_of(counts)],
            )?;
            Ok(())
        })
    }

    /// Marks an ended run as going on again: by the event that says so, and who takes it up.
    ///
    /// # Errors
    /// The run succeeded, or the file cannot be written.
    pub(super) fn reopen(&self, run: &str, event: &RunEvent) -> JournalResult<()> {
        let mut buffer = self.written()?;
        run_status::check_transition(&buffer.connection, run, RunTransition::Reopen)?;
        let entry = JournalEntry { event: Some(event), ..JournalEntry::new(EntryKind::Told, "") };
        let sql = "UPDATE runs SET ended = NULL, outcome = NULL, message = NULL, counts = NULL WHERE id = ?1";
        buffer.end(run, &entry, |connection| {
            connection.execute(sql, [run])?;
            Ok(())
        })
    }

    /// All runs, newest first.
    pub fn runs(&self) -> JournalResult<Vec<RunRecord>> {
        record::select(&self.written()?.connection, "1 = 1", [])
    }

    /// Runs whose id begins with `prefix`, newest first.
    pub fn find(&self, prefix: &str) -> JournalResult<Vec<RunRecord>> {
        record::select(&self.written()?.connection, "substr(id, 1, length(?1)) = ?1", [prefix])
    }

    /// Everything a run told, in order, each event with its actor.
    pub fn events(&self, run: &str) -> JournalResult<Vec<RunEvent>> {
        let mut events = Vec::new();
        self.each_event(run, |event| events.push(event))?;
        Ok(events)
    }

    /// The same, one by one.
    pub fn each_event(&self, run: &str, mut tell: impl FnMut(RunEvent)) -> JournalResult<()> {
        let inner = self.written()?;
        let sql = "SELECT event FROM entries WHERE run = ?1 AND event IS NOT NULL ORDER BY seq";
        let mut statement = inner.connection.prepare_cached(sql)?;
        let mut actors = ActorReader::new(&record::operator(&inner.connection, run)?);
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            tell(actors.fill(read_event(&text)?));
        }
        Ok(())
    }

    /// Who started a run; `None` where there is no such run.
    pub fn started_by(&self, run: &str) -> JournalResult<Option<RunActor>> {
        let inner = self.written()?;
        let sql = "SELECT event FROM entries WHERE run = ?1 AND event IS NOT NULL ORDER BY seq LIMIT 1";
        let mut statement = inner.connection.prepare_cached(sql)?;
        let mut rows = statement.query([run])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let operator = record::operator(&inner.connection, run)?;
        let event = read_event(&row.get::<_, String>(0)?)?;
        Ok(ActorReader::new(&operator).fill(event).actor)
    }

    /// Every write of a run in the order in which they were sent: what came of a write was sent after it.
    pub fn writes(&self, run: &str) -> JournalResult<Vec<RecordedWrite>> {
        self.selected(|connection, altered| writes::of_run(connection, run, altered), run)
    }

    /// Writes of a run of which it is not known whether they happened: no answer, no look and no undo tells.
    pub(super) fn unknown_writes(&self, run: &str) -> JournalResult<Vec<RecordedWrite>> {
        let mut writes = self.selected(|connection, altered| writes::unknown_of_run(connection, run, altered), run)?;
        writes.retain(|write| write.state == EntryState::Unknown);
        Ok(writes)
    }

    /// Writes of a run that were sent, answered, or settled by a look, since then, give or take a second; in order.
    pub(super) fn late_writes(&self, run: &str, since: jiff::Timestamp) -> JournalResult<Vec<RecordedWrite>> {
        self.selected(|connection, altered| writes::late_of_run(connection, run, since, altered), run)
    }

    /// Writes that were not sent, because nothing would have changed, in order.
    pub fn unchanged(&self, run: &str) -> JournalResult<Vec<UnchangedWrite>> {
        writes::unchanged_writes(&self.written()?.connection, run)
    }

    /// Bulk steps of a run: the number of the entry that began each, by lane and number, with the keys of its items.
    pub fn bulks(&self, run: &str) -> JournalResult<Vec<BulkStep>> {
        lanes::bulk_steps(&self.written()?.connection, run)
    }

    /// The plan that a run is held to: its digest and writes.
    pub fn agreement(&self, run: &str) -> JournalResult<Option<(String, Value)>> {
        let buffer = self.written()?;
        lanes::agreement(&buffer.connection, run, buffer.altered)
    }

    /// The runs that began with an approval, with the times at which they did, oldest first.
    pub fn approval_uses(&self, approval: &str) -> JournalResult<Vec<(String, jiff::Timestamp)>> {
        approvals::uses(&self.written()?.connection, approval)
    }

    /// The writes of one lane and of the lanes within it.
    pub(super) fn writes_of_lane(&self, run: &str, lane: &str) -> JournalResult<Vec<RecordedWrite>> {
        self.selected(|connection, altered| writes::of_lane(connection, run, lane, altered), run)
    }

    fn selected(
        &self,
        select: impl Fn(&Connection, AlteredBodies) -> JournalResult<Vec<RecordedWrite>>,
        run: &str,
    ) -> JournalResult<Vec<RecordedWrite>> {
        let buffer = self.written()?;
        let mut writes = select(&buffer.connection, buffer.altered)?;
        taken_back::overlay(&buffer.connection, run, &mut writes)?;
        Ok(writes)
    }

    /// What a lane asked and was answered, as far as it still holds.
    pub(super) fn recorded(&self, run: &str, lane: &str) -> JournalResult<Vec<RecordedQuestion>> {
        let mut buffer = self.writer.lock();
        buffer.flush_lane(run, lane)?;
        lanes::recorded_questions(&buffer.connection, run, lane)
    }

    pub(super) fn lane_end(&self, run: &str, lane: &str) -> JournalResult<Option<LaneEnd>> {
        let mut buffer = self.writer.lock();
        buffer.flush_lane(run, lane)?;
        lanes::end(&buffer.connection, run, lane, buffer.altered)
    }

    /// Beginnings of the names of lanes in which a run takes back itself what a failed lane did.
    pub(super) fn undoing(&self, run: &str) -> JournalResult<Vec<LaneUndo>> {
        let buffer = self.written()?;
        lanes::undoing(&buffer.connection, run, buffer.altered)
    }

    /// Who executed a run, at its beginning and whenever it was taken up; none in journals that knew no actors.
    pub(super) fn actors(&self, run: &str) -> JournalResult<Vec<RunActor>> {
        actors::of_run(&self.written()?.connection, run)
    }

    /// Another run that took back something of this one, or wrote something to that end.
    pub fn taken_back_by(&self, run: &str) -> JournalResult<Option<String>> {
        taken_back::by_another(&self.written()?.connection, run)
    }

    /// The run that a run takes back.
    pub fn undoes(&self, run: &str) -> JournalResult<Option<String>> {
        record::undoes(&self.writer.lock().connection, run)
    }

    /// The text of an answer or a before image.
    ///
    /// # Errors
    /// It is not the one that was written, unless that is accepted.
    pub(super) fn body(&self, digest: &str) -> JournalResult<Value> {
        let buffer = self.writer.lock();
        buffer.altered.read(&buffer.connection, digest)
    }

    /// What undos of a run other than `undo` recorded of the effects that they wait for: the name and the value of each, in order.
    pub(super) fn awaited(&self, run: &str, undo: &str) -> JournalResult<Vec<(Value, Value)>> {
        lanes::awaited_effects(&self.written()?.connection, run, undo)
    }

    /// What a run has done so far.
    pub fn counts(&self, run: &str) -> JournalResult<RunCounts> {
        lanes::counts(&self.written()?.connection, run)
    }

    /// Number of writes of a run whose answer is not known.
    pub fn unanswered(&self, run: &str) -> JournalResult<u64> {
        writes::count_unanswered(&self.written()?.connection, run)
    }

    /// Whether a run is as it was written, as far as anybody can tell without a key.
    pub fn verify(&self, run: &str) -> JournalResult<ChainVerdict> {
        Ok(self.verify_by(run, &[])?.verdict)
    }

    /// Whether a run is as it was written, and by which of these keys its entries are sealed.
    pub fn verify_by(&self, run: &str, keys: &[SealKey]) -> JournalResult<JournalVerification> {
        verification::verify(&self.written()?.connection, run, keys)
    }
}

fn read_event(text: &str) -> JournalResult<RunEvent> {
    serde_json::from_str(text).map_err(|e| JournalError::unreadable("an event", &e))
}

#[cfg(test)]
mod tests;
