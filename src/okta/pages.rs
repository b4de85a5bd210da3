//! Page links: the `Link` header (RFC 8288) as Okta sends it.

use reqwest::header::{HeaderMap, LINK};

/// The address of a list's next page, as the org gave it. Its cursor is opaque; it is followed as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NextPage(String);

impl NextPage {
    /// A link kept from an earlier answer. It is checked when it is followed.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The link, to keep.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link of relation `next`, from header lines that each may hold several links.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(LINK).into_iter();
        lines.filter_map(|line| line.to_str().ok()).find_map(next_in).map(Self)
    }
}

fn next_in(line: &str) -> Option<String> {
    let mut rest = line;
    while let Some((url, parameters, after)) = first_link(rest) {
        if relations(parameters).any(|relation| relation.eq_ignore_ascii_case("next")) {
            return Some(url.trim().to_owned());
        }
        rest = after;
    }
    None
}

/// The first `<url>; parameters` of a line and what follows its comma. A comma within `<…>` or quotes ends nothing.
fn first_link(line: &str) -> Option<(&str, &str, &str)> {
    let (_, from_url) = line.split_once('<')?;
    let (url, from_parameters) = from_url.split_once('>')?;
    let end = outside_quotes(from_parameters, ',').unwrap_or(from_parameters.len());
    let (parameters, after) = from_parameters.split_at(end);
    Some((url, parameters, after))
}

/// The relations that a link's parameters name: `rel="self next"` names two.
fn relations(mut parameters: &str) -> impl Iterator<Item = &str> {
    let parts = std::iter::from_fn(move || {
        let start = parameters.find(|c: char| c != ';')?;
        let part = &parameters[start..];
        let end = outside_quotes(part, ';').unwrap_or(part.len());
        parameters = &part[end..];
        Some(&part[..end])
    });
    parts
        .filter_map(|part| part.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split_ascii_whitespace())
}

/// Where the first `wanted` outside of double quotes stands.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn next(lines: &[&'static str]) -> Option<String> {
        let headers = lines.iter().map(|line| (LINK, HeaderValue::from_static(line))).collect();
        NextPage::read(&headers).map(|page| page.0)
    }

    #[test]
    fn finds_next_however_the_links_are_written() {
        let url = "https://acme.okta.com/api/v1/users?after=x,y;z&limit=2";
        for lines in [
            &[r#"<https://a/>; rel="self""#, r#"<https://acme.okta.com/api/v1/users?after=x,y;z&limit=2>; rel="next""#]
                [..],
            &[
                r#"<https://a/?b=1,2>; rel="self", <https://acme.okta.com/api/v1/users?after=x,y;z&limit=2>; rel="next""#,
            ],
            &[r"<https://acme.okta.com/api/v1/users?after=x,y;z&limit=2>;rel=next"],
            &[r#"<https://acme.okta.com/api/v1/users?after=x,y;z&limit=2> ; title="a, \"b;" ; REL="prev Next""#],
            &[
                r#"<https://a/>;title="rel=next, <x>",<https://acme.okta.com/api/v1/users?after=x,y;z&limit=2>;rel="next""#,
            ],
        ] {
            assert_eq!(next(lines).as_deref(), Some(url), "{lines:?}");
        }
    }

    #[test]
    fn finds_none_where_there_is_none() {
        for lines in [
            &[][..],
            &[r#"<https://a/>; rel="self""#],
            &["nonsense"],
            &["<unclosed; rel=next"],
            &[r#"<https://a/?rel=next>; rel="self""#],
        ] {
            assert_eq!(next(lines), None, "{lines:?}");
        }
    }
}
