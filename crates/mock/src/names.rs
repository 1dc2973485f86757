//! A name server of its own, whose records may change while it runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::dns::{self, NameServer};
use crate::error::Error;
use crate::ledger::{Ledger, lock};
use crate::moments::{Clock, dns_failures};
use crate::policy_host::Policies;
use crate::profile::{DnsFailure, Profile};
use crate::records::{self, Records};
use crate::zone::Zone;

/// A name server on loopback that knows what it is told, until it is dropped.
pub struct MockNames {
    /// Where it answers, over UDP and TCP.
    pub dns: SocketAddr,
    records: Records,
    server: Arc<NameServer>,
    _tasks: JoinSet<()>,
}

impl MockNames {
    /// Starts it without a record.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self, Error> {
        let (udp, tcp) = dns::bind().await.map_err(Error::Dns)?;
        let dns = udp.local_addr().map_err(Error::Dns)?;
        let (profile, records) = (Profile::default(), Records::default());
        let mut zone = Zone::new(&profile, &[], Default::default(), Default::default(), Policies::default());
        zone.records = Arc::clone(&records);
        let server = Arc::new(NameServer {
            zone,
            signer: None,
            delay: Duration::ZERO,
            failures: dns_failures(&profile.dns),
            forced: Mutex::new(None),
            clock: Arc::new(Clock::default()),
            ledger: Arc::new(Ledger::new(Vec::new())),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&server).serve_udp(udp));
        tasks.spawn(Arc::clone(&server).serve_tcp(tcp));
        Ok(Self { dns, records, server, _tasks: tasks })
    }

    /// From now on it knows these records and no others: lines of name, type (A, AAAA, CNAME, MX, PTR, TXT) and what it says.
    ///
    /// # Errors
    /// The line that is none.
    pub fn publish<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
        let mut records = BTreeMap::<_, Vec<_>>::new();
        for line in lines {
            let (name, kind, data) = records::read(line).ok_or_else(|| format!("no record: {line}"))?;
            records.entry((name, kind)).or_default().push(data);
        }
        *lock(&self.records) = records;
        Ok(())
    }

    /// Makes it fail at every question from now on, or answer again.
    pub fn fail(&self, how: Option<DnsFailure>) {
        *lock(&self.server.forced) = how;
    }
}
