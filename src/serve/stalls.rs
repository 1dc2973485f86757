//! Lanes that stand still: mails that could leave, and a carrier that takes none of them for minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use hikyaku_core::observe::QueueHealth;
use hikyaku_core::{Engine, Snapshot};
use hikyaku_dispatch::{Alarm, Thousands};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use crate::courier::told;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);
/// Fewer mails than this are no lane that stands still: a domain with a typing error has its few mails wait, too.
const MANY: u64 = 10;

/// What can be known of one carrier at one moment, over all ways to it that nobody has stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Mails that could leave now.
    ready: u64,
    /// Mails accepted since the engine opened.
    accepted: u64,
}

/// A carrier that had mails to take when it was looked last.
#[derive(Debug)]
struct Waiting {
    accepted: u64,
    /// On the clock that only runs forward: when it last took one, or when there was something to take again.
    since: Duration,
    /// The key of its alarm, while it stands.
    key: Option<String>,
}

/// What has stood still for how long.
#[derive(Debug)]
struct Stalls {
    patience: Duration,
    waiting: BTreeMap<String, Waiting>,
    /// The key of the alarm that the queue has no room, while it stands.
    full: Option<String>,
}

impl Stalls {
    fn new(patience: Duration) -> Self {
        Stalls { patience, waiting: BTreeMap::new(), full: None }
    }

    /// The alarms that stand now.
    fn look(&mut self, seen: &BTreeMap<String, Seen>, since_start: Duration, wall: Timestamp) -> Vec<Alarm> {
        self.waiting.retain(|name, _| seen.get(name).is_some_and(|it| it.ready >= MANY));
        let mut standing = Vec::new();
        for (name, now) in seen.iter().filter(|(_, it)| it.ready >= MANY) {
            let fresh = || Waiting { accepted: now.accepted, since: since_start, key: None };
            let before = self.waiting.entry(name.clone()).or_insert_with(fresh);
            if before.accepted != now.accepted {
                *before = fresh();
            }
            let still = since_start.saturating_sub(before.since);
            if still >= self.patience {
                // The same carrier on another day is another alarm.
                let key = before.key.get_or_insert_with(|| format!("lane/{name}/{}", wall.as_second()));
                standing.push(alarm(key, name, now.ready, still));
            }
        }
        standing
    }

    /// The alarm that the queue has no room: then nothing leaves at all, mails of alarms neither.
    fn full(&mut self, queue: &QueueHealth, wall: Timestamp) -> Option<Alarm> {
        let QueueHealth::Full { remedy, .. } = queue else {
            self.full = None;
            return None;
        };
        let key = self.full.get_or_insert_with(|| format!("lane/full/{}", wall.as_second()));
        Some(Alarm {
            key: key.clone(),
            title: "送信待ちを書き込む空きがなく、送信が止まっています".to_owned(),
            text: format!("何も送らず、新しい配信も受け付けません。{remedy}\n空きができると、自動で続きを送ります。"),
        })
    }
}

fn alarm(key: &str, name: &str, ready: u64, still: Duration) -> Alarm {
    // What the table calls the lane of everything that goes through one relay.
    let name = if name == "relay" { "中継サーバー" } else { name };
    Alarm {
        key: key.to_owned(),
        title: format!("{name} 宛ての送信が止まっています"),
        text: format!(
            "{name} 宛てに送れるはずのメールが {} 通あり、{} 分間、一通も受け取られていません。\n\
             管理画面の「配信経路」で、その事業者の最後の応答と待ちの理由を見てください。\n\
             回線と名前解決を確かめ、事業者が拒否しているときは事業者に連絡するか、別の経路に切り替えてください。\n\
             受け取られ始めると、自動で続きを送ります。",
            Thousands(ready),
            still.as_secs() / 60
        ),
    }
}

/// Each carrier with what it could take; one that people have stopped everywhere is not there. The mails of domains of which
/// nobody knows where they go are not in any lane, and stand under the domain's name.
fn carriers(snapshot: &Snapshot) -> BTreeMap<String, Seen> {
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    let runs: BTreeSet<&str> = snapshot.lanes.iter().filter(|it| !it.paused).map(|it| it.carrier.as_str()).collect();
    for lane in snapshot.lanes.iter().filter(|it| runs.contains(it.carrier.as_str())) {
        let seen = all.entry(lane.carrier.to_string()).or_default();
        // What waits for a carrier is counted at the first of its lanes, stopped or not.
        seen.ready += lane.waiting.saturating_sub(lane.later);
        seen.accepted += lane.accepted;
    }
    for domain in snapshot.unresolved.iter().filter(|it| !it.goes_on) {
        all.entry(domain.domain.clone()).or_default().ready += domain.waiting;
    }
    all
}

