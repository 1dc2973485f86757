//! When to ask again: at a phase of the minute, or after a growing pause with some chance in it.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

/// A moment, on two clocks: one that only runs forward, by which everything is scheduled, and the wall's, which may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since the start, by a clock that never jumps.
    pub since_start: Duration,
    /// The time of day, which may be wrong and may be set at any moment.
    pub wall: Timestamp,
}

/// Pauses after failures, in milliseconds: the first, doubled each time up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first_ms: u32,
    /// The longest pause.
    pub longest_ms: u32,
    /// The share of a pause that is left to chance, in percent: 25 makes 3 to 4 seconds of 4. At most 100.
    pub jitter_percent: u8,
}

impl Backoff {
    /// The pause after so many failures in a row; `chance` is any number.
    #[must_use]
    pub fn pause(&self, failures: u32, chance: u64) -> Duration {
        let doubled = u64::from(self.first_ms).saturating_mul(1 << failures.saturating_sub(1).min(20));
        let whole = doubled.min(u64::from(self.longest_ms));
        let movable = whole * u64::from(self.jitter_percent.min(100)) / 100;
        Duration::from_millis(whole - if movable == 0 { 0 } else { chance % (movable + 1) })
    }
}

/// The time until the next phase of a period, at least `apart` away.
///
/// The phase is counted from 1970 by the wall's clock: with a period of 60 s and a phase of 20 s it is second 20 of every minute.
/// Whatever the wall says, the result is at most `apart` and one period.
pub(crate) fn until_phase(wall: Timestamp, every: Duration, phase: Duration, apart: Duration) -> Duration {
    let every = every.as_millis().max(1);
    let earliest = i128::from(wall.as_millisecond()) + i128::try_from(apart.as_millis()).unwrap_or(0);
    let period = i128::try_from(every).unwrap_or(1);
    let phase = i128::try_from(phase.as_millis() % every).unwrap_or(0);
    let wait = (phase - earliest).rem_euclid(period);
    apart + Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}

/// Numbers by chance from a seed (SplitMix64); good enough to spread requests.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_minutely_feed_is_asked_at_second_twenty_and_mofa_every_five_minutes() {
        let wait = |wall: &str, every, phase| {
            let [every, phase, apart] = [every, phase, 1].map(Duration::from_secs);
            until_phase(wall.parse().unwrap(), every, phase, apart).as_secs()
        };
        assert_eq!(wait("2026-11-21T14:31:05Z", 60, 20), 15);
        assert_eq!(wait("2026-11-21T14:31:20Z", 60, 20), 60);
        assert_eq!(wait("2026-11-21T14:31:19.5Z", 60, 20), 60, "half a second before is too near");
        assert_eq!(wait("2026-11-21T14:31:00Z", 300, 30), 270, "14:35:30");
    }

    proptest! {
        #[test]
        fn whatever_the_wall_says_the_next_phase_is_within_a_period(
            second in -62_000_000_000_i64..253_000_000_000, every in 1_u64..4000, phase in 0_u64..4000, apart in 0_u64..60,
        ) {
            let wall = Timestamp::from_second(second).unwrap();
            let [every, phase, apart] = [every, phase, apart].map(Duration::from_secs);
            let wait = until_phase(wall, every, phase, apart);
            prop_assert!(wait >= apart && wait < apart + every);
            let at = u64::try_from((i128::from(second) + i128::from(wait.as_secs())).rem_euclid(i128::from(every.as_secs()))).unwrap();
            prop_assert_eq!(at, phase.as_secs() % every.as_secs());
        }

        #[test]
        fn pauses_grow_stay_within_bounds_and_leave_only_their_share_to_chance(failures in 1_u32..100, chance: u64) {
            let backoff = Backoff { first_ms: 5_000, longest_ms: 60_000, jitter_percent: 25 };
            let pause = backoff.pause(failures, chance).as_millis();
            let whole = (5_000_u128 << (failures - 1).min(10)).min(60_000);
            prop_assert!(pause <= whole && pause >= whole * 3 / 4);
        }
    }
}
