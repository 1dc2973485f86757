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

/// An alarm that was not mailed yet.
struct Young {
    alarm: poll::Alarm,
    began: Instant,
    key: String,
}

/// Looks until `stop`.
pub async fn run(pulse: Pulse, alerts: Alerts, mut stop: watch::Receiver<bool>) {
    let (mut alarms, mut young) = (Alarms::default(), Vec::<Young>::new());
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            _ = look.tick() => {}
        }
        for change in alarms.change(pulse.health().alarms()) {
            match &change {
                Change::Began(alarm) => {
                    tracing::error!("{change}");
                    // The same alarm on another day is another one.
                    let key = format!("source-{}-{}-{}", alarm.word(), alarm.feed(), Timestamp::now().as_second());
                    young.push(Young { alarm: alarm.clone(), began: Instant::now(), key });
                }
                Change::Ended(alarm) => {
                    tracing::warn!("{change}");
                    young.retain(|it| !it.alarm.is_same_as(alarm));
                }
            }
        }
        for old in young.extract_if(.., |it| it.began.elapsed() >= LASTING) {
            let title = format!("情報の受信に問題があります（{}）", old.alarm.feed());
            alerts.raise(&Alarm { key: old.key, title, text: old.alarm.to_string() }).await;
        }
    }
}
