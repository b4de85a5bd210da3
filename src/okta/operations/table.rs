//! Reads the table's rows.

use super::{ApiOperation, ContentType, HttpMethod, OperationBody, OperationLifecycle, QueryParameter, ResultKind};

const COLUMNS: &str = "operation\tmethod\tpath\tquery\tbody\tresult\tstatus\tscopes\ttag\toperation_id\tlifecycle";

/// The rows, or what is wrong with which.
pub(super) fn parse(text: &'static str) -> Result<Vec<ApiOperation>, String> {
    let mut lines = text.lines();
    if lines.next() != Some(COLUMNS) {
        return Err("the header differs".to_owned());
    }
    lines.map(row).collect()
}

fn row(line: &'static str) -> Result<ApiOperation, String> {
    let cells: Vec<_> = line.split('\t').collect();
    let [name, method, path, query, body, result, status, scopes, tag, operation_id, lifecycle] = cells[..] else {
        return Err(format!("{} cells in `{line}`", cells.len()));
    };
    Ok(ApiOperation {
        name,
        method: HttpMethod::parse(method).ok_or_else(|| format!("method `{method}` of {name}"))?,
        path,
        query: list(query).map(query_parameter).collect(),
        body: read_body(body).map_err(|odd| format!("body `{odd}` of {name}"))?,
        result: read_result(result).ok_or_else(|| format!("result `{result}` of {name}"))?,
        status: list(status).map(str::parse).collect::<Result<_, _>>().map_err(|_| format!("status of {name}"))?,
        scopes: scopes.split_ascii_whitespace().collect(),
        tag,
        operation_id,
        lifecycle: read_lifecycle(lifecycle).ok_or_else(|| format!("lifecycle `{lifecycle}` of {name}"))?,
    })
}

fn list(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split(',').filter(|item| !item.is_empty())
}

fn query_parameter(item: &'static str) -> QueryParameter {
    match item.strip_suffix('!') {
        Some(name) => QueryParameter { name, required: true },
        None => QueryParameter { name: item, required: false },
    }
}

fn read_body(cell: &'static str) -> Result<Option<OperationBody>, &'static str> {
    let mut words = cell.split_ascii_whitespace();
    let required = match words.next() {
        None => return Ok(None),
        Some("!") => true,
        Some("?") => false,
        Some(odd) => return Err(odd),
    };
    let content_types: Vec<_> = words.map(|word| ContentType::parse(word).ok_or(word)).collect::<Result<_, _>>()?;
    if content_types.is_empty() {
        return Err(cell);
    }
    Ok(Some(OperationBody { required, content_types }))
}

fn read_result(cell: &str) -> Option<ResultKind> {
    match cell {
        "array" => Some(ResultKind::Array),
        "object" => Some(ResultKind::Object),
        "object?" => Some(ResultKind::ObjectOrNothing),
        "any" => Some(ResultKind::Any),
        "" => Some(ResultKind::Nothing),
        _ => None,
    }
}

fn read_lifecycle(cell: &str) -> Option<OperationLifecycle> {
    match cell {
        "GA" => Some(OperationLifecycle::GenerallyAvailable),
        "LIMITED_GA" => Some(OperationLifecycle::Limited),
        "EA" => Some(OperationLifecycle::EarlyAccess),
        "deprecated" => Some(OperationLifecycle::Deprecated),
        "" => Some(OperationLifecycle::Unstated),
        _ => None,
    }
}
