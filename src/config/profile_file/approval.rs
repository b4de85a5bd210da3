//! The table `approval` of an org.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;

use super::super::approval::ApprovalProfile;
use super::{ProfileReader, ProfileSection};

const KEYS: &[&str] = &["required", "ticket", "secret", "private_key", "approvers", "valid_for"];

impl ProfileReader<'_> {
    pub(super) fn approval(&mut self, org: &ProfileSection<'_>) -> ApprovalProfile {
        let Some(place) = self.table(org, "approval") else {
            return ApprovalProfile::default();
        };
        self.refuse_unknown_keys(&place, KEYS);
        let (shared, private_key) = (self.given_secret(&place, "secret"), self.given_secret(&place, "private_key"));
        let approval = ApprovalProfile {
            required: self.boolean(&place, "required"),
            ticket: self.boolean(&place, "ticket"),
            secret: shared,
            private_key,
            approvers: self.approvers(&place),
            valid_for: self.valid_for(&place),
        };
        let names_keys = ["secret", "approvers"].map(|key| place.table.contains_key(key));
        if approval.required && names_keys == [false, false] {
            self.source
                .problem(
                    place.span.clone(),
                    format!("nothing in `{}` tells an approval from another text", place.title),
                )
                .help("add approvers = { NAME = \"path of a public key\" }, or secret = { file = \"path\" }");
        }
        approval
    }

    /// A duration such as `8h` or `90m`.
    fn valid_for(&mut self, place: &ProfileSection<'_>) -> Option<SignedDuration> {
        let written = self.string(place, "valid_for")?;
        match written.parse::<SignedDuration>() {
            Ok(duration) if duration.is_positive() => Some(duration),
            _ => {
                self.source
                    .problem(place.span.clone(), format!("`valid_for` of `{}` is no duration: {written}", place.title))
                    .help("write it in hours or minutes: valid_for = \"8h\"");
                None
            }
        }
    }

    fn approvers(&mut self, place: &ProfileSection<'_>) -> BTreeMap<String, PathBuf> {
        let Some(section) = self.table(place, "approvers") else {
            return BTreeMap::new();
        };
        let names = section.table.keys().map(|name| name.get_ref().to_string());
        let mut approvers = BTreeMap::new();
        for name in names {
            if let Some(written) = self.string(&section, &name) {
                approvers.insert(name, self.file(&written));
            }
        }
        approvers
    }

    /// A table in a table.
    fn table<'t>(&mut self, section: &ProfileSection<'t>, key: &str) -> Option<ProfileSection<'t>> {
        let (at, value) = section.table.get_key_value(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, value.span(), "a table");
        }
        Some(ProfileSection { title: format!("{key} of {}", section.title), span: at.span(), table: table? })
    }
}
