//! Reader of `okta-runbook.toml`: every problem of a file is found in one pass, so that one edit mends them all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::address::{default_security, naming_context, wrong_url};
use super::environment::Environment;
use super::problem::{Source, nearest};
use super::profile::{DirectoryProfile, OrgProfile, Origin, Security};
use super::secret::SecretSource;
use super::secret_text;
use super::sign_in::{Dpop, PersonSignIn, PrivateKey, SignIn};

const TOP_KEYS: &[&str] = &["orgs", "directories"];
const ORG_KEYS: &[&str] = &[
    "url",
    "token",
    "token_command",
    "production",
    "client_id",
    "private_key",
    "key_id",
    "algorithm",
    "scopes",
    "dpop",
    "refresh_token",
];
/// Keys that go with `client_id` only.
const APP_KEYS: &[&str] = &[
    "private_key",
    "key_id",
    "algorithm",
    "scopes",
    "dpop",
    "refresh_token",
];
const DIRECTORY_KEYS: &[&str] = &["url", "bind_dn", "password", "base", "ca", "security"];
const SECRET_KEYS: &[&str] = &["env", "file", "command", "keyring"];
const SECRET_EXAMPLE: &str = r#"{ env = "NAME" }, { file = "path" } or { command = "…" }"#;

/// What one or several profile files say.
#[derive(Clone, Debug, Default)]
pub(super) struct Profiles {
    pub(super) orgs: BTreeMap<String, OrgProfile>,
    /// By domain in lower case.
    pub(super) directories: BTreeMap<String, DirectoryProfile>,
}

/// The profiles of a file that are whole, and a report on everything that is wrong with it.
pub(super) fn read(environment: &Environment, path: &Path, text: &str) -> (Profiles, Vec<String>) {
    let mut reader = Reader {
        environment,
        path,
        source: Source {
            shown: environment.shown(path),
            text,
            hidden: Vec::new(),
            problems: Vec::new(),
        },
        profiles: Profiles::default(),
    };
    match DeTable::parse(text) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => reader.not_toml(&error),
    }
    (reader.profiles, reader.source.reports())
}

struct Reader<'a> {
    environment: &'a Environment,
    path: &'a Path,
    source: Source<'a>,
    profiles: Profiles,
}

