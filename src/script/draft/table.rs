//! A runbook that reads a CSV file: each column a column of a parameter of rows.

use std::fmt::Write as _;

use super::RunbookDraft;
use super::script_text::{quoted_text, script_name};

/// A runbook for files such as the one named, whose first line has these headings.
///
/// # Errors
/// Why the headings are none of a table.
pub fn draft_of_table(file: &str, headings: &[String]) -> Result<RunbookDraft, String> {
    let columns_named: Vec<(String, &String)> = headings
        .iter()
        .filter(|heading| !heading.is_empty())
        .map(|heading| (script_name(heading), heading))
        .map(|(name, heading)| (if name == "row" { "the_row".to_owned() } else { name }, heading))
        .collect();
    let Some((first, _)) = columns_named.first() else {
        return Err(format!("{file} has no columns"));
    };
    for (at, (name, heading)) in columns_named.iter().enumerate() {
        if let Some((_, other)) = columns_named[..at].iter().find(|(other, _)| other == name) {
            return Err(format!(
                "{file}: the columns {} and {} would have one name",
                quoted_text(other),
                quoted_text(heading)
            ));
        }
    }
    let mut columns = String::new();
    for (name, heading) in &columns_named {
        let column = if name == *heading { String::new() } else { format!(", column: {}", quoted_text(heading)) };
        // Writing to a String cannot fail.
        let _ = writeln!(columns, "        {name}: #{{ help: {}{column} }},", quoted_text(heading));
    }
    let names = columns_named.iter().map(|(name, _)| quoted_text(name)).collect::<Vec<_>>().join(", ");
    let text = format!(
        "//! Works on the rows of a table such as {file}.
//!
//! Say here when to use this procedure, and what it needs.

const ORGS = #{{ okta: \"the org\" }};
const PARAMS = #{{
    rows: #{{ type: \"rows\", help: \"@file.csv\", unique: \"{first}\", columns: #{{
{columns}    }} }},
}};

step(\"Look at the rows\");

for row in params.rows {{
    // Look at what is there, and expect what must hold: expect(row, fact, \"is active\", \"what to do\");
    note(row.{first});
}}
ready(`Go on with ${{counted(params.rows.len(), \"row\")}}?`);

step(\"Work on the rows\");

let rows = batch(params.rows, \"{first}\");
rows.each(|row| okta.get_user(row.{first})); // what is done for each of them

step(\"Save what was done\");

save(\"done.csv\", [{names}], rows.done);
"
    );
    Ok(RunbookDraft { text, remarks: Vec::new() })
}
