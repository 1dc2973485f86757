//! How often something may be tried: so many times in a minute for each name, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Most names that are remembered; when there are more, those of past minutes leave first.
const NAMES_MAX: usize = 50_000;

/// A count for each name in the present minute.
#[derive(Debug)]
pub(crate) struct Rate<K> {
    most: u32,
    counts: Mutex<HashMap<K, (i64, u32)>>,
}

impl<K: Eq + Hash> Rate<K> {
    /// At most `most` times in a minute of the clock.
    pub(crate) fn per_minute(most: u32) -> Self {
        Self { most, counts: Mutex::default() }
    }

    /// Counts one; whether it is still within the limit.
    pub(crate) fn take(&self, name: K, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(60);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= NAMES_MAX {
            counts.retain(|_, (at, _)| *at == minute);
        }
        if counts.len() >= NAMES_MAX {
            return false;
        }
        let count = counts.entry(name).or_insert((minute, 0));
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 = count.1.saturating_add(1);
        count.1 <= self.most
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
}
