//! The door itself: what a run is made of, how it begins, goes on again and ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::actor::RunActor;
use super::admin_watch::AdminWatch;
use super::bulk_pace::BulkPace;
use super::consent::ConsentGate;
use super::error::CallError;
use super::event::{EventKind, OrgLine, RunCounts, RunOutcome};
use super::expectation_ledger::ExpectationLedger;
use super::imported_modules::{ImportedModules, recorded_imports};
use super::item_tally::RunItems;
use super::journal::{self, Journal, RunLock, RunRecord, SealKey};
use super::lane::{RunLane, stamp_event};
use super::last_group::shared_reads::RemovalReads;
use super::named_addresses::NamedAddresses;
use super::provisioning_effects::EarlierEffects;
use super::read_cache::{READ_LAG, ReadCache};
use super::redactor::SecretRedactor;
use super::run_options::{RunOptions, RunTarget};
use super::saved_files::SavedNames;
use crate::{ldap, okta};

/// One run: its orgs, its journal, its consent.
pub struct Run {
    id: String,
    /// By this machine's clock.
    started: jiff::Timestamp,
    resumed: bool,
    settings: RunOptions,
    redactor: SecretRedactor,
    gate: ConsentGate,
    cancelled: Mutex<CancellationToken>,
    read_cache: ReadCache,
    /// Held while a list is read again for the cache.
    again: tokio::sync::Mutex<()>,
    /// Held from the look before a removal from a group until it is sent.
    removing: tokio::sync::Mutex<()>,
    removal_reads: RemovalReads,
    counts: Mutex<RunCounts>,
    items: Mutex<RunItems>,
    pace: Mutex<BulkPace>,
    remarks: Mutex<Vec<String>>,
    saved_names: SavedNames,
    expectations: Mutex<ExpectationLedger>,
    /// What earlier undos of the same run recorded that they wait for; read when it is first asked for.
    earlier: OnceLock<EarlierEffects>,
    /// What organizations may be asked who they are.
    named_addresses: NamedAddresses,
    /// Whether the difference of this machine's clock was told.
    told_clock: AtomicBool,
    /// Orgs under credentials that are looked at, by the name under which they are asked.
    guests: Mutex<BTreeMap<String, Arc<okta::OktaClient>>>,
    admin_watch: tokio::sync::Mutex<AdminWatch>,
    imported: Mutex<ImportedModules>,
    _held: RunLock,
}

/// What became of a write.
#[derive(Debug)]
pub struct WriteResult {
    /// Whether it was sent; `false` when nothing would have changed.
    pub changed: bool,
    /// The answer's body; when it was not sent, what is there.
    pub value: Value,
}

