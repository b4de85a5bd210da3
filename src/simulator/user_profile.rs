//! What a user's profile and credentials must look like.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::http::ApiRefusal;
use super::store::SimulatedOrg;

/// Attributes of Okta's base schema for users.
pub(super) const BASE: &[&str] = &[
    "login",
    "firstName",
    "lastName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
    "email",
    "title",
    "displayName",
    "nickName",
    "profileUrl",
    "secondEmail",
    "mobilePhone",
    "primaryPhone",
    "streetAddress",
    "city",
    "state",
    "zipCode",
    "countryCode",
    "postalAddress",
    "preferredLanguage",
    "locale",
    "timezone",
    "userType",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "managerId",
    "manager",
];

/// Those that the unaltered schema requires.
pub(super) const REQUIRED: &[&str] = &["login", "firstName", "lastName", "email"];

/// The shortest password that the default policy takes.
const SHORTEST_PASSWORD: usize = 8;

/// Refuses a profile that the schema or the org's other users do not allow. `user` is the one who shall have it, if there is one.
pub(super) fn check(org: &SimulatedOrg, profile: &Map<String, Value>, user: Option<&str>) -> Result<(), ApiRefusal> {
    check_names(org, profile)?;
    check_required(org, profile)?;
    check_login(profile)?;
    check_unique(org, profile, user)
}

fn check_names(org: &SimulatedOrg, profile: &Map<String, Value>) -> Result<(), ApiRefusal> {
    match profile.keys().find(|name| !is_defined(org, name)) {
        None => Ok(()),
        Some(name) if org.schema_unread => {
            Err(ApiRefusal::not_modelled(&format!("the attribute {name:?} of users whose schema cannot be read")))
        }
        Some(name) => {
            let cause = format!("Property name '{name}' is not defined in profile");
            Err(ApiRefusal::validation("newUser", &[&cause]))
        }
    }
}

/// An attribute that any user of the scenario has counts as defined.
fn is_defined(org: &SimulatedOrg, name: &str) -> bool {
    BASE.contains(&name)
        || org.custom_attributes.contains_key(name)
        || org.users.values().any(|user| user.profile.contains_key(name))
}

/// Whether it is an attribute of the base schema.
pub(super) fn is_base(name: &str) -> bool {
    BASE.contains(&name)
}

/// Those that the org's own schema requires beyond the base.
pub(super) fn required_custom(org: &SimulatedOrg) -> impl Iterator<Item = &str> {
    let all = org.custom_attributes.iter();
    let required = all.filter(|(_, definition)| definition["required"] == true);
    required.map(|(name, _)| name.as_str())
}

fn check_required(org: &SimulatedOrg, profile: &Map<String, Value>) -> Result<(), ApiRefusal> {
    let required: Vec<&str> = REQUIRED.iter().copied().chain(required_custom(org)).collect();
    let is_blank = |name: &&str| match profile.get(*name) {
        Some(Value::String(text)) => text.trim().is_empty(),
        _ => true,
    };
    let blank: Vec<String> = required
        .iter()
        .filter(|name| is_blank(name))
        .map(|name| format!("{name}: The field cannot be left blank"))
        .collect();
    let Some(first) = required.iter().find(|name| is_blank(name)) else {
        return Ok(());
    };
    let causes: Vec<&str> = blank.iter().map(String::as_str).collect();
    Err(ApiRefusal::validation(first, &causes))
}

/// Five to a hundred characters, and like an e-mail address by the default pattern.
fn check_login(profile: &Map<String, Value>) -> Result<(), ApiRefusal> {
    for name in ["login", "email"] {
        let text = profile.get(name).and_then(Value::as_str).unwrap_or_default();
        let length = text.chars().count();
        if !(5..=100).contains(&length) || !is_address(text) {
            let cause = if name == "login" {
                "login: Username must be in the form of an email address"
            } else {
                "email: Does not match required pattern"
            };
            return Err(ApiRefusal::validation(name, &[cause]));
        }
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace))
}

fn check_unique(org: &SimulatedOrg, profile: &Map<String, Value>, user: Option<&str>) -> Result<(), ApiRefusal> {
    let login = profile.get("login").and_then(Value::as_str).unwrap_or_default();
    let holder = org.logins.get(&login.to_lowercase()).map(String::as_str);
    if holder.is_some() && holder != user {
        return Err(ApiRefusal::validation(
            "login",
            &["login: An object with this field already exists in the current organization"],
        ));
    }
    Ok(())
}

/// What a body's `credentials` set.
#[derive(Default)]
pub(super) struct UserCredentials {
    pub(super) password: bool,
    /// The password itself, where it was given as text.
    pub(super) secret: Option<SecretString>,
    pub(super) question: Option<String>,
    pub(super) provider: Option<String>,
}

/// Reads `credentials`: a password as value, hash or hook, and a recovery question with its answer.
pub(super) fn credentials(body: &Map<String, Value>) -> Result<UserCredentials, ApiRefusal> {
    let given = match body.get("credentials") {
        None | Some(Value::Null) => return Ok(UserCredentials::default()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(ApiRefusal::malformed()),
    };
    let provider = given.get("provider").map(|it| &it["type"]);
    Ok(UserCredentials {
        password: password(given.get("password"))?,
        secret: given.get("password").and_then(|password| password["value"].as_str()).map(SecretString::from),
        question: question(given.get("recovery_question"))?,
        provider: provider.and_then(Value::as_str).map(str::to_owned),
    })
}

fn password(given: Option<&Value>) -> Result<bool, ApiRefusal> {
    let Some(given) = given.and_then(Value::as_object) else {
        return Ok(false);
    };
    let value = given.get("value").and_then(Value::as_str);
    match value {
        // Assumed: the default policy is only about the length.
        Some(value) if value.chars().count() < SHORTEST_PASSWORD => Err(ApiRefusal::validation(
            "password",
            &["Password requirements were not met. Password requirements: at least 8 characters."],
        )),
        Some(_) => Ok(true),
        None => Ok(given.contains_key("hash") || given.contains_key("hook")),
    }
}

fn question(given: Option<&Value>) -> Result<Option<String>, ApiRefusal> {
    let Some(given) = given.and_then(Value::as_object) else {
        return Ok(None);
    };
    let text = |name| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let (question, answer) = (text("question"), text("answer"));
    if question.is_empty() {
        return Ok(None);
    }
    // Okta's page on the user object: an answer has at least four characters.
    if answer.chars().count() < 4 {
        return Err(ApiRefusal::validation(
            "recovery_question",
            &["answer: The answer must be at least 4 characters in length"],
        ));
    }
    Ok(Some(question.to_owned()))
}

/// The body's `profile`, which must be an object.
pub(super) fn profile(body: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, ApiRefusal> {
    match body.get("profile") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(profile)) => Ok(Some(profile)),
        Some(_) => Err(ApiRefusal::malformed()),
    }
}
