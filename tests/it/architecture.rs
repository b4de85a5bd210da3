//! The arrows between modules, held by their `use` lines.

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
];

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
