//! What no file may contain, whatever its kind: places that exist on one machine only, and hosts to fetch from.

use crate::Violation;
use crate::tree::{self, SourceFile};

/// Folders of one machine. Put together here, so that this file does not complain of itself.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Package registries and mirrors: which one is used is the machine's business.
const REGISTRY_HOSTS: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("registry", ".npmjs"),
    concat!("deb", ".debian.org"),
    concat!("static", ".rust-lang.org"),
    concat!("proxy", ".golang.org"),
];

pub(crate) fn check_machine_paths(tree: &[SourceFile]) -> Vec<Violation> {
    containing(tree, &MACHINE_PATHS, "name the place relative to the checkout, or take it from the environment")
}

pub(crate) fn check_registry_hosts(tree: &[SourceFile]) -> Vec<Violation> {
    containing(tree, &REGISTRY_HOSTS, "name the package, not the host it comes from")
}

fn containing(tree: &[SourceFile], banned: &[&str], remedy: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(text) = banned.iter().find(|text| line.contains(**text)) {
                found.push(Violation::new(&file.path, index + 1, format!("`{text}`: {remedy}")));
            }
        }
    }
    found
}

pub(crate) fn planted_machine_path() -> Vec<SourceFile> {
    tree::planted(&[("scripts/test", &format!("cd {}main\n", MACHINE_PATHS[0]))])
}

pub(crate) fn planted_registry_host() -> Vec<SourceFile> {
    tree::planted(&[("README.md", &format!("See https://{}/\n", REGISTRY_HOSTS[0]))])
}

#[test]
fn every_banned_text_is_seen_where_it_stands() {
    for text in MACHINE_PATHS.iter().chain(&REGISTRY_HOSTS) {
        let tree = tree::planted(&[("docs/a.md", &format!("one\ntwo {text} three\n"))]);
        let found: Vec<Violation> = check_machine_paths(&tree).into_iter().chain(check_registry_hosts(&tree)).collect();
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2], "{text}");
    }
}
