//! The five floors of core: a module imports only from lower floors, or from its own.

use crate::Violation;
use crate::imports;
use crate::tree::{self, SourceFile};

/// The floors, lowest first. Imports on one floor are free as long as they make no cycle, which is a rule of its own.
pub(crate) const FLOORS: [(&str, &[&str]); 5] = [
    ("L0 words", &["address", "carrier", "message", "reply", "time", "via"]),
    (
        "L1 rules",
        &["outcome", "record", "retry", "policy", "pace", "congestion", "mx", "unseen", "heard", "route", "trust"],
    ),
    ("L2 machines", &["session", "queue", "plan", "forecast", "event"]),
    ("L3 edges", &["store", "resolve", "press", "wire", "config", "seal", "clock", "vouch", "trace"]),
    ("L4 engine", &["engine", "report", "metrics", "hostile", "simulate"]),
];

/// The crate that has floors.
pub(crate) const CORE: &str = "crates/core";

/// The floor of a module, counted from the ground.
pub(crate) fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.iter().filter(|file| file.is_rust() && !file.is_test) {
        let Some((CORE, _)) = file.source_place() else { continue };
        if let Some(module) = file.module().and_then(|names| names.first().cloned())
            && floor(&module).is_none()
        {
            let remedy = format!("give the module {module} a floor in FLOORS (tests/tidy/floors.rs)");
            found.push(Violation::new(&file.path, 1, remedy));
        }
    }
    for arrow in imports::arrows(tree).remove(CORE).unwrap_or_default() {
        let ([from], [to]) = (arrow.from.as_slice(), arrow.to.as_slice()) else { continue };
        let (Some(own), Some(other)) = (floor(from), floor(to)) else { continue };
        if other > own {
            let (own, other) = (FLOORS[own].0, FLOORS[other].0);
            let remedy = format!("{from} ({own}) may not import {to} ({other}): move what it needs down, or itself up");
            found.push(Violation::new(&arrow.path, arrow.line, remedy));
        }
    }
    found
}

pub(crate) fn planted() -> Vec<SourceFile> {
    tree::planted(&[
        ("crates/core/src/lib.rs", "mod pace; mod engine; pub use engine::Engine;"),
        ("crates/core/src/pace.rs", "use crate::Engine;"),
        ("crates/core/src/engine.rs", "pub struct Engine;"),
    ])
}

#[test]
fn downward_and_level_imports_are_allowed() {
    let tree = tree::planted(&[
        ("crates/core/src/address.rs", ""),
        ("crates/core/src/policy.rs", "use crate::address::Address;"),
        ("crates/core/src/pace.rs", "use super::policy::Policy; #[cfg(test)] mod tests { use crate::engine::Engine; }"),
        ("crates/core/src/engine.rs", "use crate::{pace::Pace, policy};"),
    ]);
    assert_eq!(check(&tree), []);
}

#[test]
fn a_room_inside_a_room_stands_on_the_same_floor() {
    let tree = tree::planted(&[
        ("crates/core/src/session.rs", "mod greet;"),
        ("crates/core/src/session/greet.rs", "\nuse crate::{reply, wire::Wire};"),
        ("crates/core/src/reply.rs", ""),
        ("crates/core/src/wire.rs", ""),
    ]);
    let found = check(&tree);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), found[0].line), ("crates/core/src/session/greet.rs", 2));
}

#[test]
fn an_unknown_module_is_asked_for_its_floor() {
    assert!(check(&tree::planted(&[("crates/core/src/cellar.rs", "")]))[0].remedy.contains("cellar a floor"));
}
