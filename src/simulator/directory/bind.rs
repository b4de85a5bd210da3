//! The account with which clients sign in over LDAP.

use std::iter::repeat_with;

use secrecy::{ExposeSecret as _, SecretString};

use super::super::dn::{DirectoryName, fold};

const COMMON_NAME: &str = "svc-okta-runbook";
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A service account in `CN=Users`; the only account that has a password here.
pub(in crate::simulator) struct BindAccount {
    dn: String,
    key: String,
    user_principal_name: String,
    /// `CORP\name`, the form with the domain's short (`NetBIOS`) name.
    down_level_name: String,
    password: SecretString,
}

impl BindAccount {
    pub(super) fn new(domain: &str, base: &DirectoryName) -> Self {
        let dn = base.child("CN", "Users").child("CN", COMMON_NAME);
        let netbios = domain.split('.').next().unwrap_or(domain).to_uppercase();
        Self {
            key: dn.key(),
            dn: dn.to_string(),
            user_principal_name: format!("{COMMON_NAME}@{}", domain.to_lowercase()),
            down_level_name: format!("{netbios}\\{COMMON_NAME}"),
            password: random_password(),
        }
    }

    pub(in crate::simulator) fn dn(&self) -> &str {
        &self.dn
    }

    pub(in crate::simulator) fn user_principal_name(&self) -> &str {
        &self.user_principal_name
    }

    /// Made anew at every start, so that none is ever in a file.
    pub(in crate::simulator) fn password(&self) -> &SecretString {
        &self.password
    }

    pub(in crate::simulator) fn down_level_name(&self) -> &str {
        &self.down_level_name
    }

    pub(super) fn common_name() -> &'static str {
        COMMON_NAME
    }

    /// Whether `name` (DN, user principal name or `DOMAIN\name`) and `password` are this account's.
    pub(in crate::simulator) fn admits(&self, name: &str, password: &str) -> bool {
        let by_name = [&self.user_principal_name, &self.down_level_name].iter().any(|own| fold(own) == fold(name));
        let by_dn = || DirectoryName::parse(name).is_ok_and(|dn| dn.key() == self.key);
        (by_name || by_dn()) && password == self.password.expose_secret()
    }
}

fn random_password() -> SecretString {
    let mut random = fastrand::Rng::new();
    let letter = || char::from(ALPHABET[random.usize(..ALPHABET.len())]);
    SecretString::from(repeat_with(letter).take(24).collect::<String>())
}
