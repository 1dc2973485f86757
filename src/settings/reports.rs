//! Reports: where they lie, who is mailed them, what was promised.

use std::path::{Path, PathBuf};

use hikyaku_core::Address;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;

/// Reports of months and incidents.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSettings {
    folder: Option<PathBuf>,
    officials: Vec<String>,
    first_report_minutes: u32,
    /// Service levels.
    pub sla: Vec<Level>,
}

impl Default for ReportSettings {
    fn default() -> Self {
        ReportSettings { folder: None, officials: Vec::new(), first_report_minutes: 60, sla: Vec::new() }
    }
}

impl ReportSettings {
    pub(super) fn anchor(&mut self, folder: &Path, data: &Path) {
        let own = self.folder.take();
        self.folder = Some(own.map_or_else(|| data.join("reports"), |own| folder.join(own)));
    }

    /// Where reports lie.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_default()
    }

    /// The officials who are mailed cause reports and the monthly report.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn officials(&self) -> Result<Vec<Address>, String> {
        self.officials.iter().map(|it| Address::parse(it).map_err(|e| format!("[reports] officials: {e}"))).collect()
    }

    /// Within how long somebody must be told of a trouble.
    pub fn first_report(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.first_report_minutes))
    }
}

/// One promise, as the configuration has it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// What it is called.
    pub name: String,
    /// What is measured.
    pub measure: Measure,
    /// At least so much, in percent.
    pub target: f64,
    /// Below this, in percent, administrators are told before the month is over.
    pub warn: Option<f64>,
    /// What does not count, in words.
    #[serde(default)]
    pub excluded: String,
    /// The promise holds from this day on; before it, values are shown and not judged (調整期間).
    pub from: Option<Date>,
}

/// What is measured, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Dispatches of this class that were over within their time.
    Immediate,
    /// See [`Measure::Immediate`].
    Bulletin,
    /// See [`Measure::Immediate`].
    Safety,
    /// See [`Measure::Immediate`].
    Confirmed,
    /// See [`Measure::Immediate`].
    Hazard,
    /// See [`Measure::Immediate`].
    Overseas,
    /// Mails that carriers accepted, of those that could be delivered.
    Acceptance,
    /// Asked people who answered.
    Answers,
    /// What people wrote into the month's notes.
    Stated,
}
