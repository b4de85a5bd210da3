//! Mistakes, as `check` finds them.

use lsp_types::{Diagnostic, DiagnosticSeverity, NumberOrString, Range};

use super::document::{ScriptDocument, protocol_count, range};
use crate::script::RunbookLibrary;
use crate::script::check::{self, CheckFinding, FindingSeverity};

pub(super) fn diagnose_document(document: &ScriptDocument, library: &RunbookLibrary) -> Vec<Diagnostic> {
    let source = document.source();
    let path = source.path.clone();
    let report = check::check(source, library);
    let findings = report.findings.iter();
    findings.map(|finding| diagnostic(document, &path, finding)).collect()
}

fn diagnostic(document: &ScriptDocument, path: &str, finding: &CheckFinding) -> Diagnostic {
    let told = &finding.diagnostic;
    let mut lines = vec![told.message.clone()];
    lines.extend(told.notes.iter().cloned());
    lines.extend(told.help.iter().map(|help| format!("help: {help}")));
    let place = told.location.as_ref();
    let own = place.filter(|place| place.file == path);
    if let (None, Some(place)) = (own, place) {
        lines[0] = format!("{}:{}: {}", place.file, place.line, lines[0]);
    }
    let at = match (own, place) {
        (Some(place), _) => {
            place.excerpt.as_ref().map_or_else(|| line(place.line), |(_, bytes)| range(&document.text, bytes))
        }
        (None, Some(place)) => import_of(document, &place.file),
        (None, None) => Range::default(),
    };
    Diagnostic {
        range: at,
        severity: Some(match finding.severity {
            FindingSeverity::Error => DiagnosticSeverity::ERROR,
            FindingSeverity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(finding.rule.to_owned())),
        source: Some("okta-runbook".to_owned()),
        message: lines.join("\n"),
        ..Diagnostic::default()
    }
}

fn line(line: usize) -> Range {
    let line = protocol_count(line.saturating_sub(1));
    Range::new(lsp_types::Position::new(line, 0), lsp_types::Position::new(line, u32::MAX))
}

/// What is wrong in a module is shown where it is imported; of a module's module, at the top.
fn import_of(document: &ScriptDocument, file: &str) -> Range {
    let mut imports = document.outline.imports.iter();
    let found = imports.find(|import| file.ends_with(&format!("{}.rhai", import.name)));
    found.map_or_else(Range::default, |import| range(&document.text, &import.at))
}
