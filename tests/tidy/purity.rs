//! Code that decides does nothing else: no async, no sockets, no files, no clock.

use crate::Violation;
use crate::floors;
use crate::paths::{self, NamedPath};
use crate::tree::{self, SourceFile};
use std::collections::BTreeSet;

/// The floors of core that only compute: words, rules, machines.
const PURE_FLOORS: usize = 3;

/// The rooms of dispatch that touch the world; every other one decides.
const DISPATCH_EDGES: [&str; 9] =
    ["journal", "fold", "snapshot", "custody", "appender", "desk", "sealed", "keys", "bridge"];

/// The rooms of feeds that touch the world; every other one reads bytes or decides.
const FEEDS_EDGES: [&str; 1] = ["edge"];

/// The room of inbound that touches the world.
const INBOUND_EDGES: [&str; 1] = ["listener"];

/// What `std::net` has that is no socket.
const ADDRESS_VALUES: [&str; 6] = ["IpAddr", "Ipv4Addr", "Ipv6Addr", "SocketAddr", "SocketAddrV4", "SocketAddrV6"];

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.iter().filter(|file| file.is_rust() && !file.is_test && decides(file)) {
        // Once a file for each: who uses one thing uses it often.
        let mut told = BTreeSet::new();
        for path in paths::named(&file.code) {
            if let Some(remedy) = impurity(&path).filter(|remedy| told.insert(remedy.clone())) {
                found.push(Violation::new(&file.path, path.line, remedy));
            }
        }
    }
    found
}

/// Whether the file lies in a deciding room.
fn decides(file: &SourceFile) -> bool {
    let Some((folder, _)) = file.source_place() else { return false };
    let module = file.module().and_then(|names| names.first().cloned()).unwrap_or_default();
    match folder {
        floors::CORE => floors::floor(&module).is_some_and(|floor| floor < PURE_FLOORS),
        "crates/bulletin" => true,
        "crates/feeds" => !FEEDS_EDGES.contains(&module.as_str()),
        "crates/inbound" => !INBOUND_EDGES.contains(&module.as_str()),
        "crates/dispatch" => !DISPATCH_EDGES.contains(&module.as_str()),
        _ => false,
    }
}

/// What is wrong with naming this path in deciding code.
fn impurity(path: &NamedPath) -> Option<String> {
    let written = path.parts.join("::");
    let last = path.parts.last()?.as_str();
    let is_address = |part: &str| ADDRESS_VALUES.contains(&part);
    if matches!(written.as_str(), "async" | "await") || path.starts_with(&["tokio"]) {
        Some(format!("{written}: deciding code waits for nothing; let an edge wait and pass the result"))
    } else if path.starts_with(&["std", "fs"]) {
        Some(format!("{written}: files belong to the edges"))
    } else if path.starts_with(&["std", "net"]) && !path.parts.get(2).is_some_and(|part| is_address(part)) {
        Some(format!("{written}: sockets belong to the edges"))
    } else if path.starts_with(&["std", "time", "SystemTime"]) || path.starts_with(&["std", "time", "Instant"]) {
        Some(format!("{written}: a clock's reading; take `now` as a parameter of our own type"))
    } else if path.parts.len() > 1 && last == "now" {
        Some(format!("{written}: take `now` as a parameter"))
    } else {
        None
    }
}

pub(crate) fn planted() -> Vec<SourceFile> {
    tree::planted(&[("crates/bulletin/src/area.rs", "fn age() { jiff::Timestamp::now(); }")])
}

/// The lines complained of when `text` stands in a file at `path`.
#[cfg(test)]
fn complaints(path: &str, text: &str) -> Vec<usize> {
    check(&tree::planted(&[(path, text)])).iter().map(|violation| violation.line).collect()
}

#[test]
fn waiting_files_sockets_and_clocks_are_each_seen() {
    let queue = "crates/core/src/queue/lane.rs";
    assert_eq!(complaints(queue, "\nasync fn f() {}"), [2]);
    assert_eq!(complaints(queue, "fn f() { spawn(g().await) }"), [1]);
    assert_eq!(complaints(queue, "use tokio::sync::mpsc;"), [1]);
    assert_eq!(complaints(queue, "use std::{fmt, fs::File};"), [1]);
    assert_eq!(complaints(queue, "use std::net::{IpAddr, TcpStream};"), [1]);
    assert_eq!(complaints(queue, "use std::time::{Duration, Instant, SystemTime};"), [1, 1]);
    assert_eq!(complaints(queue, "fn f() -> u64 { Instant::now().into() }"), [1]);
}

#[test]
fn edges_tests_and_values_are_left_alone() {
    assert_eq!(complaints("crates/core/src/store.rs", "use std::fs;"), []);
    assert_eq!(complaints("crates/dispatch/src/journal/memory.rs", "async fn f() {}"), []);
    assert_eq!(complaints("crates/dispatch/src/decide.rs", "#[cfg(test)] mod tests { async fn f() {} }"), []);
    assert_eq!(
        complaints("crates/core/src/mx.rs", "use std::{net::IpAddr, time::Duration}; fn f(now: u64) { g(now) }"),
        []
    );
}

#[test]
fn only_the_edge_of_feeds_touches_the_world() {
    assert_eq!(complaints("crates/feeds/src/poll/machine.rs", "use tokio::net;"), [1]);
    assert_eq!(complaints("crates/feeds/src/edge/watcher.rs", "use tokio::net;"), []);
}

#[test]
fn a_new_room_of_dispatch_is_a_deciding_room_until_named_an_edge() {
    assert_eq!(complaints("crates/dispatch/src/judge.rs", "use tokio::time;"), [1]);
}
