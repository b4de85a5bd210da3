//! Which org answers at an address that a person or an app names: by what every org shows to everyone, without any credentials.

use serde_json::{Value, json};

use super::error::CallError;
use super::event::{CallLine, EventKind};
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, EntryState, JournalEntry};
use super::lane::{RunLane, stamp_event};
use super::named_addresses::is_same_origin;
use crate::okta::{BaseUrl, ClientSettings, OktaClient, OrgCredentials};

const PATH: &str = "/.well-known/okta-organization";

impl Run {
    /// Id of the org that answers at `url`, `Null` when none does. Asked are the orgs of the run and what the settings of an app name that
    /// the run read, by https or on this machine, and nothing else: the name of a host can carry away what a script read.
    ///
    /// # Errors
    /// When nothing names the address. What ends a run: an interruption, a journal that cannot be written.
    pub async fn organization_at(&self, lane: &RunLane, url: &str) -> Result<Value, CallError> {
        let request = json!({ "organization": { "url": url } });
        if let Some(recorded) = self.replayed(lane, &request)? {
            return self.answer_of(&recorded);
        }
        if !self.is_named(url) {
            return Err(CallError::Usage(format!(
                "organization_at: neither an org of this run nor an app that it read names `{url}`, so it is not asked; read the app first whose settings name it"
            )));
        }
        let found = tokio::select! {
            found = ask_identity(url, self.settings_elsewhere()) => found,
            () = self.cancelled().cancelled_owned() => return Err(CallError::Interrupted),
        };
        self.count(|counts| counts.reads += 1);
        let event = stamp_event(
            lane,
            EventKind::Read(CallLine {
                org: url.to_owned(),
                operation: "get_wellknown_org_metadata".to_owned(),
                method: "GET".to_owned(),
                path: PATH.to_owned(),
                status: None,
                request_id: None,
            }),
        );
        let answer = found.map_or(Value::Null, Value::from);
        let entry = JournalEntry {
            position: Some(lane.past().next()),
            state: Some(EntryState::Answered),
            event: Some(&event),
            request: Some(&request),
            answer: Some(&answer),
            ..JournalEntry::new(EntryKind::Read, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        self.show(&event);
        Ok(answer)
    }

    fn is_named(&self, url: &str) -> bool {
        let mut clients = self.settings().orgs.values();
        clients.any(|client| is_same_origin(&client.base_url().to_string(), url))
            || self.named_addresses().names_origin_of(url)
    }

    /// How other orgs than those of the run are reached: by the same proxy, and never through a shadow.
    fn settings_elsewhere(&self) -> ClientSettings {
        let mut clients = self.settings().orgs.values();
        let settings = clients.next().map(|client| client.settings().clone());
        ClientSettings { through: None, ..settings.unwrap_or_default() }
    }
}

/// The client wants credentials, and sends none where it only looks.
async fn ask_identity(url: &str, settings: ClientSettings) -> Option<String> {
    let (base, _) = BaseUrl::parse(url).ok()?;
    let none = OrgCredentials::Ssws("none".into());
    let client = OktaClient::new(base, none, settings).ok()?;
    let answer = client.look(PATH).await.ok()?;
    answer.body["id"].as_str().map(str::to_owned)
}
