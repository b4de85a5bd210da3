//! What is real and still stands when all is replaced: a place that the walk does not know must not give a person away.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::super::super::scenario::ScenarioSpec;

/// Shorter values are initials, codes and counts, which many have.
const LEAST: usize = 4;

/// Fields of a person that say what Okta does, in its own words.
const TECHNICAL: &[&str] = &["status", "provider", "roles", "token", "initialStatus"];

/// Fields that hold the name of a person, each word of which is theirs.
const NAMES: &[&str] = &["firstName", "lastName", "givenName", "sn", "displayName", "nickName"];

/// Fields that hold expressions: only what is quoted in them is a value.
const EXPRESSIONS: &[&str] = &["expression", "userNameExpression", "template"];

/// Values of people, in lower case.
#[derive(Default)]
pub(super) struct PersonalValues {
    /// Whole values, of which a place may consist.
    whole: HashSet<String>,
    /// Words of names.
    words: HashSet<String>,
    /// Values of several parts, which may stand within another text, by their first word.
    phrases: HashMap<String, Vec<String>>,
}

/// All that is told of users, admins and accounts.
pub(super) fn values_of_people(scenario: &ScenarioSpec) -> PersonalValues {
    let mut values = PersonalValues::default();
    // A scenario that cannot be written is refused where it is written.
    let scenario = serde_json::to_value(scenario).unwrap_or_default();
    for org in scenario["orgs"].as_array().into_iter().flatten() {
        values.learn_all(&org["users"]);
        values.learn_all(&org["admins"]);
        values.learn("admin", &org["admin"]);
    }
    for directory in scenario["directories"].as_array().into_iter().flatten() {
        values.learn_all(&directory["accounts"]);
    }
    values
}

impl PersonalValues {
    fn learn_all(&mut self, people: &Value) {
        for person in people.as_array().into_iter().flatten() {
            self.learn("", person);
        }
    }

    fn learn(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                let told = fields.iter().filter(|(name, _)| !TECHNICAL.contains(&name.as_str()));
                told.for_each(|(name, value)| self.learn(name, value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(name, item)),
            Value::String(text) => self.learn_text(name, text),
            // A number that is made may be another person's, as long as it is as short as a count.
            Value::Number(number) if number.to_string().len() > LEAST => {
                self.whole.insert(number.to_string());
            }
            _ => {}
        }
    }

    fn learn_text(&mut self, name: &str, text: &str) {
        let text = text.to_lowercase();
        if text.chars().count() < LEAST {
            return;
        }
        if NAMES.contains(&name) {
            let long = words(&text).filter(|word| word.chars().count() >= LEAST);
            self.words.extend(long.map(str::to_owned));
        }
        if let Some(first) = first_of_several(&text) {
            let phrases = self.phrases.entry(first).or_default();
            if !phrases.contains(&text) {
                phrases.push(text.clone());
            }
        }
        self.whole.insert(text);
    }

    /// Paths of the places where one of them stands. `kept` are Okta's own names.
    pub(super) fn found_in(&self, scenario: &ScenarioSpec, kept: &BTreeSet<String>) -> Vec<String> {
        let mut found = Vec::new();
        let scenario = serde_json::to_value(scenario).unwrap_or_default();
        self.look("", "", &scenario, kept, &mut found);
        found
    }

    fn look(&self, path: &str, name: &str, value: &Value, kept: &BTreeSet<String>, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.look(&format!("{path}{dot}{name}"), name, value, kept, found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look(&format!("{path}[{index}]"), name, item, kept, found);
                }
            }
            Value::String(text) if !kept.contains(text) && !is_constant(text) => {
                let holds = if EXPRESSIONS.contains(&name) {
                    quoted_literals(text).any(|literal| self.is_in(literal))
                } else {
                    !TECHNICAL.contains(&name) && self.is_in(text)
                };
                if holds {
                    found.push(path.to_owned());
                }
            }
            Value::Number(number) if self.whole.contains(&number.to_string()) => {
                found.push(path.to_owned());
            }
            _ => {}
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.whole.contains(&text)
            || words(&text).any(|word| {
                let phrases = self.phrases.get(word).into_iter().flatten();
                self.words.contains(word) || phrases.into_iter().any(|phrase| text.contains(phrase.as_str()))
            })
    }
}

/// The first word, where others follow.
fn first_of_several(text: &str) -> Option<String> {
    let mut parts = words(text);
    let first = parts.next()?.to_owned();
    parts.next().is_some().then_some(first)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The literals of an expression.
fn quoted_literals(text: &str) -> impl Iterator<Item = &str> {
    text.split(['"', '\'']).skip(1).step_by(2)
}

/// One of Okta's own words, such as `PUSH_NEW_USERS`.
fn is_constant(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn left_values(before: &Value, after: &Value) -> Vec<String> {
        let scenario = |value: &Value| ScenarioSpec::parse("the test", &value.to_string()).expect("a scenario");
        values_of_people(&scenario(before)).found_in(&scenario(after), &BTreeSet::from(["Everyone".to_owned()]))
    }

    fn org(admin: &Value, user: &Value, group: &Value) -> Value {
        json!({"orgs": [{"name": "okta", "settled": true, "admin": admin, "users": [user], "groups": [group]}]})
    }

    fn real_org(attributes: &Value) -> Value {
        let admin = json!({"login": "zz@zz.test", "firstName": "Zz", "lastName": "Zz"});
        org(&admin, &user(attributes), &json!({"name": "g"}))
    }

    fn made_up_org(group: &Value) -> Value {
        let admin = json!({"login": "d.e@f.test", "firstName": "Dd", "lastName": "Ee"});
        org(&admin, &made_up(), group)
    }

    fn user(attributes: &Value) -> Value {
        json!({"login": "ida.quill@acme.test", "firstName": "Idabel", "lastName": "Quill", "attributes": attributes})
    }

    fn made_up() -> Value {
        json!({"login": "a.b@c.test", "firstName": "Aa", "lastName": "Bb"})
    }

    #[test]
    fn a_persons_value_that_is_left_is_named_by_its_path() {
        let before = real_org(&json!({"mobilePhone": "+33 6 12 34", "badge": 998_877, "team": "Blue"}));
        for (group, path) in [
            (json!({"name": "of ida.quill@acme.test"}), "orgs[0].groups[0].name"),
            (json!({"name": "g", "description": "call +33 6 12 34"}), "orgs[0].groups[0].description"),
            (json!({"name": "g", "attributes": {"n": [998_877]}}), "orgs[0].groups[0].attributes.n[0]"),
            (json!({"name": "Quill's"}), "orgs[0].groups[0].name"),
            (json!({"name": "blue"}), "orgs[0].groups[0].name"),
        ] {
            assert_eq!(left_values(&before, &made_up_org(&group)), [path], "{group}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_nobodys() {
        let before = real_org(&json!({"team": "Blue", "kind": "user", "status": "Everyone"}));
        for group in [json!({"name": "Everyone"}), json!({"name": "blueprint of a user"}), json!({"name": "quillon"})] {
            assert_eq!(left_values(&before, &made_up_org(&group)), [""; 0], "{group}");
        }
    }
}
