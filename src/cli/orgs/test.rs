//! `orgs test`: what an org is, who calls it, what he may, and what stands in the way.

use serde_json::json;

use super::diagnosis::OrgDiagnosis;
use crate::app::command_context::{CommandContext, OutputFormat};
use crate::app::scopes::{advice, missing};
use crate::app::targets::{RESERVE, client, directory};
use crate::app::write_options::runtime;
use crate::config::{OrgProfile, SignIn};
use crate::error::{CommandError, CommandExit};
use crate::okta::{self, ApiRequest, ApiResponse, HttpMethod, OktaClient, SilentObserver};
use crate::report::table::text_table;
use crate::script::check;

/// Test an org profile: address, clock, sign-in, roles, scopes, limits, AD agents, directories. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook orgs test acme --runbook ad/move_user_to_ou
Exit code 1 when something is wrong.")]
pub(super) struct TestOrgArguments {
    /// Profile; without it, the org that a run would take.
    profile: Option<String>,
    /// Compare the granted scopes with those that this runbook needs.
    #[arg(long, value_name = "NAME")]
    runbook: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

/// From this difference on a clock is wrong: a proof or assertion from it may be refused. In milliseconds.
const CLOCK_TOLERANCE: i64 = 60_000;
/// Columns of the table where no terminal has any.
const USUAL_WIDTH: u16 = 120;

pub(super) fn execute(context: &CommandContext, arguments: &TestOrgArguments) -> Result<CommandExit, CommandError> {
    let profile = match &arguments.profile {
        Some(name) => context.config.org(name)?,
        None => context.default_org("okta-runbook orgs test NAME")?,
    };
    let needed = match &arguments.runbook {
        Some(name) => Some(needed_scopes(context, name)?),
        None => None,
    };
    let client = client(context, &profile, RESERVE)?;
    if let Some(needed) = needed.as_ref().filter(|needed| !needed.is_empty()) {
        client.ask_for(needed.clone());
    }
    let mut test = OrgTest { client: &client, profile: &profile, needed, found: OrgDiagnosis::default() };
    let runtime = runtime()?;
    runtime.block_on(async {
        test.org().await;
        test.directories(context).await;
    });
    show_diagnosis(context, arguments.output, &profile, &test.found);
    Ok(if test.found.is_bad() { CommandExit::Failed } else { CommandExit::Succeeded })
}

fn needed_scopes(context: &CommandContext, runbook: &str) -> Result<Vec<String>, CommandError> {
    let library = context.library();
    let report = check::check(library.find(runbook)?, &library);
    Ok(report.scopes.iter().map(ToString::to_string).collect())
}

fn show_diagnosis(context: &CommandContext, output: OutputFormat, profile: &OrgProfile, found: &OrgDiagnosis) {
    if output == OutputFormat::Json {
        let shown = json!({"profile": profile.profile, "url": profile.url, "checks": found.as_json()});
        context.terminal.line(&shown.to_string());
        return;
    }
    let columns = ["", "", "found", "what to do"];
    // Scopes and advice are long: they wrap in a file or a ticket too.
    let width = context.terminal.width().unwrap_or(USUAL_WIDTH);
    let table = text_table(&columns, &found.cells(), Some(width));
    context.terminal.line(&format!("{} ({})\n{table}", profile.profile, profile.url));
}

pub(super) struct OrgTest<'a> {
    client: &'a OktaClient,
    profile: &'a OrgProfile,
    /// Scopes that a runbook needs, when one was named.
    pub(super) needed: Option<Vec<String>>,
    pub(super) found: OrgDiagnosis,
}

