//! A script with all that it imports.

use std::collections::BTreeMap;

use rhai::{AST, Engine};

use super::facts::ScriptFacts;
use super::finding::CheckFinding;
use super::readable::ReadableText;
use super::script::ParsedScript;
use super::walk;
use crate::script::engine::header_engine;
use crate::script::error::{KnownNames, ScriptDiagnostic};
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::outline::{DeclaredName, ScriptOutline};
use crate::script::resolver::RunModules;
use crate::script::runbook::RunbookHeader;
use crate::script::sources::SourceTexts;

/// The script that is checked and its modules, by the path that messages show.
pub(super) struct ScriptProgram {
    pub(super) entry: String,
    pub(super) runbook: Option<RunbookHeader>,
    /// Names of parameters in the words of the text, those included whose declarations are wrong.
    declared: Vec<String>,
    pub(super) scripts: BTreeMap<String, ParsedScript>,
    /// What an import of a script means: (importer, name) to path.
    pub(super) modules: BTreeMap<(String, String), String>,
    pub(super) sources: SourceTexts,
    pub(super) names: KnownNames,
}

impl ScriptProgram {
    /// Loads `source` and its imports, as far as they can be read. What cannot is a finding.
    pub(super) fn load(
        source: ScriptSource,
        library: &RunbookLibrary,
        engine: &Engine,
        names: impl FnOnce(Vec<String>) -> KnownNames,
        findings: &mut Vec<CheckFinding>,
    ) -> Self {
        let sources = SourceTexts::default();
        let resolver = RunModules::new(library.clone(), sources.clone(), &source);
        let outline = ScriptOutline::of(&source.text);
        let mut program = Self {
            entry: source.path.clone(),
            runbook: None,
            declared: names_of(&outline.parameters),
            scripts: BTreeMap::new(),
            modules: BTreeMap::new(),
            sources,
            names: KnownNames::default(),
        };
        let mut given = names_of(&outline.orgs);
        let readable = program.read(engine, &source, findings);
        program.add_header(&source, &readable.ast, library, findings);
        let orgs = program.runbook.iter().flat_map(|runbook| &runbook.orgs);
        given.extend(orgs.map(|org| org.name.clone()));
        given.sort();
        given.dedup();
        given.push("params".to_owned());
        program.names = names(given);
        program.keep(source, readable);
        program.add_imports(engine, &resolver, findings);
        program.refuse_cycles(findings);
        program
    }

    /// Reads a text; its first mistake of syntax is a finding.
    fn read(&self, engine: &Engine, source: &ScriptSource, findings: &mut Vec<CheckFinding>) -> ReadableText {
        let readable = ReadableText::of(&header_engine(), &source.text);
        // What runs it knows fewer words than what reads it.
        let refused = || engine.compile(&source.text).err();
        let error = readable.error.clone().or_else(refused);
        if let Some(error) = error {
            let wrong = ScriptDiagnostic::of_parsing(&error, &source.path, &self.sources, &self.names);
            let wrong = if readable.is_torn {
                wrong.help("more could not be read: check again when this is mended")
            } else {
                wrong
            };
            findings.push(CheckFinding::error("syntax", wrong));
        }
        readable
    }

    fn keep(&mut self, source: ScriptSource, readable: ReadableText) {
        let path = source.path.clone();
        let script = ParsedScript::new(source, readable);
        self.scripts.insert(path, script);
    }

    /// The header, unless it declares parameters in a way that cannot be read.
    fn add_header(
        &mut self,
        source: &ScriptSource,
        ast: &AST,
        library: &RunbookLibrary,
        findings: &mut Vec<CheckFinding>,
    ) {
        let (mut runbook, mut wrong) = RunbookHeader::of_tree(source, ast, &self.sources);
        wrong.extend(runbook.include(library, &self.sources));
        let is_known = wrong.is_empty() || !self.declared.is_empty();
        let wrong = wrong.into_iter();
        findings.extend(wrong.map(|wrong| CheckFinding::error("header", wrong)));
        self.runbook = is_known.then_some(runbook);
    }

