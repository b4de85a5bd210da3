//! From tree to facts: one walk that knows which variable a name means.

mod shape;

use rhai::{ASTFlags, Expr, FnCallExpr, ImmutableString, Position, Stmt};

use super::facts::{
    BindingKind, BoundValue, CallFact, CallStyle, ClosureFact, FactOwner, LoopFact, NamedFunction, ScriptFacts,
    UseRole, VariableBinding, VariableUse,
};
use super::script::ParsedScript;
pub(super) use shape::closure_of;
use shape::{ChainLink, changing_method, field_of, is_changing, last_field, last_method, link_of, method_of_field};

/// The facts of `script`, whose scope holds the variables `given`.
pub(super) fn facts<'a>(script: &'a ParsedScript, given: &[String]) -> ScriptFacts<'a> {
    let mut walk = FactWalk {
        script,
        facts: ScriptFacts::default(),
        frames: vec![WalkFrame::new(NameWall::Function)],
        owner: FactOwner::Main,
        closures: Vec::new(),
    };
    for name in given {
        walk.declare(name.as_str().into(), BindingKind::Given);
    }
    walk.block(&script.statements);
    for (index, function) in script.functions.iter().enumerate() {
        if !function.is_closure() {
            walk.owner = FactOwner::Function(index);
            walk.frames = vec![WalkFrame::new(NameWall::Function)];
            let parameters = function.parameters.iter();
            let parameters = parameters.map(|name| walk.declare(name.clone(), BindingKind::Parameter));
            let parameters = parameters.collect();
            walk.facts.parameters.push((index, parameters));
            walk.block(&function.body);
        }
    }
    walk.facts
}

struct FactWalk<'a> {
    script: &'a ParsedScript,
    facts: ScriptFacts<'a>,
    frames: Vec<WalkFrame>,
    owner: FactOwner,
    closures: Vec<usize>,
}

struct WalkFrame {
    wall: NameWall,
    names: Vec<(ImmutableString, usize)>,
}

/// What a name cannot see through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameWall {
    None,
    Closure,
    Function,
}

impl WalkFrame {
    fn new(wall: NameWall) -> Self {
        Self { wall, names: Vec::new() }
    }

    fn find(&self, name: &str) -> Option<usize> {
        let mut names = self.names.iter().rev();
        names.find(|(known, _)| known == name).map(|(_, id)| *id)
    }
}

impl<'a> FactWalk<'a> {
    fn declare(&mut self, name: ImmutableString, kind: BindingKind) -> usize {
        let id = self.facts.bindings.len();
        self.facts.bindings.push(VariableBinding {
            value: None,
            name: name.clone(),
            kind,
            closures: self.closures.clone(),
        });
        self.bind(name, id);
        id
    }

