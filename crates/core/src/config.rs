//! How the engine is set up: the folder, the name service, what may be dialled, and the tables of carriers and replies.

mod replies;
mod trusted;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use thiserror::Error;

use replies::ReplyTable;

use crate::address::AddressStyle;
use crate::carrier::{Carrier, CarrierRow, CarrierTable};
use crate::outcome::ReplyRules;
use crate::policy::{Policy, TlsPolicy};
use crate::seal::Seal;
use crate::time::Span;
use crate::trust::TlsVersion;
pub(crate) use trusted::certificates;

/// The carrier table that is compiled in; an operator may replace it.
const CARRIERS: &str = include_str!("../data/carriers.toml");
/// The classification of replies that is compiled in.
const REPLIES: &str = include_str!("../data/replies.toml");

/// Where connections may go. What is not allowed is not dialled, whatever the name service says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dial {
    /// Only this machine: for demos, tests and drills.
    #[default]
    Loopback,
    /// Only the configured relay.
    RelayOnly,
    /// Anywhere.
    Internet,
}

impl Dial {
    /// Whether an MX host's address may be dialled.
    #[must_use]
    pub fn permits(self, addr: SocketAddr) -> bool {
        match self {
            Dial::Loopback => addr.ip().is_loopback(),
            Dial::RelayOnly => false,
            Dial::Internet => true,
        }
    }

    /// Whether the relay's address may be dialled.
    #[must_use]
    pub fn permits_relay(self, addr: SocketAddr) -> bool {
        self != Dial::Loopback || addr.ip().is_loopback()
    }
}

/// Which name service is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NameService {
    /// The system's.
    #[default]
    System,
    /// These servers.
    Servers(Vec<SocketAddr>),
}

/// Whether TLSA records are asked for (DANE, RFC 7672).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dane {
    /// No. The default, because it needs a name service that passes DNSSEC signatures on: through one that withholds them
    /// nothing can be proven, and whatever cannot be proven waits.
    #[default]
    Off,
    /// Yes, with a validating resolver of our own; they count where MX, address and TLSA records are all signed.
    WhenSecure,
}

/// A host that takes everything instead of the carriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Carriers by name with their limits, and how replies are read.
#[derive(Clone, Debug)]
pub struct Carriers {
    rows: Vec<(CarrierRow, Policy)>,
    rules: ReplyRules,
    default_policy: Policy,
}

/// What is wrong with a table, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{table}: {problem}")]
pub struct TableError {
    /// Which table.
    pub table: String,
    /// What is wrong: line, key and what is allowed.
    pub problem: String,
}

impl Default for Carriers {
    /// The tables that are compiled in; a test holds that they parse.
    fn default() -> Self {
        let nothing = || Carriers { rows: Vec::new(), rules: ReplyRules::default(), default_policy: Policy::default() };
        ReplyTable::parse(REPLIES).and_then(|replies| Carriers::read(CARRIERS, replies)).unwrap_or_else(|_| nothing())
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
        Carriers::read(carriers, replies)
    }

    fn read(carriers: &str, replies: ReplyTable) -> Result<Self, TableError> {
        let wrong = |e: toml::de::Error| TableError { table: "carrier table".into(), problem: e.to_string() };
        let table: CarrierFile = toml::from_str(carriers).map_err(wrong)?;
        let default_policy = table.default.policy(&Policy::default(), "default")?;
        let rows = table.carrier.into_iter().map(|row| row.build(&default_policy)).collect::<Result<_, _>>()?;
        Ok(Carriers { rows, rules: replies.rules, default_policy })
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

    pub(crate) fn table(&self) -> CarrierTable {
        CarrierTable::new(self.rows.iter().map(|(row, _)| row.clone()).collect())
    }

    pub(crate) fn policies(&self) -> HashMap<Carrier, Policy> {
        self.rows.iter().map(|(row, policy)| (row.carrier.clone(), policy.clone())).collect()
    }

    pub(crate) fn default_policy(&self) -> Policy {
        self.default_policy.clone()
    }

    pub(crate) fn rules(&self) -> ReplyRules {
        self.rules.clone()
    }
}

/// Everything the engine is told before it opens.
#[derive(Clone)]
pub struct Config {
    /// The folder of the durable queue; it is created if need be.
    pub folder: PathBuf,
    /// Our own name in EHLO (RFC 5321 §4.1.1.1): the host name of the sending address.
    pub helo: String,
    /// What may be dialled.
    pub dial: Dial,
    /// Which name service is asked.
    pub dns: NameService,
    /// The port of MX hosts: 25 everywhere but in tests.
    pub port: u16,
    /// Roots of trust beside the system's, PEM files: for relays with an authority of their own, and for tests.
    pub roots: Vec<PathBuf>,
    /// Whether MTA-STS policies are looked up and kept to (RFC 8461); on by default. A relay is trusted by `tls` alone.
    pub mta_sts: bool,
    /// The port at which MTA-STS policies are fetched: 443 everywhere but in tests.
    pub https_port: u16,
    /// Whether TLSA records are asked for.
    pub dane: Dane,
    /// A file of DNSKEY records that DNSSEC begins with; `None` takes the keys of the root zone.
    pub trust_anchors: Option<PathBuf>,
    /// A host that takes everything instead.
    pub relay: Option<Relay>,
    /// Carriers and replies.
    pub carriers: Carriers,
    /// Attempts registered and not durable as ended, at most; `None` is 2 × sessions + 64.
    pub unsettled_max: Option<usize>,
    /// Seals what waits; `None` uses a key file in the folder.
    pub seal: Option<Arc<dyn Seal>>,
    /// Where randomness begins; `None` takes the time of opening.
    pub seed: Option<u64>,
}

impl Config {
    /// A configuration with defaults: dials nothing but loopback until told otherwise.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, helo: impl Into<String>) -> Self {
        Config {
            folder: folder.into(),
            helo: helo.into(),
            dial: Dial::default(),
            dns: NameService::default(),
            port: 25,
            roots: Vec::new(),
            mta_sts: true,
            https_port: 443,
            dane: Dane::default(),
            trust_anchors: None,
            relay: None,
            carriers: Carriers::default(),
            unsettled_max: None,
            seal: None,
            seed: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierFile {
    default: LimitsToml,
    carrier: Vec<CarrierToml>,
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

    #[test]
    fn nothing_but_loopback_is_dialled_by_default() {
        let dial = Dial::default();
        assert!(dial.permits("127.3.2.1:25".parse().unwrap()) && dial.permits("[::1]:25".parse().unwrap()));
        for addr in ["192.168.0.1:25", "10.0.0.1:25", "[2001:db8::1]:25", "0.0.0.0:25"] {
            assert!(!dial.permits(addr.parse().unwrap()) && !dial.permits_relay(addr.parse().unwrap()), "{addr}");
        }
    }
}
