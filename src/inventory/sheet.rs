//! The sheet of what runs (構成台帳) [S14]: recorded once, given dates of support by people, compared with what runs today.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// How many days before an end somebody is told.
const SOON_DAYS: i32 = 90;

/// The sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// When it was recorded.
    pub recorded: Option<Date>,
    /// What runs.
    #[serde(default, rename = "item")]
    pub items: Vec<Item>,
}

/// One thing that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// Its version, or whatever else changes when it is another one.
    pub version: String,
    /// Until when its maker supports it, or it is valid; people write it where a program cannot know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// What people wrote beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A recorded sheet.
///
/// # Errors
/// One line that names the file, the line in it and what is wrong.
pub fn read(path: &Path) -> Result<Sheet, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    toml::from_str(&text).map_err(|e| format!("{}: {}", path.display(), e.to_string().trim_end()))
}

/// What runs now, with the dates and notes that people wrote into the recorded sheet.
pub fn completed(mut now: Sheet, recorded: &Sheet) -> Sheet {
    for item in &mut now.items {
        if let Some(known) = recorded.items.iter().find(|it| it.name == item.name) {
            item.until = item.until.or(known.until);
            item.note.clone_from(&known.note);
        }
    }
    now
}

/// What a sheet says that is no longer so, or ends soon, a line each.
pub fn differences(recorded: &Sheet, now: &Sheet, today: Date) -> Vec<String> {
    let by_name = |sheet: &Sheet| -> BTreeMap<String, Item> {
        sheet.items.iter().map(|it| (it.name.clone(), it.clone())).collect()
    };
    let (before, after) = (by_name(recorded), by_name(now));
    let mut lines = Vec::new();
    for (name, item) in &before {
        match after.get(name) {
            None => lines.push(format!("なくなった: {name}（台帳では {}）", item.version)),
            Some(present) if present.version != item.version => {
                lines.push(format!("変わった: {name} {} → {}", item.version, present.version));
            }
            Some(_) => {}
        }
    }
    lines.extend(
        after
            .iter()
            .filter(|(name, _)| !before.contains_key(*name))
            .map(|(name, it)| format!("台帳にない: {name} {}", it.version)),
    );
    for (name, item) in &after {
        // What a program sees is newer than what was written down.
        let until = item.until.or_else(|| before.get(name).and_then(|it| it.until));
        lines.extend(until.and_then(|until| ending(name, until, today)));
    }
    lines
}

fn ending(name: &str, until: Date, today: Date) -> Option<String> {
    if until < today {
        Some(format!("期限切れ: {name}（{until} まで）"))
    } else if until < today.saturating_add(SOON_DAYS.days()) {
        Some(format!("期限が近い: {name}（{until} まで）"))
    } else {
        None
    }
}

/// The day of an instant in Japan.
pub fn day(at: Timestamp) -> Date {
    hikyaku_dispatch::japan_date(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn req_s14_a_sheet_tells_what_changed_what_is_new_what_is_gone_and_what_ends() {
        let recorded = sheet(
            "recorded = \"2026-11-01\"\n[[item]]\nname = \"OS\"\nversion = \"12\"\nuntil = \"2028-06-30\"\n[[item]]\nname = \"hikyaku\"\nversion = \"0.1.0\"\n[[item]]\nname = \"古い\"\nversion = \"1\"\n",
        );
        let now = sheet(
            "[[item]]\nname = \"OS\"\nversion = \"12\"\n[[item]]\nname = \"hikyaku\"\nversion = \"0.2.0\"\n[[item]]\nname = \"証明書\"\nversion = \"AB\"\nuntil = \"2026-12-01\"\n",
        );
        let today = "2026-11-22".parse().unwrap();
        let expected = [
            "変わった: hikyaku 0.1.0 → 0.2.0",
            "なくなった: 古い（台帳では 1）",
            "台帳にない: 証明書 AB",
            "期限が近い: 証明書（2026-12-01 まで）",
        ];
        assert_eq!(differences(&recorded, &now, today), expected);
        assert_eq!(differences(&recorded, &recorded, today), [""; 0]);
        let late = "2028-07-01".parse().unwrap();
        assert_eq!(differences(&recorded, &recorded, late), ["期限切れ: OS（2028-06-30 まで）"]);
    }
}