    fn bind(&mut self, name: ImmutableString, id: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.names.push((name, id));
        }
    }

    fn bound(&self, name: &str) -> BoundValue {
        let mut walled = false;
        for frame in self.frames.iter().rev() {
            match frame.find(name) {
                Some(id) if !walled => return BoundValue::To(id),
                Some(_) => return BoundValue::HiddenByFunction,
                None => walled |= frame.wall == NameWall::Closure,
            }
        }
        if self.script.named(name).next().is_some() {
            return BoundValue::Function;
        }
        BoundValue::Unknown
    }

    fn within(&mut self, wall: NameWall, work: impl FnOnce(&mut Self)) {
        self.frames.push(WalkFrame::new(wall));
        work(self);
        self.frames.pop();
    }

    fn block(&mut self, statements: impl IntoIterator<Item = &'a Stmt>) {
        self.within(NameWall::None, |walk| {
            for statement in statements {
                walk.statement(statement);
            }
        });
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::If(flow, _) => {
                self.expression(&flow.expr);
                self.block(&flow.body);
                self.block(&flow.branch);
            }
            Stmt::While(flow, _) | Stmt::Do(flow, ..) => {
                self.expression(&flow.expr);
                self.block(&flow.body);
            }
            Stmt::For(parts, _) => self.for_loop(parts),
            Stmt::Switch(parts, _) => {
                self.expression(&parts.0);
                for case in &parts.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
            }
            Stmt::Var(variable, ..) => {
                let closure = self.facts.closures.len();
                self.expression(&variable.1);
                let id = self.declare(variable.0.name.clone(), BindingKind::Local);
                self.facts.bindings[id].value = Some(&variable.1);
                if closure_of(&variable.1).is_some() {
                    self.facts.closures[closure].held_by = Some(id);
                }
                if last_method(&variable.1) == Some("with_token") {
                    self.facts.guests.push(id);
                }
            }
            Stmt::Assignment(parts) => self.assignment(&parts.1.lhs, &parts.1.rhs),
            Stmt::FnCall(call, at) => self.call(call, *at, CallStyle::Function, None),
            Stmt::Block(block) => self.block(block.iter()),
            Stmt::TryCatch(flow, _) => {
                self.block(&flow.body);
                self.within(NameWall::None, |walk| {
                    if let Expr::Variable(caught, ..) = &flow.expr {
                        walk.declare(caught.1.clone(), BindingKind::Local);
                    }
                    walk.block(&flow.branch);
                });
            }
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(value, ..) | Stmt::Return(value, ..) => {
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            Stmt::Import(import, _) => self.expression(&import.0),
            // Nothing, an export, or rhai's own mark of what a closure captures.
            _ => {}
        }
    }

    fn for_loop(&mut self, parts: &'a (rhai::Ident, Option<rhai::Ident>, rhai::FlowControl)) {
        let (item, counter, flow) = parts;
        self.expression(&flow.expr);
        self.within(NameWall::None, |walk| {
            let id = walk.declare(item.name.clone(), BindingKind::Item);
            walk.facts.loops.push(LoopFact { item: id, over: &flow.expr });
            if let Some(counter) = counter {
                walk.declare(counter.name.clone(), BindingKind::Local);
            }
            walk.block(&flow.body);
        });
    }

    fn assignment(&mut self, target: &'a Expr, value: &'a Expr) {
        if closure_of(value).is_some()
            && let Some(field) = last_field(target)
        {
            self.facts.callable_fields.push(field);
        }
        self.chain(target, UseRole::Changed);
        self.expression(value);
    }

    fn expression(&mut self, expression: &'a Expr) {
        if let Some((name, captured, at)) = closure_of(expression) {
            return self.closure(&name, captured, at, None);
        }
        match expression {
            Expr::Variable(..) => self.variable(expression, UseRole::Whole, None, None),
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                for part in parts {
                    self.expression(part);
                }
            }
            Expr::Map(map, _) => {
                for (key, value) in &map.0 {
                    if closure_of(value).is_some() {
                        self.facts.callable_fields.push(key.name.clone());
                    }
                    self.expression(value);
                }
            }
            Expr::Stmt(block) => self.block(block.iter()),
            Expr::FnCall(call, at) => self.call(call, *at, CallStyle::Function, None),
            Expr::MethodCall(call, at) => self.call(call, *at, CallStyle::Method, None),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expression, UseRole::Part),
            Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
                for part in parts.iter() {
                    self.expression(part);
                }
            }
            _ => {}
        }
    }

    fn variable(
        &mut self,
        expression: &Expr,
        role: UseRole,
        field: Option<(ImmutableString, Position)>,
        method: Option<(&'a FnCallExpr, Position)>,
    ) {
        let Expr::Variable(variable, _, at) = expression else {
            return;
        };
        if !variable.2.is_empty() {
            let module = variable.2.root().into();
            self.facts.qualified.push((module, variable.1.clone(), *at));
            return;
        }
        let name = variable.1.clone();
        self.facts.uses.push(VariableUse {
            binding: self.bound(&name),
            name,
            at: *at,
            role,
            field,
            method,
            closures: self.closures.clone(),
        });
    }

    /// `a.b[c].d(e)`: the root is a value, the rest hangs on it.
    fn chain(&mut self, expression: &'a Expr, role: UseRole) {
        let (Expr::Dot(parts, flags, _) | Expr::Index(parts, flags, _)) = expression else {
            return match expression {
                Expr::Variable(..) => self.variable(expression, role, None, None),
                other => self.expression(other),
            };
        };
        let link = link_of(expression);
        let on = self.root(&parts.lhs);
        if matches!(parts.lhs, Expr::Variable(..)) {
            let role = if changing_method(&parts.rhs, link, *flags) { UseRole::Changed } else { role };
            let field = field_of(&parts.rhs, link);
            self.variable(&parts.lhs, role, field, method_of_field(&parts.rhs, link));
        } else {
            self.expression(&parts.lhs);
        }
        self.tail(&parts.rhs, link, *flags, on);
    }

    /// What a plain variable is bound to.
    fn root(&self, expression: &Expr) -> Option<BoundValue> {
        match expression {
            Expr::Variable(variable, ..) if variable.2.is_empty() => Some(self.bound(&variable.1)),
            _ => None,
        }
    }

    /// `on` is the variable that the first part hangs on.
    fn tail(&mut self, rest: &'a Expr, link: ChainLink, flags: ASTFlags, on: Option<BoundValue>) {
        let ends = flags.contains(ASTFlags::BREAK);
        match rest {
            Expr::Dot(parts, flags, _) | Expr::Index(parts, flags, _) if !ends => {
                self.link(&parts.lhs, link, on);
                let on = self.guest(&parts.lhs);
                self.tail(&parts.rhs, link_of(rest), *flags, on);
            }
            _ => self.link(rest, link, on),
        }
    }

    /// What `with_token` gives is on nobody's scopes, by a name or without one.
    fn guest(&mut self, part: &Expr) -> Option<BoundValue> {
        if last_method(part) != Some("with_token") {
            return None;
        }
        let id = self.facts.bindings.len();
        self.facts.bindings.push(VariableBinding {
            value: None,
            name: ImmutableString::new(),
            kind: BindingKind::Local,
            closures: self.closures.clone(),
        });
        self.facts.guests.push(id);
        Some(BoundValue::To(id))
    }

    fn link(&mut self, part: &'a Expr, link: ChainLink, on: Option<BoundValue>) {
        match (part, link) {
            (Expr::Property(..), ChainLink::Dot) => {}
            (Expr::MethodCall(call, at) | Expr::FnCall(call, at), ChainLink::Dot) => {
                self.call(call, *at, CallStyle::Method, on);
            }
            (other, _) => self.expression(other),
        }
    }

    fn call(&mut self, call: &'a FnCallExpr, at: Position, style: CallStyle, on: Option<BoundValue>) {
        self.facts.calls.push(CallFact { to: call, at, style, owner: self.owner, on });
        for (index, argument) in call.args.iter().enumerate() {
            match closure_of(argument) {
                Some((name, captured, at)) => {
                    self.closure(&name, captured, at, Some(call.name.clone()));
                }
                None if index == 0 && style == CallStyle::Function && self.changes(call) => {
                    self.chain(argument, UseRole::Changed);
                }
                None => self.expression(argument),
            }
        }
    }

    /// Whether a call changes its first argument: `push(a, b)` is `a.push(b)`. Functions of scripts get copies.
    fn changes(&self, call: &FnCallExpr) -> bool {
        !call.is_qualified() && is_changing(&call.name) && self.script.named(&call.name).next().is_none()
    }

    fn closure(&mut self, name: &str, captured: &[Expr], at: Position, taken_by: Option<ImmutableString>) {
        if !name.starts_with("anon$") {
            self.facts.named.push(NamedFunction { name: name.to_owned(), at, owner: self.owner });
        }
        let id = self.facts.closures.len();
        let mut closure = ClosureFact { name: name.to_owned(), taken_by, held_by: None, takes: 0 };
        let script = self.script;
        let mut functions = script.functions.iter();
        let Some(function) = functions.find(|function| function.name == name) else {
            self.facts.closures.push(closure);
            return;
        };
        closure.takes = function.parameters.len().saturating_sub(captured.len());
        self.facts.closures.push(closure);
        let outside: Vec<BoundValue> = captured
            .iter()
            .map(|variable| match variable {
                Expr::Variable(variable, ..) => self.bound(&variable.1),
                _ => BoundValue::Unknown,
            })
            .collect();
        self.closures.push(id);
        self.within(NameWall::Closure, |walk| {
            for (index, parameter) in function.parameters.iter().enumerate() {
                match outside.get(index) {
                    Some(BoundValue::To(id)) => walk.bind(parameter.clone(), *id),
                    Some(_) => {}
                    None => {
                        walk.declare(parameter.clone(), BindingKind::Parameter);
                    }
                }
            }
            walk.block(&function.body);
        });
        self.closures.pop();
    }
}
