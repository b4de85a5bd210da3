//! Values of a section, each read as what it should be; what is wrong with one is noted where it stands.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::super::address::{default_security, wrong_url};
use super::super::list_lag;
use super::super::problem::nearest;
use super::super::profile::{DirectorySecurity, ProfileOrigin};
use super::super::secret::SecretSource;
use super::{ProfileReader, ProfileSection, SECRET_EXAMPLE, SECRET_KEYS};

impl ProfileReader<'_> {
    pub(super) fn origin(&self, section: &ProfileSection<'_>) -> ProfileOrigin {
        ProfileOrigin::File { path: self.path.to_owned(), line: self.source.line(section.span.start) }
    }

    /// A path in the file counts from the folder of the file.
    pub(super) fn file(&self, written: &str) -> std::path::PathBuf {
        let folder = self.path.parent().unwrap_or(&self.environment.here);
        self.environment.path(folder, written)
    }

    /// Reports each unknown key with the nearest known one. Its value could be a secret under a misspelt name.
    pub(super) fn refuse_unknown_keys(&mut self, section: &ProfileSection<'_>, known: &[&str]) {
        for (key, value) in section.table {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            self.source.hidden.push(value.span());
            let keys = known.join(", ");
            let help = match nearest(key.get_ref(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`? (known here: {keys})"),
                None => format!("known here: {keys}"),
            };
            self.source.problem(key.span(), format!("unknown key `{}`", key.get_ref())).help(help);
        }
    }

    pub(super) fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, span: Range<usize>, wanted: &str) {
        self.source.hidden.push(value.span());
        let found = value.get_ref().type_str();
        self.source.problem(span, format!("{wanted} is needed here, not a value of type {found}"));
    }

    pub(super) fn missing(&mut self, section: &ProfileSection<'_>, key: &str, example: &str) {
        self.source
            .problem(section.span.clone(), format!("`{}` has no `{key}`", section.title))
            .help(format!("add a line: {key} = {example}"));
    }

    pub(super) fn string(&mut self, section: &ProfileSection<'_>, key: &str) -> Option<String> {
        let value = section.table.get(key)?;
        match value.get_ref().as_str() {
            Some("") => {
                self.source.problem(value.span(), format!("`{key}` is empty"));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_type(value, value.span(), "a string");
                None
            }
        }
    }

    pub(super) fn required_string(&mut self, section: &ProfileSection<'_>, key: &str) -> Option<String> {
        if !section.table.contains_key(key) {
            self.missing(section, key, "\"…\"");
        }
        self.string(section, key)
    }

    pub(super) fn boolean(&mut self, section: &ProfileSection<'_>, key: &str) -> bool {
        let Some(value) = section.table.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(value, value.span(), "true or false");
            false
        })
    }

    pub(super) fn list_lag(&mut self, section: &ProfileSection<'_>) -> Option<Duration> {
        let text = self.string(section, "list_lag")?;
        let lag = list_lag::parse_lag(&text);
        if lag.is_none() {
            let span = section.table.get("list_lag").map(Spanned::span);
            self.source
                .problem(span.unwrap_or_else(|| section.span.clone()), "`list_lag` is no duration of an hour at most")
                .help(format!("write it as {}", list_lag::EXAMPLE));
        }
        lag
    }

    pub(super) fn url(&mut self, section: &ProfileSection<'_>, schemes: &[&str], example: &str) -> Option<String> {
        let Some(value) = section.table.get("url") else {
            self.missing(section, "url", &format!("\"{example}\""));
            return None;
        };
        let written = self.string(section, "url")?;
        match wrong_url(&written, schemes) {
            None => Some(written),
            Some(wrong) => {
                self.source
                    .problem(value.span(), format!("this is not the URL of `{}`", section.title))
                    .label(wrong)
                    .help(format!("write it as \"{example}\""));
                None
            }
        }
    }

    pub(super) fn security(&mut self, section: &ProfileSection<'_>, url: &str) -> Option<DirectorySecurity> {
        let ldaps = url.to_lowercase().starts_with("ldaps:");
        let Some(value) = section.table.get("security") else {
            return Some(default_security(url));
        };
        let (security, fits) = match self.string(section, "security")?.as_str() {
            "ldaps" => (DirectorySecurity::Ldaps, ldaps),
            "starttls" => (DirectorySecurity::StartTls, !ldaps),
            "plain" => (DirectorySecurity::Plain, !ldaps),
            other => {
                self.source
                    .problem(value.span(), format!("unknown security `{other}`"))
                    .help("one of \"ldaps\", \"starttls\", \"plain\"");
                return None;
            }
        };
        if !fits {
            self.source
                .problem(value.span(), "this security does not go with the URL's scheme")
                .help("\"ldaps\" goes with ldaps://, \"starttls\" and \"plain\" go with ldap://");
        }
        fits.then_some(security)
    }

    pub(super) fn secret(&mut self, section: &ProfileSection<'_>, key: &str) -> Option<SecretSource> {
        let Some((at, value)) = section.table.get_key_value(key) else {
            self.missing(section, key, SECRET_EXAMPLE);
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.literal_secret(key, value);
            return None;
        };
        let place = ProfileSection { title: format!("{key} of {}", section.title), span: at.span(), table };
        self.secret_source(&place)
    }

    /// The same of a key that may be left out.
    pub(super) fn given_secret(&mut self, section: &ProfileSection<'_>, key: &str) -> Option<SecretSource> {
        section.table.contains_key(key).then(|| self.secret(section, key)).flatten()
    }

    /// A secret in the file itself would end in version control and backups.
    pub(super) fn literal_secret(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        self.source.hidden.push(value.span());
        self.source
            .problem(value.span(), format!("a {key} does not belong in this file"))
            .label("files like this are copied, committed and backed up")
            .help(format!("say where it is instead: {key} = {SECRET_EXAMPLE}"));
    }

    pub(super) fn secret_source(&mut self, place: &ProfileSection<'_>) -> Option<SecretSource> {
        self.refuse_unknown_keys(place, SECRET_KEYS);
        let known = |key: &&&str| place.table.contains_key(**key);
        let given: Vec<_> = SECRET_KEYS.iter().filter(known).collect();
        let [key] = given[..] else {
            let count = given.len();
            // An unknown key alone has been reported already.
            if count > 0 || place.table.is_empty() {
                self.source
                    .problem(place.span.clone(), format!("exactly one place is needed, not {count}"))
                    .help(format!("write one of {SECRET_EXAMPLE}"));
            }
            return None;
        };
        let written = self.string(place, key)?;
        let source = match *key {
            "env" => SecretSource::Env(written.clone()),
            "file" => SecretSource::File(self.file(&written)),
            "keyring" => SecretSource::Keyring(written.clone()),
            _ => SecretSource::Command(written.clone()),
        };
        match source.mistaken(&written) {
            None => Some(source),
            Some(wrong) => {
                self.mistaken_place(place, key, wrong);
                None
            }
        }
    }

    /// What stands there may be the secret.
    fn mistaken_place(&mut self, place: &ProfileSection<'_>, key: &str, wrong: &str) {
        let Some(value) = place.table.get(key) else {
            return;
        };
        self.source.hidden.push(value.span());
        self.source
            .problem(value.span(), format!("`{key}` does not say where the secret is"))
            .label(wrong)
            .help(format!("a secret does not belong in this file; say where it is: {SECRET_EXAMPLE}"));
    }
}
