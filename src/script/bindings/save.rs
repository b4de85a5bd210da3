//! `save`: a table as a file of the run.

use rhai::{Array, Dynamic, Engine, NativeCallContext};

use super::call_site::{CallSite, RaisedError};
use super::flow::{columns_of, row_cells, show_value};
use crate::run::SavedTable;
use crate::script::value::to_json;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("save", |context: NativeCallContext, name: &str, rows: Array| {
            let columns = columns_of(&CallSite::of(&context), "save", &rows)?;
            save(&context, name, columns, &rows)
        })
        .register_fn("save", |context: NativeCallContext, name: &str, columns: Array, rows: Array| {
            save(&context, name, columns.iter().map(show_value).collect(), &rows)
        });
}

fn save(context: &NativeCallContext, name: &str, columns: Vec<String>, rows: &Array) -> RaisedError<()> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    if scene.lane.item().is_some() {
        return Err(place.usage("save: save after the bulk step, not in one of its items"));
    }
    let value = |cell: &Dynamic| to_json(cell).map_err(|unfit| place.usage(format!("save: {unfit}")));
    let rows = rows.iter().map(|row| row_cells(&place, "save", &columns, row, value));
    let rows = rows.collect::<RaisedError<Vec<_>>>()?;
    let table = SavedTable { name: name.to_owned(), columns, rows };
    scene.host.run.save_table(&scene.lane, table).map_err(|error| place.error(&scene, error))
}
