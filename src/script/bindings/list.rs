//! Lists of the API: pages are fetched as the list is walked, and kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use super::raise::{Place, Raised};
use crate::okta::NextPage;
use crate::run::Page;
use crate::run::call::Call;
use crate::run::page_walk::PageWalk;
use crate::script::error::kind_of;
use crate::script::scene::Scene;
use crate::script::value::{Unfit, from_answer};

/// A list that an operation returned. Clones share what was fetched.
#[derive(Clone)]
pub(in crate::script) struct List(Arc<Mutex<Pages>>);

struct Pages {
    call: Call,
    items: Vec<Dynamic>,
    next: Next,
    walk: PageWalk,
}

enum Next {
    First,
    Page(NextPage),
    None,
}

impl List {
    pub(super) fn of(call: Call) -> Self {
        Self(Arc::new(Mutex::new(Pages { call, items: Vec::new(), next: Next::First, walk: PageWalk::default() })))
    }

    /// A list whose first page was read already.
    pub(super) fn begun(scene: &Scene, call: Call, page: Page) -> Result<Self, Unfit> {
        let mut pages = Pages { call, items: Vec::new(), next: Next::None, walk: PageWalk::default() };
        pages.take(scene, page)?;
        Ok(Self(Arc::new(Mutex::new(pages))))
    }

    /// Up to `count` items from the one at `from`, for which at most `most_pages` are fetched: small pages shall not cost many calls.
    pub(in crate::script) fn part(&self, from: usize, count: usize, most_pages: usize) -> Raised<Array> {
        let mut pages = self.pages();
        let wanted = from.saturating_add(count);
        for _ in 0..most_pages {
            if pages.items.len() >= wanted || !pages.fetch(&Place::NOWHERE)? {
                break;
            }
        }
        let end = pages.items.len().min(wanted);
        Ok(pages.items.get(from..end).unwrap_or_default().to_vec())
    }

    /// An item, if it was fetched.
    pub(in crate::script) fn fetched(&self, index: usize) -> Option<Dynamic> {
        self.pages().items.get(index).cloned()
    }

    /// Whether an item follows those fetched so far, as far as is known without a call.
    pub(in crate::script) fn may_go_on(&self, from: usize) -> bool {
        let pages = self.pages();
        pages.items.len() > from || !matches!(pages.next, Next::None)
    }

    /// A poisoned lock means that another lane panicked while it fetched: what is kept is whole pages all the same.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, place: &Place, index: usize) -> Raised<Option<Dynamic>> {
        let mut pages = self.pages();
        while pages.items.len() <= index && pages.fetch(place)? {}
        Ok(pages.items.get(index).cloned())
    }

    fn all(&self, place: &Place) -> Raised<Array> {
        let mut pages = self.pages();
        while pages.fetch(place)? {}
        Ok(pages.items.clone())
    }
}

impl Pages {
    /// Fetches the next page; `false` when there is none.
    fn fetch(&mut self, place: &Place) -> Raised<bool> {
        let next = match &self.next {
            Next::First => None,
            Next::Page(next) => Some(next),
            Next::None => return Ok(false),
        };
        let scene = place.scene()?;
        let page = scene
            .wait_for(scene.host.run.page(&scene.lane, &self.call, next))
            .map_err(|error| place.error(&scene, error))?;
        self.walk.take(&self.call, &page).map_err(|error| place.error(&scene, error))?;
        self.take(&scene, page)
            .map_err(|unfit| place.usage(format!("{}: the answer cannot be used: {unfit}", self.call.name())))?;
        Ok(true)
    }

    fn take(&mut self, scene: &Scene, page: Page) -> Result<(), Unfit> {
        let learn = |secret: &str| scene.host.run.learn_secret(secret);
        match page.body {
            serde_json::Value::Array(items) => {
                for item in &items {
                    self.items.push(from_answer(item, &learn)?);
                }
            }
            other => {
                let reason = format!("is {}, not a list", kind_of_json(&other));
                return Err(Unfit { path: String::new(), reason });
            }
        }
        self.next = page.next.map_or(Next::None, Next::Page);
        Ok(())
    }
}

