//! Writes the table of shipped runbooks: one `(name, text)` for every `runbooks/**/*.rhai`.
//!
//! Cargo scans the folder for changes, so an added file is embedded by the next build; `include_str!` follows edits.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed=runbooks");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("runbooks");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let table = PathBuf::from(env::var("OUT_DIR")?).join("shipped.rs");
    fs::write(table, table_of(&root, &files)?)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rhai") {
            files.push(path);
        }
    }
    Ok(())
}

fn table_of(root: &Path, files: &[PathBuf]) -> Result<String, Box<dyn std::error::Error>> {
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(root)?.with_extension("");
        let name = name.to_str().ok_or("a runbook's name is not UTF-8")?.replace('\\', "/");
        let text = file.to_str().ok_or("the path of a runbook is not UTF-8")?;
        writeln!(table, "    ({name:?}, include_str!({text:?})),")?;
    }
    table.push_str("]\n");
    Ok(table)
}
