//! Which values of Okta's objects are secrets: by the field's name, by where it stands, by the shape of the value.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Names of fields that hold a secret wherever they stand, in lower case and without `_` and `-`.
const SECRET_NAMES: &[&str] = &[
    // Okta's API description (Management API): fields that are `writeOnly` or of `format: password`, one-time links and tokens, keys.
    "activationcode",
    "activationtoken",
    "activationurl",
    "adminpassword",
    "aeskey",
    "answer",
    "apikey",
    "authorizationheader",
    "clientsecret",
    "deviceauthtoken",
    "devicetoken",
    "hash",
    "nextpasscode",
    "otpcode",
    "passcode",
    "password",
    "privateid",
    "privatekey",
    "providerauthtoken",
    "recoverytoken",
    "resetpasswordtoken",
    "resetpasswordurl",
    "salt",
    "secrethash",
    "secretkey",
    "serviceaccountjson",
    "sharedsecret",
    "tac",
    "temppassword",
    "token",
    "tokensigningkey",
    // Okta's Authentication API and the answers of its sign-in.
    "recoveryanswer",
    "securityanswer",
    "sessiontoken",
    "statetoken",
    // OAuth 2.0 and OpenID Connect (RFC 6749, 7523, 7591, 8628), SAML.
    "accesstoken",
    "assertion",
    "authorization",
    "bearer",
    "clientassertion",
    "devicecode",
    "idtoken",
    "jwt",
    "refreshtoken",
    "registrationaccesstoken",
    "samlresponse",
    // What forms of apps and of hooks call theirs.
    "accesskey",
    "apitoken",
    "bearertoken",
    "cookietoken",
    "cookietokenurl",
    "csrftoken",
    "devicesecret",
    "encryptionkey",
    "onetimepassword",
    "onetimetoken",
    "onetimecode",
    "otp",
    "passphrase",
    "passwd",
    "pin",
    "presharedkey",
    "pwd",
    "recoverycode",
    "recoverycodes",
    "secret",
    "secretaccesskey",
    "securitycode",
    "signingkey",
    "signingsecret",
    "usercode",
    "verificationcode",
    // Attributes of Active Directory that hold passwords or what they are made from.
    "dbcspwd",
    "lmpwdhistory",
    "msdsmanagedpassword",
    "mslapsencryptedpassword",
    "mslapspassword",
    "msmcsadmpwd",
    "ntpwdhistory",
    "supplementalcredentials",
    "unicodepwd",
    "userpassword",
];

/// Names that only hold a secret inside of the field `credentials` or `password`: elsewhere they are a digest of something public.
const OF_CREDENTIALS: &[&str] = &["hash", "salt"];

/// Ends of names that forms and profiles give to secrets of their own, such as `scimToken` or `db_password`.
const SECRET_ENDS: &[&str] = &[
    "accesskey",
    "apikey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "signingkey",
    "token",
];

/// Names with such an end that say where a list goes on.
const CURSORS: &[&str] = &["continuationtoken", "nextpagetoken", "pagetoken"];

/// Members of a private or symmetric JWK (RFC 7518, section 6). Elsewhere such short names mean other things.
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Fields that describe something, such as a link, a policy or an endpoint, which may have the name of a secret itself.
const DESCRIBING: &[&str] = &[
    "allow",
    "binding",
    "change",
    "created",
    "description",
    "excludeattributes",
    "href",
    "id",
    "lastupdated",
    "method",
    "name",
    "rotationtype",
    "seed",
    "status",
    "type",
    "unit",
    "url",
];

/// Every field of every answer is looked up.
static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| SECRET_NAMES.iter().copied().collect());

/// Length of Okta's API tokens, which begin with `00`. Ids are shorter.
const API_TOKEN: usize = 42;

/// No text with a secret's shape is shorter: most texts are ids and names.
const SHORTEST_SECRET: usize = "-----BEGINPRIVATE KEY".len();

/// No name that only means a secret at its place is longer.
const LONGEST_PLACED: usize = "value".len();

