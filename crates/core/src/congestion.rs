//! How much one lane may carry now: a window of sessions and a rate, learned from the carrier's signals.
//!
//! This is the simple form (back off on busy signals, recover afterwards); `docs/congestion.md` will document its
//! successor, which learns limits.

use crate::policy::Policy;
use crate::time::{Instant, Span};

/// First pause after a busy signal.
const HOLD_MIN: Span = Span::from_millis(200);
/// Longest pause, so that a carrier that recovers is noticed within seconds.
const HOLD_MAX: Span = Span::from_secs(4);
/// Busy signals this close together are one event: they answer to the same round of mails.
const ROUND_MIN: Span = Span::from_millis(250);
/// The least rate that is kept up, in mails a second: one mail every two seconds still probes.
const RATE_MIN: f64 = 0.5;
/// Below the rate at which it was refused by this factor, a lane goes on.
const RATE_BACKOFF: f64 = 0.85;
/// Growth of a learned rate a second without trouble.
const RATE_GROWTH: f64 = 1.15;
/// A refusal after so many accepted mails is the carrier's weather, not its limit.
const WEATHER_MAILS: u32 = 25;

/// What a lane hears from its carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// A mail was accepted.
    Accepted,
    /// A busy reply in a session: too fast.
    Busy,
    /// No further session is wanted: 421 at connect, or the connection was refused, reset or not answered.
    NoSession,
    /// This source is blocked.
    Blocked,
}

/// The present window and rate of a lane, under the ceilings of its policy.
#[derive(Clone, Debug)]
pub struct Congestion {
    window: f64,
    window_max: f64,
    /// Above this the window grows slowly: trouble began here last time.
    threshold: f64,
    rate: Option<f64>,
    rate_max: Option<f64>,
    held_until: Instant,
    hold: Span,
    last_trouble: Instant,
    accepted_since_trouble: u32,
    accepted_since: u32,
    counted_from: Instant,
    observed: f64,
}

