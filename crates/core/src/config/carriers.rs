//! The table of carriers: who they are, their limits, and the ways that lead to them.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::limits::{LimitsToml, TotalsToml};
use super::replies::ReplyTable;
use super::routes::RouteToml;
use super::sources::SourceToml;
use super::table::{Table, TableError};
use crate::address::AddressStyle;
use crate::carrier::{Carrier, CarrierRow, CarrierTable};
use crate::event::Tables;
use crate::outcome::ReplyRules;
use crate::policy::Policy;
use crate::route::{self, RelayRoute, Source, WhenDown};

/// The carrier table that is compiled in; an operator may replace it.
pub(super) const CARRIERS: &str = include_str!("../../data/carriers.toml");
/// The classification of replies that is compiled in.
pub(super) const REPLIES: &str = include_str!("../../data/replies.toml");

/// Carriers by name with their limits, and how replies are read.
#[derive(Clone, Debug)]
pub struct Carriers {
    rows: Vec<(CarrierRow, Policy)>,
    pub(crate) sources: Vec<Source>,
    pub(crate) routes: Vec<RelayRoute>,
    rules: ReplyRules,
    default_policy: Policy,
}

impl Default for Carriers {
    /// The tables that are compiled in; a test holds that they parse.
    fn default() -> Self {
        let nothing = || Carriers {
            rows: Vec::new(),
            sources: Vec::new(),
            routes: Vec::new(),
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
        let names = table.carrier.iter().map(|row| row.name.clone()).collect();
        let text = Table { text: carriers, names };
        let sources = table.source.into_iter().map(|row| row.build(&text)).collect::<Result<_, _>>()?;
        let default_policy = table.default.policy(&Policy::default(), "default")?;
        let routes = table.route.into_iter().map(|row| row.build(&text, &default_policy)).collect::<Result<_, _>>()?;
        let rows = table.carrier.into_iter().map(|row| row.build(&default_policy)).collect::<Result<_, _>>()?;
        Ok(Carriers { rows, sources, routes, rules: replies.rules, default_policy })
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
        let routes = self.routes.iter_mut().map(|route| &mut route.policy);
        let policies = self.rows.iter_mut().map(|(_, policy)| policy).chain([&mut self.default_policy]).chain(routes);
        for policy in policies {
            if let Some(sessions) = sessions {
                policy.sessions_max = sessions.max(1);
                policy.total.sessions_max = Some(sessions.max(1));
                policy.sessions_start = policy.sessions_start.min(policy.sessions_max);
            }
            if let Some(per_second) = per_second {
                policy.mails_per_second_max = Some(policy.mails_per_second_max.unwrap_or(f64::MAX).min(per_second));
                policy.total.mails_per_second_max = policy.mails_per_second_max;
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

    /// Among how many programs that send to the same carriers these ceilings can be parted, so that each has something left of
    /// every one of them ([`Share`](crate::setup::Share)).
    #[must_use]
    pub fn bears(&self) -> u32 {
        let policies = self.rows.iter().map(|(_, policy)| policy).chain([&self.default_policy]);
        let of_hosts = policies.flat_map(|policy| {
            let (_, lane) = route::share(policy, self.sources.len().max(1));
            let own = self.sources.iter().map(|source| source.limits.under(&lane).bears()).min();
            [lane.bears(), own.unwrap_or(u32::MAX)]
        });
        of_hosts.chain(self.routes.iter().map(|route| route.lane_policy().bears())).min().unwrap_or(1)
    }

    /// Adds an address of our own. Carriers that one serves are reached from such addresses only.
    pub fn add_source(&mut self, source: Source) {
        self.sources.push(source);
    }

    /// The addresses of our own from which mails leave, as configured; none where the system chooses.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Who the carriers are.
    pub fn rows(&self) -> impl Iterator<Item = &CarrierRow> {
        self.rows.iter().map(|(row, _)| row)
    }

    /// Adds a relay for the mails of some carriers (特定接続).
    pub fn add_route(&mut self, route: RelayRoute) {
        self.routes.push(route);
    }

    pub(crate) fn table(&self) -> CarrierTable {
        CarrierTable::new(self.rows.iter().map(|(row, _)| row.clone()).collect())
    }

    /// Carriers that are reached through relays alone: where their MX hosts are is nothing to us.
    pub(crate) fn behind_relays(&self) -> HashSet<Carrier> {
        let only = |carrier: &&Carrier| {
            let mut routes = self.routes.iter().filter(|route| route.serves(carrier)).peekable();
            routes.peek().is_some() && routes.all(|route| route.when_down == WhenDown::Wait)
        };
        self.routes.iter().flat_map(|route| &route.carriers).filter(only).cloned().collect()
    }

    pub(crate) fn policies(&self) -> HashMap<Carrier, Policy> {
        self.rows.iter().map(|(row, policy)| (row.carrier.clone(), policy.clone())).collect()
    }

    pub(crate) fn tables(&self) -> Tables {
        Tables {
            table: self.table(),
            policies: self.policies(),
            default_policy: self.default_policy(),
            sources: self.sources.clone(),
            routes: self.routes.clone(),
            rules: self.rules(),
        }
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
    #[serde(default)]
    route: Vec<RouteToml>,
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
    #[serde(default)]
    total: TotalsToml,
}

impl CarrierToml {
    fn build(self, default: &Policy) -> Result<(CarrierRow, Policy), TableError> {
        let policy = Policy { total: self.total.totals(), ..self.limits.policy(default, &self.name)? };
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
