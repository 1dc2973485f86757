//! One row of a roster: every cell is looked at, so that one reading names every fault.

use hikyaku_bulletin::{Prefecture, RegionCode};
use hikyaku_core::Address;
use hikyaku_core::errors::AddressError;
use jiff::civil::Date;

use super::cell::{narrow, restored, values};
use super::column::{Column, Header};
use super::fault::{RosterFault, shown};
use crate::person::{ADDRESSES_MAX, AddressCell, Employment, Language, MASK, Purpose, RegionCells, RosterRow};

/// Longest name, reading or group name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest id, in characters.
const ID_CHARS_MAX: usize = 64;
/// What a spreadsheet writes where it could not calculate.
const SHEET_ERRORS: [&str; 7] = ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"];

/// What a reader knows of the world besides the file.
pub(crate) struct Checks<'a> {
    /// Whether a region of that code exists.
    pub(crate) is_region: &'a dyn Fn(&RegionCode) -> bool,
}

/// Reads one row; `None` if it has a fault.
pub(crate) fn read(
    header: &Header,
    record: &csv::StringRecord,
    line: u64,
    checks: &Checks<'_>,
    faults: &mut Vec<RosterFault>,
) -> Option<RosterRow> {
    let before = faults.len();
    let mut cells = Cells { header, record, line, faults };
    cells.look_for_sheet_errors();
    let external_id = cells.id();
    let name = cells.name();
    let kana = cells.optional(Column::Kana, |cells, text| cells.text(Column::Kana, text, NAME_CHARS_MAX));
    let groups = cells.groups();
    let regions = RegionCells {
        home: cells.regions(Column::Home, checks),
        work: cells.regions(Column::Work, checks),
        other: cells.regions(Column::Region, checks),
    };
    if cells.faults.len() == before && regions.is_empty() {
        cells.fault(Column::Work, "地域が一つもありません", "都道府県を一つは書いてください（13 または 東京都）");
    }
    let addresses = cells.addresses();
    let language = cells.word(Column::Language, Language::of, "日本語・やさしい日本語・English");
    let employment = cells.word(Column::Status, Employment::of, "在職・休職・退職");
    let effective = cells.date();
    let row = RosterRow { line, external_id, name, kana, groups, regions, addresses, language, employment, effective };
    (cells.faults.len() == before).then_some(row)
}

struct Cells<'a> {
    header: &'a Header,
    record: &'a csv::StringRecord,
    line: u64,
    faults: &'a mut Vec<RosterFault>,
}

