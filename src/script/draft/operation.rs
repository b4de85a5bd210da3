//! A runbook that calls one operation for each row of a table.

use super::RunbookDraft;
use crate::okta::operations::{ApiOperation, snake_case};

/// A runbook whose rows have what the operation's path wants.
pub fn draft_of_operation(operation: &ApiOperation) -> RunbookDraft {
    let name = operation.name;
    let parameters: Vec<String> = operation.path_parameters().into_iter().map(snake_case).collect();
    let columns = parameters.iter().map(|name| format!("        {name}: #{{ help: \"{name}\" }},"));
    let columns = columns.collect::<Vec<_>>().join("\n");
    let body = operation.body.is_some().then(|| "#{}".to_owned());
    let arguments = parameters.iter().map(|name| format!("row.{name}")).chain(body);
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let key = parameters.iter().map(|name| format!("${{row.{name}}}")).collect::<Vec<_>>().join(" ");
    let path = operation.path;
    let (method, is_write) = (operation.method.as_str(), operation.is_write());
    let text = if parameters.is_empty() {
        format!(
            "//! Calls {name}: {method} {path}.\n//!\n//! Say here when to use this procedure, and what it needs.\n\nconst ORGS = #{{ okta: \"the org\" }};\n\nstep(\"Call {name}\");\n\n{}let answer = okta.{name}({arguments});\nnote(answer);\n",
            if is_write { format!("ready(\"Call {name}?\", #{{ {name}: 1 }});\n") } else { String::new() },
        )
    } else {
        format!(
            "//! Calls {name} for each row of a table: {method} {path}.\n//!\n//! Say here when to use this procedure, and what it needs.\n\nconst ORGS = #{{ okta: \"the org\" }};\nconst PARAMS = #{{\n    rows: #{{ type: \"rows\", help: \"for what it is called; @file.csv\", columns: #{{\n{columns}\n    }} }},\n}};\n\nstep(\"Look at the rows\");\n\nlet rows = params.rows.map(|row| row + #{{ key: `{key}` }});\nfor row in rows {{\n    // Look at what is there, and expect what must hold: expect(row, fact, \"is active\", \"what to do\");\n}}\n{}\nstep(\"Call {name}\");\n\nlet rows = batch(rows, \"key\");\nrows.each(|row| okta.{name}({arguments}));\n",
            if is_write {
                format!("ready(`Call {name} for ${{counted(rows.len(), \"row\")}}?`, #{{ {name}: rows.len() }});\n")
            } else {
                String::new()
            },
        )
    };
    let remarks = if operation.takes_options() {
        vec![format!("{name} takes more than its path: see okta-runbook operations {name}")]
    } else {
        Vec::new()
    };
    RunbookDraft { text, remarks }
}
