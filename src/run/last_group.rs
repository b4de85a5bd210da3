//! Nobody is left without a group by accident: who has an app through groups loses it, and with it the account there, with the last of them.
//!
//! Every call that takes users out of a group is looked at here right before it is sent, whoever asks for it: a runbook, a session, a path
//! given by hand, an undo. Where few removals are to come each is looked at by itself, and no other comes between look and removal; where
//! many are, lists are read for every so many of them.

mod reads;
mod refusal;
mod removal;
pub(super) mod shared_reads;

use std::collections::HashSet;

use serde_json::{Value, json};

use super::call::{ALLOW_WITHOUT_GROUP, ApiCall, STAYS_IN};
use super::error::CallError;
use super::execution::Run;
use super::lane::RunLane;
use super::polling::{BackoffPoller, PATIENCE};
use super::read_cache::READ_LAG;
use super::user_names::is_user_id;
use reads::{ONE_BY_ONE, none_if_gone};
use refusal::{is_hidden_by_role, words_of, words_of_unreadable};
use removal::{MembershipRemoval, option, removed_rule};

/// Keeps other removals waiting while it lives.
pub(super) type RemovalTurn<'a> = Option<tokio::sync::MutexGuard<'a, ()>>;

/// What becomes of a removal.
enum RemovalVerdict<'a> {
    /// It may be sent, while the turn lasts.
    Free(RemovalTurn<'a>),
    /// It is not sent, and why.
    Kept(String),
}

/// Clocks of a machine and an org differ by less, once what is known of the difference is taken into account.
const CLOCK_TOLERANCE: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

impl Run {
    /// Refuses a removal that would leave a user without any group by which an app provisions them, unless the script says so. What it
    /// returns is to live until the removal is sent.
    pub(super) async fn keep_a_group(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        position: u64,
    ) -> Result<RemovalTurn<'_>, CallError> {
        let judged = match (MembershipRemoval::of(call), removed_rule(call)) {
            (Some(removal), _) => self.judge_removal(lane, call, &removal).await,
            (None, Some(rule)) => self.judge_rule_removal(lane, call, &rule).await,
            (None, None) => return Ok(None),
        };
        match judged {
            Ok(RemovalVerdict::Free(turn)) => Ok(turn),
            Ok(RemovalVerdict::Kept(why)) => Err(self.refuse_removal(lane, call, position, why)?),
            Err(error) if error.status() == Some(403) => {
                let why = words_of_unreadable(call, &error);
                Err(self.refuse_removal(lane, call, position, why)?)
            }
            // The user or the group of the call itself is not there; the call itself tells.
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A rule that is deleted with those whom it made members: its groups are looked at as if all of their members went.
    async fn judge_rule_removal(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        rule: &str,
    ) -> Result<RemovalVerdict<'_>, CallError> {
        let rule = self.seen(lane, &call.org, "get_group_rule", &[rule]).await?;
        let groups = rule["actions"]["assignUserToGroups"]["groupIds"].as_array().into_iter().flatten();
        let groups = groups.filter_map(|group| group.as_str().map(str::to_owned)).collect();
        self.judge_removal(lane, call, &MembershipRemoval::Groups { groups }).await
    }

