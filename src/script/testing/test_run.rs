//! `run_runbook`: a runbook run to its end on the test's simulator.

use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::Map;
use serde_json::{Value, json};

use super::captured_events::CapturedEvents;
use super::environment::TestEnvironment;
use super::fixture::{BegunRun, TestFixture};
use super::test_context::TestContext;
use crate::error::CommandError;
use crate::ldap::Dn;
use crate::okta::OktaClient;
use crate::run::actor::RunActor;
use crate::run::consent::{ConsentOptions, WriteConsent, no_guard};
use crate::run::journal::{self, Journal};
use crate::run::{self, Run, RunOptions};
use crate::script::parameters::{
    self, CheckedParameters, InvalidRows, MissingValues, ParameterAssignment, ParameterProblem, ParameterSources,
};
use crate::script::runbook::{ParameterType, RunbookHeader};
use crate::script::value::to_json;

/// How a trial is conducted.
pub(super) struct TrialConduct {
    agree: bool,
    attest: Vec<String>,
    directories: bool,
}

impl Default for TrialConduct {
    /// As `run --simulator --yes` does.
    fn default() -> Self {
        Self { agree: true, attest: vec!["all".to_owned()], directories: true }
    }
}

impl TrialConduct {
    /// From the options of the call.
    pub(super) fn of(options: &Map) -> Result<Self, String> {
        let mut conduct = Self::default();
        for (key, value) in options {
            let wrong = |what: &str| format!("run_runbook: `{key}` is {what}");
            let flag = || value.as_bool().map_err(|_| wrong("true or false"));
            match key.as_str() {
                "agree" => conduct.agree = flag()?,
                "directories" => conduct.directories = flag()?,
                "attest" => {
                    let names = to_json(value).ok();
                    conduct.attest = names
                        .and_then(|names| serde_json::from_value(names).ok())
                        .ok_or_else(|| wrong("a list of names of manual steps"))?;
                }
                _ => {
                    return Err(format!("run_runbook has no option `{key}`; it has agree, attest, directories"));
                }
            }
        }
        Ok(conduct)
    }

    fn consent(&self) -> ConsentOptions {
        ConsentOptions {
            unlock: no_guard(),
            writes: if self.agree { WriteConsent::Agreed } else { WriteConsent::Ask },
            attest: self.attest.clone(),
            allow: Vec::new(),
            actor: RunActor::default(),
            // Nobody is there: a question that was not answered beforehand ends the run as it would at night.
            ask: Arc::new(|_| None),
        }
    }
}

/// Runs the runbook `name`; what it told is the result, its failing included.
///
/// # Errors
/// There is no such runbook, it does not compile, or the simulator lacks its orgs.
pub(super) fn run(
    around: &TestContext,
    ground: &TestEnvironment,
    name: &str,
    given: &Map,
    conduct: &TrialConduct,
) -> Result<Value, CommandError> {
    let begun = BegunRun { journal: journal(around)?, runbook: name.to_owned(), given: given.clone() };
    execute_trial(around, ground, &begun, conduct, Run::begin)
}

/// Goes on with a run of this test, such as one that waited for a person.
///
/// # Errors
/// There is no such run, or as for [`run`].
pub(super) fn resume(
    around: &TestContext,
    ground: &TestEnvironment,
    id: &str,
    conduct: &TrialConduct,
) -> Result<Value, CommandError> {
    let begun = TestFixture::with(|bench| bench.runs.get(id).cloned()).flatten();
    let begun = begun.ok_or_else(|| CommandError::usage(format!("this test has no run `{id}`")))?;
    execute_trial(around, ground, &begun, conduct, |settings| Run::resume(id, settings))
}

