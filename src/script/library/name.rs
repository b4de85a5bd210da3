//! Names of runbooks and modules: `ad/move_user_to_ou`.

use std::fmt;
use std::path::PathBuf;

/// A name that cannot leave its shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunbookName(String);

impl RunbookName {
    /// Accepts a name with or without `.rhai`; says what is wrong with any other.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let name = text.strip_suffix(".rhai").unwrap_or(text);
        if name.is_empty() {
            return Err("it is empty");
        }
        if name.starts_with('/') || name.contains(['\\', ':', '\0']) {
            return Err("it must be relative, its parts separated by `/`");
        }
        for part in name.split('/') {
            match part {
                "" => return Err("a part of it is empty"),
                "." | ".." => return Err("`.` and `..` may not stand in a name"),
                _ => {}
            }
        }
        Ok(Self(name.to_owned()))
    }

    /// The file under a shelf's folder.
    pub(super) fn file(&self) -> PathBuf {
        PathBuf::from(format!("{}.rhai", self.0))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunbookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a runbook given by its path is called: the path without `./` and `.rhai`.
pub(super) fn file_name(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_suffix(".rhai").unwrap_or(path).to_owned()
}
