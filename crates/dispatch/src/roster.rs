//! Rosters in CSV, from Excel or anywhere else: all rows or the first fault, named by line and column (requirement A26).
//!
//! Columns, by name in the first row and in any order: `id,name,group,region,email`, and `kana` if there is one. Several
//! groups, regions or addresses in a cell are separated by `;`, the names of a group path by `/`. UTF-8 with or without
//! BOM is recognised, anything else is read as Shift_JIS (Windows-31J), as Japanese Excel writes it.

use std::collections::HashMap;

use encoding_rs::SHIFT_JIS;
use hikyaku_bulletin::RegionCode;
use hikyaku_core::Address;
use thiserror::Error;

use crate::person::{Personal, RosterRow};

/// Longest name, reading or group name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest id, in characters.
const ID_CHARS_MAX: usize = 64;
/// Most addresses of one person.
const ADDRESSES_MAX: usize = 20;

/// The first fault of a roster. Nothing of the roster was taken, and no address is repeated here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct RosterError {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// The column's name.
    pub column: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl RosterError {
    fn new(line: u64, column: &str, problem: impl Into<String>) -> Self {
        RosterError { line, column: column.to_owned(), problem: problem.into() }
    }
}

/// Reads a whole roster.
///
/// # Errors
/// [`RosterError`] names the first fault.
pub fn read_roster(bytes: &[u8]) -> Result<Vec<RosterRow>, RosterError> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| shape(&e))?;
    let columns = Columns::find(header)?;
    let mut rows = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| shape(&e))? {
        let line = record.position().map_or(0, csv::Position::line);
        let row = Cells { columns: &columns, record: &record, line }.row()?;
        if let Some(first) = lines.insert(row.personal.external_id.clone(), line) {
            let problem = format!("the same id is in line {first}: remove one of the two");
            return Err(RosterError::new(line, "id", problem));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn decode(bytes: &[u8]) -> Result<String, RosterError> {
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(plain) {
        return Ok(text.to_owned());
    }
    let decoded = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes);
    decoded.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        // A line end is never the second byte of a Shift_JIS character, so lines can be tried one by one.
        let wrong = |line: &[u8]| SHIFT_JIS.decode_without_bom_handling_and_without_replacement(line).is_none();
        let before = bytes.split(|byte| *byte == b'\n').position(wrong).unwrap_or(0);
        let line = u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1);
        RosterError::new(line, "(any)", "it is neither UTF-8 nor Shift_JIS: save the file as CSV UTF-8")
    })
}

fn shape(error: &csv::Error) -> RosterError {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let problem = format!(
                "the row has {len} cells, the first row has {expected_len}: look for a comma too many or a missing quotation mark"
            );
            RosterError::new(line, "(all)", problem)
        }
        _ => RosterError::new(line, "(all)", "the row cannot be read: look for a missing quotation mark"),
    }
}

/// Where each column is.
struct Columns {
    id: usize,
    name: usize,
    group: usize,
    region: usize,
    email: usize,
    kana: Option<usize>,
}

impl Columns {
    fn find(header: &csv::StringRecord) -> Result<Self, RosterError> {
        let place = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        let need = |name: &str| {
            place(name).ok_or_else(|| {
                RosterError::new(1, name, "the column is missing: the first row must name id,name,group,region,email")
            })
        };
        Ok(Columns {
            id: need("id")?,
            name: need("name")?,
            group: need("group")?,
            region: need("region")?,
            email: need("email")?,
            kana: place("kana"),
        })
    }
}

/// One row with its line.
struct Cells<'a> {
    columns: &'a Columns,
    record: &'a csv::StringRecord,
    line: u64,
}

