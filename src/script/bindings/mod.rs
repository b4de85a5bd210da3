//! What a runbook can call.
//!
//! | file | gives |
//! |---|---|
//! | [`operation_functions`] | which functions call which operations |
//! | [`org`] | org handles: a method for every operation of the API, and calls by path |
//! | [`list`] | lists that fetch their pages as they are walked |
//! | [`list_verbs`], [`text_verbs`] | everyday verbs on lists, texts and numbers |
//! | [`flow`] | `step`, `check`, `note`, `table`, `confirm`, `remark`, `notify` |
//! | [`moved_items`] | `moved` |
//! | [`item_label`] | what a person knows an item by |
//! | [`expectations`] | `expect`, `ready` |
//! | [`wait_until`] | `manual`, `wait_until` |
//! | [`bulk`], [`batch`] | `each`; items that go through several bulk steps |
//! | [`many`] | many things of a kind at once, one by one or by pages |
//! | [`save`] | `save` |
//! | [`progress`] | `progress` |
//! | [`directory`] | directory handles |
//! | [`data`] | distinguished names; texts in quotes |
//! | [`times`] | times and durations |
//! | [`spelling`] | texts that look alike: composed, decomposed, folded |
//! | [`bounded_natives`] | functions of the language that could fill the memory, with bounds |
//! | [`arguments`], [`options`] | what verbs take of what they are given |
//! | [`call_site`] | errors of the run as errors of the script |
//! | [`capture_copy`] | private copies of values, for lanes |
//! | [`verbs`], [`language_functions`] | the same as words, and what the language brings along: signatures, help, examples |

#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_box_returns,
    reason = "rhai hands a native its context and arguments by value, and its results hold boxed errors"
)]

mod arguments;
mod batch;
mod bounded_natives;
mod bulk;
mod call_site;
mod capture_copy;
mod data;
mod directory;
mod expectations;
mod flow;
mod item_label;
mod language_functions;
mod list;
mod list_verbs;
mod many;
mod moved_items;
mod operation_functions;
mod options;
mod org;
mod progress;
mod save;
mod spelling;
mod text_verbs;
mod times;
mod verbs;
mod wait_until;

pub use language_functions::{LANGUAGE_FUNCTIONS, example_of};
pub(in crate::script) use list::ScriptList;
pub(in crate::script) use many::{calls_many, operations_of_many};
pub use operation_functions::{AbsentAnswer, OperationFunction, operation_function, operation_functions, operation_of};
pub(in crate::script) use options::{OPTIONS, OptionType};
pub use org::ScriptOrg;
pub(in crate::script) use org::find_operation;
pub(in crate::script) use times::NO_CLOCK;
pub use verbs::{ScriptVerb, VERBS};
pub(in crate::script) use wait_until::manual_slug;

use rhai::Engine;

use crate::script::error::{CallableName, KnownNames};

/// Makes everything callable in `engine`.
pub fn register(engine: &mut Engine) {
    bounded_natives::register(engine);
    org::register(engine);
    list::register(engine);
    list_verbs::register(engine);
    text_verbs::register(engine);
    flow::register(engine);
    expectations::register(engine);
    wait_until::register(engine);
    bulk::register(engine);
    batch::register(engine);
    many::register(engine);
    moved_items::register(engine);
    progress::register(engine);
    save::register(engine);
    directory::register(engine);
    data::register(engine);
    times::register(engine);
    spelling::register(engine);
}

/// All that a script may name: verbs, operations, and `variables` of its scope.
pub fn names(variables: Vec<String>) -> KnownNames {
    let handle = variables.first().map_or("okta", String::as_str).to_owned();
    let verbs = VERBS.iter().map(|verb| CallableName::new(verb.name, verb.signature));
    let operations = operation_functions().iter();
    let operations = operations.map(|function| CallableName::new(function.name.as_str(), function.signature(&handle)));
    let functions = verbs.chain(operations).collect();
    KnownNames { variables, functions }
}
