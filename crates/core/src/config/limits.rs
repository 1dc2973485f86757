//! Limits as a table writes them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::table::TableError;
use super::trusted;
use crate::policy::{Policy, TlsPolicy, Totals};
use crate::time::Span;
use crate::trust::TlsVersion;

/// A table of limits; what is not there is as elsewhere.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsToml {
    sessions_max: Option<u32>,
    sessions_start: Option<u32>,
    flight_start: Option<u32>,
    mails_per_second_max: Option<f64>,
    burst_mails: Option<u32>,
    mails_per_session_max: Option<u32>,
    connects_per_minute_max: Option<u32>,
    idle_seconds: Option<u64>,
    tls: Option<TlsPolicy>,
    tls_min: Option<TlsVersion>,
    pins: Option<Vec<String>>,
    /// A PEM file.
    ca: Option<PathBuf>,
}

impl LimitsToml {
    /// These limits, and those of `base` where they are silent.
    ///
    /// # Errors
    /// [`TableError`] names whose pins cannot be read or are missing.
    pub(super) fn policy(self, base: &Policy, whose: &str) -> Result<Policy, TableError> {
        let problem = |problem| TableError { table: "carrier table".into(), problem: format!("{whose}: {problem}") };
        let tls = self.tls.unwrap_or(base.tls);
        let trusted = match (&self.pins, &self.ca) {
            (None, None) => base.trusted.clone(),
            (pins, ca) => {
                Arc::new(trusted::trusted(pins.as_deref().unwrap_or_default(), ca.as_deref()).map_err(problem)?)
            }
        };
        if tls == TlsPolicy::Pinned && trusted.is_empty() {
            return Err(problem("tls = \"pinned\" needs `pins`, `ca` or both".into()));
        }
        Ok(Policy {
            sessions_max: self.sessions_max.unwrap_or(base.sessions_max),
            sessions_start: self.sessions_start.unwrap_or(base.sessions_start),
            flight_start: self.flight_start.unwrap_or(base.flight_start),
            mails_per_second_max: self.mails_per_second_max.or(base.mails_per_second_max),
            burst_mails: self.burst_mails.unwrap_or(base.burst_mails),
            mails_per_session_max: self.mails_per_session_max.unwrap_or(base.mails_per_session_max),
            connects_per_minute_max: self.connects_per_minute_max.or(base.connects_per_minute_max),
            idle: self.idle_seconds.map_or(base.idle, Span::from_secs),
            tls,
            tls_min: self.tls_min.unwrap_or(base.tls_min),
            trusted,
            ..base.clone()
        })
    }
}

/// Ceilings over all our addresses together.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TotalsToml {
    sessions_max: Option<u32>,
    mails_per_second_max: Option<f64>,
    connects_per_minute_max: Option<u32>,
}

impl TotalsToml {
    /// The ceilings.
    pub(super) fn totals(&self) -> Totals {
        Totals {
            sessions_max: self.sessions_max,
            mails_per_second_max: self.mails_per_second_max,
            connects_per_minute_max: self.connects_per_minute_max,
        }
    }
}
