//! What a script can come to: its operations, in the order of the text, through functions and modules.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{Expr, Position};

use super::facts::{BindingKind, BoundValue, CallFact, CallStyle, FactOwner, ScriptFacts};
use super::paths::{path_of, text_of};
use super::program::ScriptProgram;
use crate::okta::{ApiOperation, HttpMethod};
use crate::script::bindings::{calls_many, find_operation, manual_slug, operation_of, operations_of_many};

/// What is reached.
#[derive(Default)]
pub(super) struct ScriptReach {
    /// What matters for order, each at the place in the checked script from which it is reached.
    pub(super) acts: Vec<(ReachAct, Position)>,
    /// Operations by name.
    pub(super) operations: BTreeMap<&'static str, OperationCalls>,
    /// Calls by path that the text does not tell: path, line.
    pub(super) untold: Vec<(String, usize)>,
    /// What cannot be known without running it.
    pub(super) unseen: Vec<UnseenPlace>,
    /// What manual steps are attested by.
    pub(super) manual: ManualNames,
}

/// A place at which a script does something that its text does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnseenPlace {
    /// Path of the script.
    pub path: String,
    pub at: Position,
    /// What is not known there.
    pub what: &'static str,
}

/// The names by which the manual steps of a script are attested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManualNames {
    /// Those that the text tells.
    pub known: BTreeSet<String>,
    /// Whether there may be others.
    pub may_have_more: bool,
}

/// The calls of one operation.
#[derive(Clone, Debug, Default)]
pub(super) struct OperationCalls {
    /// Path, line.
    pub(super) places: Vec<(String, usize)>,
    pub(super) on: BTreeSet<CallReceiver>,
}

/// What an operation is called on, as far as the text tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallReceiver {
    /// The org of this name.
    Org(String),
    /// An org with a token that the runbook was given: no right of ours is used.
    Guest,
    Unknown,
}

/// What the parameters of a function hold that is entered, by their bindings.
type ParameterHandles = BTreeMap<usize, CallReceiver>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReachAct {
    Step,
    Check,
    Write(&'static str),
}

/// From the text of the script; of a module, from all its functions.
pub(super) fn reach(program: &ScriptProgram, facts: &BTreeMap<&str, ScriptFacts>) -> ScriptReach {
    let mut walk = ReachWalk {
        program,
        facts,
        seen: BTreeSet::new(),
        handles: ParameterHandles::new(),
        reach: ScriptReach::default(),
    };
    walk.visit(&program.entry, FactOwner::Main, None);
    if let (true, Some(script)) = (program.is_module(), program.main()) {
        for index in 0..script.functions.len() {
            walk.enter(&program.entry, index, Position::NONE, ParameterHandles::new());
        }
    }
    walk.reach
}

struct ReachWalk<'a> {
    program: &'a ScriptProgram,
    facts: &'a BTreeMap<&'a str, ScriptFacts<'a>>,
    /// Functions that were entered, with the orgs they were handed.
    seen: BTreeSet<(String, usize, ParameterHandles)>,
    /// Those of the function that is walked.
    handles: ParameterHandles,
    reach: ScriptReach,
}