impl Cells<'_> {
    fn row(&self) -> Result<RosterRow, RosterError> {
        let columns = self.columns;
        let external_id = self.text(columns.id, "id", ID_CHARS_MAX)?;
        let name = self.text(columns.name, "name", NAME_CHARS_MAX)?;
        for (column, value) in [("id", &external_id), ("name", &name)] {
            if value.is_empty() {
                return Err(self.wrong(column, "it is empty: fill it in"));
            }
        }
        let kana = columns.kana.map_or(Ok(String::new()), |at| self.text(at, "kana", NAME_CHARS_MAX))?;
        Ok(RosterRow {
            personal: Personal { external_id, name, kana, addresses: self.addresses()? },
            groups: self.groups()?,
            regions: self.regions()?,
        })
    }

    fn wrong(&self, column: &str, problem: impl Into<String>) -> RosterError {
        RosterError::new(self.line, column, problem)
    }

    fn cell(&self, at: usize) -> &str {
        self.record.get(at).unwrap_or_default().trim()
    }

    fn text(&self, at: usize, column: &str, max_chars: usize) -> Result<String, RosterError> {
        self.checked(self.cell(at), column, max_chars)
    }

    /// A text that is safe in a header and on a page: no control characters, not endless.
    fn checked(&self, text: &str, column: &str, max_chars: usize) -> Result<String, RosterError> {
        if text.contains(char::is_control) {
            return Err(self.wrong(column, "it holds a line break or another control character: remove it"));
        }
        let chars = text.chars().count();
        if chars > max_chars {
            return Err(self.wrong(column, format!("it has {chars} characters: shorten it to {max_chars}")));
        }
        Ok(text.to_owned())
    }

    /// The parts of a cell that holds several values.
    fn parts(&self, at: usize) -> impl Iterator<Item = (usize, &str)> {
        let parts = self.cell(at).split([';', '；']).map(str::trim);
        parts.filter(|part| !part.is_empty()).enumerate().map(|(at, part)| (at + 1, part))
    }

    fn addresses(&self) -> Result<Vec<String>, RosterError> {
        let mut addresses: Vec<String> = Vec::new();
        for (number, text) in self.parts(self.columns.email) {
            // The address itself is not repeated in the message: it may be somebody's real one.
            let address = Address::parse(text)
                .map_err(|e| self.wrong("email", format!("address {number}: {e}")))?
                .wire(hikyaku_core::setup::AddressStyle::Quoted);
            if addresses.contains(&address) {
                return Err(self.wrong("email", format!("address {number} is there twice: remove one")));
            }
            addresses.push(address);
        }
        if addresses.len() > ADDRESSES_MAX {
            return Err(self.wrong("email", format!("there are more than {ADDRESSES_MAX} addresses: remove some")));
        }
        Ok(addresses)
    }

    fn groups(&self) -> Result<Vec<Vec<String>>, RosterError> {
        let mut groups = Vec::new();
        for (number, path) in self.parts(self.columns.group) {
            let names = path.split(['/', '／']).map(str::trim);
            let names = names.map(|name| {
                let empty =
                    || self.wrong("group", format!("path {number} has an empty name: write 本省/大臣官房/秘書課"));
                if name.is_empty() { Err(empty()) } else { self.checked(name, "group", NAME_CHARS_MAX) }
            });
            groups.push(names.collect::<Result<Vec<String>, RosterError>>()?);
        }
        Ok(groups)
    }

    fn regions(&self) -> Result<Vec<RegionCode>, RosterError> {
        let mut regions = Vec::new();
        for (_, text) in self.parts(self.columns.region) {
            let region: RegionCode = text.parse().map_err(|e| self.wrong("region", format!("{e}")))?;
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        if regions.is_empty() {
            return Err(self.wrong("region", "it is empty: write at least one prefecture, such as 13 or 東京都"));
        }
        Ok(regions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,name,kana,group,region,email\n";

    fn read(rows: &str) -> Result<Vec<RosterRow>, RosterError> {
        read_roster(format!("{HEADER}{rows}").as_bytes())
    }

    #[test]
    fn req_a07_a_row_has_one_id_and_name_and_several_groups_regions_and_addresses() {
        let rows = read(
            "0001,山田太郎,ヤマダタロウ,本省/大臣官房/秘書課;災害対策班,13;石川県;350,t@docomo.ne.jp;a..b@docomo.ne.jp\n",
        );
        let row = &rows.unwrap()[0];
        assert_eq!(row.personal.name, "山田太郎");
        assert_eq!(row.groups, [vec!["本省", "大臣官房", "秘書課"], vec!["災害対策班"]]);
        assert_eq!(row.regions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["13", "17", "350"]);
        assert_eq!(row.personal.addresses, ["t@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"]);
    }

    #[test]
    fn req_a26_utf8_with_and_without_bom_and_shift_jis_read_the_same() {
        let text = "email,region,group,name,id\r\nt@example.jp,東京都,本省,髙橋①,1\r\n";
        let plain = read_roster(text.as_bytes()).unwrap();
        let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let (sjis, _, lossy) = SHIFT_JIS.encode(text);
        assert!(!lossy);
        assert_eq!(read_roster(&bom).unwrap(), plain);
        assert_eq!(read_roster(&sjis).unwrap(), plain);
        assert_eq!(plain[0].personal.name, "髙橋①");
    }

    #[test]
    fn req_a26_each_fault_is_named_by_line_and_column_and_nothing_is_taken() {
        let good = "1,甲,,本省,13,a@example.jp\n";
        let faults = [
            ("2,乙,,本省,99,b@example.jp\n", "region"),
            ("2,乙,,本省,,b@example.jp\n", "region"),
            ("2,乙,,本省,13,b.example.jp\n", "email"),
            ("2,乙,,本省,13,b@example.jp;B@example.jp;b@example.jp\n", "email"),
            ("2,,,本省,13,b@example.jp\n", "name"),
            (",乙,,本省,13,b@example.jp\n", "id"),
            ("1,乙,,本省,13,b@example.jp\n", "id"),
            ("2,乙,,本省//秘書課,13,b@example.jp\n", "group"),
            ("2,\"乙\nBcc: x\",,本省,13,b@example.jp\n", "name"),
            ("2,乙,,本省,13\n", "(all)"),
        ];
        for (fault, column) in faults {
            let error = read(&format!("{good}{fault}")).unwrap_err();
            assert_eq!((error.line, error.column.as_str()), (3, column), "{error}");
            assert!(!error.to_string().contains("b@example.jp"), "req_a29: {error}");
        }
        let error = read_roster(b"id,name,region,email\n").unwrap_err();
        assert_eq!((error.line, error.column.as_str()), (1, "group"));
        let error = read_roster(b"id,name\n1,\xff\xff\n").unwrap_err();
        assert_eq!(error.line, 2);
    }

    #[test]
    fn somebody_without_an_address_is_a_person_too() {
        assert!(read("1,甲,,本省,13,\n").unwrap()[0].personal.addresses.is_empty());
    }
}
