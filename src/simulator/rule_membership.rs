//! What group rules do: fill groups, let go of whom they no longer match, and remember who was taken out by hand.

use serde_json::Value;

use super::http::ApiRefusal;
use super::log::{self, LogEvent};
use super::membership_changes;
use super::rule_expression::{self, RuleExpression};
use super::rules;
use super::store::{OktaId, SimulatedOrg, StoredRule};

/// A rule excludes at most so many users.
const MOST_EXCLUDED: usize = 100;

/// Brings everyone into, or out of, the groups of a rule that has become active.
pub(super) fn evaluate_rule(org: &mut SimulatedOrg, rule: &str) {
    let users: Vec<OktaId> = org.users.keys().cloned().collect();
    evaluate(org, &[rule.to_owned()], &users);
}

/// Runs all active rules for a user who is new or has changed.
pub(super) fn evaluate_user(org: &mut SimulatedOrg, user: &str) {
    let rules: Vec<OktaId> = active(org).map(|rule| rule.id.clone()).collect();
    evaluate(org, &rules, &[user.to_owned()]);
}

fn active(org: &SimulatedOrg) -> impl Iterator<Item = &StoredRule> {
    org.rules.values().filter(|rule| rule.status == "ACTIVE")
}

fn evaluate(org: &mut SimulatedOrg, rules: &[OktaId], users: &[OktaId]) {
    for id in rules {
        let Some(rule) = org.rules.get(id) else {
            continue;
        };
        let expression = rule_expression::parse(expression_of(rule));
        match expression {
            Ok(expression) => apply(org, id, &expression, users),
            Err(_) => break_rule(org, id),
        }
    }
}

fn apply(org: &mut SimulatedOrg, rule: &str, expression: &RuleExpression, users: &[OktaId]) {
    let groups: Vec<OktaId> = org.rules[rule].groups().map(str::to_owned).collect();
    for user in users {
        let matches = holds_for_user(org, &org.rules[rule], expression, user);
        let granted = org.rule_grants.get(rule).is_some_and(|it| it.contains(user));
        match (matches, granted) {
            (true, _) => grant(org, rule, &groups, user),
            (false, true) => withdraw(org, rule, &groups, user),
            (false, false) => {}
        }
    }
}

fn holds_for_user(org: &SimulatedOrg, rule: &StoredRule, expression: &RuleExpression, user: &str) -> bool {
    let Some(user) = org.users.get(user) else {
        return false;
    };
    // Assumed: the deactivated are left alone.
    user.status != "DEPROVISIONED"
        && !rule.excludes(&user.id)
        && !is_in_excluded_group(rule, &user.groups)
        && expression.holds(org, user)
}

fn is_in_excluded_group(rule: &StoredRule, groups: &std::collections::BTreeSet<OktaId>) -> bool {
    let excluded = rule.conditions["people"]["groups"]["exclude"].as_array();
    let excluded = excluded.into_iter().flatten().filter_map(Value::as_str);
    excluded.into_iter().any(|group| groups.contains(group))
}

fn grant(org: &mut SimulatedOrg, rule: &str, groups: &[OktaId], user: &str) {
    org.rule_grants.entry(rule.to_owned()).or_default().insert(user.to_owned());
    for group in groups {
        membership_changes::add(org, group, user, None);
    }
}

fn withdraw(org: &mut SimulatedOrg, rule: &str, groups: &[OktaId], user: &str) {
    if let Some(granted) = org.rule_grants.get_mut(rule) {
        granted.remove(user);
    }
    for group in groups {
        if !is_granted(org, group, user) {
            membership_changes::remove(org, group, user, None);
        }
    }
}

/// Whether an active rule keeps the user in the group.
fn is_granted(org: &SimulatedOrg, group: &str, user: &str) -> bool {
    active(org).any(|rule| {
        let granted = org.rule_grants.get(&rule.id);
        granted.is_some_and(|users| users.contains(user)) && rule.groups().any(|it| it == group)
    })
}

/// Takes everyone out whom the rule has put in.
pub(super) fn take_back(org: &mut SimulatedOrg, rule: &str) {
    let groups: Vec<OktaId> = org.rules[rule].groups().map(str::to_owned).collect();
    for user in org.rule_grants.remove(rule).unwrap_or_default() {
        withdraw(org, rule, &groups, &user);
    }
}

/// Before a member is removed by hand: the rules that keep him there exclude him from now on.
pub(super) fn exclude(org: &mut SimulatedOrg, group: &str, user: &str) -> Result<(), ApiRefusal> {
    let rules: Vec<OktaId> = keepers(org, group, user).map(|rule| rule.id.clone()).collect();
    let is_full = |id: &OktaId| {
        let excluded = &org.rules[id].conditions["people"]["users"]["exclude"];
        excluded.as_array().is_some_and(|it| it.len() >= MOST_EXCLUDED)
    };
    if rules.iter().any(is_full) {
        // Assumed: the limit of exclusions is refused like any other value.
        return Err(ApiRefusal::validation("exclude", &["errors in the field: exclude"]));
    }
    for rule in rules {
        add_exclusion(org, &rule, user);
    }
    Ok(())
}

/// Active rules of the group that match the user.
fn keepers<'a>(org: &'a SimulatedOrg, group: &'a str, user: &'a str) -> impl Iterator<Item = &'a StoredRule> {
    active(org).filter(move |rule| {
        rule.groups().any(|it| it == group)
            && rule_expression::parse(expression_of(rule))
                .is_ok_and(|expression| holds_for_user(org, rule, &expression, user))
    })
}

fn add_exclusion(org: &mut SimulatedOrg, rule: &str, user: &str) {
    if let Some(granted) = org.rule_grants.get_mut(rule) {
        granted.remove(user);
    }
    let Some(rule) = org.rules.get_mut(rule) else {
        return;
    };
    let excluded = &mut rule.conditions["people"]["users"]["exclude"];
    match excluded.as_array_mut() {
        Some(excluded) => excluded.push(Value::from(user)),
        None => *excluded = serde_json::json!([user]),
    }
    let event = LogEvent::new("group.user_membership.rule.add_exclusion", "Add user to group rule exclusion")
        .target(rules::target(rule))
        .on_user(org, user);
    log::record(org, event);
}

/// Rules that name a deleted group, in actions, exclusions or expression, become INVALID.
pub(super) fn invalidate(org: &mut SimulatedOrg, group: &str) {
    let names = |rule: &StoredRule| rule.groups().any(|it| it == group) || rule.conditions.to_string().contains(group);
    let broken: Vec<OktaId> = org.rules.values().filter(|rule| names(rule)).map(|rule| rule.id.clone()).collect();
    for rule in broken {
        break_rule(org, &rule);
    }
}

fn break_rule(org: &mut SimulatedOrg, id: &str) {
    let now = org.now();
    let Some(rule) = org.rules.get_mut(id) else {
        return;
    };
    "INVALID".clone_into(&mut rule.status);
    rule.last_updated = now;
    let event =
        LogEvent::new("group.user_membership.rule.invalidate", "Group rule is invalid").target(rules::target(rule));
    log::record(org, event);
}

fn expression_of(rule: &StoredRule) -> &str {
    rule.conditions["expression"]["value"].as_str().unwrap_or_default()
}
