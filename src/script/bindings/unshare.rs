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
        let entries = entries
            .iter()
            .map(|(key, item)| (key.clone(), unshare(item)));
        return entries.collect::<Map>().into();
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return Dynamic::from(unshare_function(&function));
    }
    value
}

pub(super) fn unshare_function(function: &FnPtr) -> FnPtr {
    let mut copy = function.clone();
    copy.iter_curry_mut()
        .for_each(|captured| *captured = unshare(captured));
    copy
}
