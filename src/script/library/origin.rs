//! The line by which a copy names the runbook it was made from.

/// What a copy was made from. In the text it is a comment below the header:
/// `// Copied from ad/move_user_to_ou of okta-runbook 0.1.0 (2f0c…).`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOrigin {
    /// Name of the runbook.
    pub runbook: String,
    /// Version of the program.
    pub version: String,
    /// Digest of the text it was copied from.
    pub digest: String,
}

const BEFORE: &str = "// Copied from ";
const OF: &str = " of okta-runbook ";

impl CopyOrigin {
    /// The origin that `text` names, and `text` without that line.
    pub fn split(text: &str) -> (Option<Self>, String) {
        let mut origin = None;
        let mut rest = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match Self::parse(line.trim_end()) {
                Some(found) if origin.is_none() => origin = Some(found),
                _ => rest.push_str(line),
            }
        }
        (origin, rest)
    }

    /// `text` with this line below its `//!` header, which stays what `show` reads first.
    pub fn written_into(&self, text: &str) -> String {
        let header: usize = text
            .split_inclusive('\n')
            .take_while(|line| line.trim_start_matches('\u{feff}').starts_with("//!"))
            .map(str::len)
            .sum();
        let (header, rest) = text.split_at(header);
        format!("{header}{}\n{rest}", self.line())
    }

    fn line(&self) -> String {
        format!("{BEFORE}{}{OF}{} ({}).", self.runbook, self.version, self.digest)
    }

    fn parse(line: &str) -> Option<Self> {
        let (runbook, rest) = line.strip_prefix(BEFORE)?.split_once(OF)?;
        let (version, digest) = rest.strip_suffix(").")?.split_once(" (")?;
        Some(Self { runbook: runbook.to_owned(), version: version.to_owned(), digest: digest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_without_its_line_is_the_original() {
        let origin = CopyOrigin { runbook: "ad/move".into(), version: "0.1.0".into(), digest: "2f0c".into() };
        for text in ["//! Move.\n//!\n//! Prose.\n\nnote(1);\n", "note(1);\n", ""] {
            let copy = origin.written_into(text);
            assert_ne!(copy, text);
            assert_eq!(CopyOrigin::split(&copy), (Some(origin.clone()), text.to_owned()));
        }
        assert!(origin.written_into("//! Move.\n\nx").starts_with("//! Move.\n// Copied from ad/move of"));
    }

    #[test]
    fn other_comments_stay() {
        let text = "// Copied from a ticket.\n";
        assert_eq!(CopyOrigin::split(text), (None, text.to_owned()));
    }
}
