//! A report as a value: headings, sentences and tables; how it looks is the matter of whoever writes it down.

/// A whole report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it is called.
    pub title: String,
    /// What stands below the title: whose it is, of what time, when it was made.
    pub lead: Vec<String>,
    /// Its sections in order.
    pub sections: Vec<Section>,
}

/// One section of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Sentences, a paragraph each.
    pub words: Vec<String>,
    /// What is counted in it; no columns where it has only words.
    pub columns: Vec<&'static str>,
    /// Rows with a cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// A section of words.
    pub fn words(heading: &str, words: impl IntoIterator<Item = String>) -> Self {
        Section { heading: heading.to_owned(), words: words.into_iter().collect(), ..Section::default() }
    }

    /// A section with a table; without rows it says `nothing`.
    pub fn table<const N: usize>(
        heading: &str,
        columns: [&'static str; N],
        rows: impl IntoIterator<Item = [String; N]>,
        nothing: &str,
    ) -> Self {
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        if rows.is_empty() {
            return Section::words(heading, [nothing.to_owned()]);
        }
        Section { heading: heading.to_owned(), words: Vec::new(), columns: columns.into(), rows }
    }

    /// The same with a sentence before its table.
    pub fn saying(mut self, words: impl Into<String>) -> Self {
        self.words.push(words.into());
        self
    }
}

impl Sheet {
    /// As plain text, for a mail: headings in brackets, cells apart by a bar.
    pub fn text(&self) -> String {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.lead.iter().cloned());
        for section in &self.sections {
            lines.extend([String::new(), format!("■ {}", section.heading)]);
            lines.extend(section.words.iter().cloned());
            if !section.columns.is_empty() {
                lines.push(section.columns.join(" | "));
            }
            lines.extend(section.rows.iter().map(|row| row.join(" | ")));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// As CSV, for a spreadsheet: each line begins with the section that it belongs to. Begins with a byte order mark, without
    /// which spreadsheets take Japanese for something else.
    ///
    /// # Errors
    /// What the writer says; in memory it says nothing.
    pub fn csv(&self) -> Result<Vec<u8>, String> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
        let mut write = |cells: Vec<&str>| writer.write_record(cells).map_err(|e| e.to_string());
        write(vec!["", &self.title])?;
        for line in &self.lead {
            write(vec!["", line])?;
        }
        for section in &self.sections {
            let headed = |cells: &mut dyn Iterator<Item = String>| -> Vec<String> {
                std::iter::once(section.heading.clone()).chain(cells.map(|cell| harmless(&cell))).collect()
            };
            let words = section.words.iter().map(|line| headed(&mut std::iter::once(line.clone())));
            let columns =
                (!section.columns.is_empty()).then(|| headed(&mut section.columns.iter().map(|it| (*it).to_owned())));
            let rows = section.rows.iter().map(|row| headed(&mut row.iter().cloned()));
            for line in words.chain(columns).chain(rows).collect::<Vec<_>>() {
                write(line.iter().map(String::as_str).collect())?;
            }
        }
        writer.into_inner().map_err(|e| e.to_string())
    }
}

/// A cell that no spreadsheet takes for a formula, whatever somebody wrote into a title.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let table = Section::table("配信", ["題名", "対象"], [["=cmd|'/c'!A1".into(), "250".into()]], "ありません。");
        let none = Section::table("障害", ["番号"], [], "この月の障害はありません。");
        Sheet {
            title: "月次".into(), lead: vec!["架空省".into()], sections: vec![table.saying("二つの表"), none]
        }
    }

    #[test]
    fn a_table_without_rows_says_so_in_words() {
        assert_eq!(sheet().sections[1].words, ["この月の障害はありません。"]);
        assert!(sheet().text().contains("■ 障害\nこの月の障害はありません。\n"));
    }

    #[test]
    fn a_spreadsheet_reads_the_csv_as_japanese_and_finds_no_formula_in_a_title() {
        let csv = String::from_utf8(sheet().csv().unwrap()).unwrap();
        assert!(csv.starts_with('\u{feff}'), "{csv}");
        assert!(csv.contains("配信,題名,対象\n配信,'=cmd|'/c'!A1,250\n"), "{csv}");
    }
}
