//! What moved in a directory, as far as a run told it of its items: distinguished names before and after.

use serde::Serialize;

use super::run_summary::StoryMoves;
use crate::ldap::Dn;

/// An entry whose parent changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EntryMove {
    /// The item, such as a login.
    pub(super) what: String,
    pub(super) from: Dn,
    pub(super) to: Dn,
}

/// The moves that one column tells.
#[derive(Debug)]
pub(super) struct TableMoves {
    /// Where the names come from, such as `DN in AD`.
    pub(super) column: String,
    pub(super) moves: Vec<EntryMove>,
    /// Items whose name is the same as before.
    pub(super) stayed: usize,
}

/// From one parent to another, with the number of entries.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MoveFlow {
    pub(super) from: Dn,
    pub(super) to: Dn,
    pub(super) count: usize,
}

/// A move as a report writes it.
#[derive(Debug, Serialize)]
pub(super) struct MoveLine<'a> {
    pub(super) item: &'a str,
    pub(super) from: String,
    pub(super) to: String,
}

impl TableMoves {
    pub(super) fn lines<'a>(&'a self) -> Vec<MoveLine<'a>> {
        let line =
            |one: &'a EntryMove| MoveLine { item: &one.what, from: one.from.to_string(), to: one.to.to_string() };
        self.moves.iter().map(line).collect()
    }

    /// Moves by parents, the largest first.
    pub(super) fn flows(&self) -> Vec<MoveFlow> {
        let mut flows: Vec<MoveFlow> = Vec::new();
        for one in &self.moves {
            let (Some(from), Some(to)) = (one.from.parent(), one.to.parent()) else {
                continue;
            };
            match flows.iter_mut().find(|f| f.from == from && f.to == to) {
                Some(flow) => flow.count += 1,
                None => flows.push(MoveFlow { from, to, count: 1 }),
            }
        }
        flows.sort_by_key(|flow| std::cmp::Reverse(flow.count));
        flows
    }
}

/// The column that tells most moves; `None` when no name changed its parent.
pub(super) fn told_moves(told: &[StoryMoves<'_>]) -> Option<TableMoves> {
    let columns = told.iter().flat_map(|told| (0..told.columns.len()).map(|column| moves_of_column(told, column)));
    // Of equals the last one: later columns are nearer to the verified state.
    columns.filter(|movement| !movement.moves.is_empty()).max_by_key(|movement| movement.moves.len())
}

fn moves_of_column(told: &StoryMoves<'_>, column: usize) -> TableMoves {
    let (mut moves, mut stayed) = (Vec::new(), 0);
    let at = |cells: &[String]| cells.get(column).and_then(|cell| name(cell.trim()));
    for moved in told.rows {
        let (Some(from), Some(to)) = (at(&moved.before), at(&moved.after)) else {
            continue;
        };
        if from.parent() == to.parent() {
            stayed += 1;
        } else {
            moves.push(EntryMove { what: moved.item.clone(), from, to });
        }
    }
    TableMoves { column: told.columns[column].clone(), moves, stayed }
}

/// A distinguished name of an entry below another one.
fn name(text: &str) -> Option<Dn> {
    Dn::parse(text).ok().filter(|dn| dn.parent().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::MovedItem;

    type FlowCounts = Vec<(String, String, usize)>;

    fn told_by(columns: &[&str], rows: &[(&str, &[&str], &[&str])]) -> Option<(String, FlowCounts)> {
        let strings = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let columns = strings(columns);
        let moved = |(item, before, after): &(&str, &[&str], &[&str])| MovedItem {
            item: (*item).to_owned(),
            before: strings(before),
            after: strings(after),
        };
        let rows: Vec<MovedItem> = rows.iter().map(moved).collect();
        let movement = told_moves(&[StoryMoves { columns: &columns, rows: &rows }])?;
        let flows = movement.flows();
        let flow = |flow: &MoveFlow| (flow.from.to_string(), flow.to.to_string(), flow.count);
        Some((movement.column.clone(), flows.iter().map(flow).collect()))
    }

    #[test]
    fn the_column_with_most_moves_tells_them() {
        let stayed: &[&str] = &["CN=Jo,OU=A,DC=x", "CN=Jo,OU=A,DC=x"];
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("jo", stayed, &["CN=Jo,OU=A,DC=x", "CN=Jo,OU=B,DC=x"]),
            ("kim", &["CN=Kim,OU=A,DC=x", "CN=Kim\\, Dr.,OU=A,DC=x"], &["CN=Kim,OU=A,DC=x", "CN=Kim,ou=b,DC=x"]),
        ];
        let (column, flows) = told_by(&["DN in Okta", "DN in AD"], rows).unwrap();
        assert_eq!(column, "DN in AD");
        assert_eq!(flows, [("OU=A,DC=x".into(), "OU=B,DC=x".into(), 2)]);
    }

    #[test]
    fn a_rename_in_place_and_text_that_is_no_name_are_no_moves() {
        let rows: &[(&str, &[&str], &[&str])] =
            &[("jo", &["CN=Jo,OU=A,DC=x"], &["CN=Joe,OU=A,DC=x"]), ("kim", &["Users"], &["Admins"])];
        assert_eq!(told_by(&["DN"], rows), None);
    }
}
