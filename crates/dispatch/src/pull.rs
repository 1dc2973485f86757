//! The daily roster: fetched at an hour, tried again for a while, and an alert when it did not come or was not fit; yesterday's
//! roster stays (requirement A28). Pure: it says what to do next, an edge does it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};

use crate::day::japan_date;

/// When the roster is fetched, and for how long it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullSchedule {
    /// The hour in Japan.
    pub at: Time,
    /// How long to wait between two attempts.
    pub retry: SignedDuration,
    /// A roster that has not come this long after the hour is missed.
    pub patience: SignedDuration,
    /// A roster that has been the very same for so many days is suspicious: whoever writes it may have stopped.
    pub stale_days: u32,
}

impl Default for PullSchedule {
    fn default() -> Self {
        PullSchedule {
            at: Time::constant(3, 0, 0, 0),
            retry: SignedDuration::from_mins(10),
            patience: SignedDuration::from_hours(3),
            stale_days: 14,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullInput {
    /// Time passed.
    Tick,
    /// The roster was fetched, or could not be.
    Fetched(Result<Vec<u8>, String>),
    /// The roster was taken, or refused with these reasons.
    Taken(Result<(), String>),
    /// The roster is fit, and cannot be taken yet.
    Later(String),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAction {
    /// Fetch the roster and say what came of it.
    Fetch,
    /// Import this roster as a whole one and say what came of it.
    Import(Vec<u8>),
    /// Tell the administrators.
    Alert(PullAlert),
}

/// What the administrators must know. Yesterday's roster is still in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAlert {
    /// It did not come.
    Missed {
        /// Why, as told at the last attempt.
        reason: String,
    },
    /// It came and was not taken: faults, or the guard.
    Refused {
        /// Why.
        reason: String,
    },
    /// It has been the very same for long.
    Unchanged {
        /// For how many days.
        days: u32,
    },
}

impl std::fmt::Display for PullAlert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PullAlert::Missed { reason } => write!(
                f,
                "本日の名簿を取得できませんでした（{reason}）。前回の名簿で運用を続けます。人事側の書き出しと置き場所を確かめてください。"
            ),
            PullAlert::Refused { reason } => {
                write!(f, "本日の名簿を取り込みませんでした。前回の名簿で運用を続けます。\n{reason}")
            }
            PullAlert::Unchanged { days } => write!(
                f,
                "名簿が {days} 日間まったく変わっていません。人事側の書き出しが止まっていないか確かめてください。"
            ),
        }
    }
}

/// Where the pull stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    schedule: PullSchedule,
    /// The day whose roster is wanted next.
    day: Date,
    next: Timestamp,
    /// Whether an answer of the edge is awaited.
    waiting: bool,
    /// The last content that came, how many days in a row it has been the same, and the last of these.
    seen: Option<(u64, u32, Date)>,
}

impl Pull {
    /// Starts at `now`; `taken` says when the last whole roster was taken, so that a restart fetches none twice. A roster
    /// that was missed while nothing ran is fetched at once.
    #[must_use]
    pub fn new(schedule: PullSchedule, taken: Option<Timestamp>, now: Timestamp) -> Self {
        let today = japan_date(now);
        let has_begun = hour(today, schedule.at) <= now;
        let day = if has_begun { today } else { today.yesterday().unwrap_or(today) };
        let mut pull = Pull { schedule, day, next: now, waiting: false, seen: None };
        if taken.is_some_and(|taken| taken >= hour(day, schedule.at)) {
            pull.settle(now);
        }
        pull
    }

    /// When to come back with a [`PullInput::Tick`].
    #[must_use]
    pub fn wake(&self) -> Timestamp {
        self.next
    }

    /// Takes in what happened and says what to do.
    pub fn step(&mut self, input: PullInput, now: Timestamp) -> Vec<PullAction> {
        match input {
            PullInput::Tick if self.waiting || now < self.next => Vec::new(),
            PullInput::Tick => {
                self.waiting = true;
                vec![PullAction::Fetch]
            }
            PullInput::Fetched(Err(reason)) => self.again_or(PullAlert::Missed { reason }, now),
            PullInput::Later(reason) => self.again_or(PullAlert::Refused { reason }, now),
            PullInput::Fetched(Ok(bytes)) => {
                let unchanged = self.see(&bytes);
                let mut actions = vec![PullAction::Import(bytes)];
                actions.extend(unchanged.map(PullAction::Alert));
                actions
            }
            PullInput::Taken(result) => {
                self.settle(now);
                result.err().map(|reason| PullAction::Alert(PullAlert::Refused { reason })).into_iter().collect()
            }
        }
    }

    /// Tries again in a while; once it is too late for this day, that is told.
    fn again_or(&mut self, alert: PullAlert, now: Timestamp) -> Vec<PullAction> {
        let next = now + self.schedule.retry;
        if next <= hour(self.day, self.schedule.at) + self.schedule.patience {
            (self.waiting, self.next) = (false, next);
            return Vec::new();
        }
        self.settle(now);
        vec![PullAction::Alert(alert)]
    }

    /// This day is over, whatever came of it.
    fn settle(&mut self, now: Timestamp) {
        let today = japan_date(now);
        let is_ahead = hour(today, self.schedule.at) > now;
        self.day = if is_ahead { today } else { today.tomorrow().unwrap_or(today) };
        (self.waiting, self.next) = (false, hour(self.day, self.schedule.at));
    }

