//! `run --plan`: whether the approvals of a plan hold here, now, for one more run.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::command_context::CommandContext;
use super::super::failures::run_failure;
use super::super::org_identity::OrgIdentity;
use super::super::saved_plan::SavedPlan;
use super::super::targets::RunTargets;
use super::ApprovalDemand;
use super::claims::{ApprovalBounds, ApprovalClaims};
use super::signature::{self, SignedBy};
use crate::config::OrgProfile;
use crate::error::CommandError;
use crate::run::ApprovalRecord;
use crate::run::journal::{self, Journal};

/// The clocks of two machines and an org may differ by this.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// A saved plan about to be run.
pub(crate) struct PlanVerification<'a> {
    pub(crate) context: &'a CommandContext,
    pub(crate) world: &'a RunTargets,
    pub(crate) saved: &'a SavedPlan,
    pub(crate) journal: &'a Journal,
    pub(crate) runtime: &'a tokio::runtime::Runtime,
}

impl PlanVerification<'_> {
    /// The approvals that hold, one for each org whose profile (or `demand`) wants one, or that can tell the signatures that are there.
    ///
    /// # Errors
    /// An org without one: with what is wrong with each signature of the plan.
    pub(crate) fn approvals(&self, demand: ApprovalDemand) -> Result<Vec<ApprovalRecord>, CommandError> {
        let mut found: Vec<ApprovalRecord> = Vec::new();
        for (name, profile) in &self.world.profiles {
            let profile = self.context.config.org(profile)?;
            let approval = &profile.approval;
            let is_signed = approval.can_verify() && !self.saved.approvals.is_empty();
            if !approval.required && demand == ApprovalDemand::AsProfilesSay && !is_signed {
                continue;
            }
            if !approval.can_verify() {
                return Err(CommandError::usage(format!("`{}` does not say who approves", profile.profile))
                    .help("in its profile: approval = { approvers = { NAME = \"path of a public key\" } }, or approval = { secret = { file = \"path\" } }"));
            }
            let client = &self.world.orgs[name];
            let environment = self.context.config.environment();
            let runner = OrgIdentity::find(name, client, &profile, environment, self.runtime)?;
            let judged = JudgedOrg {
                verification: self,
                name,
                profile: &profile,
                url: client.base_url().to_string(),
                runner,
                now: client.now(),
            };
            found.push(judged.approved()?);
        }
        Ok(found)
    }
}

/// An org that wants an approval.
struct JudgedOrg<'a> {
    verification: &'a PlanVerification<'a>,
    /// In the runbook.
    name: &'a str,
    profile: &'a OrgProfile,
    url: String,
    /// Who runs it.
    runner: OrgIdentity,
    now: Timestamp,
}

