//! How earlier versions left secrets out of a script's text: line by line. What they wrote down is compared with the text as it is now, and
//! comments are no part of a tree, so that this still tells what is in them.

use crate::run::REDACTED;

/// Fields whose strings were left out, in lower case.
const SECRET_FIELDS: &[&str] = &[
    "password",
    "answer",
    "securityanswer",
    "token",
    "accesstoken",
    "access_token",
    "refreshtoken",
    "refresh_token",
    "id_token",
    "idtoken",
    "client_secret",
    "clientsecret",
    "client_assertion",
    "sharedsecret",
    "secret",
    "privatekey",
    "temppassword",
    "activationtoken",
    "activationurl",
    "resetpasswordurl",
    "resetpasswordtoken",
    "recoverytoken",
    "passcode",
    "statetoken",
    "sessiontoken",
    "apikey",
    "authorization",
];

/// The text without the strings that stand in a line after the name of a secret field.
pub(super) fn without_secrets(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let lower = line.to_lowercase();
        let secret = SECRET_FIELDS.iter().filter_map(|name| after_field(&lower, name)).min();
        // Lower case may differ in length for letters that no field has: the line is then left out as a whole.
        match secret {
            Some(_) if lower.len() != line.len() => format!("{REDACTED}\n"),
            Some(from) => [&line[..from], &without_strings(&line[from..])].concat(),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

/// Where a field's value begins: after `name:`, `"name":` or `.name =`.
fn after_field(line: &str, name: &str) -> Option<usize> {
    // Most lines have no such name, and this tells it sooner than the search for its place.
    if !line.contains(name) {
        return None;
    }
    let at = line.find(name)?;
    let rest = &line[at + name.len()..];
    let sign = rest.find(|c: char| !(c.is_whitespace() || c == '"'))?;
    let begins = rest[sign..].starts_with([':', '=']);
    begins.then_some(at + name.len() + sign + 1)
}

fn without_strings(text: &str) -> String {
    let mut parts = text.split('"');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        kept.push('"');
        kept.push_str(if index % 2 == 0 { REDACTED } else { part });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_after_a_secret_field_are_left_out_of_a_script() {
        let script = "let a = \"kept\";\nu.credentials = #{ password: #{ value: \"x\" }, y: \"z\" };\nm[\"apiKey\"] = 1; // answer\n";
        assert_eq!(
            without_secrets(script),
            "let a = \"kept\";\nu.credentials = #{ password: #{ value: \"(redacted)\" }, y: \"(redacted)\" };\nm[\"apiKey\"] = 1; // answer\n"
        );
    }
}
