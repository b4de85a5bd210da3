//! The forms in which a run's evidence is written.

use super::evidence::RunEvidence;
use super::visible_text::visible_text;
use super::{html, junit, markdown, run_json};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// One page that needs nothing else.
    Html,
    /// The whole evidence as one document.
    Json,
    /// Steps and items as test cases.
    Junit,
    /// The short form, for a change ticket.
    Markdown,
}

/// A report could not be made: a template or a document was refused by its library. Not for want of data.
#[derive(Debug, thiserror::Error)]
#[error("the {form} report of run {run} could not be made: {source}")]
pub struct UnmadeReport {
    form: &'static str,
    run: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl ReportFormat {
    /// The whole text of the report, with a newline at its end.
    pub fn write(self, evidence: &RunEvidence) -> Result<String, UnmadeReport> {
        let made = match self {
            Self::Html => html::page(evidence).map_err(Into::into),
            Self::Json => run_json::document(evidence).map_err(Into::into),
            Self::Junit => junit::document(evidence).map_err(Into::into),
            Self::Markdown => Ok(markdown::text(evidence)),
        };
        // No form has a use for characters that nobody sees, and a report is read in terminals and browsers.
        made.map(|text| visible_text(&text)).map_err(|source| UnmadeReport {
            form: self.name(),
            run: evidence.run.clone(),
            source,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
        }
    }

    /// The form that a file of this extension has.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(Self::Html),
            "json" => Some(Self::Json),
            "xml" => Some(Self::Junit),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }
}
