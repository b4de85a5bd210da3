//! A compiled runbook, from its parameters to its outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};

use crate::error::{CommandError, CommandExit};
use crate::run::event::RunOutcome;
use crate::run::{self, Run};
use crate::script::bindings::{self, ScriptOrg};
use crate::script::call_context::{CallContext, RunContext};
use crate::script::check::lanes::ScriptLanes;
use crate::script::engine::{engine, engine_of};
use crate::script::error::{KnownNames, ScriptDiagnostic};
use crate::script::imports::{self, ImportStatement};
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::parameters::{CheckedParameters, LEFT_OUT};
use crate::script::resolver::RunModules;
use crate::script::runbook::RunbookHeader;
use crate::script::secret::SecretValue;
use crate::script::sources::SourceTexts;
use crate::script::value::from_json;

/// Stack of the script's thread in bytes: 64 nested calls of a debug build need about 6 MB, a verb that calls a closure three times that.
const STACK: usize = 64 << 20;

/// How a run ended. `error` says why it did not succeed; it is not set when only items failed.
#[derive(Debug)]
pub struct EndedRun {
    pub outcome: RunOutcome,
    pub error: Option<CommandError>,
}

/// A runbook that compiles, with what it needs to run.
pub struct CompiledRunbook {
    source: ScriptSource,
    library: RunbookLibrary,
    names: Arc<KnownNames>,
    variables: Vec<String>,
    texts: BTreeMap<String, Arc<str>>,
    longest_pause: Option<Duration>,
}

impl CompiledRunbook {
    /// Compiles a script that passed its check, modules with literal names included; the library stays as it was then: what was checked
    /// is what runs.
    pub(in crate::script) fn of_checked(
        source: ScriptSource,
        runbook: &RunbookHeader,
        library: RunbookLibrary,
    ) -> Result<Self, CommandError> {
        let mut variables: Vec<String> = runbook.orgs.iter().map(|org| org.name.clone()).collect();
        variables.push("params".to_owned());
        let mut procedure = Self {
            texts: BTreeMap::new(),
            longest_pause: None,
            source,
            library,
            names: Arc::new(bindings::names(variables.clone())),
            variables,
        };
        let sources = SourceTexts::default();
        for (path, text) in &runbook.included_texts {
            sources.insert(path.as_str(), text.as_str());
        }
        let modules = procedure.modules(&sources);
        let engine = engine();
        let ast = procedure.parsed(&engine, &procedure.placeholders(), &sources)?;
        procedure.compile_imports(&engine, &modules, &ast, &sources)?;
        procedure.texts = sources.all();
        Ok(procedure)
    }

    /// Pauses no longer than this between two looks, whatever the script says: for orgs that answer at once.
    #[must_use]
    pub fn in_a_hurry(mut self, longest_pause: Duration) -> Self {
        self.longest_pause = Some(longest_pause);
        self
    }

    /// Its text and those of the modules it imports, by the path that messages show.
    pub fn texts(&self) -> &BTreeMap<String, Arc<str>> {
        &self.texts
    }

    /// Each module once, whoever imports it: a circle is refused when it runs.
    fn compile_imports(
        &self,
        engine: &Engine,
        modules: &RunModules,
        ast: &AST,
        sources: &SourceTexts,
    ) -> Result<(), CommandError> {
        let imports_of = |file: &str, ast: &AST| {
            let named = |import| (file.to_owned(), import);
            imports::imports_of(ast).into_iter().map(named).collect::<Vec<_>>()
        };
        let mut compiled = BTreeSet::new();
        let mut waiting = imports_of(&self.source.path, ast);
        while let Some((importer, import)) = waiting.pop() {
            let module = modules
                .source(Some(&importer), &import.name)
                .map_err(|error| unresolved_import(&error, &importer, &import, sources))?;
            if compiled.insert(module.path.clone()) {
                let ast = engine
                    .compile(&module.text)
                    .map_err(|error| ScriptDiagnostic::of_parsing(&error, &module.path, sources, &self.names))?;
                waiting.extend(imports_of(&module.path, &ast));
            }
        }
        Ok(())
    }

