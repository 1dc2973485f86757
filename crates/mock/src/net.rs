//! The whole mock net: carriers, their hosts and the name server, started and stopped together.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::carrier::{Carrier, Common};
use crate::directory::Directory;
use crate::dns::{self, NameServer};
use crate::error::Error;
use crate::host::Host;
use crate::ledger::{Ledger, lock};
use crate::moments::{Clock, dns_failures, millis};
use crate::policy_host::{Policies, PolicyHost};
use crate::post::{AcceptedMail, Post};
use crate::profile::{DnsFailure, Profile, StsProfile};
use crate::signer::Signer;
use crate::tls::Authority;
use crate::zone::Zone;

/// Tries to find a port that is free on all hosts' addresses.
const TRIES: usize = 64;

/// Mock carriers and their name server, running on loopback until [`shutdown`](Self::shutdown) or drop.
pub struct MockNet {
    /// The name server, UDP and TCP.
    pub dns: SocketAddr,
    /// The one TCP port of all MX hosts.
    pub smtp_port: u16,
    /// The HTTPS port of the policy hosts.
    pub https_port: u16,
    ledger: Arc<Ledger>,
    post: Arc<Post>,
    server: Arc<NameServer>,
    ca_pem: String,
    hosts: Vec<(String, SocketAddrV4)>,
    pins: HashMap<String, String>,
    policies: Policies,
    tasks: JoinSet<()>,
}

impl MockNet {
    /// Starts all carriers of a profile. Each host gets a loopback address of its own (127.x.y.z), chosen by process,
    /// `seed` and start, so that several nets live side by side; `seed` also decides every fault that has a share.
    ///
    /// # Errors
    /// When the profile makes no sense, no port is free on all addresses, or a certificate cannot be made.
    pub async fn start(profile: Profile, directory: Directory, seed: u64) -> Result<Self, Error> {
        profile.check()?;
        let common =
            Common { directory: Arc::new(directory), post: Arc::default(), clock: Arc::new(Clock::default()), seed };
        let carriers: Vec<_> =
            profile.carriers.iter().map(|carrier| Arc::new(Carrier::new(carrier, common.clone()))).collect();
        let books = carriers.iter().map(|carrier| carrier.book.clone());
        let ledger = Arc::new(Ledger::new(books.collect()));
        let authority = Authority::new()?;
        let count = profile.carriers.iter().map(|carrier| carrier.hosts.len()).sum();
        let mut listeners = listen(count, seed).await?.into_iter();
        let mut tasks = JoinSet::new();
        let mut addresses = Vec::new();
        let mut named = Vec::new();
        let mut pins = HashMap::new();
        let (mut tlsa, mut forged) = (HashMap::new(), HashSet::new());
        for (carrier, shared) in profile.carriers.iter().zip(&carriers) {
            let listeners: Vec<_> = listeners.by_ref().take(carrier.hosts.len()).collect();
            addresses.push(listeners.iter().map(|(_, address)| *address.ip()).collect());
            for (index, (host, (listener, address))) in carrier.hosts.iter().zip(listeners).enumerate() {
                named.push((host.name.clone(), address));
                let tls = authority.certify(&host.name)?;
                pins.insert(host.name.clone(), tls.pin());
                let name = format!("_{}._tcp.{}", address.port(), host.name);
                tlsa.insert(name.clone(), authority.tlsa_records(&tls, &host.tlsa));
                forged.extend(host.tlsa_forged.then_some(name));
                let host = Host {
                    carrier: shared.clone(),
                    index,
                    name: host.name.as_str().into(),
                    address,
                    tls: Arc::new(tls),
                };
                tasks.spawn(host.serve(listener));
            }
        }
        let policies = policies(&profile);
        let policy_host = PolicyHost::new(policies.clone(), &authority, ledger.clone())?;
        let (listener, https) = PolicyHost::bind().await.map_err(Error::Dns)?;
        tasks.spawn(Arc::new(policy_host).serve(listener));
        let (udp, tcp) = dns::bind().await.map_err(Error::Dns)?;
        let dns = udp.local_addr().map_err(Error::Dns)?;
        let server = Arc::new(NameServer {
            zone: Zone::new(&profile, &addresses, tlsa, forged, policies.clone()),
            signer: profile.dns.signed.then(Signer::new).transpose()?,
            delay: millis(profile.dns.delay_ms),
            failures: dns_failures(&profile.dns),
            forced: Mutex::new(None),
            clock: common.clock,
            ledger: ledger.clone(),
        });
        tasks.spawn(server.clone().serve_udp(udp));
        tasks.spawn(server.clone().serve_tcp(tcp));
        Ok(Self {
            dns,
            https_port: https.port(),
            smtp_port: named.first().map_or(0, |(_, address)| address.port()),
            ledger,
            post: common.post,
            server,
            ca_pem: authority.pem().to_owned(),
            hosts: named,
            pins,
            policies,
            tasks,
        })
    }

