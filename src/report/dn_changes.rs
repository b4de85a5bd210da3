//! What moved in a directory, as far as a run's tables tell it: distinguished names before and after.

use serde::Serialize;

use super::run_summary::StoryTable;
use crate::ldap::Dn;

/// An entry whose parent changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EntryMove {
    /// The row's first cell, such as a login.
    pub(super) what: String,
    pub(super) from: Dn,
    pub(super) to: Dn,
}

/// The moves that one table tells.
#[derive(Debug)]
pub(super) struct TableMoves {
    /// Where the names come from, such as `DN in AD`.
    pub(super) column: String,
    pub(super) moves: Vec<EntryMove>,
    /// Rows whose name is the same as before.
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

/// The table that tells most moves; `None` when no name changed its parent.
///
/// Two forms are known: a row marked `before` and the next `after`, in any column; or two columns of one row, called so (also `from`
/// and `to`, `old` and `new`).
pub(super) fn told_moves(tables: &[StoryTable<'_>]) -> Option<TableMoves> {
    let candidates = tables.iter().flat_map(|table| in_rows(table).into_iter().chain(in_columns(table)));
    // Of equals the last one: later tables and columns are nearer to the verified state.
    candidates.filter(|movement| !movement.moves.is_empty()).max_by_key(|movement| movement.moves.len())
}

fn in_rows(table: &StoryTable<'_>) -> Vec<TableMoves> {
    let marks = (0..table.columns.len()).find(|&column| pairs(table, column).next().is_some());
    let Some(marks) = marks else {
        return Vec::new();
    };
    let names = (0..table.columns.len()).filter(|&column| column != marks);
    let movement = |column: usize| {
        let pairs = pairs(table, marks)
            .map(|(before, after)| (row_subject(before, marks), cell(before, column), cell(after, column)));
        gather_moves(table.columns[column].clone(), pairs)
    };
    names.map(movement).collect()
}

/// The text that says whom a row is about: its first cell, or the second one when the first is the mark.
fn row_subject(row: &[String], marks: usize) -> &str {
    cell(row, usize::from(marks == 0))
}

/// Neighbouring rows marked `before` and `after` in a column.
fn pairs<'a>(table: &StoryTable<'a>, column: usize) -> impl Iterator<Item = (&'a [String], &'a [String])> + use<'a> {
    let neighbours = table.rows.windows(2);
    neighbours
        .filter(move |rows| is_pair(&rows[0], &rows[1], column))
        .map(|rows| (rows[0].as_slice(), rows[1].as_slice()))
}

fn is_pair(before: &[String], after: &[String], column: usize) -> bool {
    cell(before, column).eq_ignore_ascii_case("before") && cell(after, column).eq_ignore_ascii_case("after")
}

fn in_columns(table: &StoryTable<'_>) -> Vec<TableMoves> {
    const WORDS: [(&str, &str); 3] = [("before", "after"), ("from", "to"), ("old", "new")];
    let mut found = Vec::new();
    for (index, title) in table.columns.iter().enumerate() {
        for (before, after) in WORDS {
            let Some(rest) = title_without(title, before) else {
                continue;
            };
            let other = table.columns.iter().position(|other| title_without(other, after).as_ref() == Some(&rest));
            let Some(other) = other else { continue };
            let name = if rest.is_empty() { format!("{before} and {after}") } else { rest };
            let pairs = table.rows.iter().map(|row| (cell(row, 0), cell(row, index), cell(row, other)));
            found.push(gather_moves(name, pairs));
        }
    }
    found
}

/// A title without one of its words; `None` when it has no such word.
fn title_without(title: &str, word: &str) -> Option<String> {
    let words: Vec<_> = title.split(|c: char| c.is_whitespace() || c == '_').collect();
    let at = words.iter().position(|found| found.eq_ignore_ascii_case(word))?;
    let rest = words.iter().enumerate().filter(|(index, _)| *index != at);
    Some(rest.map(|(_, word)| *word).collect::<Vec<_>>().join(" "))
}

fn cell(row: &[String], column: usize) -> &str {
    row.get(column).map_or("", |cell| cell.trim())
}

fn gather_moves<'a>(column: String, pairs: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> TableMoves {
    let (mut moves, mut stayed) = (Vec::new(), 0);
    for (what, before, after) in pairs {
        let (Some(from), Some(to)) = (name(before), name(after)) else {
            continue;
        };
        if from.parent() == to.parent() {
            stayed += 1;
        } else {
            let what = what.to_owned();
            moves.push(EntryMove { what, from, to });
        }
    }
    TableMoves { column, moves, stayed }
}

/// A distinguished name of an entry below another one.
fn name(text: &str) -> Option<Dn> {
    Dn::parse(text).ok().filter(|dn| dn.parent().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    type FlowCounts = Vec<(String, String, usize)>;

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    fn told_by(columns: &[&str], rows: &[&[&str]]) -> Option<(String, FlowCounts)> {
        let columns = strings(columns);
        let rows: Vec<_> = rows.iter().map(|row| strings(row)).collect();
        let table = StoryTable { step: None, columns: &columns, rows: &rows };
        let movement = told_moves(&[table])?;
        let flows = movement.flows();
        let flow = |flow: &MoveFlow| (flow.from.to_string(), flow.to.to_string(), flow.count);
        Some((movement.column.clone(), flows.iter().map(flow).collect()))
    }

    #[test]
    fn rows_marked_before_and_after_tell_moves() {
        let rows: &[&[&str]] = &[
            &["jo", "before", "CN=Jo,OU=A,DC=x", "CN=Jo,OU=A,DC=x"],
            &["", "after", "CN=Jo,OU=A,DC=x", "CN=Jo,OU=B,DC=x"],
            &["kim", "before", "CN=Kim,OU=A,DC=x", "CN=Kim,OU=A,DC=x"],
            &["", "after", "CN=Kim,OU=A,DC=x", "CN=Kim,ou=b,DC=x"],
        ];
        let (column, flows) = told_by(&["login", "", "DN in Okta", "DN in AD"], rows).unwrap();
        assert_eq!(column, "DN in AD");
        assert_eq!(flows, [("OU=A,DC=x".into(), "OU=B,DC=x".into(), 2)]);
    }

    #[test]
    fn columns_named_so_tell_moves() {
        let rows: &[&[&str]] = &[
            &["jo", "CN=Jo\\, Dr.,OU=A,DC=x", "CN=Jo\\, Dr.,OU=B,DC=x"],
            &["kim", "CN=Kim,OU=B,DC=x", "CN=Kim,OU=B,DC=x"],
        ];
        for titles in [["login", "DN before", "DN after"], ["login", "from", "to"]] {
            let (_, flows) = told_by(&titles, rows).unwrap();
            assert_eq!(flows, [("OU=A,DC=x".into(), "OU=B,DC=x".into(), 1)]);
        }
    }

    #[test]
    fn a_rename_in_place_and_text_that_is_no_name_are_no_moves() {
        let rows: &[&[&str]] = &[&["jo", "CN=Jo,OU=A,DC=x", "CN=Joe,OU=A,DC=x"], &["kim", "Users", "Admins"]];
        assert_eq!(told_by(&["login", "before", "after"], rows), None);
    }
}
