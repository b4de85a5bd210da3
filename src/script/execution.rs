//! A runbook from its text to its outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};

use crate::error::{Error, Exit};
use crate::run::event::Outcome;
use crate::run::{self, Run};
use crate::script::bindings::{self, Org};
use crate::script::check;
use crate::script::check::Lanes;
use crate::script::engine::{engine, engine_of};
use crate::script::error::{Diagnostic, Names};
use crate::script::imports::{self, Import};
use crate::script::library::{Library, Source};
use crate::script::parameters::Parameters;
use crate::script::resolver::Modules;
use crate::script::runbook::Runbook;
use crate::script::scene::{Host, Scene};
use crate::script::secret::Secret;
use crate::script::sources::Sources;
use crate::script::value::from_json;

/// Stack of the script's thread in bytes: 64 nested calls of a debug build need about 6 MB, a verb that calls a closure three times that.
const STACK: usize = 64 << 20;

/// How a run ended. `error` says why it did not succeed; it is not set when only items failed.
#[derive(Debug)]
pub struct Ended {
    pub outcome: Outcome,
    pub error: Option<Error>,
}

/// A runbook that compiles, with what it needs to run.
pub struct Procedure {
    source: Source,
    library: Library,
    names: Arc<Names>,
    variables: Vec<String>,
    texts: BTreeMap<String, Arc<str>>,
    longest_pause: Option<Duration>,
}

