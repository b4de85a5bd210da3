//! Device authorization (RFC 8628): a code for a person, who agrees in a browser; here over the control surface.

use serde_json::{Value, json};

use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, PostedForm, RouteHandler, SignedInRequest};
use super::super::model::authorization_server::{ClientKind, DeviceAuthorization, PersonsAnswer, RefreshGrant};
use super::super::store::{EpochMillis, OktaId, SimulatedOrg};
use super::form::TokenDenial;
use super::refresh::give_to_person;
use super::token::random;
use super::{proof, scopes};

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "POST", pattern: "/oauth2/v1/device/authorize", handler: RouteHandler::Form(authorize) }];

pub(super) const CONTROL_ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "POST", pattern: "/simulator/device", handler: RouteHandler::Write(answer) }];

/// Seconds for which a code is good.
const LIFE: i64 = 600;

fn authorize(org: &mut SimulatedOrg, form: &PostedForm) -> ApiReply {
    match begin(org, form) {
        Ok(body) => ApiAnswer::ok(body),
        Err(denial) => denial.reply(),
    }
}

fn begin(org: &mut SimulatedOrg, form: &PostedForm) -> Result<Value, TokenDenial> {
    let client = org.oauth.clients.get(form.required("client_id")?);
    let client = client.filter(|client| client.active && client.kind == ClientKind::Native);
    let unknown = || TokenDenial::new("invalid_client", "Invalid value for 'client_id' parameter.");
    let client = client.ok_or_else(unknown)?;
    // Scopes of OpenID Connect need no grant.
    let own = ["offline_access", "openid", "profile"].map(str::to_owned);
    let grants = [client.scopes().as_slice(), &own].concat();
    let scopes = scopes::granted_scopes(&form.scopes(), &grants)?;
    let user_code = random(8).to_uppercase();
    let authorization = DeviceAuthorization {
        client: client.id.clone(),
        scopes,
        user_code: user_code.clone(),
        expires: org.now() + LIFE * 1000,
        polled: None,
        answer: None,
    };
    let device_code = random(43);
    let interval = org.options.oauth.device_interval_seconds;
    org.oauth.devices.insert(device_code.clone(), authorization);
    let activate = format!("{}/activate", form.base);
    Ok(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": activate,
        "verification_uri_complete": format!("{activate}?user_code={user_code}"),
        "expires_in": LIFE,
        "interval": interval,
    }))
}

/// The token endpoint's part.
pub(super) fn token(org: &mut SimulatedOrg, form: &PostedForm) -> Result<Value, TokenDenial> {
    let code = form.required("device_code")?;
    let (now, interval) = (org.now(), org.options.oauth.device_interval_seconds);
    let client = form.required("client_id")?;
    let authorization = org.oauth.devices.get_mut(code);
    let authorization = authorization.filter(|it| it.client == client);
    let unknown = || TokenDenial::new("invalid_grant", "The device code is invalid.");
    let authorization = authorization.ok_or_else(unknown)?;
    if authorization.expires <= now {
        return Err(TokenDenial::new("expired_token", "The device code has expired."));
    }
    let pause = EpochMillis::try_from(interval).unwrap_or_default() * 1000;
    let last = authorization.polled.replace(now);
    match &authorization.answer {
        // Half a second less: a client's clock is not ours.
        None if last.is_some_and(|last| now - last < pause - 500) => {
            Err(TokenDenial::new("slow_down", "The device polls too often."))
        }
        None => Err(TokenDenial::new(
            "authorization_pending",
            "The device authorization is pending. Please try again later.",
        )),
        Some(PersonsAnswer::Refused) => Err(TokenDenial::new("access_denied", "The user denied the request.")),
        Some(PersonsAnswer::Agreed(user)) => {
            let (user, scopes) = (user.clone(), authorization.scopes.clone());
            redeem(org, form, user, scopes)
        }
    }
}

fn redeem(org: &mut SimulatedOrg, form: &PostedForm, user: OktaId, scopes: Vec<String>) -> Result<Value, TokenDenial> {
    let client = form.required("client_id")?.to_owned();
    let dpop = org.oauth.clients.get(&client).is_some_and(|it| it.dpop);
    let bound_to = proof::of_token_request(org, form, dpop)?;
    org.oauth.devices.remove(form.required("device_code")?);
    let person = RefreshGrant { user, client, scopes, bound_to };
    Ok(give_to_person(org, person))
}

/// `{"userCode", "login", "agree": true}`: what the person does at the verification address.
fn answer(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let user = org.logins.get(&text("login").to_lowercase()).cloned();
    let user = user.ok_or_else(|| ApiRefusal::not_found(text("login"), "User"))?;
    let code = text("userCode");
    let mut devices = org.oauth.devices.values_mut();
    let device = devices.find(|device| device.user_code == code);
    let device = device.ok_or_else(|| ApiRefusal::not_found(code, "DeviceCode"))?;
    device.answer = Some(match body.get("agree") {
        Some(Value::Bool(false)) => PersonsAnswer::Refused,
        _ => PersonsAnswer::Agreed(user),
    });
    ApiAnswer::no_content()
}
