//! Who uses what an undo is about to delete: what the run did not bring there itself keeps it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::lane::RunLane;
use super::polling::{BackoffPoller, PATIENCE};
use super::undo_plan::UndoStep;

/// Users and things that are named.
const NAMED: usize = 10;

/// One way in which a thing is used: a list of who uses it, and those whom the run brought there.
struct UseCheck<'a> {
    list: ApiCall,
    brought: BTreeSet<String>,
    /// What of the list counts.
    counts: fn(&Value) -> bool,
    /// Of those whom the run did not bring.
    words: &'a str,
    /// Of those who are still there though the undo took them out.
    still: &'a str,
    /// What is waited for; nothing where those may stay.
    reason: Option<&'a str>,
    withheld: WithheldList,
}

/// What follows where an org does not let a list be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WithheldList {
    /// Nothing is deleted.
    Refuses,
    /// It is remarked that this is not known.
    Remarked(&'static str),
}

impl Run {
    /// Who uses what `calls` delete, and was not brought there by the run: members, apps, roles and rules of a group; groups, apps and roles
    /// of a user; users of an app.
    pub(super) async fn is_in_use(
        &self,
        lane: &RunLane,
        calls: &[ApiCall],
        steps: &[UndoStep],
    ) -> Result<Option<String>, CallError> {
        for call in calls {
            let checks = match call.name().as_str() {
                "delete_group" => uses_of_group(call, steps)?,
                "delete_user" => uses_of_user(call, steps)?,
                "delete_application" => vec![users_of_app(call, steps)?],
                _ => Vec::new(),
            };
            for check in checks {
                if let Some(why) = self.used(lane, &check).await? {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }

    /// Those whom this undo took out are waited for; who else is there uses the thing.
    async fn used(&self, lane: &RunLane, check: &UseCheck<'_>) -> Result<Option<String>, CallError> {
        let mut glances = BackoffPoller::new(PATIENCE);
        loop {
            let now = match self.list(lane, &check.list).await {
                Ok(now) => now,
                Err(error) if error.status() == Some(404) => return Ok(None),
                Err(error) => match check.withheld {
                    WithheldList::Remarked(words) if matches!(error.status(), Some(401 | 403 | 501)) => {
                        self.remark(words);
                        return Ok(None);
                    }
                    _ => return Err(error),
                },
            };
            let now: Vec<&Value> = now.iter().filter(|user| (check.counts)(user)).collect();
            let others = names_of(now.iter().copied().filter(|user| !is_among(&check.brought, user)));
            if !others.is_empty() {
                return Ok(Some(format!("{}: {}", check.words, name_some(&others))));
            }
            let Some(reason) = check.reason.filter(|_| !now.is_empty()) else {
                return Ok(None);
            };
            if glances.are_over() {
                return Ok(Some(format!("{}: {}", check.still, name_some(&names_of(now.into_iter())))));
            }
            self.glance(lane, &mut glances, reason).await?;
        }
    }
}

fn list_of(call: &ApiCall, operation: &str, limit: Option<&str>) -> Result<ApiCall, CallError> {
    let list = ApiCall::operation(&call.org, operation, &[&call.arguments[0]]).map_err(CallError::Usage)?;
    Ok(match limit {
        Some(limit) => list.query("limit", limit),
        None => list,
    })
}

fn uses_of_group<'a>(call: &ApiCall, steps: &[UndoStep]) -> Result<Vec<UseCheck<'a>>, CallError> {
    Ok(vec![
        UseCheck {
            list: list_of(call, "list_group_users", Some("200"))?,
            brought: brought_by(steps, call),
            counts: |_| true,
            words: "the group has members that the run did not bring",
            still: "the group still has members whom the undo took out, or who came back",
            reason: Some("the group to be seen without the members that were taken out"),
            withheld: WithheldList::Refuses,
        },
        UseCheck {
            list: list_of(call, "list_assigned_applications_for_group", Some("200"))?,
            brought: named_with(steps, call, "assign_group_to_application", 1, 0),
            counts: |_| true,
            words: "the group is assigned to apps, by somebody else than the run",
            still: "the group is still assigned to apps from which the undo took it",
            reason: Some("the group to be seen without the apps from which it was taken"),
            withheld: WithheldList::Remarked(
                "whether created groups are assigned to apps is not known: the org does not let this token read it",
            ),
        },
        UseCheck {
            list: list_of(call, "list_group_assigned_roles", None)?,
            brought: BTreeSet::new(),
            counts: |_| true,
            words: "the group has admin roles that the run did not assign",
            still: "",
            reason: None,
            withheld: WithheldList::Remarked(
                "whether created groups have admin roles is not known: the org does not let this token read it",
            ),
        },
    ])
}

fn uses_of_user<'a>(call: &ApiCall, steps: &[UndoStep]) -> Result<Vec<UseCheck<'a>>, CallError> {
    let user = &call.arguments[0];
    let apps = ApiCall::operation(&call.org, "list_applications", &[]).map_err(CallError::Usage)?;
    let apps = apps.query("filter", format!("user.id eq \"{user}\"")).query("expand", format!("user/{user}"));
    Ok(vec![
        UseCheck {
            list: list_of(call, "list_user_groups", None)?,
            brought: named_with(steps, call, "assign_user_to_group", 1, 0),
            // Of the others the org itself or an app makes members.
            counts: |group| group["type"] == "OKTA_GROUP",
            words: "the user is in groups into which the run did not bring them",
            still: "the user is still in groups from which the undo took them",
            reason: Some("the user to be seen without the groups from which they were taken"),
            withheld: WithheldList::Refuses,
        },
        UseCheck {
            list: apps,
            brought: assigned_apps(steps, call),
            counts: |app| app["_embedded"]["user"]["scope"] == "USER",
            words: "the user is assigned to apps, by somebody else than the run",
            still: "the user is still assigned to apps from which the undo took them",
            reason: Some("the user to be seen without the apps from which they were taken"),
            withheld: WithheldList::Remarked(
                "whether created users are assigned to apps is not known: the org does not let this token read it",
            ),
        },
        UseCheck {
            list: list_of(call, "list_assigned_roles_for_user", None)?,
            brought: BTreeSet::new(),
            counts: |role| role["assignmentType"] != "GROUP",
            words: "the user has admin roles that the run did not assign",
            still: "",
            reason: None,
            withheld: WithheldList::Remarked(
                "whether created users have admin roles is not known: the org does not let this token read it",
            ),
        },
    ])
}

/// Without the app nobody would deactivate the accounts of its users.
fn users_of_app<'a>(call: &ApiCall, steps: &[UndoStep]) -> Result<UseCheck<'a>, CallError> {
    Ok(UseCheck {
        list: list_of(call, "list_application_users", Some("200"))?,
        brought: brought_by(steps, call),
        counts: |user| user["externalId"].is_string(),
        words: "the app has provisioned users that the run did not assign",
        still: "",
        reason: None,
        withheld: WithheldList::Refuses,
    })
}

/// What `steps` of this operation bring together with the thing that `call` deletes: the argument at `of` is that thing, the one at `with`
/// the other.
fn named_with(steps: &[UndoStep], call: &ApiCall, operation: &str, of: usize, with: usize) -> BTreeSet<String> {
    let deleted = call.arguments.first();
    let of_steps = steps.iter().filter(|step| step.call.org == call.org && step.call.name() == operation);
    of_steps
        .filter(|step| step.call.arguments.get(of) == deleted)
        .filter_map(|step| step.call.arguments.get(with).cloned())
        .collect()
}

/// Apps to which `steps` assigned the user whom `call` deletes.
fn assigned_apps(steps: &[UndoStep], call: &ApiCall) -> BTreeSet<String> {
    let of_steps = steps.iter().filter(|step| step.call.org == call.org);
    let assigned = of_steps.filter(|step| step.call.name() == "assign_user_to_application");
    let of_user =
        assigned.filter(|step| step.write.answer["id"].as_str() == call.arguments.first().map(String::as_str));
    of_user.filter_map(|step| step.call.arguments.first().cloned()).collect()
}

/// Ids of the users whom `steps` brought into what `call` deletes.
fn brought_by(steps: &[UndoStep], call: &ApiCall) -> BTreeSet<String> {
    let deleted = call.arguments.first();
    let of_steps = steps.iter().filter(|step| step.call.org == call.org);
    let brought = of_steps.filter_map(|step| {
        let arguments = &step.call.arguments;
        match step.call.name().as_str() {
            "assign_user_to_group" if arguments.first() == deleted => arguments.get(1).cloned(),
            "assign_user_to_application" if arguments.first() == deleted => {
                step.write.answer["id"].as_str().map(str::to_owned)
            }
            _ => None,
        }
    });
    brought.collect()
}

/// A script may name a user by login.
fn is_among(brought: &BTreeSet<String>, user: &Value) -> bool {
    [&user["id"], &user["profile"]["login"]].iter().any(|name| name.as_str().is_some_and(|name| brought.contains(name)))
}

fn names_of<'a>(users: impl Iterator<Item = &'a Value>) -> Vec<String> {
    // Of users, app users, groups, and of apps and roles.
    const NAMES: &[&str] = &["/profile/login", "/credentials/userName", "/profile/name", "/label", "/id"];
    let name = |user: &Value| NAMES.iter().find_map(|name| user.pointer(name)?.as_str()).map(str::to_owned);
    users.filter_map(name).collect()
}

/// The first of some names, and how many more there are.
pub(super) fn name_some(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_are_named_and_the_others_counted() {
        let names: Vec<String> = (0..12).map(|number| format!("u{number}")).collect();
        assert_eq!(name_some(&names[..2]), "u0, u1");
        assert!(name_some(&names).ends_with("u9 and 2 more"), "{}", name_some(&names));
    }
}
