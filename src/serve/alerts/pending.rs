//! Alarms that the queue did not take yet: which they are, when they are tried again, and until when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hikyaku_dispatch::Alarm;
use jiff::Timestamp;

/// So many wait at most; the oldest leaves then, for the others say more of the present. It stays in the log and in the ledger.
const MOST: usize = 1_000;
/// Between two attempts: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// An alarm that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be mailed.
    pub alarm: Alarm,
    /// When it was raised.
    pub raised: Timestamp,
    /// On the clock that only runs forward.
    since: Instant,
}

/// The alarms that wait, in the order in which they were raised.
#[derive(Debug)]
pub struct Pending {
    waiting: VecDeque<Waiting>,
    /// Until when an alarm is worth a mail.
    lifetime: Duration,
    pause: Duration,
    again: Option<Instant>,
}

impl Pending {
    /// None; each is worth a mail for this long.
    pub fn new(lifetime: Duration) -> Self {
        Pending { waiting: VecDeque::new(), lifetime, pause: PAUSE.0, again: None }
    }

    /// Has an alarm wait that could not be mailed at `now`; gives back the one that waits no longer for want of room.
    pub fn put_off(&mut self, alarm: &Alarm, raised: Timestamp, now: Instant) -> Option<Waiting> {
        if self.waiting.iter().any(|it| it.alarm.key == alarm.key) {
            return None;
        }
        self.waiting.push_back(Waiting { alarm: alarm.clone(), raised, since: now });
        // Another one that fails does not delay those that waited before it.
        self.again.get_or_insert(now + self.pause);
        if self.waiting.len() > MOST { self.waiting.pop_front() } else { None }
    }

    /// The one to be tried now, if it is time.
    pub fn due(&self, now: Instant) -> Option<&Waiting> {
        self.again.filter(|again| *again <= now).and_then(|_| self.waiting.front())
    }

    /// It was refused again: nothing is tried for longer than before.
    pub fn refused(&mut self, now: Instant) {
        self.pause = (self.pause * 2).min(PAUSE.1);
        self.again = Some(now + self.pause);
    }

    /// It was taken: so are the others, probably, and they are tried at once.
    pub fn taken(&mut self, key: &str) {
        self.pause = PAUSE.0;
        self.end(key);
    }

    /// It is over, or cannot be mailed at all: whether it had waited.
    pub fn end(&mut self, key: &str) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|it| it.alarm.key != key);
        if self.waiting.is_empty() {
            (self.again, self.pause) = (None, PAUSE.0);
        }
        self.waiting.len() < before
    }

    /// Those that have waited for so long that nobody is mailed any more.
    pub fn expire(&mut self, now: Instant) -> Vec<Waiting> {
        let is_old = |it: &Waiting| now.saturating_duration_since(it.since) >= self.lifetime;
        let old: Vec<Waiting> = self.waiting.iter().filter(|it| is_old(it)).cloned().collect();
        for it in &old {
            self.end(&it.alarm.key);
        }
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn alarm(key: &str) -> Alarm {
        Alarm { key: key.into(), title: "警報".into(), text: "本文".into() }
    }

    fn due(pending: &Pending, now: Instant) -> Option<&str> {
        pending.due(now).map(|it| it.alarm.key.as_str())
    }

    #[test]
    fn req_r02_an_alarm_that_the_queue_refuses_is_tried_again_ever_more_rarely_until_it_is_taken() {
        let (start, wall) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut pending = Pending::new(DAY);
        assert_eq!(pending.put_off(&alarm("roster/1"), wall, start), None);
        assert_eq!(pending.put_off(&alarm("chore/1"), wall, start + Duration::from_secs(3)), None);
        let (mut now, mut tried) = (start, Vec::new());
        while tried.len() < 6 {
            now += Duration::from_secs(1);
            if due(&pending, now) == Some("roster/1") {
                tried.push(now.duration_since(start).as_secs());
                pending.refused(now);
            }
        }
        assert_eq!(tried, [5, 15, 35, 75, 135, 195]);
        now += PAUSE.1;
        assert_eq!(due(&pending, now), Some("roster/1"));
        pending.taken("roster/1");
        assert_eq!(due(&pending, now), Some("chore/1"), "what else waits is tried at once");
        pending.taken("chore/1");
        assert_eq!(due(&pending, now + DAY), None);
    }

    #[test]
    fn an_alarm_that_is_over_or_a_day_old_or_waits_already_is_not_tried() {
        let (start, wall) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut pending = Pending::new(DAY);
        for key in ["source/1", "source/1", "roster/1"] {
            pending.put_off(&alarm(key), wall, start);
        }
        assert!(pending.end("source/1") && !pending.end("source/1"), "it waited, once");
        assert_eq!(due(&pending, start + PAUSE.0), Some("roster/1"));
        assert_eq!(pending.expire(start + DAY - PAUSE.0), []);
        let old = pending.expire(start + DAY);
        assert_eq!(old.iter().map(|it| it.alarm.key.as_str()).collect::<Vec<_>>(), ["roster/1"]);
        assert_eq!(due(&pending, start + DAY), None);
    }

    #[test]
    fn however_many_are_refused_no_more_than_a_thousand_wait_and_the_oldest_leaves() {
        let (start, wall) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut pending = Pending::new(DAY);
        for number in 0..MOST {
            assert_eq!(pending.put_off(&alarm(&number.to_string()), wall, start), None);
        }
        let left = pending.put_off(&alarm("new"), wall, start);
        assert_eq!(left.map(|it| it.alarm.key).as_deref(), Some("0"));
        assert_eq!(due(&pending, start + PAUSE.0), Some("1"));
    }
}
