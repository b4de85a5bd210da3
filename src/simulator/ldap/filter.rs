//! Whether an entry matches a search filter, by AD's rules of comparison.

use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};

use super::super::directory::{LdapEntry, SimulatedDirectory, same_value};
use super::codec::value_bytes;

/// Microsoft's page "Search Filter Syntax": all the bits given, any of them.
const BIT_AND: &str = "1.2.840.113556.1.4.803";
const BIT_OR: &str = "1.2.840.113556.1.4.804";

/// An attribute that is absent matches nothing, so its negation matches, as `(!(mail=*))` must.
pub(super) fn matches(filter: &LdapFilter, directory: &SimulatedDirectory, entry: LdapEntry<'_>) -> bool {
    let values = |name: &str| directory.values(entry, name);
    match filter {
        LdapFilter::And(parts) => parts.iter().all(|part| matches(part, directory, entry)),
        LdapFilter::Or(parts) => parts.iter().any(|part| matches(part, directory, entry)),
        LdapFilter::Not(part) => !matches(part, directory, entry),
        LdapFilter::Present(name) => !values(name).is_empty(),
        // AD takes an approximate match for an equality.
        LdapFilter::Equality(name, value) | LdapFilter::Approx(name, value) => equals(name, &values(name), value),
        LdapFilter::Substring(name, pieces) => values(name).iter().any(|value| contains(value, pieces)),
        LdapFilter::GreaterOrEqual(name, bound) => values(name).iter().any(|value| compare(value, bound).is_ge()),
        LdapFilter::LessOrEqual(name, bound) => values(name).iter().any(|value| compare(value, bound).is_le()),
        LdapFilter::Extensible(assertion) => extensible(assertion, values),
    }
}

/// An equality that every matching entry must meet, to be looked up in an index.
pub(super) fn required_equalities(filter: &LdapFilter) -> Vec<(&str, Vec<u8>)> {
    match filter {
        LdapFilter::Equality(name, value) => vec![(name, value_bytes(value))],
        LdapFilter::And(parts) => parts.iter().flat_map(required_equalities).collect(),
        _ => Vec::new(),
    }
}

fn equals(name: &str, values: &[Vec<u8>], asserted: &str) -> bool {
    let asserted = value_bytes(asserted);
    values.iter().any(|value| same_value(name, value, &asserted))
}

/// Initial, middle and final pieces, in this order and without overlap.
fn contains(value: &[u8], pieces: &LdapSubstringFilter) -> bool {
    let value = String::from_utf8_lossy(value).to_lowercase();
    let mut rest = value.as_str();
    if let Some(initial) = &pieces.initial {
        let Some(after) = rest.strip_prefix(&initial.to_lowercase()) else {
            return false;
        };
        rest = after;
    }
    for piece in &pieces.any {
        let piece = piece.to_lowercase();
        let Some(position) = rest.find(&piece) else {
            return false;
        };
        rest = &rest[position + piece.len()..];
    }
    let last = pieces.final_.as_deref().unwrap_or_default();
    rest.ends_with(&last.to_lowercase())
}

/// Numbers by size, other texts by letters.
fn compare(value: &[u8], bound: &str) -> std::cmp::Ordering {
    let value = String::from_utf8_lossy(value);
    match (value.parse::<i64>(), bound.parse::<i64>()) {
        (Ok(value), Ok(bound)) => value.cmp(&bound),
        _ => value.to_lowercase().cmp(&bound.to_lowercase()),
    }
}

/// An unknown rule matches nothing.
fn extensible(assertion: &LdapMatchingRuleAssertion, values: impl Fn(&str) -> Vec<Vec<u8>>) -> bool {
    let Some(name) = &assertion.type_ else {
        return false;
    };
    let values = values(name);
    let Some(rule) = &assertion.matching_rule else {
        return equals(name, &values, &assertion.match_value);
    };
    let Ok(mask) = assertion.match_value.parse::<i64>() else {
        return false;
    };
    let meets = |bits: i64| match rule.as_str() {
        BIT_AND => bits & mask == mask,
        BIT_OR => bits & mask != 0,
        _ => false,
    };
    let number = |value: &Vec<u8>| String::from_utf8_lossy(value).parse::<i64>().ok();
    values.iter().filter_map(number).any(meets)
}
