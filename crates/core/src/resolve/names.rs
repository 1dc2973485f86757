//! Questions to the name service: few at once, each answered with records, with "there are none", or not at all.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use hickory_resolver::{Resolver as Hickory, ResolverBuilder, TokioResolver};
use tokio::sync::Semaphore;

use crate::config::NameService;
use crate::mx::HOST_ADDRESSES_MAX;

/// Questions under way at most: each has a socket of its own.
const AT_ONCE: usize = 128;
/// How long one server is waited for, and how often it is asked again: six seconds in all.
const PATIENCE: (Duration, usize) = (Duration::from_secs(2), 2);
/// What the cache keeps it keeps for this long at least, so that what has less left is known to be old.
const CACHED_MIN: Duration = Duration::from_secs(60);

/// What the name service said to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<T> {
    /// These, and for how long they hold.
    These(T, Duration),
    /// There are none. The name itself may exist or not; it may be said for how long this holds.
    Nothing {
        /// Whether the name exists and only has no such record (NODATA), or does not exist (NXDOMAIN).
        exists: bool,
        /// The lower of the zone's SOA TTL and minimum (RFC 2308 §5).
        holds: Option<Duration>,
    },
    /// No answer, or one that says that the server could not find out: nothing is known. Why, for people.
    Failed(String),
}

