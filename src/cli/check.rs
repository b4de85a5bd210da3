//! `check FILE…`: what is wrong in scripts, what they use, and the scopes they need.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::app::command_context::{CommandContext, OutputFormat};
use crate::error::{CommandError, CommandExit};
use crate::report::table::text_table;
use crate::script::SnippetColour;
use crate::script::check::{
    self, CallReceiver, CheckFinding, CheckReport, FindingSeverity, UnseenPlace, UsedOperation,
};

/// Check runbooks without running them: mistakes, the operations they use, and the least OAuth scopes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook check runbooks/ad/*.rhai
Exit code 2 when a script has an error; warnings alone leave it at 0.")]
pub(super) struct CheckArguments {
    /// Names such as `ad/move_user_to_ou`, or paths.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &CheckArguments) -> Result<CommandExit, CommandError> {
    let library = context.library();
    let mut reports = Vec::new();
    for file in &arguments.files {
        reports.push(check::check(library.find(file)?, &library));
    }
    match arguments.output {
        OutputFormat::Json => {
            context.terminal.line(&json!(reports.iter().map(as_json).collect::<Vec<_>>()).to_string());
        }
        OutputFormat::Text => {
            for report in &reports {
                show_report(context, report);
            }
        }
    }
    let wrong = reports.iter().any(CheckReport::has_errors);
    Ok(if wrong { CommandExit::Usage } else { CommandExit::Succeeded })
}

fn show_report(context: &CommandContext, report: &CheckReport) {
    // Wide enough for a path with an excerpt where nobody looks at a screen.
    let width = context.terminal.width().map_or(140, usize::from);
    for finding in &report.findings {
        let text = match finding.severity {
            FindingSeverity::Error => finding.diagnostic.render(SnippetColour::Always, width),
            FindingSeverity::Warning => finding.diagnostic.render_warning(SnippetColour::Always, width),
        };
        context.terminal.line(&format!("{text}\n"));
    }
    context.terminal.line(&format!("{}: {}", report.path, summary_line(report)));
    if let Some(used) = operations_table(report, context.terminal.width()) {
        context.terminal.line(&format!("\n{used}"));
    }
}

/// The operations that a script can come to, what undoing them does, and the scopes that suffice; `None` when there are none.
pub(super) fn operations_table(report: &CheckReport, width: Option<u16>) -> Option<String> {
    if report.operations.is_empty() {
        let unknown = not_known(report);
        return (!unknown.is_empty()).then(|| unknown.join("\n"));
    }
    let orgs = orgs(report);
    let mut columns = vec!["operation", "used at", "undone"];
    let mut rows: Vec<Vec<String>> = report.operations.iter().map(row).collect();
    if orgs.len() > 1 {
        columns.insert(1, "org");
        for (row, used) in rows.iter_mut().zip(&report.operations) {
            row.insert(1, called_on(used).join(", "));
        }
    }
    let table = text_table(&columns, &rows, width);
    let mut lines = vec![format!("{}\n", table.trim_end()), format!("least scopes: {}", list_scopes(&report.scopes))];
    if orgs.len() > 1 {
        let of = |org: &&str| format!("  {org}: {}", list_scopes(&report.scopes_in(org)));
        lines.extend(orgs.iter().map(of));
        let somewhere = report.scopes_somewhere();
        if !somewhere.is_empty() {
            lines.push(format!("  in one of them: {}", list_scopes(&somewhere)));
        }
    }
    lines.extend(
        report
            .untold
            .iter()
            .map(|(file, line)| format!("not counted: the call by path at {file}:{line}, which no operation has")),
    );
    lines.extend(not_known(report));
    Some(lines.join("\n"))
}

/// What operations and scopes may lack.
fn not_known(report: &CheckReport) -> Vec<String> {
    let line = |unseen: &UnseenPlace| {
        let line = unseen.at.line().unwrap_or_default();
        format!("not known: {} at {}:{line}", unseen.what, unseen.path)
    };
    report.unseen.iter().map(line).collect()
}

