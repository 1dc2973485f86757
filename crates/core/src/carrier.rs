//! Which carrier answers for a domain: the table's rows and how they are found.

use std::collections::HashMap;

use crate::address::AddressStyle;

/// The short name of a carrier, such as `docomo`; it names lanes, limits and reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Carrier(String);

impl Carrier {
    /// A carrier by name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Carrier(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for Carrier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One row of the carrier table: who it is and how it is recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierRow {
    /// The carrier's name.
    pub carrier: Carrier,
    /// Domains it serves; `*.` in front stands for any subdomain.
    pub domains: Vec<String>,
    /// Suffixes of its MX host names, with the leading dot or a whole name.
    pub mx_suffixes: Vec<String>,
    /// How legacy local parts are written to it first.
    pub address_style: AddressStyle,
    /// Where the row's facts come from.
    pub source: String,
}

/// The carriers that are known by name, looked up by domain or by MX host.
#[derive(Clone, Debug, Default)]
pub struct CarrierTable {
    rows: Vec<CarrierRow>,
    by_domain: HashMap<String, usize>,
}

impl CarrierTable {
    /// Builds the table; the first row that names a domain wins.
    #[must_use]
    pub fn new(rows: Vec<CarrierRow>) -> Self {
        let mut by_domain = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            for domain in &row.domains {
                by_domain.entry(domain.clone()).or_insert(at);
            }
        }
        CarrierTable { rows, by_domain }
    }

    /// The row of a carrier by name.
    #[must_use]
    pub fn row(&self, carrier: &Carrier) -> Option<&CarrierRow> {
        self.rows.iter().find(|row| row.carrier == *carrier)
    }

    /// The carrier that serves a domain, by the table alone.
    #[must_use]
    pub fn of_domain(&self, domain: &str) -> Option<&CarrierRow> {
        if let Some(at) = self.by_domain.get(domain) {
            return self.rows.get(*at);
        }
        let mut rest = domain;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(at) = self.by_domain.get(&format!("*.{parent}")) {
                return self.rows.get(*at);
            }
            rest = parent;
        }
        None
    }

    /// The carrier that all of a domain's MX hosts belong to.
    ///
    /// Every host must match: a domain that lists a provider only as a backup is not that provider's domain.
    #[must_use]
    pub fn of_hosts(&self, hosts: &[String]) -> Option<&CarrierRow> {
        if hosts.is_empty() {
            return None;
        }
        self.rows
            .iter()
            .find(|row| hosts.iter().all(|host| row.mx_suffixes.iter().any(|suffix| has_suffix(host, suffix))))
    }
}

fn has_suffix(host: &str, suffix: &str) -> bool {
    match suffix.strip_prefix('.') {
        Some(bare) => host == bare || host.ends_with(suffix),
        None => host == suffix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> CarrierTable {
        let row = |name: &str, domains: &[&str], suffixes: &[&str]| CarrierRow {
            carrier: Carrier::new(name),
            domains: domains.iter().map(ToString::to_string).collect(),
            mx_suffixes: suffixes.iter().map(ToString::to_string).collect(),
            address_style: AddressStyle::Quoted,
            source: "test".into(),
        };
        CarrierTable::new(vec![
            row("au", &["au.com", "ezweb.ne.jp", "*.ezweb.ne.jp"], &[".ezweb.ne.jp", "msmx.au.com"]),
            row("google", &["gmail.com"], &[".google.com"]),
        ])
    }

    fn name(row: Option<&CarrierRow>) -> Option<&str> {
        row.map(|r| r.carrier.as_str())
    }

    #[test]
    fn a_domain_finds_its_carrier_and_so_does_a_subdomain_where_the_table_says_so() {
        assert_eq!(name(table().of_domain("ezweb.ne.jp")), Some("au"));
        assert_eq!(name(table().of_domain("biz.ezweb.ne.jp")), Some("au"));
        assert_eq!(name(table().of_domain("sub.gmail.com")), None);
        assert_eq!(name(table().of_domain("ne.jp")), None);
    }

    #[test]
    fn a_hosted_domain_belongs_to_the_provider_only_if_every_mx_does() {
        let hosts = |h: &[&str]| h.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(name(table().of_hosts(&hosts(&["aspmx.l.google.com", "alt1.aspmx.l.google.com"]))), Some("google"));
        assert_eq!(name(table().of_hosts(&hosts(&["aspmx.l.google.com", "mx.backup.example"]))), None);
        assert_eq!(name(table().of_hosts(&hosts(&["notgoogle.com"]))), None);
        assert_eq!(name(table().of_hosts(&[])), None);
    }
}
