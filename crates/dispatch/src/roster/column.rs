//! The columns of a roster, each under its Japanese or its English name, in any order.

use super::cell::narrow;
use super::fault::{RosterFault, shown};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Id,
    Name,
    Kana,
    Group,
    Home,
    Work,
    Region,
    Email,
    Language,
    Status,
    Effective,
}

impl Column {
    /// All, in the order in which a roster is written.
    pub(crate) const ALL: [Column; 11] = [
        Column::Id,
        Column::Name,
        Column::Kana,
        Column::Group,
        Column::Home,
        Column::Work,
        Column::Region,
        Column::Email,
        Column::Language,
        Column::Status,
        Column::Effective,
    ];

    /// Those that are written, in their order: all but 発令日, for what is written holds now.
    pub(crate) fn written() -> [Column; Column::ALL.len() - 1] {
        std::array::from_fn(|place| Column::ALL[place])
    }

    /// The name that is written, then those that are read too.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Column::Id => &["職員番号", "id"],
            Column::Name => &["氏名", "name"],
            Column::Kana => &["氏名カナ", "カナ", "kana"],
            Column::Group => &["所属", "group"],
            Column::Home => &["居住地", "home"],
            Column::Work => &["勤務地", "work"],
            Column::Region => &["地域", "region"],
            Column::Email => &["メールアドレス", "email"],
            Column::Language => &["言語", "language"],
            Column::Status => &["在職状態", "status"],
            Column::Effective => &["発令日", "effective"],
        }
    }

    const fn is_needed(self) -> bool {
        matches!(self, Column::Id | Column::Name | Column::Group | Column::Email)
    }

    fn of(name: &str) -> Option<Column> {
        let name = narrow(name.trim());
        Column::ALL.into_iter().find(|column| column.names().iter().any(|known| known.eq_ignore_ascii_case(&name)))
    }
}

/// Where each column is in a file.
#[derive(Debug)]
pub(crate) struct Header {
    /// The name and the meaning of each cell of the first row.
    cells: Vec<(String, Option<Column>)>,
}

impl Header {
    /// Reads the first row, which is `line` of the file. The second list is worth a look and no fault.
    pub(crate) fn read(row: &csv::StringRecord, line: u64) -> Result<(Header, Vec<RosterFault>), Vec<RosterFault>> {
        let cells: Vec<(String, Option<Column>)> =
            row.iter().map(|cell| (cell.trim().to_owned(), Column::of(cell))).collect();
        let mut faults = Vec::new();
        for column in Column::ALL {
            let times = cells.iter().filter(|(_, known)| *known == Some(column)).count();
            let name = column.names()[0];
            if times > 1 {
                let problem = format!("同じ列が {times} つあります");
                faults.push(RosterFault::new(line, name, problem, "一つだけ残してください"));
            }
            if times == 0 && column.is_needed() {
                let remedy = "1行目に列の名前（職員番号,氏名,所属,勤務地,メールアドレス など）を書いてください";
                faults.push(RosterFault::new(line, name, "この列がありません", remedy));
            }
        }
        let places = [Column::Home, Column::Work, Column::Region];
        if !cells.iter().any(|(_, known)| known.is_some_and(|column| places.contains(&column))) {
            let problem = "居住地・勤務地・地域のどの列もありません";
            faults.push(RosterFault::new(line, "勤務地", problem, "どれか一つの列を加えてください"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let strange = cells.iter().filter(|(name, known)| known.is_none() && !name.is_empty());
        let notices = strange.map(|(name, _)| {
            let problem = format!("列 {} は読みません", shown(name));
            RosterFault::new(line, name.clone(), problem, "取り込む列なら、名前の綴りを確かめてください")
        });
        let notices = notices.collect();
        Ok((Header { cells }, notices))
    }

    /// How many cells each row has.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Where a column is, and what the file calls it; `None` if it is not there.
    pub(crate) fn find(&self, column: Column) -> Option<(usize, &str)> {
        let at = self.cells.iter().position(|(_, known)| *known == Some(column))?;
        Some((at, &self.cells[at].0))
    }
}
