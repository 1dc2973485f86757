//! How often something may be tried: so many times in a minute for each name, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Most names that are remembered: those of past minutes leave when there are more.
const NAMES_MAX: usize = 50_000;

/// A count for each name in the present minute.
#[derive(Debug)]
pub(crate) struct Rate<K> {
    most: u32,
    refuses_unknown: bool,
    names: Mutex<Names<K>>,
}

#[derive(Debug)]
struct Names<K> {
    counts: HashMap<K, (i64, u32)>,
    /// The minute in which there was last no room.
    full: Option<i64>,
}

impl<K: Eq + Hash> Rate<K> {
    /// At most `most` times in a minute of the clock. In a minute of more names than are remembered, those that find no place pass
    /// uncounted: a limit for each must not become one for all.
    pub(crate) fn per_minute(most: u32) -> Self {
        let names = Names { counts: HashMap::new(), full: None };
        Self { most, refuses_unknown: false, names: Mutex::new(names) }
    }

    /// The same, but names that find no place are refused: where what is not counted harms somebody, and can wait for a minute.
    pub(crate) fn or_refused(self) -> Self {
        Self { refuses_unknown: true, ..self }
    }

    /// Counts one; whether it is still within the limit.
    pub(crate) fn take(&self, name: K, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(60);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.counts.contains_key(&name) && !names.has_room(minute) {
            return !self.refuses_unknown;
        }
        let count = names.counts.entry(name).or_insert((minute, 0));
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 = count.1.saturating_add(1);
        count.1 <= self.most
    }
}

impl<K: Eq + Hash> Names<K> {
    /// Whether one more can be remembered. Who is of a past minute is looked for once a minute: everybody waits meanwhile.
    fn has_room(&mut self, minute: i64) -> bool {
        if self.counts.len() >= NAMES_MAX && self.full != Some(minute) {
            self.full = Some(minute);
            self.counts.retain(|_, (at, _)| *at == minute);
        }
        self.counts.len() < NAMES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_count_and_a_new_minute_begins_anew() {
        let rate = Rate::per_minute(2);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(rate.take("a", at(0)) && rate.take("a", at(59)));
        assert!(!rate.take("a", at(59)));
        assert!(rate.take("b", at(59)));
        assert!(rate.take("a", at(60)));
    }

    #[test]
    fn req_s12_in_a_minute_of_more_names_than_are_remembered_known_ones_keep_their_count_and_new_ones_pass() {
        let rate = Rate::per_minute(1);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!((0..=NAMES_MAX).all(|name| rate.take(name, at(0))), "the last one finds no place and passes");
        assert!(!rate.take(0, at(59)) && !rate.take(NAMES_MAX - 1, at(59)), "those that are known are counted on");
        assert!(rate.take(NAMES_MAX, at(59)));
        assert!((0..=NAMES_MAX).all(|name| rate.take(name, at(60))), "a new minute begins anew for all");
    }

    #[test]
    fn where_what_is_not_counted_does_harm_a_name_that_finds_no_place_is_refused_until_the_minute_is_over() {
        let rate = Rate::per_minute(2).or_refused();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!((0..NAMES_MAX).all(|name| rate.take(name, at(0))));
        assert!(rate.take(0, at(59)) && !rate.take(NAMES_MAX, at(59)));
        assert!(rate.take(NAMES_MAX, at(60)));
    }
}
