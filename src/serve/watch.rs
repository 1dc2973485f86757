//! Alarms about the sources, into the log as they begin and end.

use std::time::Duration;

use hikyaku_feeds::edge::Pulse;
use tokio::sync::watch;

use crate::courier::told;
use crate::feed::{Alarms, Change};

/// How often it is looked whether the sources are well.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until `stop`.
pub async fn run(pulse: Pulse, mut stop: watch::Receiver<bool>) {
    let mut alarms = Alarms::default();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            _ = look.tick() => {}
        }
        for change in alarms.change(pulse.health().alarms()) {
            match change {
                Change::Began(_) => tracing::error!("{change}"),
                Change::Ended(_) => tracing::warn!("{change}"),
            }
        }
    }
}
