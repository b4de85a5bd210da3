//! Approvals of plans: a second person's signature under what a run is going to do.
//!
//! An approval is a JSON Web Token over the digest of the plan, for one org by its id, for so many runs (one, unless more were granted),
//! until a time. Who planned and who approves are told apart by the accounts that sign in to the org and by their keys, never by the
//! names that a machine gives.
//!
//! What it proves depends on what it is signed with. A key of the approver's own: that who holds that key approved. A secret that those
//! who approve share with those who run: that somebody who knows it approved; whoever runs could have made it, and the account in it is
//! their word. Used approvals stand in the journal that the run is written into: another journal does not know of them.

mod claims;
mod signature;
mod signing;
mod verification;

pub(crate) use claims::ApprovalTerms;
pub(crate) use signing::sign;
pub(crate) use verification::{PlanVerification, claim};

use std::collections::BTreeSet;

use super::failures::run_failure;
use crate::error::CommandError;
use crate::run::event::EventKind;
use crate::run::journal::{Journal, RunRecord};

/// Whether an approval is wanted where no profile wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalDemand {
    /// `--require-approval`.
    Always,
    AsProfilesSay,
}

pub(crate) fn approval_needed(profile: &str) -> CommandError {
    CommandError::usage(format!("`{profile}` is changed by approved plans alone, and by the undo of their runs"))
        .help("save a plan: okta-runbook plan RUNBOOK … --out FILE")
        .help("have another person approve it: okta-runbook plan --approve FILE")
        .help("then run it: okta-runbook run --plan FILE")
}

/// What opens an org whose profile wants approved plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanApproval {
    /// Nothing: there is no approved plan.
    Absent,
    /// A plan that was approved for the orgs of these names.
    GivenFor(BTreeSet<String>),
    /// What is done takes back a run.
    NotNeeded,
}

impl PlanApproval {
    pub(crate) fn opens(&self, org: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::GivenFor(orgs) => orgs.contains(org),
            Self::NotNeeded => true,
        }
    }
}

/// The approval that a run was begun with, which holds when it is resumed.
///
/// # Errors
/// The journal cannot be read.
pub(crate) fn given_to(journal: &Journal, record: &RunRecord) -> Result<PlanApproval, CommandError> {
    let mut orgs = BTreeSet::new();
    let has_written = has_written(journal, &record.run).map_err(|error| run_failure(&error.into()))?;
    let now = jiff::Timestamp::now();
    let heard = journal.each_event(&record.run, |event| {
        if let EventKind::Approved { org, until, .. } = event.kind {
            // What was begun in time may be brought to its end.
            if !has_written && until.is_some_and(|until| until < now) {
                return;
            }
            // Older journals do not say for which org: for all that wanted one.
            match org {
                Some(org) => orgs.extend([org]),
                None => orgs.extend(record.orgs.iter().map(|line| line.name.clone())),
            }
        }
    });
    heard.map_err(|error| run_failure(&error.into()))?;
    Ok(if orgs.is_empty() { PlanApproval::Absent } else { PlanApproval::GivenFor(orgs) })
}

fn has_written(journal: &Journal, run: &str) -> Result<bool, crate::run::journal::JournalError> {
    Ok(journal.counts(run)?.writes > 0 || journal.unanswered(run)? > 0)
}
