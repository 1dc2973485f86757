//! How many mails a second a lane settles while it has any: measured over the last seconds, or the last mails of a slow one.

use std::collections::VecDeque;

use crate::time::{Instant, Span};

/// Time between two marks, at least.
const MARK_MIN: Span = Span::from_millis(250);
/// Marks kept: five seconds of a fast lane, twenty mails of a slow one.
const MARKS_MAX: usize = 20;
/// Mails that must have settled before a speed is told.
const MAILS_MIN: u64 = 5;

/// Counts what settles; a moment and a count at each mark.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    marks: VecDeque<(Instant, u64)>,
    count: u64,
    /// What it was when the lane last ran empty.
    before: Option<f64>,
}

impl Meter {
    /// The lane begins or goes on to have mails.
    pub fn runs(&mut self, now: Instant) {
        if self.marks.is_empty() {
            self.marks.push_back((now, self.count));
        }
    }

    /// One mail settled.
    pub fn settled(&mut self, now: Instant) {
        self.runs(now);
        self.count += 1;
        if self.marks.back().is_some_and(|(last, _)| *last + MARK_MIN <= now) {
            self.marks.push_back((now, self.count));
        }
        if self.marks.len() > MARKS_MAX {
            self.marks.pop_front();
        }
    }

    /// The lane has nothing to send: the time that follows says nothing about its speed.
    pub fn rests(&mut self, now: Instant) {
        self.before = self.per_second(now);
        self.marks.clear();
    }

    /// Mails a second of late, or when it last had any; `None` if too few have settled.
    #[must_use]
    pub fn per_second(&self, now: Instant) -> Option<f64> {
        let Some((since, count)) = self.marks.front() else { return self.before };
        let (mails, span) = (self.count - count, now.since(*since));
        if mails < MAILS_MIN || span < MARK_MIN {
            return self.before;
        }
        Some(mails as f64 / span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + ms * 1000)
    }

    fn run(meter: &mut Meter, from: u64, to: u64, each: u64) {
        meter.runs(at(from));
        (from + each..=to).step_by(each as usize).for_each(|ms| meter.settled(at(ms)));
    }

    fn is_about(speed: Option<f64>, expected: f64) -> bool {
        speed.is_some_and(|speed| (speed / expected - 1.0).abs() < 0.1)
    }

    #[test]
    fn a_steady_lane_is_measured_whether_fast_or_slow() {
        for each in [1, 10, 100, 2_000, 6_000] {
            let mut meter = Meter::default();
            run(&mut meter, 0, 100 * each.max(20), each);
            let speed = meter.per_second(at(100 * each.max(20)));
            assert!(is_about(speed, 1000.0 / each as f64), "each {each} ms: {speed:?}");
        }
    }

    #[test]
    fn what_changed_seconds_ago_is_forgotten() {
        let mut meter = Meter::default();
        run(&mut meter, 0, 10_000, 10);
        run(&mut meter, 10_000, 20_000, 100);
        assert!(is_about(meter.per_second(at(20_000)), 10.0));
    }

    #[test]
    fn a_lane_that_stands_still_is_seen_to_slow_down() {
        let mut meter = Meter::default();
        run(&mut meter, 0, 5_000, 10);
        assert!(meter.per_second(at(15_000)).is_some_and(|speed| speed < 40.0));
    }

    #[test]
    fn rest_is_not_slowness() {
        let mut meter = Meter::default();
        run(&mut meter, 0, 5_000, 10);
        meter.rests(at(5_000));
        assert!(is_about(meter.per_second(at(500_000)), 100.0));
        run(&mut meter, 500_000, 502_000, 10);
        assert!(is_about(meter.per_second(at(502_000)), 100.0));
    }
}
