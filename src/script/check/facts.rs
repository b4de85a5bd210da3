//! What a script does, told by its tree: bindings, uses of variables, calls, closures.

use rhai::{Expr, FnCallExpr, ImmutableString, Position};

/// All facts of one script, in the order of its text within each owner.
#[derive(Default)]
pub(super) struct ScriptFacts<'a> {
    pub(super) bindings: Vec<VariableBinding<'a>>,
    pub(super) uses: Vec<VariableUse<'a>>,
    pub(super) calls: Vec<CallFact<'a>>,
    pub(super) closures: Vec<ClosureFact>,
    pub(super) loops: Vec<LoopFact<'a>>,
    /// Variables that hold an org as another token's owner has it (`with_token`).
    pub(super) guests: Vec<usize>,
    /// Parameters of each function that is no closure: its index, then their bindings in order.
    pub(super) parameters: Vec<(usize, Vec<usize>)>,
    /// Functions that are named as values, of the script or not: `Fn("add_group")`.
    pub(super) named: Vec<NamedFunction>,
    /// Variables of modules: module, name, place.
    pub(super) qualified: Vec<(ImmutableString, ImmutableString, Position)>,
    /// Entries and fields that are given a function: they can be called like methods.
    pub(super) callable_fields: Vec<ImmutableString>,
}

/// A declared variable.
pub(super) struct VariableBinding<'a> {
    /// What it is declared with.
    pub(super) value: Option<&'a Expr>,
    pub(super) name: ImmutableString,
    pub(super) kind: BindingKind,
    /// The closures around it, outermost first.
    pub(super) closures: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BindingKind {
    /// An org handle or `params`.
    Given,
    /// `let`, `const`, `catch`.
    Local,
    Parameter,
    /// The item of a `for`.
    Item,
}

/// An occurrence of a variable.
pub(super) struct VariableUse<'a> {
    pub(super) name: ImmutableString,
    pub(super) at: Position,
    pub(super) binding: BoundValue,
    pub(super) role: UseRole,
    /// The first field of it that is meant: `x` of `v.x.y` and `v["x"]`.
    pub(super) field: Option<(ImmutableString, Position)>,
    /// The method that is called on that field.
    pub(super) method: Option<(&'a FnCallExpr, Position)>,
    pub(super) closures: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BoundValue {
    To(usize),
    /// Declared outside of a closure that does not capture it, since a function has its name.
    HiddenByFunction,
    /// The name of a function of the script, as a value.
    Function,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UseRole {
    /// The value itself.
    Whole,
    /// Something inside of it is read.
    Part,
    /// Assigned to, or something inside of it, or changed by a method.
    Changed,
}

/// Who does something: the main text, or a function by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FactOwner {
    Main,
    Function(usize),
}

/// A call, operators included.
pub(super) struct CallFact<'a> {
    pub(super) to: &'a FnCallExpr,
    pub(super) at: Position,
    pub(super) style: CallStyle,
    pub(super) owner: FactOwner,
    /// The variable whose method it is.
    pub(super) on: Option<BoundValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallStyle {
    Function,
    Method,
}

/// A closure of the text.
pub(super) struct ClosureFact {
    /// As rhai calls it.
    pub(super) name: String,
    /// The function it is an argument of.
    pub(super) taken_by: Option<ImmutableString>,
    /// The variable it is assigned to.
    pub(super) held_by: Option<usize>,
    /// How many values it takes.
    pub(super) takes: usize,
}

/// A function as a value, by its name.
pub(super) struct NamedFunction {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) owner: FactOwner,
}

/// A `for` over something.
pub(super) struct LoopFact<'a> {
    pub(super) item: usize,
    pub(super) over: &'a Expr,
}

impl CallFact<'_> {
    pub(super) fn is_operator(&self) -> bool {
        self.to.op_token.is_some()
    }
}