/// Looks until `stop`: a carrier that takes nothing for so long is an alarm.
pub fn watch_over(engine: &Engine, alerts: &Alerts, patience: Duration, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(run(engine.clone(), alerts.clone(), patience, stop))
}

async fn run(engine: Engine, alerts: Alerts, patience: Duration, mut stop: watch::Receiver<bool>) {
    let (mut stalls, start, mut stood) = (Stalls::new(patience), Instant::now(), BTreeSet::new());
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            _ = look.tick() => {}
        }
        // Without one the engine has stopped, and so will this.
        let Ok(snapshot) = engine.snapshot().await else { continue };
        let now = Timestamp::now();
        let mut standing = stalls.look(&carriers(&snapshot), start.elapsed(), now);
        standing.extend(stalls.full(&snapshot.queue, now));
        alerts.stand(&mut stood, &standing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn one(ready: u64, accepted: u64) -> BTreeMap<String, Seen> {
        BTreeMap::from([("docomo".to_owned(), Seen { ready, accepted })])
    }

    /// The keys that stand after each of these looks, a minute apart.
    fn standing(looks: &[(u64, u64)]) -> Vec<usize> {
        let mut stalls = Stalls::new(5 * MINUTE);
        let wall = Timestamp::UNIX_EPOCH;
        let look = |(minute, (ready, accepted)): (u32, &(u64, u64))| {
            stalls.look(&one(*ready, *accepted), minute * MINUTE, wall).len()
        };
        (0..).zip(looks).map(look).collect()
    }

    #[test]
    fn req_r02_a_carrier_that_takes_nothing_for_five_minutes_is_an_alarm_until_it_takes_one() {
        let looks = [(500, 7), (500, 7), (500, 7), (500, 7), (500, 7), (500, 7), (600, 7), (599, 8), (599, 8)];
        assert_eq!(standing(&looks), [0, 0, 0, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_carrier_that_takes_few_or_has_few_or_nothing_to_take_is_none() {
        let slow: Vec<(u64, u64)> = (0..20).map(|minute| (5_000, minute / 4)).collect();
        assert!(standing(&slow).iter().all(|it| *it == 0), "one in four minutes");
        assert_eq!(standing(&[(9, 0); 8]), [0; 8], "a domain with a typing error");
        let returning = [(500, 0), (500, 0), (500, 0), (0, 0), (0, 0), (500, 0), (500, 0), (500, 0)];
        assert_eq!(standing(&returning), [0; 8], "it waits anew");
    }

    #[test]
    fn a_queue_without_room_is_an_alarm_until_it_has_some() {
        let (mut stalls, wall) = (Stalls::new(MINUTE), Timestamp::UNIX_EPOCH);
        let full =
            QueueHealth::Full { since: hikyaku_core::time::Instant::EPOCH, remedy: "空けてください。".into() };
        let alarm = stalls.full(&full, wall).unwrap();
        assert!(alarm.text.contains("空けてください。"), "{alarm:?}");
        let later = Timestamp::from_second(60).unwrap();
        assert_eq!(stalls.full(&full, later).unwrap().key, alarm.key);
        assert_eq!(stalls.full(&QueueHealth::Well, later), None);
        assert_ne!(stalls.full(&full, later).unwrap().key, alarm.key);
    }

    #[test]
    fn an_alarm_keeps_its_key_while_it_stands_and_says_what_to_do_and_the_next_one_has_another() {
        let mut stalls = Stalls::new(Duration::ZERO);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let first = stalls.look(&one(12_345, 1), Duration::ZERO, at(100));
        assert!(first[0].text.contains("12,345 通") && first[0].text.contains("配信経路"), "{first:?}");
        assert_eq!(stalls.look(&one(12_400, 1), MINUTE, at(160))[0].key, first[0].key);
        assert_eq!(stalls.look(&one(0, 2), MINUTE, at(170)), []);
        assert_ne!(stalls.look(&one(50, 2), MINUTE, at(180))[0].key, first[0].key);
    }
}
