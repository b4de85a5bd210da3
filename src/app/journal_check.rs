//! Whether the journal of a run is as it was written: looked at before a run is taken up, taken back or reported.
//!
//! An altered journal is refused, and so is one of which nobody can tell, because the key of its seals is not here or its entries are older
//! than seals: a forger can name any key. Who accepts it is recorded.

use super::command_context::CommandContext;
use super::credentials::{credentials, journal_secret};
use super::failures::run_failure;
use super::org_identity::local_actor;
use super::targets::RunTargets;
use crate::error::CommandError;
use crate::run::Run;
use crate::run::event::EventKind;
use crate::run::journal::{self, ChainVerdict, Journal, JournalVerification, KeyId, RunRecord, SealCounts, SealKey};

/// Whether a person goes on with a journal that was altered.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct AlterationConsent {
    /// Go on although the run's journal was altered, or cannot be verified; what is wrong with it is recorded.
    #[arg(long)]
    pub(crate) accept_altered: bool,
}

/// What a journal is checked with.
pub(crate) struct JournalCheck<'a> {
    pub(crate) context: &'a CommandContext,
    pub(crate) journal: &'a Journal,
    keys: Vec<SealKey>,
    /// Whether something can be sent to the run's orgs: what cannot is refused only where it is altered.
    has_orgs: bool,
    acceptance: AlterationConsent,
}

impl<'a> JournalCheck<'a> {
    /// By the credentials of a world; by the chain alone where there is none.
    pub(crate) fn of_world(
        context: &'a CommandContext,
        journal: &'a Journal,
        world: Option<&RunTargets>,
        acceptance: AlterationConsent,
    ) -> Self {
        let clients = world.into_iter().flat_map(|world| world.orgs.values());
        let keys = clients.flat_map(|org| SealKey::of_client(org)).collect();
        Self { context, journal, keys, has_orgs: world.is_some(), acceptance }
    }

    /// What is doubtful in the journal of these runs, to be recorded in the run that goes on with them.
    ///
    /// # Errors
    /// One was altered or cannot be verified, and that is not accepted.
    pub(crate) fn doubts(&self, runs: &[String]) -> Result<Vec<EventKind>, CommandError> {
        let mut doubts = Vec::new();
        for run in runs {
            doubts.extend(self.doubt(run)?);
        }
        Ok(doubts)
    }

    fn doubt(&self, run: &str) -> Result<Option<EventKind>, CommandError> {
        let found = self.journal.verify_by(run, &self.keys);
        let Some(doubt) = JournalDoubt::of(&found) else {
            return Ok(None);
        };
        if self.acceptance.accept_altered {
            self.journal.accept_altered();
            return Ok(Some(self.accepted(run, doubt.reason)));
        }
        if doubt.is_refused(self.has_orgs) {
            return Err(doubt.refusal(run));
        }
        Ok(Some(EventKind::UnverifiedJournal { of: run.to_owned(), reason: doubt.reason, accepted_by: None }))
    }

    fn accepted(&self, run: &str, reason: String) -> EventKind {
        EventKind::UnverifiedJournal {
            of: run.to_owned(),
            reason,
            accepted_by: Some(local_actor(self.context).words()),
        }
    }
}

/// Records what is doubtful in a run that goes on with it.
///
/// # Errors
/// The journal cannot be written.
pub(crate) fn record(run: &Run, doubts: Vec<EventKind>) -> Result<(), CommandError> {
    for doubt in doubts {
        run.tell_unverified(doubt).map_err(|error| run_failure(&error))?;
    }
    Ok(())
}

/// The keys of a run's orgs, as far as their secrets can be read here; and why others cannot.
pub(crate) fn keys_of(context: &CommandContext, record: &RunRecord) -> (Vec<SealKey>, Vec<String>) {
    let (mut keys, mut missing) = (Vec::new(), Vec::new());
    for profile in record.orgs.iter().filter_map(|org| org.profile.as_deref()) {
        let mut add = |read: Result<Option<SealKey>, CommandError>| match read {
            Ok(key) => keys.extend(key),
            Err(error) => missing.push(format!("`{profile}`: {}", error.message)),
        };
        match context.config.org(profile) {
            Ok(profile) => {
                add(journal_secret(context, &profile).map(|secret| secret.as_ref().and_then(SealKey::of_secret)));
                add(credentials(context, &profile).map(|credentials| SealKey::of_credentials(&credentials)));
            }
            Err(error) => add(Err(error)),
        }
    }
    (keys, missing)
}

/// Why a journal is not taken for evidence.
pub(crate) struct JournalDoubt {
    pub(crate) kind: DoubtKind,
    pub(crate) reason: String,
}

/// How doubtful a journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoubtKind {
    /// It is not as it was written.
    Altered,
    /// Nobody can tell here.
    Unverified,
    /// Nobody can tell anywhere, and there is nothing in it that could be done to an org.
    Keyless,
}

impl JournalDoubt {
    /// What is doubtful in what a verification found; none where all is genuine.
    pub(crate) fn of(found: &Result<JournalVerification, journal::JournalError>) -> Option<Self> {
        let altered = |reason| Some(Self { kind: DoubtKind::Altered, reason });
        let seals = match found {
            Err(error) => return altered(format!("it cannot be read: {error}")),
            Ok(found) => match &found.verdict {
                ChainVerdict::Whole(_) => &found.seals,
                ChainVerdict::Broken { entry, why } => return altered(format!("entry {entry}: {why}")),
                ChainVerdict::Record { why } => return altered(format!("its record: {why}")),
            },
        };
        let reason = unverified_words(seals)?;
        let is_keyless = seals.unchecked == 0 && seals.older == 0 && seals.keyless_writes == 0;
        Some(Self { kind: if is_keyless { DoubtKind::Keyless } else { DoubtKind::Unverified }, reason })
    }