    /// Whether the text declares a parameter of that name, be it wrongly.
    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.declared.iter().any(|declared| declared == name)
    }

    /// Whether something could not be read: what is not seen may be there.
    pub(super) fn is_partial(&self) -> bool {
        self.scripts.values().any(|script| !script.is_whole)
    }

    fn add_imports(&mut self, engine: &Engine, resolver: &RunModules, findings: &mut Vec<CheckFinding>) {
        let mut waiting = vec![self.entry.clone()];
        while let Some(importer) = waiting.pop() {
            let imports = self.scripts.get(&importer).map(|script| {
                let import = |import: &super::script::ScriptImport| (import.name.clone(), import.at);
                script.imports.iter().map(import).collect::<Vec<_>>()
            });
            for (name, at) in imports.unwrap_or_default() {
                match resolver.source(Some(&importer), &name) {
                    Ok(source) => {
                        let path = source.path.clone();
                        self.modules.insert((importer.clone(), name), path.clone());
                        if !self.scripts.contains_key(&path) {
                            let readable = self.read(engine, &source, findings);
                            self.keep(source, readable);
                            waiting.push(path);
                        }
                    }
                    Err(error) => {
                        let wrong = ScriptDiagnostic::finding(&error.message, &importer, at, &self.sources);
                        let wrong = error.help.iter().fold(wrong, ScriptDiagnostic::help);
                        findings.push(CheckFinding::error("import", wrong));
                    }
                }
            }
        }
    }

    fn refuse_cycles(&self, findings: &mut Vec<CheckFinding>) {
        for (path, script) in &self.scripts {
            for import in &script.imports {
                let Some(module) = self.module(path, &import.name) else {
                    continue;
                };
                if let Some(circle) = self.way(module, path, &mut Vec::new()) {
                    let circle: Vec<&str> = std::iter::once(path.as_str()).chain(circle).collect();
                    let wrong = ScriptDiagnostic::finding(
                        format!("these scripts import each other in a circle: {}", circle.join(" -> ")),
                        path,
                        import.at,
                        &self.sources,
                    )
                    .help("move what they share into a module that imports neither");
                    findings.push(CheckFinding::error("import", wrong));
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
    pub(super) fn aliased(&self, importer: &str, alias: &str) -> Option<&ParsedScript> {
        let import = self.scripts.get(importer)?.import(alias)?;
        self.scripts.get(self.module(importer, &import.name)?)
    }

    /// The script that is checked.
    pub(super) fn main(&self) -> Option<&ParsedScript> {
        self.scripts.get(&self.entry)
    }

    /// Whether it is a module: it declares no orgs, and its text does nothing by itself.
    pub(super) fn is_module(&self) -> bool {
        let declares = |script: &ParsedScript| {
            script.statements.iter().all(|statement| {
                matches!(
                    statement,
                    rhai::Stmt::Var(..) | rhai::Stmt::Import(..) | rhai::Stmt::Export(..) | rhai::Stmt::Noop(_)
                )
            })
        };
        let no_orgs =
            self.runbook.as_ref().is_some_and(|runbook| runbook.orgs.is_empty() && runbook.parameters.is_empty());
        no_orgs && self.main().is_some_and(|script| declares(script) && !script.functions.is_empty())
    }

    /// Facts of every script, by its path.
    pub(super) fn facts(&self) -> BTreeMap<&str, ScriptFacts<'_>> {
        let mut facts = BTreeMap::new();
        for (path, script) in &self.scripts {
            let given: &[String] = if *path == self.entry { &self.names.variables } else { &[] };
            facts.insert(path.as_str(), walk::facts(script, given));
        }
        facts
    }
}

fn names_of(declared: &[DeclaredName]) -> Vec<String> {
    let names = declared.iter().map(|declared| declared.name.clone());
    names.collect()
}
