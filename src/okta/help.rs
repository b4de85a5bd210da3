//! What to do about an error: one remedy for each that has one.

use super::api_error::ApiError;
use super::error::{OktaError, RequestError, TransportFailure};

pub(super) fn for_error(error: &OktaError) -> Option<String> {
    match error {
        OktaError::Api(refusal) => for_refusal(refusal),
        OktaError::Request(refused) => for_request(refused).map(str::to_owned),
        OktaError::SignIn(refusal) => Some(refusal.help()),
        OktaError::Transport { failure, host, .. } => Some(for_failure(*failure, host)),
        OktaError::Timeout { .. } => Some("check the network and the proxy; see https://status.okta.com".to_owned()),
        OktaError::NotJson { .. } => Some(
            "the request may have been carried out; a proxy between here and the org may have changed the answer".to_owned(),
        ),
        OktaError::WrongBody { .. } => Some(
            "the request may have been carried out; the answer is not Okta's for it: look for a proxy between here and the org that \
             changes answers"
                .to_owned(),
        ),
        OktaError::TooLarge { .. } => Some(
            "ask for less at a time (`limit`, a filter), and look at what answers there: no page of an org is as large as this"
                .to_owned(),
        ),
        OktaError::EndlessList(list) => Some(list.help().to_owned()),
        OktaError::NotOkta { host, .. } => Some(format!(
            "check the org's URL: {host} must be the org itself, not its sign-in page's vanity link, a proxy or another site"
        )),
        OktaError::Redirect { .. } => Some("configure the org's own URL, the one it redirects to if that is yours".to_owned()),
        OktaError::ForeignLink { .. } => {
            Some("configure the org by the host that its links name; a proxy before it must rewrite them".to_owned())
        }
    }
}

fn for_refusal(refusal: &ApiError) -> Option<String> {
    if refusal.lacks_scope() {
        return Some(missing_scope(refusal));
    }
    let by_code = refusal.code.as_deref().and_then(|code| for_code(code, refusal));
    by_code.or_else(|| for_status(refusal)).map(str::to_owned)
}

/// By Okta's error codes: its page of them, its pages on API tokens and on rate limits.
fn for_code(code: &str, refusal: &ApiError) -> Option<&'static str> {
    match code {
        "E0000005" => Some("this endpoint takes no OAuth access token; configure an API token (SSWS) for it"),
        "E0000006" => Some(
            "a token has the rights of the admin who created it: give that admin (or the service app) a role that covers this. \
             Members of app-sourced and built-in groups cannot be changed by anybody",
        ),
        "E0000009" => Some("an error within Okta; try again, and give Okta's support the request id if it stays"),
        "E0000010" => Some(
            "the org is in read-only mode for maintenance: reads work, try again later; see https://status.okta.com",
        ),
        // Of an access token the status tells.
        "E0000011" if refusal.challenge.is_some() => None,
        "E0000011" => Some(
            "the token is mistyped, revoked, used from outside its network zone, expired by 30 days without use, \
             or its owner was deactivated: create another under Security > API > Tokens",
        ),
        "E0000015" => Some(
            "the token is fine; the feature is off in this org: have it turned on under Settings > Features or by Okta's support",
        ),
        "E0000018" | "E0000019" | "E0000021" => {
            Some("the headers Accept and Content-Type do not match what the endpoint takes")
        }
        "E0000047" => Some(
            "the limit is shared by everything that calls this org; look at Reports > Rate Limits, and try when others are done",
        ),
        "E0000112" => Some("the user is still being activated; try again in a few minutes"),
        "E0000239" | "E0000249" => Some("Okta is still working on an earlier change; try again in a minute"),
        "E0000008" if refusal.status == 404 => Some("the path is wrong, or the org does not have this part of the API"),
        _ => None,
    }
}

fn for_status(refusal: &ApiError) -> Option<&'static str> {
    match (refusal.status, refusal.challenge.as_deref()) {
        (400, Some("dpop_proof_required_for_token" | "invalid_dpop_proof")) => {
            Some("the access token is bound to a key (DPoP) and its proof was not taken: look at this machine's clock")
        }
        // An access token is renewed once before this is told.
        (401, _) => Some(
            "the org takes no access token of this sign-in, not even a new one: configure the org's own address, at which its tokens are \
             issued, and see that the app and the person are active",
        ),
        (429, _) => Some("the limit is shared by everything that calls this org; try when others are done"),
        (501, _) => Some(
            "what answers at this address does not have this part of Okta's API; the simulator names what it does not model",
        ),
        (500..=599, _) => {
            Some("the org or a gateway before it is in trouble; see https://status.okta.com, and try again")
        }
        _ => None,
    }
}

fn missing_scope(refusal: &ApiError) -> String {
    let scopes = match refusal.required_scopes.join(", ") {
        names if names.is_empty() => "the scope".to_owned(),
        names => names,
    };
    format!(
        "grant {scopes} to the service app (Applications > the app > Okta API Scopes) and ask for it in the configured scopes"
    )
}

fn for_request(refused: &RequestError) -> Option<&'static str> {
    match refused {
        RequestError::EmptyToken => Some("set the token, or check the variable, file or command that it comes from"),
        RequestError::KeptSignIn => Some("the file or keyring entry was changed by something else: sign in again"),
        RequestError::ClientId => Some("copy the client id of the app (0oa…) from Applications > the app > General"),
        RequestError::NoScopes => Some(
            "name them in the profile: scopes = [\"okta.users.read\", …]; `check` prints those that a runbook needs",
        ),
        RequestError::Key(wrong) => Some(wrong.help()),
        RequestError::QuotedToken => {
            Some("take the quotes off where the token is set: cmd.exe keeps those of `set NAME=\"…\"`")
        }
        RequestError::UnusableToken => {
            Some("copy the token again; the file or command that it comes from may add something")
        }
        _ => None,
    }
}

fn for_failure(failure: TransportFailure, host: &str) -> String {
    match failure {
        TransportFailure::UnknownHost => format!(
            "check the spelling of {host}, and whether a VPN or proxy is needed to resolve it"
        ),
        TransportFailure::Refused => {
            format!("nothing listens at {host}; check the port, or start the simulator")
        }
        TransportFailure::Tls => format!(
            "something between here and {host} opens TLS, such as a company's proxy: name the file of its certificate authority (PEM) in \
             SSL_CERT_FILE, or install it among the system's; otherwise check that the address is the org's own"
        ),
        TransportFailure::Proxy => {
            "nothing is known of the org: check the proxy (HTTPS_PROXY, or the one of Okta's settings), whether it runs, wants a password, \
             and may reach the org; NO_PROXY names hosts that need none"
                .to_owned()
        }
        TransportFailure::NoConnection => format!("check the network and the way to {host}"),
        TransportFailure::Cut => {
            "look at what is there before the call is repeated: it may have been carried out"
                .to_owned()
        }
    }
}
