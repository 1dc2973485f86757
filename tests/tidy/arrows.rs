//! Which crate may depend on which: the arrows of the house, read from each `Cargo.toml`.

use crate::Violation;
use crate::tree::{self, SourceFile};

/// Each crate's folder under `crates/`, and the siblings it may depend on. The root package may use all.
const ARROWS: [(&str, &[&str]); 10] = [
    ("core", &[]),
    ("core/fuzz", &["core"]), // a workspace of its own: libFuzzer is no part of the ordinary build
    ("bulletin", &[]),
    ("mock", &[]),    // shares no parser with core, so that a mistake on one side shows on the other
    ("inbound", &[]), // knows no people: whoever listens says which addresses are ours
    ("feeds", &["bulletin"]),
    ("feeds/fuzz", &["feeds"]),
    ("inbound/fuzz", &["inbound"]),
    ("dispatch", &["bulletin", "core"]),
    ("web", &["bulletin", "core", "dispatch"]), // shows the engine's lanes and the names of areas
];

/// How our packages' names begin.
const OURS: &str = "hikyaku-";

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree {
        let Some(folder) = file.path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml")) else {
            continue;
        };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
            let remedy =
                format!("give the crate {folder} a row in ARROWS (tests/tidy/arrows.rs) and in ARCHITECTURE.md");
            found.push(Violation::new(&file.path, 1, remedy));
            continue;
        };
        for (line, sibling) in siblings(&file.text) {
            if !allowed.contains(&sibling.as_str()) {
                let remedy =
                    format!("{folder} may not depend on {sibling}, tests included: its arrows are {allowed:?}");
                found.push(Violation::new(&file.path, line, remedy));
            }
        }
    }
    found
}

/// The siblings a manifest depends on in any of its dependency tables, each with the line that first names it.
fn siblings(manifest: &str) -> Vec<(usize, String)> {
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let mut names = Vec::new();
    dependency_names(&table, &mut names);
    let line_of = |name: &str| manifest.lines().position(|line| line.contains(name)).map_or(1, |index| index + 1);
    names.iter().filter_map(|name| Some((line_of(name), name.strip_prefix(OURS)?.to_owned()))).collect()
}

/// Collects the package names under every `*dependencies` table, those of `[target.…]` too.
fn dependency_names(table: &toml::Table, names: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if key.ends_with("dependencies") {
            for (name, wanted) in inner {
                let renamed = wanted.get("package").and_then(toml::Value::as_str);
                names.push(renamed.unwrap_or(name).to_owned());
            }
        } else {
            dependency_names(inner, names);
        }
    }
}

pub(crate) fn planted() -> Vec<SourceFile> {
    tree::planted(&[("crates/core/Cargo.toml", "[dev-dependencies]\nhikyaku-mock.workspace = true\n")])
}

#[test]
fn an_arrow_of_the_house_is_allowed_and_its_reverse_is_not() {
    let manifest = |sibling: &str| {
        format!("[dependencies]\ntoml = \"1\"\nx = {{ package = \"hikyaku-{sibling}\", path = \"..\" }}\n")
    };
    let down = tree::planted(&[("crates/dispatch/Cargo.toml", &manifest("core"))]);
    assert!(check(&down).is_empty());
    let up = tree::planted(&[("crates/core/Cargo.toml", &manifest("dispatch"))]);
    assert_eq!(check(&up)[0].line, 3);
    let aside = tree::planted(&[("crates/web/Cargo.toml", &manifest("feeds"))]);
    assert_eq!(check(&aside).len(), 1, "pages know no feeds");
}

#[test]
fn a_target_table_hides_nothing() {
    let text = "[target.'cfg(unix)'.dependencies]\nhikyaku-web.workspace = true\n";
    assert_eq!(check(&tree::planted(&[("crates/mock/Cargo.toml", text)])).len(), 1);
}

#[test]
fn a_new_crate_needs_a_row() {
    assert_eq!(check(&tree::planted(&[("crates/extra/Cargo.toml", "")])).len(), 1);
}
