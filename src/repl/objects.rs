//! Okta's objects: which columns matter for a kind.

use serde_json::Value;

/// A kind of object, told by the fields it has.
struct ObjectKind {
    /// JSON pointers that must be there.
    has: &'static [&'static str],
    /// Titles and JSON pointers.
    columns: &'static [(&'static str, &'static str)],
}

/// The first that fits counts.
const KINDS: &[ObjectKind] = &[
    ObjectKind {
        has: &["/profile/login", "/status"],
        columns: &[
            ("login", "/profile/login"),
            ("first", "/profile/firstName"),
            ("last", "/profile/lastName"),
            ("status", "/status"),
            ("id", "/id"),
        ],
    },
    ObjectKind {
        has: &["/profile/name", "/type", "/objectClass"],
        columns: &[
            ("name", "/profile/name"),
            ("type", "/type"),
            ("description", "/profile/description"),
            ("id", "/id"),
        ],
    },
    ObjectKind {
        has: &["/label", "/signOnMode"],
        columns: &[("label", "/label"), ("name", "/name"), ("status", "/status"), ("id", "/id")],
    },
    ObjectKind {
        has: &["/scope", "/status", "/profile"],
        columns: &[
            ("id", "/id"),
            ("user name", "/credentials/userName"),
            ("scope", "/scope"),
            ("status", "/status"),
            ("sync", "/syncState"),
            ("DN", "/profile/dn"),
        ],
    },
    ObjectKind {
        has: &["/priority", "/profile", "/id"],
        columns: &[
            ("id", "/id"),
            ("priority", "/priority"),
            ("OU", "/profile/organizationalUnit"),
            ("updated", "/lastUpdated"),
        ],
    },
    ObjectKind {
        has: &["/eventType", "/published"],
        columns: &[
            ("published", "/published"),
            ("event", "/eventType"),
            ("result", "/outcome/result"),
            ("actor", "/actor/alternateId"),
            ("target", "/target/0/displayName"),
            ("message", "/displayMessage"),
        ],
    },
    ObjectKind {
        has: &["/conditions", "/actions", "/name"],
        columns: &[("name", "/name"), ("status", "/status"), ("type", "/type"), ("id", "/id")],
    },
    ObjectKind {
        has: &["/assignmentType", "/type"],
        columns: &[
            ("type", "/type"),
            ("label", "/label"),
            ("status", "/status"),
            ("assigned to", "/assignmentType"),
            ("id", "/id"),
        ],
    },
    ObjectKind {
        has: &["/agents", "/operationalStatus"],
        columns: &[("name", "/name"), ("type", "/type"), ("status", "/operationalStatus"), ("id", "/id")],
    },
    ObjectKind {
        has: &["/dn", "/guid", "/attributes"],
        columns: &[("dn", "/dn"), ("enabled", "/enabled"), ("guid", "/guid")],
    },
    ObjectKind { has: &["/key", "/ok", "/item"], columns: &[("key", "/key"), ("ok", "/ok"), ("message", "/message")] },
];

/// Fields of an object of no known kind, the most telling first.
const TELLING: &[&str] = &["name", "label", "login", "key", "title", "type", "status", "id", "created", "lastUpdated"];
const MOST_COLUMNS: usize = 6;

/// Titles and cells of a table of `items`, which are objects.
pub(super) fn table(items: &[Value]) -> (Vec<String>, Vec<Vec<String>>) {
    let known = KINDS
        .iter()
        .find(|kind| items.iter().all(|item| kind.has.iter().all(|pointer| item.pointer(pointer).is_some())));
    let columns: Vec<(String, String)> = match known {
        Some(kind) => {
            kind.columns.iter().map(|(title, pointer)| ((*title).to_owned(), (*pointer).to_owned())).collect()
        }
        None => telling_fields(items),
    };
    let rows = items.iter().map(|item| {
        let cells = columns.iter().map(|(_, pointer)| item.pointer(pointer).map_or_else(String::new, cell));
        cells.collect()
    });
    let rows = rows.collect();
    (columns.into_iter().map(|(title, _)| title).collect(), rows)
}

fn telling_fields(items: &[Value]) -> Vec<(String, String)> {
    let mut names: Vec<&str> = Vec::new();
    for item in items {
        for (name, value) in item.as_object().into_iter().flatten() {
            if !value.is_object() && !value.is_array() && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let rank = |name: &&str| TELLING.iter().position(|known| known == name).unwrap_or(TELLING.len());
    names.sort_by_key(rank);
    names.truncate(MOST_COLUMNS);
    let column = |name: &str| (name.to_owned(), format!("/{}", name.replace('~', "~0").replace('/', "~1")));
    names.into_iter().map(column).collect()
}

/// A value in a cell or on a line.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_kind_decides_the_columns() {
        let group = json!({"id": "00g1", "type": "OKTA_GROUP", "objectClass": [], "profile": {"name": "A", "description": null}});
        let (columns, rows) = table(&[group]);
        assert_eq!(columns, ["name", "type", "description", "id"]);
        assert_eq!(rows, [["A", "OKTA_GROUP", "", "00g1"]]);
    }

    #[test]
    fn an_unknown_kind_shows_its_telling_fields_first() {
        let (columns, rows) = table(&[json!({"zone": 1, "id": "x", "name": "n", "deep": {}}), json!({"other": true})]);
        assert_eq!(columns, ["name", "id", "zone", "other"]);
        assert_eq!(rows[1], ["", "", "", "true"]);
    }
}
