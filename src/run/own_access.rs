//! A run does not lock out its operator: no write takes away the access of the user or app that the run signs in as, nor that of the
//! last active super admin of an org. `--allow own-access` overrides, which is recorded.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actor::OrgAccount;
use super::call::ApiCall;
use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
use super::lane::RunLane;
use super::reading::ReadAsker;
use crate::okta::HttpMethod;

/// Name of the guard, for `--allow`.
pub const OWN_ACCESS: &str = "own-access";

const SUPER_ADMIN: &str = "SUPER_ADMIN";

/// Statuses in which a user can sign in, or get in again without another admin.
const USABLE: [&str; 3] = ["ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"];

/// What a call takes away from the user that its first path argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UserLoss {
    /// The account: it can no longer sign in, and its API tokens end.
    Account,
    /// One admin role, which the second path argument names.
    Role,
    /// A password, a factor, or a part of what a role reaches: it matters where it is one's own.
    Means,
}

/// From Okta's documentation of the user life cycle and of admin roles.
const USER_LOSSES: &[(&str, UserLoss)] = &[
    ("deactivate_user", UserLoss::Account),
    ("suspend_user", UserLoss::Account),
    ("delete_user", UserLoss::Account),
    ("unassign_role_from_user", UserLoss::Role),
    ("unassign_app_target_from_app_admin_role_for_user", UserLoss::Means),
    ("unassign_app_instance_target_from_admin_role_for_user", UserLoss::Means),
    ("unassign_group_target_from_user_admin_role", UserLoss::Means),
    ("reset_password", UserLoss::Means),
    ("expire_password", UserLoss::Means),
    ("expire_password_with_temp_password", UserLoss::Means),
    ("reset_factors", UserLoss::Means),
    ("unenroll_factor", UserLoss::Means),
    ("delete_authenticator_enrollment", UserLoss::Means),
];

/// What a call takes away from the members of the group that its first path argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupLoss {
    /// The roles of the group, from the user whom the second path argument names.
    Membership,
    /// The group with all its roles.
    Group,
    /// One admin role, which the second path argument names.
    Role,
    /// A part of what a role reaches: it matters where it is one's own.
    Means,
}

/// A user has the roles of the groups that the user is in (Okta's documentation of role assignments).
const GROUP_LOSSES: &[(&str, GroupLoss)] = &[
    ("unassign_user_from_group", GroupLoss::Membership),
    ("delete_group", GroupLoss::Group),
    ("unassign_role_from_group", GroupLoss::Role),
    ("unassign_app_target_to_admin_role_for_group", GroupLoss::Means),
    ("unassign_app_instance_target_to_app_admin_role_for_group", GroupLoss::Means),
    ("unassign_group_target_from_group_admin_role", GroupLoss::Means),
];

/// Assignments of the role of a super admin that a call ends.
enum AdminLoss<'a> {
    /// All of a user.
    Account { user: &'a str },
    /// One of a user.
    Role { user: &'a str, role: &'a str },
    /// That which a user has through a group.
    Membership { user: &'a str, group: &'a str },
    /// Those which members have through a group.
    Group { group: &'a str },
}

impl<'a> AdminLoss<'a> {
    /// The one user who loses, where it is one.
    fn user(&self) -> Option<&'a str> {
        match self {
            Self::Account { user } | Self::Role { user, .. } | Self::Membership { user, .. } => Some(user),
            Self::Group { .. } => None,
        }
    }

    /// Whether it ends an assignment of `holder`.
    fn ends(&self, holder: &str, assignment: &Value) -> bool {
        match self {
            Self::Account { user } => holder == *user,
            Self::Role { user, role } => holder == *user && assignment["id"] == **role,
            Self::Membership { user, group } => holder == *user && group_of(assignment) == Some(*group),
            Self::Group { group } => group_of(assignment) == Some(*group),
        }
    }
}

impl Run {
    /// Refuses a write that would lock out the operator, or leave the org without a super admin.
    pub(super) async fn guard_own_access(&self, lane: &RunLane, call: &ApiCall) -> Result<(), CallError> {
        let Some(why) = self.access_lost(lane, call).await? else {
            return Ok(());
        };
        if !self.gate().allows(OWN_ACCESS) {
            return Err(CallError::GuardRefused {
                guard: OWN_ACCESS,
                org: call.org.clone(),
                operation: call.name(),
                path: call.path.clone(),
                why,
            });
        }
        let words = format!("--allow {OWN_ACCESS} let {} of {} pass: {why}", call.name(), call.org);
        self.remark(&words);
        let guard = OWN_ACCESS.to_owned();
        self.emit(lane, EventKind::Allowed { guard, words })
    }

