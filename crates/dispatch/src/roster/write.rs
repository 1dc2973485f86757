//! Rosters out: a CSV that Excel opens, with masked addresses, that reads back as no change (requirements A27, A29).

use crate::group::Groups;
use crate::person::Person;

use super::cell::guarded;
use super::column::Column;

/// What makes Excel read a file as UTF-8.
const BOM: &str = "\u{feff}";

/// These people as a roster; those who are erased have nothing that could be written.
#[must_use]
pub fn write_roster<'a>(people: impl IntoIterator<Item = &'a Person>, groups: &Groups) -> String {
    let header = Column::written().map(|column| column.names()[0].to_owned());
    let known = people.into_iter().filter(|person| person.personal.is_some());
    let rows = known.map(|person| Column::written().map(|column| guarded(&cell(person, groups, column))));
    sheet(std::iter::once(header).chain(rows))
}

/// Rows as a CSV that Excel opens.
pub(crate) fn sheet<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let mut bytes = Vec::from(BOM);
    #[expect(clippy::expect_used, reason = "rows of one length, written into memory")]
    write(rows, &mut bytes).expect("memory takes every row");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write<const N: usize>(mut rows: impl Iterator<Item = [String; N]>, out: &mut Vec<u8>) -> csv::Result<()> {
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    rows.try_for_each(|row| sheet.write_record(&row))?;
    Ok(sheet.flush()?)
}

fn cell(person: &Person, groups: &Groups, column: Column) -> String {
    let personal = person.personal.as_ref();
    match column {
        Column::Id => personal.map(|it| it.external_id.clone()).unwrap_or_default(),
        Column::Name => person.name().to_owned(),
        Column::Kana => personal.map(|it| it.kana.clone()).unwrap_or_default(),
        Column::Group => joined(person.groups.iter().map(|group| groups.path(*group).join("/"))),
        Column::Home => joined(person.regions.home.iter().map(ToString::to_string)),
        Column::Work => joined(person.regions.work.iter().map(ToString::to_string)),
        Column::Region => joined(person.regions.other.iter().map(ToString::to_string)),
        Column::Email => joined(person.addresses().iter().map(|address| {
            let word = address.purpose.word();
            format!("{word}{}{}", if word.is_empty() { "" } else { ":" }, address.masked())
        })),
        Column::Language => person.language.word().to_owned(),
        Column::Status => person.employment.word().to_owned(),
        Column::Effective => String::new(),
    }
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(";")
}
