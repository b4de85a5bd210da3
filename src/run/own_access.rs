//! A run does not lock out its operator: no write takes away the access of the user or app that the run signs in as, nor that of the
//! last active super admin of an org. `--allow own-access` overrides, which is recorded.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actor::OrgAccount;
use super::call::Call;
use super::door::Run;
use super::error::Error;
use super::event::Kind;
use super::lane::Lane;
use super::reading::Asker;
use crate::okta::Method;

/// Name of the guard, for `--allow`.
pub const OWN_ACCESS: &str = "own-access";

/// Super admins, by org and user id, whose access this run has been let take away.
pub(super) type LeavingAdmins = BTreeSet<(String, String)>;

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
    (
        "unassign_app_target_from_app_admin_role_for_user",
        UserLoss::Means,
    ),
    (
        "unassign_app_instance_target_from_admin_role_for_user",
        UserLoss::Means,
    ),
    (
        "unassign_group_target_from_user_admin_role",
        UserLoss::Means,
    ),
    ("reset_password", UserLoss::Means),
    ("expire_password", UserLoss::Means),
    ("expire_password_with_temp_password", UserLoss::Means),
    ("reset_factors", UserLoss::Means),
    ("unenroll_factor", UserLoss::Means),
    ("delete_authenticator_enrollment", UserLoss::Means),
];

impl Run {
    /// Refuses a write that would lock out the operator, or leave the org without a super admin. `before` is what the write's own look
    /// found.
    pub(super) async fn guard_own_access(
        &self,
        lane: &Lane,
        call: &Call,
        before: &Value,
    ) -> Result<(), Error> {
        let Some(why) = self.access_lost(lane, call, before).await? else {
            return Ok(());
        };
        if !self.gate().allows(OWN_ACCESS) {
            return Err(Error::GuardRefused {
                guard: OWN_ACCESS,
                org: call.org.clone(),
                operation: call.name(),
                path: call.path.clone(),
                why,
            });
        }
        let words = format!(
            "--allow {OWN_ACCESS} let {} of {} pass: {why}",
            call.name(),
            call.org
        );
        self.remark(&words);
        let guard = OWN_ACCESS.to_owned();
        self.tell(lane, Kind::Allowed { guard, words })
    }

    /// Whose access `call` would take away that must stay; `None` for almost every call.
    async fn access_lost(
        &self,
        lane: &Lane,
        call: &Call,
        before: &Value,
    ) -> Result<Option<String>, Error> {
        let client = self.org_client(&call.org)?;
        if let Some(app) = client.client_id().filter(|app| takes_from_app(call, app)) {
            return Ok(Some(format!(
                "it takes away from {app}, the app that this run signs in as"
            )));
        }
        let name = call.name();
        if name == "revoke_current_api_token" {
            return Ok(Some("it revokes the API token of this run".to_owned()));
        }
        if name == "revoke_api_token" && client.acts_as_user() {
            return self.own_token_lost(lane, call).await;
        }
        let Some((_, loss)) = USER_LOSSES.iter().find(|(listed, _)| *listed == name) else {
            return Ok(None);
        };
        let Some(user) = self.user_of(lane, call, before).await? else {
            return Ok(None);
        };
        let me = if client.acts_as_user() {
            self.me(lane, &call.org).await?
        } else {
            None
        };
        if me.as_ref() == Some(&user) {
            return Ok(Some(
                "it takes away from the user whose sign-in this run uses".to_owned(),
            ));
        }
        if *loss == UserLoss::Means {
            return Ok(None);
        }
        // A super admin who runs this stays one; and Okta lets no other user change a super admin.
        if client.acts_as_user() {
            return Ok(None);
        }
        self.last_admin_lost(lane, call, &user, *loss).await
    }

