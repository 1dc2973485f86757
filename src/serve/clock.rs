//! This machine's clock against the time server of `[check] time_server`, at the start and every hour (requirement S15).

use std::collections::BTreeSet;
use std::time::Duration;

use hikyaku_dispatch::{Alarm, japan_date};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use crate::check::ahead_ms;
use crate::courier::told;
use crate::metrics::alarms::Standing;

/// How often it is asked.
const LOOK: Duration = Duration::from_secs(3_600);
/// How soon again when there was no answer.
const AGAIN: Duration = Duration::from_secs(300);
/// So far off does harm, in milliseconds, as `hikyaku check` has it: one-time codes last 30 seconds.
const HARMFUL_MS: u64 = 10_000;

/// The alarm about a clock that is so far ahead of a server's, in milliseconds.
fn alarm(server: &str, ahead_ms: i64, now: Timestamp) -> Option<Alarm> {
    let way = if ahead_ms > 0 { "進んで" } else { "遅れて" };
    (ahead_ms.unsigned_abs() >= HARMFUL_MS).then(|| Alarm {
        key: format!("clock/{}", japan_date(now)),
        title: "このサーバーの時計がずれています".to_owned(),
        text: format!(
            "時計が {server} より {:.1} 秒{way}います。認証コードが通らず、記録と署名の時刻が証拠にならず、電文の古さを誤ります。\n\
             chronyd か systemd-timesyncd を動かし、時刻サーバーに合わせてください。",
            ahead_ms.unsigned_abs() as f64 / 1_000.0
        ),
    })
}

/// Compares the clock with this server's until `stop`: what is found stands in the metrics, and is an alarm where it does harm.
pub fn watch_over(
    server: Option<String>,
    alerts: &Alerts,
    standing: &Standing,
    mut stop: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    let (server, alerts, standing) = (server?, alerts.clone(), standing.clone());
    Some(tokio::spawn(async move {
        let mut stood = BTreeSet::new();
        loop {
            let seen = tokio::select! {
                () = told(&mut stop) => return,
                seen = ahead_ms(&server) => seen,
            };
            standing.set_clock(&server, seen.as_ref().ok().copied());
            let pause = match seen {
                Ok(ahead) => {
                    let off: Vec<Alarm> = alarm(&server, ahead, Timestamp::now()).into_iter().collect();
                    alerts.stand(&mut stood, &off).await;
                    LOOK
                }
                Err(problem) => {
                    tracing::warn!(server, problem, "the time server does not answer; the clock is not compared");
                    AGAIN
                }
            };
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s15_a_clock_that_does_harm_is_an_alarm_that_says_how_far_and_which_way_and_a_second_is_none() {
        let now = "2026-11-22T10:00:00+09:00".parse().unwrap();
        let behind = alarm("ntp.nict.jp:123", -31_500, now).unwrap();
        assert!(behind.text.contains("31.5 秒遅れて") && behind.text.contains("ntp.nict.jp"), "{behind:?}");
        assert!(alarm("a", 10_000, now).unwrap().text.contains("10.0 秒進んで"));
        assert_eq!((alarm("a", 9_999, now), alarm("a", -1_000, now)), (None, None));
    }
}
