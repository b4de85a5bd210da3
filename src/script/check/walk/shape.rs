//! Shapes of expressions: closures, and chains such as `a.b[c].d(e)`.

use rhai::{ASTFlags, Expr, FnCallExpr, FnPtr, ImmutableString, Position, Stmt};

/// Methods that change what they are called on.
const CHANGING: &[&str] = &[
    "append",
    "chop",
    "clear",
    "crop",
    "dedup",
    "drain",
    "fill_with",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "pop",
    "push",
    "remove",
    "replace",
    "retain",
    "reverse",
    "set",
    "shift",
    "sort",
    "splice",
    "trim",
    "truncate",
];

pub(super) fn is_changing(method: &str) -> bool {
    CHANGING.contains(&method)
}

/// How a part of a chain hangs on what is before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainLink {
    Dot,
    Index,
}

/// Name and captured variables of the closure that `expression` is.
pub(in crate::script::check) fn closure_of(expression: &Expr) -> Option<(String, &[Expr], Position)> {
    match expression {
        Expr::DynamicConstant(value, at) => {
            let function = value.read_lock::<FnPtr>()?;
            Some((function.fn_name().to_owned(), &[], *at))
        }
        Expr::FnCall(call, at) if call.name == "curry" => {
            let (name, ..) = closure_of(call.args.first()?)?;
            Some((name, &call.args[1..], *at))
        }
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(inner)] => closure_of(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The method that a chain ends with.
pub(super) fn last_method(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Dot(parts, ..) => last_method(&parts.rhs),
        Expr::MethodCall(call, _) => Some(call.name.as_str()),
        _ => None,
    }
}

pub(super) fn link_of(expression: &Expr) -> ChainLink {
    match expression {
        Expr::Index(..) => ChainLink::Index,
        _ => ChainLink::Dot,
    }
}

/// The first field that a chain goes to.
pub(super) fn field_of(rest: &Expr, link: ChainLink) -> Option<(ImmutableString, Position)> {
    let first = match rest {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) if link == ChainLink::Dot => &parts.lhs,
        Expr::Dot(parts, flags, _) | Expr::Index(parts, flags, _) if !flags.contains(ASTFlags::BREAK) => &parts.lhs,
        other => other,
    };
    match (first, link) {
        (Expr::Property(property, at), ChainLink::Dot) => Some((property.2.clone(), *at)),
        (Expr::StringConstant(name, at), ChainLink::Index) => Some((name.clone(), *at)),
        _ => None,
    }
}

/// The method that a chain calls on its first field: `d` of `v.x.d()`.
pub(super) fn method_of_field(rest: &Expr, link: ChainLink) -> Option<(&FnCallExpr, Position)> {
    let (Expr::Dot(parts, ..), ChainLink::Dot) = (rest, link) else {
        return None;
    };
    let next = match &parts.rhs {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => &parts.lhs,
        other => other,
    };
    match (&parts.lhs, next) {
        (Expr::Property(..), Expr::MethodCall(call, at)) => Some((call, *at)),
        _ => None,
    }
}

pub(super) fn last_field(target: &Expr) -> Option<ImmutableString> {
    match target {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => last_field(&parts.rhs),
        Expr::Property(property, _) => Some(property.2.clone()),
        Expr::StringConstant(name, _) => Some(name.clone()),
        _ => None,
    }
}

/// Whether a chain of fields ends at a method that changes what it is called on.
pub(super) fn changing_method(rest: &Expr, link: ChainLink, flags: ASTFlags) -> bool {
    if flags.contains(ASTFlags::BREAK) && link == ChainLink::Index {
        return false;
    }
    match rest {
        Expr::MethodCall(call, _) if link == ChainLink::Dot => is_changing(&call.name),
        Expr::Dot(parts, inner, _) | Expr::Index(parts, inner, _) => {
            let passes = link == ChainLink::Index || matches!(parts.lhs, Expr::Property(..));
            let starts =
                link == ChainLink::Dot && matches!(&parts.lhs, Expr::MethodCall(call, _) if is_changing(&call.name));
            starts || (passes && changing_method(&parts.rhs, link_of(rest), *inner))
        }
        _ => false,
    }
}
