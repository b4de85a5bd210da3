//! Columns made to fit a terminal. An id that is broken cannot be copied: other columns are cut first, then left out.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::report::table::WHOLE;

/// Columns to which a cell is cut at most, unless only it is left.
const LEAST: usize = 10;
/// A table on its way to fit.
pub(super) struct FittedTable {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Titles of the columns that found no place.
    pub(super) left_out: Vec<String>,
}

impl FittedTable {
    /// The first column names the thing: it is cut, and never left out.
    pub(super) fn new(columns: Vec<String>, rows: Vec<Vec<String>>, width: usize) -> Self {
        let mut fitted = Self { columns, rows, left_out: Vec::new() };
        let widths = loop {
            let mut widths = fitted.widths();
            if fitted.shrink(&mut widths, width) || !fitted.leave_out() {
                break widths;
            }
        };
        fitted.cut(&widths);
        fitted
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].width());
        let columns = self.columns.iter().enumerate();
        columns.map(|(index, title)| cells(index).chain([title.width()]).max().unwrap_or(0)).collect()
    }

    /// Makes the widest columns narrower; whether the table then fits.
    fn shrink(&self, widths: &mut [usize], width: usize) -> bool {
        // A bar and two blanks for each column, and the last bar.
        let frame = widths.len() * 3 + 1;
        while widths.iter().sum::<usize>() + frame > width {
            let columns = widths.iter().enumerate();
            let widest = columns
                .filter(|(index, width)| **width > LEAST && !self.is_whole(*index))
                .max_by_key(|(_, width)| **width);
            match widest.map(|(index, _)| index) {
                Some(index) => widths[index] -= 1,
                None => return false,
            }
        }
        true
    }

    /// Leaves out the last column that may be; `false` when there is none.
    fn leave_out(&mut self) -> bool {
        let last = (1..self.columns.len()).rfind(|index| !self.is_whole(*index));
        let Some(index) = last else {
            return false;
        };
        self.left_out.insert(0, self.columns.remove(index));
        for row in &mut self.rows {
            row.remove(index);
        }
        true
    }

    fn is_whole(&self, column: usize) -> bool {
        WHOLE.contains(&self.columns[column].as_str())
    }

    fn cut(&mut self, widths: &[usize]) {
        let rows = self.rows.iter_mut().chain([&mut self.columns]);
        for row in rows {
            for (cell, width) in row.iter_mut().zip(widths) {
                *cell = cut(cell, *width);
            }
        }
    }
}

/// `text` on one line of at most `width` columns; what is cut off is an ellipsis.
pub(super) fn cut(text: &str, width: usize) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.width() <= width {
        return text;
    }
    let mut taken = 0;
    let kept = text.chars().take_while(|c| {
        taken += c.width().unwrap_or(0);
        taken < width
    });
    format!("{}…", kept.collect::<String>().trim_end())
}

/// `text` in lines of at most `width` columns, broken at blanks; a longer word stays whole.
pub(super) fn wrap_text(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().map(|line| (line.width(), line));
        match line {
            Some((taken, line)) if taken == 0 || taken + 1 + word.width() <= width => {
                if taken > 0 {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: usize) -> FittedTable {
        let texts = |row: [&str; 4]| row.map(str::to_owned).to_vec();
        let rows = vec![
            texts(["Everyone in Künzelsau", "BUILT_IN", "a description of some length", "00gExeM0MLQBa390R1d7"]),
            texts(["日本語のグループ", "OKTA_GROUP", "", "00gAAAAAAAAAAAAAAAAA"]),
        ];
        FittedTable::new(texts(["name", "type", "description", "id"]), rows, width)
    }

    #[test]
    fn ids_stay_whole_while_other_columns_are_cut_and_left_out() {
        for (width, columns) in [(200, 4), (80, 4), (60, 3), (40, 2)] {
            let table = table(width);
            assert_eq!(table.columns.len(), columns, "{width}");
            assert_eq!(table.rows[0].last().map(String::as_str), Some("00gExeM0MLQBa390R1d7"));
            assert_eq!(table.left_out.len(), 4 - columns);
            let needed: usize = table.widths().iter().sum::<usize>() + 3 * columns + 1;
            assert!(needed <= width, "{width}: {needed}");
        }
    }

    #[test]
    fn texts_are_cut_and_wrapped_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(wrap_text("one two three verylongword x", 9), ["one two", "three", "verylongword", "x"]);
    }
}
