//! Reader of `okta-runbook.toml`: every problem of a file is found in one pass, so that one edit mends them all.

mod approval;
mod notify;
mod values;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

use super::address::naming_context;
use super::environment::ProcessEnvironment;
use super::network::NetworkProfile;
use super::notify::NotifyProfile;
use super::problem::ProfileSource;
use super::profile::{DirectoryProfile, OrgProfile};
use super::secret::SecretSource;
use super::secret_text;
use super::sign_in::{DpopProfile, PersonSignIn, PrivateKey, SignIn};

const TOP_KEYS: &[&str] = &["orgs", "directories", "notify"];
const ORG_KEYS: &[&str] = &[
    "url",
    "token",
    "token_command",
    "production",
    "approval",
    "journal_key",
    "client_id",
    "private_key",
    "key_id",
    "algorithm",
    "scopes",
    "dpop",
    "refresh_token",
    "list_lag",
];
/// Keys that go with `client_id` only.
const APP_KEYS: &[&str] = &["private_key", "key_id", "algorithm", "scopes", "dpop", "refresh_token"];
const DIRECTORY_KEYS: &[&str] = &["url", "bind_dn", "password", "base", "ca", "security"];
const SECRET_KEYS: &[&str] = &["env", "file", "command", "keyring"];
const SECRET_EXAMPLE: &str = r#"{ env = "NAME" }, { file = "path" } or { command = "…" }"#;

/// What one or several profile files say.
#[derive(Clone, Debug, Default)]
pub(super) struct ProfileSet {
    pub(super) orgs: BTreeMap<String, OrgProfile>,
    /// By domain in lower case.
    pub(super) directories: BTreeMap<String, DirectoryProfile>,
    pub(super) notify: Option<NotifyProfile>,
}

/// The profiles of a file that are whole, and a report on everything that is wrong with it.
pub(super) fn read(environment: &ProcessEnvironment, path: &Path, text: &str) -> (ProfileSet, Vec<String>) {
    let mut reader = ProfileReader {
        environment,
        path,
        source: ProfileSource { shown: environment.shown(path), text, hidden: Vec::new(), problems: Vec::new() },
        profiles: ProfileSet::default(),
    };
    match DeTable::parse(text) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => reader.not_toml(&error),
    }
    (reader.profiles, reader.source.reports())
}

struct ProfileReader<'a> {
    environment: &'a ProcessEnvironment,
    path: &'a Path,
    source: ProfileSource<'a>,
    profiles: ProfileSet,
}

/// A table with where its heading or key is.
struct ProfileSection<'t> {
    /// As a person would say it, such as `[orgs.acme]`.
    title: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl ProfileReader<'_> {
    /// A syntax error: the rest of the file is not judged. What could be a secret on any line is hidden.
    fn not_toml(&mut self, error: &toml::de::Error) {
        self.source.hidden = secret_text::ranges(self.source.text);
        let span = error.span().unwrap_or(0..0);
        self.source.problem(span, "this is not TOML").label(error.message());
    }

    fn document(&mut self, document: &DeTable<'_>) {
        let whole = ProfileSection { title: "a profile file".into(), span: 0..0, table: document };
        self.refuse_unknown_keys(&whole, TOP_KEYS);
        for section in self.sections(document, "orgs") {
            self.org(&section);
        }
        for section in self.sections(document, "directories") {
            self.directory(&section);
        }
        self.notify(document);
    }

    /// The tables below `orgs` or `directories`, with the name of each as its title.
    fn sections<'t>(&mut self, document: &'t DeTable<'t>, key: &str) -> Vec<ProfileSection<'t>> {
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
                Some(table) => {
                    sections.push(ProfileSection { title: name.get_ref().to_string(), span: name.span(), table });
                }
                None => self.wrong_type(value, name.span(), "a table of settings"),
            }
        }
        sections
    }

    fn org(&mut self, section: &ProfileSection<'_>) {
        self.refuse_unknown_keys(section, ORG_KEYS);
        let url = self.url(section, &["https", "http"], "https://acme.okta.com");
        let sign_in = self.sign_in(section);
        let production = self.boolean(section, "production");
        let approval = self.approval(section);
        let journal_key = self.given_secret(section, "journal_key");
        let list_lag = self.list_lag(section);
        let (Some(url), Some(sign_in)) = (url, sign_in) else {
            return;
        };
        let profile = OrgProfile {
            profile: section.title.clone(),
            url,
            sign_in,
            production,
            approval,
            journal_key,
            network: NetworkProfile { list_lag, ..NetworkProfile::default() },
            origin: self.origin(section),
        };
        self.profiles.orgs.insert(section.title.clone(), profile);
    }

    /// An app's key or a person's token where `client_id` stands, else an API token.
    fn sign_in(&mut self, section: &ProfileSection<'_>) -> Option<SignIn> {
        if let Some(client_id) = self.string(section, "client_id") {
            return self.client(section, client_id);
        }
        for key in APP_KEYS.iter().filter(|key| section.table.contains_key(**key)) {
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

    fn client(&mut self, section: &ProfileSection<'_>, client_id: String) -> Option<SignIn> {
        self.refuse_together(section, "token", "client_id");
        self.refuse_together(section, "token_command", "client_id");
        let scopes = self.strings(section, "scopes");
        let dpop = DpopProfile::of_setting(self.boolean(section, "dpop"));
        if section.table.contains_key("refresh_token") {
            for key in ["private_key", "key_id", "algorithm"] {
                self.refuse_together(section, key, "refresh_token");
            }
            return Some(SignIn::Person(PersonSignIn {
                client_id,
                refresh_token: self.secret(section, "refresh_token")?,
                scopes,
                dpop,
            }));
        }
        Some(SignIn::PrivateKey(PrivateKey {
            client_id,
            key: self.secret(section, "private_key")?,
            key_id: self.string(section, "key_id"),
            algorithm: self.string(section, "algorithm"),
            scopes,
            dpop,
        }))
    }

    fn refuse_together(&mut self, section: &ProfileSection<'_>, one: &str, other: &str) {
        if section.table.contains_key(one) {
            self.source
                .problem(section.span.clone(), format!("`{}` has both `{one}` and `{other}`", section.title))
                .help("an org is signed in to in one way; remove one of the two");
        }
    }

    /// A list of strings, or one string of several words.
    fn strings(&mut self, section: &ProfileSection<'_>, key: &str) -> Vec<String> {
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

    fn directory(&mut self, section: &ProfileSection<'_>) {
        self.refuse_unknown_keys(section, DIRECTORY_KEYS);
        let url = self.url(section, &["ldaps", "ldap"], "ldaps://dc1.corp.example");
        let bind_dn = self.required_string(section, "bind_dn");
        let password = self.secret(section, "password");
        let base = self.string(section, "base");
        let ca = self.string(section, "ca").map(|ca| self.file(&ca));
        let security = url.as_ref().and_then(|url| self.security(section, url));
        let (Some(url), Some(bind_dn), Some(password), Some(security)) = (url, bind_dn, password, security) else {
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

    fn add_directory(&mut self, section: &ProfileSection<'_>, profile: DirectoryProfile) {
        let name = section.title.to_lowercase();
        if self.profiles.directories.insert(name, profile).is_some() {
            self.source
                .problem(section.span.clone(), format!("the directory {} is here twice", section.title))
                .help("a domain is the same in any case; keep one of the two");
        }
    }
}

#[cfg(test)]
mod tests;