    /// Whose access `call` would take away that must stay; `None` for almost every call.
    async fn access_lost(&self, lane: &RunLane, call: &ApiCall) -> Result<Option<String>, CallError> {
        let client = self.org_client(&call.org)?;
        if let Some(app) = client.client_id().filter(|app| takes_from_app(call, app)) {
            return Ok(Some(format!("it takes away from {app}, the app that this run signs in as")));
        }
        let name = call.name();
        if name == "revoke_current_api_token" {
            return Ok(Some("it revokes the API token of this run".to_owned()));
        }
        if name == "revoke_api_token" && client.acts_as_user() {
            return self.own_token_lost(lane, call).await;
        }
        if let Some((_, loss)) = GROUP_LOSSES.iter().find(|(listed, _)| *listed == name) {
            return self.access_by_group_lost(lane, call, *loss).await;
        }
        let Some((_, loss)) = USER_LOSSES.iter().find(|(listed, _)| *listed == name) else {
            return Ok(None);
        };
        let named = call.arguments.first().map_or("", String::as_str);
        let Some(user) = self.user_named(lane, &call.org, named).await? else {
            return Ok(None);
        };
        if client.acts_as_user() {
            // A super admin who runs this stays one; and Okta lets no other user change a super admin.
            let is_own = self.me(lane, &call.org).await?.as_ref() == Some(&user);
            let why = "it takes away from the user whose sign-in this run uses";
            return Ok(is_own.then(|| why.to_owned()));
        }
        let loss = match (loss, call.arguments.get(1)) {
            (UserLoss::Means, _) => return Ok(None),
            (UserLoss::Role, Some(role)) => AdminLoss::Role { user: &user, role },
            _ => AdminLoss::Account { user: &user },
        };
        self.last_admin_lost(lane, call, &loss).await
    }

    async fn access_by_group_lost(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        loss: GroupLoss,
    ) -> Result<Option<String>, CallError> {
        let [group, rest @ ..] = call.arguments.as_slice() else {
            return Ok(None);
        };
        let second = rest.first().map_or("", String::as_str);
        if self.org_client(&call.org)?.acts_as_user() {
            return self.own_group_lost(lane, call, group, second, loss).await;
        }
        let role = (loss == GroupLoss::Role).then_some(second);
        if loss == GroupLoss::Means || !self.makes_super_admins(lane, call, group, role).await? {
            return Ok(None);
        }
        if loss != GroupLoss::Membership {
            return self.last_admin_lost(lane, call, &AdminLoss::Group { group }).await;
        }
        // Those who stay are known by their ids.
        let user = &self.id_of(lane, &call.org, second).await?;
        self.last_admin_lost(lane, call, &AdminLoss::Membership { user, group }).await
    }

    /// Whether the user whose sign-in this run uses loses a role by what is done to a group. Nobody else's is lost for good: a super admin
    /// who runs this stays one.
    async fn own_group_lost(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        group: &str,
        second: &str,
        loss: GroupLoss,
    ) -> Result<Option<String>, CallError> {
        let Some(me) = self.me(lane, &call.org).await? else {
            return Ok(None);
        };
        if loss == GroupLoss::Membership && self.id_of(lane, &call.org, second).await? != me {
            return Ok(None);
        }
        let given = match self.given_roles(lane, &call.org, group).await {
            Err(error) if is_withheld(&error) => {
                self.tell_unchecked_roles(call, group, &error);
                return Ok(None);
            }
            given => given?,
        };
        let is_lost = |role: &&Value| loss != GroupLoss::Role || role["id"] == *second;
        let labels: Vec<&str> =
            given.iter().filter(is_lost).map(|role| role["label"].as_str().unwrap_or("a role")).collect();
        if labels.is_empty() || !self.is_in(lane, &call.org, &me, group).await? {
            return Ok(None);
        }
        Ok(Some(format!(
            "it takes away from the user whose sign-in this run uses, who has {} through the group",
            labels.join(", ")
        )))
    }

    async fn is_in(&self, lane: &RunLane, org: &str, user: &str, group: &str) -> Result<bool, CallError> {
        let groups = ApiCall::operation(org, "list_user_groups", &[user]).map_err(CallError::Usage)?;
        let groups = self.list(lane, &groups).await?;
        Ok(groups.iter().any(|found| found["id"] == *group))
    }

