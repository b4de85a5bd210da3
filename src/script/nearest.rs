//! The known names that are nearest to a misspelt one.

/// At most three of `known` that could be meant by `wanted`, nearest first.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = wanted.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|name| *name != wanted)
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed_distance(wanted, name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, name)| name).take(3).collect()
}

/// "`a`", "`a` or `b`", "`a`, `b` or `c`".
pub fn or_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Letters swapped count once, and a name that was given without its folder (`move_user_to_ou`) is as near as its last part.
fn distance(wanted: &str, name: &str) -> usize {
    let whole = strsim::damerau_levenshtein(wanted, name);
    match name.rsplit_once('/') {
        Some((_, last)) if !wanted.contains('/') => whole.min(strsim::damerau_levenshtein(wanted, last)),
        _ => whole,
    }
}

/// A third of the longer name may be wrong, but never all of a short one.
fn allowed_distance(wanted: &str, name: &str) -> usize {
    let length = wanted.chars().count().max(name.chars().count());
    (length / 3).max(1).min(wanted.chars().count().saturating_sub(1))
}
