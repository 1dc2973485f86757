//! Counts what came within a sliding span of time, and keeps the most it ever saw.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A sliding window of events; the times given must not run backwards.
#[derive(Debug)]
pub(crate) struct Window {
    span: Duration,
    times: VecDeque<Instant>,
    most: usize,
}

impl Window {
    pub(crate) fn of(span: Duration) -> Self {
        Self { span, times: VecDeque::new(), most: 0 }
    }

    /// Counts the events in the span that ends now.
    pub(crate) fn count(&mut self, now: Instant) -> usize {
        while let Some(&first) = self.times.front()
            && now.saturating_duration_since(first) >= self.span
        {
            self.times.pop_front();
        }
        self.times.len()
    }

    /// Adds one event.
    pub(crate) fn add(&mut self, now: Instant) {
        self.times.push_back(now);
        let count = self.count(now);
        self.most = self.most.max(count);
    }

    /// The most events that any span ever held.
    pub(crate) fn most(&self) -> u64 {
        self.most as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_in_any_sliding_second_is_found_across_its_edges() {
        let start = Instant::now();
        let mut window = Window::of(Duration::from_secs(1));
        for ms in [0, 900, 950, 1_000, 1_899, 1_900, 3_000] {
            window.add(start + Duration::from_millis(ms));
        }
        // 900, 950, 1000 and 1899 lie in one second; 900 and 1900 do not
        assert_eq!(window.most(), 4);
        assert_eq!(window.count(start + Duration::from_millis(3_999)), 1);
        assert_eq!(window.count(start + Duration::from_millis(4_000)), 0);
    }
}
