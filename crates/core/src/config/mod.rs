//! How the engine is set up: the folder, the name service, what may be dialled, and the tables of carriers and replies.

mod bounds;
mod carriers;
mod limits;
mod replies;
mod routes;
mod sources;
mod table;
mod trusted;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::press::Signing;
use crate::seal::Seal;
use crate::time::Span;

pub use carriers::Carriers;
pub use table::TableError;
pub(crate) use trusted::certificates;

/// Where connections may go. What is not allowed is not dialled, whatever the name service says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dial {
    /// Only this machine: for demos, tests and drills.
    #[default]
    Loopback,
    /// Only the configured relay.
    RelayOnly,
    /// Anywhere.
    Internet,
}

impl Dial {
    /// Whether an MX host's address may be dialled.
    #[must_use]
    pub fn permits(self, addr: SocketAddr) -> bool {
        match self {
            Dial::Loopback => addr.ip().is_loopback(),
            Dial::RelayOnly => false,
            Dial::Internet => true,
        }
    }

    /// Whether the relay's address may be dialled.
    #[must_use]
    pub fn permits_relay(self, addr: SocketAddr) -> bool {
        self != Dial::Loopback || addr.ip().is_loopback()
    }

    /// The address to connect to, if it may be dialled: as a relay's or as an MX host's.
    #[must_use]
    pub(crate) fn dialable(self, addr: SocketAddr, is_relay: bool) -> Option<Dialable> {
        let permitted = if is_relay { self.permits_relay(addr) } else { self.permits(addr) };
        permitted.then_some(Dialable(addr))
    }
}

/// An address that may be dialled. Nobody but [`Dial`] makes one, and nothing is connected to without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialable(SocketAddr);

impl Dialable {
    /// The address.
    #[must_use]
    pub(crate) fn addr(self) -> SocketAddr {
        self.0
    }
}

/// Which name service is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NameService {
    /// The system's.
    #[default]
    System,
    /// These servers.
    Servers(Vec<SocketAddr>),
}

/// Whether TLSA records are asked for (DANE, RFC 7672).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dane {
    /// No. The default, because it needs a name service that passes DNSSEC signatures on: through one that withholds them
    /// nothing can be proven, and whatever cannot be proven waits.
    #[default]
    Off,
    /// Yes, with a validating resolver of our own; they count where MX, address and TLSA records are all signed.
    WhenSecure,
}

/// A host that takes everything instead of the carriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Bound of the queue's file where none is configured: some hundred million recipients.
const QUEUE_BYTES_MAX: u64 = 64 << 30;
/// Attempts that may be unsettled with a relay where nothing is configured.
const UNSETTLED_RELAY: usize = 2_048;
/// How long carriers may take to answer when the engine is shut down, where nothing is configured.
const SHUT_DOWN_WITHIN: Span = Span::from_secs(30);
/// How long records and keys are kept where nothing is configured: thirteen months.
const REMEMBER: Span = Span::from_secs(396 * 86_400);

/// Everything the engine is told before it opens.
#[derive(Clone)]
pub struct Config {
    /// The folder of the durable queue; it is created if need be.
    pub folder: PathBuf,
    /// Our own name in EHLO (RFC 5321 §4.1.1.1): the host name of the sending address.
    pub helo: String,
    /// What may be dialled.
    pub dial: Dial,
    /// Which name service is asked.
    pub dns: NameService,
    /// Domains whose routes are found out when the engine opens and kept fresh from then on: those that must not wait for
    /// the name service when it matters.
    pub warm_up: Vec<String>,
    /// The port of MX hosts: 25 everywhere but in tests.
    pub port: u16,
    /// Roots of trust beside the system's, PEM files: for relays with an authority of their own, and for tests.
    pub roots: Vec<PathBuf>,
    /// Whether MTA-STS policies are looked up and kept to (RFC 8461); on by default. A relay is trusted by `tls` alone.
    pub mta_sts: bool,
    /// The port at which MTA-STS policies are fetched: 443 everywhere but in tests.
    pub https_port: u16,
    /// Whether TLSA records are asked for.
    pub dane: Dane,
    /// A file of DNSKEY records that DNSSEC begins with; `None` takes the keys of the root zone.
    pub trust_anchors: Option<PathBuf>,
    /// A host that takes everything instead.
    pub relay: Option<Relay>,
    /// Carriers and replies.
    pub carriers: Carriers,
    /// Attempts registered and not durable as ended, at most; `None` is 2,048 with a [`Relay`], which takes a mail in less time
    /// than the disk needs for a commit, else 2 × sessions + 64.
    pub unsettled_max: Option<usize>,
    /// What signs the mails (DKIM); nothing by default.
    pub signing: Signing,
    /// How large the queue's file may become, in bytes; it grows by doubling. New batches are refused where it would have to
    /// grow beyond half of this, so that there is always room for the outcomes of what was taken.
    pub queue_bytes_max: u64,
    /// How long records and the keys of settled batches are kept; older ones are forgotten when the engine opens. Read
    /// records before, and do not submit a key again that is older.
    pub remember: Span,
    /// Batches of an earlier run whose key has this in it are cancelled when the engine opens, before anything is sent: somebody else
    /// sends what they held. `None` goes on with all.
    pub give_up: Option<String>,
    /// How long [`crate::Engine::shutdown`] waits for carriers that do not answer; 30 s by default. RFC 5321 §4.5.3.2 lets them take ten
    /// minutes for a mail, which whoever stops a program does not.
    pub shut_down_within: Span,
    /// Seals what waits; `None` uses a key file in the folder.
    pub seal: Option<Arc<dyn Seal>>,
    /// Where randomness begins; `None` takes the time of opening.
    pub seed: Option<u64>,
}

impl Config {
    /// A configuration with defaults: dials nothing but loopback until told otherwise.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, helo: impl Into<String>) -> Self {
        Config {
            folder: folder.into(),
            helo: helo.into(),
            dial: Dial::default(),
            dns: NameService::default(),
            warm_up: Vec::new(),
            port: 25,
            roots: Vec::new(),
            mta_sts: true,
            https_port: 443,
            dane: Dane::default(),
            trust_anchors: None,
            relay: None,
            carriers: Carriers::default(),
            unsettled_max: None,
            signing: Signing::default(),
            queue_bytes_max: QUEUE_BYTES_MAX,
            remember: REMEMBER,
            give_up: None,
            shut_down_within: SHUT_DOWN_WITHIN,
            seal: None,
            seed: None,
        }
    }

    /// The bound of unsettled attempts that holds.
    pub(crate) fn unsettled_bound(&self) -> Option<usize> {
        self.unsettled_max.or(self.relay.as_ref().map(|_| UNSETTLED_RELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_loopback_is_dialled_by_default() {
        let dial = Dial::default();
        assert!(dial.permits("127.3.2.1:25".parse().unwrap()) && dial.permits("[::1]:25".parse().unwrap()));
        for addr in ["192.168.0.1:25", "10.0.0.1:25", "[2001:db8::1]:25", "0.0.0.0:25"] {
            let addr = addr.parse().unwrap();
            assert!(!dial.permits(addr) && !dial.permits_relay(addr), "{addr}");
            assert!(dial.dialable(addr, true).is_none() && dial.dialable(addr, false).is_none(), "{addr}");
        }
    }
}
