//! Resolves `import "lib/ad" as ad;` on the shelves of the library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rhai::{AST, Engine, EvalAltResult, GlobalRuntimeState, Module, ModuleResolver, Position, Scope, Shared};

use crate::error::CommandError;
use crate::script::call_context::CallContext;
use crate::script::error_value::ErrorValue;
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::source_secrets;
use crate::script::sources::SourceTexts;

/// Deep chains of imports end in a stack overflow, which cannot be caught; no library of procedures needs more.
const DEEPEST_CHAIN: usize = 16;

type SharedModule = Shared<Module>;
type ResolvedModule<T> = Result<T, Box<EvalAltResult>>;

/// The modules of one run: each is compiled and run once, its text kept in [`SourceTexts`].
///
/// rhai's own file resolver overflows the stack on a cycle of imports and names a module as it was imported instead of by its file;
/// hence this one. Lanes that import the same module at the same moment may each run it, the first to finish is kept.
pub struct RunModules {
    library: RunbookLibrary,
    sources: SourceTexts,
    /// Paths of modules that were read and checked before anything ran.
    checked: BTreeSet<String>,
    /// Folders of the scripts that were given by their path, by display path.
    folders: Mutex<BTreeMap<String, PathBuf>>,
    /// What is being loaded now, outermost first. A lane is a thread: each has a chain of its own.
    loading: Mutex<Vec<(ThreadId, String)>>,
    loaded: Mutex<BTreeMap<String, SharedModule>>,
}

impl RunModules {
    /// `entry` is the script that runs: its text goes into `sources`, and when it was given by its path its folder is looked in first.
    pub fn new(library: RunbookLibrary, sources: SourceTexts, entry: &ScriptSource) -> Self {
        let modules = Self {
            library,
            sources,
            checked: BTreeSet::new(),
            folders: Mutex::default(),
            loading: Mutex::default(),
            loaded: Mutex::default(),
        };
        modules.remember(entry);
        modules
    }

    /// The same for a run: a module of another path is journalled before it runs.
    #[must_use]
    pub fn checked(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.checked.extend(paths);
        self
    }

    /// The source that `import "path"` in the script `importer` means. Runs nothing.
    pub fn source(&self, importer: Option<&str>, path: &str) -> Result<ScriptSource, CommandError> {
        let folder = importer.and_then(|importer| lock(&self.folders).get(importer).cloned());
        let source = self.library.module(path, folder.as_deref())?;
        self.remember(&source);
        Ok(source)
    }

    fn remember(&self, source: &ScriptSource) {
        self.sources.insert(source.path.clone(), source.text.as_str());
        if let Some(folder) = source.folder() {
            lock(&self.folders).insert(source.path.clone(), folder.to_owned());
        }
    }

    fn found(&self, importer: Option<&str>, path: &str, pos: Position) -> ResolvedModule<ScriptSource> {
        self.source(importer, path).map_err(|error| refuse_import(&error, importer, pos))
    }

    fn load(
        &self,
        engine: &Engine,
        importer: Option<&str>,
        path: &str,
        pos: Position,
        run: impl FnOnce(&AST) -> ResolvedModule<Module>,
    ) -> ResolvedModule<SharedModule> {
        let source = self.found(importer, path, pos)?;
        if let Some(module) = lock(&self.loaded).get(&source.path) {
            return Ok(module.clone());
        }
        let _loading = self.enter(importer, &source.path).map_err(|error| refuse_import(&error, importer, pos))?;
        self.record(&source).map_err(|error| refuse_import(&error, importer, pos))?;
        let in_module = |error| Box::new(EvalAltResult::ErrorInModule(source.path.clone(), error, pos));
        let ast = compile(engine, &source).map_err(in_module)?;
        let module: SharedModule = run(&ast).map_err(in_module)?.into();
        Ok(lock(&self.loaded).entry(source.path.clone()).or_insert(module).clone())
    }

