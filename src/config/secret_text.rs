//! Finds what could be a secret in a text that is not valid TOML, so that it can be shown with the error.

use std::ops::Range;

/// Keys whose values are shown; the value of any other key, known or misspelt, may be a secret.
const SHOWN: &[&str] = &[
    "url",
    "production",
    "client_id",
    "key_id",
    "algorithm",
    "scopes",
    "dpop",
    "bind_dn",
    "base",
    "ca",
    "security",
];

/// The parts to hide: all that follows `=` on a line, unless the key is one of the harmless; and every line that is
/// neither a heading, nor a comment, nor a pair, since it may be the rest of a string.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(from) = hidden_from(line) {
            ranges.push(start + from..start + line.len());
        }
        start += line.len();
    }
    ranges
}

fn hidden_from(line: &str) -> Option<usize> {
    let trimmed = line.trim();
    match line.split_once('=') {
        _ if trimmed.is_empty() || trimmed.starts_with(['#', '[']) => None,
        Some((key, _)) if SHOWN.contains(&key.trim()) => None,
        Some((key, _)) => Some(key.len() + 1),
        None => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_other_keys_and_loose_lines_are_hidden() {
        let text = "# note\n[orgs.a]\nurl = \"https://a\ntoken = \"00abc\n00def\n";
        let hidden: Vec<_> = ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(hidden, [" \"00abc\n", "00def\n"]);
    }
}
