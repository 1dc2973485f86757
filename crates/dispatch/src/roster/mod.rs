//! Rosters in CSV, from Excel or anywhere else: every row, or every fault by line, column and remedy (requirement A26).
//!
//! The first row names the columns, in Japanese or English and in any order (`column.rs` lists them). Several groups,
//! regions or addresses in a cell are separated by `;`, the names of a group path by `/`. UTF-8 with or without BOM is
//! recognised, anything else is read as Shift_JIS (Windows-31J), as Japanese Excel writes it.

mod cell;
mod column;
mod fault;
mod row;
mod stays;
mod text;
mod write;

use std::collections::HashMap;

use hikyaku_bulletin::RegionCode;
use jiff::civil::Date;

use self::column::Header;
use self::row::Checks;

pub use self::fault::{RosterFault, RosterFaults};
pub use self::stays::{StayRow, read_stays, write_stays};
pub use self::write::write_roster;
use crate::person::{AddressCell, RosterRow};

/// A roster that was read without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The rows in their order.
    pub rows: Vec<RosterRow>,
    /// What is worth a look and stops nothing.
    pub notices: Vec<RosterFault>,
}

/// Reads a whole roster; any 細分区域 of three digits is taken for one that exists.
///
/// # Errors
/// [`RosterFaults`] names every fault.
pub fn read_roster(bytes: &[u8]) -> Result<Roster, RosterFaults> {
    read_roster_with(bytes, &|_| true)
}

/// [`read_roster`] with a table of the regions that exist: a region that does not would never concern anybody.
///
/// # Errors
/// [`RosterFaults`] names every fault.
pub fn read_roster_with(bytes: &[u8], is_region: &dyn Fn(&RegionCode) -> bool) -> Result<Roster, RosterFaults> {
    let (text, mut faults) = text::decode(bytes);
    let (text, broken) = text::without_broken_quotes(&text);
    faults.extend(broken);
    let mut sheet = Sheet::new(&text);
    let (header, notices) = match sheet.next(&mut faults) {
        Some((line, first)) => match Header::read(&first, line) {
            Ok(read) => read,
            Err(wrong) => return Err(sorted(faults, wrong)),
        },
        None if faults.is_empty() => {
            let remedy = "職員番号,氏名,所属,勤務地,メールアドレス の列を持つ CSV を指定してください";
            return Err(RosterFaults(vec![RosterFault::new(1, text::WHOLE_ROW, "何も書かれていません", remedy)]));
        }
        None => return Err(RosterFaults(faults)),
    };
    let checks = Checks { is_region };
    let mut rows = Vec::new();
    let mut known = Seen::default();
    while let Some((line, record)) = sheet.next(&mut faults) {
        if record.len() != header.len() {
            faults.push(wrong_length(line, record.len(), header.len()));
            continue;
        }
        if let Some(row) = row::read(&header, &record, line, &checks, &mut faults) {
            known.look_at(&row, &header, &mut faults);
            rows.push(row);
        }
    }
    if faults.is_empty() { Ok(Roster { rows, notices }) } else { Err(sorted(faults, Vec::new())) }
}

fn sorted(mut faults: Vec<RosterFault>, more: Vec<RosterFault>) -> RosterFaults {
    faults.extend(more);
    faults.sort();
    RosterFaults(faults)
}

fn wrong_length(line: u64, cells: usize, expected: usize) -> RosterFault {
    let problem = format!("セルが {cells} 個あります（1行目は {expected} 個）");
    RosterFault::new(line, text::WHOLE_ROW, problem, "余分な「,」や足りない「,」、引用符の抜けを直してください")
}

/// What must not come twice in a file.
#[derive(Default)]
struct Seen {
    /// The line of each number and day.
    ids: HashMap<(String, Option<Date>), u64>,
    /// The line of each address, and whose it is.
    addresses: HashMap<String, (u64, String)>,
}

