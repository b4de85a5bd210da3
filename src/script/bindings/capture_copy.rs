//! Private copies of values, for lanes.

use rhai::{Array, Dynamic, FnPtr, Map};

/// A copy that shares nothing that can be changed with the original, at any depth: captured variables of closures included.
///
/// rhai's captured variables are cells with a lock; lanes that shared them would lose each other's updates.
pub(super) fn unshare(value: &Dynamic) -> Dynamic {
    let value = value.flatten_clone();
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(unshare).collect::<Array>().into();
    }
    if let Ok(entries) = value.as_map_ref() {
        let entries = entries.iter().map(|(key, item)| (key.clone(), unshare(item)));
        return entries.collect::<Map>().into();
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return Dynamic::from(unshare_function(&function));
    }
    value
}

fn unshare_function(function: &FnPtr) -> FnPtr {
    let mut copy = function.clone();
    copy.iter_curry_mut().for_each(|captured| *captured = unshare(captured));
    copy
}

/// A closure for the lanes of one thread.
pub(super) enum LaneClosure {
    /// It changes nothing of what it captures: the lanes of the thread, one after another, share one copy of that.
    Shared(FnPtr),
    /// Each lane gets a copy of its own.
    Copied(FnPtr),
}

impl LaneClosure {
    /// `is_quiet` tells of a closure by its name that it changes nothing of what it captures.
    pub(super) fn of(function: &FnPtr, is_quiet: impl Fn(&str) -> bool) -> Self {
        if !is_quiet(function.fn_name()) || function.curry().iter().any(holds_function) {
            return Self::Copied(function.clone());
        }
        let mut copy = unshare_function(function);
        // A cell is handed on with every call where a plain value would be copied.
        copy.iter_curry_mut().for_each(|captured| *captured = std::mem::take(captured).into_shared());
        Self::Shared(copy)
    }

    pub(super) fn for_a_lane(&self) -> FnPtr {
        match self {
            Self::Shared(function) => function.clone(),
            Self::Copied(function) => unshare_function(function),
        }
    }
}

/// A captured function may change what it captured itself.
fn holds_function(value: &Dynamic) -> bool {
    if let Ok(items) = value.as_array_ref() {
        return items.iter().any(holds_function);
    }
    if let Ok(entries) = value.as_map_ref() {
        return entries.values().any(holds_function);
    }
    value.is_fnptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closure(captured: Dynamic) -> FnPtr {
        let mut function = FnPtr::new("anon").expect("a name");
        function.add_curry(captured);
        function
    }

    #[test]
    fn lanes_share_what_a_quiet_closure_captures() {
        let known = Dynamic::from(vec![Dynamic::from(1)]).into_shared();
        let act = LaneClosure::of(&closure(known.clone()), |_| true);
        let (mut one, other) = (act.for_a_lane(), act.for_a_lane());
        for captured in one.iter_curry_mut() {
            captured.write_lock::<Array>().expect("a list").clear();
        }
        let length = |value: &Dynamic| value.as_array_ref().expect("a list").len();
        assert_eq!((length(&other.curry()[0]), length(&known)), (0, 1));
    }

    #[test]
    fn each_lane_has_its_own_of_what_a_closure_may_change() {
        let known = || Dynamic::from(vec![Dynamic::from(1)]).into_shared();
        let with_function = Dynamic::from(vec![Dynamic::from(closure(known()))]);
        for act in [LaneClosure::of(&closure(known()), |_| false), LaneClosure::of(&closure(with_function), |_| true)] {
            let mut one = act.for_a_lane();
            one.iter_curry_mut().for_each(|captured| *captured = Dynamic::UNIT);
            assert!(act.for_a_lane().curry()[0].is_array());
            assert!(!act.for_a_lane().curry()[0].is_shared());
        }
    }
}