    /// The carriers' books; they stay readable after shutdown.
    pub fn ledger(&self) -> Arc<Ledger> {
        self.ledger.clone()
    }

    /// Every mail taken from now on, with its content. Only one receiver at a time: a second call ends the first.
    pub fn take_mail(&mut self) -> mpsc::UnboundedReceiver<AcceptedMail> {
        self.post.open()
    }

    /// The certificate, in PEM, of the authority that signed all `valid` and `expired` host certificates.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The pin of an MX host's key, the same for all qualities of its certificate: `sha256/` and base64.
    pub fn pin(&self, host: &str) -> Option<&str> {
        self.pins.get(host).map(String::as_str)
    }

    /// The key that signs a [signed](crate::DnsProfile::signed) net, as a line of a file of trust anchors.
    pub fn trust_anchor(&self) -> Option<String> {
        self.server.signer.as_ref().map(Signer::trust_anchor)
    }

    /// Changes the MTA-STS policy of a domain that began with one, or takes it away with its record and its host.
    pub fn set_sts(&self, domain: &str, policy: Option<StsProfile>) {
        let mut policies = lock(&self.policies);
        match policy {
            Some(policy) => drop(policies.insert(domain.to_owned(), policy)),
            None => drop(policies.remove(domain)),
        }
    }

    /// All MX hosts with their addresses.
    pub fn hosts(&self) -> &[(String, SocketAddrV4)] {
        &self.hosts
    }

    /// The address of one MX host.
    pub fn host(&self, name: &str) -> Option<SocketAddrV4> {
        self.hosts.iter().find(|(host, _)| host == name).map(|(_, address)| *address)
    }

    /// Makes the name server fail, or stop failing, whatever its profile says.
    pub fn fail_dns(&self, how: DnsFailure) {
        *lock(&self.server.forced) = Some(how);
    }

    /// Ends every session and task; nobody listens any more when it returns.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The policies that the domains begin with; one that names no hosts names those of its carrier.
fn policies(profile: &Profile) -> Policies {
    let mut policies = HashMap::new();
    for carrier in &profile.carriers {
        let Some(mut policy) = carrier.sts.clone() else { continue };
        if policy.mx.is_empty() {
            policy.mx = carrier.hosts.iter().map(|host| host.name.clone()).collect();
        }
        policies.extend(carrier.domains.iter().map(|domain| (domain.clone(), policy.clone())));
    }
    Arc::new(Mutex::new(policies))
}

/// Listens on `count` loopback addresses at one port that is free on all of them.
async fn listen(count: usize, seed: u64) -> Result<Vec<(TcpListener, SocketAddrV4)>, Error> {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    let mixed = u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ seed.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(17)
        ^ u64::from(start).wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(31);
    // a /24 within 127.64.0.0/10, so that no run meets 127.0.0.1 and few meet each other
    let block = u32::try_from(mixed >> 50).unwrap_or(0) << 8;
    let first = Ipv4Addr::from_bits(Ipv4Addr::new(127, 64, 0, 0).to_bits() + block + 1);
    let mut tries = 0;
    loop {
        match listen_at(first, count).await {
            Ok(listeners) => return Ok(listeners),
            Err(source) if tries == TRIES => {
                return Err(Error::NoPort { hosts: count, first, source });
            }
            Err(_) => tries += 1,
        }
    }
}

async fn listen_at(first: Ipv4Addr, count: usize) -> std::io::Result<Vec<(TcpListener, SocketAddrV4)>> {
    let mut listeners = Vec::with_capacity(count);
    let mut port = 0;
    let mut ip = first;
    for _ in 0..count {
        let listener = TcpListener::bind((ip, port)).await?;
        port = listener.local_addr()?.port();
        listeners.push((listener, SocketAddrV4::new(ip, port)));
        ip = Ipv4Addr::from_bits(ip.to_bits() + 1);
    }
    Ok(listeners)
}
