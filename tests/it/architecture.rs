//! The arrows between modules, held by their `use` lines.

mod circles;

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import of the crate; `error` is for everyone above the clients.
const ARROWS: &[(&str, &[&str])] = &[
    ("okta", &[]),
    ("ldap_panics", &[]),
    ("ldap", &["ldap_panics"]),
    ("simulator", &["ldap_panics"]),
    ("error", &[]),
    ("private_files", &[]),
    ("config", &["error"]),
    ("run", &["okta", "ldap", "private_files"]),
    ("script", &["run", "okta", "ldap", "error"]),
    ("repl", &["script", "run", "report", "terminal", "okta", "error", "private_files"]),
    ("lsp", &["script", "okta", "error"]),
    ("report", &["run", "ldap"]),
    ("terminal", &["error"]),
    ("app", &["config", "error", "ldap", "okta", "private_files", "report", "run", "script", "simulator", "terminal"]),
    (
        "cli",
        &["app", "config", "error", "ldap", "lsp", "okta", "repl", "report", "run", "script", "simulator", "terminal"],
    ),
];

const LONGEST_CIRCLE: usize = 4;

fn sources(module: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![root.join(format!("{module}.rs"))];
    let mut folders = vec![root.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs") && path.is_file());
    found
}

/// Modules named after `crate::` in code: not in comments, strings of tests included.
fn imported(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut names = Vec::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            let braces = part.strip_prefix('{').map_or(part, |list| list.split('}').next().unwrap_or(list));
            let heads = if part.starts_with('{') { braces.split(',').collect() } else { vec![part] };
            names.extend(
                heads.into_iter().map(|head| {
                    head.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
                }),
            );
        }
    }
    names
}

#[test]
fn modules_import_only_what_the_map_allows() {
    for (module, allowed) in ARROWS {
        let files = sources(module);
        assert!(!files.is_empty(), "{module} has no source");
        for file in files {
            for name in imported(&fs::read_to_string(&file).unwrap()) {
                assert!(
                    name == *module || allowed.contains(&name.as_str()),
                    "{} imports crate::{name}",
                    file.display()
                );
            }
        }
    }
}

/// Who changes one file of a circle has to know all of them.
#[test]
fn no_circle_of_files_is_long() {
    let circles = circles::circles();
    assert!(circles.len() > 400, "{}", circles.len());
    let long: Vec<_> = circles.iter().filter(|circle| circle.len() > LONGEST_CIRCLE).collect();
    assert!(long.is_empty(), "{long:#?}");
}

/// Tables of files in the documentation of a module: what each row names is there, and no file is left out.
#[test]
fn a_table_of_files_names_all_files_of_its_folder() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src];
    let mut tables = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let named = files_of_table(&fs::read_to_string(&path).unwrap());
            if named.is_empty() {
                continue;
            }
            tables += 1;
            let is_folder = path.file_stem().is_some_and(|stem| stem == "mod");
            let children = if is_folder { folder.clone() } else { path.with_extension("") };
            let mut there: Vec<String> = modules_in(&children);
            there.retain(|name| name != "mod" && !name.ends_with("tests"));
            assert_eq!(named, there, "{}", path.display());
        }
    }
    assert!(tables >= 4, "{tables}");
}

/// Names in backticks of the first cells of a table that is headed by `file`, sorted.
fn files_of_table(text: &str) -> Vec<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("//! | file |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with("//! |"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let mut names: Vec<String> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    names.sort();
    names
}

fn modules_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_module = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let names = entries.filter(is_module).filter_map(|path| path.file_stem()?.to_str().map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
