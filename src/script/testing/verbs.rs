//! What a test can call besides what a runbook can.

#![allow(clippy::needless_pass_by_value, reason = "rhai hands a native its context and arguments by value")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};
use serde_json::{Value, json};

use super::assertions::{self, raise_failure};
use super::environment::TestEnvironment;
use super::fixture::TestFixture;
use super::test_context::TestContext;
use super::test_run::{self, TrialConduct};
use super::words::TEST_VERBS;
use crate::error::CommandError;
use crate::okta::HttpMethod;
use crate::run::actor::RunActor;
use crate::run::consent::{ConsentOptions, WriteConsent, no_guard};
use crate::run::{self, Run, RunOptions, RunProcedure};
use crate::script::bindings::{self, ScriptOrg};
use crate::script::call_context::{CallContext, RunContext};
use crate::script::error::{CallableName, KnownNames};
use crate::script::error_value::ErrorValue;
use crate::script::sources::SourceTexts;
use crate::script::value::{from_json, to_json};

type TestError<T> = Result<T, Box<EvalAltResult>>;

/// Steps of evaluation of one test, as many as a run has.
const MOST_OPERATIONS: u64 = 300_000_000;

/// The engine of runbooks, with the verbs of tests.
pub(in crate::script) fn engine() -> Engine {
    let mut engine = crate::script::engine::engine();
    assertions::register(&mut engine);
    engine
        .register_type_with_name::<TestSimulator>("Simulator")
        .register_fn("test", test)
        .register_fn("simulator", |context: NativeCallContext| simulator(&context, &Map::new()))
        .register_fn("simulator", |context: NativeCallContext, scenario: Map| simulator(&context, &scenario))
        .register_fn("run_runbook", |context: NativeCallContext, name: ImmutableString, params: Map| {
            run_runbook(&context, &name, &params, &Map::new())
        })
        .register_fn("run_runbook", |context: NativeCallContext, name: ImmutableString, params: Map, options: Map| {
            run_runbook(&context, &name, &params, &options)
        });
    engine
        .register_fn("resume_run", |context: NativeCallContext, run: Map| resume_run(&context, &run, &Map::new()))
        .register_fn("resume_run", |context: NativeCallContext, run: Map, options: Map| {
            resume_run(&context, &run, &options)
        });
    register_simulator(&mut engine);
    let operations = AtomicU64::new(0);
    engine.on_progress(move |_| {
        let done = operations.fetch_add(1, Ordering::Relaxed);
        if done > MOST_OPERATIONS {
            return Some("the test did too many operations: it seems to run without end".into());
        }
        let stopped = CallContext::current().is_some_and(|scene| scene.host.is_stopped());
        stopped.then_some(Dynamic::UNIT)
    });
    engine
}

/// All that a test may name.
pub(in crate::script) fn names(variables: Vec<String>) -> KnownNames {
    let mut names = bindings::names(variables);
    let verbs = TEST_VERBS.iter().map(|verb| CallableName::new(verb.name, verb.signature));
    names.functions.extend(verbs);
    names
}

/// The test's simulator, as the script holds it.
#[derive(Clone)]
struct TestSimulator {
    ground: Arc<TestEnvironment>,
    runtime: tokio::runtime::Handle,
}

/// Counts the test; does it when it is the chosen one.
fn test(context: NativeCallContext, title: ImmutableString, body: FnPtr) -> TestError<()> {
    let line = context.call_position().line().unwrap_or(1);
    let due = TestFixture::with(|bench| {
        let due = bench.chosen == Some(bench.seen.len());
        bench.seen.push((title.to_string(), line));
        bench.inside = due;
        due
    });
    let due = due.ok_or_else(|| raise_failure(&context, "usage", "run it with `okta-runbook test`"))?;
    if due {
        // What a test's last statement gives is nothing to anybody.
        drop(body.call_within_context::<Dynamic>(&context, ())?);
        TestFixture::with(|bench| bench.inside = false);
    }
    Ok(())
}

/// Where the test is: what is around it, or why it is nowhere.
fn context_of(context: &NativeCallContext, verb: &str) -> TestError<Arc<TestContext>> {
    let inside = TestFixture::with(|bench| bench.inside.then(|| Arc::clone(&bench.around)));
    inside.flatten().ok_or_else(|| {
        raise_failure(context, "usage", format!("{verb} is called within a test: test(\"…\", || {{ … }})"))
    })
}

fn simulator(context: &NativeCallContext, scenario: &Map) -> TestError<TestSimulator> {
    let around = context_of(context, "simulator")?;
    if TestFixture::with(|bench| bench.ground.is_some()) == Some(true) {
        let words = "a test has one simulator, and this one has its own already";
        return Err(raise_failure(context, "usage", words));
    }
    let scenario = json_of(context, &scenario.clone().into())?;
    let ground = (around.start)(&scenario.to_string()).map_err(|error| fail_test(context, &error))?;
    let ground = Arc::new(ground);
    TestFixture::with(|bench| bench.ground = Some(Arc::clone(&ground)));
    enter(&around, &ground).map_err(|error| fail_test(context, &error))?;
    Ok(TestSimulator { ground, runtime: around.runtime.clone() })
}

