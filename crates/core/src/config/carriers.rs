//! The table of carriers: who they are, their limits, and the ways that lead to them.

use std::collections::HashMap;

use serde::Deserialize;

use super::replies::ReplyTable;
use std::path::PathBuf;
use std::sync::Arc;

use super::sources::SourceToml;
use super::table::{Table, TableError};
use super::trusted;
use crate::address::AddressStyle;
use crate::carrier::{Carrier, CarrierRow, CarrierTable};
use crate::event::Tables;
use crate::outcome::ReplyRules;
use crate::policy::{Policy, TlsPolicy};
use crate::route::Source;
use crate::time::Span;
use crate::trust::TlsVersion;

/// The carrier table that is compiled in; an operator may replace it.
pub(super) const CARRIERS: &str = include_str!("../../data/carriers.toml");
/// The classification of replies that is compiled in.
pub(super) const REPLIES: &str = include_str!("../../data/replies.toml");

/// Carriers by name with their limits, and how replies are read.
#[derive(Clone, Debug)]
pub struct Carriers {
    rows: Vec<(CarrierRow, Policy)>,
    pub(crate) sources: Vec<Source>,
    rules: ReplyRules,
    default_policy: Policy,
}

impl Default for Carriers {
    /// The tables that are compiled in; a test holds that they parse.
    fn default() -> Self {
        let nothing = || Carriers {
            rows: Vec::new(),
            sources: Vec::new(),
            rules: ReplyRules::default(),
            default_policy: Policy::default(),
        };
        ReplyTable::parse(REPLIES).and_then(|replies| Carriers::build(CARRIERS, replies)).unwrap_or_else(|_| nothing())
    }
}

impl Carriers {
    /// Reads both tables, and tries every row of replies on the examples that it gives.
    ///
    /// # Errors
    /// [`TableError`] names the table, the line and the key, or the row that hides another.
    pub fn parse(carriers: &str, replies: &str) -> Result<Self, TableError> {
        let replies = ReplyTable::parse(replies)?;
        replies.check()?;
        Carriers::build(carriers, replies)
    }

    /// Reads a table of carriers in place of the one that is compiled in; replies are read as always.
    ///
    /// # Errors
    /// [`TableError`] names the line and the key.
    pub fn read(carriers: &str) -> Result<Self, TableError> {
        Carriers::build(carriers, ReplyTable::parse(REPLIES)?)
    }

    fn build(carriers: &str, replies: ReplyTable) -> Result<Self, TableError> {
        let wrong = |e: toml::de::Error| TableError { table: "carrier table".into(), problem: e.to_string() };
        let table: CarrierFile = toml::from_str(carriers).map_err(wrong)?;
        let names = table.carrier.iter().map(|row| row.name.as_str()).collect();
        let text = Table { text: carriers, names };
        let sources = table.source.into_iter().map(|row| row.build(&text)).collect::<Result<_, _>>()?;
        let default_policy = table.default.policy(&Policy::default(), "default")?;
        let rows = table.carrier.into_iter().map(|row| row.build(&default_policy)).collect::<Result<_, _>>()?;
        Ok(Carriers { rows, sources, rules: replies.rules, default_policy })
    }

    /// Replaces a carrier's limits; an unknown name is added with these limits and no domains.
    pub fn set_policy(&mut self, carrier: &Carrier, policy: Policy) {
        match self.rows.iter_mut().find(|(row, _)| row.carrier == *carrier) {
            Some((_, old)) => *old = policy,
            None => {
                let row = CarrierRow {
                    carrier: carrier.clone(),
                    domains: Vec::new(),
                    mx_suffixes: Vec::new(),
                    address_style: AddressStyle::Quoted,
                    source: "configuration".into(),
                };
                self.rows.push((row, policy));
            }
        }
    }

    /// Lowers the ceilings of everybody: sessions at once and mails a second.
    pub fn limit_all(&mut self, sessions: Option<u32>, per_second: Option<f64>) {
        let policies = self.rows.iter_mut().map(|(_, policy)| policy).chain([&mut self.default_policy]);
        for policy in policies {
            if let Some(sessions) = sessions {
                policy.sessions_max = sessions.max(1);
                policy.sessions_start = policy.sessions_start.min(policy.sessions_max);
            }
            if let Some(per_second) = per_second {
                policy.mails_per_second_max = Some(policy.mails_per_second_max.unwrap_or(f64::MAX).min(per_second));
                // A burst of a tenth of a second keeps a configured pace even.
                policy.burst_mails = policy.burst_mails.min((per_second / 10.0).ceil() as u32).max(1);
            }
        }
    }

    /// Adds a carrier, or replaces the one of that name.
    pub fn set_row(&mut self, row: CarrierRow, policy: Policy) {
        self.rows.retain(|(old, _)| old.carrier != row.carrier);
        self.rows.insert(0, (row, policy));
    }

    /// A carrier's limits, or those of everybody else.
    #[must_use]
    pub fn policy(&self, carrier: &Carrier) -> &Policy {
        let found = self.rows.iter().find(|(row, _)| row.carrier == *carrier);
        found.map_or(&self.default_policy, |(_, policy)| policy)
    }

    /// Adds an address of our own. Carriers that one serves are reached from such addresses only.
    pub fn add_source(&mut self, source: Source) {
        self.sources.push(source);
    }

    pub(crate) fn table(&self) -> CarrierTable {
        CarrierTable::new(self.rows.iter().map(|(row, _)| row.clone()).collect())
    }

    pub(crate) fn policies(&self) -> HashMap<Carrier, Policy> {
        self.rows.iter().map(|(row, policy)| (row.carrier.clone(), policy.clone())).collect()
    }

    pub(crate) fn tables(&self) -> Tables {
        let (table, policies) = (self.table(), self.policies());
        Tables { table, policies, default_policy: self.default_policy(), rules: self.rules() }
    }

    pub(crate) fn default_policy(&self) -> Policy {
        self.default_policy.clone()
    }

    pub(crate) fn rules(&self) -> ReplyRules {
        self.rules.clone()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierFile {
    default: LimitsToml,
    carrier: Vec<CarrierToml>,
    #[serde(default)]
    source: Vec<SourceToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierToml {
    name: String,
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
    #[serde(default)]
    address_style: AddressStyle,
    source: String,
    #[serde(default)]
    limits: LimitsToml,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsToml {
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
    fn policy(self, base: &Policy, whose: &str) -> Result<Policy, TableError> {
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

impl CarrierToml {
    fn build(self, default: &Policy) -> Result<(CarrierRow, Policy), TableError> {
        let policy = self.limits.policy(default, &self.name)?;
        let row = CarrierRow {
            carrier: Carrier::new(self.name),
            domains: self.domains,
            mx_suffixes: self.mx,
            address_style: self.address_style,
            source: self.source,
        };
        Ok((row, policy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_tables_parse_and_know_the_carriers_of_japan() {
        let carriers = Carriers::parse(CARRIERS, REPLIES).unwrap();
        for (domain, name) in [
            ("docomo.ne.jp", "docomo"),
            ("ezweb.ne.jp", "au"),
            ("i.softbank.jp", "SoftBank"),
            ("rakumail.jp", "Rakuten"),
        ] {
            assert_eq!(carriers.table().of_domain(domain).map(|r| r.carrier.as_str()), Some(name));
        }
        assert!(carriers.rows.iter().all(|(row, _)| !row.source.is_empty()));
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let error = Carriers::parse("[default]\nsesions_max = 3\n", REPLIES).unwrap_err().to_string();
        assert!(error.contains("sesions_max") && error.contains("line 2"), "{error}");
    }
}
