//! `snapshot ORG -o FILE`: what is read of an org, saved as a scenario for the simulator.

mod command_line;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::app::command_context::CommandContext;
use crate::app::known_scopes::usual_scopes;
use crate::app::output_file::{self, OverwriteMode};
use crate::app::parameter_arguments::ParameterArguments;
use crate::app::plan_mode::{RehearsalSubject, ShadowTargets};
use crate::app::preparation::PreparedRunbook;
use crate::app::safeguards;
use crate::app::scopes;
use crate::app::targets::{RunTargets, TargetArguments};
use crate::app::write_options::{cancelled_by_hand, runtime};
use crate::error::{CommandError, CommandExit};
use crate::run::OWN_ACCESS;
use crate::script::RunbookHeader;
use crate::simulator::{AnswerProvenance, OrgSnapshot, ScenarioSpec, SnapshotNotes, StandIn, UpstreamOrg, survey};
use crate::terminal::TerminalHandle;
use command_line::rehearsal_of;

/// Save what is read of an org as a scenario for the simulator, to rehearse and test procedures on its shape.
///
/// With a runbook, the procedure runs to its end against a shadow of the org, and just what it read is saved. Without, all is read that a
/// scenario can hold: users, groups and their members, rules, apps with their users and groups, the configured directories (of accounts the
/// attributes that Okta's integration maps). The org is only read, within its limits. Tokens, passwords and other secrets are not saved. What
/// could not be represented is told.
///
/// Several orgs are named as for `plan`: --org spoke=PROFILE --org hub=PROFILE instead of ORG.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: okta-runbook snapshot acme -o acme.json --pseudonyms --runbook ad/move_user_to_ou --param users=@users.csv …\nThen: the command that it tells"
)]
pub(super) struct SnapshotArguments {
    /// Profile of the org, as for --org; the default org when it is left out.
    #[arg(value_name = "ORG", conflicts_with_all = ["orgs", "simulator"])]
    profile: Option<String>,
    /// File to write the scenario to.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Replace names, logins, e-mail addresses, DNs, domains, groups, labels, ids, numbers, dates and other values by made-up ones, the same one
    /// everywhere. Names of attributes stay. Nothing is saved while a value of a person is left.
    #[arg(long)]
    pseudonyms: bool,
    /// Keep the real value at this place of the scenario; `[]` stands for every item of a list, as in orgs[].apps[].label.
    #[arg(long = "allow-real", value_name = "PATH", requires = "pseudonyms")]
    allowed: Vec<String>,
    /// Save only what this procedure reads.
    #[arg(long, value_name = "NAME")]
    runbook: Option<String>,
    /// A parameter of the runbook; lists are comma-separated, repeated, or `@file`.
    #[arg(long = "param", short, value_name = "NAME=VALUE", requires = "runbook")]
    parameters: Vec<String>,
    #[command(flatten)]
    place: TargetArguments,
}

pub(super) fn execute(context: &CommandContext, mut arguments: SnapshotArguments) -> Result<CommandExit, CommandError> {
    let over = OverwriteMode::of(arguments.force);
    output_file::check(&arguments.out, over)?;
    arguments.place.orgs.extend(arguments.profile.take());
    let reading = SnapshotSource::new(context, &arguments)?;
    let taken = reading.take()?;
    taken.save(context, &arguments, over)?;
    Ok(CommandExit::Succeeded)
}

/// The orgs, and the procedure that says what to read of them.
struct SnapshotSource<'a> {
    context: &'a CommandContext,
    prepared: Option<PreparedRunbook>,
    real: RunTargets,
    runtime: Runtime,
    cancelled: CancellationToken,
}

/// What was read.
struct TakenSnapshot {
    snapshot: OrgSnapshot,
    prepared: Option<PreparedRunbook>,
    stand_ins: Vec<command_line::GivenSecret>,
}

