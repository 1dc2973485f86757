//! The present state of each series, as a pure fold over bulletins in whatever order they come.

mod elapsed;
mod fold;
mod freshness;
mod present;
mod slot;

use std::collections::BTreeMap;

use hikyaku_bulletin::{Area, Bulletin, Digest, Fate, SourceId};
use jiff::{SignedDuration, Timestamp};

pub use freshness::{Freshness, Timing};
pub use present::Present;

pub(crate) use elapsed::Elapsed;
use slot::{Thread, ThreadState};
#[cfg(feature = "edge")]
pub(crate) use slot::{kept, place};

/// How long identities are remembered. JMA's long feed reaches back some days; what is older is stale by the clock anyway.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(10 * 24);
/// How often the forgotten is cleared away.
const CLEARED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What a bulletin adds to what was known of its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The first word of its series.
    First,
    /// Somewhere it is worse than any word before said, or a place is newly concerned.
    Worse,
    /// Something else is new: another kind of telegram, milder values, further facts.
    Changed,
    /// A correction (訂正) that makes nothing worse.
    Corrected,
    /// A further issue that says the same.
    Unchanged,
    /// What was in force has ended (解除, 津波なし, AllClear).
    Lifted,
    /// Nothing is in force, and nothing was.
    Quiet,
    /// An earlier word is taken back (取消): it was never so.
    Cancelled,
    /// A cancellation of something that never came; kept, so that what it takes back is refused if it comes late.
    CancelledNothing,
    /// Issued before what is known, corrections and cancellations included; the state stays.
    Outdated,
    /// The other family of warnings (before and since the reorganisation of 2026) has already said it of the same office.
    Covered,
    /// The same telegram again, whichever feed brought it.
    Repeated,
    /// A digest of what other telegrams say one by one (集約通報): told to nobody, and no part of the state.
    Digest,
}

/// How a bulletin was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it adds.
    pub step: Step,
    /// Whether it came in time.
    pub timing: Timing,
    /// Where it became worse, or is newly concerned; empty unless [`Step::First`] or [`Step::Worse`].
    pub worse_at: Vec<Area>,
}

impl Taken {
    /// Whether the state of its series is another than before, so that it is to be kept.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        !matches!(self.step, Step::Repeated | Step::Outdated | Step::Digest)
    }

    /// What is to be done: only what is new and in time may reach people. Cancellations, corrections and liftings of what is known are
    /// always new; a cancellation of what never came reaches nobody.
    #[must_use]
    pub const fn fate(&self) -> Fate {
        match (self.step, self.timing) {
            (Step::Repeated, _) => Fate::Ignore,
            (
                Step::Outdated | Step::Covered | Step::Unchanged | Step::Quiet | Step::CancelledNothing | Step::Digest,
                _,
            )
            | (_, Timing::Late { .. }) => Fate::Record,
            _ => Fate::Act,
        }
    }
}

/// The state of every series, real, drill and test kept apart.
///
/// Pure: time comes in as an argument. Give it everything that is read, old telegrams of a long feed included: they build the state and
/// come out as [`Fate::Record`].
///
/// ```
/// use hikyaku_feeds::{Fate, Series, Step, parse, samples};
///
/// let bulletin = parse(samples::DEMO_VXSE51, "vxse51_demo.xml")?;
/// let mut series = Series::default();
/// let soon = bulletin.published + jiff::SignedDuration::from_secs(30);
/// let taken = series.take(&bulletin, soon);
/// assert_eq!((taken.step, taken.fate()), (Step::First, Fate::Act));
/// assert_eq!(series.take(&bulletin, soon).fate(), Fate::Ignore);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Series {
    freshness: Freshness,
    threads: BTreeMap<Thread, ThreadState>,
    /// When each was taken, in time passed, as are all ages here.
    names: BTreeMap<SourceId, SignedDuration>,
    digests: BTreeMap<Digest, SignedDuration>,
    elapsed: Elapsed,
    cleared: SignedDuration,
}

impl Series {
    /// Nothing known yet; telegrams older than `freshness` allows will reach nobody.
    #[must_use]
    pub fn new(freshness: Freshness) -> Self {
        Self { freshness, ..Self::default() }
    }

    /// Takes one bulletin at `now`: the time of day by the best clock at hand, such as that of the server it came from
    /// ([`Telegram::present`](crate::poll::Telegram::present)).
    pub fn take(&mut self, bulletin: &Bulletin, now: Timestamp) -> Taken {
        let timing = self.freshness.timing(bulletin, now);
        let passed = self.elapsed.at(now);
        self.clear(passed);
        if !self.is_new(bulletin, passed) {
            return Taken { step: Step::Repeated, timing, worse_at: Vec::new() };
        }
        let (step, worse_at) = fold::fold(&mut self.threads, bulletin, (now, passed), timing);
        Taken { step, timing, worse_at }
    }

    /// Whether a telegram of this identity was taken before: it need not be fetched again.
    #[must_use]
    pub fn knows(&self, source: &SourceId) -> bool {
        self.names.contains_key(source)
    }

    /// What is in force at `now`, series by series: neither cancelled, nor lifted, nor past its validity.
    pub fn present(&self, now: Timestamp) -> impl Iterator<Item = Present<'_>> {
        self.threads.iter().flat_map(move |(thread, state)| present::present(thread, state, now))
    }

    /// Remembers both names of a telegram; `false` when either was known.
    fn is_new(&mut self, bulletin: &Bulletin, passed: SignedDuration) -> bool {
        let named = self.names.insert(bulletin.source.clone(), passed).is_some();
        let same = !bulletin.digest.is_none() && self.digests.insert(bulletin.digest, passed).is_some();
        !named && !same
    }

    fn clear(&mut self, passed: SignedDuration) {
        if passed - self.cleared < CLEARED_EVERY {
            return;
        }
        self.cleared = passed;
        self.names.retain(|_, at| passed - *at < REMEMBERED);
        self.digests.retain(|_, at| passed - *at < REMEMBERED);
        self.threads.retain(|thread, state| {
            state.retain(|_, held| passed - held.touched < held.kept(&thread.key));
            !state.is_empty()
        });
    }
}
