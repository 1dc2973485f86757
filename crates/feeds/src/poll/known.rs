//! Which telegrams are known, so that none is fetched or handed over twice; bounded, oldest forgotten first.

use std::collections::{HashMap, VecDeque};

/// How many places of released identities are no matter.
const SPARE: usize = 1_000;

/// The identities of telegrams that were found, in the order in which they were.
#[derive(Debug, Clone)]
pub struct Known {
    known: HashMap<String, u64>,
    order: VecDeque<(u64, String)>,
    next: u64,
    most: usize,
}

impl Known {
    /// Nothing known, and at most so many in the end.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { known: HashMap::new(), order: VecDeque::new(), next: 0, most: most.max(1) }
    }

    /// Whether a telegram is known.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.known.contains_key(key)
    }

    /// Makes a telegram known; `false` when it was. What is forgotten to make room comes back.
    pub fn claim(&mut self, key: &str) -> bool {
        if self.known.contains_key(key) {
            return false;
        }
        self.known.insert(key.to_owned(), self.next);
        self.order.push_back((self.next, key.to_owned()));
        self.next += 1;
        while self.known.len() > self.most {
            if let Some((number, oldest)) = self.order.pop_front()
                && self.known.get(&oldest) == Some(&number)
            {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Makes a telegram unknown again, so that it is fetched when it is listed once more.
    pub fn release(&mut self, key: &str) {
        self.known.remove(key);
        // The places of what was released are cleared away once they are most of all: what is claimed and released for ever adds nothing.
        if self.order.len() > 2 * self.known.len() + SPARE {
            self.order.retain(|(number, key)| self.known.get(key) == Some(number));
        }
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_is_claimed_once_and_the_oldest_is_forgotten_first() {
        let mut known = Known::new(2);
        assert!(known.claim("a") && known.claim("b") && !known.claim("a"));
        assert!(known.claim("c") && !known.contains("a") && known.contains("b"));
        assert_eq!(known.len(), 2);
    }

    #[test]
    fn a_telegram_that_is_claimed_and_released_for_ever_takes_no_more_and_more_room() {
        let mut known = Known::new(3);
        known.claim("a");
        known.claim("b");
        for _ in 0..10_000 {
            known.claim("unreadable");
            known.release("unreadable");
        }
        assert!(known.order.len() <= 2 * known.len() + SPARE, "{}", known.order.len());
        assert!(known.claim("c") && known.claim("d") && !known.contains("a") && known.contains("b"));
    }

    #[test]
    fn what_was_released_and_claimed_again_is_as_young_as_its_last_claim() {
        let mut known = Known::new(2);
        known.claim("a");
        known.claim("b");
        known.release("a");
        known.claim("a");
        known.claim("c");
        assert!(known.contains("a") && !known.contains("b"));
    }
}