    /// Runs it to its end, on a thread of its own. Ending the run is the caller's, who tells the error first. `parameters` is what the script sees as `params`.
    pub fn execute(
        &self,
        run: &Arc<Run>,
        parameters: &CheckedParameters,
        runtime: &tokio::runtime::Handle,
    ) -> EndedRun {
        let sources = SourceTexts::default();
        let mut host = RunContext::new(
            Arc::clone(run),
            runtime.clone(),
            sources.clone(),
            Arc::clone(&self.names),
            &self.source.path,
        );
        host.longest_pause = self.longest_pause;
        host.know_rows(&parameters.values);
        for words in parameters.values.get(LEFT_OUT).and_then(serde_json::Value::as_array).into_iter().flatten() {
            run.remark(words.as_str().unwrap_or_default());
        }
        let host = Arc::new(host);
        let result = thread::scope(|scope| {
            let work = || self.evaluate(&host, parameters, &sources);
            let thread = thread::Builder::new().name("runbook".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(CommandError::failed("a verb failed unexpectedly; please report this")),
                Err(error) => Err(CommandError::failed(format!("no thread for the script: {error}"))),
            }
        });
        end_run(run, result.err(), host.take_stopped())
    }

    fn evaluate(
        &self,
        host: &Arc<RunContext>,
        parameters: &CheckedParameters,
        sources: &SourceTexts,
    ) -> Result<(), CommandError> {
        let mut engine = engine_of(host);
        let checked = self.texts.keys().cloned();
        engine.set_module_resolver(self.modules(sources).checked(checked));
        let mut scope = self.scope(host, parameters)?;
        let ast = self.parsed(&engine, &scope, sources)?;
        host.know_lanes(ScriptLanes::of(&ast, &self.source));
        let scene = CallContext {
            host: Arc::clone(host),
            lane: host.run.main_lane().map_err(|error| of_run(&error, CommandExit::Failed))?,
        };
        let lane = Arc::clone(&scene.lane);
        let result = scene.run_within(|| engine.run_ast_with_scope(&mut scope, &ast));
        if host.is_stopped() {
            return Ok(()); // what stopped it says why
        }
        // What was expected and not asked for since is told at the end, also where the script broke off.
        if let Err(unmet) = host.run.settle_expectations(&lane) {
            host.stop(unmet);
        }
        result.map_err(|error| self.explained(&error, sources))
    }

    fn explained(&self, error: &EvalAltResult, sources: &SourceTexts) -> CommandError {
        ScriptDiagnostic::of_evaluation(error, &self.source.path, sources, &self.names).into()
    }

    fn modules(&self, sources: &SourceTexts) -> RunModules {
        RunModules::new(self.library.clone(), sources.clone(), &self.source)
    }

    fn parsed(&self, engine: &Engine, scope: &Scope, sources: &SourceTexts) -> Result<AST, CommandError> {
        let compiled = engine.compile_with_scope(scope, &self.source.text);
        let mut ast =
            compiled.map_err(|error| ScriptDiagnostic::of_parsing(&error, &self.source.path, sources, &self.names))?;
        ast.set_source(self.source.path.as_str());
        Ok(ast)
    }

    fn placeholders(&self) -> Scope<'static> {
        let mut scope = Scope::new();
        for name in &self.variables {
            scope.push_constant_dynamic(name.as_str(), Dynamic::UNIT);
        }
        scope
    }

    fn scope(&self, host: &RunContext, parameters: &CheckedParameters) -> Result<Scope<'static>, CommandError> {
        let mut scope = Scope::new();
        for name in &self.variables {
            let value = if name == "params" {
                params_value(parameters)?
            } else {
                let url = host.run.org_url(name).unwrap_or_default();
                Dynamic::from(ScriptOrg::new(name, &url))
            };
            scope.push_constant_dynamic(name.as_str(), value);
        }
        Ok(scope)
    }
}

