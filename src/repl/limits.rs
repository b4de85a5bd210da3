//! `:limits`: the rate limits of the orgs, as far as their answers told them.

use crate::okta::BucketRate;
use crate::report::table::text_table;

const COLUMNS: [&str; 7] = ["org", "calls of", "a minute", "ours", "others'", "left", "left to others"];

/// A row for each bucket that was called; the counts are of the window that goes on, or that ended last.
pub(super) fn limits_table<'a>(rates: impl Iterator<Item = (&'a str, Vec<BucketRate>)>, width: Option<u16>) -> String {
    let rows: Vec<Vec<String>> =
        rates.flat_map(|(org, rates)| rates.into_iter().map(move |rate| row(org, &rate))).collect();
    if rows.is_empty() {
        return "no limit is known yet: the first answer to a call tells it".to_owned();
    }
    text_table(&COLUMNS, &rows, width).trim_end().to_owned()
}

fn row(org: &str, rate: &BucketRate) -> Vec<String> {
    let left = rate.limit.saturating_sub(rate.ours + rate.others);
    let reserve = rate.limit.saturating_sub(rate.share);
    let mut row = vec![org.to_owned(), rate.bucket.to_owned()];
    let figures = [rate.limit, rate.ours, rate.others, left, reserve];
    row.extend(figures.map(|figure| figure.to_string()));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_and_what_is_reserved_are_told_apart() {
        let rate = BucketRate { bucket: "/api/v1/groups", limit: 500, share: 400, ours: 30, total: 30, others: 20 };
        assert_eq!(row("hub", &rate), ["hub", "/api/v1/groups", "500", "30", "20", "450", "100"]);
    }
}