impl OrgTest<'_> {
    /// Each part needs the one before: a wrong address says nothing of the token.
    async fn org(&mut self) {
        if !self.address().await {
            return;
        }
        self.clock();
        if !self.sign_in().await {
            return;
        }
        self.principal().await;
        self.agents().await;
        self.limits();
    }

    async fn address(&mut self) -> bool {
        let looked = self.client.look("/.well-known/okta-organization").await;
        let body = match looked {
            Ok(response) => response.body,
            Err(error) => {
                match no_org(&error) {
                    Some(advice) => self.found.bad("organization", error.to_string(), advice),
                    None => self.found.failed("organization", &error),
                }
                return false;
            }
        };
        let text = |key: &str| body[key].as_str().unwrap_or("unknown");
        if body["id"].as_str().is_none_or(|id| !id.starts_with("00o")) {
            let found = "what answers there is no Okta org";
            self.found.bad("organization", found, OWN_ADDRESS);
            return false;
        }
        self.found.good("organization", text("id"));
        let pipeline = match text("pipeline") {
            "idx" => "Identity Engine",
            "v1" => "Classic Engine",
            other => other,
        };
        self.found.good("pipeline", pipeline);
        true
    }

    fn clock(&mut self) {
        let Some(ahead) = self.client.clock_ahead() else {
            return;
        };
        let seconds = ahead / 1000;
        if ahead.abs() <= CLOCK_TOLERANCE {
            self.found.good("clock", "less than a minute from the org's");
            return;
        }
        let side = if seconds > 0 { "behind" } else { "ahead of" };
        let found = format!("this machine's clock is {} s {side} the org's", seconds.abs());
        let advice = match self.profile.sign_in {
            SignIn::Token(_) => {
                "set it right (NTP): an API token works all the same, yet the times in journals and reports are wrong"
            }
            _ => "set it right (NTP): sign-in by key and DPoP proofs are refused otherwise",
        };
        self.found.bad("clock", found, advice);
    }

    /// Gets an access token, or uses the API token for the first time.
    async fn sign_in(&mut self) -> bool {
        match self.client.granted_scopes(&SilentObserver).await {
            Err(error) => {
                self.found.failed("sign-in", &error);
                false
            }
            Ok(Some(granted)) => {
                self.found.good("sign-in", format!("{} (OAuth)", super::list::kind(self.profile)));
                self.scopes(&granted);
                true
            }
            Ok(None) => match self.get("/api/v1/users/me").await {
                Err(error) if error.status() == Some(401) => {
                    self.found.failed("sign-in", &error);
                    false
                }
                _ => {
                    self.found.good("sign-in", "API token (SSWS)");
                    true
                }
            },
        }
    }

    fn scopes(&mut self, granted: &[String]) {
        let list = granted.join(" ");
        let lacking = missing(self.needed.as_deref().unwrap_or_default(), granted);
        if lacking.is_empty() {
            self.found.good("scopes", list);
            return;
        }
        self.found.bad(
            "scopes",
            format!("{list}; missing: {}", lacking.join(" ")),
            advice(Some(self.profile), &lacking),
        );
    }

    async fn principal(&mut self) {
        let path = match &self.profile.sign_in {
            SignIn::PrivateKey(app) => {
                self.found.good("principal", format!("service app {}", app.client_id));
                format!("/oauth2/v1/clients/{}/roles", app.client_id)
            }
            _ => match self.get("/api/v1/users/me").await {
                Ok(me) => {
                    let login = me.body["profile"]["login"].as_str().unwrap_or("unknown");
                    self.found.good("principal", login);
                    "/api/v1/users/me/roles".to_owned()
                }
                Err(error) => return self.found.failed("principal", &error),
            },
        };
        self.roles(&path).await;
    }

    async fn agents(&mut self) {
        let pools = match self.get("/api/v1/agentPools?poolType=AD").await {
            Ok(response) => response.body,
            Err(error) => return self.found.unseen("AD agents", &error),
        };
        let pools = pools.as_array().map_or(&[][..], Vec::as_slice);
        if pools.is_empty() {
            self.found.good("AD agents", "no Active Directory is connected");
        }
        for pool in pools {
            let text = |key: &str| pool[key].as_str().unwrap_or("unknown");
            let agents = pool["agents"].as_array().map_or(0, Vec::len);
            let found = format!("{}: {}, {agents} agents", text("name"), text("operationalStatus"));
            match text("operationalStatus") {
                "OPERATIONAL" => self.found.good("AD agents", found),
                _ => self.found.doubtful(
                    "AD agents",
                    found,
                    "start the agents (Directory > Directory Integrations > Agents): nothing reaches the directory without them",
                ),
            }
        }
    }

    fn limits(&mut self) {
        for rate in self.client.rates() {
            let found = format!("{}: {} a minute, of which {} are used here", rate.bucket, rate.limit, rate.share);
            self.found.good("rate limit", found);
        }
    }

    async fn directories(&mut self, context: &CommandContext) {
        for profile in context.config.directories() {
            let built = directory(context, profile);
            let directory = match built {
                Ok(directory) => directory,
                Err(error) => {
                    self.found.bad("LDAP", error.message.clone(), error.help.join("; "));
                    continue;
                }
            };
            let base = directory.base().clone();
            match directory.exists(&base).await {
                Ok(true) => self.found.good("LDAP", format!("{} at {}", profile.domain, profile.url)),
                Ok(false) => self.found.bad(
                    "LDAP",
                    format!("{}: there is no {}", profile.domain, profile.base),
                    "correct `base` in the profile of the directory",
                ),
                Err(error) => {
                    self.found.bad("LDAP", format!("{}: {error}", profile.domain), error.help().unwrap_or_default());
                }
            }
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<ApiResponse, okta::OktaError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut request = ApiRequest::new(HttpMethod::Get, path);
        if let Some((name, value)) = query.split_once('=') {
            request.query.push((name.to_owned(), value.to_owned()));
        }
        self.client.send(&request, &SilentObserver).await
    }
}

const OWN_ADDRESS: &str = "configure the address of the org itself, such as https://acme.okta.com";

/// What to do where the answer on the org's public metadata shows that no org is there: it was asked without a token, so that the usual
/// advice does not fit.
fn no_org(error: &okta::OktaError) -> Option<&'static str> {
    match error {
        okta::OktaError::NotJson { .. } => Some(OWN_ADDRESS),
        okta::OktaError::Api(refusal) if refusal.status == 404 => Some(
            "there is no org of this name: check the spelling of its address, and whether it is at okta.com, oktapreview.com or \
             okta-emea.com",
        ),
        _ => None,
    }
}
