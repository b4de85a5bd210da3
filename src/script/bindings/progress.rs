//! `progress`: a bar for a loop of the script itself.

use rhai::{Array, Dynamic, Engine, EvalAltResult, NativeCallContext};

use super::call_site::CallSite;
use crate::script::call_context::CallContext;

/// A list of which is shown how far a `for` over it has come.
#[derive(Clone)]
struct ShownList(Array);

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<ShownList>("Progress").register_iterator::<ShownList>().register_fn(
        "progress",
        |context: NativeCallContext, items: Array| {
            CallSite::of(&context).scene()?;
            Ok::<_, Box<EvalAltResult>>(ShownList(items))
        },
    );
}

/// The bar goes away with it.
struct ProgressWalk {
    items: std::vec::IntoIter<Dynamic>,
    scene: Option<CallContext>,
    begun: bool,
}

impl IntoIterator for ShownList {
    type Item = Dynamic;
    type IntoIter = ProgressWalk;

    fn into_iter(self) -> ProgressWalk {
        let scene = CallContext::current();
        if let Some(scene) = &scene {
            scene.host.run.walk(&scene.lane, self.0.len());
        }
        ProgressWalk { items: self.0.into_iter(), scene, begun: false }
    }
}

impl Iterator for ProgressWalk {
    type Item = Dynamic;

    /// That the next item is asked for says that the one before is done with.
    fn next(&mut self) -> Option<Dynamic> {
        if let Some(scene) = self.scene.as_ref().filter(|_| self.begun) {
            scene.host.run.walked(&scene.lane);
        }
        self.begun = true;
        self.items.next()
    }
}

impl Drop for ProgressWalk {
    fn drop(&mut self) {
        if let Some(scene) = &self.scene {
            scene.host.run.bulk_over(&scene.lane);
        }
    }
}
