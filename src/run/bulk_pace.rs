//! How long a bulk step will still take, as far as the orgs' rate limits decide it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::okta::BucketRate;

/// The calls made when a bulk step began, by org and bucket, against which those of its items are told.
#[derive(Debug, Default)]
pub(super) struct BulkPace {
    before: BTreeMap<(String, &'static str), u64>,
    items: u64,
    ended: u64,
}

impl BulkPace {
    pub(super) fn begin<'a>(items: usize, rates: impl Iterator<Item = (&'a str, Vec<BucketRate>)>) -> Self {
        let of_org = |(org, rates): (&str, Vec<BucketRate>)| {
            let org = org.to_owned();
            rates.into_iter().map(move |rate| ((org.clone(), rate.bucket), rate.total))
        };
        Self { before: rates.flat_map(of_org).collect(), items: items as u64, ended: 0 }
    }

    /// Counts an item that ended, and tells the least time that the others take: in the bucket that holds up most, at the share that is
    /// ours, if they cost as many calls as those before. Zero where no limit is known.
    pub(super) fn item_ended<'a>(&mut self, rates: impl Iterator<Item = (&'a str, Vec<BucketRate>)>) -> Duration {
        self.ended += 1;
        let of_org = |(org, rates): (&str, Vec<BucketRate>)| {
            let times = rates.iter().map(|rate| self.time(org, rate));
            times.max().unwrap_or_default()
        };
        rates.map(of_org).max().unwrap_or_default()
    }

    pub(super) fn items(&self) -> u64 {
        self.items
    }

    /// Items that have not ended.
    pub(super) fn left(&self) -> u64 {
        self.items.saturating_sub(self.ended)
    }

    fn time(&self, org: &str, rate: &BucketRate) -> Duration {
        let key = (org.to_owned(), rate.bucket);
        let before = self.before.get(&key).copied().unwrap_or_default();
        let calls = rate.total.saturating_sub(before).saturating_mul(self.left()) / self.ended.max(1);
        Duration::from_secs(calls.saturating_mul(60) / rate.share.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(bucket: &'static str, share: u64, total: u64) -> BucketRate {
        let (limit, ours, others) = (share, 0, 0);
        BucketRate { bucket, limit, share, ours, others, total }
    }

    #[test]
    fn the_bucket_that_holds_up_most_tells_the_time() {
        let rates = |apps, groups| [("okta", vec![rate("apps", 40, apps), rate("groups", 400, groups)])];
        let mut pace = BulkPace::begin(101, rates(500, 7).into_iter());
        // Two calls an item in apps, one in groups.
        let left = pace.item_ended(rates(502, 8).into_iter());
        assert_eq!(left, Duration::from_secs(200 * 60 / 40));
    }

    #[test]
    fn without_a_known_limit_there_is_nothing_to_tell() {
        let mut pace = BulkPace::begin(3, std::iter::empty());
        assert_eq!(pace.item_ended(std::iter::empty()), Duration::ZERO);
    }
}
