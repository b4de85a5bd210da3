//! `progress`: a bar for a loop of the script itself.

use rhai::{Array, Dynamic, Engine, EvalAltResult, NativeCallContext};

use super::raise::Place;
use crate::script::scene::Scene;

/// A list of which is shown how far a `for` over it has come.
#[derive(Clone)]
struct Shown(Array);

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Shown>("Progress").register_iterator::<Shown>().register_fn(
        "progress",
        |context: NativeCallContext, items: Array| {
            Place::of(&context).scene()?;
            Ok::<_, Box<EvalAltResult>>(Shown(items))
        },
    );
}

/// The bar goes away with it.
struct Walk {
    items: std::vec::IntoIter<Dynamic>,
    scene: Option<Scene>,
    begun: bool,
}

impl IntoIterator for Shown {
    type Item = Dynamic;
    type IntoIter = Walk;

    fn into_iter(self) -> Walk {
        let scene = Scene::current();
        if let Some(scene) = &scene {
            scene.host.run.walk(&scene.lane, self.0.len());
        }
        Walk { items: self.0.into_iter(), scene, begun: false }
    }
}

impl Iterator for Walk {
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

impl Drop for Walk {
    fn drop(&mut self) {
        if let Some(scene) = &self.scene {
            scene.host.run.bulk_over(&scene.lane);
        }
    }
}
