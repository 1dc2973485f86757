//! Whether a telegram came in time: the only guard against replays of real ones.

use std::collections::BTreeMap;

use hikyaku_bulletin::{Bulletin, Hazard, Revision};
use jiff::{SignedDuration, Timestamp};

/// How far ahead of our clock a telegram may be dated before that is remarked. JMA promises never to date ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Whether a telegram came in time, by our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timing {
    /// In time.
    Fresh,
    /// Too old to reach anybody: a replay, a long feed at start-up, a telegram held up on its way, one whose validity is over.
    Late {
        /// Its age in minutes.
        minutes: i64,
    },
    /// Dated ahead of our clock by more than ten minutes: one of the two clocks is wrong. It still counts, for a slow clock of ours must
    /// not silence a real alarm.
    Ahead {
        /// How far, in minutes.
        minutes: i64,
    },
}

/// How old a telegram may be to reach people, by what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    limits: BTreeMap<Hazard, SignedDuration>,
}

/// Minutes by hazard: what a telegram of it is still good for, with room for a feed that is a few minutes behind.
const DEFAULTS: [(Hazard, i64); 14] = [
    (Hazard::EarlyWarning, 3),
    (Hazard::Earthquake, 30),
    (Hazard::GreatQuakeAdvisory, 120),
    (Hazard::Tsunami, 60),
    (Hazard::Volcano, 60),
    (Hazard::Weather, 60),
    (Hazard::Landslide, 60),
    (Hazard::Flood, 60),
    (Hazard::Tornado, 30),
    (Hazard::Typhoon, 180),
    (Hazard::CivilProtection, 60),
    (Hazard::Local, 60),
    (Hazard::Overseas, 24 * 60),
    (Hazard::Other, 60),
];

impl Default for Freshness {
    fn default() -> Self {
        let limits = DEFAULTS.map(|(hazard, minutes)| (hazard, SignedDuration::from_mins(minutes)));
        Self { limits: limits.into() }
    }
}

impl Freshness {
    /// The same with another limit for one hazard.
    #[must_use]
    pub fn with(mut self, hazard: Hazard, limit: SignedDuration) -> Self {
        self.limits.insert(hazard, limit);
        self
    }

    /// How old a telegram about this may be.
    #[must_use]
    pub fn limit(&self, hazard: Hazard) -> SignedDuration {
        self.limits.get(&hazard).copied().unwrap_or(SignedDuration::from_mins(30))
    }

    /// Whether it comes in time at `now`. What says of itself that it was held up (遅延) counts from its official time.
    #[must_use]
    pub fn timing(&self, bulletin: &Bulletin, now: Timestamp) -> Timing {
        let held_up = bulletin.revision == Revision::Delayed;
        let from = if held_up { bulletin.published.min(bulletin.issued) } else { bulletin.published };
        let age = now.duration_since(from);
        if age > self.limit(bulletin.hazard()) || has_ended(bulletin, now) {
            Timing::Late { minutes: age.as_mins() }
        } else if -age > AHEAD {
            Timing::Ahead { minutes: (-age).as_mins() }
        } else {
            Timing::Fresh
        }
    }
}

/// Whether it says of itself that it holds no more at `now`. The end of something, and what takes something back, stay true.
fn has_ended(bulletin: &Bulletin, now: Timestamp) -> bool {
    let is_end = bulletin.revision == Revision::Cancellation || bulletin.is_lifting();
    !is_end && bulletin.valid_until.is_some_and(|until| bulletin.published < until && until <= now)
}
