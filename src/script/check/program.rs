//! A script with all that it imports.

use std::collections::BTreeMap;

use rhai::Engine;

use super::facts::Facts;
use super::finding::Finding;
use super::script::Script;
use super::walk;
use crate::script::error::{Diagnostic, Names};
use crate::script::library::{Library, Source};
use crate::script::resolver::Modules;
use crate::script::runbook::Runbook;
use crate::script::sources::Sources;

/// The script that is checked and its modules, by the path that messages show.
pub(super) struct Program {
    pub(super) entry: String,
    pub(super) runbook: Option<Runbook>,
    pub(super) scripts: BTreeMap<String, Script>,
    /// What an import of a script means: (importer, name) to path.
    pub(super) modules: BTreeMap<(String, String), String>,
    pub(super) sources: Sources,
    pub(super) names: Names,
}

impl Program {
    /// Loads `source` and its imports. What cannot be parsed is a finding; without the entry there is no program.
    pub(super) fn load(
        source: Source,
        library: &Library,
        engine: &Engine,
        names: impl FnOnce(Vec<String>) -> Names,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let sources = Sources::default();
        let resolver = Modules::new(library.clone(), sources.clone(), &source);
        let runbook = match Runbook::diagnose(&source, &sources) {
            Ok(runbook) => Some(runbook),
            Err(wrong) => {
                findings.extend(
                    wrong
                        .into_iter()
                        .map(|wrong| Finding::error("header", wrong)),
                );
                None
            }
        };
        let orgs = runbook.iter().flat_map(|runbook| &runbook.orgs);
        let mut given: Vec<String> = orgs.map(|org| org.name.clone()).collect();
        given.push("params".to_owned());
        let mut program = Self {
            entry: source.path.clone(),
            runbook,
            scripts: BTreeMap::new(),
            modules: BTreeMap::new(),
            sources,
            names: names(given),
        };
        program.add(engine, source, findings)?;
        program.add_imports(engine, &resolver, findings);
        program.refuse_cycles(findings);
        Some(program)
    }

    fn add(&mut self, engine: &Engine, source: Source, findings: &mut Vec<Finding>) -> Option<()> {
        match Script::parse(engine, source) {
            Ok(script) => {
                self.scripts.insert(script.source.path.clone(), script);
                Some(())
            }
            // The header's reader has told of a syntax error in the entry.
            Err((source, _)) if source.path == self.entry => None,
            Err((source, error)) => {
                let wrong =
                    Diagnostic::of_parsing(&error, &source.path, &self.sources, &self.names);
                findings.push(Finding::error("syntax", wrong));
                None
            }
        }
    }

    fn add_imports(&mut self, engine: &Engine, resolver: &Modules, findings: &mut Vec<Finding>) {
        let mut waiting = vec![self.entry.clone()];
        while let Some(importer) = waiting.pop() {
            let imports = self.scripts.get(&importer).map(|script| {
                let import = |import: &super::script::Import| (import.name.clone(), import.at);
                script.imports.iter().map(import).collect::<Vec<_>>()
            });
            for (name, at) in imports.unwrap_or_default() {
                match resolver.source(Some(&importer), &name) {
                    Ok(source) => {
                        let path = source.path.clone();
                        self.modules.insert((importer.clone(), name), path.clone());
                        if !self.scripts.contains_key(&path)
                            && self.add(engine, source, findings).is_some()
                        {
                            waiting.push(path);
                        }
                    }
                    Err(error) => {
                        let wrong =
                            Diagnostic::finding(&error.message, &importer, at, &self.sources);
                        let wrong = error.help.iter().fold(wrong, Diagnostic::help);
                        findings.push(Finding::error("import", wrong));
                    }
                }
            }
        }
    }

    fn refuse_cycles(&self, findings: &mut Vec<Finding>) {
        for (path, script) in &self.scripts {
            for import in &script.imports {
                let Some(module) = self.module(path, &import.name) else {
                    continue;
                };
                if let Some(circle) = self.way(module, path, &mut Vec::new()) {
                    let circle: Vec<&str> = std::iter::once(path.as_str()).chain(circle).collect();
                    let wrong = Diagnostic::finding(
                        format!(
                            "these scripts import each other in a circle: {}",
                            circle.join(" -> ")
                        ),
                        path,
                        import.at,
                        &self.sources,
                    )
                    .help("move what they share into a module that imports neither");
                    findings.push(Finding::error("import", wrong));
                }
            }
        }
    }

    /// The imports that lead from one script to another.
    fn way<'a>(&'a self, from: &'a str, to: &str, seen: &mut Vec<&'a str>) -> Option<Vec<&'a str>> {
        if from == to {
            return Some(vec![from]);
        }
        if seen.contains(&from) {
            return None;
        }
        seen.push(from);
        self.scripts.get(from)?.imports.iter().find_map(|import| {
            let mut rest = self.way(self.module(from, &import.name)?, to, seen)?;
            rest.insert(0, from);
            Some(rest)
        })
    }

    fn module(&self, importer: &str, name: &str) -> Option<&str> {
        let key = (importer.to_owned(), name.to_owned());
        self.modules.get(&key).map(String::as_str)
    }

    /// The script that `alias` stands for in the script `importer`.
    pub(super) fn aliased(&self, importer: &str, alias: &str) -> Option<&Script> {
        let import = self.scripts.get(importer)?.import(alias)?;
        self.scripts.get(self.module(importer, &import.name)?)
    }

    /// The script that is checked, when it could be parsed.
    pub(super) fn main(&self) -> Option<&Script> {
        self.scripts.get(&self.entry)
    }

    /// Whether it is a module: it declares no orgs, and its text does nothing by itself.
    pub(super) fn is_module(&self) -> bool {
        let declares = |script: &Script| {
            script.statements.iter().all(|statement| {
                matches!(
                    statement,
                    rhai::Stmt::Var(..)
                        | rhai::Stmt::Import(..)
                        | rhai::Stmt::Export(..)
                        | rhai::Stmt::Noop(_)
                )
            })
        };
        let no_orgs = self
            .runbook
            .as_ref()
            .is_some_and(|runbook| runbook.orgs.is_empty() && runbook.parameters.is_empty());
        no_orgs
            && self
                .main()
                .is_some_and(|script| declares(script) && !script.functions.is_empty())
    }

    /// Facts of every script, by its path.
    pub(super) fn facts(&self) -> BTreeMap<&str, Facts<'_>> {
        let mut facts = BTreeMap::new();
        for (path, script) in &self.scripts {
            let given: &[String] = if *path == self.entry {
                &self.names.variables
            } else {
                &[]
            };
            facts.insert(path.as_str(), walk::facts(script, given));
        }
        facts
    }
}
