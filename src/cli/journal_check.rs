//! Whether the journal of a run is as it was written: looked at before a run is taken up, taken back or reported.
//!
//! An altered journal is refused. Where nobody can tell, because the key of the seals is not here or the entries are older than seals, that
//! is said and recorded; in an org that is guarded it is refused too, since a forger can name any key.

use super::CommandContext;
use super::credentials::credentials;
use super::failures::run_failure;
use super::org_identity::local_actor;
use super::targets::RunTargets;
use crate::error::CommandError;
use crate::run::Run;
use crate::run::event::EventKind;
use crate::run::journal::{self, ChainVerdict, Journal, JournalVerification, KeyId, RunRecord, SealCounts, SealKey};

/// Whether a person goes on with a journal that was altered.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct AlterationConsent {
    /// Go on although the run's journal was altered, or cannot be verified; what is wrong with it is recorded.
    #[arg(long)]
    pub(super) accept_altered: bool,
}

/// What a journal is checked with.
pub(super) struct JournalCheck<'a> {
    pub(super) context: &'a CommandContext,
    pub(super) journal: &'a Journal,
    pub(super) keys: Vec<SealKey>,
    /// A profile of the run that is guarded: an org in production, or one that wants approvals.
    pub(super) guarded: Option<String>,
    pub(super) acceptance: AlterationConsent,
}

impl<'a> JournalCheck<'a> {
    /// By the credentials of a world; by the chain alone where there is none.
    ///
    /// # Errors
    /// A profile cannot be read.
    pub(super) fn of_world(
        context: &'a CommandContext,
        journal: &'a Journal,
        world: Option<&RunTargets>,
        acceptance: AlterationConsent,
    ) -> Result<Self, CommandError> {
        let clients = world.into_iter().flat_map(|world| world.orgs.values());
        let profiles = world.into_iter().flat_map(|world| world.profiles.values());
        let mut guarded = None;
        for profile in profiles {
            let settings = context.config.org(profile)?;
            if settings.production || settings.approval.required {
                guarded = Some(profile.clone());
            }
        }
        Ok(Self {
            context,
            journal,
            keys: clients.filter_map(|org| SealKey::of_client(org)).collect(),
            guarded,
            acceptance,
        })
    }

    /// What is doubtful in the journal of these runs, to be recorded in the run that goes on with them.
    ///
    /// # Errors
    /// One was altered, or cannot be verified in an org that is guarded, and that is not accepted.
    pub(super) fn doubts(&self, runs: &[String]) -> Result<Vec<EventKind>, CommandError> {
        let mut doubts = Vec::new();
        for run in runs {
            doubts.extend(self.doubt(run)?);
        }
        Ok(doubts)
    }

    fn doubt(&self, run: &str) -> Result<Option<EventKind>, CommandError> {
        let found = self.journal.verify_by(run, &self.keys);
        let accepted = self.acceptance.accept_altered;
        if let Some(reason) = alteration_words(&found) {
            if !accepted {
                return Err(refuse_journal(&format!("the journal of run {run} was altered: {reason}")));
            }
            self.journal.accept_altered();
            return Ok(Some(self.accepted(run, reason)));
        }
        let Some(reason) = found.ok().and_then(|found| unverified_words(&found.seals)) else {
            return Ok(None);
        };
        let Some(profile) = &self.guarded else {
            return Ok(Some(EventKind::UnverifiedJournal { of: run.to_owned(), reason, accepted_by: None }));
        };
        if accepted {
            return Ok(Some(self.accepted(run, reason)));
        }
        Err(refuse_journal(&format!(
            "the journal of run {run} cannot be verified: {reason}; `{profile}` is guarded, hence this is refused"
        )))
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
pub(super) fn record(run: &Run, doubts: Vec<EventKind>) -> Result<(), CommandError> {
    for doubt in doubts {
        run.tell_unverified(doubt).map_err(|error| run_failure(&error))?;
    }
    Ok(())
}

/// The keys of a run's orgs, as far as their credentials can be read here; and why others cannot.
pub(super) fn keys_of(context: &CommandContext, record: &RunRecord) -> (Vec<SealKey>, Vec<String>) {
    let (mut keys, mut missing) = (Vec::new(), Vec::new());
    for profile in record.orgs.iter().filter_map(|org| org.profile.as_deref()) {
        let read = context.config.org(profile).and_then(|profile| credentials(context, &profile));
        match read {
            Ok(credentials) => keys.extend(SealKey::of_credentials(&credentials)),
            Err(error) => missing.push(format!("`{profile}`: {}", error.message)),
        }
    }
    (keys, missing)
}

/// What is wrong with a journal that was altered.
pub(super) fn alteration_words(found: &Result<JournalVerification, journal::JournalError>) -> Option<String> {
    match found {
        Err(error) => Some(format!("it cannot be read: {error}")),
        Ok(found) => match &found.verdict {
            ChainVerdict::Whole(_) => None,
            ChainVerdict::Broken { entry, why } => Some(format!("entry {entry}: {why}")),
            ChainVerdict::Record { why } => Some(format!("its record: {why}")),
        },
    }
}

/// Why a forgery of a journal that is whole cannot be excluded.
pub(super) fn unverified_words(seals: &SealCounts) -> Option<String> {
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
        format!("{} written before seals existed", have(seals.older, "was", "were"))
    } else {
        format!("{} no seal, since the run works on no org", have(seals.keyless, "has", "have"))
    };
    Some(format!("{why}, so a forgery cannot be excluded"))
}

/// What holds of a journal that is whole, in words.
pub(super) fn verified_words(entries: u64, seals: &SealCounts) -> String {
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
pub(super) fn summary(found: &JournalVerification, missing: &[String]) -> String {
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
    have(entries, "is sealed", "are sealed")
}

fn have(entries: u64, one: &str, several: &str) -> String {
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

pub(super) fn refuse_journal(words: &str) -> CommandError {
    CommandError::usage(words)
        .help("nothing was sent; take the journal from a backup, see `okta-runbook runs verify RUN`, or go on with it: --accept-altered")
}

/// The run and those that it takes back, one of the other.
pub(super) fn with_undone(journal: &Journal, run: &str) -> Result<Vec<String>, CommandError> {
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
