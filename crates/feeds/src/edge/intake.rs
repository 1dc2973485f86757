//! The way in for telegrams that are not polled: offered, handed over like any other, and answered for when taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::ask::hex_digest;
use super::clocks::Clocks;
use crate::manual::{Fault, ManualEntry};
use crate::poll::{Alarm, Content, Telegram};

/// From this size on, the digest of a telegram is made on a thread of its own.
const LARGE_BYTES: usize = 256 * 1024;

/// A telegram that is offered.
pub(super) struct Offer {
    /// The time of day in it is ours, where `sent` tells no better one.
    pub(super) telegram: Telegram,
    /// When it was sent, by the clock of who made it.
    pub(super) sent: Option<Timestamp>,
    pub(super) reply: oneshot::Sender<Offered>,
}

/// What became of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    /// It is safe.
    Taken,
    /// It had come before.
    Repeated,
    /// It says nothing that can be read, for this reason: the same once more would say no more.
    Unreadable(String),
    /// It is not safe, or there is no room for it at the moment: offer it again.
    Lost,
}

/// How an endpoint or a stream does, counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WayHealth {
    /// Telegrams that were taken.
    pub taken: u64,
    /// Telegrams that had come before.
    pub repeated: u64,
    /// What was refused: no proof of who sent it, too large, no document.
    pub refused: u64,
    /// When the last one came.
    pub last: Option<Timestamp>,
    /// Why it does not work now; of a push endpoint the last refusal is no such problem.
    pub problem: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// How far the clock that we have is ahead of the last signature in seconds, where that is too far: one of the two is wrong.
    pub clock_off_s: Option<i64>,
}

impl WayHealth {
    pub(super) fn alarms(&self, name: &str) -> impl Iterator<Item = Alarm> {
        let feed = || name.to_owned();
        let failing = self.problem.clone();
        let failing = failing.map(|problem| Alarm::Failing { feed: feed(), failures: self.failures, problem });
        failing.into_iter().chain(self.clock_off_s.map(|off_s| Alarm::Clock { feed: feed(), off_s }))
    }
}

/// What is known of all endpoints and streams.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways(Arc<Mutex<BTreeMap<String, WayHealth>>>);

impl Ways {
    pub(super) fn snapshot(&self) -> BTreeMap<String, WayHealth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut WayHealth)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default());
    }
}

/// Bytes with their digest; of many bytes it is made on a thread of its own. `None` when that thread came to grief.
async fn digested(bytes: Vec<u8>) -> Option<(Vec<u8>, String)> {
    if bytes.len() < LARGE_BYTES {
        let digest = hex_digest(&bytes);
        return Some((bytes, digest));
    }
    let digesting = tokio::task::spawn_blocking(move || {
        let digest = hex_digest(&bytes);
        (bytes, digest)
    });
    digesting.await.ok()
}

/// Where telegrams are offered; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    offers: mpsc::Sender<Offer>,
    ways: Ways,
    clocks: Clocks,
}

impl Intake {
    pub(super) fn new(offers: mpsc::Sender<Offer>, ways: Ways, clocks: Clocks) -> Self {
        Self { offers, ways, clocks }
    }

    /// Hands over a document that came from `source` under `name`, and waits until it has been taken. An empty name stands for the
    /// digest of the bytes; `sent` is when it was sent by the clock of the source, where that has proven it.
    pub async fn offer(&self, source: &str, name: &str, bytes: Vec<u8>, sent: Option<Timestamp>) -> Offered {
        let Some((bytes, digest)) = digested(bytes).await else { return Offered::Lost };
        let name = if name.is_empty() { format!("sha256-{digest}") } else { name.to_owned() };
        let received = self.clocks.wall();
        let key = format!("{source}/{name}");
        let (source, content) = (source.to_owned(), Content::Document(bytes));
        let present = sent.unwrap_or(received);
        self.hand(Telegram { source, key, digest, name, listed: None, received, present, content }, sent).await
    }

    /// Hands over what an operator entered, and waits until it has been taken. The same entry twice is one.
    ///
    /// # Errors
    /// What the operator must mend; nothing is handed over then.
    pub async fn enter(&self, entry: ManualEntry) -> Result<Offered, Vec<Fault>> {
        entry.bulletin()?;
        let name = format!("manual-{}", entry.id);
        let (source, received, key) = ("manual".to_owned(), self.clocks.wall(), format!("manual/{}", entry.id));
        let (content, digest) = (Content::Manual(Box::new(entry)), String::new());
        let telegram = Telegram { source, key, digest, name, listed: None, received, present: received, content };
        // What is entered here is dated by our clock, right or wrong.
        Ok(self.hand(telegram, Some(received)).await)
    }

    async fn hand(&self, telegram: Telegram, sent: Option<Timestamp>) -> Offered {
        let (source, now) = (telegram.source.clone(), telegram.received);
        let (reply, became) = oneshot::channel();
        let offered = match self.offers.send(Offer { telegram, sent, reply }).await {
            Ok(()) => became.await.unwrap_or(Offered::Lost),
            Err(_) => Offered::Lost,
        };
        self.ways.note(&source, |way| {
            match offered {
                Offered::Taken => way.taken += 1,
                Offered::Repeated => way.repeated += 1,
                Offered::Unreadable(_) => way.refused += 1,
                Offered::Lost => return,
            }
            way.last = Some(now);
        });
        offered
    }

    /// The time of day, as the watcher has it.
    pub(super) fn now(&self) -> Timestamp {
        self.clocks.wall()
    }

    /// All that tells whether a signature of a source is of now.
    pub(super) fn clocks_of(&self, source: &str) -> crate::push::Clocks {
        self.clocks.of(source)
    }

    /// A source proved itself with a signature made at this instant, which our clock may find far away.
    pub(super) fn signed(&self, source: &str, at: Timestamp, clock_off_s: Option<i64>) {
        self.clocks.signed(source, at);
        self.ways.note(source, |way| way.clock_off_s = clock_off_s);
    }

    pub(super) fn refused(&self, source: &str) {
        self.ways.note(source, |way| way.refused += 1);
    }

    /// The way works, or does not for this reason.
    pub(super) fn works(&self, source: &str, problem: Option<String>) {
        self.ways.note(source, |way| {
            way.failures = if problem.is_some() { way.failures + 1 } else { 0 };
            way.problem = problem;
        });
    }
}
