//! Asking the name service where a domain's mail goes.

mod names;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::carrier::{Carrier, CarrierTable};
use crate::config::{Carriers, Config, Dial, Dialable, Relay};
use crate::event::{HostRoute, Route};
use crate::mx::{self, Exchanges, Kept, MxRecord};
use crate::trust::Published;
use crate::vouch::{self, Vouch};
pub use names::builder;
use names::{Names, Said};

/// How long it is believed that a relay is where it is.
const RELAY_HOLDS: Duration = Duration::from_secs(3600);
/// How long an answer holds that names something wrong with our own settings.
const MISTAKE_HOLDS: Duration = Duration::from_secs(60);
/// Longest time for which TLSA records are used without asking again: who renews a key leaves the old record beside the new
/// one for a while only.
const DANE_HOLDS_MAX: Duration = Duration::from_secs(600);
/// Domains of which it is remembered that they were warned about, at most.
const WARNED_MAX: usize = 10_000;

/// Looks up routes.
pub struct Resolver {
    names: Names,
    table: RwLock<Arc<Known>>,
    dial: Dial,
    relay: Option<Relay>,
    port: u16,
    own: String,
    vouch: Vouch,
    /// Domains that cannot be resolved at present and were warned about.
    warned: Mutex<BTreeSet<String>>,
}

/// What is known of carriers.
struct Known {
    carriers: CarrierTable,
    /// Those that are reached through relays alone.
    behind_relays: HashSet<Carrier>,
}

impl Known {
    fn of(carriers: &Carriers) -> Arc<Self> {
        Arc::new(Known { carriers: carriers.table(), behind_relays: carriers.behind_relays() })
    }
}

/// What became of one host's addresses.
enum Hosted {
    Usable(HostRoute, Duration),
    /// It has none, or none that can be a carrier's.
    Homeless(String, Option<Duration>),
    Failed(String),
}

impl Resolver {
    /// A resolver as the configuration says.
    ///
    /// # Errors
    /// A text that says what is wrong with the system's resolver configuration.
    pub fn new(config: &Config, vouch: Vouch) -> Result<Self, String> {
        let names = Names::new(&config.dns)?;
        if config.relay.as_ref().is_none_or(|relay| relay.host.parse::<IpAddr>().is_err()) {
            // It will be asked: what is wrong with it is said now.
            names.dns()?;
        }
        Ok(Resolver {
            names,
            table: RwLock::new(Known::of(&config.carriers)),
            dial: config.dial,
            relay: config.relay.clone(),
            port: config.port,
            own: config.helo.clone(),
            vouch,
            warned: Mutex::default(),
        })
    }

