//! What ends a list that would not end by itself: a page that was read before, pages without items, more than anybody can hold.
//!
//! Okta's lists end. A proxy that repeats an answer, or a fault of the server, makes one that does not: it would use up the org's rate
//! limit and this machine's memory. The bounds are far beyond any org: one of a million users has 5,000 pages of them.

use std::collections::HashSet;
use std::fmt;

use super::pages::NextPage;

/// Follows one list from its first page on.
#[derive(Debug, Default)]
pub struct PageGuard {
    /// The links that were given.
    seen: HashSet<NextPage>,
    pages: u64,
    empty_in_a_row: u64,
    /// Bytes of the items that are held.
    held: u64,
}

/// The most pages of one list.
const MOST_PAGES: u64 = 100_000;
/// The most pages without an item, one after another. Okta's lists have some where what is found may not be seen.
const MOST_EMPTY_PAGES: u64 = 1_000;
/// The most bytes of a list's items, as JSON, that are held at a time: as values of a script they take a few times as much.
const MOST_HELD: u64 = 256 << 20;

/// Why a list was not read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndlessList {
    /// The page after which it was ended, counted from 1.
    pub page: u64,
    pub cause: EndlessCause,
}

/// What showed that a list does not end, or is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndlessCause {
    /// The page leads to one that was read before.
    Repeated,
    /// There are more pages than any list has.
    TooManyPages,
    /// Page after page is empty.
    EmptyPages,
    /// The items that are held are too many bytes.
    TooLarge,
}

impl PageGuard {
    /// Takes in a page of so many items and bytes, which leads to `next`.
    ///
    /// # Errors
    /// When the list must not be read on.
    pub fn take(&mut self, items: usize, bytes: usize, next: Option<&NextPage>) -> Result<(), EndlessList> {
        self.pages += 1;
        self.held = self.held.saturating_add(bytes as u64);
        self.empty_in_a_row = if items == 0 { self.empty_in_a_row + 1 } else { 0 };
        let repeated = next.is_some_and(|next| !self.seen.insert(next.clone()));
        match self.cause(repeated, next.is_some()) {
            Some(cause) => Err(EndlessList { page: self.pages, cause }),
            None => Ok(()),
        }
    }

    /// The items of the pages so far are no longer held.
    pub fn let_go(&mut self) {
        self.held = 0;
    }

    fn cause(&self, repeated: bool, goes_on: bool) -> Option<EndlessCause> {
        let causes = [
            (repeated, EndlessCause::Repeated),
            (self.held > MOST_HELD, EndlessCause::TooLarge),
            (goes_on && self.pages >= MOST_PAGES, EndlessCause::TooManyPages),
            (goes_on && self.empty_in_a_row >= MOST_EMPTY_PAGES, EndlessCause::EmptyPages),
        ];
        causes.into_iter().find_map(|(is_so, cause)| is_so.then_some(cause))
    }
}

impl EndlessList {
    /// What to do about it.
    pub(super) fn help(&self) -> &'static str {
        match self.cause {
            EndlessCause::Repeated | EndlessCause::EmptyPages => {
                "the org, or a proxy before it, repeats an answer: what was read of the list is not all of it; try again"
            }
            EndlessCause::TooManyPages | EndlessCause::TooLarge => {
                "ask for less with a filter, or walk the list with `for`, which holds one page at a time; a larger `limit` makes fewer pages"
            }
        }
    }
}

impl fmt::Display for EndlessList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.page;
        match self.cause {
            EndlessCause::Repeated => {
                write!(f, "page {page} of the list leads to a page that was read before, so the list would never end")
            }
            EndlessCause::TooManyPages => write!(
                f,
                "the list goes on after page {page}; {MOST_PAGES} pages of one list are the most that are read"
            ),
            EndlessCause::EmptyPages => {
                write!(f, "the list goes on after page {page}, though the last {MOST_EMPTY_PAGES} pages are empty")
            }
            EndlessCause::TooLarge => write!(
                f,
                "page {page} of the list is too much: the items of one list that are held may be {} MiB of JSON",
                MOST_HELD >> 20
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(number: u64) -> NextPage {
        NextPage::new(format!("https://acme.okta.com/api/v1/users?after={number}"))
    }

    #[test]
    fn a_list_of_a_million_users_is_followed_to_its_end() {
        let mut guard = PageGuard::default();
        for page in 1..5_000 {
            guard.take(200, 500_000, Some(&link(page))).expect("a page");
            guard.let_go();
        }
        guard.take(200, 500_000, None).expect("the last page");
    }

    #[test]
    fn a_page_that_was_read_before_ends_the_list() {
        for circle in [1, 2, 7] {
            let mut guard = PageGuard::default();
            let ended = (0..).find_map(|page| guard.take(1, 10, Some(&link(page % circle))).err());
            let ended = ended.expect("an end");
            assert_eq!(ended.cause, EndlessCause::Repeated);
            assert_eq!(ended.page, circle + 1);
            assert!(ended.to_string().starts_with(&format!("page {} of", circle + 1)));
        }
    }

    #[test]
    fn links_that_are_new_each_time_end_as_well() {
        let ended = |items, bytes| {
            let mut guard = PageGuard::default();
            let ended = (0..).find_map(|page| guard.take(items, bytes, Some(&link(page))).err());
            ended.expect("an end")
        };
        assert_eq!(ended(0, 2).cause, EndlessCause::EmptyPages);
        assert_eq!(ended(0, 2).page, MOST_EMPTY_PAGES);
        assert_eq!(ended(1, 10).cause, EndlessCause::TooManyPages);
        assert_eq!(ended(1000, 10 << 20).cause, EndlessCause::TooLarge);
        assert_eq!(ended(1000, 10 << 20).page, 26);
    }
}