impl JudgedOrg<'_> {
    fn approved(&self) -> Result<ApprovalRecord, CommandError> {
        let mut wrong = Vec::new();
        for token in &self.verification.saved.approvals {
            match self.judge(token)? {
                Ok(approved) => return Ok(approved),
                Err(why) => wrong.push(why),
            }
        }
        wrong.dedup();
        let name = &self.profile.profile;
        let words = match wrong.as_slice() {
            [] => format!("the plan is not approved for `{name}`"),
            wrong => format!("the plan is not approved for `{name}`:\n- {}", wrong.join("\n- ")),
        };
        Err(CommandError::usage(words)
            .help("nothing was changed; have another person approve it: okta-runbook plan --approve FILE"))
    }

    /// What is wrong with a signature, in words.
    fn judge(&self, token: &str) -> Result<Result<ApprovalRecord, String>, CommandError> {
        let environment = self.verification.context.config.environment();
        let read = signature::read(environment, &self.profile.approval, token)?;
        let (claims, signed_by) = match read {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        let Some(bounds) = claims.bounds.as_ref().filter(|it| it.has_plain_id()) else {
            return Ok(Err(
                "an older approval, which does not say by which account, until when and for how many runs: approve the plan again"
                    .to_owned(),
            ));
        };
        let by = match &signed_by {
            SignedBy::Key(name) => name.clone(),
            SignedBy::Secret => bounds.account().unwrap_or_else(|| claims.sub.clone()),
        };
        let wrong = self.wrong_claims(&claims, bounds, &signed_by)?.or_else(|| self.wrong_time(&claims, bounds));
        let wrong = match wrong {
            None => self.used_up(bounds)?,
            wrong => wrong,
        };
        if let Some(why) = wrong {
            return Ok(Err(format!("{by} approved {why}")));
        }
        Ok(self.as_approved(&claims, bounds, &signed_by, by))
    }

    fn wrong_claims(
        &self,
        claims: &ApprovalClaims,
        bounds: &ApprovalBounds,
        signed_by: &SignedBy,
    ) -> Result<Option<String>, CommandError> {
        let saved = self.verification.saved;
        let maker = saved.maker(self.name)?;
        let approver = &bounds.approver;
        Ok(if claims.aud != self.url || approver.org_id != self.runner.org_id {
            Some(format!("it for {} ({})", claims.aud, approver.org_id))
        } else if claims.plan != saved.digest() {
            Some("another text: the plan was changed since".to_owned())
        } else if maker.org_id != self.runner.org_id {
            Some(format!("a plan that was made for another org ({})", maker.org_id))
        } else if approver.is_same(maker) || approver.account.is_some() && self.runs(approver) {
            Some("it, who made the plan or runs it: the account or the key is the same".to_owned())
        } else if !maker.is_known() {
            Some("it, and nothing tells that somebody else made the plan".to_owned())
        } else if *signed_by == SignedBy::Secret && (!approver.is_person() || maker.account.is_none()) {
            Some("it by the shared secret, and no account of a person tells who that was".to_owned())
        } else if self.profile.approval.ticket && claims.ticket.is_none() {
            Some("it without a ticket".to_owned())
        } else {
            None
        })
    }

    /// By the account alone: a key of the approver may be in the profile of who runs.
    fn runs(&self, approver: &OrgIdentity) -> bool {
        let runner = OrgIdentity { key: None, ..self.runner.clone() };
        approver.is_same(&runner)
    }

    /// By the org's clock.
    fn wrong_time(&self, claims: &ApprovalClaims, bounds: &ApprovalBounds) -> Option<String> {
        let ahead = self.now.as_second().saturating_add(CLOCKS_DIFFER.as_secs());
        if claims.iat > ahead {
            return Some("it at a time that is still to come".to_owned());
        }
        (bounds.exp <= self.now.as_second()).then(|| {
            let until = Timestamp::from_second(bounds.exp);
            let until = until.map_or_else(|_| bounds.exp.to_string(), show_time);
            format!("it until {until}, which is over")
        })
    }

    fn used_up(&self, bounds: &ApprovalBounds) -> Result<Option<String>, CommandError> {
        let journal = self.verification.journal;
        let uses = journal.approval_uses(&bounds.jti);
        let uses = uses.map_err(|error| run_failure(&error.into()))?;
        Ok(used_up(&uses, bounds.runs).map(|why| format!("it {why}")))
    }

    fn as_approved(
        &self,
        claims: &ApprovalClaims,
        bounds: &ApprovalBounds,
        signed_by: &SignedBy,
        by: String,
    ) -> Result<ApprovalRecord, String> {
        let at = |seconds| {
            let time = Timestamp::from_second(seconds);
            time.map_err(|_| format!("{by} approved it at no known time"))
        };
        let (signed, until) = (at(claims.iat)?, at(bounds.exp)?);
        Ok(ApprovalRecord {
            org: self.name.to_owned(),
            at: signed,
            until,
            by,
            ticket: claims.ticket.clone(),
            id: bounds.jti.clone(),
            runs: bounds.runs,
            signed_with: signed_by.words().to_owned(),
            account: bounds.account(),
        })
    }
}

fn show_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// For what an approval was given that is used up, in words; `None` when one more run may begin with it.
fn used_up(uses: &[(String, Timestamp)], runs: u32) -> Option<String> {
    let (run, at) = uses.last()?;
    if uses.len() < usize::try_from(runs).unwrap_or(usize::MAX) {
        return None;
    }
    let many = if runs == 1 { "run" } else { "runs" };
    Some(format!("for {runs} {many}, and run {run} used it at {}", show_time(*at)))
}

/// Keeps each approval for a run that is about to begin: no other process can use it up in between.
///
/// # Errors
/// Another process uses it, or it was used up since it was verified.
pub(crate) fn claim(journal: &Journal, approvals: &[ApprovalRecord]) -> Result<Vec<journal::RunLock>, CommandError> {
    // Two orgs may be approved by one signature of each; in one order, so that two processes do not wait for each other.
    let ids: BTreeMap<&str, u32> = approvals.iter().map(|approved| (approved.id.as_str(), approved.runs)).collect();
    let journal_failure = |error: journal::JournalError| run_failure(&error.into());
    let mut held = Vec::new();
    for (id, runs) in ids {
        held.push(journal.hold(&format!("approval-{id}"), "a run that begins with it").map_err(journal_failure)?);
        let uses = journal.approval_uses(id).map_err(journal_failure)?;
        if let Some(why) = used_up(&uses, runs) {
            return Err(CommandError::usage(format!("the plan was approved {why}"))
                .help("nothing was changed; have it approved again: okta-runbook plan --approve FILE"));
        }
    }
    Ok(held)
}
