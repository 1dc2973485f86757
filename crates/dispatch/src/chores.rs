//! What the running system does by itself once a day, each thing at its hour in Japan. Pure: it says what is due, an edge does it.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};

use crate::day::japan_date;

/// How long after a failure a chore is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// One of the things that are done daily.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chore {
    /// Carries out what was planned for the day that has begun (発令日, requirement A38).
    ApplyPlans,
    /// Forgets what the retention schedule says is due (requirement S18).
    Forget,
    /// Opens a round of probes to addresses of which nothing was heard for long (requirement A25).
    Probe,
    /// Signs where the journal ends, into the folder that leaves the machine (requirement S09).
    SignHead,
}

impl Chore {
    /// All of them, in the order in which they are done when several are due.
    pub const ALL: [Chore; 4] = [Chore::ApplyPlans, Chore::Forget, Chore::Probe, Chore::SignHead];

    /// Its hour in Japan: plans as soon as their day begins, probes when people read mail, the others while most people sleep.
    #[must_use]
    pub const fn hour(self) -> Time {
        match self {
            Chore::ApplyPlans => Time::constant(0, 0, 0, 0),
            Chore::Forget => Time::constant(4, 30, 0, 0),
            Chore::Probe => Time::constant(10, 0, 0, 0),
            Chore::SignHead => Time::constant(5, 0, 0, 0),
        }
    }

    /// Whether it is done at a start, too: what is quick and harmless when it is done twice.
    #[must_use]
    pub const fn is_done_at_start(self) -> bool {
        matches!(self, Chore::ApplyPlans | Chore::SignHead)
    }
}

/// When which chore is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    next: BTreeMap<Chore, Timestamp>,
}

impl Timetable {
    /// A timetable for a system that starts at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let first = |chore: Chore| if chore.is_done_at_start() { now } else { after(chore, now) };
        Timetable { next: Chore::ALL.map(|chore| (chore, first(chore))).into() }
    }

    /// When something is due next.
    #[must_use]
    pub fn wake(&self) -> Timestamp {
        self.next.values().min().copied().unwrap_or(Timestamp::MAX)
    }

    /// What is due at `now`, each once; the next time of each is tomorrow's hour. Hours that passed while the machine slept are
    /// made up for by doing it once.
    pub fn due(&mut self, now: Timestamp) -> Vec<Chore> {
        let due: Vec<Chore> = self.next.iter().filter(|(_, at)| **at <= now).map(|(chore, _)| *chore).collect();
        self.next.extend(due.iter().map(|chore| (*chore, after(*chore, now))));
        due
    }

    /// Notes that a chore could not be done: it is tried again before its next hour.
    pub fn failed(&mut self, chore: Chore, now: Timestamp) {
        let soon = now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
        self.next.entry(chore).and_modify(|next| *next = soon.min(*next));
    }
}

/// The next hour of a chore after `now`.
fn after(chore: Chore, now: Timestamp) -> Timestamp {
    let today = japan_date(now);
    let on = |day: Date| TimeZone::fixed(offset(9)).to_timestamp(day.to_datetime(chore.hour()));
    let hours = [Some(today), today.tomorrow().ok()].into_iter().flatten().filter_map(|day| on(day).ok());
    hours.into_iter().find(|at| *at > now).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}+09:00").parse().unwrap()
    }

    #[test]
    fn a_month_in_virtual_time_does_each_chore_once_a_day_at_its_hour() {
        let mut timetable = Timetable::new(at("01T12:00:00"));
        let mut done: Vec<(Chore, Timestamp)> = Vec::new();
        while timetable.wake() < at("30T12:00:00") {
            let now = timetable.wake();
            done.extend(timetable.due(now).into_iter().map(|chore| (chore, now)));
        }
        for chore in Chore::ALL {
            let days: Vec<Timestamp> = done.iter().filter(|(it, _)| *it == chore).map(|(_, at)| *at).collect();
            let (first, daily) = days.split_at(usize::from(chore.is_done_at_start()));
            assert!(first.iter().all(|at| *at == self::at("01T12:00:00")));
            assert_eq!(daily.len(), 29, "{chore:?}");
            assert!(daily.iter().all(|at| at.to_zoned(TimeZone::fixed(offset(9))).time() == chore.hour()));
        }
    }

    #[test]
    fn what_failed_is_tried_again_and_what_was_slept_through_is_done_once() {
        let mut timetable = Timetable::new(at("01T12:00:00"));
        timetable.due(at("01T12:00:00"));
        assert_eq!(timetable.due(at("02T00:00:00")), [Chore::ApplyPlans]);
        timetable.failed(Chore::ApplyPlans, at("02T00:00:00"));
        assert_eq!(timetable.wake(), at("02T00:10:00"));
        assert_eq!(timetable.due(at("02T00:10:00")), [Chore::ApplyPlans]);
        assert_eq!(timetable.due(at("05T12:00:00")), Chore::ALL, "three days asleep");
        assert_eq!(timetable.due(at("05T12:00:01")), []);
        assert_eq!(timetable.wake(), at("06T00:00:00"));
    }
}
