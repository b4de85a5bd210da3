//! A session: entries evaluated one after another, each with what those before declared.
//!
//! Variables live in one scope, functions and imports in one global state of rhai's; every entry is a source of its own, so that errors
//! quote it. One expression given to `eval` is a session of one entry.

mod complete;
mod entries;
mod interrupt;
mod last_value;
mod secrets;
mod value_shape;

pub use complete::EntryCompleteness;
pub use entries::{KeptEntries, SessionEntry};
pub use value_shape::NameHolds;

use std::sync::Arc;

use rhai::{Caches, Dynamic, Engine, EvalAltResult, GlobalRuntimeState, ImmutableString, Scope};
use serde_json::Value;

use crate::error::{CommandError, CommandExit};
use crate::run::lane::RunLane;
use crate::run::{self, Run};
use crate::script::bindings::{self, ScriptList, ScriptOrg};
use crate::script::call_context::{CallContext, RunContext};
use crate::script::engine::engine_of;
use crate::script::error::{CallableName, KnownNames, ScriptDiagnostic};
use crate::script::library::{RunbookLibrary, RunbookShelf, ScriptSource};
use crate::script::resolver::RunModules;
use crate::script::sources::SourceTexts;
use crate::script::value::to_json;
use interrupt::FormerPlace;
use last_value::LAST;

/// Stack that a thread which evaluates entries needs, in bytes: as much as a runbook's.
pub const STACK: usize = 64 << 20;

/// Pages that are fetched to show a part of a list.
const MOST_PAGES: usize = 3;

/// What was declared so far, and where it is evaluated.
pub struct ScriptSession {
    engine: Engine,
    scope: Scope<'static>,
    global: GlobalRuntimeState,
    host: Arc<RunContext>,
    lane: Arc<RunLane>,
    sources: SourceTexts,
    text: last_value::ParsedText,
    entries: Vec<SessionEntry>,
    /// Domains of the directories at hand.
    domains: Vec<String>,
    /// Where it was before it went to another run.
    before: Option<Box<FormerPlace>>,
}

/// What an entry came to.
#[derive(Clone)]
pub enum EntryAnswer {
    Nothing,
    Value(Value),
    /// A list of the API: its items are fetched as they are asked for.
    List(SessionPages),
    /// What has no JSON form, as text.
    Text(String),
}

/// A list and how far it was looked at.
#[derive(Clone)]
pub struct SessionPages {
    list: ScriptList,
    seen: usize,
}

/// Why an entry came to nothing.
#[derive(Debug)]
pub enum EntryFailure {
    Script(Box<ScriptDiagnostic>),
    /// What no script can catch: an interruption, an answer that was no.
    Stopped(CommandError),
}

impl ScriptSession {
    /// A session of `run`. `orgs` are the names of its org handles, `domains` those of its directories.
    pub fn new(
        run: &Arc<Run>,
        runtime: tokio::runtime::Handle,
        orgs: &[String],
        domains: Vec<String>,
        library: RunbookLibrary,
    ) -> Self {
        let sources = SourceTexts::default();
        let names = Arc::new(bindings::names(orgs.to_vec()));
        let host = Arc::new(RunContext::new(Arc::clone(run), runtime, sources.clone(), names, "input"));
        let text = last_value::ParsedText::default();
        let mut engine = engine_of(&host);
        // The parser does not know the modules that earlier entries imported.
        engine.set_strict_variables(false);
        last_value::let_name_the_last_result(&mut engine, &text);
        let entry = ScriptSource::new("input", RunbookShelf::Workspace, "input", "");
        engine.set_module_resolver(RunModules::new(library, sources.clone(), &entry));
        let mut scope = Scope::new();
        for name in orgs {
            let url = run.org_url(name).unwrap_or_default();
            scope.push_constant(name.as_str(), ScriptOrg::new(name, &url));
        }
        Self {
            global: engine.new_global_runtime_state(),
            engine,
            scope,
            host,
            lane: Arc::default(),
            sources,
            text,
            entries: Vec::new(),
            domains,
            before: None,
        }
    }

