//! Who imports whom inside a crate: one arrow from module to module for each path that crosses between them.
//!
//! A name taken from a parent or from the crate's root counts as taken from where that module has it, so a `pub use`
//! list hides nothing.

use crate::paths::{self, NamedPath};
use crate::tree::SourceFile;
use std::collections::{BTreeMap, BTreeSet};

/// A module of a crate, as names from its root.
pub(crate) type Module = Vec<String>;

/// One import: `from` and `to` are siblings in the module tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: Module,
    pub(crate) to: Module,
    /// Where it stands.
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// The arrows of each crate, under its folder.
pub(crate) fn arrows(tree: &[SourceFile]) -> BTreeMap<String, Vec<Arrow>> {
    let mut crates: BTreeMap<String, Vec<&SourceFile>> = BTreeMap::new();
    for file in tree.iter().filter(|file| file.is_rust() && !file.is_test) {
        if let Some((folder, _)) = file.source_place() {
            crates.entry(folder.to_owned()).or_default().push(file);
        }
    }
    crates.into_iter().map(|(folder, files)| (folder, crate_arrows(&files))).collect()
}

fn crate_arrows(files: &[&SourceFile]) -> Vec<Arrow> {
    let mut rooms = Rooms::default();
    let mut named = Vec::new();
    for file in files {
        let module = file.module().unwrap_or_default();
        let paths = paths::named(&file.code);
        rooms.modules.extend((1..=module.len()).map(|len| module[..len].to_vec()));
        named.push((file, module, paths));
    }
    for (_, module, paths) in &named {
        for path in paths.iter().filter(|path| path.inside.is_empty()) {
            if let (Some(name), Some(target)) = (&path.brings, rooms.absolute(module, &path.parts)) {
                rooms.brought.insert((module.clone(), name.clone()), target);
            }
        }
    }
    let mut arrows = Vec::new();
    for (file, module, paths) in &named {
        for path in paths {
            if let Some((from, to)) = rooms.crossing(module, path) {
                arrows.push(Arrow { from, to, path: file.path.clone(), line: path.line });
            }
        }
    }
    arrows
}

/// What is known of one crate's modules.
#[derive(Default)]
struct Rooms {
    modules: BTreeSet<Module>,
    /// What a module's own `use` lines bring in: (module, name) to where it comes from.
    brought: BTreeMap<(Module, String), Module>,
}

impl Rooms {
    /// A path as written in `module`, from the crate's root; `None` where it leads out of the crate.
    fn absolute(&self, module: &[String], parts: &[String]) -> Option<Module> {
        let ups = parts.iter().take_while(|part| *part == "super").count();
        match parts.first()?.as_str() {
            "crate" => Some(parts[1..].to_vec()),
            "self" if parts.len() > 1 => Some([module, &parts[1..]].concat()),
            "super" => Some([&module[..module.len().saturating_sub(ups)], &parts[ups..]].concat()),
            first => {
                let child = [module, &[first.to_owned()]].concat();
                self.modules.contains(&child).then(|| [module, parts].concat())
            }
        }
    }

    /// Where the path crosses from one module into its sibling, if it does.
    fn crossing(&self, module: &[String], path: &NamedPath) -> Option<(Module, Module)> {
        let here = [module, &path.inside].concat();
        let mut target = self.absolute(&here, &path.parts)?;
        // A name found in a module above us is really imported from where that module has it.
        for _ in 0..8 {
            let home =
                (0..=target.len()).rev().find(|len| *len == 0 || self.modules.contains(&target[..*len])).unwrap_or(0);
            let Some(name) = target.get(home).filter(|_| module.starts_with(&target[..home])) else { break };
            match self.brought.get(&(target[..home].to_vec(), name.clone())) {
                Some(origin) if !target.starts_with(origin) => target = [origin, &target[home + 1..]].concat(),
                _ => break,
            }
        }
        let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
        let to = target.get(..=shared)?.to_vec();
        let from = module.get(..=shared)?.to_vec();
        self.modules.contains(&to).then_some((from, to))
    }
}

#[test]
fn a_name_taken_from_the_root_counts_as_taken_from_its_module() {
    let tree = crate::tree::planted(&[
        ("crates/core/src/lib.rs", "mod queue; mod plan; pub use queue::Lane;"),
        ("crates/core/src/queue.rs", "pub struct Lane;"),
        ("crates/core/src/plan.rs", "fn f() { crate::Lane::new(); }"),
    ]);
    let found = &arrows(&tree)["crates/core"];
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].from.join("::"), found[0].to.join("::")), ("plan".to_owned(), "queue".to_owned()));
}

#[test]
fn parents_and_children_are_no_siblings() {
    let tree = crate::tree::planted(&[
        ("crates/core/src/queue.rs", "mod lane; use lane::Lane;"),
        ("crates/core/src/queue/lane.rs", "use super::Order; pub struct Lane;"),
    ]);
    assert!(arrows(&tree)["crates/core"].is_empty());
}
