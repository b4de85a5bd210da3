//! The table of promises cannot lie: every promise of the README is in it, and what it names exists.

use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows of the table: promise, what enforces it, what attacks it.
fn rows(text: &str) -> Vec<[&str; 3]> {
    let (_, table) = text.split_once("## Promises").unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| "));
    lines
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            cells.try_into().unwrap_or_else(|_| panic!("{line}"))
        })
        .collect()
}

/// What stands in backticks.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn what_the_table_of_promises_names_exists() {
    let table = text(".github/CONTRIBUTING.md");
    let rows = rows(&table);
    assert!(rows.len() > 20, "{rows:?}");
    for [promise, places, tests] in rows {
        assert!(!named(places).is_empty(), "nothing enforces: {promise}");
        for place in named(places) {
            text(place);
        }
        let mut file = String::new();
        let mut attacks = 0;
        for name in named(tests) {
            if Path::new(name).extension().is_some() {
                file = text(name);
                continue;
            }
            let function = format!("fn {name}()");
            assert!(file.contains(&function), "{name} is not in its file: {tests}");
            attacks += 1;
        }
        assert!(attacks > 0, "nothing attacks: {promise}");
    }
}

#[test]
fn every_promise_of_the_readme_is_in_the_table() {
    let (readme, table) = (text("README.md"), text(".github/CONTRIBUTING.md"));
    let (_, section) = readme.split_once("## What it promises").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let promises = section.lines().filter_map(|line| {
        let (promise, _) = line.strip_prefix("- **")?.split_once("**")?;
        Some(promise)
    });
    let promises: Vec<&str> = promises.collect();
    assert!(promises.len() > 5, "{promises:?}");
    let rows = rows(&table);
    for promise in promises {
        let found = rows.iter().any(|[first, ..]| *first == promise);
        assert!(found, "no row for: {promise}");
    }
}