    pub fn run(&self) -> &Run {
        &self.host.run
    }

    /// Evaluates one entry: statements, the last of which may be an expression.
    pub fn evaluate(&mut self, text: &str) -> Result<EntryAnswer, EntryFailure> {
        let before = self.run().counts();
        let result = self.evaluated(text);
        let after = self.run().counts();
        let wrote = (after.writes, after.unchanged) != (before.writes, before.unchanged);
        let succeeded = result.is_ok();
        self.entries.push(SessionEntry {
            text: text.to_owned(),
            wrote,
            succeeded,
            gave: result.as_ref().is_ok_and(|value| !value.is_unit()),
        });
        let value = result?;
        if !value.is_unit() {
            self.scope.set_or_push(LAST, value.clone());
        }
        Ok(self.answer(&value))
    }

    fn evaluated(&mut self, text: &str) -> Result<Dynamic, EntryFailure> {
        let name: ImmutableString = format!("input {}", self.entries.len() + 1).into();
        self.sources.insert(name.as_str(), text);
        self.text.set(text);
        let mut ast = self.engine.compile_with_scope(&self.scope, text).map_err(|error| {
            let names = self.names();
            let diagnostic = ScriptDiagnostic::of_parsing(&error, &name, &self.sources, &names);
            EntryFailure::Script(Box::new(diagnostic))
        })?;
        ast.set_source(name.clone());
        self.global.source = Some(name.clone());
        // An entry that failed may have left these where it was.
        self.global.level = 0;
        self.global.scope_level = 0;
        if ast.has_functions() {
            self.global.lib.push(ast.shared_lib().clone());
        }
        let result = self.run_within(|session| {
            #[expect(deprecated, reason = "rhai has no other way to keep imports from one text to the next")]
            session.engine.eval_statements_raw(
                &mut session.global,
                &mut Caches::new(),
                &mut session.scope,
                ast.statements(),
            )
        });
        // Each entry answers for what it expects: the next one begins with nothing unmet.
        if let Err(unmet) = self.host.run.close_expectations(&self.lane) {
            self.host.stop(unmet);
        }
        self.settled(result, &name)
    }