    /// What runs stands in the journal first. Where no run goes on, nothing does.
    fn record(&self, source: &ScriptSource) -> Result<(), CommandError> {
        let Some(scene) = CallContext::current() else {
            return Ok(());
        };
        if self.checked.contains(&source.path) {
            return Ok(());
        }
        let ScriptSource { path, digest, text, .. } = source;
        let text = source_secrets::without_secrets(text);
        let run = &scene.host.run;
        let recorded = run.record_module(&scene.lane, path, digest, &text);
        recorded.map_err(|error| {
            let words = CommandError::failed(error.to_string());
            scene.host.stop(error);
            words
        })
    }

    fn enter(&self, importer: Option<&str>, path: &str) -> Result<ModuleLoading<'_>, CommandError> {
        let mut loading = lock(&self.loading);
        let mine = thread::current().id();
        let mut chain: Vec<&str> =
            loading.iter().filter(|(thread, _)| *thread == mine).map(|(_, path)| path.as_str()).collect();
        if chain.is_empty() {
            chain.extend(importer);
        }
        refuse_cycle(&chain, path)?;
        if chain.len() >= DEEPEST_CHAIN {
            return Err(CommandError::failed(format!(
                "imports nest deeper than {DEEPEST_CHAIN}: {}",
                chain.join(" -> ")
            )));
        }
        drop(chain);
        loading.push((mine, path.to_owned()));
        Ok(ModuleLoading { modules: self, thread: mine })
    }
}

impl ModuleResolver for RunModules {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        pos: Position,
    ) -> ResolvedModule<SharedModule> {
        self.load(engine, source, path, pos, |ast| Module::eval_ast_as_new(Scope::new(), ast, engine))
    }

    /// Keeps the run's global state, and with it its tag, for natives that a module calls while it loads.
    fn resolve_raw(
        &self,
        engine: &Engine,
        global: &mut GlobalRuntimeState,
        _scope: &mut Scope,
        path: &str,
        pos: Position,
    ) -> ResolvedModule<SharedModule> {
        let importer = global.source().map(str::to_owned);
        self.load(engine, importer.as_deref(), path, pos, |ast| {
            Module::eval_ast_as_new_raw(engine, &mut Scope::new(), global, ast)
        })
    }

    fn resolve_ast(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        pos: Position,
    ) -> Option<ResolvedModule<AST>> {
        Some(self.found(source, path, pos).and_then(|module| {
            compile(engine, &module).map_err(|error| Box::new(EvalAltResult::ErrorInModule(module.path, error, pos)))
        }))
    }
}

/// While this lives, its module is on the chain of its thread.
struct ModuleLoading<'a> {
    modules: &'a RunModules,
    thread: ThreadId,
}

impl Drop for ModuleLoading<'_> {
    fn drop(&mut self) {
        let mut loading = lock(&self.modules.loading);
        if let Some(last) = loading.iter().rposition(|(thread, _)| *thread == self.thread) {
            loading.remove(last);
        }
    }
}

fn compile(engine: &Engine, source: &ScriptSource) -> ResolvedModule<AST> {
    let mut ast =
        engine.compile(&source.text).map_err(|error| Box::new(EvalAltResult::ErrorParsing(*error.0, error.1)))?;
    ast.set_source(source.path.as_str());
    Ok(ast)
}

fn refuse_cycle(chain: &[&str], path: &str) -> Result<(), CommandError> {
    let Some(first) = chain.iter().position(|loading| *loading == path) else {
        return Ok(());
    };
    let mut circle = chain[first..].join(" -> ");
    circle.push_str(" -> ");
    circle.push_str(path);
    Err(CommandError::failed(format!("these scripts import each other: {circle}"))
        .help("move what they share into a module that imports neither"))
}

#[expect(clippy::unnecessary_box_returns, reason = "rhai's results hold boxed errors")]
fn refuse_import(error: &CommandError, importer: Option<&str>, pos: Position) -> Box<EvalAltResult> {
    let value = ErrorValue::new("import", &error.message).help(error.help.iter().cloned()).at(importer, pos);
    Box::new(EvalAltResult::ErrorRuntime(value.into(), pos))
}

/// A poisoned lock means that another lane panicked; what these locks hold is whole between statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