    /// Goes by another table of carriers from now on.
    pub fn set_table(&self, carriers: &Carriers) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Known::of(carriers);
    }

    fn known(&self) -> Arc<Known> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The address to connect to, if this configuration allows it, wherever it comes from.
    #[must_use]
    pub fn dialable(&self, addr: SocketAddr, by_route: bool) -> Option<Dialable> {
        self.dial.dialable(addr, by_route || self.relay.is_some())
    }

    /// What is published about the encryption of hosts.
    #[must_use]
    pub fn vouch(&self) -> &Vouch {
        &self.vouch
    }

    /// What was learned before the start, without the routes that this configuration would not have found: those to other
    /// ports, to addresses that may not be dialled, and to or past a relay.
    #[must_use]
    pub fn usable(&self, mut learned: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
        learned.retain(|name, bytes| {
            !name.starts_with(mx::KEPT_PREFIX) || Kept::read(bytes).is_some_and(|kept| self.is_usable(&kept))
        });
        learned
    }

    fn is_usable(&self, kept: &Kept) -> bool {
        let mut addrs = kept.hosts.iter().flat_map(|host| &host.addrs);
        match &self.relay {
            Some(relay) => kept.site == relay_site(relay) && addrs.all(|addr| self.dial.permits_relay(*addr)),
            // Without hosts it is one that went through a relay; whether it still does is quickly asked.
            None => !kept.hosts.is_empty() && addrs.all(|addr| self.dial.permits(*addr) && addr.port() == self.port),
        }
    }

    /// Where a domain's mail goes, and for how long this holds. Warns once a domain while it cannot be found out.
    pub async fn route(&self, domain: &str) -> (Route, Duration) {
        let (route, holds) = match &self.relay {
            Some(relay) => self.to_relay(relay).await,
            None if let Some(carrier) = self.behind_relay(domain) => {
                (Route::Hosts { carrier, site: mx::BY_RELAY.into(), hosts: Vec::new() }, RELAY_HOLDS)
            }
            None if self.dial == Dial::RelayOnly => {
                (Route::Failed("dial = relay-only and no relay is configured".into()), MISTAKE_HOLDS)
            }
            None => self.by_mx(domain).await,
        };
        self.tell(domain, &route);
        (route, holds)
    }

    /// The carrier of a domain whose mail goes through relays alone: its MX hosts need not be known.
    fn behind_relay(&self, domain: &str) -> Option<Carrier> {
        let known = self.known();
        let carrier = &known.carriers.of_domain(domain)?.carrier;
        known.behind_relays.contains(carrier).then(|| carrier.clone())
    }

    /// Where the relay of a route listens, and for how long this holds.
    ///
    /// # Errors
    /// Why it cannot be found or may not be dialled.
    pub async fn relay(&self, host: &str, port: u16) -> (Result<Vec<SocketAddr>, String>, Duration) {
        match self.find_relay(host, port).await {
            Ok(addrs) => (Ok(addrs), RELAY_HOLDS),
            Err(why) => (Err(why), MISTAKE_HOLDS),
        }
    }

    fn tell(&self, domain: &str, route: &Route) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        match route {
            Route::Failed(why) if !warned.contains(domain) => {
                if warned.len() < WARNED_MAX {
                    warned.insert(domain.to_string());
                }
                tracing::warn!(domain, why, "where this domain's mail goes cannot be found out; asked again and again");
            }
            Route::Failed(_) => {}
            _ if warned.remove(domain) => tracing::info!(domain, "this domain can be resolved again"),
            _ => {}
        }
    }

    async fn by_mx(&self, domain: &str) -> (Route, Duration) {
        let (records, ttl) = match self.names.exchanges(domain).await {
            Said::These(found, ttl) => match mx::exchanges(found, &self.own) {
                Exchanges::Hosts(records) => (records, ttl),
                Exchanges::Null => {
                    return (Route::NoMail("the domain takes no mail (null MX, RFC 7505)".into()), mx::holds(ttl));
                }
                Exchanges::Unusable(why) => return (Route::NoMail(why), mx::holds(ttl)),
                Exchanges::None => (implicit(domain), ttl),
            },
            Said::Nothing { exists: true, .. } => (implicit(domain), Duration::MAX),
            Said::Nothing { exists: false, holds } => {
                return (Route::NoMail("the domain does not exist".into()), mx::denial_holds(holds));
            }
            Said::Failed(why) => return (Route::Failed(why), MISTAKE_HOLDS),
        };
        let names: Vec<&str> = records.iter().map(|record| record.host.as_str()).collect();
        let dns = match self.names.dns() {
            Ok(dns) => dns,
            Err(why) => return (Route::Failed(why), MISTAKE_HOLDS),
        };
        let about = self.vouch.about(domain, &names, self.port, dns);
        let (about, found) = tokio::join!(about, self.find_all(&records));
        let about = match about {
            Ok(about) => about,
            Err(why) => return (Route::Failed(why), MISTAKE_HOLDS),
        };
        let (mut hosts, mut holds) = match usable(found, ttl) {
            Ok(usable) => usable,
            Err(nowhere) => return nowhere,
        };
        for host in &mut hosts {
            let at = names.iter().position(|name| *name == host.name);
            host.published = at.and_then(|at| about.hosts.get(at)).cloned().unwrap_or_default();
        }
        if vouch::leave_out_barred(&mut hosts) {
            holds = Duration::ZERO;
        } else if hosts.iter().any(|host| matches!(host.published, Published::Dane { .. })) {
            holds = holds.min(DANE_HOLDS_MAX);
        }
        let owned: Vec<String> = records.iter().map(|record| record.host.clone()).collect();
        let table = self.known();
        let known = table.carriers.of_hosts(&owned).or_else(|| table.carriers.of_domain(domain));
        let site = if about.own_site { format!("@{domain}") } else { mx::site_name(&records) };
        let carrier = known.map_or_else(|| Carrier::new(site_label(&records)), |row| row.carrier.clone());
        (Route::Hosts { carrier, site, hosts }, mx::holds(holds))
    }

    /// Finds the addresses of all hosts at once; the answers are in the order of the records.
    async fn find_all(&self, records: &[MxRecord]) -> Vec<Hosted> {
        let mut questions = JoinSet::new();
        for (place, record) in records.iter().cloned().enumerate() {
            let names = self.names.clone();
            questions.spawn(async move {
                let said = names.addresses(&record.host).await;
                (place, record, said)
            });
        }
        let mut found: Vec<(usize, Hosted)> = Vec::new();
        while let Some(answer) = questions.join_next().await {
            found.push(match answer {
                Ok((place, record, said)) => (place, self.hosted(record, said)),
                Err(_) => (records.len(), Hosted::Failed("a look-up failed inside this program".into())),
            });
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, hosted)| hosted).collect()
    }

    fn hosted(&self, record: MxRecord, said: Said<Vec<IpAddr>>) -> Hosted {
        let host = record.host;
        let (all, ttl) = match said {
            Said::These(all, ttl) => (all, ttl),
            Said::Nothing { holds, .. } => return Hosted::Homeless(format!("{host}: no such mail host"), holds),
            Said::Failed(why) => return Hosted::Failed(format!("{host}: {why}")),
        };
        let foreign = |ip: &IpAddr| self.dial != Dial::Internet || !mx::is_own_machine(*ip);
        let outside: Vec<SocketAddr> =
            all.into_iter().filter(foreign).map(|ip| SocketAddr::new(ip, self.port)).collect();
        if outside.is_empty() {
            return Hosted::Homeless(format!("{host}: its address means this machine, not a mail host"), Some(ttl));
        }
        let mut addrs: Vec<SocketAddr> = outside.into_iter().filter(|addr| self.dial.permits(*addr)).collect();
        // Name servers turn them round with each answer, which is no change; the lanes take them in turn themselves.
        addrs.sort_unstable();
        if addrs.is_empty() {
            let why = "dial = loopback does not allow its addresses; set dial = \"internet\" to send";
            return Hosted::Failed(format!("{host}: {why}"));
        }
        Hosted::Usable(
            HostRoute { name: host, preference: record.preference, addrs, published: Published::Nothing },
            ttl,
        )
    }

    async fn to_relay(&self, relay: &Relay) -> (Route, Duration) {
        let addrs = match self.find_relay(&relay.host, relay.port).await {
            Ok(addrs) => addrs,
            Err(why) => return (Route::Failed(why), MISTAKE_HOLDS),
        };
        let site = relay_site(relay);
        let host = HostRoute { name: relay.host.clone(), preference: 0, addrs, published: Published::Nothing };
        (Route::Hosts { carrier: Carrier::new("relay"), site, hosts: vec![host] }, RELAY_HOLDS)
    }

    async fn find_relay(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let found = match host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.names.relay(host).await.map_err(|e| format!("relay {host}: {e}"))?,
        };
        let addrs = found.into_iter().map(|ip| SocketAddr::new(ip, port));
        let addrs: Vec<SocketAddr> = addrs.filter(|addr| self.dial.permits_relay(*addr)).collect();
        if addrs.is_empty() {
            return Err(format!("relay {host}: dial = loopback does not allow its address"));
        }
        Ok(addrs)
    }
}

