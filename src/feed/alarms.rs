//! Alarms about the sources, told once when they begin and once when they end.

use std::fmt;

use hikyaku_feeds::poll::Alarm;

/// The alarms that stand.
#[derive(Debug, Default)]
pub struct Alarms(Vec<Alarm>);

/// What is to be told of an alarm.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// It has begun.
    Began(Alarm),
    /// Its cause has ended.
    Ended(Alarm),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began(alarm) => write!(f, "警報: {alarm}"),
            Self::Ended(alarm) => write!(f, "解消: {alarm}"),
        }
    }
}

impl Alarms {
    /// Takes what stands now; what has begun and ended since the last time. Numbers that grow in an alarm are no new alarm.
    pub fn change(&mut self, now: Vec<Alarm>) -> Vec<Change> {
        let is_in = |all: &[Alarm], it: &Alarm| all.iter().any(|other| other.is_same_as(it));
        let ended = self.0.iter().filter(|it| !is_in(&now, it)).cloned().map(Change::Ended);
        let began = now.iter().filter(|it| !is_in(&self.0, it)).cloned().map(Change::Began);
        let changes = ended.chain(began).collect();
        self.0 = now;
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r02_an_alarm_is_told_when_it_begins_and_when_its_cause_has_ended_and_not_between() {
        let stale = |age_s| Alarm::Stale { feed: "eqvol".into(), age_s };
        let mut alarms = Alarms::default();
        assert_eq!(alarms.change(vec![stale(300)]), [Change::Began(stale(300))]);
        assert_eq!(alarms.change(vec![stale(301)]), []);
        assert_eq!(alarms.change(Vec::new()), [Change::Ended(stale(301))]);
        let other = Alarm::Stale { feed: "extra".into(), age_s: 300 };
        assert_eq!(alarms.change(vec![stale(300), other]).len(), 2);
    }
}
