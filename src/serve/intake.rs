//! From feeds to the journal: each bulletin is judged, and its telegram is taken once that is durable.

use std::time::Duration;

use hikyaku_dispatch::{Desk, JudgingCommand};
use hikyaku_feeds::Series;
use hikyaku_feeds::edge::{Arrival, Watcher};
use tokio::sync::watch;

use crate::courier::told;

/// How long to wait after the journal could not take it; the telegram is asked for again after a restart.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes telegrams in until `stop`, then ends the pollers.
pub async fn run(mut watcher: Watcher, desk: Desk, mut stop: watch::Receiver<bool>) {
    let mut series = Series::default();
    loop {
        let arrival = tokio::select! {
            () = told(&mut stop) => break,
            arrival = watcher.next() => arrival,
        };
        let Some(arrival) = arrival else { break };
        take(&desk, &mut series, arrival).await;
    }
    watcher.shutdown().await;
}

async fn take(desk: &Desk, series: &mut Series, arrival: Arrival) {
    let received = arrival.telegram.received;
    let bulletins = match &arrival.said {
        Ok(bulletins) => bulletins.clone(),
        Err(reject) => {
            tracing::warn!(telegram = %arrival.telegram.name, %reject, "a telegram cannot be read");
            Vec::new()
        }
    };
    for bulletin in bulletins {
        let fate = series.take(&bulletin, received).fate();
        let command = JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin), fate, received };
        if let Err(error) = desk.command(command, received).await {
            tracing::error!(telegram = %arrival.telegram.name, %error, "a bulletin could not be judged");
            // Not taken: whoever pushed it pushes it again, and after a restart it is fetched again.
            return tokio::time::sleep(PAUSE).await;
        }
    }
    arrival.taken();
}
