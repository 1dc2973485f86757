//! Attempts and overload as alarms (requirement S17), and a look every day whether the journal's chain still holds.

use std::time::{Duration, Instant};

use hikyaku_dispatch::{Alarm, Desk, verify};
use hikyaku_web::{Burst, WebState};
use jiff::Timestamp;
use tokio::sync::watch;

use super::alerts::Alerts;
use crate::courier::told;

/// How often it is looked for bursts.
const LOOK: Duration = Duration::from_secs(5);
/// How often the whole chain is verified; the first time an hour after the start, not while everybody waits for the server.
const VERIFY: Duration = Duration::from_secs(24 * 3600);
const FIRST_VERIFY: Duration = Duration::from_secs(3600);

/// Looks until `stop`.
pub async fn run(web: WebState, desk: Desk, alerts: Alerts, mut stop: watch::Receiver<bool>) {
    let mut look = tokio::time::interval(LOOK);
    let mut verified = Instant::now() + FIRST_VERIFY;
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            _ = look.tick() => {}
        }
        for burst in web.bursts() {
            alerts.raise(&alarm(&burst)).await;
        }
        if Instant::now() >= verified {
            verified = Instant::now() + VERIFY;
            let broken = tokio::select! {
                () = told(&mut stop) => return,
                verified = verify(desk.journal()) => verified.err(),
            };
            if let Some(problem) = broken {
                alerts.raise(&chain_broken(&problem.to_string(), Timestamp::now())).await;
            }
        }
    }
}

/// One an hour of each kind, however long it lasts.
fn alarm(burst: &Burst) -> Alarm {
    let (title, remedy) = burst.sign.words();
    let hour = burst.since.as_second().div_euclid(3_600);
    Alarm {
        key: format!("security/{}/{hour}", burst.sign.name()),
        title: title.to_owned(),
        text: format!("{title}: {} から {} 回以上。\n{remedy}", burst.since, burst.count),
    }
}

fn chain_broken(problem: &str, now: Timestamp) -> Alarm {
    Alarm {
        key: format!("security/chain/{}", hikyaku_dispatch::japan_date(now)),
        title: "記録の連鎖が切れています（改ざんか破損）".to_owned(),
        text: format!(
            "記録の連鎖が切れています: {problem}\nこのサーバーの記録とバックアップをそのまま保全し、docs/journal.md の手順で確かめてください。"
        ),
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_web::Sign;

    use super::*;

    #[test]
    fn req_s17_a_burst_is_one_alarm_an_hour_and_says_what_to_do() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let burst = |since| Burst { sign: Sign::FailedLogIn, count: 31, since };
        let first = alarm(&burst(at("2026-11-21T05:00:00Z")));
        assert_eq!(first.key, alarm(&burst(at("2026-11-21T05:55:00Z"))).key);
        assert_ne!(first.key, alarm(&burst(at("2026-11-21T06:00:00Z"))).key);
        assert!(first.text.contains("31 回以上") && first.text.contains("[console] allow"), "{}", first.text);
    }
}