fn execute_trial(
    around: &TestContext,
    ground: &TestEnvironment,
    begun: &BegunRun,
    conduct: &TrialConduct,
    start: impl FnOnce(RunOptions) -> Result<Run, run::CallError>,
) -> Result<Value, CommandError> {
    let runnable = around.runnable(&begun.runbook)?;
    let runbook = &runnable.runbook;
    let heard = CapturedEvents::default();
    let parameters = match check_parameters(runbook, &begun.given) {
        Ok(parameters) => parameters,
        Err(problems) => return Ok(refused_parameters(&heard, &problems)),
    };
    let procedure = run::RunProcedure {
        runbook: runbook.name.clone(),
        digest: runnable.digest.clone(),
        sources: json!({}),
        parameters: parameters.values.clone().into(),
        kind: journal::RunKind::Run,
    };
    let settings = RunOptions {
        orgs: orgs(runbook, ground)?,
        directories: if conduct.directories { ground.directories.clone() } else { BTreeMap::new() },
        listener: heard.listener(),
        secrets: parameters.secrets.values().cloned().collect(),
        ..RunOptions::new(Arc::clone(&begun.journal), procedure, conduct.consent())
    };
    let run = Arc::new(start(settings).map_err(|error| CommandError::failed(error.to_string()))?);
    let ended = runnable.procedure.execute(&run, &parameters, &around.runtime);
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    let outcome = run.end(ended.outcome, message).map_err(|error| CommandError::failed(error.to_string()))?;
    TestFixture::with(|bench| {
        bench.coverage.count(runbook, &heard.steps());
        bench.runs.insert(run.id().to_owned(), begun.clone());
    });
    let mut told = heard.as_json(ended.exit(outcome) as u8, ended.error.as_ref());
    told["run"] = run.id().into();
    Ok(told)
}

/// What a call tells whose parameters are wrong: nothing was begun.
fn refused_parameters(heard: &CapturedEvents, problems: &[ParameterProblem]) -> Value {
    let error = ParameterProblem::together(problems);
    let mut told = heard.as_json(error.exit as u8, Some(&error));
    told["outcome"] = "failed".into();
    told["reads"] = 0.into();
    told["remarks"] = json!([]);
    told
}

/// The runbook's orgs: by their names in the scenario; the only one of each is the other's.
fn orgs(runbook: &RunbookHeader, ground: &TestEnvironment) -> Result<BTreeMap<String, Arc<OktaClient>>, CommandError> {
    let mut orgs = BTreeMap::new();
    for org in &runbook.orgs {
        let alone = runbook.orgs.len() == 1 && ground.orgs.len() == 1;
        let name = (!alone).then_some(org.name.as_str());
        let (_, client) = ground.org(name).map_err(CommandError::failed)?;
        orgs.insert(org.name.clone(), Arc::clone(client));
    }
    Ok(orgs)
}

/// A journal for this run alone: it goes with the folder of the tests.
pub(super) fn journal(around: &TestContext) -> Result<Arc<Journal>, CommandError> {
    let folder = around.folder.join(uuid::Uuid::new_v4().to_string());
    let journal =
        Journal::open(&folder).map_err(|error| CommandError::failed(format!("the journal of a test: {error}")))?;
    Ok(Arc::new(journal))
}

/// Values of a test go the way of the command line's, so that what it refuses is refused here too.
fn check_parameters(runbook: &RunbookHeader, given: &Map) -> Result<CheckedParameters, Vec<ParameterProblem>> {
    let mut assignments = Vec::new();
    let mut secrets = BTreeMap::new();
    for (name, value) in given {
        let value = to_json(value).map_err(|unfit| {
            let words = format!("the value of `{name}` cannot be a parameter's: {unfit}");
            vec![ParameterProblem::new(words)]
        })?;
        let is_secret = runbook.parameter(name).is_some_and(|parameter| parameter.kind == ParameterType::Secret);
        if is_secret {
            // A secret is only ever named; here the name is the parameter's own.
            secrets.insert(name.to_string(), text(&value));
            assignments.push(assignment(name, format!("env:{name}")));
            continue;
        }
        let is_rows = runbook.parameter(name).is_some_and(|parameter| parameter.kind == ParameterType::Rows);
        match value {
            Value::Array(items) if !is_rows => {
                let items = items.iter().map(|item| assignment(name, as_item(item)));
                assignments.extend(items);
            }
            other => assignments.push(assignment(name, text(&other))),
        }
    }
    let outside = ParameterSources {
        dn: &|text| Dn::parse(text).map(drop).map_err(|error| error.to_string()),
        environment: &|name| secrets.get(name).cloned(),
        invalid: InvalidRows::Refuse,
        ask: &|_| None,
    };
    parameters::check(runbook, &assignments, MissingValues::Examples, &outside)
}

fn assignment(name: &str, value: String) -> ParameterAssignment {
    ParameterAssignment { name: name.to_owned(), value }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An item of a list, its commas kept.
fn as_item(value: &Value) -> String {
    text(value).replace(',', "\\,")
}