    async fn judge_removal(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        removal: &MembershipRemoval,
    ) -> Result<RemovalVerdict<'_>, CallError> {
        let stays_in = option(call, STAYS_IN);
        let may_lose_last = option(call, ALLOW_WITHOUT_GROUP) == Some("true");
        if may_lose_last && stays_in.is_none() {
            return Ok(RemovalVerdict::Free(None));
        }
        let apps = match self.apps_by(lane, &call.org, removal).await {
            // Most groups provision nobody, and admins whose role shows no apps have to manage their members: a removal that nothing says
            // to be from a provisioning group is sent. A missing scope is granted in a moment, so it is no reason to send one unseen.
            Err(error) if stays_in.is_none() && is_hidden_by_role(removal, &error) => {
                self.remark(&format!(
                    "{}: the token's owner may not list the apps of a group, so removals from the last group by which an app provisions a user are not refused",
                    call.org
                ));
                return Ok(RemovalVerdict::Free(None));
            }
            apps => apps?,
        };
        if apps.is_empty() && stays_in.is_none() {
            return Ok(RemovalVerdict::Free(None));
        }
        let turn = if self.removes_few(lane) { Some(self.removing().await) } else { None };
        if let (Some(group), MembershipRemoval::Member { user, .. }) = (stays_in, removal)
            && let Some(why) = self.why_not_in(lane, call, removal, &apps, (group, user)).await?
        {
            return Ok(RemovalVerdict::Kept(why));
        }
        for app in apps.iter().filter(|_| !may_lose_last) {
            let mut without = self.left_without(lane, &call.org, removal, app).await?;
            without.retain(|held| !self.was_brought(lane, held));
            if !without.is_empty() {
                let groups = self.names_of_groups(lane, &call.org, removal.groups()).await?;
                return Ok(RemovalVerdict::Kept(words_of(call, removal, &groups, app, &without)));
            }
        }
        Ok(RemovalVerdict::Free(turn))
    }

    /// The apps that provision into other places, each with an app user whom `call` would leave in none of its groups.
    pub(super) async fn losing_apps(&self, lane: &RunLane, call: &ApiCall) -> Result<Vec<(Value, Value)>, CallError> {
        let Some(removal) = MembershipRemoval::of(call) else {
            return Ok(Vec::new());
        };
        let mut losing = Vec::new();
        for app in self.apps_by(lane, &call.org, &removal).await? {
            let id = app["id"].as_str().unwrap_or_default();
            let whole = self.seen(lane, &call.org, "get_application", &[id]).await?;
            let lost = self.left_without(lane, &call.org, &removal, &app).await?;
            losing.extend(lost.into_iter().map(|held| (whole.clone(), held)));
        }
        Ok(losing)
    }

    fn removes_few(&self, lane: &RunLane) -> bool {
        lane.item().is_none() || self.pace().items() <= ONE_BY_ONE
    }

    /// Why a user is not provisioned by the group in which they are to stay.
    async fn why_not_in(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        removal: &MembershipRemoval,
        apps: &[Value],
        (group, user): (&str, &str),
    ) -> Result<Option<String>, CallError> {
        let org = call.org.as_str();
        let is_in = self.is_in_known(lane, org, &[group.to_owned()], user).await?
            || self.is_seen_in_any(lane, org, &[group.to_owned()], user).await?;
        let mut is_assigned = apps.is_empty();
        for app in apps.iter().filter(|_| is_in) {
            is_assigned |= self.groups_of(lane, org, app).await?.contains(group);
        }
        if is_in && is_assigned {
            return Ok(None);
        }
        let last = self.names_of_groups(lane, org, removal.groups()).await?;
        if !is_in && self.is_group_gone(lane, org, group).await? {
            return Ok(Some(format!(
                "the group {group} no longer exists in {org}: the user was not taken out of {last}"
            )));
        }
        let group = self.name_of_group(lane, org, group).await?;
        Ok(Some(if is_in {
            format!(
                "{group} is no longer assigned to an app that provisions by {last}: the user was not taken out of {last}"
            )
        } else {
            format!("the user is no longer in {group}, and was not taken out of {last}")
        }))
    }

    /// The apps that provision by the groups that users lose.
    async fn apps_by(&self, lane: &RunLane, org: &str, removal: &MembershipRemoval) -> Result<Vec<Value>, CallError> {
        if let MembershipRemoval::Assignment { app, .. } = removal {
            let app = self.seen(lane, org, "get_application", &[app]).await?;
            return Ok(provisioning(&app).into_iter().collect());
        }
        let mut apps: Vec<Value> = Vec::new();
        for group in removal.groups() {
            let more = self.provisioned_by(lane, org, group).await?;
            apps.extend(more.into_iter().filter(|app| !apps.contains(app)).collect::<Vec<_>>());
        }
        Ok(apps)
    }

    /// The apps that provision by a group: `{id, label, name}` of each.
    pub(super) async fn provisioned_by(&self, lane: &RunLane, org: &str, group: &str) -> Result<Vec<Value>, CallError> {
        let list = "list_assigned_applications_for_group";
        let list = ApiCall::operation(org, list, &[group]).map_err(CallError::Usage)?;
        let list = list.query("limit", "200");
        let apps = self.read_shared(lane, &list, provisioning).await?;
        Ok(apps.kept.clone())
    }

    /// Ids of the groups that are assigned to an app; none of one that is gone.
    async fn groups_of(&self, lane: &RunLane, org: &str, app: &Value) -> Result<HashSet<String>, CallError> {
        let id = app["id"].as_str().unwrap_or_default();
        let list = ApiCall::operation(org, "list_application_group_assignments", &[id]);
        let list = list.map_err(CallError::Usage)?.query("limit", "200");
        if self.removes_few(lane) {
            return Ok(none_if_gone(self.read_now(lane, &list, all).await)?.ids);
        }
        let shared = none_if_gone(self.read_shared(lane, &list, all).await)?;
        Ok(shared.ids.clone())
    }

    /// App users who have the app through groups and would be left in none of them.
    async fn left_without(
        &self,
        lane: &RunLane,
        org: &str,
        removal: &MembershipRemoval,
        app: &Value,
    ) -> Result<Vec<Value>, CallError> {
        let others = self.groups_of(lane, org, app).await?.into_iter();
        let others: Vec<String> = others.filter(|group| !removal.groups().contains(group)).collect();
        match removal {
            MembershipRemoval::Member { user, .. } => self.member_without(lane, org, app, &others, user).await,
            MembershipRemoval::Assignment { .. } | MembershipRemoval::Groups { .. } => {
                self.members_without(lane, org, app, &others, removal).await
            }
        }
    }

    /// The app user of a user who has the app through groups and is in none of `others`.
    async fn member_without(
        &self,
        lane: &RunLane,
        org: &str,
        app: &Value,
        others: &[String],
        user: &str,
    ) -> Result<Vec<Value>, CallError> {
        if self.is_in_known(lane, org, others, user).await? {
            return Ok(Vec::new());
        }
        let app = app["id"].as_str().unwrap_or_default();
        let user = self.id_of(lane, org, user).await?;
        if !self.removes_few(lane) {
            let list = ApiCall::operation(org, "list_application_users", &[app]);
            let list = list.map_err(CallError::Usage)?.query("limit", "500");
            let by_groups = none_if_gone(self.read_shared(lane, &list, by_group).await)?;
            if !by_groups.ids.contains(&user) {
                return Ok(Vec::new());
            }
        }
        if self.is_seen_in_any(lane, org, others, &user).await? {
            return Ok(Vec::new());
        }
        let held = self.seen(lane, org, "get_application_user", &[app, &user]).await?;
        Ok(by_group(&held).map(|_| held).into_iter().collect())
    }

    /// The app users of all members who have the app through groups and are in none of `others`.
    async fn members_without(
        &self,
        lane: &RunLane,
        org: &str,
        app: &Value,
        others: &[String],
        removal: &MembershipRemoval,
    ) -> Result<Vec<Value>, CallError> {
        let mut members = HashSet::new();
        for group in removal.groups() {
            members.extend(self.members(lane, org, group).await?);
        }
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let app = app["id"].as_str().unwrap_or_default();
        let list = ApiCall::operation(org, "list_application_users", &[app]);
        let list = list.map_err(CallError::Usage)?.query("limit", "500");
        let mut held = none_if_gone(self.list(lane, &list).await)?;
        held.retain(|held| by_group(held).is_some() && members.iter().any(|id| held["id"] == id.as_str()));
        for group in others {
            if held.is_empty() {
                break;
            }
            let stay = none_if_gone(self.members(lane, org, group).await)?;
            held.retain(|held| !stay.iter().any(|id| held["id"] == id.as_str()));
        }
        Ok(held)
    }

    /// Whether a user is in one of these groups, by lists that are read for many removals. A list that did not have the user before is not
    /// read.
    async fn is_in_known(&self, lane: &RunLane, org: &str, groups: &[String], user: &str) -> Result<bool, CallError> {
        if self.removes_few(lane) {
            return Ok(false);
        }
        let had = |group: &&String| self.read_cache().was_member(org, group, user);
        for group in groups.iter().filter(had) {
            let list = ApiCall::operation(org, "list_group_users", &[group]);
            let list = list.map_err(CallError::Usage)?.query("limit", "1000");
            let members = none_if_gone(self.read_shared(lane, &list, all).await)?;
            if members.ids.contains(user) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a user is in one of these groups, by a look at the user's own. What this run wrote a moment ago may not be seen yet.
    async fn is_seen_in_any(
        &self,
        lane: &RunLane,
        org: &str,
        groups: &[String],
        user: &str,
    ) -> Result<bool, CallError> {
        if groups.is_empty() {
            return Ok(false);
        }
        let list = ApiCall::operation(org, "list_user_groups", &[user]).map_err(CallError::Usage)?;
        let joined = groups.iter().any(|group| self.has_joined(org, group, user));
        let mut glances = BackoffPoller::new(PATIENCE);
        loop {
            let now = self.list(lane, &list).await?;
            if now.iter().any(|now| groups.iter().any(|group| now["id"] == group.as_str())) {
                return Ok(true);
            }
            if !joined || glances.are_over() {
                return Ok(false);
            }
            let reason = "the user to be seen in the group that they joined";
            self.glance(lane, &mut glances, reason).await?;
        }
    }

    /// Whether this run put a user into a group so lately that a read may not show it.
    fn has_joined(&self, org: &str, group: &str, user: &str) -> bool {
        let call = ApiCall::operation(org, "assign_user_to_group", &[group, user]);
        let written = call.map(|call| self.read_cache().written_member(&call, READ_LAG));
        written == Ok(Some(true))
    }

    /// The id of a user whom a script may name by login; the name itself where there is no such user.
    pub(super) async fn id_of(&self, lane: &RunLane, org: &str, user: &str) -> Result<String, CallError> {
        Ok(self.user_named(lane, org, user).await?.unwrap_or_else(|| user.to_owned()))
    }

    /// The id of a user by id or login; `None` where there is no such user. Whose a login is now the org alone tells: it may have been
    /// another's when it was read.
    pub(super) async fn user_named(&self, lane: &RunLane, org: &str, name: &str) -> Result<Option<String>, CallError> {
        if is_user_id(name) {
            return Ok(Some(name.to_owned()));
        }
        let found = self.seen(lane, org, "get_user", &[name]).await?;
        Ok(found["id"].as_str().map(str::to_owned))
    }

    /// Whether an undo takes away an assignment to an app that the undone write brought: who had none before is left with none.
    fn was_brought(&self, lane: &RunLane, held: &Value) -> bool {
        let created = held["created"].as_str();
        let created = created.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let (Some(created), Some(written)) = (created, lane.restores_since()) else {
            return false;
        };
        let ahead = self.now().duration_since(jiff::Timestamp::now());
        created.duration_since(written) - ahead >= -CLOCK_TOLERANCE
    }
}

/// What is kept of an app that provisions; `None` for others.
fn provisioning(app: &Value) -> Option<Value> {
    let features = app["features"].as_array().into_iter().flatten();
    let mut features = features.filter_map(Value::as_str);
    let provisions = app["status"] == "ACTIVE" && features.any(|name| PUSHES.contains(&name));
    provisions.then(|| json!({"id": app["id"], "label": app["label"], "name": app["name"]}))
}

/// Features of an app that makes, changes or deactivates accounts elsewhere (Okta's API description of `features`).
const PUSHES: &[&str] =
    &["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS", "PUSH_PASSWORD_UPDATES"];

/// Anything that has an id, of which nothing else is kept.
fn all(thing: &Value) -> Option<Value> {
    thing["id"].is_string().then_some(Value::Null)
}

/// An app user whom groups assign.
fn by_group(held: &Value) -> Option<Value> {
    (held["scope"] == "GROUP").then_some(Value::Null)
}
