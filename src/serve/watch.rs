//! Alarms about the sources: into the log as they begin and end, and mailed when they last.

use std::time::{Duration, Instant};

use hikyaku_dispatch::Alarm;
use hikyaku_feeds::edge::Pulse;
use hikyaku_feeds::poll;
use jiff::Timestamp;
use tokio::sync::watch;

use super::alerts::Alerts;
use crate::courier::told;
use crate::feed::{Alarms, Change};

/// How often it is looked whether the sources are well.
const LOOK: Duration = Duration::from_secs(1);
/// An alarm that ends before is not mailed: a stream that is connected anew is no news.
const LASTING: Duration = Duration::from_secs(60);

/// An alarm that stands.
struct Standing {
    alarm: poll::Alarm,
    /// On the clock that only runs forward.
    began: Duration,
    key: String,
    /// Whether it has lasted so long that it was handed over to be mailed.
    told: bool,
}

/// The alarms that stand.
#[derive(Default)]
struct Watch {
    alarms: Alarms,
    standing: Vec<Standing>,
}

/// What follows from a look.
#[derive(Default)]
struct Seen {
    changes: Vec<Change>,
    /// What has lasted so long that it is mailed, each alarm once.
    mails: Vec<Alarm>,
    /// The keys of what was to be mailed and is over.
    over: Vec<String>,
}

impl Watch {
    /// Takes what stands now.
    fn look(&mut self, standing: Vec<poll::Alarm>, since_start: Duration, wall: Timestamp) -> Seen {
        let mut seen = Seen { changes: self.alarms.change(standing), ..Seen::default() };
        for change in &seen.changes {
            match change {
                Change::Began(alarm) => {
                    // The same alarm on another day is another one.
                    let key = format!("source-{}-{}-{}", alarm.word(), alarm.feed(), wall.as_second());
                    self.standing.push(Standing { alarm: alarm.clone(), began: since_start, key, told: false });
                }
                Change::Ended(alarm) => {
                    let ended = self.standing.extract_if(.., |it| it.alarm.is_same_as(alarm));
                    seen.over.extend(ended.filter(|it| it.told).map(|it| it.key));
                }
            }
        }
        let old = |it: &&mut Standing| !it.told && since_start.saturating_sub(it.began) >= LASTING;
        for it in self.standing.iter_mut().filter(old) {
            it.told = true;
            let title = format!("情報の受信に問題があります（{}）", it.alarm.feed());
            seen.mails.push(Alarm { key: it.key.clone(), title, text: it.alarm.to_string() });
        }
        seen
    }
}

/// Looks until `stop`.
pub async fn run(pulse: Pulse, alerts: Alerts, mut stop: watch::Receiver<bool>) {
    let (mut watch, start) = (Watch::default(), Instant::now());
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            _ = look.tick() => {}
        }
        let seen = watch.look(pulse.health().alarms(), start.elapsed(), Timestamp::now());
        for change in seen.changes {
            match change {
                Change::Began(_) => tracing::error!("{change}"),
                Change::Ended(_) => tracing::warn!("{change}"),
            }
        }
        seen.over.iter().for_each(|key| alerts.end(key));
        for mail in seen.mails {
            alerts.raise(&mail).await;
        }
    }
    alerts.hand_on(&watch.standing.into_iter().filter(|it| it.told).map(|it| it.key).collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r02_a_silent_feed_is_mailed_once_after_a_minute_and_a_hiccup_never() {
        let wall: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let stale = |feed: &str, age_s| poll::Alarm::Stale { feed: feed.into(), age_s };
        let (mut watch, mut over) = (Watch::default(), Vec::new());
        let mut look = |second: u64, standing: Vec<poll::Alarm>| {
            let seen = watch.look(standing, Duration::from_secs(second), wall);
            over.extend(seen.over);
            (seen.changes.len(), seen.mails.into_iter().map(|it| it.title + &it.text).collect::<Vec<_>>())
        };
        assert_eq!(look(0, vec![stale("eqvol", 301), stale("extra", 301)]), (2, vec![]));
        assert_eq!(look(30, vec![stale("eqvol", 331)]), (1, vec![]), "extra has come back");
        assert_eq!(look(59, vec![stale("eqvol", 360)]), (0, vec![]));
        let (changes, mails) = look(60, vec![stale("eqvol", 361)]);
        assert!(changes == 0 && mails.len() == 1 && mails[0].contains("（eqvol）"), "{mails:?}");
        assert!(
            mails[0].contains("止まっています") && mails[0].contains("別の経路"),
            "what is wrong and what to do: {mails:?}"
        );
        assert_eq!(look(4_000, vec![stale("eqvol", 4_301)]), (0, vec![]), "it was mailed");
        assert_eq!(look(4_001, vec![]), (1, vec![]));
        look(4_002, vec![stale("eqvol", 301)]);
        assert_eq!(look(4_062, vec![stale("eqvol", 361)]).1.len(), 1, "another one");
        assert_eq!(over.len(), 1, "a hiccup was never to be mailed, and the last one stands: {over:?}");
    }
}
