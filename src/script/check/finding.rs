//! What a check finds.

use crate::script::error::Diagnostic;

/// Something wrong or doubtful in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// One word for the rule, to tell findings apart in JSON.
    pub rule: &'static str,
    pub diagnostic: Diagnostic,
}

/// How bad a [`Finding`] is. The order is from worse to better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The script fails when it comes there, or does something else than it says.
    Error,
    /// It may be meant.
    Warning,
}

impl Finding {
    pub(super) fn error(rule: &'static str, diagnostic: Diagnostic) -> Self {
        Self { severity: Severity::Error, rule, diagnostic }
    }

    pub(super) fn warning(rule: &'static str, diagnostic: Diagnostic) -> Self {
        Self { severity: Severity::Warning, rule, diagnostic }
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