    /// Which of a user's tokens is in use no call tells, so that none of one's own passes.
    async fn own_token_lost(&self, lane: &Lane, call: &Call) -> Result<Option<String>, Error> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let token = self
            .seen(lane, &call.org, "get_api_token", &arguments)
            .await?;
        let me = self.me(lane, &call.org).await?;
        let is_own = me.is_some_and(|me| !token.is_null() && token["userId"] == me);
        Ok(is_own.then(|| {
            let name = token["name"].as_str().unwrap_or("the token");
            format!(
                "{name} belongs to the user whose sign-in this run uses, and may be the one in use"
            )
        }))
    }

    /// The id of the user that the first path argument names, by id or login; `None` where there is no such user.
    async fn user_of(
        &self,
        lane: &Lane,
        call: &Call,
        before: &Value,
    ) -> Result<Option<String>, Error> {
        let Some(named) = call.arguments.first() else {
            return Ok(None);
        };
        let user = if before["id"].is_string() && before["profile"]["login"].is_string() {
            before.clone()
        } else {
            self.known_or_seen(lane, &call.org, "get_user", named)
                .await?
        };
        Ok(user["id"].as_str().map(str::to_owned))
    }

    /// The id of the user whose sign-in this run uses; `None` where the org does not say.
    async fn me(&self, lane: &Lane, org: &str) -> Result<Option<String>, Error> {
        if let Some(OrgAccount::User { id, .. }) = self.actor().account(org) {
            return Ok(Some(id.clone()));
        }
        match self.known_or_seen(lane, org, "get_user", "me").await {
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

    async fn known_or_seen(
        &self,
        lane: &Lane,
        org: &str,
        read: &str,
        argument: &str,
    ) -> Result<Value, Error> {
        let call = Call::operation(org, read, &[argument]).map_err(Error::Usage)?;
        match self.picture().thing(org, &call.path) {
            Some(known) => Ok(known),
            None => self.seen(lane, org, read, &[argument]).await,
        }
    }

    /// Whether nobody would be left who is super admin, of those that the org tells. Lanes are asked one after the other, so that two of
    /// them do not count on each other's.
    async fn last_admin_lost(
        &self,
        lane: &Lane,
        call: &Call,
        user: &str,
        loss: UserLoss,
    ) -> Result<Option<String>, Error> {
        let mut leaving = self.leaving_admins().await;
        let role = call.arguments.get(1).filter(|_| loss == UserLoss::Role);
        let found = self
            .other_super_admin(lane, &call.org, user, role, &leaving)
            .await;
        match found {
            Ok(Others::NotConcerned) => Ok(None),
            Ok(Others::Some) => {
                leaving.insert((call.org.clone(), user.to_owned()));
                Ok(None)
            }
            Ok(Others::None) => Ok(Some(format!(
                "{user} is the last active super admin of {}",
                call.org
            ))),
            Err(error) if is_withheld(&error) => {
                self.remark(&format!(
                    "{} does not say who is super admin ({error}): whether {} takes away the last one was not checked",
                    call.org,
                    call.name()
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn other_super_admin(
        &self,
        lane: &Lane,
        org: &str,
        user: &str,
        role: Option<&String>,
        leaving: &LeavingAdmins,
    ) -> Result<Others, Error> {
        let roles = self.roles_of(lane, org, user).await?;
        let is_lost = |one: &Value| is_super(one) && role.is_none_or(|role| one["id"] == **role);
        if !roles.iter().any(is_lost) {
            return Ok(Others::NotConcerned);
        }
        for admin in self.assignees(lane, org).await? {
            let is_leaving = leaving.contains(&(org.to_owned(), admin.clone()));
            if admin != user && !is_leaving && self.is_active_super(lane, org, &admin).await? {
                return Ok(Others::Some);
            }
        }
        Ok(Others::None)
    }

    async fn is_active_super(&self, lane: &Lane, org: &str, user: &str) -> Result<bool, Error> {
        let status = self.seen(lane, org, "get_user", &[user]).await?;
        let is_usable = status["status"]
            .as_str()
            .is_some_and(|status| USABLE.contains(&status));
        Ok(is_usable && self.roles_of(lane, org, user).await?.iter().any(is_super))
    }

    async fn roles_of(&self, lane: &Lane, org: &str, user: &str) -> Result<Vec<Value>, Error> {
        let list = Call::operation(org, "list_assigned_roles_for_user", &[user]);
        self.list(lane, &list.map_err(Error::Usage)?).await
    }

    /// Ids of the users who have roles.
    async fn assignees(&self, lane: &Lane, org: &str) -> Result<Vec<String>, Error> {
        let list = Call::operation(org, "list_users_with_role_assignments", &[]);
        let list = list.map_err(Error::Usage)?.query("limit", "100");
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .page_asked_by(Asker::Run, lane, &list, next.as_ref())
                .await?;
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
enum Others {
    /// The call takes no super admin away.
    NotConcerned,
    Some,
    None,
}

fn is_super(role: &Value) -> bool {
    role["type"] == SUPER_ADMIN && role["status"] == "ACTIVE"
}

/// Whether the org keeps something from this run, or does not have it.
fn is_withheld(error: &Error) -> bool {
    matches!(error.status(), Some(401 | 403 | 404 | 501))
}

/// Whether a call deletes or deactivates an app, or anything that belongs to it: its keys, grants, roles, users. An OAuth app's id is its
/// client id.
fn takes_from_app(call: &Call, app: &str) -> bool {
    let ends = call.method() == Method::Delete || call.path.ends_with("/deactivate");
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
    fn what_belongs_to_the_own_app_is_not_taken_away() {
        let takes = |name: &str, arguments: &[&str]| {
            let call = Call::operation("okta", name, arguments).expect(name);
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
