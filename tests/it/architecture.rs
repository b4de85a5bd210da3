//! The arrows between modules, held by their `use` lines.

mod circles;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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

/// The rows of the table in a module's documentation that is headed by `header`: their cells.
fn table_rows(text: &str, header: &str) -> Vec<Vec<String>> {
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("//! | {header} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with("//! |"));
    rows.map(|row| row.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands in backticks.
fn names_in(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn map() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap()
}

#[test]
fn modules_import_only_what_the_map_allows() {
    let map = map();
    let rows = table_rows(&map, "module");
    let mut of_map: Vec<String> = rows.iter().flat_map(|cells| names_in(&cells[0])).collect();
    of_map.sort();
    let declared = map.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let mut declared: Vec<&str> = declared.map(|name| name.trim_end_matches(';')).collect();
    declared.sort_unstable();
    assert_eq!(of_map, declared, "the map names the modules that there are");
    for cells in &rows {
        let (module, allowed) = (&names_in(&cells[0])[0], names_in(&cells[2]));
        let files = sources(module);
        assert!(!files.is_empty(), "{module} has no source");
        let mut used = BTreeSet::new();
        for file in files {
            for name in imported(&fs::read_to_string(&file).unwrap()) {
                assert!(name == *module || allowed.contains(&name), "{} imports crate::{name}", file.display());
                used.insert(name);
            }
        }
        let unused: Vec<_> = allowed.iter().filter(|name| !used.contains(*name)).collect();
        assert!(unused.is_empty(), "the map lets {module} import {unused:?}, which it does not");
    }
}

/// "Knows no HTTP" is that `reqwest` is not named there. Tests may speak to what they test in its own way.
#[test]
fn outside_crates_are_used_where_the_map_says() {
    let map = map();
    let modules: Vec<String> = table_rows(&map, "module").iter().flat_map(|cells| names_in(&cells[0])).collect();
    let rows = table_rows(&map, "crate");
    assert!(rows.len() >= 8, "{rows:?}");
    for cells in rows {
        let allowed = names_in(&cells[1]);
        for name in names_in(&cells[0]) {
            let names =
                |module: &String| sources(module).iter().any(|file| !is_of_tests(file) && names_crate(file, &name));
            let used: BTreeSet<&String> = modules.iter().filter(|module| names(module)).collect();
            let allowed: BTreeSet<&String> = allowed.iter().collect();
            assert_eq!(used, allowed, "where {name} is used");
        }
    }
}

fn is_of_tests(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").ends_with("tests"))
}

fn names_crate(file: &Path, name: &str) -> bool {
    let text = fs::read_to_string(file).unwrap();
    let path = format!("{name}::");
    let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.any(|line| {
        let mut places = line.match_indices(&path).map(|(at, _)| &line[..at]);
        places.any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

/// Layers that a module's documentation numbers from the bottom: a file imports of its own and of those before it.
#[test]
fn files_import_of_their_layer_and_of_those_below() {
    let arrows = circles::arrows();
    for module in ["app", "run", "simulator"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let own = [folder.join(format!("{module}.rs")), folder.join(module).join("mod.rs")];
        let text = own.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap();
        let layers = layers_of(&text);
        assert!(layers.len() >= 3, "{module}: {layers:?}");
        let mut named: Vec<&String> = layers.iter().flatten().collect();
        named.sort();
        let declared = text.split("#[cfg(test)]").next().unwrap().lines();
        let mut declared: Vec<&str> =
            declared.filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';')).collect();
        declared.sort_unstable();
        assert_eq!(named, declared, "the layers of {module} name its files");
        let layer = |path: &String| {
            let file = path.strip_prefix(&format!("{module}/"))?.split('/').next()?;
            layers.iter().position(|files| files.iter().any(|name| name == file))
        };
        for (from, to) in &arrows {
            if let (Some(above), Some(below)) = (layer(from), layer(to)) {
                assert!(below <= above, "{from} imports {to}, which stands in a layer above");
            }
        }
    }
}

/// The names of each layer's files.
fn layers_of(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().skip_while(|line| !line.starts_with("//! Layers, from the bottom")).skip(2);
    let mut layers: Vec<String> = Vec::new();
    for line in lines.take_while(|line| line.len() > 3) {
        match (line.starts_with("//!  "), layers.last_mut()) {
            (true, Some(layer)) => layer.push_str(line),
            _ => layers.push(line.to_owned()),
        }
    }
    layers.iter().map(|layer| names_in(layer)).collect()
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

/// What the first cells of a table name that is headed by `file`, sorted.
fn files_of_table(text: &str) -> Vec<String> {
    let mut names: Vec<String> = table_rows(text, "file").iter().flat_map(|cells| names_in(&cells[0])).collect();
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
