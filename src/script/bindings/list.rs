//! Lists of the API: pages are fetched as the list is walked, and kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use super::call_site::{CallSite, RaisedError};
use crate::okta::NextPage;
use crate::run::ListPage;
use crate::run::call::ApiCall;
use crate::run::page_walk::PageWalk;
use crate::script::call_context::CallContext;
use crate::script::error::kind_of;
use crate::script::value::{ConversionError, from_answer};

/// A list that an operation returned. Clones share what was fetched.
#[derive(Clone)]
pub(in crate::script) struct ScriptList(Arc<Mutex<ListPages>>);

struct ListPages {
    call: ApiCall,
    items: Vec<Dynamic>,
    next: NextItem,
    walk: PageWalk,
}

enum NextItem {
    First,
    Page(NextPage),
    None,
}

impl ScriptList {
    pub(super) fn of(call: ApiCall) -> Self {
        Self(Arc::new(Mutex::new(ListPages {
            call,
            items: Vec::new(),
            next: NextItem::First,
            walk: PageWalk::default(),
        })))
    }

    /// A list whose first page was read already.
    pub(super) fn begun(scene: &CallContext, call: ApiCall, page: ListPage) -> Result<Self, ConversionError> {
        let mut pages = ListPages { call, items: Vec::new(), next: NextItem::None, walk: PageWalk::default() };
        pages.take(scene, page)?;
        Ok(Self(Arc::new(Mutex::new(pages))))
    }

    /// Up to `count` items from the one at `from`, for which at most `most_pages` are fetched: small pages shall not cost many calls.
    pub(in crate::script) fn part(&self, from: usize, count: usize, most_pages: usize) -> RaisedError<Array> {
        let mut pages = self.pages();
        let wanted = from.saturating_add(count);
        for _ in 0..most_pages {
            if pages.items.len() >= wanted || !pages.fetch(&CallSite::NOWHERE)? {
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
        pages.items.len() > from || !matches!(pages.next, NextItem::None)
    }

    /// A poisoned lock means that another lane panicked while it fetched: what is kept is whole pages all the same.
    fn pages(&self) -> MutexGuard<'_, ListPages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, place: &CallSite, index: usize) -> RaisedError<Option<Dynamic>> {
        let mut pages = self.pages();
        while pages.items.len() <= index && pages.fetch(place)? {}
        Ok(pages.items.get(index).cloned())
    }

    fn all(&self, place: &CallSite) -> RaisedError<Array> {
        let mut pages = self.pages();
        while pages.fetch(place)? {}
        Ok(pages.items.clone())
    }
}

impl ListPages {
    /// Fetches the next page; `false` when there is none.
    fn fetch(&mut self, place: &CallSite) -> RaisedError<bool> {
        let next = match &self.next {
            NextItem::First => None,
            NextItem::Page(next) => Some(next),
            NextItem::None => return Ok(false),
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

    fn take(&mut self, scene: &CallContext, page: ListPage) -> Result<(), ConversionError> {
        let learn = |secret: &str| scene.host.run.learn_secret(secret);
        match page.body {
            serde_json::Value::Array(items) => {
                for item in &items {
                    self.items.push(from_answer(item, &learn)?);
                }
            }
            other => {
                let reason = format!("is {}, not a list", kind_of_json(&other));
                return Err(ConversionError { path: String::new(), reason });
            }
        }
        self.next = page.next.map_or(NextItem::None, NextItem::Page);
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
pub(in crate::script) struct ListWalk {
    list: ScriptList,
    index: usize,
    failed: bool,
}

impl Iterator for ListWalk {
    type Item = RaisedError<Dynamic>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.let_go();
        let item = self.list.get(&CallSite::NOWHERE, self.index).transpose();
        self.index += 1;
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

impl ListWalk {
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

impl IntoIterator for ScriptList {
    type Item = RaisedError<Dynamic>;
    type IntoIter = ListWalk;

    fn into_iter(self) -> ListWalk {
        ListWalk { list: self, index: 0, failed: false }
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<ScriptList>("List")
        .register_iterator_result::<ScriptList, Dynamic>()
        .register_fn("all", |context: NativeCallContext, list: &mut ScriptList| list.all(&CallSite::of(&context)))
        .register_fn("len", len)
        .register_get("len", len)
        .register_fn("is_empty", |context: NativeCallContext, list: &mut ScriptList| {
            Ok::<_, Box<EvalAltResult>>(list.get(&CallSite::of(&context), 0)?.is_none())
        })
        .register_fn("first", |context: NativeCallContext, list: &mut ScriptList| {
            Ok::<_, Box<EvalAltResult>>(list.get(&CallSite::of(&context), 0)?.unwrap_or_default())
        })
        .register_indexer_get(item)
        .register_fn("find", find)
        .register_fn("some", |context: NativeCallContext, list: &mut ScriptList, test: FnPtr| {
            Ok::<_, Box<EvalAltResult>>(!find(context, list, test)?.is_unit())
        })
        .register_fn("filter", filter)
        .register_fn("map", map);
}

fn len(context: NativeCallContext, list: &mut ScriptList) -> RaisedError<i64> {
    let items = list.all(&CallSite::of(&context))?.len();
    Ok(i64::try_from(items).unwrap_or(i64::MAX))
}

fn item(context: NativeCallContext, list: &mut ScriptList, index: i64) -> RaisedError<Dynamic> {
    let place = CallSite::of(&context);
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

fn find(context: NativeCallContext, list: &mut ScriptList, test: FnPtr) -> RaisedError<Dynamic> {
    for item in list.clone() {
        let item = item?;
        if truth(&context, &test, item.clone())? {
            return Ok(item);
        }
    }
    Ok(Dynamic::UNIT)
}

fn filter(context: NativeCallContext, list: &mut ScriptList, test: FnPtr) -> RaisedError<Array> {
    let mut kept = Array::new();
    for item in list.clone() {
        let item = item?;
        if truth(&context, &test, item.clone())? {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn map(context: NativeCallContext, list: &mut ScriptList, change: FnPtr) -> RaisedError<Array> {
    list.clone().into_iter().map(|item| change.call_within_context(&context, (item?,))).collect()
}

fn truth(context: &NativeCallContext, test: &FnPtr, item: Dynamic) -> RaisedError<bool> {
    let result: Dynamic = test.call_within_context(context, (item,))?;
    result.as_bool().map_err(|found| {
        CallSite::of(context).usage(format!("the test must say true or false, not {}", kind_of(found)))
    })
}
