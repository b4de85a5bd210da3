//! What a script can come to: its operations, in the order of the text, through functions and modules.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{Expr, Position};

use super::facts::{Bound, Call, Facts, Kind, Owner, Style};
use super::program::Program;
use crate::okta::{Method, Operation, operations};
use crate::script::bindings::listed;

/// What is reached.
#[derive(Default)]
pub(super) struct Reach {
    /// What matters for order, each at the place in the checked script from which it is reached.
    pub(super) acts: Vec<(Act, Position)>,
    /// Operations by name.
    pub(super) operations: BTreeMap<&'static str, Calls>,
    /// Calls by path that the text does not tell: path, line.
    pub(super) untold: Vec<(String, usize)>,
}

/// The calls of one operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Path, line.
    pub(super) places: Vec<(String, usize)>,
    pub(super) on: BTreeSet<On>,
}

/// What an operation is called on, as far as the text tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The org of this name.
    Org(String),
    /// An org with a token that the runbook was given: no right of ours is used.
    Guest,
    Unknown,
}

/// What the parameters of a function hold that is entered, by their bindings.
type Handles = BTreeMap<usize, On>;

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
        handles: Handles::new(),
        reach: Reach::default(),
    };
    walk.visit(&program.entry, Owner::Main, None);
    if let (true, Some(script)) = (program.is_module(), program.main()) {
        for index in 0..script.functions.len() {
            walk.enter(&program.entry, index, Position::NONE, Handles::new());
        }
    }
    walk.reach
}

struct Walk<'a> {
    program: &'a Program,
    facts: &'a BTreeMap<&'a str, Facts<'a>>,
    /// Functions that were entered, with the orgs they were handed.
    seen: BTreeSet<(String, usize, Handles)>,
    /// Those of the function that is walked.
    handles: Handles,
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

    fn enter(&mut self, path: &str, function: usize, site: Position, handles: Handles) {
        let key = (path.to_owned(), function, handles.clone());
        if self.seen.insert(key) {
            let outer = std::mem::replace(&mut self.handles, handles);
            self.visit(path, Owner::Function(function), Some(site));
            self.handles = outer;
        }
    }

    /// What a variable holds, if it is an org.
    fn on(&self, path: &str, facts: &Facts, bound: Option<Bound>) -> On {
        let Some(Bound::To(id)) = bound else {
            return On::Unknown;
        };
        let binding = &facts.bindings[id];
        match binding.kind {
            // Only the checked script is given orgs by name.
            Kind::Given if path == self.program.entry => On::Org(binding.name.to_string()),
            _ if facts.guests.contains(&id) => On::Guest,
            _ => self.handles.get(&id).cloned().unwrap_or(On::Unknown),
        }
    }

    /// The orgs among the arguments of a call, by the parameters of the function that gets them.
    fn handed(&self, path: &str, facts: &Facts, call: &Call, to: &str, index: usize) -> Handles {
        let Some(called) = self.facts.get(to) else {
            return Handles::new();
        };
        let parameters = called
            .parameters
            .iter()
            .find(|(function, _)| *function == index);
        let parameters = parameters.map_or(&[][..], |(_, parameters)| parameters);
        let arguments = call.to.args.iter().zip(parameters);
        let known = arguments.filter_map(|(argument, parameter)| {
            let Expr::Variable(_, _, at) = argument else {
                return None;
            };
            let used = facts.uses.iter().find(|used| used.at == *at)?;
            match self.on(path, facts, Some(used.binding)) {
                On::Unknown => None,
                on => Some((*parameter, on)),
            }
        });
        known.collect()
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
                self.enter_named((path, facts, call), &target, site);
            }
            return;
        }
        let on = self.on(path, facts, call.on);
        match (operations::find(name), call.style) {
            (Some(operation), Style::Method) => self.operation(operation, here, site, on),
            (None, Style::Method) if direct(name).is_some() => self.direct(call, here, site, on),
            _ => {}
        }
        match name {
            "step" => self.reach.acts.push((Act::Step, site)),
            "check" | "check_all" | "confirm" => self.reach.acts.push((Act::Check, site)),
            _ => {}
        }
        self.enter_named((path, facts, call), path, site);
    }

    /// Enters the function of the script `to` that a call means.
    fn enter_named(
        &mut self,
        (path, facts, call): (&str, &Facts, &Call),
        to: &str,
        site: Position,
    ) {
        let Some(script) = self.program.scripts.get(to) else {
            return;
        };
        let fits = |function: &super::script::Function| {
            function.name == call.to.name && function.parameters.len() == call.to.args.len()
        };
        if let Some(index) = script.functions.iter().position(fits) {
            let handles = self.handed(path, facts, call, to, index);
            self.enter(to, index, site, handles);
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
                    self.enter(path, index, site, Handles::new());
                }
            }
        }
    }

    fn operation(
        &mut self,
        operation: &'static Operation,
        here: (String, usize),
        site: Position,
        on: On,
    ) {
        let calls = self.reach.operations.entry(operation.name).or_default();
        if !calls.places.contains(&here) {
            calls.places.push(here);
        }
        calls.on.insert(on);
        if operation.is_write() {
            self.reach.acts.push((Act::Write(operation.name), site));
        }
    }

    /// `okta.get("/api/v1/…")`: the operation of that path when it is written out.
    fn direct(&mut self, call: &Call, here: (String, usize), site: Position, on: On) {
        let Some(method) = direct(&call.to.name) else {
            return;
        };
        let Some(path) = call.to.args.first().and_then(path_of) else {
            return; // of a map or a directory, or not told by the text
        };
        match listed(method, &path) {
            Some((operation, _)) => self.operation(operation, here, site, on),
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