impl Run {
    /// Begins a run: it is in the journal when this returns.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn begin(settings: RunOptions) -> Result<Self, CallError> {
        let now = jiff::Timestamp::now();
        let run = Self::of(new_id(now), now, false, settings)?;
        run.seal_entries();
        let (settings, procedure) = (&run.settings, &run.settings.procedure);
        settings.journal.begin(&RunRecord {
            run: run.id.clone(),
            kind: procedure.kind.clone(),
            runbook: procedure.runbook.clone(),
            digest: procedure.digest.clone(),
            sources: procedure.sources.clone(),
            operator: run.actor().words(),
            parameters: run.redact(&procedure.parameters),
            orgs: run.org_lines(),
            started: now,
            ended: None,
            outcome: None,
            message: None,
            counts: RunCounts::default(),
        })?;
        let begun = EventKind::Run {
            run: run.id.clone(),
            runbook: procedure.runbook.clone(),
            orgs: run.org_lines(),
            parameters: run.redact(&procedure.parameters),
        };
        run.emit_event(&RunLane::default(), run.signed(begun))?;
        run.keep_agreement()?;
        Ok(run)
    }

    /// Takes a run up again: what is recorded is replayed, then it goes on.
    ///
    /// # Errors
    /// When another process works on it, what it did was taken back, or the journal cannot be written.
    pub fn resume(run: &str, settings: RunOptions) -> Result<Self, CallError> {
        let record = settings.journal.find(run)?.into_iter().next();
        let started = record.map_or_else(jiff::Timestamp::now, |record| record.started);
        let run = Self::of(run.to_owned(), started, true, settings)?;
        if let Some(by) = run.journal().taken_back_by(&run.id)? {
            return Err(CallError::TakenBack { run: run.id, by });
        }
        *run.counted() = run.journal().counts(&run.id)?;
        *run.imported.lock().unwrap_or_else(PoisonError::into_inner) = recorded_imports(run.journal(), &run.id)?;
        run.seal_entries();
        let operator = run.actor().words();
        let resumed = run.signed(EventKind::Resumed { operator });
        run.journal().reopen(&run.id, &resumed)?;
        run.recall_memberships()?;
        run.show(&resumed);
        Ok(run)
    }

    /// What the run wrote right before it was killed may not be seen by any read yet.
    fn recall_memberships(&self) -> Result<(), CallError> {
        let now = jiff::Timestamp::now();
        let since = now.checked_sub(READ_LAG).unwrap_or(now);
        for write in self.journal().late_writes(&self.id, since)? {
            let call = &write.request["write"];
            let is_member = match call["operation"].as_str() {
                Some("assign_user_to_group") => true,
                Some("unassign_user_from_group") => false,
                _ => continue,
            };
            let (org, group, user) = (&call["org"], &call["arguments"][0], &call["arguments"][1]);
            if let (Some(org), Some(group), Some(user)) = (org.as_str(), group.as_str(), user.as_str())
                && write.state.may_have_happened()
            {
                // A clock that was set back makes it younger than it is.
                let age = now.duration_since(write.answered.unwrap_or(write.time));
                let age = std::time::Duration::try_from(age).unwrap_or_default();
                let is_member = write.state.has_happened().then_some(is_member);
                self.read_cache().insert_stale_member((org, group), user, is_member, age);
            }
        }
        Ok(())
    }

    /// Entries are sealed by the key of the first org that has one.
    fn seal_entries(&self) {
        let orgs = self.settings.orgs.values();
        if let Some(key) = orgs.flat_map(|org| SealKey::of_client(org)).next() {
            self.journal().seal_with(&self.id, key);
        }
    }

    fn of(id: String, started: jiff::Timestamp, resumed: bool, settings: RunOptions) -> Result<Self, CallError> {
        let held = settings.journal.hold(&id, &settings.consent.actor.words())?;
        Ok(Self {
            id,
            started,
            resumed,
            redactor: redactor(&settings),
            gate: ConsentGate::new(settings.consent.clone()),
            cancelled: Mutex::new(settings.cancelled.clone()),
            read_cache: ReadCache::default(),
            again: tokio::sync::Mutex::default(),
            removing: tokio::sync::Mutex::default(),
            removal_reads: RemovalReads::default(),
            counts: Mutex::default(),
            items: Mutex::default(),
            pace: Mutex::default(),
            remarks: Mutex::default(),
            saved_names: SavedNames::default(),
            expectations: Mutex::default(),
            earlier: OnceLock::new(),
            named_addresses: NamedAddresses::default(),
            told_clock: AtomicBool::default(),
            guests: Mutex::default(),
            admin_watch: tokio::sync::Mutex::default(),
            imported: Mutex::default(),
            _held: held,
            settings,
        })
    }

    fn org_lines(&self) -> Vec<OrgLine> {
        let line = |(name, client): (&String, &Arc<okta::OktaClient>)| OrgLine {
            name: name.clone(),
            url: client.base_url().to_string(),
            profile: self.settings.profiles.get(name).cloned(),
        };
        self.settings.orgs.iter().map(line).collect()
    }

    /// Lets an org of the run be read with another API token, and returns the name under which. Nothing is sent; writes are refused.
    ///
    /// # Errors
    /// When the run has no such org, or the token cannot stand in a header.
    pub fn with_token(&self, org: &str, token: SecretString) -> Result<String, CallError> {
        let known = self.settings.orgs.get(org);
        let known = known.ok_or_else(|| CallError::Usage(format!("this run has no org named {org}")))?;
        let client = known.with_credentials(okta::OrgCredentials::Ssws(token));
        let client = client.map_err(|error| CallError::Usage(error.to_string()))?;
        let name = format!("{org} with the given token");
        let client = Arc::new(client);
        self.redactor.know_client(&client);
        self.guests().insert(name.clone(), client);
        Ok(name)
    }

    /// Ends the run: tells the items, then the outcome. Where the journal cannot be written it is told all the same that the run is
    /// interrupted, as the journal will have it.
    pub fn end(&self, outcome: RunOutcome, message: Option<&str>) -> Result<RunOutcome, CallError> {
        let ended = self.try_end(outcome, message);
        if let Err(error @ CallError::Journal(_)) = &ended {
            let kind = self.ending(RunOutcome::Interrupted, Some(&error.to_string()));
            self.show(&stamp_event(&RunLane::default(), kind));
        }
        ended
    }

    fn try_end(&self, outcome: RunOutcome, message: Option<&str>) -> Result<RunOutcome, CallError> {
        let message = message.map(|message| self.concealed(message));
        let message = message.as_deref();
        let outcome = self.with_unknown(self.tell_items(outcome)?)?;
        self.tell_calls(self.counts().items)?;
        let event = stamp_event(&RunLane::default(), self.ending(outcome, message));
        self.journal().end(&self.id, &event)?;
        self.show(&event);
        Ok(outcome)
    }

    /// A run that did all it was to do but for a write of which nobody knows has not succeeded, and one that failed after it may have done
    /// something.
    fn with_unknown(&self, outcome: RunOutcome) -> Result<RunOutcome, CallError> {
        let unknown = self.unanswered()?;
        self.count(|counts| counts.unknown = unknown);
        Ok(match outcome {
            RunOutcome::Succeeded | RunOutcome::Failed if unknown > 0 => RunOutcome::Partly,
            other => other,
        })
    }

    /// Number of its writes of which it is not known whether they were carried out.
    pub fn unanswered(&self) -> Result<u64, CallError> {
        Ok(self.journal().unanswered(&self.id)?)
    }

    fn ending(&self, outcome: RunOutcome, message: Option<&str>) -> EventKind {
        EventKind::Outcome {
            outcome,
            run: self.id.clone(),
            message: message.map(str::to_owned),
            counts: self.counts(),
            remarks: self.remarks().clone(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it was executed before, in part.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The lane of the main script.
    pub fn main_lane(&self) -> Result<Arc<RunLane>, CallError> {
        let recorded = if self.resumed { self.recorded("", 0)? } else { Vec::new() };
        Ok(RunLane::main(recorded))
    }

    /// Who executes it now.
    pub fn actor(&self) -> &RunActor {
        self.gate.actor()
    }

    /// What breaks off the run; of a session, the line that is going on.
    pub fn cancelled(&self) -> CancellationToken {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins anew after an interruption, as a session does with each line: only the new token breaks off what follows.
    pub fn renew(&self, cancelled: CancellationToken) {
        *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = cancelled;
    }

    pub fn counts(&self) -> RunCounts {
        *self.counted()
    }

    /// The time at the orgs, for questions such as "what was logged since": all of them are Okta's, so the first will do.
    pub fn now(&self) -> jiff::Timestamp {
        let client = self.settings.orgs.values().next();
        client.map_or_else(jiff::Timestamp::now, |client| client.now())
    }

    /// When the run began, by the orgs' clock, however often it was taken up again.
    pub fn started(&self) -> jiff::Timestamp {
        let ahead = self.now().duration_since(jiff::Timestamp::now());
        // What a server tells of its time has no parts of a second.
        if ahead.abs() <= SignedDuration::from_secs(1) {
            return self.started;
        }
        self.started.checked_add(ahead).unwrap_or(self.started)
    }

    pub(super) fn named_addresses(&self) -> &NamedAddresses {
        &self.named_addresses
    }

    /// `true` for the first who asks.
    pub(super) fn is_first_word_of_clock(&self) -> bool {
        !self.told_clock.swap(true, Ordering::Relaxed)
    }

    /// Names of the orgs in the runbook.
    pub fn org_names(&self) -> impl Iterator<Item = &str> {
        self.settings.orgs.keys().map(String::as_str)
    }

    /// URL of an org by its name in the runbook.
    pub fn org_url(&self, org: &str) -> Option<String> {
        let client = self.settings.orgs.get(org)?;
        Some(client.base_url().to_string())
    }

    /// What is known of each org's rate limits, by the org's name.
    pub fn rates(&self) -> impl Iterator<Item = (&str, Vec<okta::BucketRate>)> {
        let orgs = self.settings.orgs.iter();
        orgs.map(|(name, client)| (name.as_str(), client.rates()))
    }

    /// How long `calls` calls of a path of an org take under its limits, and how many of them a minute takes; `None` where that is not
    /// known yet.
    pub fn estimate(&self, org: &str, method: okta::HttpMethod, path: &str, calls: u64) -> Option<(u64, Duration)> {
        self.settings.orgs.get(org)?.estimate(method, path, calls)
    }

    pub fn directory(&self, domain: &str) -> Option<Arc<ldap::DirectoryClient>> {
        self.settings.directories.get(&domain.to_lowercase()).cloned()
    }

    pub(super) fn settings(&self) -> &RunOptions {
        &self.settings
    }

    /// A copy of a value without the secrets of this run.
    pub fn redacted(&self, value: &Value) -> Value {
        self.redact(value)
    }

    pub fn target(&self) -> RunTarget {
        self.settings.target
    }

    /// The journal that it is written into.
    pub fn journal(&self) -> &Journal {
        &self.settings.journal
    }

    pub(super) fn gate(&self) -> &ConsentGate {
        &self.gate
    }

    pub(super) fn read_cache(&self) -> &ReadCache {
        &self.read_cache
    }

    pub(super) async fn reading_again(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.again.lock().await
    }

    pub(super) async fn admin_watch(&self) -> tokio::sync::MutexGuard<'_, AdminWatch> {
        self.admin_watch.lock().await
    }

    /// A text without the secrets of this run.
    pub fn concealed(&self, text: &str) -> String {
        self.redactor.concealed(text)
    }

    /// Keeps a secret that an org answered with out of all that is written and told from now on.
    pub fn learn_secret(&self, secret: &str) {
        self.redactor.learn(secret);
    }

    pub(super) async fn removing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.removing.lock().await
    }

    pub(super) fn removal_reads(&self) -> &RemovalReads {
        &self.removal_reads
    }

    /// Without the secrets of this run, in whatever field.
    pub(super) fn without_secrets(&self, value: Value) -> Value {
        self.redactor.replaced(value)
    }

    /// Keeps a text of which it is known that it is a secret out of all that is written and told from now on.
    pub(super) fn hold_secret(&self, secret: &str) {
        self.redactor.hold(secret);
    }

    pub(super) fn redact(&self, value: &Value) -> Value {
        self.redactor.redact(value)
    }

    /// What earlier undos recorded, as `read` reads it the first time.
    pub(super) fn earlier_effects(
        &self,
        read: impl FnOnce() -> Result<EarlierEffects, journal::JournalError>,
    ) -> Result<&EarlierEffects, CallError> {
        if let Some(known) = self.earlier.get() {
            return Ok(known);
        }
        let found = read()?;
        Ok(self.earlier.get_or_init(|| found))
    }

    pub(super) fn counted(&self) -> MutexGuard<'_, RunCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pace(&self) -> MutexGuard<'_, BulkPace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn items(&self) -> MutexGuard<'_, RunItems> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn guests(&self) -> MutexGuard<'_, BTreeMap<String, Arc<okta::OktaClient>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn imported(&self) -> &Mutex<ImportedModules> {
        &self.imported
    }

    /// What the script expects is gathered under this lock; it is let go before anything is told.
    pub(super) fn expectations(&self) -> MutexGuard<'_, ExpectationLedger> {
        self.expectations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn saved_names(&self) -> &SavedNames {
        &self.saved_names
    }

    pub(super) fn remarks(&self) -> MutexGuard<'_, Vec<String>> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Knows the secrets of parameters, of the directories' accounts, and what the orgs' clients sign with.
fn redactor(settings: &RunOptions) -> SecretRedactor {
    let directories = settings.directories.values();
    let passwords = directories.map(|directory| directory.settings().password.clone());
    let secrets = settings.secrets.iter().cloned().chain(passwords);
    let redactor = SecretRedactor::new(secrets.collect());
    settings.orgs.values().for_each(|client| redactor.know_client(client));
    redactor
}

/// Ids sort by time and are short enough to type a prefix of: `20261124-153000-k3f9`.
fn new_id(now: jiff::Timestamp) -> String {
    let digits = std::iter::repeat_with(|| char::from_digit(fastrand::u32(..36), 36).unwrap_or('0'));
    let suffix: String = digits.take(4).collect();
    format!("{}-{suffix}", now.strftime("%Y%m%d-%H%M%S"))
}
