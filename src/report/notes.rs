//! What only people know of a month [M01]: a file `notes/2026-11.toml` that they write, and that its report takes up.

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::month::Month;
use super::sheet::Section;

/// What people wrote for a month.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notes {
    /// 点検.
    pub inspection: Vec<Note>,
    /// 教育・訓練.
    pub training: Vec<Note>,
    /// リスク・課題.
    pub risk: Vec<Note>,
    /// 改善提案.
    pub proposal: Vec<Note>,
    /// 脆弱性: what was published, and what was done about it.
    pub vulnerability: Vec<Note>,
    /// What the system does not measure of a service level itself.
    pub measured: Vec<Measured>,
    /// Dispatches that a service level leaves out, with the agreed reason.
    pub exclude: Vec<Exclude>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// When.
    pub on: Date,
    /// What.
    pub text: String,
    /// Who sees to it, by office.
    #[serde(default)]
    pub owner: String,
    /// How far it has come.
    #[serde(default)]
    pub state: String,
}

/// A value for a service level that is measured elsewhere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The name of the level.
    pub sla: String,
    /// The value, in the level's unit.
    pub value: f64,
}

/// A dispatch that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// Its number, as in d12.
    pub dispatch: u32,
    /// Why.
    pub reason: String,
}

impl Notes {
    /// The notes of a month in the folder of reports; none where nobody wrote any.
    ///
    /// # Errors
    /// One line that names the file, the line in it and what is wrong.
    pub fn read(folder: &Path, month: Month) -> Result<Self, String> {
        let path = folder.join("notes").join(format!("{month}.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|e| format!("{}: {}", path.display(), e.to_string().trim_end())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Notes::default()),
            Err(e) => Err(format!("{}: {e}", path.display())),
        }
    }

    /// As sections of the report.
    pub fn sections(&self) -> Vec<Section> {
        let kinds = [
            ("点検", &self.inspection),
            ("教育・訓練（人が記入したもの）", &self.training),
            ("リスク・課題", &self.risk),
            ("改善提案", &self.proposal),
            ("脆弱性への対応", &self.vulnerability),
        ];
        let section = |(heading, notes): (&str, &Vec<Note>)| {
            let rows = notes.iter().map(|it| [it.on.to_string(), it.text.clone(), it.owner.clone(), it.state.clone()]);
            Section::table(heading, ["日付", "内容", "担当", "状況"], rows, "記入はありません。")
        };
        kinds.map(section).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_m01_what_people_write_for_a_month_stands_in_its_report_and_a_misspelt_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let month: Month = "2026-11".parse().unwrap();
        assert_eq!(Notes::read(folder.path(), month).unwrap(), Notes::default());
        std::fs::create_dir(folder.path().join("notes")).unwrap();
        let path = folder.path().join("notes/2026-11.toml");
        std::fs::write(&path, "[[risk]]\non = \"2026-11-04\"\ntext = \"証明書の期限\"\nowner = \"運用班\"\n").unwrap();
        let sections = Notes::read(folder.path(), month).unwrap().sections();
        assert_eq!(sections[2].rows, [["2026-11-04", "証明書の期限", "運用班", ""]]);
        assert_eq!(sections[0].words, ["記入はありません。"]);
        std::fs::write(&path, "[[risks]]\n").unwrap();
        let problem = Notes::read(folder.path(), month).unwrap_err();
        assert!(problem.contains("2026-11.toml") && problem.contains("risks"), "{problem}");
    }
}
