//! The daily roster of a running server (requirement A28): fetched at its hour; what goes wrong is an alarm, and yesterday's stays.

use std::time::Duration;

use hikyaku_dispatch::{Alarm, Desk, Pull, PullAlert, Side, japan_date};
use jiff::Timestamp;
use tokio::sync::watch;

use super::alerts::Alerts;
use crate::courier::told;
use crate::people::pull::{Source, round};
use crate::settings::RosterSettings;

/// How often it is looked whether the hour has come.
const LOOK: Duration = Duration::from_secs(2);

/// Pulls rosters until `stop`.
pub async fn run(
    settings: RosterSettings,
    source: Source,
    desk: Desk,
    alerts: Alerts,
    mut stop: watch::Receiver<bool>,
) {
    let side = settings.side();
    let taken = desk.read(|state| state.roster_taken(side));
    let mut pull = Pull::new(settings.schedule(), taken, Timestamp::now());
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            _ = look.tick() => {}
        }
        match round(&mut pull, &desk, &source, side).await {
            Ok(told) => {
                for alert in told {
                    alerts.raise(&alarm(&alert, side, Timestamp::now())).await;
                }
            }
            Err(problem) => tracing::error!(%problem, "the roster could not be recorded"),
        }
    }
}

/// The alarm of an alert; of each kind once a day.
fn alarm(alert: &PullAlert, side: Side, now: Timestamp) -> Alarm {
    let (kind, title) = match alert {
        PullAlert::Missed { .. } => ("missed", "本日の名簿を取得できません"),
        PullAlert::Refused { .. } => ("refused", "本日の名簿を取り込めません"),
        PullAlert::Unchanged { .. } => ("unchanged", "名簿が変わっていません"),
    };
    Alarm {
        key: format!("roster/{side:?}/{kind}/{}", japan_date(now)),
        title: format!("{title}（{}）", side.word()),
        text: alert.to_string(),
    }
}