fn kind_of_json(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "empty",
        serde_json::Value::Object(_) => "an object",
        _ => "a single value",
    }
}

/// Walks a list; an error ends it.
pub(in crate::script) struct Walk {
    list: List,
    index: usize,
    failed: bool,
}

impl Iterator for Walk {
    type Item = Raised<Dynamic>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.let_go();
        let item = self.list.get(&Place::NOWHERE, self.index).transpose();
        self.index += 1;
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

impl Walk {
    /// A list that nobody else holds is walked once: a page that was walked is dropped, so that a list of any length fits.
    fn let_go(&mut self) {
        if Arc::strong_count(&self.list.0) > 1 {
            return;
        }
        let mut pages = self.list.pages();
        if self.index >= pages.items.len() {
            pages.items.clear();
            pages.walk.let_go();
            self.index = 0;
        }
    }
}

impl IntoIterator for List {
    type Item = Raised<Dynamic>;
    type IntoIter = Walk;

    fn into_iter(self) -> Walk {
        Walk { list: self, index: 0, failed: false }
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<List>("List")
        .register_iterator_result::<List, Dynamic>()
        .register_fn("all", |context: NativeCallContext, list: &mut List| list.all(&Place::of(&context)))
        .register_fn("len", len)
        .register_get("len", len)
        .register_fn("is_empty", |context: NativeCallContext, list: &mut List| {
            Ok::<_, Box<EvalAltResult>>(list.get(&Place::of(&context), 0)?.is_none())
        })
        .register_fn("first", |context: NativeCallContext, list: &mut List| {
            Ok::<_, Box<EvalAltResult>>(list.get(&Place::of(&context), 0)?.unwrap_or_default())
        })
        .register_indexer_get(item)
        .register_fn("find", find)
        .register_fn("some", |context: NativeCallContext, list: &mut List, test: FnPtr| {
            Ok::<_, Box<EvalAltResult>>(!find(context, list, test)?.is_unit())
        })
        .register_fn("filter", filter)
        .register_fn("map", map);
}

fn len(context: NativeCallContext, list: &mut List) -> Raised<i64> {
    let items = list.all(&Place::of(&context))?.len();
    Ok(i64::try_from(items).unwrap_or(i64::MAX))
}

fn item(context: NativeCallContext, list: &mut List, index: i64) -> Raised<Dynamic> {
    let place = Place::of(&context);
    let found = match usize::try_from(index) {
        Ok(index) => list.get(&place, index)?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        let length = list.pages().items.len();
        let position = context.call_position();
        Box::new(EvalAltResult::ErrorArrayBounds(length, index, position))
    })
}

fn find(context: NativeCallContext, list: &mut List, test: FnPtr) -> Raised<Dynamic> {
    for item in list.clone() {
        let item = item?;
        if truth(&context, &test, item.clone())? {
            return Ok(item);
        }
    }
    Ok(Dynamic::UNIT)
}

fn filter(context: NativeCallContext, list: &mut List, test: FnPtr) -> Raised<Array> {
    let mut kept = Array::new();
    for item in list.clone() {
        let item = item?;
        if truth(&context, &test, item.clone())? {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn map(context: NativeCallContext, list: &mut List, change: FnPtr) -> Raised<Array> {
    list.clone().into_iter().map(|item| change.call_within_context(&context, (item?,))).collect()
}

fn truth(context: &NativeCallContext, test: &FnPtr, item: Dynamic) -> Raised<bool> {
    let result: Dynamic = test.call_within_context(context, (item,))?;
    result
        .as_bool()
        .map_err(|found| Place::of(context).usage(format!("the test must say true or false, not {}", kind_of(found))))
}
