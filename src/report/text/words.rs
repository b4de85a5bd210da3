//! Words as blocks and lines, and numbers as words.

use anstyle::Style;
use jiff::Timestamp;

pub(in crate::report) use super::super::visible_text::visible_text as clean;
pub(crate) use crate::run::plural::count_noun;

pub(in crate::report) fn paint_text(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A mark and words; further lines of the words stand below the first.
pub(in crate::report) fn block(mark: &str, words: &str) -> Vec<String> {
    let words = clean(words);
    let mut lines = words.lines();
    let first = format!("{mark} {}", lines.next().unwrap_or_default());
    let rest = lines.map(|line| format!("  {line}"));
    std::iter::once(first).chain(rest).collect()
}

/// The time between two moments; nothing less than zero.
pub(in crate::report) fn time_between(start: Timestamp, end: Timestamp) -> String {
    duration(end.duration_since(start).as_secs_f64())
}

/// Seconds in the two largest units that say something: `0.4 s`, `12 s`, `2 min 5 s`, `1 h 3 min`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates, and the value is not negative"
)]
pub(in crate::report) fn duration(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round();
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        _ if tenths < 100.0 && tenths % 10.0 > 0.0 => format!("{:.1} s", tenths / 10.0),
        0..60 => format!("{whole} s"),
        60..3600 => two_units(whole / 60, "min", whole % 60, "s"),
        _ => two_units(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

fn two_units(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    }
}

/// A message whose failed checks were told one by one: only that they failed, and where.
pub(crate) fn told_above(message: &str) -> String {
    const CHECK: &str = "check failed: ";
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let several = first.strip_suffix(" checks failed:");
    let head = match several {
        Some(number) => format!("{number} checks failed, as told above"),
        None if first.starts_with(CHECK) => "check failed, as told above".to_owned(),
        None => return message.to_owned(),
    };
    let is_check = |line: &&str| several.is_some() && line.starts_with("- ");
    let rest = rest.lines().skip_while(is_check);
    std::iter::once(head.as_str()).chain(rest).collect::<Vec<_>>().join("\n")
}

/// What is doubtful in the journal of a run, and who goes on all the same.
pub(in crate::report) fn unverified_words(of: &str, reason: &str, accepted_by: Option<&str>) -> String {
    match accepted_by {
        Some(name) => {
            format!("the journal of run {of} was altered: {reason}; {name} goes on with it")
        }
        None => format!("the journal of run {of} cannot be verified: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_checks_are_said_once() {
        assert_eq!(told_above("check failed: no sky\n --> a.rhai:1"), "check failed, as told above\n --> a.rhai:1");
        assert_eq!(
            told_above("2 checks failed:\n- one\n- two\n --> a.rhai:1"),
            "2 checks failed, as told above\n --> a.rhai:1"
        );
        assert_eq!(told_above("E0000006: no"), "E0000006: no");
    }

    #[test]
    fn durations_read_as_a_person_says_them() {
        for (seconds, expected) in [
            (-1.0, "0 s"),
            (0.0, "0 s"),
            (0.42, "0.4 s"),
            (3.0, "3 s"),
            (12.3, "12 s"),
            (59.7, "1 min"),
            (125.0, "2 min 5 s"),
            (3780.0, "1 h 3 min"),
        ] {
            assert_eq!(duration(seconds), expected, "{seconds}");
        }
    }
}