impl ReachWalk<'_> {
    /// `site` is where the checked script went away from its own text.
    fn visit(&mut self, path: &str, owner: FactOwner, site: Option<Position>) {
        let Some(facts) = self.facts.get(path) else {
            return;
        };
        for call in facts.calls.iter().filter(|call| call.owner == owner) {
            let site = site.unwrap_or(call.at);
            self.call(path, facts, call, site);
        }
        for named in facts.named.iter().filter(|named| named.owner == owner) {
            self.named(path, &named.name, named.at, site.unwrap_or(named.at));
        }
    }

    fn enter(&mut self, path: &str, function: usize, site: Position, handles: ParameterHandles) {
        let key = (path.to_owned(), function, handles.clone());
        if self.seen.insert(key) {
            let outer = std::mem::replace(&mut self.handles, handles);
            self.visit(path, FactOwner::Function(function), Some(site));
            self.handles = outer;
        }
    }

    /// What a variable holds, if it is an org.
    fn on(&self, path: &str, facts: &ScriptFacts, bound: Option<BoundValue>) -> CallReceiver {
        let Some(BoundValue::To(id)) = bound else {
            return CallReceiver::Unknown;
        };
        let binding = &facts.bindings[id];
        match binding.kind {
            // Only the checked script is given orgs by name.
            BindingKind::Given if path == self.program.entry => CallReceiver::Org(binding.name.to_string()),
            _ if facts.guests.contains(&id) => CallReceiver::Guest,
            _ => self.handles.get(&id).cloned().unwrap_or(CallReceiver::Unknown),
        }
    }

    /// The orgs among the arguments of a call, by the parameters of the function that gets them.
    fn handed(&self, path: &str, facts: &ScriptFacts, call: &CallFact, to: &str, index: usize) -> ParameterHandles {
        let Some(called) = self.facts.get(to) else {
            return ParameterHandles::new();
        };
        let parameters = called.parameters.iter().find(|(function, _)| *function == index);
        let parameters = parameters.map_or(&[][..], |(_, parameters)| parameters);
        let arguments = call.to.args.iter().zip(parameters);
        let known = arguments.filter_map(|(argument, parameter)| {
            let Expr::Variable(_, _, at) = argument else {
                return None;
            };
            let used = facts.uses.iter().find(|used| used.at == *at)?;
            match self.on(path, facts, Some(used.binding)) {
                CallReceiver::Unknown => None,
                on => Some((*parameter, on)),
            }
        });
        known.collect()
    }

    fn call(&mut self, path: &str, facts: &ScriptFacts, call: &CallFact, site: Position) {
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
            } else if self.is_computed(path, module) {
                self.unseen(path, call.at, "what a module of a computed name does");
            }
            return;
        }
        let own = self.program.scripts.get(path);
        let is_own = own.is_some_and(|own| own.function(name, call.to.args.len()).is_some());
        if call.style == CallStyle::Method || !is_own {
            self.of_org(path, facts, call, here, site);
        }
        match name {
            "Fn" if call.style == CallStyle::Function => {
                match call.to.args.first().and_then(|name| text_of(name, facts, NEAR)) {
                    Some(name) => self.named(path, &name, call.at, site),
                    None => self.unseen(path, call.at, "a function of a computed name"),
                }
            }
            "manual" => self.reach.manual.add(call, facts),
            "step" => self.reach.acts.push((ReachAct::Step, site)),
            "check" | "check_all" | "confirm" | "expect" | "ready" => self.reach.acts.push((ReachAct::Check, site)),
            _ => {}
        }
        self.enter_named((path, facts, call), path, site);
    }

    /// A call of an org, as `okta.add_group(…)` or as `add_group(okta, …)`.
    fn of_org(&mut self, path: &str, facts: &ScriptFacts, call: &CallFact, here: (String, usize), site: Position) {
        let (bound, arguments) = match (call.style, call.to.args.as_slice()) {
            (CallStyle::Method, arguments) => (call.on, arguments),
            (CallStyle::Function, [receiver, arguments @ ..]) => (bound_of(receiver, facts), arguments),
            (CallStyle::Function, []) => return,
        };
        let on = self.on(path, facts, bound);
        match operation_of(&call.to.name) {
            Some(operation) => self.operation(operation, here, site, on),
            None if calls_many(&call.to.name) => {
                let getter = arguments.first().and_then(|getter| text_of(getter, facts, NEAR));
                let operations = operations_of_many(&call.to.name, getter.as_deref());
                if operations.is_empty() {
                    self.unseen(path, call.at, "the operation of `many`");
                }
                for operation in operations {
                    self.operation(operation, here.clone(), site, on.clone());
                }
            }
            None => {
                if let Some(method) = direct(&call.to.name) {
                    self.direct(method, arguments.first(), (facts, call), here, (site, on));
                }
            }
        }
    }

    /// A function as a value is called by whoever gets it.
    fn named(&mut self, path: &str, name: &str, at: Position, site: Position) {
        let here = (path.to_owned(), at.line().unwrap_or_default());
        if let Some(operation) = operation_of(name) {
            self.operation(operation, here, site, CallReceiver::Unknown);
        } else if direct(name).is_some() {
            self.unseen(path, at, "the path of a call");
        }
        let Some(script) = self.program.scripts.get(path) else {
            return;
        };
        let functions = script.functions.iter().enumerate();
        let named = functions.filter(|(_, function)| function.name == name);
        for index in named.map(|(index, _)| index).collect::<Vec<_>>() {
            self.enter(path, index, site, ParameterHandles::new());
        }
    }

    fn is_computed(&self, path: &str, alias: &str) -> bool {
        let script = self.program.scripts.get(path);
        script.is_some_and(|script| script.untold.iter().any(|known| known == alias))
    }

    fn unseen(&mut self, path: &str, at: Position, what: &'static str) {
        let unseen = UnseenPlace { path: path.to_owned(), at, what };
        if !self.reach.unseen.contains(&unseen) {
            self.reach.unseen.push(unseen);
        }
    }

    /// Enters the function of the script `to` that a call means.
    fn enter_named(&mut self, (path, facts, call): (&str, &ScriptFacts, &CallFact), to: &str, site: Position) {
        let Some(script) = self.program.scripts.get(to) else {
            return;
        };
        let fits = |function: &super::script::ScriptFunction| {
            function.name == call.to.name && function.parameters.len() == call.to.args.len()
        };
        if let Some(index) = script.functions.iter().position(fits) {
            let handles = self.handed(path, facts, call, to, index);
            self.enter(to, index, site, handles);
        }
    }

    /// Functions of the script that are handed over by their name are called by whoever gets them.
    fn enter_handed(&mut self, path: &str, facts: &ScriptFacts, call: &CallFact, site: Position) {
        let places = call.to.args.iter().filter_map(|argument| match argument {
            Expr::Variable(_, _, at) => Some(*at),
            _ => None,
        });
        for at in places {
            let handed = facts.uses.iter().find(|used| used.at == at && used.binding == BoundValue::Function);
            if let (Some(handed), Some(script)) = (handed, self.program.scripts.get(path)) {
                let named = script.functions.iter().position(|function| function.name == handed.name);
                if let Some(index) = named {
                    self.enter(path, index, site, ParameterHandles::new());
                }
            }
        }
    }

    fn operation(&mut self, operation: &'static ApiOperation, here: (String, usize), site: Position, on: CallReceiver) {
        let calls = self.reach.operations.entry(operation.name).or_default();
        if !calls.places.contains(&here) {
            calls.places.push(here);
        }
        calls.on.insert(on);
        if operation.is_write() {
            self.reach.acts.push((ReachAct::Write(operation.name), site));
        }
    }

    /// `okta.get("/api/v1/…")`: the operation of that path as far as it is written out.
    fn direct(
        &mut self,
        method: HttpMethod,
        path: Option<&Expr>,
        (facts, call): (&ScriptFacts, &CallFact),
        here: (String, usize),
        (site, on): (Position, CallReceiver),
    ) {
        match path.and_then(|path| path_of(path, facts)) {
            Some(path) => match find_operation(method, &path) {
                Some((operation, _)) => self.operation(operation, here, site, on),
                None => self.reach.untold.push(here),
            },
            // Maps and directories have a `get` too; nothing else has the others.
            None if method == HttpMethod::Get && on == CallReceiver::Unknown => {}
            None => self.unseen(&here.0, call.at, "the path of a call"),
        }
    }
}