/// What the script sees as `params`.
fn params_value(parameters: &CheckedParameters) -> Result<Dynamic, CommandError> {
    let mut values = rhai::Map::new();
    for (name, value) in &parameters.values {
        let value = from_json(value).map_err(|unfit| CommandError::usage(format!("params.{name}: {unfit}")))?;
        values.insert(name.as_str().into(), value);
    }
    for (name, secret) in &parameters.secrets {
        let secret = Dynamic::from(SecretValue::new(secret.clone()));
        values.insert(name.as_str().into(), secret);
    }
    Ok(values.into())
}

fn unresolved_import(
    error: &CommandError,
    importer: &str,
    import: &ImportStatement,
    sources: &SourceTexts,
) -> CommandError {
    let finding = ScriptDiagnostic::finding(&error.message, importer, import.position, sources);
    error.help.iter().fold(finding, ScriptDiagnostic::help).into()
}

fn end_run(run: &Run, error: Option<CommandError>, stopped: Option<run::CallError>) -> EndedRun {
    match (stopped, error) {
        (Some(stopped), None) => EndedRun::stopped(run, &stopped),
        // What is unmet is told first: it may be why the script broke off.
        (Some(stopped), Some(error)) => {
            EndedRun::stopped(run, &stopped).with_end_of_script(&without_secrets(run, &error))
        }
        (None, error) => EndedRun {
            outcome: if error.is_some() { RunOutcome::Failed } else { RunOutcome::Succeeded },
            error: error.map(|error| without_secrets(run, &error)),
        },
    }
}

impl EndedRun {
    /// The exit code, once the run has ended with `outcome`.
    pub fn exit(&self, outcome: RunOutcome) -> CommandExit {
        match (&self.error, outcome) {
            (Some(error), _) if error.exit == CommandExit::Usage => CommandExit::Usage,
            (_, RunOutcome::Succeeded) => CommandExit::Succeeded,
            (_, RunOutcome::Partly) => CommandExit::Partly,
            (_, RunOutcome::Failed) => CommandExit::Failed,
            (_, RunOutcome::Waiting) => CommandExit::Waiting,
            (_, RunOutcome::Interrupted) => CommandExit::Interrupted,
            (_, RunOutcome::Stuck) => CommandExit::Stuck,
        }
    }

    /// The same, where the script broke off by itself before.
    fn with_end_of_script(mut self, error: &CommandError) -> Self {
        if let Some(told) = &mut self.error {
            told.message = format!("{}\nthe script ended before it was through: {}", told.message, error.message);
            told.help.extend(error.help.iter().cloned());
        }
        self
    }

    /// The end of a run that `stopped` ended.
    pub fn stopped(run: &Run, stopped: &run::CallError) -> Self {
        let nothing_sent = run.counts().writes == 0 && matches!(run.unanswered(), Ok(0));
        let (outcome, exit) = match stopped {
            run::CallError::Interrupted | run::CallError::Declined(_) => {
                (RunOutcome::Interrupted, CommandExit::Interrupted)
            }
            run::CallError::Journal(error) if error.is_of_disk() => (RunOutcome::Interrupted, CommandExit::Interrupted),
            run::CallError::Waiting { .. } => (RunOutcome::Waiting, CommandExit::Waiting),
            run::CallError::Unconfirmed(_) | run::CallError::Locked(_) if nothing_sent => {
                (RunOutcome::Failed, CommandExit::Usage)
            }
            _ => (RunOutcome::Failed, CommandExit::Failed),
        };
        Self { outcome, error: Some(without_secrets(run, &of_run(stopped, exit))) }
    }
}

/// A script may fail with any text, and an org's refusal may repeat what it was sent.
fn without_secrets(run: &Run, error: &CommandError) -> CommandError {
    CommandError {
        message: run.concealed(&error.message),
        help: error.help.iter().map(|help| run.concealed(help)).collect(),
        exit: error.exit,
    }
}

fn of_run(error: &run::CallError, exit: CommandExit) -> CommandError {
    CommandError { message: error.to_string(), help: error.help_lines(), exit }
}
