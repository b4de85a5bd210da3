//! Ids as Okta makes them: a type prefix, then letters and digits, the last of them naming the cell.

/// An Okta id: 20 characters with a type prefix.
pub(super) type OktaId = String;

/// Makes the ids of one org; the same seed gives the same ids.
pub(super) struct IdMaker {
    random: fastrand::Rng,
    /// The last three characters of every id of an org.
    cell: &'static str,
    /// Number of the last placeholder, where ids stand for those that a real org will give.
    planned: Option<u32>,
}

const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl IdMaker {
    pub(super) fn new(seed: u64, cell: &'static str) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), cell, planned: None }
    }

    /// From here on ids are placeholders: `00gPLANNED0000000001`. `org` tells those of orgs that are planned together apart.
    pub(super) fn be_planned(&mut self, org: u32) {
        self.planned = Some(org * 100_000_000);
    }

    /// A new id of 20 characters that begins with `prefix`, such as `00u`.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        if let Some(number) = &mut self.planned {
            *number += 1;
            return planned_id(prefix, *number);
        }
        let middle = 20 - prefix.len() - self.cell.len();
        format!("{prefix}{}{}", self.characters(middle), self.cell)
    }

    /// `length` random letters and digits, for tokens and error ids.
    pub(super) fn characters(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[self.random.usize(..ALPHABET.len())])).collect()
    }
}

const PLANNED: &str = "PLANNED";

/// A placeholder for the id that a real org will give.
pub(super) fn planned_id(prefix: &str, number: u32) -> String {
    format!("{prefix}{PLANNED}{number:010}")
}

/// Whether an id is such a placeholder.
pub(super) fn is_planned(id: &str) -> bool {
    id.get(3..).is_some_and(|rest| rest.starts_with(PLANNED))
}
