//! The workspace as the rules see it: paths, texts and tokens, read from disk or planted by a test.

use crate::tokens::{self, Token};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// One file of the workspace.
pub(crate) struct SourceFile {
    /// From the workspace root, with `/` between the parts.
    pub(crate) path: String,
    /// The file as written.
    pub(crate) text: String,
    /// Every token of a Rust file, comments and doc comments left out.
    pub(crate) all: Vec<Token>,
    /// The tokens that end up in the product: `all` without what stands under `#[cfg(test)]` or `#[test]`.
    pub(crate) code: Vec<Token>,
    /// Whether the whole file is test code: under `tests/` or `benches/`, or a module declared under `#[cfg(test)]`.
    pub(crate) is_test: bool,
}

impl SourceFile {
    /// Whether this is a file of Rust code.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The folder of the package this file's `src/` belongs to, and the path inside `src/`; `None` elsewhere.
    /// The root package's folder is the empty string.
    pub(crate) fn source_place(&self) -> Option<(&str, &str)> {
        if let Some(inside) = self.path.strip_prefix("src/") {
            return Some(("", inside));
        }
        let rest = self.path.strip_prefix("crates/")?;
        let (name, inside) = rest.split_once("/src/")?;
        (!name.contains('/')).then(|| (&self.path[.."crates/".len() + name.len()], inside))
    }

    /// The module this file is, as names from the crate's root: `crates/core/src/session/greet.rs` is `session, greet`.
    pub(crate) fn module(&self) -> Option<Vec<String>> {
        let (_, inside) = self.source_place()?;
        let mut names: Vec<String> = inside.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
        let is_root = names.len() == 1 && matches!(names[0].as_str(), "lib" | "main");
        if is_root || names.last().is_some_and(|last| last == "mod") {
            names.pop();
        }
        Some(names)
    }
}

/// A tree of files given as (path, text), as every rule takes it.
pub(crate) fn planted(files: &[(&str, &str)]) -> Vec<SourceFile> {
    assemble(files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect())
}

/// The workspace under `root`: every text file, without build results, version control and the lock file.
pub(crate) fn read(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if matches!(name.as_str(), "target" | ".git" | "Cargo.lock") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push((path, text));
            }
        }
    }
    files.sort();
    Ok(assemble(files))
}

/// Reads the tokens of each file and finds out which files are tests only.
fn assemble(files: Vec<(String, String)>) -> Vec<SourceFile> {
    let mut test_modules = BTreeSet::new();
    let mut tree = Vec::new();
    for (path, text) in files {
        let (all, split) = if path.ends_with(".rs") {
            (tokens::all(&text), tokens::without_tests(&text))
        } else {
            (Vec::new(), tokens::Split::default())
        };
        let home = child_folder(&path);
        test_modules.extend(split.test_modules.iter().map(|name| format!("{home}/{name}")));
        let is_test = path.split('/').any(|part| part == "tests" || part == "benches");
        tree.push(SourceFile { path, text, all, code: split.code, is_test });
    }
    for file in &mut tree {
        let declared =
            |module: &String| file.path == format!("{module}.rs") || file.path.starts_with(&format!("{module}/"));
        file.is_test |= test_modules.iter().any(declared);
    }
    tree
}

/// The folder in which the modules declared by the file at `path` lie.
fn child_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.strip_suffix(".rs").unwrap_or(path).to_owned(),
    }
}

#[test]
fn a_module_declared_under_cfg_test_is_a_test_file() {
    let tree = planted(&[
        ("crates/core/src/queue.rs", "#[cfg(test)] mod cases;"),
        ("crates/core/src/queue/cases.rs", "fn f() {}"),
        ("crates/core/src/queue/lane.rs", "fn f() {}"),
        ("tests/demo.rs", "fn f() {}"),
    ]);
    assert_eq!(tree.iter().map(|file| file.is_test).collect::<Vec<_>>(), [false, true, false, true]);
}

#[test]
fn a_file_knows_its_package_and_its_module() {
    let tree = planted(&[
        ("crates/core/src/session/greet.rs", ""),
        ("crates/core/src/lib.rs", ""),
        ("src/demo/mod.rs", ""),
        ("crates/core/tests/dialogs.rs", ""),
    ]);
    let places: Vec<_> = tree.iter().map(|file| (file.source_place().map(|place| place.0), file.module())).collect();
    let names = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    assert_eq!(
        places,
        [
            (Some("crates/core"), names(&["session", "greet"])),
            (Some("crates/core"), names(&[])),
            (Some(""), names(&["demo"])),
            (None, None),
        ]
    );
}
