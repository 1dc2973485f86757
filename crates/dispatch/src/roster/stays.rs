//! Lists of journeys abroad in CSV: every row, or every fault by line, column and remedy (requirement O02).

use std::collections::HashMap;

use hikyaku_bulletin::CountryCode;
use jiff::civil::Date;

use super::cell::{guarded, restored, values};
use super::fault::{RosterFault, RosterFaults, shown};
use super::row::date;
use super::write::sheet;
use super::{Sheet, text, wrong_length};
use crate::person::People;
use crate::travel::{RegisteredStay, StayKind};

/// The columns, each with the names under which it is read; the first is the usual one.
const COLUMNS: [&[&str]; 5] =
    [&["職員番号", "id"], &["区分", "kind"], &["国", "country"], &["開始日", "from"], &["終了日", "to"]];

/// One row of a list of journeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayRow {
    /// The line of the file, from 1; 0 for a row that came otherwise.
    pub line: u64,
    /// The organisation's own number for the person, on the overseas roster.
    pub external_id: String,
    /// Why.
    pub kind: StayKind,
    /// Where.
    pub countries: Vec<CountryCode>,
    /// The first day.
    pub from: Date,
    /// The last day; `None` for a posting whose end is open.
    pub to: Option<Date>,
}

/// Reads a list of journeys; `country` knows the countries by code and by name.
///
/// # Errors
/// [`RosterFaults`] names every fault.
pub fn read_stays(bytes: &[u8], country: &dyn Fn(&str) -> Option<CountryCode>) -> Result<Vec<StayRow>, RosterFaults> {
    let (decoded, mut faults) = text::decode(bytes);
    let (decoded, broken) = text::without_broken_quotes(&decoded);
    faults.extend(broken);
    let mut sheet = Sheet::new(&decoded);
    let Some((line, header)) = sheet.next(&mut faults) else {
        faults.push(RosterFault::new(
            1,
            text::WHOLE_ROW,
            "何も書かれていません",
            "職員番号,区分,国,開始日,終了日 の列を書いてください",
        ));
        return Err(RosterFaults(faults));
    };
    let places = COLUMNS
        .map(|names| header.iter().position(|cell| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name))));
    for (names, _) in COLUMNS.iter().zip(places).filter(|(_, place)| place.is_none()) {
        faults.push(RosterFault::new(
            line,
            names[0],
            "この列がありません",
            "1行目に 職員番号,区分,国,開始日,終了日 を書いてください",
        ));
    }
    let [Some(id), Some(kind), Some(countries), Some(from), Some(to)] = places else {
        return Err(RosterFaults(faults));
    };
    let mut rows = Vec::new();
    let mut seen: HashMap<(String, StayKind, Date), u64> = HashMap::new();
    while let Some((line, record)) = sheet.next(&mut faults) {
        if record.len() != header.len() {
            faults.push(wrong_length(line, record.len(), header.len()));
            continue;
        }
        let cell = |at: usize| restored(record.get(at).unwrap_or_default().trim());
        let cells =
            Cells { line, id: cell(id), kind: cell(kind), countries: cell(countries), from: cell(from), to: cell(to) };
        if let Some(row) = cells.read(country, &mut faults) {
            if let Some(first) = seen.insert((row.external_id.clone(), row.kind, row.from), line) {
                let problem = format!("{first}行目と同じ人・区分・開始日です");
                faults.push(RosterFault::new(line, "職員番号", problem, "どちらかの行を消してください"));
            }
            rows.push(row);
        }
    }
    faults.sort();
    if faults.is_empty() { Ok(rows) } else { Err(RosterFaults(faults)) }
}

/// These stays as a list that Excel opens and that reads back as no change; those of people who are erased are left out.
#[must_use]
pub fn write_stays(stays: impl IntoIterator<Item = RegisteredStay>, people: &People) -> String {
    let row = |RegisteredStay { stay, .. }: RegisteredStay| {
        let id = people.find(stay.person)?.personal.as_ref()?.external_id.clone();
        let countries: Vec<String> = stay.countries.iter().map(ToString::to_string).collect();
        let to = stay.to.map(|to| to.to_string()).unwrap_or_default();
        let cells = [id, stay.kind.word().to_owned(), countries.join(";"), stay.from.to_string(), to];
        Some(cells.map(|cell| guarded(&cell)))
    };
    let header = COLUMNS.map(|names| names[0].to_owned());
    sheet(std::iter::once(header).chain(stays.into_iter().filter_map(row)))
}

/// The cells of one row.
struct Cells<'a> {
    line: u64,
    id: &'a str,
    kind: &'a str,
    countries: &'a str,
    from: &'a str,
    to: &'a str,
}

impl Cells<'_> {
    fn read(&self, country: &dyn Fn(&str) -> Option<CountryCode>, faults: &mut Vec<RosterFault>) -> Option<StayRow> {
        let before = faults.len();
        let mut fault = |column, problem: String, remedy: &str| {
            faults.push(RosterFault::new(self.line, column, problem, remedy));
        };
        if self.id.is_empty() {
            fault("職員番号", "空です".into(), "海外の名簿の番号を書いてください");
        }
        let kind = [StayKind::Trip, StayKind::Posting].into_iter().find(|kind| kind.word() == self.kind);
        if kind.is_none() {
            fault("区分", format!("{} は使えません", shown(self.kind)), "出張・赴任のどちらかを書いてください");
        }
        let mut countries: Vec<CountryCode> = Vec::new();
        for (_, text) in values(self.countries) {
            match country(text) {
                Some(country) if !countries.contains(&country) => countries.push(country),
                Some(_) => {}
                None => fault(
                    "国",
                    format!("{} という国はありません", shown(text)),
                    "国名か2文字の番号（タイ または TH）を書いてください",
                ),
            }
        }
        if values(self.countries).next().is_none() {
            fault("国", "空です".into(), "国名か2文字の番号（タイ または TH）を書いてください");
        }
        let from = date(self.from);
        if from.is_none() {
            fault(
                "開始日",
                format!("{} は日付として読めません", shown(self.from)),
                "2027-04-01 のように書いてください",
            );
        }
        let to = date(self.to);
        if to.is_none() && !self.to.is_empty() {
            fault("終了日", format!("{} は日付として読めません", shown(self.to)), "2027-04-01 のように書いてください");
        }
        if self.to.is_empty() && kind == Some(StayKind::Trip) {
            fault(
                "終了日",
                "出張に終了日がありません".into(),
                "終了日を書いてください（決まっていなければ赴任にします）",
            );
        }
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            fault("終了日", "開始日より前です".into(), "どちらの日付が正しいか確かめてください");
        }
        if faults.len() > before {
            return None;
        }
        Some(StayRow { line: self.line, external_id: self.id.to_owned(), kind: kind?, countries, from: from?, to })
    }
}
