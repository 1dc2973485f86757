//! What the name server knows: MX and A records of the profile's domains and hosts.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;

use hickory_proto::rr::rdata::{A, MX, SOA, TLSA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::carrier::covers;
use crate::ledger::lock;
use crate::policy_host::Policies;
use crate::profile::Profile;
use crate::records::{self, Records};

/// All names of a profile.
#[derive(Debug)]
pub(crate) struct Zone {
    ttl_s: u32,
    hosts: HashMap<String, Ipv4Addr>,
    /// Domains and `*.` patterns, the exact ones first.
    domains: Vec<(String, Mail)>,
    /// TLSA records by name.
    tlsa: HashMap<String, Vec<TLSA>>,
    /// Names of TLSA records whose signature does not fit.
    forged: HashSet<String>,
    /// Names delegated without signatures.
    cuts: Vec<String>,
    policies: Policies,
    /// What is known beside the profile, before it is asked.
    pub(crate) records: Records,
}

/// Where a domain's mail goes.
#[derive(Clone, Debug)]
enum Mail {
    Exchanges(Vec<(u16, Name)>),
    /// To the domain's own address.
    Implicit(Ipv4Addr),
    /// Nowhere (RFC 7505).
    Null,
}

/// What is known about a name.
#[derive(Debug, PartialEq)]
pub(crate) enum Known {
    Records(Vec<Record>),
    /// The name exists, but has no record of this type.
    NoData,
    NoName,
}

impl Zone {
    /// Lays out the zone; `addresses` are those of the profile's hosts, carrier by carrier, `tlsa` their TLSA records by name.
    pub(crate) fn new(
        profile: &Profile,
        addresses: &[Vec<Ipv4Addr>],
        tlsa: HashMap<String, Vec<TLSA>>,
        forged: HashSet<String>,
        policies: Policies,
    ) -> Self {
        let mut hosts = HashMap::new();
        let mut domains = Vec::new();
        for (carrier, addresses) in profile.carriers.iter().zip(addresses) {
            for (host, address) in carrier.hosts.iter().zip(addresses) {
                hosts.insert(host.name.clone(), *address);
            }
            for domain in &carrier.domains {
                let mail = match addresses.first() {
                    Some(first) if carrier.implicit_mx => Mail::Implicit(*first),
                    _ => Mail::Exchanges(
                        carrier
                            .hosts
                            .iter()
                            .filter(|host| host.domains.is_empty() || host.domains.contains(domain))
                            .filter_map(|host| Some((host.preference, Name::from_ascii(&host.name).ok()?)))
                            .collect(),
                    ),
                };
                domains.push((domain.clone(), mail));
            }
        }
        domains.extend(profile.dns.null_mx.iter().map(|domain| (domain.clone(), Mail::Null)));
        domains.sort_by_key(|(domain, _)| domain.starts_with('*'));
        let unsigned = profile.carriers.iter().filter(|carrier| carrier.unsigned);
        let names =
            unsigned.flat_map(|carrier| carrier.domains.iter().chain(carrier.hosts.iter().map(|host| &host.name)));
        let cuts = names.cloned().collect();
        Self { ttl_s: profile.dns.ttl_s, hosts, domains, tlsa, forged, cuts, policies, records: Records::default() }
    }

    /// Looks a name up.
    pub(crate) fn look_up(&self, asked: &Name, kind: RecordType) -> Known {
        let name = text(asked);
        let of = |data| Record::from_rdata(asked.clone(), self.ttl_s, data);
        match records::look_up(&self.records, &name, kind) {
            Some(found) if found.is_empty() => return Known::NoData,
            Some(found) => return Known::Records(found.into_iter().map(of).collect()),
            None => {}
        }
        let mut root = Name::root();
        root.set_fqdn(true);
        let mail = self.domains.iter().find(|(domain, _)| covers(domain, &name)).map(|(_, mail)| mail);
        let address = self.hosts.get(&name).copied();
        let policy = |prefix: &str| {
            let domain = name.strip_prefix(prefix)?;
            lock(&self.policies).get(domain).filter(|policy| !policy.id.is_empty()).cloned()
        };
        let tlsa = self.tlsa.get(&name);
        let found: Vec<RData> = match (kind, mail) {
            (RecordType::TLSA, _) => tlsa.into_iter().flatten().cloned().map(RData::TLSA).collect(),
            (RecordType::TXT, _) => {
                let record = |id| RData::TXT(TXT::new(vec![format!("v=STSv1; id={id};")]));
                policy("_mta-sts.").map(|policy| record(policy.id)).into_iter().collect()
            }
            (RecordType::A, None)
                if name.strip_prefix("mta-sts.").is_some_and(|d| lock(&self.policies).contains_key(d)) =>
            {
                vec![RData::A(A(Ipv4Addr::LOCALHOST))]
            }
            (RecordType::A, Some(Mail::Implicit(own))) => vec![RData::A(A(*own))],
            (RecordType::A, _) => address.map(|own| RData::A(A(own))).into_iter().collect(),
            (RecordType::MX, Some(Mail::Null)) => vec![RData::MX(MX::new(0, root))],
            (RecordType::MX, Some(Mail::Exchanges(hosts))) => hosts
                .iter()
                .map(|(preference, host)| {
                    let mut host = host.clone();
                    host.set_fqdn(true);
                    RData::MX(MX::new(*preference, host))
                })
                .collect(),
            _ => Vec::new(),
        };
        match (found.is_empty(), mail.is_some() || address.is_some() || tlsa.is_some()) {
            (false, _) => Known::Records(found.into_iter().map(of).collect()),
            (true, true) => Known::NoData,
            (true, false) => Known::NoName,
        }
    }

    /// The name without signatures at which, or below which, this one is.
    pub(crate) fn cut(&self, name: &str) -> Option<&str> {
        let below = |cut: &str| name.strip_suffix(cut).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.cuts.iter().map(String::as_str).filter(|cut| below(cut)).max_by_key(|cut| cut.len())
    }

    /// Whether the signature of this name's TLSA records does not fit.
    pub(crate) fn is_forged(&self, name: &str) -> bool {
        self.forged.contains(name)
    }

    /// The record that says how long a "no" may be kept (RFC 2308 §3).
    pub(crate) fn authority(&self) -> Record {
        let soa = SOA::new(Name::root(), Name::root(), 1, 3_600, 600, 86_400, self.ttl_s);
        Record::from_rdata(Name::root(), self.ttl_s, RData::SOA(soa))
    }
}

/// A name in lower case without its final dot.
pub(crate) fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
