//! What a check finds.

use crate::script::error::ScriptDiagnostic;

/// Something wrong or doubtful in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFinding {
    pub severity: FindingSeverity,
    /// One word for the rule, to tell findings apart in JSON.
    pub rule: &'static str,
    pub diagnostic: ScriptDiagnostic,
}

/// How bad a [`CheckFinding`] is. The order is from worse to better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingSeverity {
    /// The script fails when it comes there, or does something else than it says.
    Error,
    /// It may be meant.
    Warning,
}

impl CheckFinding {
    pub(super) fn error(rule: &'static str, diagnostic: ScriptDiagnostic) -> Self {
        Self { severity: FindingSeverity::Error, rule, diagnostic }
    }

    pub(super) fn warning(rule: &'static str, diagnostic: ScriptDiagnostic) -> Self {
        Self { severity: FindingSeverity::Warning, rule, diagnostic }
    }

    /// Where it stands, for sorting and telling findings apart.
    pub(super) fn place(&self) -> (String, usize, usize) {
        self.diagnostic
            .location
            .as_ref()
            .map(|place| (place.file.clone(), place.line, place.column))
            .unwrap_or_default()
    }
}
