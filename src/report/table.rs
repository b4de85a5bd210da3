//! A table of text with plain borders, which survives copy and paste and is Markdown in a ticket.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use super::text::words::clean;

/// Columns whose cells do not wrap: an id that is broken cannot be copied.
pub const WHOLE: &[&str] = &["id", "guid", "run"];

/// The table as lines without a newline at the end. Cells wrap so that lines keep within `width` columns; without a
/// width (not a terminal) no cell wraps. Never has colour.
pub fn text_table<C: AsRef<str>>(columns: &[C], rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .force_no_tty()
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| cell(column.as_ref())));
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        for (index, column) in columns.iter().enumerate() {
            if let (true, Some(column)) = (WHOLE.contains(&column.as_ref()), table.column_mut(index)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    for row in rows {
        table.add_row(row.iter().map(|text| cell(text)));
    }
    table.trim_fmt()
}

/// A bar in a cell would end it.
fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_aligned_and_borders_plain() {
        let table =
            text_table(&["login", "group"], &rows(&[&["jo", "Contractors"], &["kim|a\u{1b}[3", "Users"]]), None);
        assert_eq!(
            table,
            "\
| login          | group       |
|----------------|-------------|
| jo             | Contractors |
| kim\\|a\\u001b[3 | Users       |"
        );
    }

    #[test]
    fn ids_do_not_wrap() {
        let id = "20261124-153000-k3f9";
        let words = "a description that takes some lines";
        let table = text_table(&["run", "what"], &rows(&[&[id, words]]), Some(40));
        assert!(table.contains(id), "{table}");
        assert!(table.lines().all(|line| line.len() <= 40), "{table}");
    }

    #[test]
    fn cells_wrap_within_the_width() {
        let long = "CN=Jo Doe,OU=User-Contractor,DC=corp,DC=example";
        let table = text_table(&["login", "dn"], &rows(&[&["jo", long]]), Some(40));
        assert!(table.lines().count() > 3, "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 40), "{table}");
        let wide = text_table(&["login", "dn"], &rows(&[&["jo", long]]), None);
        assert_eq!(wide.lines().count(), 3, "{wide}");
    }
}