impl Seen {
    fn look_at(&mut self, row: &RosterRow, header: &Header, faults: &mut Vec<RosterFault>) {
        let name = |column: column::Column| header.find(column).map_or(column.names()[0], |(_, name)| name);
        let key = (row.external_id.clone(), row.effective);
        if let Some(first) = self.ids.get(&key) {
            let problem = format!("{first}行目と同じ番号です");
            faults.push(RosterFault::new(row.line, name(column::Column::Id), problem, "どちらかの行を消してください"));
        } else {
            self.ids.insert(key, row.line);
        }
        for (number, cell) in (1..).zip(&row.addresses) {
            let AddressCell::Written { address, .. } = cell else { continue };
            match self.addresses.get(address) {
                Some((first, id)) if *id != row.external_id => {
                    let problem = format!("{number} 番目のアドレスが{first}行目の人と同じです");
                    let remedy = "本人のアドレスを確かめてください（回答の区別ができなくなります）";
                    faults.push(RosterFault::new(row.line, name(column::Column::Email), problem, remedy));
                }
                Some(_) => {}
                None => {
                    self.addresses.insert(address.clone(), (row.line, row.external_id.clone()));
                }
            }
        }
    }
}

/// The rows of a text with the lines they stand in; empty ones are left out, as Excel leaves some at the end.
struct Sheet<'a> {
    reader: csv::Reader<&'a [u8]>,
    blank: Vec<bool>,
}

impl<'a> Sheet<'a> {
    fn new(text: &'a str) -> Self {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        Sheet { reader, blank: text.lines().map(str::is_empty).collect() }
    }

