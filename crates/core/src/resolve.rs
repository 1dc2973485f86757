//! Asking the name service where a domain's mail goes.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver as Hickory, TokioResolver};

use crate::carrier::{Carrier, CarrierTable};
use crate::config::{Config, Dial, NameService, Relay};
use crate::event::{HostRoute, Route};
use crate::mx::{self, MxAnswer, MxRecord};
use crate::route::{RelayRoute, WhenDown};

/// Longest time for which an answer is used without asking again.
const VALID_MAX: Duration = Duration::from_secs(3600);
/// Shortest, so that a TTL of zero does not make a question of every mail.
const VALID_MIN: Duration = Duration::from_secs(30);

/// Looks up routes.
pub struct Resolver {
    dns: TokioResolver,
    table: RwLock<Arc<CarrierTable>>,
    dial: Dial,
    relay: Option<Relay>,
    routes: Vec<RelayRoute>,
    port: u16,
}

impl Resolver {
    /// A resolver as the configuration says.
    ///
    /// # Errors
    /// A text that says what is wrong with the system's resolver configuration.
    pub fn new(config: &Config) -> Result<Self, String> {
        let builder = match &config.dns {
            NameService::System => Hickory::builder_tokio().map_err(|e| format!("the system's name service: {e}"))?,
            NameService::Servers(servers) => {
                let servers = servers.iter().map(name_server).collect();
                let servers = ResolverConfig::from_parts(None, vec![], servers);
                Hickory::builder_with_config(servers, TokioRuntimeProvider::default())
            }
        };
        let mut builder = builder;
        builder.options_mut().timeout = Duration::from_secs(2);
        builder.options_mut().attempts = 3;
        let dns = builder.build().map_err(|e| format!("the name service: {e}"))?;
        let table = RwLock::new(Arc::new(config.carriers.table()));
        Ok(Resolver {
            dns,
            table,
            dial: config.dial,
            relay: config.relay.clone(),
            routes: config.carriers.routes.clone(),
            port: config.port,
        })
    }