impl Procedure {
    /// Compiles the script, modules with literal names included: a syntax error or an unknown variable is found here, before anything runs.
    /// From here on the library stays as it is: what is compiled here is what runs.
    pub fn compile(source: Source, runbook: &Runbook, library: Library) -> Result<Self, Error> {
        let library = library.frozen();
        check::before_run(source.clone(), &library)?;
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
        let sources = Sources::default();
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
    fn compile_imports(&self, engine: &Engine, modules: &Modules, ast: &AST, sources: &Sources) -> Result<(), Error> {
        let imports_of = |file: &str, ast: &AST| {
            let named = |import| (file.to_owned(), import);
            imports::of(ast).into_iter().map(named).collect::<Vec<_>>()
        };
        let mut compiled = BTreeSet::new();
        let mut waiting = imports_of(&self.source.path, ast);
        while let Some((importer, import)) = waiting.pop() {
            let module = modules
                .source(Some(&importer), &import.name)
                .map_err(|error| unresolved(&error, &importer, &import, sources))?;
            if compiled.insert(module.path.clone()) {
                let ast = engine
                    .compile(&module.text)
                    .map_err(|error| Diagnostic::of_parsing(&error, &module.path, sources, &self.names))?;
                waiting.extend(imports_of(&module.path, &ast));
            }
        }
        Ok(())
    }

    /// Runs it to its end, on a thread of its own. Ending the run is the caller's, who tells the error first. `parameters` is what the script sees as `params`.
    pub fn execute(&self, run: &Arc<Run>, parameters: &Parameters, runtime: &tokio::runtime::Handle) -> Ended {
        let sources = Sources::default();
        let mut host =
            Host::new(Arc::clone(run), runtime.clone(), sources.clone(), Arc::clone(&self.names), &self.source.path);
        host.longest_pause = self.longest_pause;
        let host = Arc::new(host);
        let result = thread::scope(|scope| {
            let work = || self.evaluate(&host, parameters, &sources);
            let thread = thread::Builder::new().name("runbook".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(Error::failed("a verb failed unexpectedly; please report this")),
                Err(error) => Err(Error::failed(format!("no thread for the script: {error}"))),
            }
        });
        ended(run, result.err(), host.take_stopped())
    }

    fn evaluate(&self, host: &Arc<Host>, parameters: &Parameters, sources: &Sources) -> Result<(), Error> {
        let mut engine = engine_of(host);
        let checked = self.texts.keys().cloned();
        engine.set_module_resolver(self.modules(sources).checked(checked));
        let mut scope = self.scope(host, parameters)?;
        let ast = self.parsed(&engine, &scope, sources)?;
        host.know_lanes(Lanes::of(&ast, &self.source));
        let scene =
            Scene { host: Arc::clone(host), lane: host.run.main_lane().map_err(|error| of_run(&error, Exit::Failed))? };
        let result = scene.play(|| engine.run_ast_with_scope(&mut scope, &ast));
        result.map_err(|error| self.explained(&error, sources))
    }

    fn explained(&self, error: &EvalAltResult, sources: &Sources) -> Error {
        Diagnostic::of_evaluation(error, &self.source.path, sources, &self.names).into()
    }

    fn modules(&self, sources: &Sources) -> Modules {
        Modules::new(self.library.clone(), sources.clone(), &self.source)
    }

    fn parsed(&self, engine: &Engine, scope: &Scope, sources: &Sources) -> Result<AST, Error> {
        let compiled = engine.compile_with_scope(scope, &self.source.text);
        let mut ast =
            compiled.map_err(|error| Diagnostic::of_parsing(&error, &self.source.path, sources, &self.names))?;
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

    fn scope(&self, host: &Host, parameters: &Parameters) -> Result<Scope<'static>, Error> {
        let mut scope = Scope::new();
        for name in &self.variables {
            let value = if name == "params" {
                given(parameters)?
            } else {
                let url = host.run.org_url(name).unwrap_or_default();
                Dynamic::from(Org::new(name, &url))
            };
            scope.push_constant_dynamic(name.as_str(), value);
        }
        Ok(scope)
    }
}

/// What the script sees as `params`.
fn given(parameters: &Parameters) -> Result<Dynamic, Error> {
    let mut values = rhai::Map::new();
    for (name, value) in &parameters.values {
        let value = from_json(value).map_err(|unfit| Error::usage(format!("params.{name}: {unfit}")))?;
        values.insert(name.as_str().into(), value);
    }
    for (name, secret) in &parameters.secrets {
        let secret = Dynamic::from(Secret::new(secret.clone()));
        values.insert(name.as_str().into(), secret);
    }
    Ok(values.into())
}

fn unresolved(error: &Error, importer: &str, import: &Import, sources: &Sources) -> Error {
    let finding = Diagnostic::finding(&error.message, importer, import.position, sources);
    error.help.iter().fold(finding, Diagnostic::help).into()
}

fn ended(run: &Run, error: Option<Error>, stopped: Option<run::Error>) -> Ended {
    match (stopped, error) {
        (Some(stopped), _) => Ended::stopped(run, &stopped),
        (None, error) => Ended {
            outcome: if error.is_some() { Outcome::Failed } else { Outcome::Succeeded },
            error: error.map(|error| without_secrets(run, &error)),
        },
    }
}

impl Ended {
    /// The exit code, once the run has ended with `outcome`.
    pub fn exit(&self, outcome: Outcome) -> Exit {
        match (&self.error, outcome) {
            (Some(error), _) if error.exit == Exit::Usage => Exit::Usage,
            (_, Outcome::Succeeded) => Exit::Succeeded,
            (_, Outcome::Partly) => Exit::Partly,
            (_, Outcome::Failed) => Exit::Failed,
            (_, Outcome::Waiting) => Exit::Waiting,
            (_, Outcome::Interrupted) => Exit::Interrupted,
            (_, Outcome::Stuck) => Exit::Stuck,
        }
    }

    /// The end of a run that `stopped` ended.
    pub fn stopped(run: &Run, stopped: &run::Error) -> Self {
        let nothing_sent = run.counts().writes == 0 && matches!(run.unanswered(), Ok(0));
        let (outcome, exit) = match stopped {
            run::Error::Interrupted | run::Error::Declined(_) => (Outcome::Interrupted, Exit::Interrupted),
            run::Error::Journal(error) if error.is_of_disk() => (Outcome::Interrupted, Exit::Interrupted),
            run::Error::Waiting { .. } => (Outcome::Waiting, Exit::Waiting),
            run::Error::Unconfirmed(_) | run::Error::Locked(_) if nothing_sent => (Outcome::Failed, Exit::Usage),
            _ => (Outcome::Failed, Exit::Failed),
        };
        Self { outcome, error: Some(without_secrets(run, &of_run(stopped, exit))) }
    }
}

/// A script may fail with any text, and an org's refusal may repeat what it was sent.
fn without_secrets(run: &Run, error: &Error) -> Error {
    Error {
        message: run.concealed(&error.message),
        help: error.help.iter().map(|help| run.concealed(help)).collect(),
        exit: error.exit,
    }
}

fn of_run(error: &run::Error, exit: Exit) -> Error {
    Error { message: error.to_string(), help: error.help().into_iter().collect(), exit }
}