    /// Compares what came with what came before.
    fn see(&mut self, bytes: &[u8]) -> Option<PullAlert> {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let digest = hasher.finish();
        let before = self.seen.filter(|(before, ..)| *before == digest);
        if before.is_some_and(|(.., day)| day == self.day) {
            return None;
        }
        let days = before.map_or(0, |(_, days, _)| days + 1);
        self.seen = Some((digest, days, self.day));
        (days > 0 && days.is_multiple_of(self.schedule.stale_days)).then_some(PullAlert::Unchanged { days })
    }
}

/// An hour of a day in Japan.
fn hour(day: Date, at: Time) -> Timestamp {
    TimeZone::fixed(offset(9)).to_timestamp(day.to_datetime(at)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}+09:00").parse().unwrap()
    }

    fn pull(taken: Option<&str>, now: &str) -> Pull {
        Pull::new(PullSchedule::default(), taken.map(at), at(now))
    }

    #[test]
    fn req_a28_the_roster_is_fetched_at_its_hour_and_imported_once_a_day() {
        let mut pull = pull(Some("20T03:00:05"), "20T12:00:00");
        assert_eq!(pull.wake(), at("21T03:00:00"));
        assert_eq!(pull.step(PullInput::Tick, at("21T02:59:59")), []);
        assert_eq!(pull.step(PullInput::Tick, at("21T03:00:00")), [PullAction::Fetch]);
        assert_eq!(pull.step(PullInput::Tick, at("21T03:00:01")), [], "it is under way");
        let roster = b"id".to_vec();
        let import = [PullAction::Import(roster.clone())];
        assert_eq!(pull.step(PullInput::Fetched(Ok(roster)), at("21T03:00:02")), import);
        assert_eq!(pull.step(PullInput::Taken(Ok(())), at("21T03:00:03")), []);
        assert_eq!(pull.wake(), at("22T03:00:00"));
    }

    #[test]
    fn req_a28_a_roster_that_does_not_come_is_tried_again_and_then_missed_once() {
        let mut pull = pull(Some("20T03:00:05"), "20T12:00:00");
        let mut attempts = 0;
        let mut now = pull.wake();
        let alert = loop {
            assert_eq!(pull.step(PullInput::Tick, now), [PullAction::Fetch]);
            attempts += 1;
            match pull.step(PullInput::Fetched(Err("no such file".into())), now).pop() {
                Some(action) => break action,
                None => now = pull.wake(),
            }
        };
        assert_eq!(alert, PullAction::Alert(PullAlert::Missed { reason: "no such file".into() }));
        assert_eq!((attempts, now), (19, at("21T06:00:00")));
        assert_eq!(pull.wake(), at("22T03:00:00"));
    }

    #[test]
    fn req_a28_a_refused_roster_is_told_and_not_tried_again_that_day() {
        let mut pull = pull(None, "21T03:00:00");
        pull.step(PullInput::Tick, at("21T03:00:00"));
        pull.step(PullInput::Fetched(Ok(vec![])), at("21T03:00:00"));
        let refused = pull.step(PullInput::Taken(Err("4,000 人".into())), at("21T03:00:01"));
        assert_eq!(refused, [PullAction::Alert(PullAlert::Refused { reason: "4,000 人".into() })]);
        assert_eq!(pull.wake(), at("22T03:00:00"));
    }

    #[test]
    fn req_a28_a_roster_that_cannot_be_taken_yet_is_fetched_again_and_told_once_when_it_is_too_late() {
        let mut pull = pull(Some("20T03:00:05"), "20T12:00:00");
        let roster = b"id".to_vec();
        let mut told = Vec::new();
        while pull.wake() < at("22T03:00:00") {
            let now = pull.wake();
            assert_eq!(pull.step(PullInput::Tick, now), [PullAction::Fetch]);
            assert_eq!(pull.step(PullInput::Fetched(Ok(roster.clone())), now), [PullAction::Import(roster.clone())]);
            told.extend(pull.step(PullInput::Later("4 人の鍵".into()), now).into_iter().map(|it| (it, now)));
        }
        let alert = PullAction::Alert(PullAlert::Refused { reason: "4 人の鍵".into() });
        assert_eq!(told, [(alert, at("21T06:00:00"))]);
    }

    #[test]
    fn what_was_missed_while_nothing_ran_is_fetched_at_once() {
        assert_eq!(pull(Some("20T03:00:05"), "21T09:00:00").wake(), at("21T09:00:00"));
        assert_eq!(pull(Some("21T03:00:05"), "21T09:00:00").wake(), at("22T03:00:00"));
        assert_eq!(pull(Some("20T03:00:05"), "21T01:00:00").wake(), at("21T03:00:00"));
    }

    #[test]
    fn a_roster_that_never_changes_is_told_now_and_then() {
        let mut pull = pull(None, "01T03:00:00");
        let mut told = Vec::new();
        for day in 1..=29 {
            let now = at(&format!("{day:02}T03:00:00"));
            pull.step(PullInput::Tick, now);
            let actions = pull.step(PullInput::Fetched(Ok(b"same".to_vec())), now);
            told.extend(actions.into_iter().filter(|action| matches!(action, PullAction::Alert(_))).map(|_| day));
            pull.step(PullInput::Taken(Ok(())), now);
        }
        assert_eq!(told, [15, 29]);
    }
}