/// The same as JSON.
pub(super) fn not_known_json(report: &CheckReport) -> Vec<Value> {
    let unseen = report.unseen.iter();
    let unseen = unseen.map(|it| json!({ "file": it.path, "line": it.at.line(), "what": it.what }));
    unseen.collect()
}

fn list_scopes(scopes: &[&str]) -> String {
    match scopes.join(" ") {
        none if none.is_empty() => "none".to_owned(),
        scopes => scopes,
    }
}

/// The orgs that operations are called on, as far as the text tells.
fn orgs(report: &CheckReport) -> BTreeSet<&str> {
    let on = report.operations.iter().flat_map(|used| &used.on);
    on.filter_map(|on| match on {
        CallReceiver::Org(name) => Some(name.as_str()),
        _ => None,
    })
    .collect()
}

/// By a given token stands for an org whose name says nothing of the rights.
fn called_on(used: &UsedOperation) -> Vec<&str> {
    let on = used.on.iter().map(|on| match on {
        CallReceiver::Org(name) => name.as_str(),
        CallReceiver::Guest => "by a given token",
        CallReceiver::Unknown => "?",
    });
    on.collect()
}

fn summary_line(report: &CheckReport) -> String {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    match (count(FindingSeverity::Error), count(FindingSeverity::Warning)) {
        (0, 0) => "nothing found".to_owned(),
        (errors, warnings) => format!("{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings)),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn row(used: &UsedOperation) -> Vec<String> {
    vec![used.operation.name.to_owned(), places(used).join(", "), used.undone()]
}

/// Lines of a file together: `lib/ad.rhai:12,40`.
fn places(used: &UsedOperation) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    let mut before = None;
    for (file, line) in &used.places {
        match places.last_mut() {
            Some(last) if before == Some(file) => {
                last.push(',');
                last.push_str(&line.to_string());
            }
            _ => places.push(format!("{file}:{line}")),
        }
        before = Some(file);
    }
    places
}

/// The operations as JSON.
pub(super) fn operations(report: &CheckReport) -> Vec<Value> {
    let operations = report.operations.iter().map(|used| {
        json!({
            "name": used.operation.name,
            "write": used.operation.is_write(),
            "scopes": used.operation.scopes,
            "undone": used.undone(),
            "on": called_on(used),
            "places": used.places.iter().map(|(file, line)| json!({ "file": file, "line": line })).collect::<Vec<_>>(),
        })
    });
    operations.collect()
}

/// What each org needs; under `?` what one of them does.
fn scopes_by_org(report: &CheckReport) -> Value {
    let mut scopes: Map<String, Value> =
        orgs(report).into_iter().map(|org| (org.to_owned(), json!(report.scopes_in(org)))).collect();
    let somewhere = report.scopes_somewhere();
    if !somewhere.is_empty() {
        scopes.insert("?".to_owned(), json!(somewhere));
    }
    scopes.into()
}

fn as_json(report: &CheckReport) -> Value {
    json!({
        "path": report.path,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "operations": operations(report),
        "scopes": report.scopes,
        "scopes_by_org": scopes_by_org(report),
        "not_known": not_known_json(report),
        "not_counted": report.untold.iter().map(|(file, line)| json!({ "file": file, "line": line })).collect::<Vec<_>>(),
    })
}

fn finding(finding: &CheckFinding) -> Value {
    let diagnostic = &finding.diagnostic;
    let place = diagnostic.location.as_ref();
    let length = place.and_then(|place| {
        let (text, span) = place.excerpt.as_ref()?;
        Some(text.get(span.clone())?.chars().count())
    });
    json!({
        "severity": match finding.severity { FindingSeverity::Error => "error", FindingSeverity::Warning => "warning" },
        "rule": finding.rule,
        "message": diagnostic.message,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "length": length,
    })
}