/// A table with where its heading or key is.
struct Section<'t> {
    /// As a person would say it, such as `[orgs.acme]`.
    title: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl Reader<'_> {
    /// A syntax error: the rest of the file is not judged. What could be a secret on any line is hidden.
    fn not_toml(&mut self, error: &toml::de::Error) {
        self.source.hidden = secret_text::ranges(self.source.text);
        let span = error.span().unwrap_or(0..0);
        self.source
            .problem(span, "this is not TOML")
            .label(error.message());
    }

    fn document(&mut self, document: &DeTable<'_>) {
        let whole = Section {
            title: "a profile file".into(),
            span: 0..0,
            table: document,
        };
        self.refuse_unknown_keys(&whole, TOP_KEYS);
        for section in self.sections(document, "orgs") {
            self.org(&section);
        }
        for section in self.sections(document, "directories") {
            self.directory(&section);
        }
    }

    /// The tables below `orgs` or `directories`, with the name of each as its title.
    fn sections<'t>(&mut self, document: &'t DeTable<'t>, key: &str) -> Vec<Section<'t>> {
        let Some((at, value)) = document.get_key_value(key) else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, at.span(), "a table of profiles");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in table {
            match value.get_ref().as_table() {
                Some(table) => sections.push(Section {
                    title: name.get_ref().to_string(),
                    span: name.span(),
                    table,
                }),
                None => self.wrong_type(value, name.span(), "a table of settings"),
            }
        }
        sections
    }

    fn org(&mut self, section: &Section<'_>) {
        self.refuse_unknown_keys(section, ORG_KEYS);
        let url = self.url(section, &["https", "http"], "https://acme.okta.com");
        let sign_in = self.sign_in(section);
        let production = self.boolean(section, "production");
        let (Some(url), Some(sign_in)) = (url, sign_in) else {
            return;
        };
        let profile = OrgProfile {
            profile: section.title.clone(),
            url,
            sign_in,
            production,
            origin: self.origin(section),
        };
        self.profiles.orgs.insert(section.title.clone(), profile);
    }

    /// An app's key or a person's token where `client_id` stands, else an API token.
    fn sign_in(&mut self, section: &Section<'_>) -> Option<SignIn> {
        if let Some(client_id) = self.string(section, "client_id") {
            return self.client(section, client_id);
        }
        for key in APP_KEYS
            .iter()
            .filter(|key| section.table.contains_key(**key))
        {
            self.source
                .problem(section.span.clone(), format!("`{key}` needs `client_id`"))
                .help("client_id is the app's id: Applications > the app > General");
        }
        let Some(command) = self.string(section, "token_command") else {
            return self.secret(section, "token").map(SignIn::Token);
        };
        self.refuse_together(section, "token", "token_command");
        Some(SignIn::Token(SecretSource::Command(command)))
    }

    fn client(&mut self, section: &Section<'_>, client_id: String) -> Option<SignIn> {
        self.refuse_together(section, "token", "client_id");
        self.refuse_together(section, "token_command", "client_id");
        let scopes = self.strings(section, "scopes");
        if section.table.contains_key("refresh_token") {
            self.refuse_together(section, "private_key", "refresh_token");
            return Some(SignIn::Person(PersonSignIn {
                client_id,
                refresh_token: self.secret(section, "refresh_token")?,
                scopes,
            }));
        }
        let dpop = Dpop::of_setting(self.boolean(section, "dpop"));
        Some(SignIn::PrivateKey(PrivateKey {
            client_id,
            key: self.secret(section, "private_key")?,
            key_id: self.string(section, "key_id"),
            algorithm: self.string(section, "algorithm"),
            scopes,
            dpop,
        }))
    }

    fn refuse_together(&mut self, section: &Section<'_>, one: &str, other: &str) {
        if section.table.contains_key(one) {
            self.source
                .problem(
                    section.span.clone(),
                    format!("`{}` has both `{one}` and `{other}`", section.title),
                )
                .help("an org is signed in to in one way; remove one of the two");
        }
    }

    /// A list of strings, or one string of several words.
    fn strings(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let Some(value) = section.table.get(key) else {
            return Vec::new();
        };
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        if let Some(text) = value.get_ref().as_str() {
            return words(text);
        }
        let items = value.get_ref().as_array().map(|items| {
            let texts = items.iter().map(|item| item.get_ref().as_str());
            texts.map(|text| text.map(str::to_owned)).collect()
        });
        items.flatten().unwrap_or_else(|| {
            self.wrong_type(value, value.span(), "a list of strings");
            Vec::new()
        })
    }

    fn directory(&mut self, section: &Section<'_>) {
        self.refuse_unknown_keys(section, DIRECTORY_KEYS);
        let url = self.url(section, &["ldaps", "ldap"], "ldaps://dc1.corp.example");
        let bind_dn = self.required_string(section, "bind_dn");
        let password = self.secret(section, "password");
        let base = self.string(section, "base");
        let ca = self.string(section, "ca").map(|ca| self.file(&ca));
        let security = url.as_ref().and_then(|url| self.security(section, url));
        let (Some(url), Some(bind_dn), Some(password), Some(security)) =
            (url, bind_dn, password, security)
        else {
            return;
        };
        let profile = DirectoryProfile {
            domain: section.title.clone(),
            url,
            bind_dn,
            password,
            base: base.unwrap_or_else(|| naming_context(&section.title)),
            ca,
            security,
            origin: self.origin(section),
        };
        self.add_directory(section, profile);
    }

    fn add_directory(&mut self, section: &Section<'_>, profile: DirectoryProfile) {
        let name = section.title.to_lowercase();
        if self.profiles.directories.insert(name, profile).is_some() {
            self.source
                .problem(
                    section.span.clone(),
                    format!("the directory {} is here twice", section.title),
                )
                .help("a domain is the same in any case; keep one of the two");
        }
    }

    fn origin(&self, section: &Section<'_>) -> Origin {
        Origin::File {
            path: self.path.to_owned(),
            line: self.source.line(section.span.start),
        }
    }

    /// A path in the file counts from the folder of the file.
    fn file(&self, written: &str) -> std::path::PathBuf {
        let folder = self.path.parent().unwrap_or(&self.environment.here);
        self.environment.path(folder, written)
    }

    /// Reports each unknown key with the nearest known one. Its value could be a secret under a misspelt name.
    fn refuse_unknown_keys(&mut self, section: &Section<'_>, known: &[&str]) {
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
            self.source
                .problem(key.span(), format!("unknown key `{}`", key.get_ref()))
                .help(help);
        }
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, span: Range<usize>, wanted: &str) {
        self.source.hidden.push(value.span());
        let found = value.get_ref().type_str();
        self.source.problem(
            span,
            format!("{wanted} is needed here, not a value of type {found}"),
        );
    }

    fn missing(&mut self, section: &Section<'_>, key: &str, example: &str) {
        self.source
            .problem(
                section.span.clone(),
                format!("`{}` has no `{key}`", section.title),
            )
            .help(format!("add a line: {key} = {example}"));
    }

    fn string(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let value = section.table.get(key)?;
        match value.get_ref().as_str() {
            Some("") => {
                self.source
                    .problem(value.span(), format!("`{key}` is empty"));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_type(value, value.span(), "a string");
                None
            }
        }
    }

    fn required_string(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        if !section.table.contains_key(key) {
            self.missing(section, key, "\"…\"");
        }
        self.string(section, key)
    }

    fn boolean(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(value) = section.table.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(value, value.span(), "true or false");
            false
        })
    }

    fn url(&mut self, section: &Section<'_>, schemes: &[&str], example: &str) -> Option<String> {
        let Some(value) = section.table.get("url") else {
            self.missing(section, "url", &format!("\"{example}\""));
            return None;
        };
        let written = self.string(section, "url")?;
        match wrong_url(&written, schemes) {
            None => Some(written),
            Some(wrong) => {
                self.source
                    .problem(
                        value.span(),
                        format!("this is not the URL of `{}`", section.title),
                    )
                    .label(wrong)
                    .help(format!("write it as \"{example}\""));
                None
            }
        }
    }

    fn security(&mut self, section: &Section<'_>, url: &str) -> Option<Security> {
        let ldaps = url.to_lowercase().starts_with("ldaps:");
        let Some(value) = section.table.get("security") else {
            return Some(default_security(url));
        };
        let (security, fits) = match self.string(section, "security")?.as_str() {
            "ldaps" => (Security::Ldaps, ldaps),
            "starttls" => (Security::StartTls, !ldaps),
            "plain" => (Security::Plain, !ldaps),
            other => {
                self.source
                    .problem(value.span(), format!("unknown security `{other}`"))
                    .help("one of \"ldaps\", \"starttls\", \"plain\"");
                return None;
            }
        };
        if !fits {
            self.source
                .problem(
                    value.span(),
                    "this security does not go with the URL's scheme",
                )
                .help("\"ldaps\" goes with ldaps://, \"starttls\" and \"plain\" go with ldap://");
        }
        fits.then_some(security)
    }

    fn secret(&mut self, section: &Section<'_>, key: &str) -> Option<SecretSource> {
        let Some((at, value)) = section.table.get_key_value(key) else {
            self.missing(section, key, SECRET_EXAMPLE);
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.literal_secret(key, value);
            return None;
        };
        let place = Section {
            title: format!("{key} of {}", section.title),
            span: at.span(),
            table,
        };
        self.secret_source(&place)
    }

    /// A secret in the file itself would end in version control and backups.
    fn literal_secret(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        self.source.hidden.push(value.span());
        self.source
            .problem(
                value.span(),
                format!("a {key} does not belong in this file"),
            )
            .label("files like this are copied, committed and backed up")
            .help(format!("say where it is instead: {key} = {SECRET_EXAMPLE}"));
    }

    fn secret_source(&mut self, place: &Section<'_>) -> Option<SecretSource> {
        self.refuse_unknown_keys(place, SECRET_KEYS);
        let known = |key: &&&str| place.table.contains_key(**key);
        let given: Vec<_> = SECRET_KEYS.iter().filter(known).collect();
        let [key] = given[..] else {
            let count = given.len();
            // An unknown key alone has been reported already.
            if count > 0 || place.table.is_empty() {
                self.source
                    .problem(
                        place.span.clone(),
                        format!("exactly one place is needed, not {count}"),
                    )
                    .help(format!("write one of {SECRET_EXAMPLE}"));
            }
            return None;
        };
        let written = self.string(place, key)?;
        Some(match *key {
            "env" => SecretSource::Env(written),
            "file" => SecretSource::File(self.file(&written)),
            "keyring" => SecretSource::Keyring(written),
            _ => SecretSource::Command(written),
        })
    }
}

#[cfg(test)]
mod tests;