    fn run_within<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let scene = CallContext { host: Arc::clone(&self.host), lane: Arc::clone(&self.lane) };
        scene.run_within(|| work(self))
    }

    fn settled<T>(&mut self, result: Result<T, Box<EvalAltResult>>, source: &str) -> Result<T, EntryFailure> {
        let stopped = self.host.take_stopped();
        match (result, stopped) {
            (_, Some(stopped)) => Err(EntryFailure::Stopped(of_run(&stopped))),
            (Ok(value), None) => Ok(value),
            (Err(error), None) => {
                let names = self.names();
                let diagnostic = ScriptDiagnostic::of_evaluation(&error, source, &self.sources, &names);
                Err(EntryFailure::Script(Box::new(diagnostic)))
            }
        }
    }

    fn answer(&self, value: &Dynamic) -> EntryAnswer {
        if value.is_unit() {
            return EntryAnswer::Nothing;
        }
        if let Some(list) = value.read_lock::<ScriptList>() {
            return EntryAnswer::List(SessionPages { list: list.clone(), seen: 0 });
        }
        match to_json(value) {
            Ok(json) => EntryAnswer::Value(json),
            Err(_) => EntryAnswer::Text(self.text_of(value)),
        }
    }

    /// As an interpolated string would show it.
    fn text_of(&self, value: &Dynamic) -> String {
        let mut scope = Scope::new();
        scope.push("value", value.clone());
        self.engine.eval_with_scope(&mut scope, "`${value}`").unwrap_or_else(|_| value.to_string())
    }

    /// The next items of a list, at most `count`; few when its pages are small.
    pub fn more(&mut self, pages: &mut SessionPages, count: usize) -> Result<Vec<Value>, EntryFailure> {
        self.part(pages, count, MOST_PAGES)
    }

    /// All items of a list that were not looked at.
    pub fn rest(&mut self, pages: &mut SessionPages) -> Result<Vec<Value>, EntryFailure> {
        self.part(pages, usize::MAX, usize::MAX)
    }

    fn part(&mut self, pages: &mut SessionPages, count: usize, most_pages: usize) -> Result<Vec<Value>, EntryFailure> {
        let result = self.run_within(|_| pages.list.part(pages.seen, count, most_pages));
        let items = self.settled(result, "input")?;
        pages.seen += items.len();
        let texts = items.iter().map(|item| to_json(item).unwrap_or_else(|_| Value::from(self.text_of(item))));
        Ok(texts.collect())
    }

    /// The last result.
    pub fn last(&self) -> EntryAnswer {
        self.scope.get(LAST).map_or(EntryAnswer::Nothing, |value| self.answer(value))
    }

    /// Variables with what they hold, in the order of their declaration; the nearest of each name.
    pub fn variables(&self) -> Vec<(String, NameHolds)> {
        let mut variables: Vec<(String, NameHolds)> = Vec::new();
        for (name, _, value) in self.scope.iter_raw() {
            variables.retain(|(known, _)| known != name);
            variables.push((name.to_owned(), NameHolds::of(&value.flatten_clone())));
        }
        variables
    }

    /// Functions that entries declared, closures left out.
    pub fn functions(&self) -> Vec<CallableName> {
        let libraries = self.global.lib.iter();
        let mut functions: Vec<CallableName> = libraries
            .flat_map(|library| library.iter_script_fn_info())
            .filter(|(.., name, _, _)| !name.starts_with("anon$"))
            .map(|(_, _, name, _, definition)| {
                CallableName::new(name, format!("{name}({})", definition.params.join(", ")))
            })
            .collect();
        functions.reverse();
        functions
    }

    /// Imported modules by their names, with their functions.
    pub fn modules(&self) -> Vec<(String, Vec<CallableName>)> {
        self.global
            .iter_imports()
            .map(|(alias, module)| {
                let functions = module.iter_script_fn_info().filter(|(.., name, _, _)| !name.starts_with("anon$")).map(
                    |(_, _, name, _, definition)| {
                        let parameters = definition.params.join(", ");
                        CallableName::new(name, format!("{alias}::{name}({parameters})"))
                    },
                );
                (alias.to_owned(), functions.collect())
            })
            .collect()
    }

    /// All entries so far.
    pub fn entries(&self) -> &[SessionEntry] {
        &self.entries
    }

    fn names(&self) -> KnownNames {
        let mut names = (*self.host.names).clone();
        names.variables = self.variables().into_iter().map(|(name, _)| name).collect();
        names.functions.extend(self.functions());
        names
    }
}

impl SessionPages {
    /// Whether there may be more than was looked at.
    pub fn may_go_on(&self) -> bool {
        self.list.may_go_on(self.seen)
    }

    /// How many items were looked at.
    pub fn seen(&self) -> usize {
        self.seen
    }
}

fn of_run(stopped: &run::CallError) -> CommandError {
    let exit = match stopped {
        run::CallError::Interrupted | run::CallError::Declined(_) => CommandExit::Interrupted,
        run::CallError::Waiting { .. } => CommandExit::Waiting,
        run::CallError::Unconfirmed(_) | run::CallError::Locked(_) => CommandExit::Usage,
        _ => CommandExit::Failed,
    };
    CommandError { message: stopped.to_string(), help: stopped.help_lines(), exit }
}

impl From<EntryFailure> for CommandError {
    fn from(failure: EntryFailure) -> Self {
        match failure {
            EntryFailure::Script(diagnostic) => (*diagnostic).into(),
            EntryFailure::Stopped(error) => error,
        }
    }
}