    /// Active assignments of roles to a group.
    async fn given_roles(&self, lane: &RunLane, org: &str, group: &str) -> Result<Vec<Value>, CallError> {
        let list = ApiCall::operation(org, "list_group_assigned_roles", &[group]);
        let mut given = self.list(lane, &list.map_err(CallError::Usage)?).await?;
        given.retain(|role| role["status"] == "ACTIVE");
        Ok(given)
    }

    /// Whether a group, by this one of its roles where one is named, makes its members super admins.
    async fn makes_super_admins(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        group: &str,
        role: Option<&str>,
    ) -> Result<bool, CallError> {
        let key = (call.org.clone(), group.to_owned());
        let mut watch = self.admin_watch().await;
        if role.is_none()
            && let Some(known) = watch.groups.get(&key)
        {
            return Ok(*known);
        }
        let given = match self.given_roles(lane, &call.org, group).await {
            Err(error) if is_withheld(&error) => {
                self.tell_unchecked_roles(call, group, &error);
                Vec::new()
            }
            given => given?,
        };
        watch.groups.insert(key, given.iter().any(is_super));
        let is_meant = |given: &&Value| role.is_none_or(|role| given["id"] == *role);
        Ok(given.iter().filter(is_meant).any(is_super))
    }

    fn tell_unchecked_roles(&self, call: &ApiCall, group: &str, error: &CallError) {
        self.remark(&format!(
            "{} does not say which admin roles the group {group} gives ({error}): whether {} takes away the operator's or the last super \
             admin's was not checked",
            call.org,
            call.name()
        ));
    }

