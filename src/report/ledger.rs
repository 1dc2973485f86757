//! The ledger of troubles [M05]: a file to which lines are only added, one for each thing that was raised or found out.
//!
//! A running server adds what it raises, `hikyaku trouble note` what people find out, at the same time if need be: a line is one
//! write to the end of the file. What a trouble is now is a fold over its lines.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use hikyaku_dispatch::Alarm;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Which trouble: the key of its alarm.
    pub key: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What became of a trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was raised.
    Raised {
        /// In a line.
        title: String,
        /// All of it.
        text: String,
    },
    /// Somebody noted what was found out or done.
    Noted(Note),
}

/// What is found out about a trouble, as far as it is; what is left out stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(default)]
pub struct Note {
    /// Who was given the first report (初報), now.
    #[arg(long, value_name = "OFFICE")]
    pub reported: Option<String>,
    /// Why it happened (発生原因).
    #[arg(long, value_name = "TEXT")]
    pub cause: Option<String>,
    /// What it did to whom (影響度).
    #[arg(long, value_name = "TEXT")]
    pub impact: Option<String>,
    /// What is done about it (対処).
    #[arg(long, value_name = "TEXT")]
    pub remedy: Option<String>,
    /// Whether it may happen again (再発可能性).
    #[arg(long, value_name = "TEXT")]
    pub recurrence: Option<String>,
    /// It is over.
    #[arg(long)]
    pub closed: bool,
}

/// One trouble as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its number in this ledger, from 1.
    pub number: usize,
    /// The key of its alarm.
    pub key: String,
    /// In a line.
    pub title: String,
    /// When it was raised first.
    pub raised: Timestamp,
    /// When the first report was given.
    pub reported: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// How many of its kind were raised before it (過去の発生実績).
    pub before: usize,
    /// What is known.
    pub note: Note,
}

impl Trouble {
    /// What kind of alarm it is: the first word of its key.
    fn kind(key: &str) -> &str {
        key.split('/').next().unwrap_or(key)
    }

    /// By when its first report is due.
    pub fn due(&self, within: SignedDuration) -> Timestamp {
        self.raised.saturating_add(within).unwrap_or(Timestamp::MAX)
    }
}

/// What the lines come to, in the order in which troubles were raised.
pub fn fold(lines: &[Line]) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        match (&line.what, places.get(line.key.as_str())) {
            (What::Raised { title, .. }, None) => {
                let before = troubles.iter().filter(|it| Trouble::kind(&it.key) == Trouble::kind(&line.key)).count();
                places.insert(&line.key, troubles.len());
                troubles.push(Trouble {
                    number: troubles.len() + 1,
                    key: line.key.clone(),
                    title: title.clone(),
                    raised: line.at,
                    reported: None,
                    closed: None,
                    before,
                    note: Note::default(),
                });
            }
            (What::Noted(note), Some(place)) => troubles[*place].learn(note, line.at),
            // The same alarm after a restart, or a note about nothing.
            _ => {}
        }
    }
    troubles
}

impl Trouble {
    fn learn(&mut self, note: &Note, at: Timestamp) {
        let known = &mut self.note;
        let pairs = [
            (&mut known.reported, &note.reported),
            (&mut known.cause, &note.cause),
            (&mut known.impact, &note.impact),
            (&mut known.remedy, &note.remedy),
            (&mut known.recurrence, &note.recurrence),
        ];
        for (known, new) in pairs {
            if new.is_some() {
                known.clone_from(new);
            }
        }
        if note.reported.is_some() {
            self.reported.get_or_insert(at);
        }
        if note.closed {
            self.closed.get_or_insert(at);
        }
    }
}

/// What administrators are told about first reports that are not given: once when a quarter of the time is left, once when it is over.
pub fn first_reports(troubles: &[Trouble], within: SignedDuration, now: Timestamp) -> Vec<Alarm> {
    let open = troubles.iter().filter(|it| it.reported.is_none() && it.closed.is_none());
    let alarm = |it: &Trouble| {
        let left = it.due(within).duration_since(now);
        let (step, title) = match left {
            left if left <= SignedDuration::ZERO => ("over", "初報の期限を過ぎました"),
            left if left * 4 <= within => ("soon", "初報の期限が近づいています"),
            _ => return None,
        };
        Some(Alarm {
            key: format!("{FIRST_REPORT}/{step}/{}", it.key),
            title: format!("{title}: 障害 {} {}", it.number, it.title),
            text: format!(
                "障害 {}「{}」の初報が記録されていません（期限 {}）。\n関係先へ初報を出し、hikyaku trouble note {} --reported 報告先 で記録してください。",
                it.number,
                it.title,
                hikyaku_web::dated(it.due(within)),
                it.number
            ),
        })
    };
    open.filter_map(alarm).collect()
}

