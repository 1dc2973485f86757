//! How many sessions carry the most, where answers grow slow with their number.

use std::collections::BTreeMap;

use crate::time::{Instant, Span};

/// Answers this much slower than at best mean load.
const LOADED: f64 = 1.6;
/// What fewer sessions carry is as much from this share on.
const AS_MUCH: f64 = 0.97;
/// The next number below the fewest that were seen, as a share of it: the slower the answers, the fewer.
const FEWER: (f64, f64) = (0.4, 0.75);
/// The next number above the most that were seen.
const MORE: f64 = 1.3;
/// How long a number of sessions that was found stands.
const SETTLED: Span = Span::from_secs(15);

/// A search for the number of sessions that carries the most: it begins when answers grow slow, and closes in on the
/// best number from both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// The time of an answer at best and lately, in seconds.
    base: Option<f64>,
    latency: f64,
    /// Mails a second that so many sessions carried, and whether answers were slow.
    seen: BTreeMap<u32, (f64, bool)>,
    /// The number that is measured now, and since when; mails, and seconds until their answers.
    enough: Option<u32>,
    since: Instant,
    taken: u32,
    waited: f64,
    settled_until: Instant,
}

impl Load {
    /// The time of an answer at best, in seconds, once one was timed.
    pub(super) fn base(&self) -> Option<f64> {
        self.base
    }

    /// The time of an answer lately, in seconds.
    pub(super) fn latency(&self) -> f64 {
        self.latency
    }

    /// Sessions beyond which answers only grow slower.
    pub(super) fn enough(&self) -> Option<u32> {
        self.enough
    }

    /// Whether an answer after so many seconds means load.
    pub(super) fn is_slow(&self, latency: f64) -> bool {
        latency > LOADED * self.base.unwrap_or(latency) + 0.003
    }

    /// A mail was accepted while up to `window` sessions might be open; `free` if nothing else bounds the lane.
    pub(super) fn on_accepted(&mut self, latency: Span, window: u32, free: bool, now: Instant) {
        if latency.is_zero() {
            // What was refused before its content was sent was not timed.
            return;
        }
        let latency = latency.as_secs_f64();
        self.latency += (latency - self.latency) * if self.base.is_none() { 1.0 } else { 0.1 };
        self.base = Some(self.base.map_or(latency, |base| base.min(latency)));
        let idle = self.enough.is_none() && !self.is_slow(self.latency);
        if !free || idle || now < self.settled_until {
            return self.restart(now);
        }
        if now < self.since {
            return;
        }
        self.taken += 1;
        self.waited += latency;
        let span = now.since(self.since).as_secs_f64();
        let sessions = self.enough.unwrap_or(window).min(window);
        if span < (8.0 * self.latency).clamp(0.4, 1.2) || self.taken < 2 * sessions {
            return;
        }
        let slow = self.is_slow(self.waited / f64::from(self.taken));
        self.seen.insert(sessions, (f64::from(self.taken) / span, slow));
        let (best, next) = self.next(window);
        self.enough = Some(next.unwrap_or(best));
        if next.is_none() {
            self.settled_until = now + SETTLED;
            self.seen.clear();
        }
        self.restart(now);
    }

    /// The number of sessions that carried the most, the fewest of those that carried as much, and what to measure next.
    fn next(&self, window: u32) -> (u32, Option<u32>) {
        let most = self.seen.values().map(|(speed, _)| *speed).fold(0.0, f64::max);
        let Some((best, slow)) =
            self.seen.iter().find(|(_, (speed, _))| *speed >= AS_MUCH * most).map(|(n, (_, slow))| (*n, *slow))
        else {
            return (window, None);
        };
        let below = self.seen.range(..best).next_back().map(|(n, _)| *n);
        let above = self.seen.range(best + 1..).next().map(|(n, _)| *n);
        let between = |low: u32, high: u32| (f64::from(low) * f64::from(high)).sqrt() as u32;
        let share = (self.base.unwrap_or(self.latency) / self.latency).sqrt().clamp(FEWER.0, FEWER.1);
        let fewer = || match below {
            None => ((f64::from(best) * share) as u32).max(1),
            Some(below) => between(below, best).max(below + 1),
        };
        let more = || match above {
            None => ((f64::from(best) * MORE).ceil() as u32).min(window),
            Some(above) => between(best, above).max(best + 1),
        };
        let down = best > 1 && (slow || below.is_none());
        let sides = [down.then(fewer), Some(more())];
        (best, sides.into_iter().flatten().find(|n| !self.seen.contains_key(n)))
    }

    fn restart(&mut self, now: Instant) {
        // What is under way with the sessions before must end first.
        self.since = now + Span::from_secs_f64((4.0 * self.latency).clamp(0.2, 0.8));
        self.taken = 0;
        self.waited = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a carrier whose answers take this long with so many sessions, the number at which the search stands after
    /// twenty seconds, begun with 20.
    fn found(answer: impl Fn(u32) -> f64) -> u32 {
        let mut load = Load::default();
        let mut now = Instant::from_micros(1_000_000_000);
        // The first mails met no load.
        load.on_accepted(Span::from_secs_f64(answer(1)), 20, true, now);
        let ends = now + Span::from_secs(20);
        while now < ends {
            let sessions = load.enough().unwrap_or(20);
            now = now + Span::from_secs_f64(answer(sessions) / f64::from(sessions));
            load.on_accepted(Span::from_secs_f64(answer(sessions)), 20, true, now);
        }
        load.enough().unwrap_or(20)
    }

    #[test]
    fn where_each_session_beyond_some_slows_all_of_them_those_few_are_found() {
        for most in 1..=6_u32 {
            assert_eq!(found(|n| 0.012 + 0.1 * f64::from(n.saturating_sub(most))), most);
        }
    }

    #[test]
    fn where_answers_wait_for_a_bounded_capacity_no_more_sessions_are_kept_than_fill_it() {
        let kept = found(|n| 0.05_f64.max(f64::from(n) / 100.0));
        assert!((5..=7).contains(&kept), "{kept}");
    }

    #[test]
    fn where_more_sessions_still_carry_more_they_are_kept_however_slow_the_answers() {
        let kept = found(|n| 0.1 + 0.01 * f64::from(n.saturating_sub(1)));
        assert!(kept >= 18, "{kept}");
    }
}