impl Cells<'_> {
    /// The text of a column; `None` if the file has no such column.
    fn cell(&self, column: Column) -> Option<String> {
        let (at, _) = self.header.find(column)?;
        Some(restored(self.record.get(at).unwrap_or_default().trim()).to_owned())
    }

    fn fault(&mut self, column: Column, problem: impl Into<String>, remedy: impl Into<String>) {
        let name = self.header.find(column).map_or(column.names()[0], |(_, name)| name);
        let fault = RosterFault::new(self.line, name, problem, remedy);
        self.faults.push(fault);
    }

    /// The value of a cell that may be missing or empty.
    fn optional<T>(&mut self, column: Column, read: impl FnOnce(&mut Self, String) -> Option<T>) -> Option<T> {
        let text = self.cell(column)?;
        read(self, text)
    }

    fn look_for_sheet_errors(&mut self) {
        for column in Column::ALL {
            if let Some(error) = self.cell(column).and_then(|cell| SHEET_ERRORS.into_iter().find(|it| cell == *it)) {
                self.fault(column, format!("表計算の誤り {error} があります"), "元の表の式を直し、値を書いてください");
            }
        }
    }

    fn id(&mut self) -> String {
        let text = self.cell(Column::Id).unwrap_or_default();
        let short = narrow(&text);
        let is_exponent = short.contains("E+") && short.parse::<f64>().is_ok();
        if text.is_empty() {
            self.fault(Column::Id, "空です", "職員番号を書いてください");
        } else if is_exponent {
            let remedy = "列の書式を「文字列」にして、元の番号を書き直してください";
            self.fault(Column::Id, format!("表計算が番号を {} に変えています", shown(&text)), remedy);
        } else if short != text {
            self.fault(Column::Id, format!("{} に全角の英数字か空白があります", shown(&text)), "半角で書いてください");
        } else if text.contains('@') {
            self.fault(Column::Id, "アドレスのような文字列です", "列がずれていないか確かめてください");
        }
        self.text(Column::Id, text, ID_CHARS_MAX).unwrap_or_default()
    }

    fn name(&mut self) -> String {
        let text = self.cell(Column::Name).unwrap_or_default();
        if text.is_empty() {
            self.fault(Column::Name, "空です", "氏名を書いてください");
        } else if text.contains('@') {
            self.fault(Column::Name, "アドレスのような文字列です", "列がずれていないか確かめてください");
        }
        self.text(Column::Name, text, NAME_CHARS_MAX).unwrap_or_default()
    }

    /// A text that is safe in a header and on a page: no control characters, nothing lost in conversion, not endless.
    fn text(&mut self, column: Column, text: String, chars_max: usize) -> Option<String> {
        let chars = text.chars().count();
        if text.contains(char::is_control) {
            self.fault(column, "制御文字があります", "消してください");
        } else if text.contains(['?', '\u{fffd}', '〓']) {
            let problem = format!("{} に文字化けの跡があります", shown(&text));
            self.fault(column, problem, "正しい文字を書き、「CSV UTF-8」で保存してください");
        } else if chars > chars_max {
            self.fault(column, format!("{chars} 文字あります"), format!("{chars_max} 文字以内に縮めてください"));
        } else {
            return Some(text);
        }
        None
    }

    fn groups(&mut self) -> Vec<Vec<String>> {
        let cell = self.cell(Column::Group).unwrap_or_default();
        let mut groups = Vec::new();
        for (number, path) in values(&cell) {
            let mut names = Vec::new();
            for name in path.split(['/', '／']).map(str::trim) {
                if name.is_empty() {
                    let problem = format!("{number} 番目の所属に空の名前があります");
                    self.fault(Column::Group, problem, "本省/大臣官房/秘書課 のように書いてください");
                } else if let Some(name) = self.text(Column::Group, name.to_owned(), NAME_CHARS_MAX) {
                    names.push(name);
                }
            }
            if groups.contains(&names) {
                self.fault(Column::Group, format!("{number} 番目の所属が二度あります"), "一つだけ残してください");
            }
            groups.push(names);
        }
        groups
    }

    fn regions(&mut self, column: Column, checks: &Checks<'_>) -> Option<Vec<RegionCode>> {
        let cell = self.cell(column)?;
        let mut regions = Vec::new();
        for (_, text) in values(&cell) {
            match region(text).filter(|region| (checks.is_region)(region)) {
                Some(region) if regions.contains(&region) => {
                    self.fault(column, format!("{} が二度あります", shown(text)), "一つだけ残してください");
                }
                Some(region) => regions.push(region),
                None => {
                    let remedy =
                        "都道府県名か2桁の番号（13 または 東京都）、または地震の細分区域の3桁の番号を書いてください";
                    self.fault(column, format!("{} という地域はありません", shown(text)), remedy);
                }
            }
        }
        Some(regions)
    }

    fn addresses(&mut self) -> Vec<AddressCell> {
        let cell = self.cell(Column::Email).unwrap_or_default();
        let mut addresses: Vec<AddressCell> = Vec::new();
        for (number, text) in values(&cell) {
            match address(text) {
                Ok(address) if addresses.iter().any(|known| known.is_same(&address)) => {
                    let problem = format!("{number} 番目のアドレスが二度あります");
                    self.fault(Column::Email, problem, "一つだけ残してください");
                }
                Ok(address) => addresses.push(address),
                Err((problem, remedy)) => {
                    self.fault(Column::Email, format!("{number} 番目のアドレス: {problem}"), remedy);
                }
            }
        }
        if addresses.len() > ADDRESSES_MAX {
            let problem = format!("アドレスが {} あります", addresses.len());
            self.fault(Column::Email, problem, format!("{ADDRESSES_MAX} 以内にしてください"));
        }
        addresses
    }

    fn word<T>(&mut self, column: Column, of: impl Fn(&str) -> Option<T>, words: &str) -> Option<T> {
        let text = self.cell(column).filter(|text| !text.is_empty())?;
        let value = of(&text);
        if value.is_none() {
            self.fault(column, format!("{} は使えません", shown(&text)), format!("{words} のどれかを書いてください"));
        }
        value
    }

    fn date(&mut self) -> Option<Date> {
        let text = self.cell(Column::Effective).filter(|text| !text.is_empty())?;
        let date = date(&text);
        if date.is_none() {
            let problem = format!("{} は日付として読めません", shown(&text));
            self.fault(Column::Effective, problem, "2027-04-01 のように西暦で書いてください");
        }
        date
    }
}

