//! The watch over a feed's own time: a dead feed goes on answering 200, so only its time tells.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::schedule::Now;

/// How far our clock may be from a server's before it is doubted.
const CLOCK_DOUBT: SignedDuration = SignedDuration::from_secs(60);

/// Whether a feed is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing has been read yet.
    Unknown,
    /// Its own time is recent.
    Fresh,
    /// Its own time is this old, whatever its server answers.
    Stale(SignedDuration),
}

/// What was seen of a feed's time and of its server's.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    updated: Option<Timestamp>,
    /// When `updated` last grew, since the start.
    grew: Duration,
    /// The server's clock, and when it was seen.
    server: Option<(Timestamp, Duration)>,
    clock_off: Option<SignedDuration>,
    behind: bool,
}

impl Watch {
    /// Takes up where an earlier run left.
    pub(super) fn starting_at(updated: Option<Timestamp>) -> Self {
        Self { updated, ..Self::default() }
    }

    /// An answer came; `date` is its server's clock.
    pub(super) fn answered(&mut self, date: Option<Timestamp>, now: Now) {
        if let Some(date) = date {
            self.server = Some((date, now.since_start));
            let off = now.wall.duration_since(date);
            self.clock_off = (off.abs() > CLOCK_DOUBT).then_some(off);
        }
    }

    /// An index was read that says it is of this time.
    pub(super) fn read(&mut self, updated: Option<Timestamp>, now: Now) {
        let Some(updated) = updated else { return };
        self.behind = self.updated.is_some_and(|before| updated < before);
        if self.updated.is_none_or(|before| updated > before) {
            self.updated = Some(updated);
            self.grew = now.since_start;
        }
    }

    /// A document was read that says no time of its own: what counts is that it changed now. A clock that was set is no feed that goes back.
    pub(super) fn found(&mut self, now: Now) {
        self.updated = Some(self.present(now));
        self.grew = now.since_start;
    }

    /// The newest time that the feed ever gave for itself.
    pub(super) fn updated(&self) -> Option<Timestamp> {
        self.updated
    }

    /// Whether the last index was older than one before it.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    /// How far our clock is ahead of the server's, when that is more than a minute.
    pub(super) fn clock_off(&self) -> Option<SignedDuration> {
        self.clock_off
    }

    /// The time of day by the server's clock, carried forward by one that never jumps; by ours only where the server tells none.
    pub(super) fn present(&self, now: Now) -> Timestamp {
        self.server_time(now).unwrap_or(now.wall)
    }

    /// The time of day by the server's clock, where it has told it.
    pub(super) fn server_time(&self, now: Now) -> Option<Timestamp> {
        let (date, seen) = self.server?;
        let since = SignedDuration::try_from(now.since_start.saturating_sub(seen)).unwrap_or(SignedDuration::ZERO);
        Some(date.checked_add(since).unwrap_or(date))
    }

    /// Whether the feed is alive.
    pub(super) fn verdict(&self, stale_after: Option<Duration>, now: Now) -> Freshness {
        let Some(updated) = self.updated else { return Freshness::Unknown };
        let Some(limit) = stale_after.and_then(|it| SignedDuration::try_from(it).ok()) else { return Freshness::Fresh };
        let age = self.present(now).duration_since(updated);
        // A server whose own clock stands still would hide a dead feed; the time since it last moved does not.
        let still = SignedDuration::try_from(now.since_start.saturating_sub(self.grew)).unwrap_or(SignedDuration::ZERO);
        let age = age.max(if still > limit * 2 { still } else { SignedDuration::ZERO });
        if age > limit { Freshness::Stale(age) } else { Freshness::Fresh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64, wall: &str) -> Now {
        Now { since_start: Duration::from_secs(second), wall: wall.parse().unwrap() }
    }

    const LIMIT: Option<Duration> = Some(Duration::from_secs(300));

    fn instant(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_feed_whose_time_stands_still_is_dead_though_its_server_answers() {
        let mut watch = Watch::default();
        assert_eq!(watch.verdict(LIMIT, at(0, "2026-11-21T12:00:00Z")), Freshness::Unknown);
        watch.answered(instant("2026-11-21T12:00:20Z"), at(20, "2026-11-21T12:00:20Z"));
        watch.read(instant("2026-11-21T12:00:00Z"), at(20, "2026-11-21T12:00:20Z"));
        assert_eq!(watch.verdict(LIMIT, at(20, "2026-11-21T12:00:20Z")), Freshness::Fresh);
        watch.answered(instant("2026-11-21T12:06:20Z"), at(380, "2026-11-21T12:06:20Z"));
        watch.read(instant("2026-11-21T12:00:00Z"), at(380, "2026-11-21T12:06:20Z"));
        assert_eq!(
            watch.verdict(LIMIT, at(380, "2026-11-21T12:06:20Z")),
            Freshness::Stale(SignedDuration::from_secs(380))
        );
    }

    #[test]
    fn a_jump_of_our_clock_neither_kills_a_feed_nor_hides_a_dead_one() {
        let mut watch = Watch::default();
        watch.answered(instant("2026-11-21T12:00:20Z"), at(20, "2026-11-21T12:00:20Z"));
        watch.read(instant("2026-11-21T12:00:00Z"), at(20, "2026-11-21T12:00:20Z"));
        assert_eq!(watch.verdict(LIMIT, at(30, "2026-11-23T12:00:30Z")), Freshness::Fresh);
        assert!(matches!(watch.verdict(LIMIT, at(400, "2026-11-21T09:00:00Z")), Freshness::Stale(_)));
        watch.answered(instant("2026-11-21T12:01:20Z"), at(80, "2026-11-23T12:01:20Z"));
        assert_eq!(watch.clock_off(), Some(SignedDuration::from_hours(48)));
    }

    #[test]
    fn a_feed_that_goes_back_in_time_is_noticed_and_keeps_no_newer_time_from_counting() {
        let mut watch = Watch::default();
        let now = at(20, "2026-11-21T12:00:20Z");
        watch.read(instant("2026-11-21T12:00:00Z"), now);
        watch.read(instant("2026-11-20T12:00:00Z"), now);
        assert!(watch.is_behind());
        assert_eq!(watch.updated(), instant("2026-11-21T12:00:00Z"));
        watch.read(instant("2026-11-21T12:01:00Z"), now);
        assert!(!watch.is_behind());
    }

    #[test]
    fn a_server_whose_clock_stands_still_does_not_hide_a_dead_feed() {
        let mut watch = Watch::default();
        for second in [20, 400, 800] {
            watch.answered(instant("2026-11-21T12:00:20Z"), at(second, "2026-11-21T12:00:20Z"));
            watch.read(instant("2026-11-21T12:00:00Z"), at(second, "2026-11-21T12:00:20Z"));
        }
        assert!(matches!(watch.verdict(LIMIT, at(800, "2026-11-21T12:00:20Z")), Freshness::Stale(_)));
    }
}
