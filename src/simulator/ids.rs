//! Ids as Okta makes them: a type prefix, then letters and digits, the last of them naming the cell.

/// Makes the ids of one org; the same seed gives the same ids.
pub(super) struct Ids {
    random: fastrand::Rng,
    /// The last three characters of every id of an org.
    cell: &'static str,
}

const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Ids {
    pub(super) fn new(seed: u64, cell: &'static str) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            cell,
        }
    }

    /// A new id of 20 characters that begins with `prefix`, such as `00u`.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        let middle = 20 - prefix.len() - self.cell.len();
        format!("{prefix}{}{}", self.characters(middle), self.cell)
    }

    /// `length` random letters and digits, for tokens and error ids.
    pub(super) fn characters(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(ALPHABET[self.random.usize(..ALPHABET.len())]))
            .collect()
    }
}
