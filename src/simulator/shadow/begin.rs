//! How a shadow begins: which org it is, who works there.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::super::model::shadow_changes::ShadowChanges;
use super::super::oauth;
use super::super::permissions;
use super::super::service::OrgService;
use super::super::store::{AdminRole, ApiToken, OktaId, SimulatedOrg, StoredUser};
use super::hydrate;
use super::neighbours::{ShadowNeighbour, ShadowNeighbours};
use super::upstream::UpstreamOrg;

/// Milliseconds for which the token of a plan is good.
const LIFE: i64 = 30 * 86_400_000;

/// What every org shows of itself.
pub(in crate::simulator) const ABOUT: &str = "/.well-known/okta-organization";

/// An org that shadows the one behind `upstream`, with a token of who may read there. `number` tells the orgs of a plan apart.
///
/// # Errors
/// When the real org does not answer.
pub(in crate::simulator) async fn begin(
    name: &str,
    number: u32,
    upstream: &dyn UpstreamOrg,
) -> Result<SimulatedOrg, String> {
    let mut org = SimulatedOrg::new(name, u64::from(number) + 1);
    org.ids.be_planned(number);
    org.changed = Some(ShadowChanges::default());
    org.schema_unread = true;
    org.options.limits.enabled = false;
    org.options.job_delay_ms = Some(0);
    org.options.agent_timeout_ms = Some(0);
    let about = upstream.get(ABOUT).await?;
    if let Some(id) = about.body["id"].as_str() {
        id.clone_into(&mut org.id);
    }
    let owner = owner(&mut org, upstream).await?;
    add_token(&mut org, owner, oauth::random(42));
    Ok(org)
}

/// Has the shadows of a plan know one another by all URLs of their orgs.
pub(in crate::simulator) async fn register_org(
    neighbours: &ShadowNeighbours,
    upstream: &dyn UpstreamOrg,
    url: &str,
    token: &SecretString,
) -> Result<(), String> {
    let about = upstream.get(ABOUT).await?;
    let links = ["organization", "alternate"].iter().filter_map(|name| about.body["_links"][name]["href"].as_str());
    let own = upstream.url();
    for known in links.chain([own.as_str()]) {
        neighbours.add(known, ShadowNeighbour { url: url.to_owned(), token: token.clone() });
    }
    Ok(())
}

/// Makes the owner of a token that the real org knows known here. False when it does not know it.
pub(super) async fn register_token(
    service: &OrgService,
    bearer: &dyn UpstreamOrg,
    secret: &str,
) -> Result<bool, String> {
    let me = bearer.get("/api/v1/users/me").await?;
    let Some(id) = me.body["id"].as_str().filter(|_| me.status == 200) else {
        return Ok(false);
    };
    let roles = bearer.get(&format!("/api/v1/users/{id}/roles")).await?;
    let mut org = service.write();
    hydrate::user(&mut org, &[], &me.body);
    give_roles(&mut org, id, roles.status, &roles.body);
    add_token(&mut org, id.to_owned(), secret.to_owned());
    Ok(true)
}

/// Who reads there, with his roles as far as he may see them.
async fn owner(org: &mut SimulatedOrg, upstream: &dyn UpstreamOrg) -> Result<OktaId, String> {
    let me = upstream.get("/api/v1/users/me").await?;
    let id = me.body["id"].as_str().filter(|_| me.status == 200);
    // A service app is no user: somebody stands for it here, whom no list shows.
    let Some(id) = id else {
        let id = org.ids.next("00u");
        org.users.insert(id.clone(), stand_in(&id));
        give_roles(org, &id, 403, &Value::Null);
        return Ok(id);
    };
    hydrate::user(org, &[], &me.body);
    let roles = upstream.get(&format!("/api/v1/users/{id}/roles")).await?;
    give_roles(org, id, roles.status, &roles.body);
    Ok(id.to_owned())
}

/// Somebody whom no list shows and no login finds.
fn stand_in(id: &str) -> StoredUser {
    StoredUser {
        id: id.to_owned(),
        status: "ACTIVE".to_owned(),
        created: 0,
        activated: None,
        status_changed: None,
        last_updated: 0,
        password_changed: None,
        last_login: None,
        profile: Map::new(),
        provider: "OKTA".to_owned(),
        has_password: false,
        recovery_question: None,
        groups: BTreeSet::new(),
    }
}

/// Roles that cannot be seen, or whose rights are not known here, are taken for a super admin's: the real org decides.
fn give_roles(org: &mut SimulatedOrg, owner: &str, status: u16, body: &Value) {
    let owner_parameter = [owner.to_owned()];
    let roles = body.as_array().into_iter().flatten();
    for role in roles {
        hydrate::role(org, &owner_parameter, role);
    }
    let held = org.roles.entry(owner.to_owned()).or_default();
    let judged = held.iter().all(|role| permissions::is_known(&role.kind));
    if status != 200 || !judged {
        let role = AdminRole { id: String::new(), kind: "SUPER_ADMIN".to_owned(), created: 0 };
        held.push(role);
    }
}

fn add_token(org: &mut SimulatedOrg, owner: OktaId, secret: String) {
    let now = org.now();
    let token = ApiToken {
        id: org.ids.next("00T"),
        name: "plan".to_owned(),
        owner,
        secret,
        created: now,
        expires: now + LIFE,
        network: "ANYWHERE".to_owned(),
        revoked: false,
    };
    org.tokens.insert(token.id.clone(), token);
}
