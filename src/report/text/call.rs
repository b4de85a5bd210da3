//! A call to an org in one line: which org, which call, and the answer.

use super::words::{self, block, clean, paint_text};
use super::{BAD, FAINT, GOOD, OutputVerbosity};
use crate::run::event::{BucketCalls, CallLine};

pub(super) fn performed_lines(call: &CallLine, verbosity: OutputVerbosity) -> Vec<String> {
    let proof = request_of(call, verbosity);
    vec![format!("{} {}{proof}", paint_text(GOOD, "→"), sentence(call))]
}

pub(super) fn read(call: &CallLine, verbosity: OutputVerbosity) -> Vec<String> {
    let proof = request_of(call, verbosity);
    vec![paint_text(FAINT, &format!("← {}{proof}", sentence(call)))]
}

/// The request id, where everything is told: by it Okta's support finds the call.
fn request_of(call: &CallLine, verbosity: OutputVerbosity) -> String {
    match &call.request_id {
        Some(id) if verbosity == OutputVerbosity::Verbose => format!("  request {}", clean(id)),
        _ => String::new(),
    }
}

/// The method is not shown, since nothing was sent.
pub(super) fn unchanged_lines(call: &CallLine) -> Vec<String> {
    let CallLine { org, operation, path, .. } = call;
    let line = format!("= {}  {}  {}  unchanged", clean(org), clean(path), clean(operation));
    vec![paint_text(FAINT, &line)]
}

pub(super) fn refused_lines(call: &CallLine, message: &str) -> Vec<String> {
    let mut lines = vec![format!("{} {}", paint_text(BAD, "✗"), sentence(call))];
    lines.extend(block(" ", message));
    if let Some(id) = &call.request_id {
        lines.push(paint_text(FAINT, &format!("  request id {}", clean(id))));
    }
    lines
}

/// Calls of a bucket, and how many these are for each item.
pub(super) fn bucket_words(calls: &BucketCalls, items: Option<u64>) -> String {
    let BucketCalls { org, bucket, calls, share } = calls;
    let made = words::count_noun(*calls, "call");
    let line = format!("{org}: {made} of {bucket}, of {share} a minute that are ours");
    match items.filter(|items| *items > 1) {
        Some(items) => {
            let tenths = (calls * 10).div_ceil(items);
            format!("{line}: {}.{} an item", tenths / 10, tenths % 10)
        }
        None => line,
    }
}

fn sentence(call: &CallLine) -> String {
    let CallLine { org, method, path, operation, .. } = call;
    let status = call.status.map_or_else(String::new, |status| format!("  {status}"));
    clean(&format!("{org}  {method} {path}  {operation}{status}"))
}
