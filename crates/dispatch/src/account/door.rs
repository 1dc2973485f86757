//! Lock-out after wrong attempts (requirement S03): per account and source, so that nobody can lock everybody out.
//!
//! A source that fails too often is locked for that account. Many sources that fail together lock the account for
//! strangers, but not for sources from which it was entered lately. A locked door still opens to whoever shows the
//! second factor first: what locks out a guesser never locks out the owner.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Failures of one source that lock it.
pub const FAILURES_MAX: u32 = 5;
/// Failures of all strangers together that lock them.
pub const STRANGERS_MAX: u32 = 20;
/// How long a lock holds, and how long a failure counts.
pub const LOCK: SignedDuration = SignedDuration::from_mins(15);
/// How long a source is known after somebody logged in from it.
const KNOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most sources that are remembered of each kind; the oldest leave.
const SOURCES_MAX: usize = 64;

/// Whether a source may try an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Open,
    /// Until then only with the second factor checked before the password.
    Locked {
        /// When the lock ends by itself.
        until: Timestamp,
    },
}

/// The attempts at one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Door {
    tries: BTreeMap<String, Tries>,
    strangers: Tries,
    known: BTreeMap<String, Timestamp>,
}

/// Failures since the last success or the last quiet time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tries {
    failures: u32,
    last: Option<Timestamp>,
}

impl Tries {
    fn fail(&mut self, now: Timestamp) {
        if self.locked_until(1, now).is_none() {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last = Some(now);
    }

    /// When the lock ends that `most` failures put on, if it holds now.
    fn locked_until(self, most: u32, now: Timestamp) -> Option<Timestamp> {
        let until = self.last?.saturating_add(LOCK).ok()?;
        (self.failures >= most && now < until).then_some(until)
    }
}

impl Door {
    /// Whether `source` may try at `now`.
    #[must_use]
    pub fn standing(&self, source: &str, now: Timestamp) -> Standing {
        let own = self.tries.get(source).and_then(|tries| tries.locked_until(FAILURES_MAX, now));
        let all = || self.strangers.locked_until(STRANGERS_MAX, now).filter(|_| !self.is_known(source, now));
        own.or_else(all).map_or(Standing::Open, |until| Standing::Locked { until })
    }

    /// Whether any source is locked at `now`.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        let one = self.tries.values().any(|tries| tries.locked_until(FAILURES_MAX, now).is_some());
        one || self.strangers.locked_until(STRANGERS_MAX, now).is_some()
    }

    pub(crate) fn fail(&mut self, source: &str, now: Timestamp) {
        if !self.is_known(source, now) {
            self.strangers.fail(now);
        }
        self.tries.entry(source.to_owned()).or_default().fail(now);
        let oldest = |tries: &BTreeMap<String, Tries>| {
            tries.iter().min_by_key(|(_, tries)| tries.last).map(|(source, _)| source.clone())
        };
        while self.tries.len() > SOURCES_MAX {
            let Some(source) = oldest(&self.tries) else { break };
            self.tries.remove(&source);
        }
    }

    pub(crate) fn enter(&mut self, source: &str, now: Timestamp) {
        self.tries.remove(source);
        self.known.insert(source.to_owned(), now);
        while self.known.len() > SOURCES_MAX {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(source, _)| source.clone());
            let Some(source) = oldest else { break };
            self.known.remove(&source);
        }
    }

    pub(crate) fn unlock(&mut self) {
        self.tries.clear();
        self.strangers = Tries::default();
    }

    fn is_known(&self, source: &str, now: Timestamp) -> bool {
        self.known.get(source).is_some_and(|at| now.duration_since(*at) < KNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    fn is_open(door: &Door, source: &str, now: Timestamp) -> bool {
        door.standing(source, now) == Standing::Open
    }

    #[test]
    fn req_s03_a_source_that_fails_five_times_is_locked_for_fifteen_minutes_and_others_are_not() {
        let mut door = Door::default();
        for _ in 0..4 {
            door.fail("192.0.2.1", at(0));
        }
        assert!(is_open(&door, "192.0.2.1", at(0)));
        door.fail("192.0.2.1", at(0));
        assert_eq!(door.standing("192.0.2.1", at(0)), Standing::Locked { until: at(15) });
        assert!(is_open(&door, "192.0.2.2", at(0)));
        assert!(is_open(&door, "192.0.2.1", at(15)));
    }

    #[test]
    fn req_s03_many_sources_together_lock_strangers_but_not_where_the_owner_works() {
        let mut door = Door::default();
        door.enter("10.0.0.1", at(0));
        for source in 0..20 {
            door.fail(&format!("192.0.2.{source}"), at(1));
        }
        assert!(!is_open(&door, "198.51.100.7", at(2)));
        assert!(is_open(&door, "10.0.0.1", at(2)));
        assert!(is_open(&door, "198.51.100.7", at(16)));
    }

    #[test]
    fn failures_long_ago_do_not_add_up() {
        let mut door = Door::default();
        for minute in 0..10 {
            door.fail("192.0.2.1", at(minute * 20));
        }
        assert!(is_open(&door, "192.0.2.1", at(181)));
    }

    #[test]
    fn what_is_remembered_of_sources_is_bounded() {
        let mut door = Door::default();
        for source in 0..1_000 {
            door.fail(&format!("source {source}"), at(source));
            door.enter(&format!("source {source}"), at(source));
        }
        assert!(door.tries.len() <= SOURCES_MAX && door.known.len() <= SOURCES_MAX);
    }
}