    fn next(&mut self, faults: &mut Vec<RosterFault>) -> Option<(u64, csv::StringRecord)> {
        let mut record = csv::StringRecord::new();
        loop {
            match self.reader.read_record(&mut record) {
                Ok(false) => return None,
                Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Some((self.line(&record), record)),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let problem = "行を読めません";
                    faults.push(RosterFault::new(line, text::WHOLE_ROW, problem, "引用符（\"）を確かめてください"));
                    return None;
                }
            }
        }
    }

    /// The line of a record: the reader counts from the blank lines before it.
    fn line(&self, record: &csv::StringRecord) -> u64 {
        let from = record.position().map_or(1, csv::Position::line);
        let at = usize::try_from(from).unwrap_or(usize::MAX).saturating_sub(1);
        let blanks = self.blank.iter().skip(at).take_while(|blank| **blank).count();
        from + blanks as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Employment, Language, Purpose};
    use encoding_rs::SHIFT_JIS;

    const HEADER: &str = "id,name,kana,group,region,email\n";

    fn read(rows: &str) -> Result<Vec<RosterRow>, RosterFaults> {
        read_roster(format!("{HEADER}{rows}").as_bytes()).map(|roster| roster.rows)
    }

    fn written(address: &str) -> AddressCell {
        AddressCell::Written { purpose: None, address: address.into() }
    }

    #[test]
    fn req_a07_a_row_has_one_id_and_name_and_several_groups_regions_and_addresses() {
        let rows = read(
            "0001,山田太郎,ヤマダタロウ,本省/大臣官房/秘書課;災害対策班,13;石川県;350,t@docomo.ne.jp;a..b@docomo.ne.jp\n",
        );
        let row = &rows.unwrap()[0];
        assert_eq!((row.name.as_str(), row.line), ("山田太郎", 2));
        assert_eq!(row.groups, [vec!["本省", "大臣官房", "秘書課"], vec!["災害対策班"]]);
        let regions = row.regions.other.as_ref().unwrap();
        assert_eq!(regions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["13", "17", "350"]);
        assert_eq!(row.addresses, [written("t@docomo.ne.jp"), written("\"a..b\"@docomo.ne.jp")]);
    }

    #[test]
    fn every_column_is_read_under_its_japanese_name() {
        let text = "職員番号,氏名,氏名カナ,所属,居住地,勤務地,地域,メールアドレス,言語,在職状態,発令日,備考\n\
                    7,甲,コウ,本省,埼玉県,13,,公用:kou@example.go.jp,やさしい日本語,休職,2027/4/1,メモ\n";
        let roster = read_roster(text.as_bytes()).unwrap();
        let row = &roster.rows[0];
        assert_eq!(row.kana.as_deref(), Some("コウ"));
        assert_eq!(row.regions.home, Some(vec!["11".parse().unwrap()]));
        assert_eq!((row.regions.other.as_deref(), row.language), (Some(&[][..]), Some(Language::EasyJapanese)));
        assert_eq!(row.employment, Some(Employment::OnLeave));
        assert_eq!(row.effective, Some(jiff::civil::date(2027, 4, 1)));
        assert_eq!(row.addresses[0].purpose(), Some(Purpose::Official));
        assert_eq!(roster.notices.len(), 1, "備考 is named, and no fault");
    }

    #[test]
    fn req_a26_utf8_with_and_without_bom_and_shift_jis_read_the_same() {
        let text = "email,region,group,name,id\r\nt@example.jp,東京都,本省,髙橋①㈱～,1\r\n";
        let plain = read_roster(text.as_bytes()).unwrap();
        let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let (sjis, _, lossy) = SHIFT_JIS.encode(text);
        assert!(!lossy);
        assert_eq!(read_roster(&bom).unwrap(), plain);
        assert_eq!(read_roster(&sjis).unwrap(), plain);
        assert_eq!(plain.rows[0].name, "髙橋①㈱～");
    }

    #[test]
    fn req_a26_every_fault_of_a_file_is_named_at_once_and_no_address_is_repeated() {
        let faulty = [
            ("2,乙,,本省,99,b@example.jp", "region"),
            ("3,乙,,本省,,c@example.jp", "勤務地"),
            ("4,乙,,本省,13,b.example.jp", "email"),
            ("5,乙,,本省,13,d@example.jp;D@example.jp;d@example.jp", "email"),
            ("6,,,本省,13,e@example.jp", "name"),
            (",乙,,本省,13,f@example.jp", "id"),
            ("1,乙,,本省,13,g@example.jp", "id"),
            ("7,乙,,本省//秘書課,13,h@example.jp", "group"),
            ("8,乙,,本省,13", "行"),
            ("9,乙,,本省,i@example.jp,13", "region"),
            ("10,乙,,本省,13,a@example.jp", "email"),
        ];
        let rows: Vec<&str> = faulty.iter().map(|(row, _)| *row).collect();
        let RosterFaults(faults) =
            read(&format!("1,甲,,本省,13,a@example.jp\n\n,,,,,\n{}\n", rows.join("\n"))).unwrap_err();
        for (line, (row, column)) in (5..).zip(faulty) {
            let found = faults.iter().find(|fault| fault.line == line && fault.column == column);
            let fault = found.unwrap_or_else(|| panic!("nothing about line {line}: {row}"));
            assert!(!fault.to_string().contains("example.jp"), "req_a29: {fault}");
            assert!(!fault.remedy.is_empty());
        }
        let lines: std::collections::BTreeSet<u64> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines.len(), faulty.len(), "good rows are not complained of: {faults:?}");
    }

    #[test]
    fn a_file_without_its_columns_is_told_which() {
        let RosterFaults(faults) = read_roster("id,name,region,email\n".as_bytes()).unwrap_err();
        assert_eq!((faults[0].line, faults[0].column.as_str()), (1, "所属"));
        assert_eq!(read_roster(b"").unwrap_err().0.len(), 1);
        assert_eq!(read_roster(b"\xff\xfei\0d\0").unwrap_err().0.len(), 1);
    }

    #[test]
    fn a_region_that_no_table_knows_is_a_fault() {
        let rows = format!("{HEADER}1,甲,,本省,350,\n");
        assert!(read_roster(rows.as_bytes()).is_ok());
        let RosterFaults(faults) =
            read_roster_with(rows.as_bytes(), &|region| region.to_string() != "350").unwrap_err();
        assert_eq!(faults[0].column, "region");
    }

    #[test]
    fn somebody_without_an_address_is_a_person_too() {
        assert!(read("1,甲,,本省,13,\n").unwrap()[0].addresses.is_empty());
    }
}