/// A field as it stands in an object, for the question whether it holds a secret.
#[derive(Clone, Copy)]
pub(crate) struct FieldPlace<'a> {
    /// Name of the field that holds the object; of a list's items, the list's.
    pub(crate) within: &'a str,
    pub(crate) object: &'a Map<String, Value>,
    pub(crate) name: &'a str,
}

impl FieldPlace<'_> {
    /// Whether `value` is a secret here. What is empty, a switch, or an object that describes something is none.
    pub(crate) fn is_secret(self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(_) => self.is_named(),
            Value::String(text) => {
                !text.is_empty()
                    && (has_secret_shape(text) || self.is_placed() || (self.is_named_alike() && !is_switch(text)))
            }
            Value::Array(items) => items.iter().any(|item| !item.is_object() && self.is_secret(item)),
            Value::Object(fields) => self.is_named_alike() && !is_description(fields),
        }
    }

    /// By a name that always means a secret.
    fn is_named(self) -> bool {
        match NameMeaning::of(self.name) {
            NameMeaning::Secret => true,
            NameMeaning::OfCredentials { .. } => self.is_of_credentials(),
            NameMeaning::AlikeInText | NameMeaning::Other => false,
        }
    }

    /// By a name that means a secret where a text stands.
    fn is_named_alike(self) -> bool {
        match NameMeaning::of(self.name) {
            NameMeaning::Secret | NameMeaning::AlikeInText => true,
            NameMeaning::OfCredentials { is_alike } => is_alike || self.is_of_credentials(),
            NameMeaning::Other => false,
        }
    }

    fn is_of_credentials(self) -> bool {
        matches!(self.within, "password" | "hash" | "credentials")
    }

    /// By where it stands: members of a key, values of headers and of a hook's authorization, the picture of a shared secret, the id of a
    /// session.
    fn is_placed(self) -> bool {
        if self.name.len() > LONGEST_PLACED {
            return false;
        }
        let has = |name: &str| self.object.contains_key(name);
        match self.name {
            "value" => {
                self.within == "credentials"
                    || self.within.eq_ignore_ascii_case("headers")
                    || self.within.eq_ignore_ascii_case("authScheme")
            }
            "href" => self.within.eq_ignore_ascii_case("qrcode"),
            // Who has the id of a session of Okta's has the session.
            "id" => has("amr") && has("lastPasswordVerification"),
            name => PRIVATE_MEMBERS.contains(&name) && has("kty"),
        }
    }
}

/// What the name of a field alone says.
#[derive(Clone, Copy)]
enum NameMeaning {
    /// Wherever it stands, it is a secret.
    Secret,
    /// It is one within credentials; elsewhere a text of this name may be one by the name's end.
    OfCredentials {
        is_alike: bool,
    },
    /// A text of this name is one.
    AlikeInText,
    Other,
}

/// The fields of Okta's answers have some hundred names.
const MOST_NAMES: usize = 10_000;

thread_local! {
    /// Every field of every answer is asked for.
    static MEANINGS: RefCell<HashMap<Box<str>, NameMeaning>> = RefCell::default();
}

impl NameMeaning {
    fn of(name: &str) -> Self {
        MEANINGS.with_borrow_mut(|known| {
            if let Some(meaning) = known.get(name) {
                return *meaning;
            }
            if known.len() >= MOST_NAMES {
                known.clear();
            }
            let meaning = Self::judged(&compared_name(name));
            known.insert(name.into(), meaning);
            meaning
        })
    }

    fn judged(plain: &str) -> Self {
        let is_alike = SECRET_ENDS.iter().any(|end| plain.ends_with(end)) && !CURSORS.contains(&plain);
        match NAMES.contains(plain) {
            true if OF_CREDENTIALS.contains(&plain) => Self::OfCredentials { is_alike },
            true => Self::Secret,
            false if is_alike => Self::AlikeInText,
            false => Self::Other,
        }
    }
}

