//! How long an org's lists may lag behind what was created, where that is known to be other than usual.

use std::time::Duration;

use super::environment::ProcessEnvironment;
use crate::error::CommandError;

/// The variable that says it of all orgs whose profile does not.
pub(super) const VARIABLE: &str = "OKTA_RUNBOOK_LIST_LAG";

/// How it is written.
pub(super) const EXAMPLE: &str = "\"120s\" or \"2m\"";

/// Longer than this no list lags: it is more likely a slip of the pen.
const LONGEST: Duration = Duration::from_secs(3600);

/// A text such as `120s` or `2m`; `None` for one that is no duration between nothing and an hour.
pub(super) fn parse_lag(text: &str) -> Option<Duration> {
    let lag: jiff::SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(lag).ok().filter(|lag| *lag <= LONGEST)
}

/// What the variable says.
///
/// # Errors
/// It is set, and to no duration.
pub fn from_variable(environment: &ProcessEnvironment) -> Result<Option<Duration>, CommandError> {
    let Some(text) = environment.variable(VARIABLE) else {
        return Ok(None);
    };
    match parse_lag(text) {
        Some(lag) => Ok(Some(lag)),
        None => Err(CommandError::usage(format!("{VARIABLE} is no duration of an hour at most: `{text}`"))
            .help(format!("write it as {EXAMPLE}, or unset it"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_a_duration_of_an_hour_at_most() {
        for (text, seconds) in [
            ("120s", Some(120)),
            ("2m", Some(120)),
            ("2 minutes", Some(120)),
            ("0s", Some(0)),
            ("1h", Some(3600)),
            ("61m", None),
            ("-1s", None),
            ("120", None),
            ("soon", None),
        ] {
            assert_eq!(parse_lag(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn the_variable_is_read_or_refused() {
        let read = |text: &str| {
            let mut environment = ProcessEnvironment::default();
            environment.variables.insert(VARIABLE.into(), text.into());
            from_variable(&environment)
        };
        assert_eq!(read("1s").expect("a lag"), Some(Duration::from_secs(1)));
        assert_eq!(read("").expect("none"), None);
        assert!(read("x").expect_err("no lag").message.contains(VARIABLE));
    }
}