/// The kind of alarms about the ledger itself, which are no troubles of their own.
const FIRST_REPORT: &str = "first-report";

/// The file.
#[derive(Clone, Debug)]
pub struct Ledger(PathBuf);

impl Ledger {
    /// The ledger of a data folder.
    pub fn of(data: &Path) -> Self {
        Ledger(data.join("troubles.jsonl"))
    }

    /// What it holds; nothing where nothing was raised yet.
    ///
    /// # Errors
    /// One line that names the file and, if one cannot be read, the line.
    pub fn read(&self) -> Result<Vec<Line>, String> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(format!("{}: {e}", self.0.display())),
        };
        let line =
            |(at, line)| serde_json::from_str(line).map_err(|e| format!("{} line {}: {e}", self.0.display(), at + 1));
        text.lines().enumerate().map(line).collect()
    }

    /// Notes an alarm.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn raise(&self, alarm: &Alarm, now: Timestamp) -> Result<(), String> {
        if Trouble::kind(&alarm.key) == FIRST_REPORT {
            return Ok(());
        }
        let what = What::Raised { title: alarm.title.clone(), text: alarm.text.clone() };
        self.add(&Line { at: now, key: alarm.key.clone(), what })
    }

    /// Adds what was found out about a trouble.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn note(&self, key: &str, note: Note, now: Timestamp) -> Result<(), String> {
        self.add(&Line { at: now, key: key.to_owned(), what: What::Noted(note) })
    }

    fn add(&self, line: &Line) -> Result<(), String> {
        let named = |e: std::io::Error| format!("{}: {e}", self.0.display());
        let mut text = serde_json::to_string(line).map_err(|e| named(e.into()))?;
        text.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).map_err(named)?;
        // In one write, so that lines of two programs never mix.
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}+09:00").parse().unwrap()
    }

    fn alarm(key: &str) -> Alarm {
        Alarm { key: key.into(), title: format!("警報 {key}"), text: "本文".into() }
    }

    fn keys(alarms: &[Alarm]) -> Vec<&str> {
        alarms.iter().map(|alarm| alarm.key.as_str()).collect()
    }

    #[test]
    fn req_m05_a_trouble_of_which_nobody_was_told_within_the_hour_is_an_alarm_and_the_ledger_says_what_was_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(folder.path());
        assert_eq!(ledger.read().unwrap(), []);
        ledger.raise(&alarm("late/d1"), at("03T10:00:00")).unwrap();
        ledger.raise(&alarm("late/d1"), at("03T11:00:00")).unwrap();
        ledger.raise(&alarm("late/d2"), at("03T10:30:00")).unwrap();
        let hour = SignedDuration::from_hours(1);
        let troubles = fold(&ledger.read().unwrap());
        assert_eq!(troubles.iter().map(|it| (it.number, it.before)).collect::<Vec<_>>(), [(1, 0), (2, 1)]);
        assert_eq!(keys(&first_reports(&troubles, hour, at("03T10:44:59"))), [""; 0]);
        assert_eq!(keys(&first_reports(&troubles, hour, at("03T10:45:00"))), ["first-report/soon/late/d1"]);
        let over = first_reports(&troubles, hour, at("03T11:00:00"));
        assert_eq!(keys(&over), ["first-report/over/late/d1"]);
        assert!(over[0].text.contains("hikyaku trouble note 1 --reported"), "{}", over[0].text);
        ledger.raise(&over[0], at("03T11:00:00")).unwrap();

        let told = Note { reported: Some("秘書課".into()), ..Note::default() };
        ledger.note("late/d1", told, at("03T11:05:00")).unwrap();
        let found = Note { cause: Some("中継の停止".into()), closed: true, ..Note::default() };
        ledger.note("late/d1", found, at("03T12:00:00")).unwrap();
        let troubles = fold(&ledger.read().unwrap());
        assert_eq!(troubles.len(), 2, "an alarm about the ledger is no trouble of its own");
        assert_eq!((troubles[0].reported, troubles[0].closed), (Some(at("03T11:05:00")), Some(at("03T12:00:00"))));
        assert_eq!(troubles[0].note.reported.as_deref(), Some("秘書課"), "what was known stays");
        assert_eq!(keys(&first_reports(&troubles, hour, at("04T00:00:00"))), ["first-report/over/late/d2"]);
    }
}
