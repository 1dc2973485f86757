//! What time it is by the clocks at hand, ours and JMA's servers', and how far the signatures of each source have come.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::poll::{Kept, Validators};
use crate::push::Clocks as Told;

/// What tells the time of day.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Under which address the newest signature of a source is kept, beside what indexes are asked with.
const KEPT_AS: &str = "push:";

/// Shared by the loop, which hears the servers, and the endpoint, which judges signatures; cheap to clone.
#[derive(Clone)]
pub(super) struct Clocks {
    wall: WallClock,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// The time of day by a server, and when it was heard.
    server: Option<(Timestamp, Instant)>,
    /// The newest signature of each source that proved itself.
    newest: BTreeMap<String, Timestamp>,
    /// The sources whose newest is not kept yet.
    unkept: BTreeSet<String>,
}

impl Clocks {
    /// Our clock, and what an earlier run kept.
    pub(super) fn new(wall: WallClock, kept: &HashMap<String, Kept>) -> Self {
        let newest =
            |(address, kept): (&String, &Kept)| Some((address.strip_prefix(KEPT_AS)?.to_owned(), kept.updated?));
        let shared = Shared { newest: kept.iter().filter_map(newest).collect(), ..Shared::default() };
        Self { wall, shared: Arc::new(Mutex::new(shared)) }
    }

    /// The time of day by our clock.
    pub(super) fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// A server told the time of day just now.
    pub(super) fn heard(&self, server: Timestamp) {
        self.shared().server = Some((server, Instant::now()));
    }

    /// All that tells whether a signature of a source is of now.
    pub(super) fn of(&self, source: &str) -> Told {
        let shared = self.shared();
        let server = shared.server.and_then(|(told, at)| {
            let since = SignedDuration::try_from(at.elapsed()).ok()?;
            told.checked_add(since).ok()
        });
        Told { wall: self.wall(), server, newest: shared.newest.get(source).copied() }
    }

    /// A source proved itself with a signature made at this instant.
    pub(super) fn signed(&self, source: &str, at: Timestamp) {
        let mut shared = self.shared();
        if shared.newest.get(source).is_none_or(|newest| *newest < at) {
            shared.newest.insert(source.to_owned(), at);
            shared.unkept.insert(source.to_owned());
        }
    }

    /// What is to be kept for the next run, once.
    pub(super) fn unkept(&self) -> Vec<(String, Kept)> {
        let mut shared = self.shared();
        let sources = std::mem::take(&mut shared.unkept);
        let kept = |source: String| {
            let updated = shared.newest.get(&source).copied();
            (format!("{KEPT_AS}{source}"), Kept { validators: Validators::default(), updated })
        };
        sources.into_iter().map(kept).collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
