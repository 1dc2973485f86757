//! Time that has passed, reckoned by a clock that may jump: what is remembered must not be forgotten because a clock was set.

use jiff::{SignedDuration, Timestamp};

/// A step longer than this is a jump of the clock, or a sleep that nobody can tell from one: it counts as no time.
const JUMP: SignedDuration = SignedDuration::from_hours(48);

/// Time passed, in steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Elapsed {
    last: Option<Timestamp>,
    total: SignedDuration,
}

impl Elapsed {
    /// The time passed up to `now`. Small steps back count as none, and the way forward again neither: sources whose clocks differ take
    /// turns.
    pub(crate) fn at(&mut self, now: Timestamp) -> SignedDuration {
        let step = self.last.map_or(SignedDuration::ZERO, |last| now.duration_since(last));
        let is_jump = step.abs() > JUMP;
        if !is_jump {
            self.total += step.max(SignedDuration::ZERO);
        }
        if self.last.is_none() || is_jump || step.is_positive() {
            self.last = Some(now);
        }
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_count_as_no_time_and_clocks_that_take_turns_count_once() {
        let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let mut elapsed = Elapsed::default();
        let mut at = |hours: i64| elapsed.at(start + SignedDuration::from_hours(hours)).as_hours();
        assert_eq!([0, 1, 0, 1, 0, 2].map(&mut at), [0, 1, 1, 1, 1, 2], "an hour apart, in turns");
        assert_eq!([9_000, 9_001, 3, 4].map(&mut at), [2, 3, 3, 4], "a year ahead and back");
    }
}
