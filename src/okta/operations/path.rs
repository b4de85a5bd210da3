//! Path templates: their parameters, and paths made of them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why a path cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("`{template}` takes {expected} path arguments, and {given} are given")]
    Count { template: &'static str, expected: usize, given: usize },
    #[error("the path argument `{parameter}` is empty")]
    Empty { parameter: &'static str },
    #[error("the path argument `{parameter}` must not be `{value}`")]
    Dots { parameter: &'static str, value: String },
}

/// What stands in a segment as it is: the unreserved characters of RFC 3986, and `@`, which it allows there.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

pub(super) fn parameters(template: &'static str) -> Vec<&'static str> {
    template.split('/').filter_map(parameter).collect()
}

pub(super) fn fill(template: &'static str, args: &[&str]) -> Result<String, PathError> {
    let expected = parameters(template).len();
    if expected != args.len() {
        return Err(PathError::Count { template, expected, given: args.len() });
    }
    let mut args = args.iter();
    let segments = template.split('/').map(|segment| match (parameter(segment), args.len()) {
        (Some(name), 1..) => encode(name, args.next().copied().unwrap_or_default()),
        _ => Ok(segment.to_owned()),
    });
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

fn parameter(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// One argument as one segment. Dots are refused: a URL's `..` would lead to another endpoint.
fn encode(parameter: &'static str, value: &str) -> Result<String, PathError> {
    match value {
        "" => Err(PathError::Empty { parameter }),
        "." | ".." => Err(PathError::Dots { parameter, value: value.to_owned() }),
        _ => Ok(utf8_percent_encode(value, &ENCODED).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "/api/v1/groups/{groupId}/users/{userId}";

    #[test]
    fn fills_in_encoded_segments() {
        assert_eq!(fill(TEMPLATE, &["00g1", "jo@x.example"]).as_deref(), Ok("/api/v1/groups/00g1/users/jo@x.example"));
        let odd = fill(TEMPLATE, &["a/b?c#d%2e", "Jø +"]);
        assert_eq!(odd.as_deref(), Ok("/api/v1/groups/a%2Fb%3Fc%23d%252e/users/J%C3%B8%20%2B"));
    }

    #[test]
    fn refuses_what_would_lead_elsewhere() {
        assert_eq!(fill(TEMPLATE, &["", "x"]), Err(PathError::Empty { parameter: "groupId" }));
        assert_eq!(fill(TEMPLATE, &["x", ".."]), Err(PathError::Dots { parameter: "userId", value: "..".into() }));
        assert_eq!(fill(TEMPLATE, &["x"]), Err(PathError::Count { template: TEMPLATE, expected: 2, given: 1 }));
    }
}
