//! The carriers' own books: what they saw, took and refused; this is how a sender is judged.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::book::Book;
use crate::counts::{Acceptance, CarrierCount, Fate};

/// The books of all carriers of a [`MockNet`](crate::MockNet).
#[derive(Debug)]
pub struct Ledger {
    books: Vec<Arc<Mutex<Book>>>,
    pub(crate) dns_questions: AtomicU64,
    pub(crate) policies_served: AtomicU64,
}

/// All counts at one moment.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct LedgerSnapshot {
    /// One for each carrier, in the profile's order.
    pub carriers: Vec<CarrierCount>,
    /// Questions that reached the name server.
    pub dns_questions: u64,
    /// Requests that reached the host of MTA-STS policies.
    pub policies_served: u64,
}

impl LedgerSnapshot {
    /// Sums a count over all carriers.
    pub fn total(&self, count: impl Fn(&CarrierCount) -> u64) -> u64 {
        self.carriers.iter().map(count).sum()
    }
}

impl Ledger {
    pub(crate) fn new(books: Vec<Arc<Mutex<Book>>>) -> Self {
        Self { books, dns_questions: AtomicU64::new(0), policies_served: AtomicU64::new(0) }
    }

    /// All counts now.
    pub fn snapshot(&self) -> LedgerSnapshot {
        LedgerSnapshot {
            carriers: self.books.iter().map(|book| lock(book).count()).collect(),
            dns_questions: self.dns_questions.load(Ordering::Relaxed),
            policies_served: self.policies_served.load(Ordering::Relaxed),
        }
    }

    /// Every mail taken, carrier by carrier, in the order of taking.
    pub fn acceptances(&self) -> Vec<Acceptance> {
        self.books.iter().flat_map(|book| lock(book).acceptances()).collect()
    }

    /// What became of every recipient that any carrier was asked about, in no particular order.
    pub fn fates(&self) -> Vec<Fate> {
        self.books.iter().flat_map(|book| lock(book).fates()).collect()
    }
}

/// Locks a book; a session that died while writing leaves at worst one count unwritten.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
