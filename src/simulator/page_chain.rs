//! The pages of a list that another server gives: each leads to the next, and none may lead back.

use std::collections::HashSet;

/// The most pages of one list: twenty times those of all users of an org of a million.
const MOST_PAGES: usize = 100_000;

/// The addresses that were read of one list.
#[derive(Debug, Default)]
pub(super) struct PageChain {
    read: HashSet<String>,
}

impl PageChain {
    /// Takes in the address of a page that is about to be read.
    ///
    /// # Errors
    /// When the list would not end: the page was read before, or there are too many of them.
    pub(super) fn follow(&mut self, address: &str) -> Result<(), String> {
        let page = self.read.len();
        if !self.read.insert(address.to_owned()) {
            return Err(format!(
                "page {page} of the list leads to a page that was read before, so the list would never end"
            ));
        }
        if page >= MOST_PAGES {
            return Err(format!("the list goes on after page {page}, and no list has more pages"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_leads_back_ends_and_so_does_one_without_end() {
        let mut chain = PageChain::default();
        assert_eq!(chain.follow("/users"), Ok(()));
        assert_eq!(chain.follow("/users?after=1"), Ok(()));
        let back = chain.follow("/users").expect_err("a circle");
        assert!(back.starts_with("page 2 of the list"), "{back}");
        let mut chain = PageChain::default();
        let ended = (0..).find_map(|page| chain.follow(&format!("/users?after={page}")).err());
        assert!(ended.is_some_and(|ended| ended.contains("after page 100000")));
    }
}