/// A resolver that asks whom the configuration names.
///
/// # Errors
/// A text that says what is wrong with the system's resolver configuration.
pub fn builder(service: &NameService) -> Result<ResolverBuilder<TokioRuntimeProvider>, String> {
    let mut builder = match service {
        NameService::System => Hickory::builder_tokio().map_err(|e| format!("the system's name service: {e}"))?,
        NameService::Servers(servers) => {
            let servers = servers.iter().map(name_server).collect();
            let servers = ResolverConfig::from_parts(None, vec![], servers);
            Hickory::builder_with_config(servers, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    (options.timeout, options.attempts) = PATIENCE;
    Ok(builder)
}

/// The resolver, or why there is none.
type Dns = Result<TokioResolver, String>;

/// The name service.
#[derive(Clone)]
pub struct Names {
    /// Made when it is first asked: it reads the system's roots of trust, which takes longer than all else at a start.
    dns: Arc<LazyLock<Dns, Box<dyn FnOnce() -> Dns + Send>>>,
    turns: Arc<Semaphore>,
}

impl Names {
    /// The name service as configured.
    ///
    /// # Errors
    /// A text that says what is wrong with the system's resolver configuration.
    pub fn new(service: &NameService) -> Result<Self, String> {
        let mut builder = builder(service)?;
        let options = builder.options_mut();
        options.positive_min_ttl = Some(CACHED_MIN);
        options.max_active_requests = AT_ONCE;
        // One family alone would leave a host of the other unreachable.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let make: Box<dyn FnOnce() -> Dns + Send> =
            Box::new(|| builder.build().map_err(|e| format!("the name service: {e}")));
        Ok(Names { dns: Arc::new(LazyLock::new(make)), turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// The resolver itself, for questions of other kinds.
    ///
    /// # Errors
    /// A text that says why there is none.
    pub fn dns(&self) -> Result<&TokioResolver, String> {
        self.dns.as_ref().as_ref().map_err(Clone::clone)
    }

    /// A domain's MX records as (preference, exchange), never from the cache: who asks wants to know anew.
    pub async fn exchanges(&self, domain: &str) -> Said<Vec<(u16, String)>> {
        let name = absolute(domain);
        self.forget(&name, RecordType::MX);
        self.ask(&name, RecordType::MX, |data| match data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
            _ => None,
        })
        .await
    }

    /// A host's addresses of both families, asked for at once. Where one family cannot be found out, the other one's
    /// addresses are used for as short a time as possible.
    pub async fn addresses(&self, host: &str) -> Said<Vec<IpAddr>> {
        let name = absolute(host);
        let (v4, v6) = tokio::join!(self.family(&name, RecordType::A), self.family(&name, RecordType::AAAA));
        match (v4, v6) {
            (Said::These(mut v4, t4), Said::These(mut v6, t6)) => {
                v4.sort_unstable();
                v6.sort_unstable();
                v4.truncate(HOST_ADDRESSES_MAX / 2);
                v6.truncate(HOST_ADDRESSES_MAX / 2);
                v4.append(&mut v6);
                Said::These(v4, t4.min(t6))
            }
            (Said::These(some, ttl), Said::Nothing { .. }) | (Said::Nothing { .. }, Said::These(some, ttl)) => {
                Said::These(some, ttl)
            }
            (Said::These(some, _), Said::Failed(_)) | (Said::Failed(_), Said::These(some, _)) => {
                Said::These(some, Duration::ZERO)
            }
            (Said::Failed(why), _) | (_, Said::Failed(why)) => Said::Failed(why),
            (Said::Nothing { exists: e4, holds: h4 }, Said::Nothing { exists: e6, holds: h6 }) => {
                Said::Nothing { exists: e4 || e6, holds: h4.into_iter().chain(h6).min() }
            }
        }
    }

    /// A relay's addresses; its name may stand in the system's hosts file.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub async fn relay(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let found = self.dns()?.lookup_ip(host).await.map_err(|e| why(&e))?;
        Ok(found.iter().collect())
    }

    /// Addresses of one family, from the cache only while they hold for a while.
    async fn family(&self, name: &str, kind: RecordType) -> Said<Vec<IpAddr>> {
        let read = |data: &RData| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        };
        match self.ask(name, kind, read).await {
            Said::These(_, ttl) if ttl + Duration::from_secs(1) < CACHED_MIN => {
                self.forget(name, kind);
                self.ask(name, kind, read).await
            }
            said => said,
        }
    }

    /// Has the next question asked anew.
    fn forget(&self, name: &str, kind: RecordType) {
        if let Ok(dns) = self.dns() {
            dns.clear_lookup_cache(name, kind);
        }
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, read: impl Fn(&RData) -> Option<T>) -> Said<Vec<T>> {
        // It is never closed.
        let _turn = self.turns.acquire().await;
        let dns = match self.dns() {
            Ok(dns) => dns,
            Err(why) => return Said::Failed(why),
        };
        match dns.lookup(name, kind).await {
            Ok(found) => read_answer(&found, read),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let holds = none.negative_ttl.map(|ttl| Duration::from_secs(u64::from(ttl)));
                Said::Nothing { exists: none.response_code != ResponseCode::NXDomain, holds }
            }
            Err(e) => Said::Failed(why(&e)),
        }
    }
}

/// An answer may hold aliases (CNAME) beside the records, and only aliases where the last of them has none.
fn read_answer<T>(found: &Lookup, read: impl Fn(&RData) -> Option<T>) -> Said<Vec<T>> {
    let records: Vec<T> = found.answers().iter().filter_map(|record| read(&record.data)).collect();
    if records.is_empty() {
        return Said::Nothing { exists: true, holds: None };
    }
    let ttl = found.answers().iter().map(|record: &Record| record.ttl).min().unwrap_or_default();
    Said::These(records, Duration::from_secs(u64::from(ttl)))
}

/// A failure in words that tell what to look at.
fn why(error: &NetError) -> String {
    match error {
        NetError::Timeout => "the name service did not answer in time".into(),
        NetError::Dns(DnsError::ResponseCode(code)) => format!("the name service answered {code}"),
        NetError::NoConnections => "the name service cannot be reached".into(),
        other => format!("the name service failed: {other}"),
    }
}

/// The final dot keeps the resolver from trying the machine's own search domains.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn name_server(addr: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = addr.port();
    }
    NameServerConfig::new(addr.ip(), true, connections)
}
