//! Rows of the present form stay what they are: an event of every kind, written once and kept as a fixture, reads as the same
//! event for ever.
//!
//! `tests/fixtures/v2` is only ever appended to. Whoever adds a kind of event puts one of it at the end of [`later`] and runs
//! `cargo test -p hikyaku-dispatch --lib append_what_is_new -- --ignored`.

mod happened;
mod judged;
mod later;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::{Entry, Event};
use crate::access::Actor;
use crate::chain::{Content, Hash, Head, Row};
use crate::id::AccountId;
use crate::keys::Keys;

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v2")
}

/// Seconds after the earthquake of 2024-01-01.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_704_093_000 + seconds).unwrap()
}

/// An event of every kind, in the order of the fixture: what stands here once is never changed or moved.
fn all(keys: &Keys) -> Vec<Entry> {
    let families = [
        happened::people(keys),
        happened::accounts(),
        happened::access(),
        judged::judging(),
        judged::dispatches(),
        judged::answers(),
        happened::travel(),
        happened::health(),
        happened::retention(),
        later::events(),
    ];
    let by = |place: i64| if place % 3 == 0 { Actor::Account(AccountId(1)) } else { Actor::System };
    (0..)
        .zip(families.into_iter().flatten())
        .map(|(place, event)| Entry { at: at(place), by: by(place), event })
        .collect()
}

/// The keys of the fixture, in a copy, for keys may be written.
fn keys() -> Keys {
    let folder = tempfile::tempdir().unwrap();
    for file in ["master.key", "people.keys"] {
        std::fs::copy(fixture().join("keys").join(file), folder.path().join(file)).unwrap();
    }
    Keys::open(folder.path()).unwrap()
}

/// The rows of the fixture, a line each: hash and content.
fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(fixture().join("rows.txt")).unwrap_or_default();
    let row = |(seq, line): (u64, &str)| {
        let (hash, content) = line.split_once(' ').unwrap();
        Row { seq, hash: Hash::try_from(bytes(hash)).unwrap(), content: Content::Whole(bytes(content)) }
    };
    (1..).zip(text.lines()).map(row).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Family and kind of an event, as serde names them.
fn kind(event: &Event) -> (String, String) {
    let only_name = |value: &serde_json::Value| value.as_object().unwrap().keys().next().unwrap().clone();
    let mut masked = event.clone();
    masked.confidential().into_iter().for_each(|(_, field)| drop(field.take()));
    let value = serde_json::to_value(&masked).unwrap();
    (only_name(&value), only_name(value.as_object().unwrap().values().next().unwrap()))
}

/// The variants of an enum: serde lists them when it is given one that there is not.
fn variants(unknown: serde_json::Value) -> BTreeSet<String> {
    let complaint = serde_json::from_value::<Event>(unknown).unwrap_err().to_string();
    let (_, expected) = complaint.split_once("expected").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn every_kind() -> BTreeSet<(String, String)> {
    let families = variants(serde_json::json!({ "none": 0 })).into_iter();
    let kinds = |family: String| {
        let kinds = variants(serde_json::json!({ family.as_str(): { "none": 0 } }));
        kinds.into_iter().map(move |kind| (family.clone(), kind))
    };
    families.flat_map(kinds).collect()
}

#[test]
fn the_fixture_of_the_present_form_holds_every_kind_of_event() {
    let keys = keys();
    let there: BTreeSet<_> =
        rows().iter().map(|row| kind(&Entry::decode(row.bytes().unwrap(), &keys).unwrap().event)).collect();
    let every = every_kind();
    assert!(every.len() > 60, "the list means something: {}", every.len());
    let missing: Vec<_> = every.difference(&there).collect();
    assert!(missing.is_empty(), "append them as the top of this file says: {missing:?}");
}

#[test]
fn every_row_of_the_fixture_reads_as_the_event_that_was_written_and_is_written_the_same_today() {
    let keys = keys();
    let (rows, mut entries) = (rows(), all(&keys));
    assert_eq!(rows.len(), entries.len(), "append what is new as the top of this file says");
    let mut head = Head::default();
    for (row, entry) in rows.iter().zip(&mut entries) {
        head = head.follow(row).unwrap();
        assert_eq!(&Entry::decode(row.bytes().unwrap(), &keys).unwrap(), entry, "row {}", row.seq);
        // What is sealed is never the same twice.
        if entry.event.confidential().is_empty() {
            assert_eq!(entry.encode(&keys).unwrap(), row.bytes().unwrap(), "row {}", row.seq);
        }
    }
}

#[test]
#[ignore = "writes the fixture: for whoever adds a kind of event"]
fn append_what_is_new() {
    let keys = Keys::open(fixture().join("keys")).unwrap();
    let mut rows = rows();
    let mut head = rows.last().map_or_else(Head::default, |row| Head { seq: row.seq, hash: row.hash });
    let mut text = std::fs::read_to_string(fixture().join("rows.txt")).unwrap_or_default();
    for entry in all(&keys).split_off(rows.len()) {
        keys.ensure(&entry.event.needs_key().into_iter().collect::<Vec<_>>()).unwrap();
        let row = head.next(entry.encode(&keys).unwrap());
        head = Head { seq: row.seq, hash: row.hash };
        writeln!(text, "{} {}", hex(&row.hash), hex(row.bytes().unwrap())).unwrap();
        rows.push(row);
    }
    std::fs::write(fixture().join("rows.txt"), text).unwrap();
}
