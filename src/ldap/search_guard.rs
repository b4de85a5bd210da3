//! What ends a search that would not end by itself: entries without end, pages that come again.
//!
//! The bounds are far beyond what a runbook looks for in a directory: who asks for more asks for the wrong thing, or asks something that
//! is no directory.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::dn::Dn;
use super::entry::DirectoryEntry;

/// The most bytes of a search's entries, which are held all together.
const MOST_BYTES: usize = 256 << 20;
/// The most entries of a search.
const MOST_ENTRIES: usize = 250_000;
/// The most pages without an entry, one after another: a domain controller gives some where a search takes it long.
const MOST_EMPTY_PAGES: usize = 1_000;

/// Follows one search.
#[derive(Debug, Default)]
pub(super) struct SearchGuard {
    bytes: usize,
    entries: usize,
    empty_pages: usize,
    /// Hashes of the names of the pages before. A cookie may be the same for all pages (Samba's is), an entry comes once.
    names: HashSet<u64>,
}

/// Why a search was not read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndlessSearch {
    /// A page holds nothing but entries of pages before.
    Repeated,
    EmptyPages,
    TooManyEntries,
    TooManyBytes,
}

impl SearchGuard {
    /// Takes in an entry.
    pub(super) fn entry(&mut self, entry: &DirectoryEntry) -> Result<(), EndlessSearch> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(size(entry));
        if self.bytes > MOST_BYTES {
            return Err(EndlessSearch::TooManyBytes);
        }
        if self.entries > MOST_ENTRIES {
            return Err(EndlessSearch::TooManyEntries);
        }
        Ok(())
    }

    /// Takes in a page that is not the last one.
    pub(super) fn page(&mut self, entries: &[DirectoryEntry]) -> Result<(), EndlessSearch> {
        if entries.is_empty() {
            self.empty_pages += 1;
            let is_endless = self.empty_pages >= MOST_EMPTY_PAGES;
            return if is_endless { Err(EndlessSearch::EmptyPages) } else { Ok(()) };
        }
        self.empty_pages = 0;
        let mut is_new = false;
        for entry in entries {
            is_new |= self.names.insert(hash(&entry.dn));
        }
        if is_new { Ok(()) } else { Err(EndlessSearch::Repeated) }
    }
}

fn hash(dn: &Dn) -> u64 {
    let mut hasher = DefaultHasher::new();
    dn.to_string().hash(&mut hasher);
    hasher.finish()
}

/// About the bytes that an entry takes.
fn size(entry: &DirectoryEntry) -> usize {
    /// What a name or a value takes beside its bytes.
    const OVERHEAD: usize = 32;
    let attributes = entry.attributes.iter().map(|(name, values)| {
        let values = values.iter().map(|value| value.len() + OVERHEAD);
        name.len() + OVERHEAD + values.sum::<usize>()
    });
    entry.dn.to_string().len() + OVERHEAD + attributes.sum::<usize>()
}

impl fmt::Display for EndlessSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => f.write_str("gave the same page again, so the search would never end"),
            Self::EmptyPages => write!(f, "gave {MOST_EMPTY_PAGES} empty pages in a row"),
            Self::TooManyEntries => {
                write!(f, "gave more than {MOST_ENTRIES} entries, the most that are read of one search")
            }
            Self::TooManyBytes => {
                write!(f, "gave more than {} MiB, the most that is read of one search", MOST_BYTES >> 20)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entry(number: usize, bytes: usize) -> DirectoryEntry {
        DirectoryEntry {
            dn: Dn::parse(&format!("CN=u{number},DC=x")).expect("a name"),
            attributes: BTreeMap::from([("description".to_owned(), vec![vec![b'x'; bytes]])]),
        }
    }

    #[test]
    fn a_page_that_comes_again_ends_the_search_and_one_that_overlaps_does_not() {
        let mut guard = SearchGuard::default();
        let page = |numbers: std::ops::Range<usize>| -> Vec<DirectoryEntry> {
            numbers.map(|number| entry(number, 1)).collect()
        };
        assert_eq!(guard.page(&page(0..10)), Ok(()));
        assert_eq!(guard.page(&page(9..20)), Ok(()));
        assert_eq!(guard.page(&page(0..10)), Err(EndlessSearch::Repeated));
    }

    #[test]
    fn empty_pages_and_entries_without_end_end_the_search() {
        let mut guard = SearchGuard::default();
        let empty = (1..).find_map(|page| Some((page, guard.page(&[]).err()?)));
        assert_eq!(empty, Some((MOST_EMPTY_PAGES, EndlessSearch::EmptyPages)));
        let mut guard = SearchGuard::default();
        let small = entry(1, 1);
        let ended = (0..).find_map(|_| guard.entry(&small).err());
        assert_eq!(ended, Some(EndlessSearch::TooManyEntries));
        let mut guard = SearchGuard::default();
        let large = entry(1, 1 << 20);
        let ended = (1..).find_map(|count| Some((count, guard.entry(&large).err()?)));
        assert_eq!(ended, Some((256, EndlessSearch::TooManyBytes)));
    }
}
