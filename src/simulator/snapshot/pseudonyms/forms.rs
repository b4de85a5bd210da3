//! What texts are made of: names with dots and spaces, addresses, distinguished names, URLs, expressions.

use super::super::super::dn::DirectoryName;
use super::digits::{self, NumberRun};

/// What a word is in its text. The earlier one counts where a word is several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WordRole {
    /// The last label of a domain.
    End,
    Given,
    Family,
    Part,
    /// Quoted by an expression.
    Literal,
}

/// A text by its form.
#[derive(Clone, Copy, Debug)]
pub(super) enum FormedText<'a> {
    Words(WordRole, &'a str),
    Domain(&'a str),
    /// `local@domain`
    Address(&'a str),
    Dn(&'a str),
    Url(&'a str),
    /// A security identifier: numbers only.
    Sid(&'a str),
    /// A moment as Okta writes it.
    Time(&'a str),
}

const SID: &str = "S-1-";

/// Gives what stands for a word; `None` leaves it.
pub(super) type WordExchange<'a> = dyn FnMut(WordRole, &str) -> Option<String> + 'a;

impl<'a> FormedText<'a> {
    /// Any value: its form is seen from it.
    pub(super) fn of(role: WordRole, text: &'a str) -> Self {
        if is_dn(text) {
            return Self::Dn(text);
        }
        if let Some(numbers) = text.strip_prefix(SID) {
            return Self::Sid(numbers);
        }
        if text.contains("://") || text.starts_with('{') {
            return Self::Url(text);
        }
        if digits::is_time(text) {
            return Self::Time(text);
        }
        let one_word = !text.contains(char::is_whitespace);
        match text.rsplit_once('@') {
            Some((local, domain)) if one_word && !local.is_empty() && !domain.is_empty() => Self::Address(text),
            _ => Self::Words(role, text),
        }
    }

    /// The text with its words exchanged.
    pub(super) fn rewrite(self, exchange: &mut WordExchange<'_>) -> String {
        match self {
            Self::Words(role, text) => words(role, text, exchange),
            Self::Domain(text) => domain(text, exchange),
            Self::Address(text) => match text.rsplit_once('@') {
                Some((local, end)) => {
                    let local = words(WordRole::Part, local, exchange);
                    format!("{local}@{}", domain(end, exchange))
                }
                None => words(WordRole::Part, text, exchange),
            },
            Self::Dn(text) => dn(text, exchange),
            Self::Url(text) => url(text, exchange),
            Self::Sid(numbers) => format!("{SID}{}", sid(numbers, exchange)),
            Self::Time(text) => digits::made_time(text, &mut |all| exchange(WordRole::Part, all)),
        }
    }
}

/// Whether it names an object of a directory.
pub(super) fn is_dn(text: &str) -> bool {
    let named = DirectoryName::parse(text).is_ok_and(|dn| !dn.is_root());
    let kinds = ["CN=", "OU=", "DC="];
    let upper = text.trim_start().to_uppercase();
    named && kinds.iter().any(|kind| upper.starts_with(kind))
}

/// The first numbers of a domain's identifier are the same in every domain.
fn sid(numbers: &str, exchange: &mut WordExchange<'_>) -> String {
    let parts = numbers.split('-').map(|part| {
        let made = (part.len() > 2).then(|| exchange(WordRole::Part, part));
        made.flatten().unwrap_or_else(|| part.to_owned())
    });
    parts.collect::<Vec<_>>().join("-")
}

/// Every run of letters and digits is a word; digits in groups, as numbers of phones and dates are written, are one.
fn words(role: WordRole, text: &str, exchange: &mut WordExchange<'_>) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(run) = NumberRun::at_start_of(rest) {
            made.push_str(&run.rewrite(&mut |all| exchange(role, all)));
            rest = &rest[run.len()..];
            continue;
        }
        let end = rest.find(|one: char| !one.is_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            made.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let word = &rest[..end];
        made.push_str(&exchange(role, word).unwrap_or_else(|| word.to_owned()));
        rest = &rest[end..];
    }
    made
}

/// The last label is an end of domains, so that what is made is nobody's domain.
fn domain(text: &str, exchange: &mut WordExchange<'_>) -> String {
    match text.rsplit_once('.') {
        Some((labels, end)) => {
            let labels = words(WordRole::Part, labels, exchange);
            format!("{labels}.{}", words(WordRole::End, end, exchange))
        }
        None => words(WordRole::Part, text, exchange),
    }
}

/// The domain of a DN is its `DC`s. `CN=Users` right below it is there in every domain.
fn dn(text: &str, exchange: &mut WordExchange<'_>) -> String {
    let Ok(parsed) = DirectoryName::parse(text) else {
        return words(WordRole::Part, text, exchange);
    };
    let kinds = parsed.kinds();
    let last = kinds.len().saturating_sub(1);
    let domain = kinds.iter().position(|kind| kind == "DC");
    let made = parsed.with_values(&mut |index, value| {
        let kind = kinds[index].as_str();
        if kind == "CN" && value == "Users" && domain == Some(index + 1) {
            return value.to_owned();
        }
        let is_end = kind == "DC" && index == last && domain != Some(index);
        let role = if is_end { WordRole::End } else { WordRole::Part };
        words(role, value, exchange)
    });
    made.to_string()
}

/// `{hub.url}` stays, and so do scheme and port.
fn url(text: &str, exchange: &mut WordExchange<'_>) -> String {
    if let Some((mark, path)) = text.strip_prefix('{').and_then(|rest| rest.split_once(".url}")) {
        return format!("{{{mark}.url}}{}", path_of(path, exchange));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return words(WordRole::Part, text, exchange);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let colon = if port.is_empty() { "" } else { ":" };
    let host = domain(host, exchange);
    let path = words(WordRole::Part, path, exchange);
    format!("{scheme}://{host}{colon}{port}{path}")
}

/// Of an org's own path only ids are somebody's.
fn path_of(path: &str, exchange: &mut WordExchange<'_>) -> String {
    let parts = path.split('/').map(|part| {
        let is_id = part.len() == 20 && part.chars().all(char::is_alphanumeric);
        let made = is_id.then(|| exchange(WordRole::Part, part)).flatten();
        made.unwrap_or_else(|| part.to_owned())
    });
    parts.collect::<Vec<_>>().join("/")
}

/// An expression with its literals exchanged: only what is quoted is a value.
pub(super) fn literals(text: &str, exchange: &mut dyn FnMut(&str) -> String) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        let mark = &quoted[..1];
        let Some((literal, after)) = quoted[1..].split_once(mark) else {
            break;
        };
        made.extend([before, mark, &exchange(literal), mark]);
        rest = after;
    }
    made.push_str(rest);
    made
}
