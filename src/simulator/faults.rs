//! Faults that a test orders: wrong answers, lost answers, slow answers.

use serde::{Deserialize, Serialize};

/// One fault: which requests it hits, and what it does to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TrafficFault {
    /// `None` is every method.
    #[serde(default)]
    method: Option<String>,
    /// A prefix of the path; a segment `*`, `{}` or `{name}` stands for any one. `None` is every path.
    #[serde(default)]
    path: Option<String>,
    /// Whether the path must end where `path` does.
    #[serde(default)]
    exact: bool,
    /// Fitting requests that pass before the fault begins.
    #[serde(default)]
    after: u64,
    /// How many requests it hits; 0 is all from then on.
    #[serde(default = "once")]
    times: u64,
    pub(super) action: FaultAction,
    /// For `status`, and its error object.
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_summary: Option<String>,
    /// For `delay`.
    #[serde(default)]
    delay_ms: u64,
    /// Fitting requests so far.
    #[serde(default)]
    seen: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultAction {
    /// Answer `status` instead of executing.
    Status,
    /// Close the connection without executing.
    CutBefore,
    /// Execute, then close the connection without an answer.
    CutAfter,
    /// Wait, then go on.
    Delay,
    /// Answer 429 as for too many simultaneous calls.
    Concurrency,
    /// Answer 429 as when others have used up the limit until the next second.
    RateLimit,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub(super) enum FaultEffect {
    Refuse(OrderedRefusal),
    CutBefore,
    CutAfter,
    Delay(u64),
    Concurrency,
    RateLimit,
}

/// An error object as ordered.
#[derive(Clone, Debug)]
pub(super) struct OrderedRefusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) summary: String,
}

fn once() -> u64 {
    1
}

/// What the fault that hits this request does; the first that fits counts.
pub(super) fn matching_effect(faults: &mut [TrafficFault], method: &str, path: &str) -> Option<FaultEffect> {
    let mut blow = None;
    for fault in faults.iter_mut().filter(|fault| fault.fits(method, path)) {
        fault.seen += 1;
        if blow.is_none() && fault.is_due() {
            blow = Some(fault.blow());
        }
    }
    blow
}

impl TrafficFault {
    /// What is wrong with an ordered fault, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.action, self.status) {
            (FaultAction::Status, None) => Err("a fault with the action `status` needs `status`".to_owned()),
            (FaultAction::Status, Some(status)) if !(400..600).contains(&status) => {
                Err(format!("`status` {status} is not between 400 and 599"))
            }
            _ => Ok(()),
        }
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(method));
        method_fits && self.path.as_ref().is_none_or(|it| self.path_fits(it, path))
    }

    fn path_fits(&self, pattern: &str, path: &str) -> bool {
        let mut have = path.split('/').filter(|part| !part.is_empty());
        let want = pattern.split('/').filter(|part| !part.is_empty());
        let begins = want
            .into_iter()
            .all(|want| have.next().is_some_and(|have| want == "*" || want.starts_with('{') || want == have));
        begins && (!self.exact || have.next().is_none())
    }

    fn is_due(&self) -> bool {
        self.seen > self.after && (self.times == 0 || self.seen <= self.after + self.times)
    }

    fn blow(&self) -> FaultEffect {
        match self.action {
            FaultAction::Status => FaultEffect::Refuse(self.refused()),
            FaultAction::CutBefore => FaultEffect::CutBefore,
            FaultAction::CutAfter => FaultEffect::CutAfter,
            FaultAction::Delay => FaultEffect::Delay(self.delay_ms),
            FaultAction::Concurrency => FaultEffect::Concurrency,
            FaultAction::RateLimit => FaultEffect::RateLimit,
        }
    }

    fn refused(&self) -> OrderedRefusal {
        let (code, summary) = match self.error_code.as_deref() {
            None | Some("E0000009") => ("E0000009", "Internal Server Error"),
            Some("E0000010") => ("E0000010", "Service is in read only mode"),
            Some("E0000047") => ("E0000047", "API call exceeded rate limit due to too many requests."),
            Some(code) => (code, "Ordered by a fault of the simulator"),
        };
        OrderedRefusal {
            status: self.status.unwrap_or(500),
            code: code.to_owned(),
            summary: self.error_summary.clone().unwrap_or_else(|| summary.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> TrafficFault {
        serde_json::from_str(text).expect("a fault")
    }

    #[test]
    fn a_fault_hits_its_requests_only() {
        let mut faults =
            [fault(r#"{"method":"PUT","path":"/api/v1/groups/*/users","after":1,"times":2,"action":"cut_after"}"#)];
        let mut hits = |method, path| matching_effect(&mut faults, method, path).is_some();
        assert!(!hits("GET", "/api/v1/groups/g/users/u"));
        assert!(!hits("PUT", "/api/v1/groups/g"));
        assert!(!hits("PUT", "/api/v1/groups/g/users/u"));
        assert!(hits("PUT", "/api/v1/groups/g/users/u"));
        assert!(hits("PUT", "/api/v1/groups/h/users/u"));
        assert!(!hits("PUT", "/api/v1/groups/h/users/u"));
    }

    #[test]
    fn an_incomplete_fault_is_told() {
        assert!(fault(r#"{"action":"status"}"#).check().is_err());
        assert!(fault(r#"{"action":"status","status":503}"#).check().is_ok());
        assert!(serde_json::from_str::<TrafficFault>(r#"{"action":"explode"}"#).is_err());
    }
}