/// Operations and directories of the test itself belong to a run of its own.
fn enter(around: &TestContext, ground: &TestEnvironment) -> Result<(), CommandError> {
    let consent = ConsentOptions {
        unlock: no_guard(),
        writes: WriteConsent::Agreed,
        attest: vec!["all".to_owned()],
        // A test makes what it tries: a token whose owner has lost a role, for one.
        allow: vec![run::OWN_ACCESS.to_owned()],
        actor: RunActor::default(),
        ask: Arc::new(|_| None),
    };
    let run = Run::begin(RunOptions {
        orgs: ground.orgs.clone(),
        directories: ground.directories.clone(),
        ..RunOptions::new(test_run::journal(around)?, RunProcedure::without_text("test"), consent)
    });
    let run = run.map_err(|error| CommandError::failed(error.to_string()))?;
    let orgs = ground.orgs.keys().cloned().collect();
    let host =
        RunContext::new(Arc::new(run), around.runtime.clone(), SourceTexts::default(), Arc::new(names(orgs)), "test");
    let scene = CallContext { host: Arc::new(host), lane: Arc::default() };
    scene.enter();
    Ok(())
}

fn run_runbook(context: &NativeCallContext, name: &str, params: &Map, options: &Map) -> TestError<Dynamic> {
    let around = context_of(context, "run_runbook")?;
    let conduct = TrialConduct::of(options).map_err(|words| raise_failure(context, "usage", words))?;
    let ground = TestFixture::with(|bench| bench.ground.clone()).flatten();
    let ground = match ground {
        Some(ground) => ground,
        None => simulator(context, &Map::new())?.ground,
    };
    let told = test_run::run(&around, &ground, name, params, &conduct).map_err(|error| fail_test(context, &error))?;
    value_of(context, &told)
}

/// `run` is what `run_runbook` told.
fn resume_run(context: &NativeCallContext, run: &Map, options: &Map) -> TestError<Dynamic> {
    let around = context_of(context, "resume_run")?;
    let conduct = TrialConduct::of(options).map_err(|words| raise_failure(context, "usage", words))?;
    let ground = TestFixture::with(|bench| bench.ground.clone()).flatten();
    let id = run.get("run").and_then(|id| id.clone().into_immutable_string().ok());
    let (Some(ground), Some(id)) = (ground, id) else {
        let words = "resume_run takes what run_runbook told of a run that was begun";
        return Err(raise_failure(context, "usage", words));
    };
    let told = test_run::resume(&around, &ground, &id, &conduct).map_err(|error| fail_test(context, &error))?;
    value_of(context, &told)
}

fn register_simulator(engine: &mut Engine) {
    engine
        .register_fn("org", |context: NativeCallContext, sim: &mut TestSimulator| org(&context, sim, None))
        .register_fn("org", |context: NativeCallContext, sim: &mut TestSimulator, name: &str| {
            org(&context, sim, Some(name))
        })
        .register_fn("account", |context: NativeCallContext, sim: &mut TestSimulator, domain: &str, name: &str| {
            account(&context, sim, domain, name)
        })
        .register_fn(
            "change_directory",
            |context: NativeCallContext, sim: &mut TestSimulator, domain: &str, deed: Map| {
                let deed = json_of(&context, &deed.into())?;
                let path = format!("directories/{domain}");
                sim.control(&context, sim.any_org(), HttpMethod::Post, &path, Some(deed))
            },
        );
    register_deeds(engine);
    for question in ["state", "requests"] {
        register_question(engine, question);
    }
    register_order(engine, "fault", HttpMethod::Post, "faults", as_map);
    register_order(engine, "options", HttpMethod::Patch, "options", as_map);
    register_order(engine, "advance", HttpMethod::Post, "clock", |seconds| {
        let milliseconds = seconds.as_i64()?.saturating_mul(1000);
        Some(json!({ "advanceMs": milliseconds }))
    });
}

/// What no API does and a person does in the Admin Console.
fn register_deeds(engine: &mut Engine) {
    let import = |context: &NativeCallContext, sim: &TestSimulator, org: Option<&str>, label: &str| {
        let app = sim.app(context, org, label)?;
        let body = Some(json!({ "app": app }));
        sim.control(context, org, HttpMethod::Post, "import", body)
    };
    let change = |context: &NativeCallContext, sim: &TestSimulator, org: Option<&str>, label: &str, changes: Map| {
        let path = format!("apps/{}", sim.app(context, org, label)?);
        let changes = json_of(context, &changes.into())?;
        sim.control(context, org, HttpMethod::Patch, &path, Some(changes))
    };
    engine
        .register_fn("import_now", move |context: NativeCallContext, sim: &mut TestSimulator, label: &str| {
            import(&context, sim, None, label)
        })
        .register_fn(
            "import_now",
            move |context: NativeCallContext, sim: &mut TestSimulator, org: &str, label: &str| {
                import(&context, sim, Some(org), label)
            },
        )
        .register_fn(
            "change_app",
            move |context: NativeCallContext, sim: &mut TestSimulator, label: &str, changes: Map| {
                change(&context, sim, None, label, changes)
            },
        )
        .register_fn(
            "change_app",
            move |context: NativeCallContext, sim: &mut TestSimulator, org: &str, label: &str, changes: Map| {
                change(&context, sim, Some(org), label, changes)
            },
        );
}

