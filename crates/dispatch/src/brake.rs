//! How mails to a carrier may leave, as somebody at the console decided; every node keeps to it.

use serde::{Deserialize, Serialize};

/// The slowest and the fastest pace that somebody may set, in mails in a thousand seconds.
pub const PACE_PER_1000_S: std::ops::RangeInclusive<u32> = 100..=1_000_000;
/// Longest name of a carrier, in characters.
pub(crate) const CARRIER_CHARS_MAX: usize = 100;

/// What holds for a carrier beside its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Whether nothing is sent there until somebody lets it go on.
    pub paused: bool,
    /// The most mails in a thousand seconds, over all nodes together.
    pub per_1000_s: Option<u32>,
}

/// What is to change for a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrakeChange {
    /// Sends nothing there; what waits is kept.
    Pause,
    /// Sends again.
    Resume,
    /// Sends at most so many mails in a thousand seconds; `None` takes that back.
    Limit(Option<u32>),
}

impl Brake {
    /// The same after a change.
    #[must_use]
    pub fn with(self, change: BrakeChange) -> Self {
        match change {
            BrakeChange::Pause => Brake { paused: true, ..self },
            BrakeChange::Resume => Brake { paused: false, ..self },
            BrakeChange::Limit(per_1000_s) => Brake { per_1000_s, ..self },
        }
    }
}