    /// Goes by another table of carriers from now on.
    pub fn set_table(&self, table: CarrierTable) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// Where a domain's mail goes, and for how long this holds.
    pub async fn route(&self, domain: &str) -> (Route, Duration) {
        if let Some(relay) = &self.relay {
            return self.to_relay(relay).await;
        }
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner).clone();
        let carrier = table.of_domain(domain).map_or_else(|| Carrier::new(domain), |row| row.carrier.clone());
        let waits: Vec<bool> = self
            .routes
            .iter()
            .filter(|route| route.serves(&carrier))
            .map(|route| route.when_down == WhenDown::Wait)
            .collect();
        if waits.is_empty() {
            return self.to_mx(domain).await;
        }
        // A carrier with a relay of its own is reached whatever the name service says of its MX hosts.
        let alone = (
            Route::Hosts { carrier: carrier.clone(), site: format!("{domain} by relay"), hosts: Vec::new() },
            VALID_MIN,
        );
        if waits.iter().all(|waits| *waits) {
            return alone;
        }
        match self.to_mx(domain).await {
            (Route::Failed(_), _) => alone,
            found => found,
        }
    }

    /// Where the relay of a route listens, and for how long this holds.
    pub async fn relay(&self, name: &str) -> (Result<Vec<SocketAddr>, String>, Duration) {
        let Some(route) = self.routes.iter().find(|route| route.name == name) else {
            return (Err(format!("there is no route {name}")), VALID_MAX);
        };
        match self.to_relay(&Relay { host: route.host.clone(), port: route.port }).await {
            (Route::Hosts { hosts, .. }, valid) => (Ok(hosts.into_iter().flat_map(|host| host.addrs).collect()), valid),
            (Route::NoMail(why) | Route::Failed(why), valid) => (Err(why), valid),
        }
    }

    /// Where a domain's mail goes by its MX records.
    async fn to_mx(&self, domain: &str) -> (Route, Duration) {
        if self.dial == Dial::RelayOnly {
            return (Route::Failed("dial = relay-only and no relay is configured".into()), VALID_MIN);
        }
        let (answer, valid) = self.mx(domain).await;
        let records = match answer {
            MxAnswer::Hosts(records) => records,
            MxAnswer::NoMail(why) => return (Route::NoMail(why), valid),
            MxAnswer::Failed(why) => return (Route::Failed(why), valid),
        };
        let mut hosts = Vec::new();
        let mut problem = String::from("no MX host has an address");
        for record in &records {
            match self.addresses(&record.host).await {
                Ok(addrs) => {
                    let route = HostRoute { name: record.host.clone(), preference: record.preference, addrs };
                    hosts.extend((!route.addrs.is_empty()).then_some(route));
                }
                Err(why) => problem = why,
            }
        }
        if hosts.is_empty() {
            return (Route::Failed(problem), VALID_MIN);
        }
        let names: Vec<String> = records.iter().map(|r| r.host.clone()).collect();
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = table.of_hosts(&names).or_else(|| table.of_domain(domain));
        let site = mx::site_name(&records);
        let carrier = known.map_or_else(|| Carrier::new(site_label(&records)), |row| row.carrier.clone());
        (Route::Hosts { carrier, site, hosts }, valid)
    }

    async fn to_relay(&self, relay: &Relay) -> (Route, Duration) {
        let addrs = match relay.host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => match self.dns.lookup_ip(relay.host.as_str()).await {
                Ok(found) => found.iter().collect(),
                Err(e) => return (Route::Failed(format!("relay {}: {e}", relay.host)), VALID_MIN),
            },
        };
        let addrs: Vec<SocketAddr> = addrs.into_iter().map(|ip| SocketAddr::new(ip, relay.port)).collect();
        let addrs: Vec<SocketAddr> = addrs.into_iter().filter(|addr| self.dial.permits_relay(*addr)).collect();
        if addrs.is_empty() {
            let why = format!("relay {}: dial = loopback does not allow its address", relay.host);
            return (Route::Failed(why), VALID_MIN);
        }
        let site = format!("{}:{}", relay.host, relay.port);
        let host = HostRoute { name: relay.host.clone(), preference: 0, addrs };
        (Route::Hosts { carrier: Carrier::new("relay"), site, hosts: vec![host] }, VALID_MAX)
    }

    /// MX records; without any the domain itself (RFC 5321 §5.1).
    async fn mx(&self, domain: &str) -> (MxAnswer, Duration) {
        // The final dot keeps the resolver from trying the machine's own search domains.
        match self.dns.mx_lookup(format!("{domain}.")).await {
            Ok(found) => {
                let valid = found.valid_until().saturating_duration_since(std::time::Instant::now());
                let mut records = Vec::new();
                for answer in found.answers() {
                    if let RData::MX(mx) = &answer.data {
                        let host = mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase();
                        records.push(MxRecord { preference: mx.preference, host });
                    }
                }
                let null = records.iter().all(|r| r.host.is_empty()) && !records.is_empty();
                records.retain(|r| !r.host.is_empty());
                let valid = valid.clamp(VALID_MIN, VALID_MAX);
                match (null, records.is_empty()) {
                    (true, _) => (MxAnswer::NoMail("the domain takes no mail (null MX, RFC 7505)".into()), valid),
                    (_, true) => (implicit(domain), valid),
                    _ => (MxAnswer::Hosts(records), valid),
                }
            }
            Err(e) if e.is_nx_domain() => (MxAnswer::NoMail("the domain does not exist".into()), VALID_MIN),
            Err(e) if e.is_no_records_found() => (self.implicit_or_none(domain).await, VALID_MIN),
            Err(e) => (MxAnswer::Failed(format!("name service: {e}")), VALID_MIN),
        }
    }

    async fn implicit_or_none(&self, domain: &str) -> MxAnswer {
        match self.dns.lookup_ip(format!("{domain}.")).await {
            Ok(_) => implicit(domain),
            Err(e) if no_such(&e) => MxAnswer::NoMail("the domain has neither MX nor address".into()),
            Err(e) => MxAnswer::Failed(format!("name service: {e}")),
        }
    }

    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, String> {
        let found = self.dns.lookup_ip(format!("{host}.")).await.map_err(|e| format!("{host}: {e}"))?;
        let all: Vec<SocketAddr> = found.iter().map(|ip| SocketAddr::new(ip, self.port)).collect();
        let allowed: Vec<SocketAddr> = all.iter().copied().filter(|addr| self.dial.permits(*addr)).collect();
        if allowed.is_empty() && !all.is_empty() {
            return Err(format!(
                "{host}: dial = loopback does not allow its addresses; set dial = \"internet\" to send"
            ));
        }
        Ok(allowed)
    }
}

fn implicit(domain: &str) -> MxAnswer {
    MxAnswer::Hosts(vec![MxRecord { preference: 0, host: domain.to_string() }])
}

fn no_such(e: &NetError) -> bool {
    e.is_nx_domain() || e.is_no_records_found()
}

/// A site that is no known carrier is called by its first host.
fn site_label(records: &[MxRecord]) -> String {
    records.iter().min_by_key(|r| (r.preference, &r.host)).map_or_else(String::new, |r| r.host.clone())
}

fn name_server(addr: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = addr.port();
    }
    NameServerConfig::new(addr.ip(), true, connections)
}
