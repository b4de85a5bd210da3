//! Which org answers at an address that a person or an app names: by what every org shows to everyone, without any credentials.

use serde_json::{Value, json};

use super::door::Run;
use super::error::Error;
use super::event::{CallLine, Kind};
use super::journal::{Durability, Entry, State, What};
use super::lane::Lane;
use super::named_addresses::is_same_origin;
use super::telling::stamped;
use crate::okta::{BaseUrl, Client, Credentials, Settings};

const PATH: &str = "/.well-known/okta-organization";

impl Run {
    /// Id of the org that answers at `url`, `Null` when none does. Asked are the orgs of the run and what the settings of an app name that
    /// the run read, by https or on this machine, and nothing else: the name of a host can carry away what a script read.
    ///
    /// # Errors
    /// When nothing names the address. What ends a run: an interruption, a journal that cannot be written.
    pub async fn organization_at(&self, lane: &Lane, url: &str) -> Result<Value, Error> {
        let request = json!({ "organization": { "url": url } });
        if let Some(recorded) = self.replayed(lane, &request)? {
            return self.answer_of(&recorded);
        }
        if !self.is_named(url) {
            return Err(Error::Usage(format!(
                "organization_at: neither an org of this run nor an app that it read names `{url}`, so it is not asked; read the app first whose settings name it"
            )));
        }
        let found = tokio::select! {
            found = asked(url, self.settings_elsewhere()) => found,
            () = self.cancelled().cancelled_owned() => return Err(Error::Interrupted),
        };
        self.count(|counts| counts.reads += 1);
        let event = stamped(
            lane,
            Kind::Read(CallLine {
                org: url.to_owned(),
                operation: "get_wellknown_org_metadata".to_owned(),
                method: "GET".to_owned(),
                path: PATH.to_owned(),
                status: None,
                request_id: None,
            }),
        );
        let answer = found.map_or(Value::Null, Value::from);
        let entry = Entry {
            position: Some(lane.past().next()),
            state: Some(State::Answered),
            event: Some(&event),
            request: Some(&request),
            answer: Some(&answer),
            ..Entry::new(What::Read, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        self.show(&event);
        Ok(answer)
    }

    fn is_named(&self, url: &str) -> bool {
        let mut clients = self.settings().orgs.values();
        clients.any(|client| is_same_origin(&client.base_url().to_string(), url))
            || self.named_addresses().names_origin_of(url)
    }

    /// How other orgs than those of the run are reached: by the same proxy, and never through a shadow.
    fn settings_elsewhere(&self) -> Settings {
        let mut clients = self.settings().orgs.values();
        let settings = clients.next().map(|client| client.settings().clone());
        Settings { through: None, ..settings.unwrap_or_default() }
    }
}

/// The client wants credentials, and sends none where it only looks.
async fn asked(url: &str, settings: Settings) -> Option<String> {
    let (base, _) = BaseUrl::parse(url).ok()?;
    let none = Credentials::Ssws("none".into());
    let client = Client::new(base, none, settings).ok()?;
    let answer = client.look(PATH).await.ok()?;
    answer.body["id"].as_str().map(str::to_owned)
}
