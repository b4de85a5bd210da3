//! `plan --approve`: the second person's side.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::command_context::CommandContext;
use super::super::credentials::credentials;
use super::super::org_identity::{OrgIdentity, actor_of, approval_key};
use super::super::saved_plan::SavedPlan;
use super::super::targets::{RESERVE, client};
use super::claims::{ApprovalBounds, ApprovalClaims, ApprovalTerms, ISSUER, VALID_FOR};
use super::signature::ApprovalSigner;
use crate::config::OrgProfile;
use crate::error::CommandError;
use crate::run::event::OrgLine;

/// Signatures of a plan, and who gave them.
pub(crate) struct PlanSignatures {
    /// JSON Web Tokens.
    pub(crate) tokens: Vec<String>,
    /// In words.
    pub(crate) approver: String,
}

/// Signs the plan for each of its orgs that the approver has a key for.
///
/// # Errors
/// The approver made the plan, nothing tells who approves, no org has a key, a ticket is wanted, or a key cannot be read.
pub(crate) fn sign(
    context: &CommandContext,
    saved: &SavedPlan,
    terms: &ApprovalTerms,
    runtime: &tokio::runtime::Runtime,
) -> Result<PlanSignatures, CommandError> {
    let (mut tokens, mut accounts) = (Vec::new(), BTreeMap::new());
    for org in &saved.plan.orgs {
        let profile = profile_of(context, org)?;
        let environment = context.config.environment();
        if let Some(signer) = ApprovalSigner::of(environment, &profile)? {
            let signing = OrgApproval { context, saved, terms, org, profile: &profile, runtime };
            let claims = signing.claims(&signer)?;
            let approver = claims.bounds.as_ref().map(|bounds| &bounds.approver);
            let account = approver.and_then(|approver| approver.account.clone());
            accounts.insert(org.name.clone(), account);
            tokens.push(signer.sign(&claims)?);
        }
    }
    if tokens.is_empty() {
        return Err(CommandError::usage("there is no key here to approve this plan with")
            .help("in the profile of its org: approval = { private_key = { file = \"path\" } }, or approval = { secret = { file = \"path\" } }"));
    }
    Ok(PlanSignatures { tokens, approver: actor_of(context, accounts).words() })
}

fn profile_of(context: &CommandContext, org: &OrgLine) -> Result<OrgProfile, CommandError> {
    let name = org.profile.as_deref().ok_or_else(|| {
        CommandError::usage("the plan is of a simulator that was started for it: there is nothing to approve")
    })?;
    context.config.org(name)
}

/// The approval of one org.
struct OrgApproval<'a> {
    context: &'a CommandContext,
    saved: &'a SavedPlan,
    terms: &'a ApprovalTerms,
    org: &'a OrgLine,
    profile: &'a OrgProfile,
    runtime: &'a tokio::runtime::Runtime,
}

impl OrgApproval<'_> {
    fn claims(&self, signer: &ApprovalSigner) -> Result<ApprovalClaims, CommandError> {
        let (saved, terms) = (self.saved, self.terms);
        let name = &self.profile.profile;
        if self.profile.approval.ticket && terms.ticket.is_none() {
            return Err(
                CommandError::usage(format!("`{name}` wants a ticket with an approval")).help("name it: --ticket ID")
            );
        }
        let maker = saved.maker(&self.org.name)?;
        let (approver, now) = self.approver(maker)?;
        if approver.is_same(maker) {
            return Err(CommandError::usage(format!(
                "{} made this plan, and the same account or key cannot approve it",
                saved.maker_words()
            ))
            .help("a plan is approved by another person, signed in as themselves"));
        }
        if !approver.is_person() && matches!(signer, ApprovalSigner::Secret(_)) {
            let account = if approver.account.is_some() { "a service app, which is no person," } else { "no account" };
            return Err(CommandError::usage(format!(
                "nothing tells who approves: the secret of `{name}` is shared, and {account} signs in to it"
            ))
            .help(format!("sign in to `{name}` as yourself, or approve with a key of your own: approval = {{ private_key = {{ file = \"path\" }} }}")));
        }
        let valid_for = terms.valid_for.or(self.profile.approval.valid_for);
        let until = valid_until(now, valid_for.unwrap_or(VALID_FOR))?;
        let environment = self.context.config.environment();
        Ok(ApprovalClaims {
            iss: ISSUER.to_owned(),
            sub: environment.os_account().unwrap_or_default(),
            aud: self.org.url.clone(),
            iat: now.as_second(),
            plan: saved.digest(),
            ticket: terms.ticket.clone(),
            bounds: Some(ApprovalBounds {
                jti: uuid::Uuid::new_v4().to_string(),
                exp: until.as_second(),
                runs: terms.runs,
                approver,
            }),
        })
    }

    /// Who approves, as far as their own credentials and key tell; and the time at the org, where it is asked.
    fn approver(&self, maker: &OrgIdentity) -> Result<(OrgIdentity, Timestamp), CommandError> {
        let environment = self.context.config.environment();
        if let Err(error) = credentials(self.context, self.profile) {
            let name = &self.profile.profile;
            let words =
                format!("no account signs in to `{name}` ({}): the key alone tells who approves", error.message);
            self.context.terminal.warn(&words);
            let key = approval_key(environment, self.profile)?;
            let identity = OrgIdentity {
                org_id: maker.org_id.clone(),
                account: None,
                key: key.map(|key| key.thumbprint().to_owned()),
            };
            return Ok((identity, Timestamp::now()));
        }
        let client = client(self.context, self.profile, RESERVE)?;
        let (org, runtime) = (&self.org.name, self.runtime);
        let identity = OrgIdentity::find(org, &client, self.profile, environment, runtime)?;
        if identity.org_id != maker.org_id {
            return Err(CommandError::usage(format!(
                "`{}` is another org here ({}) than that of the plan ({})",
                self.profile.profile, identity.org_id, maker.org_id
            )));
        }
        Ok((identity, client.now()))
    }
}

fn valid_until(now: Timestamp, valid_for: SignedDuration) -> Result<Timestamp, CommandError> {
    now.checked_add(valid_for).map_err(|_| CommandError::usage("the approval would be valid for too long"))
}
