//! What a roster would change, in words: how many in which way, and who.

use std::collections::HashMap;

use hikyaku_dispatch::{PersonChange, RosterChanges, RosterImport, RosterRow, State, Touched};

use crate::frame::Count;

/// Most lines of one kind; the rest is counted.
pub(super) const LINES_MAX: usize = 200;

/// What a roster would change.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) rows: Count,
    pub(super) there: Count,
    pub(super) parts: Vec<Part>,
    pub(super) groups: Vec<String>,
    pub(super) removals: Count,
    /// More would go than may without somebody typing their number.
    pub(super) is_guarded: bool,
}

/// Everybody who is changed in one way; a person may be in several.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) label: &'static str,
    pub(super) people: Count,
    pub(super) lines: Vec<String>,
    pub(super) more: Count,
}

const LABELS: [&str; 9] = [
    "新しく加わる",
    "復帰する",
    "名簿から外れる（退職）",
    "連絡先がなくなる",
    "所属が変わる",
    "氏名・読み・言語・休職が変わる",
    "地域が変わる",
    "アドレスが変わる",
    "発令日まで待つ",
];

/// What happens to somebody, in words.
pub(crate) fn label(touched: Touched) -> &'static str {
    match touched {
        Touched::New => LABELS[0],
        Touched::Returned => LABELS[1],
        Touched::Left => LABELS[2],
        Touched::LastAddress => LABELS[3],
        Touched::Moved => LABELS[4],
        Touched::Details => LABELS[5],
        Touched::Regions => LABELS[6],
        Touched::Addresses => LABELS[7],
        Touched::Planned(_) => LABELS[8],
    }
}

impl Difference {
    pub(super) fn new(changes: &RosterChanges, import: &RosterImport, state: &State) -> Self {
        let rows: HashMap<&str, &RosterRow> = import.rows.iter().map(|row| (row.external_id.as_str(), row)).collect();
        let mut lines: HashMap<&'static str, Vec<String>> = HashMap::new();
        for change in &changes.people {
            let row = rows.get(change.external_id.as_str()).copied();
            for touched in &change.touched {
                lines.entry(label(*touched)).or_default().push(line(change, *touched, row, state));
            }
        }
        let part = |label| Part::new(label, lines.remove(label)?);
        Self {
            rows: count(changes.rows),
            there: count(changes.there),
            parts: LABELS.into_iter().filter_map(part).collect(),
            groups: changes.groups.clone(),
            removals: count(changes.removals),
            is_guarded: changes.is_guarded(),
        }
    }
}

impl Part {
    fn new(label: &'static str, mut lines: Vec<String>) -> Option<Self> {
        let people = count(lines.len());
        let more = count(lines.len().saturating_sub(LINES_MAX));
        lines.truncate(LINES_MAX);
        Some(Self { label, people, lines, more })
    }
}

/// One person and one change; of addresses only that they change.
fn line(change: &PersonChange, touched: Touched, row: Option<&RosterRow>, state: &State) -> String {
    let known = state.people().find(change.person);
    let name = row.map(|it| it.name.as_str()).or_else(|| known.map(|it| it.name())).unwrap_or_default();
    let who = format!("{} {name}", change.external_id);
    let groups_after = row.map(|it| joined(it.groups.iter().map(|path| path.join("/")))).unwrap_or_default();
    let groups_before = || {
        let groups = known.map(|it| it.groups.as_slice()).unwrap_or_default();
        joined(groups.iter().map(|id| state.groups().path(*id).join("/")))
    };
    match touched {
        Touched::New | Touched::Returned => format!("{who}（{groups_after}）"),
        Touched::Left => format!("{who}（{}）", groups_before()),
        Touched::Moved => format!("{who}: {} → {groups_after}", groups_before()),
        Touched::Planned(day) => format!("{who}: {day} から"),
        Touched::Details | Touched::Regions | Touched::Addresses | Touched::LastAddress => who,
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("、")
}

fn count(number: usize) -> Count {
    Count(u32::try_from(number).unwrap_or(u32::MAX))
}
