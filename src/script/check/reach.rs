//! What a script can come to: its operations, in the order of the text, through functions and modules.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{Expr, Position};

use super::facts::{Bound, Call, Facts, Owner, Style};
use super::program::Program;
use crate::okta::{Method, Operation, operations};
use crate::script::bindings::listed;

/// What is reached.
#[derive(Default)]
pub(super) struct Reach {
    /// What matters for order, each at the place in the checked script from which it is reached.
    pub(super) acts: Vec<(Act, Position)>,
    /// Operations by name, with the places of their calls: path, line.
    pub(super) operations: BTreeMap<&'static str, Vec<(String, usize)>>,
    /// Calls by path that the text does not tell: path, line.
    pub(super) untold: Vec<(String, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Step,
    Check,
    Write(&'static str),
}

/// From the text of the script; of a module, from all its functions.
pub(super) fn reach(program: &Program, facts: &BTreeMap<&str, Facts>) -> Reach {
    let mut walk = Walk {
        program,
        facts,
        seen: BTreeSet::new(),
        reach: Reach::default(),
    };
    walk.visit(&program.entry, Owner::Main, None);
    if let (true, Some(script)) = (program.is_module(), program.main()) {
        for index in 0..script.functions.len() {
            walk.enter(&program.entry, index, Position::NONE);
        }
    }
    walk.reach
}

struct Walk<'a> {
    program: &'a Program,
    facts: &'a BTreeMap<&'a str, Facts<'a>>,
    seen: BTreeSet<(String, usize)>,
    reach: Reach,
}

impl Walk<'_> {
    /// `site` is where the checked script went away from its own text.
    fn visit(&mut self, path: &str, owner: Owner, site: Option<Position>) {
        let Some(facts) = self.facts.get(path) else {
            return;
        };
        for call in facts.calls.iter().filter(|call| call.owner == owner) {
            let site = site.unwrap_or(call.at);
            self.call(path, facts, call, site);
        }
    }

    fn enter(&mut self, path: &str, function: usize, site: Position) {
        if self.seen.insert((path.to_owned(), function)) {
            self.visit(path, Owner::Function(function), Some(site));
        }
    }

    fn call(&mut self, path: &str, facts: &Facts, call: &Call, site: Position) {
        self.enter_handed(path, facts, call, site);
        let name = call.to.name.as_str();
        let here = (path.to_owned(), call.at.line().unwrap_or_default());
        if call.to.is_qualified() {
            let module = call.to.namespace.root();
            let script = match module {
                "global" => self.program.scripts.get(path),
                alias => self.program.aliased(path, alias),
            };
            if let Some(script) = script {
                let target = script.source.path.clone();
                self.enter_named(&target, name, call.to.args.len(), site);
            }
            return;
        }
        match (operations::find(name), call.style) {
            (Some(operation), Style::Method) => self.operation(operation, here, site),
            (None, Style::Method) if direct(name).is_some() => self.direct(call, here, site),
            _ => {}
        }
        match name {
            "step" => self.reach.acts.push((Act::Step, site)),
            "check" | "check_all" | "confirm" => self.reach.acts.push((Act::Check, site)),
            _ => {}
        }
        self.enter_named(path, name, call.to.args.len(), site);
    }

    fn enter_named(&mut self, path: &str, name: &str, arguments: usize, site: Position) {
        let Some(script) = self.program.scripts.get(path) else {
            return;
        };
        let fits = |function: &super::script::Function| {
            function.name == name && function.parameters.len() == arguments
        };
        if let Some(index) = script.functions.iter().position(fits) {
            self.enter(path, index, site);
        }
    }

    /// Functions of the script that are handed over by their name are called by whoever gets them.
    fn enter_handed(&mut self, path: &str, facts: &Facts, call: &Call, site: Position) {
        let places = call.to.args.iter().filter_map(|argument| match argument {
            Expr::Variable(_, _, at) => Some(*at),
            _ => None,
        });
        for at in places {
            let handed = facts
                .uses
                .iter()
                .find(|used| used.at == at && used.binding == Bound::Function);
            if let (Some(handed), Some(script)) = (handed, self.program.scripts.get(path)) {
                let named = script
                    .functions
                    .iter()
                    .position(|function| function.name == handed.name);
                if let Some(index) = named {
                    self.enter(path, index, site);
                }
            }
        }
    }

    fn operation(&mut self, operation: &'static Operation, here: (String, usize), site: Position) {
        let places = self.reach.operations.entry(operation.name).or_default();
        if !places.contains(&here) {
            places.push(here);
        }
        if operation.is_write() {
            self.reach.acts.push((Act::Write(operation.name), site));
        }
    }

    /// `okta.get("/api/v1/…")`: the operation of that path when it is written out.
    fn direct(&mut self, call: &Call, here: (String, usize), site: Position) {
        let Some(method) = direct(&call.to.name) else {
            return;
        };
        let Some(path) = call.to.args.first().and_then(path_of) else {
            return; // of a map or a directory, or not told by the text
        };
        match listed(method, &path) {
            Some((operation, _)) => self.operation(operation, here, site),
            None => self.reach.untold.push(here),
        }
    }
}

fn direct(name: &str) -> Option<Method> {
    Some(match name {
        "get" => Method::Get,
        "post" => Method::Post,
        "put" => Method::Put,
        "patch" => Method::Patch,
        "delete" => Method::Delete,
        _ => return None,
    })
}

/// A path that is written out; what is computed in it stands for one segment.
fn path_of(expression: &Expr) -> Option<String> {
    let text = match expression {
        Expr::StringConstant(text, _) => text.to_string(),
        Expr::InterpolatedString(parts, _) => parts
            .iter()
            .map(|part| match part {
                Expr::StringConstant(text, _) => text.to_string(),
                _ => "x".to_owned(),
            })
            .collect(),
        _ => return None,
    };
    text.starts_with('/').then_some(text)
}
