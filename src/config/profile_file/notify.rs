//! `[notify]`: who is told of runs, and how.

use toml::de::DeTable;

use super::{ProfileReader, ProfileSection};
use crate::config::notify::{NotifyOccasion, NotifyProfile};
use crate::config::secret::SecretSource;

const NOTIFY_KEYS: &[&str] = &["command", "webhook", "on"];

impl ProfileReader<'_> {
    pub(super) fn notify(&mut self, document: &DeTable<'_>) {
        let Some((name, value)) = document.get_key_value("notify") else {
            return;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, name.span(), "a table such as [notify]");
            return;
        };
        let section = ProfileSection { title: "notify".to_owned(), span: name.span(), table };
        self.refuse_unknown_keys(&section, NOTIFY_KEYS);
        let command = self.strings(&section, "command");
        let webhook = self.webhook(&section);
        let mut occasions = Vec::new();
        for word in self.strings(&section, "on") {
            if let Some(occasion) = NotifyOccasion::of_word(&word) {
                occasions.push(occasion);
            } else {
                let known = NotifyOccasion::ALL.map(|(word, _)| word).join(", ");
                self.source
                    .problem(section.span.clone(), format!("there is no occasion `{word}`"))
                    .help(format!("`on` is a list of {known}"));
            }
        }
        if command.is_empty() && webhook.is_none() {
            self.source
                .problem(section.span.clone(), "[notify] tells nobody")
                .help("give it a command = [\"program\", \"{text}\"] or a webhook = { env = \"NAME\" }");
            return;
        }
        self.profiles.notify = Some(NotifyProfile { command, webhook, occasions });
    }

    /// The address itself, or where it is: to many services whoever has it may write.
    fn webhook(&mut self, section: &ProfileSection<'_>) -> Option<SecretSource> {
        let value = section.table.get("webhook")?;
        match value.get_ref().as_str() {
            Some(address) => Some(SecretSource::Value(address.to_owned().into())),
            None => self.given_secret(section, "webhook"),
        }
    }
}
