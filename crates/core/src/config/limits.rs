//! Limits as a table writes them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::bounds::{Count, Rate, TimeoutsToml};
use super::table::TableError;
use super::trusted;
use crate::policy::{Policy, TlsPolicy, Totals};
use crate::time::Span;
use crate::trust::TlsVersion;

/// A table of limits; what is not there is as elsewhere.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsToml {
    sessions_max: Option<Count>,
    sessions_start: Option<Count>,
    flight_start: Option<Count>,
    mails_per_second_max: Option<Rate>,
    burst_mails: Option<Count>,
    mails_per_session_max: Option<Count>,
    connects_per_minute_max: Option<Count>,
    idle_seconds: Option<u64>,
    attempts_max: Option<Count>,
    in_doubt_resends_max: Option<u32>,
    timeouts: Option<TimeoutsToml>,
    timeouts_routine: Option<TimeoutsToml>,
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
        let most = |Count(count)| count;
        let or = |own: Option<Count>, base| own.map_or(base, most);
        Ok(Policy {
            sessions_max: or(self.sessions_max, base.sessions_max),
            sessions_start: or(self.sessions_start, base.sessions_start),
            flight_start: or(self.flight_start, base.flight_start),
            mails_per_second_max: self.mails_per_second_max.map(|Rate(rate)| rate).or(base.mails_per_second_max),
            burst_mails: or(self.burst_mails, base.burst_mails),
            mails_per_session_max: or(self.mails_per_session_max, base.mails_per_session_max),
            connects_per_minute_max: self.connects_per_minute_max.map(most).or(base.connects_per_minute_max),
            idle: self.idle_seconds.map_or(base.idle, Span::from_secs),
            attempts_max: self.attempts_max.map(most).or(base.attempts_max),
            in_doubt_resends_max: self.in_doubt_resends_max.unwrap_or(base.in_doubt_resends_max),
            timeouts: self.timeouts.map_or(base.timeouts, |own| own.over(base.timeouts)),
            timeouts_routine: self
                .timeouts_routine
                .map_or(base.timeouts_routine, |own| own.over(base.timeouts_routine)),
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
    sessions_max: Option<Count>,
    mails_per_second_max: Option<Rate>,
    connects_per_minute_max: Option<Count>,
}

impl TotalsToml {
    /// The ceilings.
    pub(super) fn totals(&self) -> Totals {
        let most = |Count(count)| count;
        Totals {
            sessions_max: self.sessions_max.map(most),
            mails_per_second_max: self.mails_per_second_max.map(|Rate(rate)| rate),
            connects_per_minute_max: self.connects_per_minute_max.map(most),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::carrier::Carrier;
    use crate::config::Carriers;
    use crate::policy::{Policy, Timeouts};
    use crate::time::Span;

    const TABLE: &str = "[default]\n[[carrier]]\nname = \"ao\"\ndomains = [\"ao.jp\"]\nsource = \"test\"\n";

    fn policy(rows: &str) -> Result<Policy, String> {
        let carriers = Carriers::read(&format!("{TABLE}{rows}")).map_err(|e| e.to_string())?;
        Ok(carriers.policy(&Carrier::new("ao")).clone())
    }

    #[test]
    fn what_becomes_of_a_mail_in_doubt_and_how_long_answers_are_waited_for_is_the_tables_to_say() {
        let rows = "limits = { in_doubt_resends_max = 0, attempts_max = 9, timeouts = { content = 300 } }\n";
        let policy = policy(rows).unwrap();
        assert_eq!((policy.in_doubt_resends_max, policy.attempts_max), (0, Some(9)));
        assert_eq!(policy.timeouts, Timeouts { content: Span::from_secs(300), ..Timeouts::URGENT });
        assert_eq!(policy.timeouts_routine, Timeouts::RFC);
    }

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused_with_its_line_and_what_to_write() {
        for (limit, told) in [
            ("mails_per_second_max = 0", "above 0"),
            ("mails_per_second_max = -5", "above 0"),
            ("mails_per_second_max = nan", "above 0"),
            ("mails_per_second_max = inf", "without the key"),
            ("sessions_max = 0", "at least 1"),
            ("connects_per_minute_max = 0", "at least 1"),
            ("timeouts = { content = 0 }", "how many seconds"),
        ] {
            let problem = policy(&format!("limits = {{ {limit} }}\n")).unwrap_err();
            assert!(problem.contains(told) && problem.contains("line 6"), "{limit}: {problem}");
        }
        assert!(policy("total = { mails_per_second_max = 0 }\n").is_err());
        assert!(policy("[[source]]\naddress = \"192.0.2.7\"\nlimits = { sessions_max = 0 }\n").is_err());
    }
}