fn as_map(order: Value) -> Option<Value> {
    (order.is_object() || order.is_array()).then_some(order)
}

/// A question to the simulator, with and without the org's name.
fn register_question(engine: &mut Engine, path: &'static str) {
    engine
        .register_fn(path, move |context: NativeCallContext, sim: &mut TestSimulator| {
            sim.control(&context, None, HttpMethod::Get, path, None)
        })
        .register_fn(path, move |context: NativeCallContext, sim: &mut TestSimulator, org: &str| {
            sim.control(&context, Some(org), HttpMethod::Get, path, None)
        });
}

/// An order to the simulator, with and without the org's name. `form` gives the body; `None` when it is not of that form.
fn register_order(
    engine: &mut Engine,
    verb: &'static str,
    method: HttpMethod,
    path: &'static str,
    form: fn(Value) -> Option<Value>,
) {
    let order = move |context: &NativeCallContext, sim: &TestSimulator, org: Option<&str>, order: &Dynamic| {
        let body = form(json_of(context, order)?)
            .ok_or_else(|| raise_failure(context, "usage", format!("{verb}: that is no order")))?;
        sim.control(context, org, method, path, Some(body))
    };
    engine
        .register_fn(verb, move |context: NativeCallContext, sim: &mut TestSimulator, given: Dynamic| {
            order(&context, sim, None, &given)
        })
        .register_fn(verb, move |context: NativeCallContext, sim: &mut TestSimulator, org: &str, given: Dynamic| {
            order(&context, sim, Some(org), &given)
        });
}

fn org(context: &NativeCallContext, sim: &TestSimulator, name: Option<&str>) -> TestError<ScriptOrg> {
    let (name, client) = sim.ground.org(name).map_err(|words| raise_failure(context, "usage", words))?;
    Ok(ScriptOrg::new(name, &client.base_url().to_string()))
}

/// The account of this `userPrincipalName`, as the directory holds it.
fn account(context: &NativeCallContext, sim: &TestSimulator, domain: &str, name: &str) -> TestError<Dynamic> {
    let path = format!("directories/{domain}");
    let directory = sim.told(context, sim.any_org(), HttpMethod::Get, &path, None)?;
    let accounts = directory["accounts"].as_array().cloned();
    let found = accounts.unwrap_or_default().into_iter().find(|account| account["userPrincipalName"] == name);
    value_of(context, &found.unwrap_or_default())
}

impl TestSimulator {
    /// Every org answers for the directories.
    fn any_org(&self) -> Option<&str> {
        self.ground.orgs.keys().next().map(String::as_str)
    }

    /// Id of the app of this label.
    fn app(&self, context: &NativeCallContext, org: Option<&str>, label: &str) -> TestError<String> {
        let state = self.told(context, org, HttpMethod::Get, "state", None)?;
        let apps = state["apps"].as_object();
        let found = apps.into_iter().flatten().find(|(_, app)| app["label"] == label);
        found
            .map(|(id, _)| id.clone())
            .ok_or_else(|| raise_failure(context, "usage", format!("there is no app {label}")))
    }

    fn control(
        &self,
        context: &NativeCallContext,
        org: Option<&str>,
        method: HttpMethod,
        path: &str,
        body: Option<Value>,
    ) -> TestError<Dynamic> {
        value_of(context, &self.told(context, org, method, path, body)?)
    }

    fn told(
        &self,
        context: &NativeCallContext,
        org: Option<&str>,
        method: HttpMethod,
        path: &str,
        body: Option<Value>,
    ) -> TestError<Value> {
        self.ground
            .control(&self.runtime, org, method, path, body)
            .map_err(|words| raise_failure(context, "usage", words))
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "rhai's results hold boxed errors")]
fn fail_test(context: &NativeCallContext, error: &CommandError) -> Box<EvalAltResult> {
    let value = ErrorValue::new("test", &error.message).help(error.help.iter().cloned());
    value.raise(context.call_source(), context.call_position())
}

fn json_of(context: &NativeCallContext, value: &Dynamic) -> TestError<Value> {
    to_json(value).map_err(|unfit| raise_failure(context, "usage", unfit.to_string()))
}

fn value_of(context: &NativeCallContext, value: &Value) -> TestError<Dynamic> {
    from_json(value).map_err(|unfit| raise_failure(context, "usage", unfit.to_string()))
}