    /// Whether nothing goes on with it unless a person accepts it. `has_orgs`: something can be sent to the run's orgs.
    fn is_refused(&self, has_orgs: bool) -> bool {
        match self.kind {
            DoubtKind::Altered => true,
            DoubtKind::Unverified => has_orgs,
            DoubtKind::Keyless => false,
        }
    }

    /// What is wrong with the journal of a run.
    pub(crate) fn words(&self, run: &str) -> String {
        match self.kind {
            DoubtKind::Altered => format!("the journal of run {run} was altered: {}", self.reason),
            DoubtKind::Unverified | DoubtKind::Keyless => {
                format!("the journal of run {run} cannot be verified: {}", self.reason)
            }
        }
    }

    pub(crate) fn refusal(&self, run: &str) -> CommandError {
        let go_on = match self.kind {
            DoubtKind::Altered => "take the journal from a backup",
            DoubtKind::Unverified | DoubtKind::Keyless => {
                "use the credentials that the run had, or a journal_key in the profile, which admins can share"
            }
        };
        CommandError::usage(self.words(run)).help(format!(
            "nothing was sent; {go_on}, see `okta-runbook runs verify {run}`, or go on with it: --accept-altered"
        ))
    }
}

/// Why a forgery of a journal that is whole cannot be excluded.
pub(crate) fn unverified_words(seals: &SealCounts) -> Option<String> {
    let why = if seals.are_genuine() {
        return None;
    } else if seals.unchecked > 0 {
        format!(
            "{} by {}, which {} not here (another credential of the org, or one that was replaced)",
            sealed_words(seals.unchecked),
            name_keys(seals.absent.iter()),
            if seals.absent.len() == 1 { "is" } else { "are" }
        )
    } else if seals.older > 0 {
        format!("{} written before seals existed", have_words(seals.older, "was", "were"))
    } else {
        format!("{} no seal, since the run works on no org", have_words(seals.keyless, "has", "have"))
    };
    Some(format!("{why}, so a forgery cannot be excluded"))
}

/// What holds of a journal that is whole, in words.
pub(crate) fn verified_words(entries: u64, seals: &SealCounts) -> String {
    if let Some(why) = unverified_words(seals) {
        return format!("the chain of its {} is unbroken, but {why}", counted_entries(entries));
    }
    let mut words = format!("all {entries} entries are as they were written");
    if !seals.keys.is_empty() {
        words = format!("{words}, sealed by {}", name_keys(seals.keys.iter()));
    }
    if let Some(run) = &seals.older_than {
        words = format!(
            "{words}; the first {} are older than seals, and are as they were when run {run} began",
            seals.older
        );
    }
    words
}

/// The same of a verification, with why keys are missing.
pub(crate) fn summary(found: &JournalVerification, missing: &[String]) -> String {
    let entries = match found.verdict {
        ChainVerdict::Whole(entries) => entries,
        ChainVerdict::Broken { .. } | ChainVerdict::Record { .. } => 0,
    };
    let words = verified_words(entries, &found.seals);
    if found.seals.unchecked == 0 || missing.is_empty() {
        return words;
    }
    format!("{words} ({})", missing.join("; "))
}

fn sealed_words(entries: u64) -> String {
    have_words(entries, "is sealed", "are sealed")
}

fn have_words(entries: u64, one: &str, several: &str) -> String {
    let verb = if entries == 1 { one } else { several };
    format!("{} {verb}", counted_entries(entries))
}

fn counted_entries(entries: u64) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    }
}

fn name_keys<'a>(keys: impl ExactSizeIterator<Item = &'a KeyId>) -> String {
    let noun = if keys.len() == 1 { "key" } else { "keys" };
    let keys: Vec<String> = keys.map(KeyId::to_string).collect();
    format!("{noun} {}", keys.join(", "))
}

/// The run and those that it takes back, one of the other.
pub(crate) fn with_undone(journal: &Journal, run: &str) -> Result<Vec<String>, CommandError> {
    let mut runs = vec![run.to_owned()];
    loop {
        let last = runs.last().map_or(run, String::as_str);
        let next = journal.undoes(last).map_err(|error| run_failure(&error.into()))?;
        match next {
            // An altered record may name a run that was there already.
            Some(next) if !runs.contains(&next) => runs.push(next),
            _ => return Ok(runs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_doubt_says_how_many_entries_and_why() {
        let words = |seals| unverified_words(&seals).unwrap_or_default();
        assert_eq!(words(SealCounts { genuine: 3, ..SealCounts::default() }), "");
        assert_eq!(
            words(SealCounts { older: 1, ..SealCounts::default() }),
            "1 entry was written before seals existed, so a forgery cannot be excluded"
        );
        assert_eq!(
            words(SealCounts { keyless: 2, ..SealCounts::default() }),
            "2 entries have no seal, since the run works on no org, so a forgery cannot be excluded"
        );
        let older = SealCounts { older: 2, older_than: Some("r".to_owned()), ..SealCounts::default() };
        assert_eq!(
            verified_words(2, &older),
            "all 2 entries are as they were written; the first 2 are older than seals, and are as they were when run r began"
        );
    }
}
