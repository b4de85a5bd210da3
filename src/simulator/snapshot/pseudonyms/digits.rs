//! Digits in groups: numbers of phones and of people, dates, addresses of machines. All groups together are one value.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// Fewer digits in all are counts and versions: each group is a word of its own.
const LEAST_DIGITS: usize = 4;

/// What stands between two groups.
const SEPARATORS: &[char] = &[' ', '.', '-', '/', ':', '(', ')', '+', '\u{a0}', '\u{202f}'];

/// Nobody's date: those that are made begin here.
const FIRST_DAY: Date = date(1600, 1, 1);

/// Groups of digits at the beginning of a text.
#[derive(Clone, Copy)]
pub(super) struct NumberRun<'a>(&'a str);

impl<'a> NumberRun<'a> {
    /// The run that `text` begins with: at least two groups, none of them a part of a word.
    pub(super) fn at_start_of(text: &'a str) -> Option<Self> {
        let mut end = 0;
        let (mut groups, mut digits) = (0, 0);
        let mut rest = text;
        loop {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let follows = rest[length..].chars().next();
            if length == 0 || follows.is_some_and(char::is_alphanumeric) {
                break;
            }
            groups += 1;
            digits += length;
            end = text.len() - rest.len() + length;
            let after = rest[length..].trim_start_matches(SEPARATORS);
            let between = &rest[length..rest.len() - after.len()];
            if between.is_empty() || between.chars().count() > 3 {
                break;
            }
            rest = after;
        }
        (groups > 1 && digits >= LEAST_DIGITS).then_some(Self(&text[..end]))
    }

    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// The run with other digits in its groups: a date that a calendar has stays one.
    pub(super) fn rewrite(self, exchange: &mut dyn FnMut(&str) -> Option<String>) -> String {
        let Some(made) = exchange(&digits_of(self.0)) else {
            return self.0.to_owned();
        };
        let is_date = self.0.len() == 10 && self.0.parse::<Date>().is_ok();
        match made_date(&made).filter(|_| is_date) {
            Some(day) => day.to_string(),
            None => in_groups(self.0, &made),
        }
    }
}

/// Whether a text is a moment in UTC, as APIs write it.
pub(super) fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.parse::<Timestamp>().is_ok()
}

/// Another moment, written in the same way.
pub(super) fn made_time(text: &str, exchange: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let made = exchange(&digits_of(text)).and_then(|made| made.parse().ok());
    let first = FIRST_DAY.to_zoned(TimeZone::UTC).map(|it| it.timestamp());
    let moment = made.and_then(|seconds| first.ok()?.checked_add(SignedDuration::from_secs(seconds)).ok());
    moment.map_or_else(|| text.to_owned(), |moment| moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn made_date(made: &str) -> Option<Date> {
    let number: i64 = made.parse().ok()?;
    FIRST_DAY.checked_add(Span::new().try_days(number).ok()?).ok()
}

/// From the last digit on; what finds no place stands before the first.
fn in_groups(run: &str, made: &str) -> String {
    let mut digits = made.chars().rev();
    let mut reversed = String::with_capacity(run.len());
    for c in run.chars().rev() {
        let other = if c.is_ascii_digit() { digits.next() } else { None };
        reversed.push(other.unwrap_or(c));
    }
    reversed.extend(digits);
    reversed.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Option<String> {
        let run = NumberRun::at_start_of(text)?;
        let made = run.rewrite(&mut |all| Some(format!("{:0width$}", 7, width = all.len())));
        Some(format!("{made}{}", &text[run.len()..]))
    }

    #[test]
    fn digits_in_groups_are_one_number() {
        for (text, made) in [
            ("33 6 12 34 56 78", "00 0 00 00 00 07"),
            ("12-34-56", "00-00-07"),
            ("03.02.80", "00.00.07"),
            ("10.20.30.41/24 net", "00.00.00.00/07 net"),
            ("033 (6) 12-34 ext", "000 (0) 00-07 ext"),
            ("1980-02-03", "1600-01-08"),
            ("1980-02-30", "0000-00-07"),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(made), "{text}");
        }
        for single in ["1 2", "12", "12a 34", "a12-34", "", " 12-34"] {
            assert_eq!(rewritten(single), None, "{single}");
        }
        assert_eq!(in_groups("1-2", "123"), "12-3");
    }

    #[test]
    fn a_moment_stays_one() {
        let text = "2024-05-06T07:08:09.000Z";
        assert!(is_time(text) && !is_time("2024-05-06") && !is_time("20240506070809 or soZ"));
        let made = made_time(text, &mut |all| Some(format!("{:0width$}", 7, width = all.len())));
        assert_eq!(made, "1600-01-01T00:00:07.000Z");
    }
}