impl<'a> SnapshotSource<'a> {
    fn new(context: &'a CommandContext, arguments: &SnapshotArguments) -> Result<Self, CommandError> {
        let place = &arguments.place;
        let prepared = arguments.runbook.as_ref().map(|name| {
            let given = &ParameterArguments::each(&arguments.parameters);
            PreparedRunbook::new(context, &context.terminal, name, given, place.mode())
        });
        let prepared = prepared.transpose()?;
        let runbook = match &prepared {
            Some(prepared) => prepared.runbook.clone(),
            None => whole_orgs(place)?,
        };
        let runtime = runtime()?;
        let real = runtime.block_on(place.find(context, &runbook))?;
        safeguards::distinct_orgs(&real, &runtime)?;
        Ok(Self { context, prepared, real, cancelled: cancelled_by_hand(&runtime, &context.terminal)?, runtime })
    }

    fn take(self) -> Result<TakenSnapshot, CommandError> {
        let notes = SnapshotNotes::default();
        let upstreams = Mutex::new(Vec::new());
        let noting = |name: &str, upstream: Arc<dyn UpstreamOrg>| {
            let upstream = notes.around(name, upstream);
            let mut all = upstreams.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((name.to_owned(), Arc::clone(&upstream)));
            upstream
        };
        self.ask_for_reading();
        let shadows = ShadowTargets::through(&self.real, &self.runtime, &noting)?;
        let ledger = shadows.world.ledger().ok_or_else(|| CommandError::failed("there is no shadow"))?;
        if let Some(prepared) = &self.prepared {
            self.rehearse(prepared, &shadows)?;
        } else {
            let upstreams = upstreams.into_inner();
            let upstreams = upstreams.unwrap_or_else(PoisonError::into_inner);
            self.runtime.block_on(self.survey(&upstreams, ledger))?;
        }
        let stand_ins = self.prepared.as_ref().map(command_line::stand_ins);
        let stand_ins = stand_ins.unwrap_or_default();
        let tokens: Vec<StandIn> = stand_ins.iter().map(|told| told.stand_in.clone()).collect();
        Ok(TakenSnapshot { snapshot: OrgSnapshot::of(&notes, ledger, &tokens), prepared: self.prepared, stand_ins })
    }

    /// All that a procedure may look at, and nothing that changes anything; of a procedure, its own scopes are asked for.
    fn ask_for_reading(&self) {
        if let Some(prepared) = &self.prepared {
            return scopes::of_rehearsal(&self.real, &prepared.report);
        }
        let scopes = usual_scopes().into_iter();
        let reading = |scope: &String| scope.rsplit('.').next() == Some("read");
        let scopes: Vec<String> = scopes.filter(reading).collect();
        for client in self.real.orgs.values() {
            client.ask_for(scopes.clone());
        }
    }

    fn rehearse(&self, prepared: &PreparedRunbook, shadows: &ShadowTargets) -> Result<(), CommandError> {
        let (context, terminal) = (self.context, &self.context.terminal);
        let rehearsing = RehearsalSubject {
            context,
            terminal,
            prepared,
            real: &self.real,
            runtime: &self.runtime,
            cancelled: &self.cancelled,
            // What the procedure would be refused at is read as well.
            allow: &[OWN_ACCESS.to_owned()],
        };
        let rehearsed = rehearsing.rehearse_in(shadows)?;
        if self.cancelled.is_cancelled() {
            return Err(interrupted_error());
        }
        if let Some(error) = rehearsed.ended.error {
            terminal
                .warn(&format!("the procedure stopped, and only what it read until then is saved: {}", error.message));
        }
        Ok(())
    }

    async fn survey(
        &self,
        upstreams: &[(String, Arc<dyn UpstreamOrg>)],
        ledger: &AnswerProvenance,
    ) -> Result<(), CommandError> {
        for (name, upstream) in upstreams {
            let bar = self.context.terminal.progress(&format!("Read {name}"), 1);
            let tell = |it: crate::simulator::SurveyProgress<'_>| bar.reach(it.done, it.of, it.what);
            let reading = survey(&**upstream, &tell);
            let read = tokio::select! {
                read = reading => read,
                () = self.cancelled.cancelled() => return Err(interrupted_error()),
            };
            read.map_err(|reason| CommandError::failed(format!("{name}: {reason}")))?;
        }
        ledger.recall_directories().map_err(|error| CommandError::failed(error.to_string()))
    }
}

fn interrupted_error() -> CommandError {
    CommandError { exit: CommandExit::Interrupted, ..CommandError::failed("interrupted; nothing was saved") }
}

