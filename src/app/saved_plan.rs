//! A plan in a file: what it was made from, what was read for it, and who approved it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command_context::CommandContext;
use super::org_identity::OrgIdentity;
use super::output_file::{self, OverwriteMode};
use super::plan_mode::RehearsalResult;
use super::preparation::{PreparedRunbook, RecordedProcedure};
use super::targets::RunTargets;
use crate::error::CommandError;
use crate::report::plan::{PlannedCall, RunPlan};
use crate::run::actor::OrgAccount;
use crate::run::{PlannedWrite, PlannedWrites};
use crate::script::digest;

const FORMAT: &str = "okta-runbook plan";
const VERSION: u32 = 1;

/// A plan that was saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedPlan {
    format: String,
    version: u32,
    pub(crate) created: jiff::Timestamp,
    /// The user and machine that it was made by; in older plans a name that an environment variable gave.
    pub(crate) operator: String,
    /// Account and machine as the operating system names them. Information, as the operator is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    os_account: Option<String>,
    /// Who made it, to each org by its name in the runbook. Absent in older plans and for simulators.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    made_by: BTreeMap<String, OrgIdentity>,
    /// `{entry, texts}` of the procedure.
    pub(crate) sources: Value,
    pub(crate) plan: RunPlan,
    /// What was read of the orgs.
    pub(crate) readings: Value,
    /// Signatures of people who approved it, as JSON Web Tokens.
    #[serde(default)]
    pub(crate) approvals: Vec<String>,
}

impl SavedPlan {
    pub(crate) fn new(operator: String, prepared: &PreparedRunbook, rehearsed: &RehearsalResult) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            created: jiff::Timestamp::now(),
            operator,
            os_account: None,
            made_by: BTreeMap::new(),
            sources: prepared.journalled().sources,
            plan: rehearsed.plan.clone(),
            readings: rehearsed.readings.clone(),
            approvals: Vec::new(),
        }
    }

    /// Says who made it.
    ///
    /// # Errors
    /// An org does not answer, or a key to approve with cannot be read.
    pub(crate) fn signed_in(
        mut self,
        context: &CommandContext,
        world: &RunTargets,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Self, CommandError> {
        let environment = context.config.environment();
        self.os_account = environment.os_account();
        for (org, profile) in &world.profiles {
            let profile = context.config.org(profile)?;
            let client = &world.orgs[org];
            let identity = OrgIdentity::find(org, client, &profile, environment, runtime)?;
            self.made_by.insert(org.clone(), identity);
        }
        Ok(self)
    }

    /// Who made it, to an org.
    ///
    /// # Errors
    /// The plan does not say.
    pub(crate) fn maker(&self, org: &str) -> Result<&OrgIdentity, CommandError> {
        self.made_by.get(org).ok_or_else(|| {
            CommandError::usage(format!("the plan does not say which account of `{org}` made it"))
                .help("make a new one: okta-runbook plan RUNBOOK … --out FILE")
        })
    }

    /// Who made it, in words: `sam@acme.example, as jo on laptop`.
    pub(crate) fn maker_words(&self) -> String {
        let accounts = self.made_by.values().filter_map(|it| it.account.as_ref());
        let accounts: BTreeSet<String> = accounts.map(OrgAccount::words).collect();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        if accounts.is_empty() {
            return self.operator.clone();
        }
        format!("{}, as {}", accounts.join(" and "), self.operator)
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// When the file cannot be read, or is no plan of this version.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| CommandError::usage(format!("cannot read the plan {shown}: {error}")))?;
        let saved: Self = serde_json::from_str(&text).map_err(|error| {
            CommandError::usage(format!("{shown} is no plan of okta-runbook: {error}"))
                .help("make one with `okta-runbook plan RUNBOOK … --out FILE`")
        })?;
        if saved.format != FORMAT || saved.version != VERSION {
            return Err(CommandError::usage(format!(
                "{shown} is a plan of another version ({} {})",
                saved.format, saved.version
            ))
            .help("make a new one: okta-runbook plan RUNBOOK … --out FILE"));
        }
        Ok(saved)
    }

    /// Writes the plan where no file is, or over one.
    ///
    /// # Errors
    /// When the file is there already and `over` is not allowed, or cannot be written.
    pub(crate) fn write(&self, path: &Path, over: OverwriteMode) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| CommandError::failed(format!("the plan cannot be written: {error}")))?;
        output_file::write(path, &format!("{text}\n"), over)
    }

    /// What is signed: all but the signatures.
    pub(crate) fn digest(&self) -> String {
        let unsigned = Self { approvals: Vec::new(), ..self.clone() };
        digest(&serde_json::to_string(&unsigned).unwrap_or_default())
    }

    pub(crate) fn recorded(&self) -> RecordedProcedure<'_> {
        RecordedProcedure { runbook: &self.plan.runbook, sources: &self.sources, parameters: &self.plan.parameters }
    }

    /// What holds a run to it.
    pub(crate) fn agreement(&self) -> PlannedWrites {
        agreement(&self.digest(), &self.plan)
    }
}

/// What holds a run to a plan of this digest.
pub(crate) fn agreement(digest: &str, plan: &RunPlan) -> PlannedWrites {
    let planned = |deed: &PlannedCall| PlannedWrite {
        lane: deed.lane.clone(),
        org: deed.org.clone(),
        operation: deed.operation.clone(),
        path: deed.path.clone(),
        query: deed.query.clone(),
        body: deed.body.clone(),
    };
    PlannedWrites::new(digest, plan.writes().map(planned).collect())
}