/// Whether a text is a secret whatever it is called: a private key, an API token, a JSON web token, also within a sentence or a header.
pub(crate) fn has_secret_shape(text: &str) -> bool {
    if text.len() < SHORTEST_SECRET {
        return false;
    }
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return true;
    }
    text.len() >= API_TOKEN && tokens_in(text).next().is_some()
}

/// The API tokens and JSON web tokens in a text.
fn tokens_in(text: &str) -> impl Iterator<Item = &str> {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let words = text.as_bytes().split(move |byte| !is_of_token(byte));
    // Words are ASCII.
    words.filter_map(|word| std::str::from_utf8(word).ok()).filter(|word| is_api_token(word) || is_web_token(word))
}

/// The text with stars in the place of each API token and JSON web token, as many as they have bytes: places in it stay what they are.
pub(crate) fn star_tokens(text: &str) -> Cow<'_, str> {
    tokens_in(text).fold(Cow::Borrowed(text), |starred, token| starred.replace(token, &"*".repeat(token.len())).into())
}

fn is_api_token(word: &str) -> bool {
    word.len() == API_TOKEN && word.starts_with("00") && !word.contains('.')
}

fn is_web_token(word: &str) -> bool {
    if !word.starts_with("eyJ") {
        return false;
    }
    let parts: Vec<&str> = word.split('.').collect();
    matches!(parts.len(), 3 | 5) && parts[1].len() > 2
}

/// The name as it is compared: `client_secret`, `clientSecret` and `Client-Secret` are one.
fn compared_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What says how passwords are handled where a password could stand, such as `ENABLED`.
fn is_switch(text: &str) -> bool {
    const SWITCHES: &[&str] =
        &["ENABLED", "DISABLED", "ACTIVE", "INACTIVE", "REQUIRED", "OPTIONAL", "NONE", "ALLOW", "DENY"];
    SWITCHES.contains(&text)
}

/// Whether an object under the name of a secret only describes something: what of its texts has no describing name is one of Okta's
/// constants, such as `ROTATE`.
fn is_description(fields: &Map<String, Value>) -> bool {
    fields.iter().all(|(name, value)| describes(name, value))
}

fn describes(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            text.is_empty()
                || DESCRIBING.contains(&compared_name(name).as_str())
                || (name != "value" && is_constant(text))
        }
        Value::Array(items) => items.iter().all(|item| describes(name, item)),
        Value::Object(fields) => is_description(fields),
    }
}