impl Congestion {
    /// Starts from the policy's start values.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let window_max = f64::from(policy.sessions_max.max(1));
        Congestion {
            window: f64::from(policy.sessions_start.max(1)).min(window_max),
            window_max,
            threshold: window_max,
            rate: None,
            rate_max: policy.mails_per_second_max,
            held_until: Instant::EPOCH,
            hold: HOLD_MIN,
            last_trouble: Instant::EPOCH,
            accepted_since_trouble: 0,
            accepted_since: 0,
            counted_from: Instant::EPOCH,
            observed: 0.0,
        }
    }

    /// Takes new ceilings; what was learned below them stays.
    pub fn set_policy(&mut self, policy: &Policy) {
        self.window_max = f64::from(policy.sessions_max.max(1));
        self.window = self.window.min(self.window_max);
        self.threshold = self.threshold.min(self.window_max);
        self.rate_max = policy.mails_per_second_max;
    }

    /// Sessions that may be open now, at least one.
    #[must_use]
    pub fn window(&self) -> u32 {
        // Between 1 and a u32 ceiling by construction.
        self.window.clamp(1.0, self.window_max) as u32
    }

    /// Mails a second that may leave now; `None` has no limit.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        match (self.rate, self.rate_max) {
            (Some(rate), Some(max)) => Some(rate.min(max)),
            (rate, max) => rate.or(max),
        }
    }

    /// Until when nothing departs.
    #[must_use]
    pub fn held_until(&self) -> Instant {
        self.held_until
    }

    /// Hears one signal.
    pub fn on(&mut self, signal: Signal, now: Instant) {
        match signal {
            Signal::Accepted => self.grow(now),
            Signal::Busy | Signal::NoSession | Signal::Blocked => self.shrink(signal, now),
        }
    }

    fn grow(&mut self, now: Instant) {
        self.count(now);
        self.accepted_since_trouble = self.accepted_since_trouble.saturating_add(1);
        self.hold = HOLD_MIN;
        let step = if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
        self.window = (self.window + step).min(self.window_max);
    }

    /// Measures the accepted rate over about a second, and lets a learned rate grow with time.
    fn count(&mut self, now: Instant) {
        self.accepted_since += 1;
        let span = now.since(self.counted_from);
        if span < Span::from_secs(1) {
            return;
        }
        // After a pause the span says nothing about the rate.
        if span < Span::from_secs(3) {
            self.observed = f64::from(self.accepted_since) / span.as_secs_f64();
        }
        if now.since(self.last_trouble) > Span::from_millis(500) {
            self.rate = self.rate.map(|rate| rate * RATE_GROWTH + 0.5);
        }
        self.accepted_since = 0;
        self.counted_from = now;
    }

    fn shrink(&mut self, signal: Signal, now: Instant) {
        let same_round = now.since(self.last_trouble) < ROUND_MIN.max(self.hold / 2);
        self.last_trouble = now;
        let calm = core::mem::take(&mut self.accepted_since_trouble) >= WEATHER_MAILS;
        if same_round || (calm && signal == Signal::Busy) {
            return;
        }
        if signal == Signal::NoSession {
            self.threshold = (self.window - 1.0).max(1.0);
            self.window = (self.window * 0.7).max(1.0);
        } else {
            self.window = (self.window * 0.8).max(1.0);
            let reached = if self.observed > 0.0 { self.observed } else { f64::from(self.accepted_since.max(1)) };
            let below = self.rate().map_or(reached, |rate| rate.min(reached.max(rate * 0.5)));
            self.rate = Some((below * RATE_BACKOFF).max(RATE_MIN));
        }
        let hold = if signal == Signal::Blocked { HOLD_MAX } else { self.hold };
        self.held_until = self.held_until.max(now + hold);
        self.hold = (self.hold * 2).min(HOLD_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(sessions_max: u32) -> Policy {
        Policy { sessions_max, sessions_start: 2, ..Policy::default() }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + ms * 1000)
    }

    #[test]
    fn the_window_opens_quickly_to_its_ceiling_and_never_beyond() {
        let mut lane = Congestion::new(&policy(8));
        for ms in 0..20 {
            lane.on(Signal::Accepted, at(ms));
            assert!(lane.window() <= 8);
        }
        assert_eq!(lane.window(), 8);
    }

    #[test]
    fn a_refused_session_closes_the_window_a_little_and_holds_for_a_moment() {
        let mut lane = Congestion::new(&policy(10));
        (0..20).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        lane.on(Signal::NoSession, at(100));
        assert!((1..10).contains(&lane.window()));
        assert!(lane.held_until() > at(100) && lane.held_until() <= at(400));
    }

    #[test]
    fn many_busy_replies_to_one_round_count_once() {
        let mut lane = Congestion::new(&policy(10));
        (0..20).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        lane.on(Signal::Busy, at(100));
        assert!(lane.rate().is_some());
        let (window, rate) = (lane.window(), lane.rate());
        (101..150).for_each(|ms| lane.on(Signal::Busy, at(ms)));
        assert_eq!((lane.window(), lane.rate()), (window, rate));
    }

    #[test]
    fn trouble_without_end_never_closes_the_lane_nor_holds_it_longer_than_four_seconds() {
        let mut lane = Congestion::new(&policy(10));
        for second in 0..200 {
            let now = at(second * 1000);
            lane.on(Signal::Busy, now);
            assert!(lane.window() >= 1 && lane.rate().is_some_and(|r| r >= RATE_MIN));
            assert!(lane.held_until().since(now) <= HOLD_MAX);
        }
    }

    #[test]
    fn one_refusal_among_many_accepted_mails_changes_nothing_and_the_next_one_does() {
        let mut lane = Congestion::new(&policy(10));
        (0..2000).step_by(10).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        lane.on(Signal::Busy, at(2000));
        assert_eq!((lane.rate(), lane.window(), lane.held_until()), (None, 10, Instant::EPOCH));
        lane.on(Signal::Busy, at(2500));
        assert!(lane.rate().is_some() && lane.held_until() > at(2500));
    }

    #[test]
    fn a_learned_rate_recovers_by_itself() {
        let mut lane = Congestion::new(&policy(10));
        (0..2000).step_by(10).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        lane.on(Signal::Busy, at(2000));
        lane.on(Signal::Busy, at(2300));
        let low = lane.rate().unwrap();
        (3000..20_000).step_by(10).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        assert!(lane.rate().unwrap() > 2.0 * low);
    }

    #[test]
    fn a_configured_rate_is_never_exceeded_whatever_is_learned() {
        let mut lane = Congestion::new(&Policy { mails_per_second_max: Some(5.0), ..policy(10) });
        lane.on(Signal::Busy, at(0));
        (0..600_000).step_by(100).for_each(|ms| lane.on(Signal::Accepted, at(ms)));
        assert_eq!(lane.rate(), Some(5.0));
    }
}
