//! Reading a domain's MX records: what is usable, what is not, and why (RFC 5321 §5.1, RFC 7505).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::MxRecord;

/// Hosts of a domain that are used at most. Great providers list five to ten; the rest is somebody's mistake or malice.
const HOSTS_MAX: usize = 20;
/// Addresses of a host that are used at most.
pub const HOST_ADDRESSES_MAX: usize = 16;
/// Bytes of a host name at most (RFC 1035 §2.3.4, without the final dot).
const HOST_BYTES_MAX: usize = 253;

/// What a domain's MX records come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanges {
    /// These hosts, each once, by preference and name.
    Hosts(Vec<MxRecord>),
    /// It takes no mail (null MX, RFC 7505).
    Null,
    /// It has no MX record: its own address is asked for instead (implicit MX).
    None,
    /// It has MX records, none of which can be used. This is an error, not an implicit MX (RFC 5321 §5.1).
    Unusable(String),
}

/// Reads MX records as (preference, exchange). `own` is our own name.
///
/// - Names are compared in lower case without the final dot; a host listed twice counts at its better preference.
/// - The null exchange beside others is ignored; alone it is a null MX.
/// - An IP address, a name that is no host name and `localhost` (RFC 6761) are left out.
/// - Where we ourselves are listed, we and all hosts that are not preferred to us are left out (RFC 5321 §5.1), as long
///   as somebody better remains. Otherwise the list stays: the engine takes no mail, so handing it to the receiving
///   server beside it makes no loop.
pub fn exchanges(found: impl IntoIterator<Item = (u16, String)>, own: &str) -> Exchanges {
    let mut best: BTreeMap<String, u16> = BTreeMap::new();
    let (mut nulls, mut unusable) = (false, None);
    for (preference, exchange) in found {
        let host = exchange.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            nulls = true;
        } else if !is_host_name(&host) {
            unusable = Some(host);
        } else {
            let known = best.entry(host).or_insert(preference);
            *known = preference.min(*known);
        }
    }
    let mut hosts: Vec<MxRecord> = best.into_iter().map(|(host, preference)| MxRecord { preference, host }).collect();
    match (hosts.is_empty(), unusable) {
        (true, Some(host)) => return Exchanges::Unusable(format!("its MX names {host:?}, which is no mail host")),
        (true, None) => return if nulls { Exchanges::Null } else { Exchanges::None },
        _ => {}
    }
    hosts.sort_by(|a, b| (a.preference, &a.host).cmp(&(b.preference, &b.host)));
    let own = own.trim_end_matches('.').to_ascii_lowercase();
    if let Some(ours) = hosts.iter().find(|record| record.host == own).map(|record| record.preference)
        && hosts[0].preference < ours
    {
        hosts.retain(|record| record.preference < ours);
    }
    hosts.truncate(HOSTS_MAX);
    Exchanges::Hosts(hosts)
}

/// Whether a name can be a mail host's: labels of letters, digits, hyphens and underscores, no address, not `localhost`.
fn is_host_name(host: &str) -> bool {
    let label = |l: &str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&l.len()) && l.bytes().all(good)
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= HOST_BYTES_MAX
        && host.split('.').all(label)
        // No top-level domain is a number (RFC 3696 §2), so this is an address or the beginning of one.
        && !last.bytes().all(|b| b.is_ascii_digit())
        && last != "localhost"
        && host != "localhost.localdomain"
}

/// Whether an address can only mean this machine or no machine, so that no carrier of the internet can be there.
#[must_use]
pub fn is_own_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || broadcast
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(found: &[(u16, &str)]) -> Exchanges {
        exchanges(found.iter().map(|(p, h)| (*p, h.to_string())), "mail.sender.example")
    }

    fn hosts(found: &[(u16, &str)]) -> Vec<(u16, String)> {
        match read(found) {
            Exchanges::Hosts(records) => records.into_iter().map(|r| (r.preference, r.host)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_are_compared_without_case_and_dot_and_a_host_counts_once_at_its_better_preference() {
        let got = hosts(&[(20, "MX1.Example."), (10, "mx1.example"), (5, "mx2.example.")]);
        assert_eq!(got, [(5, "mx2.example".to_string()), (10, "mx1.example".to_string())]);
    }

    #[test]
    fn a_null_mx_takes_no_mail_and_beside_other_hosts_it_is_ignored() {
        assert_eq!(read(&[(0, ".")]), Exchanges::Null);
        assert_eq!(hosts(&[(0, "."), (10, "mx.example.")]).len(), 1);
        assert_eq!(read(&[]), Exchanges::None);
    }

    #[test]
    fn addresses_localhost_and_what_is_no_host_name_are_left_out_and_alone_they_are_an_error() {
        for bad in
            ["192.0.2.1.", "127.0.0.1", "localhost.", "localhost.localdomain.", "mx..example", "a b.example", "1"]
        {
            assert!(matches!(read(&[(10, bad)]), Exchanges::Unusable(_)), "{bad}");
            assert_eq!(hosts(&[(10, bad), (20, "mx.example.")]), [(20, "mx.example".to_string())], "{bad}");
        }
        assert_eq!(hosts(&[(10, "_mx.xn--eckwd4c7c.example.")]).len(), 1, "underscores and A-labels are in use");
    }

    #[test]
    fn where_we_are_listed_only_hosts_that_are_preferred_to_us_are_tried() {
        let ours = "MAIL.sender.example.";
        let got = hosts(&[(5, "a.example"), (10, ours), (10, "b.example"), (20, "c.example")]);
        assert_eq!(got, [(5, "a.example".to_string())]);
        assert_eq!(
            hosts(&[(10, ours), (20, "c.example")]).len(),
            2,
            "nobody is better: the receiving server beside us"
        );
    }

    #[test]
    fn a_domain_with_a_thousand_hosts_keeps_its_twenty_best() {
        let many: Vec<(u16, String)> = (0..1000).map(|n| (1000 - n, format!("mx{n}.example"))).collect();
        let Exchanges::Hosts(kept) = exchanges(many, "x") else { panic!("hosts") };
        assert_eq!((kept.len(), kept[0].preference, kept[19].preference), (20, 1, 20));
    }

    #[test]
    fn no_machine_of_the_internet_has_the_address_of_ours() {
        for own in
            ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "224.0.0.1", "255.255.255.255"]
        {
            assert!(is_own_machine(own.parse().unwrap()), "{own}");
        }
        assert!(!is_own_machine("192.0.2.1".parse().unwrap()) && !is_own_machine("2001:db8::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn whatever_is_listed_the_hosts_are_few_different_and_in_order(
            found in prop::collection::vec((any::<u16>(), "[a-zA-Z0-9._ -]{0,20}"), 0..60),
        ) {
            if let Exchanges::Hosts(records) = exchanges(found, "a.b") {
                prop_assert!(!records.is_empty() && records.len() <= HOSTS_MAX);
                let keys: Vec<_> = records.iter().map(|r| (r.preference, r.host.clone())).collect();
                prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
                let names: std::collections::BTreeSet<_> = records.iter().map(|r| &r.host).collect();
                prop_assert_eq!(names.len(), records.len());
                prop_assert!(records.iter().all(|r| is_host_name(&r.host)));
            }
        }
    }
}