fn is_constant(text: &str) -> bool {
    text.contains('_') && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        || is_switch(text)
        || matches!(text, "STATIC" | "ROTATE")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Paths of all secrets in a value.
    fn secrets(within: &str, value: &Value) -> Vec<String> {
        let inner = |name: &str, found: Vec<String>| {
            found.into_iter().map(|path| format!("{name}.{path}").trim_end_matches('.').to_owned()).collect::<Vec<_>>()
        };
        match value {
            Value::Object(object) => object
                .iter()
                .flat_map(|(name, value)| {
                    let place = FieldPlace { within, object, name };
                    if place.is_secret(value) { vec![name.clone()] } else { inner(name, secrets(name, value)) }
                })
                .collect(),
            Value::Array(items) => items.iter().flat_map(|item| secrets(within, item)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn names_are_known_in_every_spelling() {
        let body = json!({"client_secret": "x", "clientSecret": "x", "Client-Secret": "x", "PRIVATE_KEY": "x", "secretKey": "x",
            "tokenSigningKey": "x", "cookieToken": "x", "registration_access_token": "x", "passphrase": "x", "bearerToken": "x",
            "apiToken": "x", "api_token": "x", "scimToken": "x", "db_password": "x", "userPassword": ["x"], "ms-Mcs-AdmPwd": "x",
            "activationUrl": "x", "resetPasswordUrl": "x", "tempPassword": "x", "serviceAccountJson": {"a": "x"}, "passCode": 123_456,
            "aesKey": "x", "privateId": "x", "tac": "x", "activationCode": "x", "pin": 1234, "preSharedKey": "x"});
        let object = body.as_object().expect("an object");
        assert_eq!(secrets("", &body).len(), object.len(), "{:?}", secrets("", &body));
    }

    #[test]
    fn places_and_shapes_make_secrets_too() {
        let body = json!({
            "jwks": {"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "kid": "k1", "d": "x", "p": "x", "q": "x", "dp": "x", "dq": "x", "qi": "x"}, {"kty": "oct", "k": "x"}]},
            "channel": {"config": {"uri": "u", "headers": [{"key": "X-Api", "value": "x"}], "authScheme": {"type": "HEADER", "key": "Authorization", "value": "x"}}},
            "_embedded": {"activation": {"sharedSecret": "x", "_links": {"qrcode": {"href": "https://acme/qr/x", "type": "image/png"}}}},
            "session": {"id": "x", "userId": "u", "amr": ["pwd"], "lastPasswordVerification": "t", "expiresAt": "t"},
            "hook": {"credentials": {"value": "x"}}, "credentials": {"password": {"hash": {"algorithm": "BCRYPT", "salt": "x", "value": "x"}}},
            "note": format!("SSWS 00{}", "aB3-_".repeat(8)), "sentence": "a eyJhbGciOi.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2ln b", "pem": "-----BEGIN PRIVATE KEY-----\nMII",
        });
        assert_eq!(
            secrets("", &body),
            [
                "jwks.keys.d",
                "jwks.keys.p",
                "jwks.keys.q",
                "jwks.keys.dp",
                "jwks.keys.dq",
                "jwks.keys.qi",
                "jwks.keys.k",
                "channel.config.headers.value",
                "channel.config.authScheme.value",
                "_embedded.activation.sharedSecret",
                "_embedded.activation._links.qrcode.href",
                "session.id",
                "hook.credentials.value",
                "credentials.password",
                "note",
                "sentence",
                "pem"
            ]
        );
    }

    #[test]
    fn tokens_in_a_text_become_stars_of_the_same_length() {
        let token = format!("00{}", "aB3-_".repeat(8));
        let text = format!("let t = \"{token}\"; let j = \"eyJhbGciOi.eyJzdWIiOiJ4In0.c2lnbmF0\"; let ü = 1;");
        let starred = star_tokens(&text);
        assert_eq!(starred.len(), text.len());
        assert!(!starred.contains(&token) && !starred.contains("eyJ"), "{starred}");
        assert!(starred.ends_with("let ü = 1;"), "{starred}");
    }

    #[test]
    fn what_only_has_the_name_of_a_secret_is_none() {
        for harmless in [
            json!({"profile": {"p": "a", "q": "b", "k": "c", "d": "d"}}),
            json!({"passwordChanged": "2026-01-01T00:00:00.000Z", "passwordSelector": "#pw", "revealPassword": false, "token_endpoint_auth_method": "private_key_jwt"}),
            json!({"settings": {"password": {"complexity": {"minLength": 8, "excludeAttributes": ["firstName"]}, "age": {"maxAgeDays": 0}}}}),
            json!({"password": {"status": "ENABLED", "seed": "RANDOM", "change": "KEEP_EXISTING"}, "token": null, "secret": ""}),
            json!({"password": {}, "refresh_token": {"rotation_type": "STATIC", "leeway": 0}, "recoveryToken": {"tokenLifetimeMinutes": 60}}),
            json!({"_links": {"changePassword": {"href": "https://acme/x", "method": "POST", "hints": {"allow": ["POST"]}}}}),
            json!({"endpoints": {"token": {"url": "https://idp/token", "binding": "HTTP-POST"}, "authorization": {"url": "https://idp/a", "binding": "HTTP-REDIRECT"}}}),
            json!({"nextPageToken": "x", "capabilities": {"password": "ENABLED"}, "hash": "abc", "headers": [{"key": "a"}], "kid": "0".repeat(43)}),
        ] {
            assert_eq!(secrets("", &harmless), [""; 0], "{harmless}");
        }
    }
}
