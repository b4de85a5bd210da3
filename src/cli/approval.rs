//! Approvals of plans: a second person's signature under what a run is going to do.
//!
//! An approval is a JSON Web Token over the digest of the plan, for one org. It is signed by a key of the approver's own, or by a secret
//! that those who approve share with those who run; the latter tells that somebody who knows it approved, and who that was by their word.

mod signature;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Context;
use super::conduct::of_run;
use super::guard::PlanApproval;
use super::plan::saved::Saved;
use super::world::World;
use crate::config::OrgProfile;
use crate::error::Error;
use crate::run::Approved;
use crate::run::event::{Kind, OrgLine};
use crate::run::journal::{Journal, Record};
use signature::Signer;

const ISSUER: &str = "okta-runbook";

/// What is signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// Who approves.
    sub: String,
    /// The org's address.
    aud: String,
    /// When, in seconds since 1970.
    iat: i64,
    /// Digest of the plan.
    plan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

/// Whether an approval is wanted where no profile wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// `--require-approval`.
    Always,
    AsProfilesSay,
}

pub(super) fn needed(profile: &str) -> Error {
    Error::usage(format!(
        "`{profile}` is changed by approved plans alone, and by the undo of their runs"
    ))
    .help("save a plan: okta-runbook plan RUNBOOK … --out FILE")
    .help("have another person approve it: okta-runbook plan --approve FILE")
    .help("then run it: okta-runbook run --plan FILE")
}

/// The approval that a run was begun with, which holds when it is resumed.
///
/// # Errors
/// The journal cannot be read.
pub(super) fn given_to(journal: &Journal, record: &Record) -> Result<PlanApproval, Error> {
    let mut orgs = BTreeSet::new();
    let heard = journal.each_event(&record.run, |event| {
        if let Kind::Approved { org, .. } = event.kind {
            // Older journals do not say for which org: for all that wanted one.
            match org {
                Some(org) => orgs.extend([org]),
                None => orgs.extend(record.orgs.iter().map(|line| line.name.clone())),
            }
        }
    });
    heard.map_err(|error| of_run(&error.into()))?;
    Ok(match orgs.is_empty() {
        true => PlanApproval::Absent,
        false => PlanApproval::GivenFor(orgs),
    })
}

/// Signs the plan for each of its orgs that the approver has a key for.
///
/// # Errors
/// The approver made the plan, no org has a key, a ticket is wanted, or a key cannot be read.
pub(super) fn sign(
    context: &Context,
    saved: &Saved,
    ticket: Option<&str>,
) -> Result<Vec<String>, Error> {
    let environment = context.config.environment();
    let approver = environment.operator();
    if approver == saved.operator {
        return Err(
            Error::usage(format!("{approver} made this plan, and cannot approve it"))
                .help("a plan is approved by another person"),
        );
    }
    let mut signatures = Vec::new();
    for org in &saved.plan.orgs {
        let profile = profile_of(context, org)?;
        let Some(signer) = Signer::of(environment, &profile)? else {
            continue;
        };
        if profile.approval.ticket && ticket.is_none() {
            return Err(Error::usage(format!(
                "`{}` wants a ticket with an approval",
                profile.profile
            ))
            .help("name it: --ticket ID"));
        }
        signatures.push(signer.sign(&Claims {
            iss: ISSUER.to_owned(),
            sub: approver.clone(),
            aud: org.url.clone(),
            iat: jiff::Timestamp::now().as_second(),
            plan: saved.digest(),
            ticket: ticket.map(str::to_owned),
        })?);
    }
    if signatures.is_empty() {
        return Err(Error::usage("there is no key here to approve this plan with")
            .help("in the profile of its org: approval = { private_key = { file = \"path\" } }, or approval = { secret = { file = \"path\" } }"));
    }
    Ok(signatures)
}

fn profile_of(context: &Context, org: &OrgLine) -> Result<OrgProfile, Error> {
    let name = org.profile.as_deref().ok_or_else(|| {
        Error::usage(
            "the plan is of a simulator that was started for it: there is nothing to approve",
        )
    })?;
    context.config.org(name)
}

/// The approvals that hold, one for each org whose profile (or `demand`) wants one, or that can tell the signatures that are there.
///
/// # Errors
/// An org without one: with what is wrong with each signature of the plan.
pub(super) fn verified(
    context: &Context,
    world: &World,
    saved: &Saved,
    demand: Demand,
) -> Result<Vec<Approved>, Error> {
    let mut found: Vec<Approved> = Vec::new();
    for (name, profile) in &world.profiles {
        let profile = context.config.org(profile)?;
        let approval = &profile.approval;
        let is_signed = approval.can_verify() && !saved.approvals.is_empty();
        if !approval.required && demand == Demand::AsProfilesSay && !is_signed {
            continue;
        }
        if !approval.can_verify() {
            return Err(Error::usage(format!("`{}` does not say who approves", profile.profile))
                .help("in its profile: approval = { approvers = { NAME = \"path of a public key\" } }, or approval = { secret = { file = \"path\" } }"));
        }
        let url = world.orgs[name].base_url().to_string();
        let approved = Org {
            context,
            name,
            profile: &profile,
            url: &url,
        }
        .approved(saved)?;
        found.push(approved);
    }
    Ok(found)
}

/// An org that wants an approval.
struct Org<'a> {
    context: &'a Context,
    /// In the runbook.
    name: &'a str,
    profile: &'a OrgProfile,
    url: &'a str,
}

impl Org<'_> {
    fn approved(&self, saved: &Saved) -> Result<Approved, Error> {
        let mut wrong = Vec::new();
        for token in &saved.approvals {
            match self.judge(saved, token)? {
                Ok(approved) => return Ok(approved),
                Err(why) => wrong.push(why),
            }
        }
        let name = &self.profile.profile;
        let words = match wrong.as_slice() {
            [] => format!("the plan is not approved for `{name}`"),
            wrong => format!(
                "the plan is not approved for `{name}`:\n- {}",
                wrong.join("\n- ")
            ),
        };
        Err(Error::usage(words).help(
            "nothing was changed; have another person approve it: okta-runbook plan --approve FILE",
        ))
    }

    /// What is wrong with a signature, in words.
    fn judge(&self, saved: &Saved, token: &str) -> Result<Result<Approved, String>, Error> {
        let environment = self.context.config.environment();
        let (claims, key) = match signature::read(environment, &self.profile.approval, token)? {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        let by = key.unwrap_or_else(|| claims.sub.clone());
        let own = [saved.operator.clone(), environment.operator()];
        let approval = &self.profile.approval;
        Ok(if claims.aud != self.url {
            Err(format!("{by} approved it for {}", claims.aud))
        } else if claims.plan != saved.digest() {
            Err(format!(
                "{by} approved another text: the plan was changed since"
            ))
        } else if own.contains(&by) || own.contains(&claims.sub) {
            Err(format!("{by} approved it, who made the plan or runs it"))
        } else if approval.ticket && claims.ticket.is_none() {
            Err(format!("{by} approved it without a ticket"))
        } else {
            let at = jiff::Timestamp::from_second(claims.iat);
            let at = at.map_err(|_| format!("{by} approved it at no known time"));
            at.map(|at| Approved {
                org: self.name.to_owned(),
                by,
                at,
                ticket: claims.ticket,
            })
        })
    }
}