    /// Which of a user's tokens is in use no call tells, so that none of one's own passes.
    async fn own_token_lost(&self, lane: &RunLane, call: &ApiCall) -> Result<Option<String>, CallError> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let token = self.seen(lane, &call.org, "get_api_token", &arguments).await?;
        let me = self.me(lane, &call.org).await?;
        let is_own = me.is_some_and(|me| !token.is_null() && token["userId"] == me);
        Ok(is_own.then(|| {
            let name = token["name"].as_str().unwrap_or("the token");
            format!("{name} belongs to the user whose sign-in this run uses, and may be the one in use")
        }))
    }

    /// The id of the user whose sign-in this run uses; `None` where the org does not say.
    async fn me(&self, lane: &RunLane, org: &str) -> Result<Option<String>, CallError> {
        if let Some(OrgAccount::User { id, .. }) = self.actor().account(org) {
            return Ok(Some(id.clone()));
        }
        match self.seen(lane, org, "get_user", &["me"]).await {
            Ok(me) => Ok(me["id"].as_str().map(str::to_owned)),
            Err(error) if is_withheld(&error) => {
                self.remark(&format!(
                    "{org} does not say who this run signs in as ({error}): whether it takes away its own access was not checked"
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether nobody would be left who is super admin, of those that the org tells. Lanes are asked one after the other, so that two of
    /// them do not count on each other's.
    async fn last_admin_lost(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        loss: &AdminLoss<'_>,
    ) -> Result<Option<String>, CallError> {
        let mut watch = self.admin_watch().await;
        let org = call.org.as_str();
        match self.others_than(lane, org, loss, &watch.leaving).await {
            Ok(OtherAdmins::NotConcerned) => Ok(None),
            Ok(OtherAdmins::Some) => {
                let leaving = loss.user().map(|user| (org.to_owned(), user.to_owned()));
                watch.leaving.extend(leaving);
                Ok(None)
            }
            Ok(OtherAdmins::None) => Ok(Some(match loss.user() {
                Some(user) => format!(
                    "{user} is the last active super admin of {org} (who else is one through a group no list tells)"
                ),
                None => format!(
                    "no active super admin of {org} is left without the group's role (who is one through another group no list tells)"
                ),
            })),
            Err(error) if is_withheld(&error) => {
                self.remark(&format!(
                    "{org} does not say who is super admin ({error}): whether {} takes away the last one was not checked",
                    call.name()
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether somebody stays super admin: one of those who have roles, or of the members of a group that makes them so.
    async fn others_than(
        &self,
        lane: &RunLane,
        org: &str,
        loss: &AdminLoss<'_>,
        leaving: &BTreeSet<(String, String)>,
    ) -> Result<OtherAdmins, CallError> {
        let mut candidates = Vec::new();
        if let Some(user) = loss.user() {
            let roles = self.roles_of(lane, org, user).await?;
            let mut held = roles.iter().filter(|role| is_super(role));
            if !held.clone().any(|role| loss.ends(user, role)) {
                return Ok(OtherAdmins::NotConcerned);
            }
            if held.clone().any(|role| !loss.ends(user, role)) {
                return Ok(OtherAdmins::Some);
            }
            if let Some(group) = held.find_map(group_of) {
                candidates = self.members(lane, org, group).await?;
            }
        }
        candidates.extend(self.assignees(lane, org).await?);
        for candidate in candidates {
            let is_leaving = leaving.contains(&(org.to_owned(), candidate.clone()));
            if !is_leaving && self.stays_super(lane, org, &candidate, loss).await? {
                return Ok(OtherAdmins::Some);
            }
        }
        Ok(OtherAdmins::None)
    }

    async fn stays_super(
        &self,
        lane: &RunLane,
        org: &str,
        user: &str,
        loss: &AdminLoss<'_>,
    ) -> Result<bool, CallError> {
        let status = self.seen(lane, org, "get_user", &[user]).await?;
        let is_usable = status["status"].as_str().is_some_and(|status| USABLE.contains(&status));
        let stays = |role: &Value| is_super(role) && !loss.ends(user, role);
        Ok(is_usable && self.roles_of(lane, org, user).await?.iter().any(stays))
    }

    async fn roles_of(&self, lane: &RunLane, org: &str, user: &str) -> Result<Vec<Value>, CallError> {
        let list = ApiCall::operation(org, "list_assigned_roles_for_user", &[user]);
        self.list(lane, &list.map_err(CallError::Usage)?).await
    }

    /// Ids of the users who have roles.
    async fn assignees(&self, lane: &RunLane, org: &str) -> Result<Vec<String>, CallError> {
        let list = ApiCall::operation(org, "list_users_with_role_assignments", &[]);
        let list = list.map_err(CallError::Usage)?.query("limit", "100");
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self.page_asked_by(ReadAsker::Run, lane, &list, next.as_ref()).await?;
            let users = page.body["value"].as_array().into_iter().flatten();
            found.extend(users.filter_map(|user| user["id"].as_str().map(str::to_owned)));
            next = page.next;
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}

/// Whether a super admin is left.
enum OtherAdmins {
    /// The call takes no super admin away.
    NotConcerned,
    Some,
    None,
}

fn is_super(role: &Value) -> bool {
    role["type"] == SUPER_ADMIN && role["status"] == "ACTIVE"
}

/// The group through which a user has a role.
fn group_of(assignment: &Value) -> Option<&str> {
    if assignment["assignmentType"] != "GROUP" {
        return None;
    }
    let assignee = assignment["_links"]["assignee"]["href"].as_str()?;
    assignee.rsplit('/').next()
}

/// Whether the org keeps something from this run, or does not have it.
fn is_withheld(error: &CallError) -> bool {
    matches!(error.status(), Some(401 | 403 | 404 | 501))
}

/// Whether a call deletes or deactivates an app, or anything that belongs to it: its keys, grants, roles, users. An OAuth app's id is its
/// client id.
fn takes_from_app(call: &ApiCall, app: &str) -> bool {
    let ends = call.method() == HttpMethod::Delete || call.path.ends_with("/deactivate");
    let below = ["/api/v1/apps/", "/oauth2/v1/clients/"];
    let is_of_app = |prefix: &str| {
        let rest = call.path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.split('/').next() == Some(app))
    };
    ends && below.into_iter().any(is_of_app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::operations;

    #[test]
    fn every_listed_operation_is_one_of_a_user() {
        for (name, _) in USER_LOSSES {
            let operation = operations::find(name).unwrap_or_else(|| panic!("{name}"));
            assert!(operation.path.starts_with("/api/v1/users/{"), "{name}");
            assert!(operation.is_write(), "{name}");
        }
    }

    #[test]
    fn every_listed_operation_on_a_group_is_one() {
        for (name, _) in GROUP_LOSSES {
            let operation = operations::find(name).unwrap_or_else(|| panic!("{name}"));
            assert!(operation.path.starts_with("/api/v1/groups/{"), "{name}");
            assert!(operation.is_write(), "{name}");
        }
    }

    #[test]
    fn what_belongs_to_the_own_app_is_not_taken_away() {
        let takes = |name: &str, arguments: &[&str]| {
            let call = ApiCall::operation("okta", name, arguments).expect(name);
            takes_from_app(&call, "0oaown")
        };
        assert!(takes("deactivate_application", &["0oaown"]));
        assert!(takes("delete_application", &["0oaown"]));
        assert!(takes("revoke_scope_consent_grant", &["0oaown", "oag1"]));
        assert!(takes("delete_role_from_client", &["0oaown", "ra1"]));
        assert!(!takes("delete_application", &["0oaother"]));
        assert!(!takes("activate_application", &["0oaown"]));
    }
}
