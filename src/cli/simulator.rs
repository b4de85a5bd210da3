//! `simulator`: simulated orgs and directories until Ctrl-C.

use std::net::SocketAddr;

use secrecy::ExposeSecret as _;

use crate::app::command_context::CommandContext;
use crate::app::write_options::stop_signals;
use crate::error::{CommandError, CommandExit};
use crate::simulator::{ListenAddress, ScenarioSpec, Simulator};

/// Serve simulated Okta orgs over HTTP and their directories over LDAP until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook simulator --users 200 --json")]
pub(super) struct SimulatorArguments {
    /// Scenario file (JSON) instead of the built-in one, or `org2org`: a spoke and a hub.
    #[arg(long, value_name = "FILE")]
    scenario: Option<String>,
    /// Address of the first org; the others get ports of their own.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Make this many contractors instead of the scenario's own.
    #[arg(long, value_name = "N")]
    users: Option<usize>,
    /// Print one line of JSON when ready.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(context: &CommandContext, arguments: &SimulatorArguments) -> Result<CommandExit, CommandError> {
    let scenario = scenario(arguments)?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|e| CommandError::failed(format!("the runtime does not start: {e}")))?;
    // Listened for before the addresses are told: who reads them may stop it at once.
    let mut signals = stop_signals(&runtime)?;
    runtime.block_on(async {
        let listen = arguments.listen.map_or(ListenAddress::Anywhere, ListenAddress::At);
        let simulator = Simulator::start(scenario, listen).await.map_err(|e| CommandError::usage(e.to_string()))?;
        show_addresses(context, &simulator, arguments.json);
        signals.next().await;
        Ok(CommandExit::Succeeded)
    })
}

fn scenario(arguments: &SimulatorArguments) -> Result<ScenarioSpec, CommandError> {
    let scenario = match &arguments.scenario {
        Some(name) => ScenarioSpec::find(name).map_err(|e| CommandError::usage(e.to_string()))?,
        None => ScenarioSpec::built_in(),
    };
    Ok(match arguments.users {
        Some(count) => scenario.with_users(count),
        None => scenario,
    })
}

fn show_addresses(context: &CommandContext, simulator: &Simulator, json: bool) {
    if json {
        context.terminal.line(&serde_json::json!(simulator.ready()).to_string());
        return;
    }
    for org in simulator.orgs() {
        context.terminal.line(&format!(
            "org {}\n    OKTA_CLIENT_ORGURL={}\n    OKTA_CLIENT_TOKEN={}",
            org.name,
            org.url,
            org.token.expose_secret()
        ));
        if let Some(app) = &org.service_app {
            context.terminal.line(&format!(
                "    or as a service app: OKTA_CLIENT_CLIENTID={} (its private key: --json)",
                app.client_id
            ));
        }
    }
    for directory in simulator.directories() {
        context.terminal.line(&format!(
            "directory {}\n    {}\n    bind {}\n    password {}\n    base {}",
            directory.domain,
            directory.url,
            directory.bind_dn,
            directory.password.expose_secret(),
            directory.base
        ));
    }
    context.terminal.line("Ctrl-C stops it.");
}