impl ManualNames {
    fn add(&mut self, call: &CallFact, facts: &ScriptFacts) {
        match manual_name(call.to.args.as_slice(), facts) {
            Some(name) => {
                self.known.insert(name);
            }
            None => self.may_have_more = true,
        }
    }
}

/// By which a manual step is attested: its `name`, else its title.
fn manual_name(arguments: &[Expr], facts: &ScriptFacts) -> Option<String> {
    let [title, options] = arguments else {
        return None;
    };
    let Expr::Map(map, _) = options else {
        return None;
    };
    let name = map.0.iter().find(|(key, _)| key.name == "name");
    match name {
        Some((_, name)) => text_of(name, facts, NEAR),
        None => text_of(title, facts, NEAR).map(|title| manual_slug(&title)),
    }
}

/// What a plain variable is bound to.
fn bound_of(expression: &Expr, facts: &ScriptFacts) -> Option<BoundValue> {
    let Expr::Variable(_, _, at) = expression else {
        return None;
    };
    let used = facts.uses.iter().find(|used| used.at == *at);
    used.map(|used| used.binding)
}

/// Through so many variables a name is followed.
const NEAR: usize = 8;

fn direct(name: &str) -> Option<HttpMethod> {
    Some(match name {
        "get" => HttpMethod::Get,
        "post" => HttpMethod::Post,
        "put" => HttpMethod::Put,
        "patch" => HttpMethod::Patch,
        "delete" => HttpMethod::Delete,
        _ => return None,
    })
}
