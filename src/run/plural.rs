//! Counts with their nouns, for everything that a person reads.

/// `1 write`, `2 writes`.
pub fn count_noun(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
