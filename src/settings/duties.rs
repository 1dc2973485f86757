//! What the server does by itself: alarms, the daily roster, lists for other channels, signed heads, retention.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hikyaku_core::Address;
use hikyaku_dispatch::{AlarmPolicy, ProbePolicy, PullSchedule, Schedule, Side};
use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use jiff::SignedDuration;
use jiff::civil::Time;
use serde::Deserialize;

/// Who is told when something goes wrong, and when it does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    to: Vec<String>,
    late_factor: f64,
    silent_minutes: u32,
    stalled_minutes: u32,
}

impl Default for AlertSettings {
    fn default() -> Self {
        AlertSettings { to: Vec::new(), late_factor: 1.5, silent_minutes: 30, stalled_minutes: 5 }
    }
}

/// The system behind the other channels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    url: String,
    #[serde(default = "an_hour")]
    answer_minutes: u32,
}

fn an_hour() -> u32 {
    60
}

/// Where the daily roster comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterSettings {
    source: String,
    at: Option<Time>,
    #[serde(default)]
    overseas: bool,
}

/// How often addresses are probed; left out, never.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeSettings {
    per_day: usize,
    every_days: u16,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        ProbeSettings { per_day: 0, every_days: ProbePolicy::default().every_days }
    }
}

impl ProbeSettings {
    /// The policy; none go where `per_day` is 0.
    pub fn policy(self) -> ProbePolicy {
        ProbePolicy { per_day: self.per_day, every_days: self.every_days, ..ProbePolicy::default() }
    }
}

/// How long records are kept, and where their signed heads go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordSettings {
    heads: Option<PathBuf>,
    retention: Schedule,
}

impl AlertSettings {
    /// Who is told.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn to(&self) -> Result<Vec<Address>, String> {
        self.to.iter().map(|it| Address::parse(it).map_err(|e| format!("[alerts] to: {e}"))).collect()
    }

    /// How long a carrier may take nothing of what could leave.
    pub fn stalled_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.stalled_minutes) * 60)
    }

    /// When something is worth an alarm.
    pub fn policy(&self, channel: Option<&ChannelSettings>) -> AlarmPolicy {
        let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
        AlarmPolicy {
            late_factor: self.late_factor,
            silent_after: minutes(self.silent_minutes),
            list_within: minutes(channel.map_or_else(an_hour, |channel| channel.answer_minutes)),
        }
    }
}

impl ChannelSettings {
    /// Where lists are posted to.
    ///
    /// # Errors
    /// One line that says what to mend.
    pub fn channel(&self) -> Result<(Client, String), String> {
        // Without TLS only this machine is asked.
        let dial = if self.url.starts_with("https://") { Dial::Internet } else { Dial::Loopback };
        let client = Client::new(ClientSettings { dial, ..ClientSettings::default() })?;
        Ok((client, self.url.clone()))
    }
}

impl RosterSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        if !self.source.contains("://") {
            self.source = folder.join(&self.source).display().to_string();
        }
    }

    /// A folder or an address.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Of which half.
    pub fn side(&self) -> Side {
        if self.overseas { Side::Overseas } else { Side::Domestic }
    }

    /// When it is fetched.
    pub fn schedule(&self) -> PullSchedule {
        let usual = PullSchedule::default();
        PullSchedule { at: self.at.unwrap_or(usual.at), ..usual }
    }
}

impl RecordSettings {
    pub(super) fn anchor(&mut self, folder: &Path, data: &Path) {
        let heads = self.heads.take();
        self.heads = Some(heads.map_or_else(|| data.join("heads"), |heads| folder.join(heads)));
    }

    /// Where signed heads go.
    pub fn heads(&self) -> PathBuf {
        self.heads.clone().unwrap_or_default()
    }

    /// How long what is kept.
    pub fn schedule(&self) -> Schedule {
        self.retention
    }
}
