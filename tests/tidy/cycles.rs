//! No module may import itself by way of its neighbours: in every crate, at every depth.

use crate::Violation;
use crate::imports::{self, Arrow, Module};
use crate::tree::{self, SourceFile};
use std::collections::{BTreeMap, BTreeSet};

type Graph<'a> = BTreeMap<&'a Module, BTreeMap<&'a Module, &'a Arrow>>;

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for arrows in imports::arrows(tree).values() {
        let mut graph = Graph::new();
        for arrow in arrows {
            graph.entry(&arrow.from).or_default().entry(&arrow.to).or_insert(arrow);
        }
        for (from, tos) in &graph {
            for (to, arrow) in tos {
                if let Some(way) = way_back(&graph, to, from) {
                    let way: Vec<String> = way.iter().map(|module| module.join("::")).collect();
                    let remedy = format!("{} → {}: turn one of these imports round", from.join("::"), way.join(" → "));
                    found.push(Violation::new(&arrow.path, arrow.line, remedy));
                }
            }
        }
    }
    found
}

/// The shortest way from `start` to `goal`, both included.
fn way_back<'a>(graph: &Graph<'a>, start: &'a Module, goal: &'a Module) -> Option<Vec<&'a Module>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::from([start]);
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let end = *way.last()?;
            if end == goal {
                return Some(way);
            }
            for next in graph.get(end).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next) {
                    longer.push([way.as_slice(), &[*next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

pub(crate) fn planted() -> Vec<SourceFile> {
    tree::planted(&[
        ("crates/feeds/src/lib.rs", "mod report; mod xml; mod area;"),
        ("crates/feeds/src/report.rs", "fn f() { crate::xml::read(); }"),
        ("crates/feeds/src/xml.rs", "use super::area;"),
        ("crates/feeds/src/area.rs", "use crate::report::Report;"),
    ])
}

#[test]
fn a_cycle_is_told_as_the_way_round() {
    let found = check(&planted());
    assert_eq!(found.len(), 3, "each of the three imports is named");
    assert!(found.iter().any(|violation| violation.remedy.starts_with("report → xml → area → report")), "{found:?}");
}

#[test]
fn rooms_inside_a_room_may_not_go_round_either() {
    let tree = tree::planted(&[
        ("src/main.rs", "mod demo;"),
        ("src/demo/mod.rs", "mod roster; mod people;"),
        ("src/demo/roster.rs", "use super::people::Person;"),
        ("src/demo/people.rs", "use crate::demo::roster;"),
    ]);
    assert_eq!(check(&tree).len(), 2);
}

#[test]
fn tests_may_look_back() {
    let tree = tree::planted(&[
        ("crates/web/src/page.rs", "use crate::state::State;"),
        ("crates/web/src/state.rs", "#[cfg(test)] mod tests { use crate::page::Page; }"),
    ]);
    assert_eq!(check(&tree), []);
}