/// The orgs to be read whole, in the form in which a runbook names its own.
fn whole_orgs(place: &TargetArguments) -> Result<RunbookHeader, CommandError> {
    Ok(RunbookHeader::of_orgs("snapshot", names(place)?))
}

/// Names of the orgs: as they are bound, those of a scenario, else `okta`.
fn names(place: &TargetArguments) -> Result<Vec<String>, CommandError> {
    if let Some(scenario) = &place.simulator {
        let scenario = match scenario.as_str() {
            "" => Ok(ScenarioSpec::built_in()),
            name => ScenarioSpec::find(name),
        };
        let scenario = scenario.map_err(|error| CommandError::usage(error.to_string()))?;
        return Ok(scenario.org_names());
    }
    let bound = place.orgs.iter().map(|text| text.split_once('='));
    let bound: Option<Vec<String>> = bound.map(|pair| pair.map(|(name, _)| name.to_owned())).collect();
    match (bound, place.orgs.len()) {
        (Some(names), 1..) => Ok(names),
        (_, 0 | 1) => Ok(vec!["okta".to_owned()]),
        _ => Err(CommandError::usage("of several orgs each needs a name")
            .help("write --org NAME=PROFILE for each, with the names that runbooks have for them")),
    }
}

impl TakenSnapshot {
    fn save(
        self,
        context: &CommandContext,
        arguments: &SnapshotArguments,
        over: OverwriteMode,
    ) -> Result<(), CommandError> {
        let terminal = &context.terminal;
        for remark in &self.snapshot.remarks {
            terminal.warn(remark);
        }
        let (snapshot, mut pseudonyms) = if arguments.pseudonyms {
            let (snapshot, pseudonyms) = self.snapshot.pseudonymised();
            (snapshot, Some(pseudonyms))
        } else {
            (self.snapshot, None)
        };
        if let Some(pseudonyms) = &pseudonyms {
            refuse_real_values(&pseudonyms.remaining, &arguments.allowed)?;
        }
        let odd = pseudonyms.as_ref().map_or(0, |it| it.odd_expressions);
        if odd > 0 {
            terminal.warn(&format!(
                "{odd} expressions quote words that no value has: with pseudonyms they may fit others than before"
            ));
        }
        let text = snapshot
            .to_json()
            .map_err(|error| CommandError::failed(format!("the scenario cannot be written: {error}")))?;
        output_file::write(&arguments.out, &format!("{text}\n"), over)?;
        let file = arguments.out.display();
        terminal.line(&format!("wrote {file}: {}", snapshot.contents()));
        if let Some(prepared) = &self.prepared {
            tell_rehearsal(terminal, &rehearsal_of(prepared, &arguments.out, pseudonyms.as_mut()), &self.stand_ins);
        }
        Ok(())
    }
}

/// So many places are named.
const MOST_PLACES: usize = 10;

/// Refuses a scenario in which a person can be recognized.
fn refuse_real_values(places: &[String], allowed: &[String]) -> Result<(), CommandError> {
    let left: Vec<&String> =
        places.iter().filter(|place| !allowed.contains(place) && !allowed.contains(&of_every_item(place))).collect();
    if left.is_empty() {
        return Ok(());
    }
    let more = left.len().saturating_sub(MOST_PLACES);
    let named = left.iter().take(MOST_PLACES).map(|place| format!("\n  {place}"));
    let more = (more > 0).then(|| format!("\n  and {more} more"));
    let named: String = named.chain(more).collect();
    Err(CommandError::failed(format!("a real value of a person is left in the snapshot, which was not saved:{named}"))
        .help("where the value may stay, name its place: --allow-real PATH"))
}

/// The place with `[]` for each index.
fn of_every_item(place: &str) -> String {
    let mut parts = place.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let rest = part.split_once(']').map_or("", |(_, rest)| rest);
        format!("{whole}[]{rest}")
    })
}

fn tell_rehearsal(terminal: &TerminalHandle, command: &str, stand_ins: &[command_line::GivenSecret]) {
    terminal.line("rehearse it with:");
    for told in stand_ins.iter().filter(|told| !told.is_example) {
        let (name, text) = (&told.variable, &told.stand_in.text);
        terminal.line(&format!("  export {name}={text}"));
    }
    terminal.line(&format!("  {command}"));
}
