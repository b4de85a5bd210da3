//! Lists in pages: `limit`, opaque `after` cursors and `Link` headers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::http::{ApiAnswer, ApiRefusal, ApiReply, SignedInRequest};
use super::store::OktaId;

/// Sizes of a list's pages, by Okta's API description.
#[derive(Clone, Copy)]
pub(super) struct PageSize {
    pub(super) default: usize,
    pub(super) maximum: usize,
}

/// Unreserved characters of a query stay as they are.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A page of a map in the order of its keys; `show` gives `None` for what the list leaves out.
pub(super) fn of_map<T>(
    request: &SignedInRequest,
    size: PageSize,
    map: &BTreeMap<OktaId, T>,
    mut show: impl FnMut(&T) -> Option<Value>,
) -> ApiReply {
    let after = cursor(request)?;
    let rest = map.range::<str, _>((lower_bound(after.as_deref()), Bound::Unbounded));
    page(request, size, rest.filter_map(|(id, item)| Some((id.clone(), show(item)?))))
}

/// A page of a set of ids in their order.
pub(super) fn of_set(
    request: &SignedInRequest,
    size: PageSize,
    set: &BTreeSet<OktaId>,
    mut show: impl FnMut(&OktaId) -> Option<Value>,
) -> ApiReply {
    let after = cursor(request)?;
    let rest = set.range::<str, _>((lower_bound(after.as_deref()), Bound::Unbounded));
    page(request, size, rest.filter_map(|id| Some((id.clone(), show(id)?))))
}

/// A page of items that are sorted already; the cursor counts them.
pub(super) fn of_sorted<T>(
    request: &SignedInRequest,
    size: PageSize,
    items: &[T],
    mut show: impl FnMut(&T) -> Value,
) -> ApiReply {
    let start = match cursor(request)? {
        Some(text) => text.parse::<usize>().map_err(|_| bad_cursor())?,
        None => 0,
    };
    let rest = items.iter().enumerate().skip(start);
    page(request, size, rest.map(|(index, item)| ((index + 1).to_string(), show(item))))
}

/// Takes one page off `rest`, whose items come with the cursor that follows them.
///
/// `rest` is asked for one item more than the page holds: that one tells whether there is a `next`.
pub(super) fn page(
    request: &SignedInRequest,
    size: PageSize,
    mut rest: impl Iterator<Item = (String, Value)>,
) -> ApiReply {
    let limit = limit(request, size)?;
    let mut items = Vec::new();
    let mut last = String::new();
    for (key, value) in rest.by_ref().take(limit) {
        last = key;
        items.push(value);
    }
    let next = (!items.is_empty() && rest.next().is_some()).then(|| encode(&last));
    answer(request, limit, items, next.as_deref())
}

/// A list that is answered whole, with a `self` link only.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
pub(super) fn whole_list(request: &SignedInRequest, items: Vec<Value>) -> ApiReply {
    let mut answer = ApiAnswer { status: 200, body: Some(Value::Array(items)), headers: Vec::new() };
    let path = &request.path;
    let own = query_text(request.query.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    answer.headers.push(("link", format!("<{}{path}{own}>; rel=\"self\"", request.base)));
    Ok(answer)
}

/// A page that was made by other means, with its links.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
pub(super) fn answer(request: &SignedInRequest, limit: usize, items: Vec<Value>, next: Option<&str>) -> ApiReply {
    let mut headers = vec![("link", link(request, limit, request.query("after"), "self"))];
    if next.is_some() {
        headers.push(("link", link(request, limit, next, "next")));
    }
    Ok(ApiAnswer { status: 200, body: Some(Value::Array(items)), headers })
}

/// The `limit` asked for within the list's bounds. Assumed: a larger one is cut to the maximum.
pub(super) fn limit(request: &SignedInRequest, size: PageSize) -> Result<usize, ApiRefusal> {
    match request.query("limit") {
        None | Some("") => Ok(size.default),
        Some("-1") => Ok(size.maximum),
        Some(text) => {
            let asked: usize = text.parse().map_err(|_| ApiRefusal::mismatch("limit", text))?;
            Ok(asked.clamp(1, size.maximum))
        }
    }
}

/// What the `after` of a request says, or E0000029 when it is no cursor of ours.
pub(super) fn cursor(request: &SignedInRequest) -> Result<Option<String>, ApiRefusal> {
    let Some(text) = request.query("after").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_cursor())?;
    let text = String::from_utf8(bytes).map_err(|_| bad_cursor())?;
    let key = text.strip_prefix("c:").ok_or_else(bad_cursor)?;
    Ok(Some(key.to_owned()))
}

/// The opaque form of a cursor.
pub(super) fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("c:{key}"))
}

fn bad_cursor() -> ApiRefusal {
    ApiRefusal::new(400, "E0000029", "Invalid paging request.").cause("Invalid cursor.")
}

fn lower_bound(after: Option<&str>) -> Bound<&str> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}

fn link(request: &SignedInRequest, limit: usize, after: Option<&str>, rel: &str) -> String {
    let limit = limit.to_string();
    let kept = request
        .query
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .filter(|(key, _)| !matches!(*key, "after" | "limit"));
    let pairs = after.map(|after| ("after", after)).into_iter().chain([("limit", limit.as_str())]).chain(kept);
    format!("<{}{}{}>; rel=\"{rel}\"", request.base, request.path, query_text(pairs))
}

fn query_text<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.extend(utf8_percent_encode(key, QUERY));
        text.push('=');
        text.extend(utf8_percent_encode(value, QUERY));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PageSize = PageSize { default: 2, maximum: 3 };

    fn request(query: &[(&str, &str)]) -> SignedInRequest {
        SignedInRequest {
            path: "/api/v1/things".to_owned(),
            base: "http://localhost:1".to_owned(),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..SignedInRequest::default()
        }
    }

    fn things(count: usize) -> BTreeMap<OktaId, usize> {
        (0..count).map(|n| (format!("id{n}"), n)).collect()
    }

    fn fetch(query: &[(&str, &str)], count: usize) -> ApiAnswer {
        of_map(&request(query), SIZE, &things(count), |n| Some(Value::from(*n))).expect("a page")
    }

    #[test]
    fn a_next_link_exists_only_when_more_items_do() {
        assert_eq!(fetch(&[], 2).headers.len(), 1);
        let answer = fetch(&[("q", "a b")], 3);
        let next = &answer.headers[1].1;
        assert_eq!(
            *next,
            format!("<http://localhost:1/api/v1/things?after={}&limit=2&q=a%20b>; rel=\"next\"", encode("id1"))
        );
    }

    #[test]
    fn a_cursor_continues_after_the_last_item_and_limits_are_cut() {
        let answer = fetch(&[("after", &encode("id1")), ("limit", "900")], 9);
        assert_eq!(answer.body, Some(serde_json::json!([2, 3, 4])));
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let refusal = of_map(&request(&[("after", "zzz")]), SIZE, &things(1), |_| None).err().expect("a refusal");
        assert_eq!((refusal.code, refusal.causes[0].as_str()), ("E0000029", "Invalid cursor."));
    }
}
