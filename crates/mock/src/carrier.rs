//! What all hosts and sessions of one carrier share: its terms, its gauges and its book.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::auth::AuthProfile;
use crate::book::Book;
use crate::directory::Directory;
use crate::gauge::Gauge;
use crate::ledger::lock;
use crate::moments::{Clock, Moments, Terms, terms};
use crate::post::Post;
use crate::profile::{CarrierProfile, FromSource};
use crate::settings::{CountBy, Limits, Wording};

/// One carrier at work.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) name: String,
    pub(crate) wording: Wording,
    pub(crate) seed: u64,
    pub(crate) directory: Arc<Directory>,
    pub(crate) book: Arc<Mutex<Book>>,
    pub(crate) post: Arc<Post>,
    pub(crate) clock: Arc<Clock>,
    terms: Moments<Terms>,
    domains: Vec<String>,
    sources: Vec<FromSource>,
    pub(crate) auth: Option<AuthProfile>,
    gauges: Mutex<Gauges>,
}

/// Whom a gauge measures: one source address, or everybody.
pub(crate) type Source = Option<IpAddr>;

/// The gauges of all sources.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    by_source: HashMap<Source, Gauge>,
    /// Sessions open, whatever their source.
    pub(crate) open: u64,
}

impl Gauges {
    pub(crate) fn of(&mut self, source: Source) -> &mut Gauge {
        self.by_source.entry(source).or_insert_with(Gauge::new)
    }
}

/// What the carriers of a net have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) directory: Arc<Directory>,
    pub(crate) post: Arc<Post>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) seed: u64,
}

impl Carrier {
    pub(crate) fn new(profile: &CarrierProfile, common: Common) -> Self {
        Self {
            name: profile.name.clone(),
            wording: profile.wording,
            seed: common.seed,
            directory: common.directory,
            book: Arc::new(Mutex::new(Book::new(&profile.name))),
            post: common.post,
            clock: common.clock,
            terms: terms(profile),
            domains: profile.domains.iter().chain(&profile.relays).cloned().collect(),
            sources: profile.sources.clone(),
            auth: profile.auth.clone(),
            gauges: Mutex::default(),
        }
    }

    /// The terms in force.
    pub(crate) fn terms(&self, now: Instant) -> &Terms {
        self.terms.now(&self.clock, now)
    }

    /// What is tolerated now from this address.
    pub(crate) fn limits(&self, address: IpAddr, now: Instant) -> Limits {
        let common = self.terms(now).limits;
        let own = self.sources.iter().find(|from| from.address == address);
        own.map_or(common, |from| common.overlaid(&from.limits))
    }

    /// Whether a host is ever down.
    pub(crate) fn is_ever_down(&self, host: usize) -> bool {
        self.terms.any(|terms| terms.manners[host].down == Some(true))
    }

    /// Whether the carrier takes mail for a domain (in lower case).
    pub(crate) fn serves(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| covers(own, domain))
    }

    pub(crate) fn gauges<T>(&self, measure: impl FnOnce(&mut Gauges) -> T) -> T {
        measure(&mut lock(&self.gauges))
    }

    pub(crate) fn write<T>(&self, entry: impl FnOnce(&mut Book) -> T) -> T {
        entry(&mut lock(&self.book))
    }
}

/// Whom the limits count when `address` calls.
pub(crate) fn counted(limits: &Limits, address: IpAddr) -> Source {
    match limits.count_by.unwrap_or_default() {
        CountBy::Source => Some(address),
        CountBy::Total => None,
    }
}

/// Whether `pattern`, a name or `*.name`, covers a name.
pub(crate) fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
        None => pattern == name,
    }
}
