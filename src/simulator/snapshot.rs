//! A scenario from what was read of real orgs and directories, so that a procedure can be rehearsed on their shape.
//!
//! ```text
//! a procedure against shadows ─┐
//! survey: whole orgs ──────────┴─► notes: answers as they came ─► shadow::rebuild: orgs ─► people, apps, directories: the plan
//!                                                                                            └─► pseudonyms: made-up values for real ones
//! ```
//!
//! What was done in a shadow is not in it, for only answers of the real orgs are noted. Secrets are not in it: what is written of an app's
//! form, and of an account, is named field by field.

mod apps;
mod directories;
mod notes;
mod people;
mod pseudonyms;
mod remarks;
mod survey;

use std::collections::BTreeSet;

use serde_json::Value;

use super::scenario::{self, OrgSpec, ScenarioSpec};
use super::shadow::{AnswerProvenance, rebuild};
use super::store::SimulatedOrg;
use notes::OrgNotes;
pub use notes::{SnapshotNotes, StandIn};
pub use pseudonyms::PseudonymTable;
use remarks::SnapshotRemarks;
pub use survey::{SurveyProgress, survey};

/// A scenario with what has to be known of it.
#[derive(Debug)]
pub struct OrgSnapshot {
    pub scenario: ScenarioSpec,
    /// What could not be represented, or had to be assumed.
    pub remarks: Vec<String>,
}

impl OrgSnapshot {
    /// Of everything that was noted, and of the directories that were shadowed. `stand_ins` are there for tokens that were used.
    pub fn of(notes: &SnapshotNotes, ledger: &AnswerProvenance, stand_ins: &[StandIn]) -> Self {
        let all = notes.lock();
        let mut found = directories::shadowed_directories(ledger);
        let mut remarks = SnapshotRemarks::default();
        let urls = urls(&all);
        let mut orgs = Vec::new();
        for noted in all.iter() {
            let rebuilt = rebuild(&noted.name, &noted.said(), &found);
            found.clone_from(&rebuilt.org.directories);
            orgs.push((noted, rebuilt));
        }
        let (mut plans, mut built) = (Vec::new(), Vec::new());
        for (noted, mut rebuilt) in orgs {
            rebuilt.org.directories.clone_from(&found);
            apps::set_agents(&mut rebuilt.org, noted);
            remarks.of_answers(noted);
            let writer =
                SnapshotWriter { org: &rebuilt.org, noted, urls: &urls, stand_ins, shared: shared_names(&rebuilt.org) };
            plans.push(writer.plan(&rebuilt.placeholder, &mut remarks));
            built.push(rebuilt.org);
        }
        let orgs = built.iter();
        let directories = directories::plans(&found, orgs, &mut remarks);
        Self {
            scenario: ScenarioSpec { directories: Some(directories), orgs: Some(plans), ..ScenarioSpec::default() },
            remarks: remarks.lines(),
        }
    }

    /// The same with made-up values in the place of real ones, and what stands for which.
    #[must_use]
    pub fn pseudonymised(self) -> (Self, PseudonymTable) {
        let (scenario, pseudonyms) = PseudonymTable::replace(self.scenario);
        let remarks = self.remarks;
        (Self { scenario, remarks }, pseudonyms)
    }

    /// The scenario as a file holds it.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&self.scenario)
    }

    /// `2 orgs, 31 users, …`
    pub fn contents(&self) -> String {
        remarks::contents(&self.scenario)
    }
}

/// Orgs' names by their URLs, longer ones first.
fn urls(all: &[OrgNotes]) -> Vec<(String, String)> {
    let of = |noted: &OrgNotes| {
        let name = noted.name.clone();
        let urls = noted.urls().into_iter();
        urls.map(move |url| (url, name.clone())).collect::<Vec<_>>()
    };
    let mut urls: Vec<(String, String)> = all.iter().flat_map(of).collect();
    urls.sort_by_key(|(url, _)| std::cmp::Reverse(url.len()));
    urls
}

fn shared_names(org: &SimulatedOrg) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folded = org.groups.values().map(|group| group.name().to_lowercase());
    folded.filter(|name| !names.insert(name.clone())).collect()
}

/// Writes one org down.
struct SnapshotWriter<'a> {
    org: &'a SimulatedOrg,
    noted: &'a OrgNotes,
    urls: &'a [(String, String)],
    stand_ins: &'a [StandIn],
    /// Names of groups, in lower case, that more than one has.
    shared: BTreeSet<String>,
}

impl SnapshotWriter<'_> {
    fn plan(&self, placeholder: &str, remarks: &mut SnapshotRemarks) -> OrgSpec {
        let (admin, admins) = self.admins(remarks);
        OrgSpec {
            name: self.noted.name.clone(),
            settled: true,
            admin,
            admins,
            users: self.users(remarks),
            groups: self.groups(placeholder, remarks),
            rules: self.rules(remarks),
            apps: self.apps(remarks),
            ..OrgSpec::default()
        }
    }

    /// A user by his login, where that is known.
    fn user(&self, id: &str) -> String {
        let user = self.org.users.get(id);
        user.map_or(id, |user| user.login()).to_owned()
    }

    /// A group by its name, where no other has that.
    fn group(&self, id: &str) -> String {
        let Some(group) = self.org.groups.get(id) else {
            return id.to_owned();
        };
        let shared = self.shared.contains(&group.name().to_lowercase());
        let told = if shared { id } else { group.name() };
        told.to_owned()
    }

    /// Exchanges the addresses of the snapshot's orgs by what stands for them.
    fn place(&self, value: &mut Value) {
        scenario::each_text(value, &mut |text| self.place_text(text));
    }

    fn place_text(&self, text: &mut String) {
        for (url, name) in self.urls {
            if let Some(rest) = text.strip_prefix(url.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                *text = format!("{}{rest}", scenario::addresses::placeholder(name));
                return;
            }
        }
    }
}