/// The hosts that can be used and how long all of it holds, or where else the domain's mail goes.
fn usable(found: Vec<Hosted>, ttl: Duration) -> Result<(Vec<HostRoute>, Duration), (Route, Duration)> {
    let (mut hosts, mut holds) = (Vec::new(), ttl);
    let (mut homeless, mut failed) = (None, None);
    for hosted in found {
        match hosted {
            Hosted::Usable(host, ttl) => {
                holds = holds.min(ttl);
                hosts.push(host);
            }
            Hosted::Homeless(why, holds) => homeless = Some((why, holds)),
            Hosted::Failed(why) => {
                // Soon again: the next answer may bring this host.
                holds = Duration::ZERO;
                failed = Some(why);
            }
        }
    }
    if !hosts.is_empty() {
        return Ok((hosts, holds));
    }
    Err(match (failed, homeless) {
        (None, Some((why, holds))) => (Route::NoMail(why), mx::denial_holds(holds)),
        (failed, _) => (Route::Failed(failed.unwrap_or_default()), MISTAKE_HOLDS),
    })
}

fn relay_site(relay: &Relay) -> String {
    format!("{}:{}", relay.host, relay.port)
}

/// Without MX records the domain itself is its only host (RFC 5321 §5.1).
fn implicit(domain: &str) -> Vec<MxRecord> {
    vec![MxRecord { preference: 0, host: domain.to_string() }]
}

/// A site that is no known carrier is called by its first host.
fn site_label(records: &[MxRecord]) -> String {
    records.iter().min_by_key(|r| (r.preference, &r.host)).map_or_else(String::new, |r| r.host.clone())
}

#[cfg(test)]
mod tests;
