//! TLSA records that DNSSEC proves (RFC 7672), from a resolver of its own that validates every signature.

use std::path::Path;
use std::sync::Arc;

use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};

use crate::trust::{Published, Tlsa};

/// What the name service can prove about a name.
enum Proven {
    /// These records, signed up to a trust anchor.
    Secure(Vec<RData>),
    /// Records that nobody signs; that too is proven.
    Insecure,
    /// No such record.
    Absent,
    /// Nothing: no answer, or a signature that does not fit. hickory tells both as one (`facts/crates.md` §4), and both
    /// may be somebody's doing.
    Failed(String),
}

/// Looks up what is signed.
pub(super) struct Signed {
    dns: TokioResolver,
}

impl Signed {
    /// A validating resolver; `anchors` is a file of DNSKEY records to trust instead of the root's keys.
    pub(super) fn new(
        mut builder: ResolverBuilder<TokioRuntimeProvider>,
        anchors: Option<&Path>,
    ) -> Result<Signed, String> {
        builder.options_mut().validate = true;
        if let Some(path) = anchors {
            let told = |e| format!("{}: cannot be used as a list of DNSKEY records: {e}", path.display());
            builder = builder.with_trust_anchor(Arc::new(TrustAnchors::from_file(path).map_err(told)?));
        }
        Ok(Signed { dns: builder.build().map_err(|e| format!("the name service: {e}"))? })
    }

    /// What TLSA records demand of each host.
    ///
    /// # Errors
    /// The domain's MX records could not be validated: nothing is known of where its mail may go (RFC 7672 §2.2.1).
    pub(super) async fn published(&self, domain: &str, hosts: &[&str], port: u16) -> Result<Vec<Published>, String> {
        let named: Vec<String> = match self.ask(domain, RecordType::MX).await {
            Proven::Secure(records) => records.iter().filter_map(exchange).collect(),
            Proven::Absent => vec![domain.to_string()],
            Proven::Insecure => return Ok(vec![Published::Nothing; hosts.len()]),
            Proven::Failed(why) => {
                return Err(format!("DNSSEC: the MX records of {domain} cannot be validated: {why}"));
            }
        };
        let mut all = Vec::with_capacity(hosts.len());
        for host in hosts {
            all.push(if named.iter().any(|name| name == host) {
                self.of_host(domain, host, port).await
            } else {
                Published::Barred(format!("the signed MX records of {domain} do not name {host}"))
            });
        }
        Ok(all)
    }

    async fn of_host(&self, domain: &str, host: &str, port: u16) -> Published {
        let barred = |what: &str, why: String| {
            let who = "its postmaster must mend its DNSSEC, or the name service in use withholds signatures";
            Published::Barred(format!("DNSSEC: the {what} of {host} cannot be validated: {why}; {who}"))
        };
        // Where the address is not signed the name is not either, and TLSA records under it need not be asked for
        // (RFC 7672 §2.2.2).
        let mut address = self.ask(host, RecordType::A).await;
        if let Proven::Absent = address {
            address = self.ask(host, RecordType::AAAA).await;
        }
        match address {
            Proven::Secure(_) => {}
            Proven::Insecure | Proven::Absent => return Published::Nothing,
            Proven::Failed(why) => return barred("address", why),
        }
        match self.ask(&format!("_{port}._tcp.{host}"), RecordType::TLSA).await {
            Proven::Secure(records) => {
                let mut records: Vec<Tlsa> = records.iter().filter_map(tlsa).filter(Tlsa::is_usable).collect();
                records.sort_unstable();
                let second = records.iter().any(|record| record.usage == Tlsa::AUTHORITY);
                Published::Dane { records, domain: if second { domain.to_string() } else { String::new() } }
            }
            Proven::Insecure | Proven::Absent => Published::Nothing,
            Proven::Failed(why) => barred("TLSA records", why),
        }
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Proven {
        match self.dns.lookup(format!("{name}."), kind).await {
            Ok(found) => {
                let answers = found.answers().iter().filter(|record| record.record_type() != RecordType::RRSIG);
                let (mut secure, mut records) = (true, Vec::new());
                for record in answers {
                    match record.proof {
                        Proof::Secure => {}
                        Proof::Bogus => return Proven::Failed(format!("{name}: a signature does not fit")),
                        Proof::Insecure | Proof::Indeterminate => secure = false,
                    }
                    records.extend((record.record_type() == kind).then(|| record.data.clone()));
                }
                match (secure, records.is_empty()) {
                    (_, true) => Proven::Absent,
                    (true, _) => Proven::Secure(records),
                    (false, _) => Proven::Insecure,
                }
            }
            Err(e) if e.is_nx_domain() || e.is_no_records_found() => Proven::Absent,
            Err(NetError::Dns(DnsError::Nsec { proof: Proof::Secure | Proof::Insecure, .. })) => Proven::Absent,
            Err(e) => Proven::Failed(format!("{name}: {e}")),
        }
    }
}

fn exchange(data: &RData) -> Option<String> {
    match data {
        RData::MX(mx) => Some(mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase()),
        _ => None,
    }
}

fn tlsa(data: &RData) -> Option<Tlsa> {
    match data {
        RData::TLSA(tlsa) => Some(Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        }),
        _ => None,
    }
}
