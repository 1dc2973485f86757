//! Where a domain's mail goes: what its MX records mean, in what order hosts and addresses are tried, for how long it holds.

mod known;
mod reach;
mod reading;

pub use known::{
    DENIAL_CONFIRMED, IN_USE, KEPT_MAX, KEPT_PREFIX, Kept, REWRITTEN, STALE_AFTER, denial_holds, holds, kept_name,
    renewal, retry_wait,
};
pub use reach::{Candidate, Failure, Families, Reach, choose};
pub use reading::{Exchanges, HOST_ADDRESSES_MAX, exchanges, is_own_machine};

use std::net::SocketAddr;

use crate::trust::Published;

/// The site of domains that are reached through a relay alone, so that nobody asked for their hosts.
pub const BY_RELAY: &str = "by relay";

/// One MX record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct MxRecord {
    /// Lower goes first.
    pub preference: u16,
    /// Host name in lower case, without the final dot.
    pub host: String,
}

/// One MX host with its addresses.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostRoute {
    /// Host name.
    pub name: String,
    /// Lower goes first.
    pub preference: u16,
    /// Where it listens.
    pub addrs: Vec<SocketAddr>,
    /// What is published about its encryption.
    pub published: Published,
}

/// Host names in the order to try: by preference, ties in an order drawn by `draw` (RFC 5321 §5.1).
///
/// `draw(n)` gives a number below `n`.
pub fn order(records: &[MxRecord], mut draw: impl FnMut(usize) -> usize) -> Vec<String> {
    let mut sorted: Vec<&MxRecord> = records.iter().collect();
    // Fisher-Yates first, then a stable sort: ties keep the drawn order.
    for i in (1..sorted.len()).rev() {
        sorted.swap(i, draw(i + 1).min(i));
    }
    sorted.sort_by_key(|record| record.preference);
    let mut hosts: Vec<String> = Vec::with_capacity(sorted.len());
    for record in sorted {
        if !hosts.contains(&record.host) {
            hosts.push(record.host.clone());
        }
    }
    hosts
}

/// The name of a site: domains with the same set of MX hosts share limits and sessions.
#[must_use]
pub fn site_name(records: &[MxRecord]) -> String {
    let mut hosts: Vec<&str> = records.iter().map(|r| r.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mx(preference: u16, host: &str) -> MxRecord {
        MxRecord { preference, host: host.into() }
    }

    #[test]
    fn lower_preference_goes_first_and_ties_take_turns() {
        let records = [mx(20, "c"), mx(10, "a"), mx(10, "b")];
        let mut firsts = std::collections::BTreeSet::new();
        for pick in 0..6 {
            let mut drawn = pick;
            let hosts = order(&records, |n| {
                let d = drawn % n;
                drawn /= n;
                d
            });
            assert_eq!(hosts[2], "c");
            firsts.insert(hosts[0].clone());
        }
        assert_eq!(firsts.len(), 2);
    }

    #[test]
    fn domains_with_the_same_hosts_are_one_site_in_whatever_order_they_list_them() {
        assert_eq!(site_name(&[mx(10, "a"), mx(20, "b")]), site_name(&[mx(5, "b"), mx(5, "a")]));
    }
}
