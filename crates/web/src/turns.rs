//! Turns at an even pace: who comes is told when it is their turn, or that it would be too late (GCRA).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest that somebody waits for a turn.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// How much earlier than at an even pace a turn may come: what comes in small clumps does not wait.
const EARLY_MAX: Duration = Duration::from_millis(20);
/// Turns are short for so long after somebody was refused one.
const SHORT: Duration = Duration::from_secs(1);

/// Turns, so many in a second.
#[derive(Debug)]
pub(crate) struct Turns {
    each: Duration,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// When the next turn is at an even pace; none before the first.
    next: Option<Instant>,
    /// When somebody was last told that it would be too late.
    refused: Option<Instant>,
}

impl Turns {
    /// At least one in a second.
    pub(crate) fn per_second(turns: u32) -> Self {
        Self { each: Duration::from_secs(1) / turns.max(1), book: Mutex::default() }
    }

    /// How long to wait for the next turn, which is then taken; none where that is too long.
    pub(crate) fn take(&self, now: Instant) -> Option<Duration> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let due = book.next.unwrap_or(now).max(now);
        let wait = due.duration_since(now).saturating_sub(EARLY_MAX);
        if wait > WAIT_MAX {
            book.refused = Some(now);
            return None;
        }
        book.next = Some(due + self.each);
        Some(wait)
    }

    /// Whether somebody was refused a moment ago.
    pub(crate) fn are_short(&self, now: Instant) -> bool {
        let refused = self.book.lock().unwrap_or_else(PoisonError::into_inner).refused;
        refused.is_some_and(|refused| now.duration_since(refused) < SHORT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s12_turns_come_at_an_even_pace_and_none_is_promised_that_is_too_late() {
        let (turns, now) = (Turns::per_second(1_000), Instant::now());
        let promised: Vec<Duration> = std::iter::from_fn(|| turns.take(now)).collect();
        // 20 ms ahead, the one of this moment, and 100 ms of waiting.
        assert_eq!(promised.len(), 121);
        assert!(promised[..21].iter().all(Duration::is_zero));
        assert_eq!(promised[120], WAIT_MAX);
        let later = now + Duration::from_millis(50);
        assert_eq!(std::iter::from_fn(|| turns.take(later)).count(), 50, "what passed is free again");
        assert!(turns.are_short(later), "the last one was refused");
        assert!(!turns.are_short(later + SHORT));
    }
}
