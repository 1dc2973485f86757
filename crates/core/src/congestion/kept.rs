//! What a lane has learned, as it outlives the program, and how it ages.

use crate::time::{Instant, Span};

/// How long until half of what was learned is forgotten. Carriers change their limits by the hour of the day and in no
/// published way (facts: carriers §0.1, §6): after a night little of it is true, after a restart of minutes nearly all.
const HALF_LIFE: Span = Span::from_secs(6 * 3600);
/// A lane is kept anew when a limit has moved by more than this share, and not more often than this.
const MOVED: f64 = 0.1;
const KEEP_AFTER: Span = Span::from_secs(5);
/// A rate that was learned counts for nothing once it has grown so much.
const FORGOTTEN: f64 = 16.0;

/// The limits of one carrier, as they were learned. `None` is no limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    /// When.
    pub at: Instant,
    /// Sessions at once.
    pub sessions: Option<u32>,
    /// Mails a second.
    pub rate: Option<f64>,
    /// Mails a session.
    pub turn: Option<u32>,
}

impl Learned {
    /// Whether any limit is in it.
    pub(super) fn is_limit(&self) -> bool {
        self.sessions.is_some() || self.rate.is_some() || self.turn.is_some()
    }

    /// Whether this is to be kept in place of what was kept before.
    pub(super) fn replaces(&self, before: Option<&Learned>) -> bool {
        let Some(before) = before else { return self.is_limit() };
        let moved = match (self.rate, before.rate) {
            (Some(now), Some(then)) => (now - then).abs() > MOVED * then,
            (now, then) => now.is_some() != then.is_some(),
        };
        let changed = moved || self.sessions != before.sessions || self.turn != before.turn;
        changed && self.at.since(before.at) >= KEEP_AFTER
    }

    /// What is still believed of it: a limit doubles with every half-life until it is none any more.
    pub(super) fn aged(self, now: Instant) -> Learned {
        let grown = f64::powf(2.0, now.since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64());
        let stands = grown < FORGOTTEN;
        // A number of sessions or mails is small, and so is 16 times as many.
        let count = |n: u32| (f64::from(n) * grown) as u32;
        Learned {
            at: self.at,
            sessions: self.sessions.filter(|_| stands).map(count),
            rate: self.rate.filter(|_| stands).map(|rate| rate * grown),
            turn: self.turn.filter(|_| stands).map(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: Instant = Instant::from_micros(1_000_000_000_000_000);

    #[test]
    fn what_was_learned_is_half_forgotten_after_six_hours_and_gone_after_a_day() {
        let learned = Learned { at: THEN, sessions: Some(3), rate: Some(20.0), turn: Some(10) };
        assert_eq!(learned.aged(THEN), learned);
        let later = learned.aged(THEN + HALF_LIFE);
        assert_eq!((later.sessions, later.rate, later.turn), (Some(6), Some(40.0), Some(20)));
        let gone = learned.aged(THEN + HALF_LIFE * 4);
        assert_eq!((gone.sessions, gone.rate, gone.turn), (None, None, None));
    }

    #[test]
    fn small_changes_and_hasty_ones_are_not_kept() {
        let before = Learned { at: THEN, sessions: None, rate: Some(20.0), turn: None };
        let after = |seconds, rate| Learned { at: THEN + Span::from_secs(seconds), rate: Some(rate), ..before };
        assert!(before.replaces(None) && after(9, 30.0).replaces(Some(&before)));
        assert!(!after(9, 21.0).replaces(Some(&before)) && !after(1, 30.0).replaces(Some(&before)));
    }
}
