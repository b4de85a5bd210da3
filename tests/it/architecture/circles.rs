//! Circles of files: those that come back to themselves along what they name of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A file by the path of its module: empty for the root.
type ModulePath = Vec<String>;

/// A use tree may nest so far that a reader is lost; ours do not.
fn leaves(tree: &str, before: &[String]) -> Vec<ModulePath> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![[before, &segments(path)].concat()];
    };
    let before = [before, &segments(&tree[..open])].concat();
    let inner = tree[open + 1..].trim_end().trim_end_matches('}');
    let mut depth = 0;
    let parts = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).flat_map(|part| leaves(part, &before)).collect()
}

fn segments(path: &str) -> ModulePath {
    path.split("::").map(str::trim).filter(|part| !part.is_empty() && *part != "*").map(str::to_owned).collect()
}

/// The code of a file: neither comments nor modules within it, which have their own `super`.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut is_within = false;
    for line in text.lines() {
        let declaration = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        is_within |= declaration.starts_with("mod ") && declaration.ends_with('{');
        if !is_within {
            let line = line.split("//").next().unwrap_or_default();
            // Where something is seen from is not what it names.
            match line.split_once("pub(in ") {
                Some((before, rest)) => code.extend([before, "pub", rest.split_once(')').map_or("", |(_, rest)| rest)]),
                None => code.push_str(line),
            }
            code.push('\n');
        }
        is_within &= line != "}";
    }
    code
}

fn files() -> BTreeMap<ModulePath, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![(root, ModulePath::new())];
    while let Some((folder, module)) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = [module.as_slice(), std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                folders.push((path, below));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = if ["mod", "lib"].contains(&name.as_str()) { module.clone() } else { below };
                found.insert(module, code_of(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The file that holds what `path` names where it is written in `module`.
fn file_of(files: &BTreeMap<ModulePath, String>, module: &[String], path: &[String]) -> Option<ModulePath> {
    let mut path = path.iter().map(String::as_str).peekable();
    let mut at = match path.peek()? {
        &"crate" => ModulePath::new(),
        &"super" | &"self" => module.to_vec(),
        child => {
            let below = [module, &[(*child).to_owned()]].concat();
            files.contains_key(&below).then(|| module.to_vec())?
        }
    };
    let mut file = None;
    for segment in path {
        match segment {
            "crate" | "self" => {}
            "super" => {
                at.pop();
            }
            name => at.push(name.to_owned()),
        }
        if files.contains_key(&at) {
            file = Some(at.clone());
        }
    }
    file
}

/// What a file names of others, by files.
fn named(files: &BTreeMap<ModulePath, String>, module: &ModulePath, code: &str) -> BTreeSet<ModulePath> {
    let mut paths = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        match statement.split_once("use ") {
            Some((before, tree)) if before.trim_end().lines().last().is_none_or(is_visibility) => {
                rest.push_str(before);
                paths.extend(leaves(tree.trim_end_matches(';'), &[]));
            }
            _ => rest.push_str(statement),
        }
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let inline = rest.split(|c| !is_path(c)).filter(|word| word.contains("::"));
    paths.extend(inline.map(segments));
    let found = paths.iter().filter_map(|path| file_of(files, module, path));
    found.filter(|file| file != module && !file.is_empty()).collect()
}

fn is_visibility(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("pub") || line.ends_with(['}', ']', ';'])
}

/// What each file reaches along the arrows, by number.
fn reached(arrows: &[Vec<usize>]) -> Vec<BTreeSet<usize>> {
    let from = |start: usize| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![start]);
        while let Some(at) = waiting.pop() {
            waiting.extend(arrows[at].iter().filter(|next| seen.insert(**next)));
        }
        seen
    };
    (0..arrows.len()).map(from).collect()
}

/// Each file with each other that it names, but for files of tests.
pub(crate) fn arrows() -> Vec<(String, String)> {
    let files = files();
    let is_of_tests = |module: &ModulePath| module.iter().any(|name| name.ends_with("tests") || name == "testing");
    let mut found = Vec::new();
    for (module, code) in files.iter().filter(|(module, _)| !is_of_tests(module)) {
        found.extend(named(&files, module, code).into_iter().map(|other| (module.join("/"), other.join("/"))));
    }
    found
}

/// Sets of files that reach each other, as they are named in messages; a file in no circle stands alone.
pub(crate) fn circles() -> Vec<Vec<String>> {
    let files = files();
    let numbers: BTreeMap<_, _> = files.keys().zip(0..).collect();
    let targets = files.iter().map(|(module, code)| named(&files, module, code));
    let arrows: Vec<Vec<usize>> = targets.map(|others| others.iter().map(|other| numbers[other]).collect()).collect();
    let reached = reached(&arrows);
    let names: Vec<String> = files.keys().map(|module| module.join("/")).collect();
    let mut left: BTreeSet<usize> = (0..names.len()).collect();
    let mut found = Vec::new();
    while let Some(file) = left.pop_first() {
        let is_with = |other: &usize| reached[file].contains(other) && reached[*other].contains(&file);
        let with: Vec<usize> = left.iter().copied().filter(is_with).collect();
        left.retain(|other| !with.contains(other));
        found.push([file].iter().chain(&with).map(|at| names[*at].clone()).collect());
    }
    found
}

#[test]
fn a_use_tree_names_what_it_lists() {
    let paths = leaves("super::call::{ApiCall, action::{self, CallAction}}", &[]);
    let written: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(written, ["super::call::ApiCall", "super::call::action::self", "super::call::action::CallAction"]);
}