/// A region by code or name; a spreadsheet makes `1` of `01`.
fn region(text: &str) -> Option<RegionCode> {
    let text = narrow(text);
    let of_one_digit = || text.parse::<u8>().ok().filter(|_| text.len() == 1).and_then(Prefecture::from_code);
    text.parse().ok().or_else(|| of_one_digit().map(RegionCode::Prefecture))
}

/// `2027-04-01`, `2027/4/1` or `2027年4月1日`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let text = narrow(text).replace(['年', '月', '/'], "-").replace('日', "");
    let mut parts = text.split('-').map(|part| part.trim().parse::<i16>());
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if parts.next().is_some() || year < 1900 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// An address with its purpose before it, written out or masked; else what is wrong and what to do. The address is not
/// repeated: it may be somebody's real one.
fn address(text: &str) -> Result<AddressCell, (String, String)> {
    let fail = |problem: &str, remedy: &str| Err((problem.to_owned(), remedy.to_owned()));
    let (purpose, text) = match text.split_once([':', '：']) {
        Some((word, _)) if word.contains(['"', '@']) => (None, text),
        Some((word, rest)) => match Purpose::of(word.trim()) {
            Some(purpose) => (Some(purpose), rest.trim()),
            None => {
                return fail("用途の言葉が違います", "公用: 私用: 携帯: のどれかを付けるか、何も付けないでください");
            }
        },
        None => (None, text),
    };
    if let Some(masked) = text.strip_prefix(MASK).and_then(|rest| rest.strip_prefix('@')) {
        let place = masked.rsplit_once('#').and_then(|(domain, place)| Some((domain, place.parse().ok()?)));
        return match place {
            Some((domain, place)) => Ok(AddressCell::Kept { purpose, place, domain: domain.to_owned() }),
            None => {
                fail("伏せたアドレスに番号がありません", "書き出したときのまま（***@docomo.ne.jp#2）に戻してください")
            }
        };
    }
    if text.contains('＠') || text.chars().any(|c| matches!(c, '！'..='～')) {
        return fail("全角の文字があります", "半角で書いてください");
    }
    let wrong = |e: AddressError| match e {
        AddressError::Shape => ("アドレスの形ではありません", "名前@ドメイン の形で書いてください"),
        AddressError::Domain => ("ドメイン（@ の右側）が正しくありません", "綴りを確かめてください"),
        AddressError::TooLong { .. } => ("長すぎます", "綴りを確かめてください"),
        _ => ("使えない文字があります", "空白や記号を消してください"),
    };
    let address =
        Address::parse(text).map_err(wrong).map_err(|(problem, remedy)| (problem.to_owned(), remedy.to_owned()))?;
    if !address.domain().contains('.') {
        return fail("ドメイン（@ の右側）に点がありません", "綴りを確かめてください");
    }
    let address = address.wire(hikyaku_core::setup::AddressStyle::Quoted);
    Ok(AddressCell::Written { purpose, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_excel_and_people_write_them() {
        let april = Some(jiff::civil::date(2027, 4, 1));
        for text in ["2027-04-01", "2027/4/1", "2027年4月1日", "２０２７／４／１"] {
            assert_eq!(date(text), april, "{text}");
        }
        for text in ["2027-02-30", "4/1", "令和9年4月1日", "46478", "2027-4-1-1"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_prefecture_that_lost_its_zero_is_still_that_prefecture() {
        assert_eq!(region("1"), "01".parse().ok());
        assert_eq!(region("１３"), "東京都".parse().ok());
        assert_eq!(region("0"), None);
    }

    #[test]
    fn an_address_may_be_masked_and_may_say_what_it_is_for() {
        let kept = AddressCell::Kept { purpose: Some(Purpose::Mobile), place: 2, domain: "docomo.ne.jp".into() };
        assert_eq!(address("携帯:***@docomo.ne.jp#2"), Ok(kept));
        let written = AddressCell::Written { purpose: None, address: "\"a:b..c\"@docomo.ne.jp".into() };
        assert_eq!(address("\"a:b..c\"@docomo.ne.jp"), Ok(written));
        for wrong in ["***@docomo.ne.jp", "自宅:a@example.jp", "a＠example.jp", "a@localhost", "a b@example.jp", "a@"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
