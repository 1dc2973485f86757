//! From feeds to the journal: each bulletin is judged, and its telegram is taken once that is durable.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_bulletin::Bulletin;
use hikyaku_dispatch::{Desk, JudgingCommand};
use hikyaku_feeds::Series;
use hikyaku_feeds::edge::{Arrival, SeriesFile, Watcher};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::courier::told;

/// How long to wait after the journal could not take a bulletin.
const PAUSE: Duration = Duration::from_secs(1);
/// The file of what is known of each series, in the folder of data.
const FILE: &str = "series.redb";

/// What judges, and what it knows.
pub struct Intake {
    desk: Desk,
    series: Series,
    file: Arc<SeriesFile>,
}

impl Intake {
    /// Recalls what was known of each series.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn open(data: &Path, desk: Desk) -> Result<Self, String> {
        let mut series = Series::default();
        let file = SeriesFile::open(&data.join(FILE), &mut series, Timestamp::now())?;
        Ok(Self { desk, series, file: Arc::new(file) })
    }

    /// Takes telegrams in until `stop`, then ends the pollers.
    pub async fn run(mut self, mut watcher: Watcher, mut stop: watch::Receiver<bool>) {
        loop {
            let arrival = tokio::select! {
                () = told(&mut stop) => break,
                arrival = watcher.next() => arrival,
            };
            let Some(arrival) = arrival else { break };
            self.take(arrival, &mut stop).await;
        }
        watcher.shutdown().await;
    }

    async fn take(&mut self, arrival: Arrival, stop: &mut watch::Receiver<bool>) {
        let (received, present) = (arrival.telegram.received, arrival.telegram.present);
        let bulletins = match &arrival.said {
            Ok(bulletins) => bulletins.clone(),
            Err(reject) => {
                tracing::warn!(telegram = %arrival.telegram.name, %reject, "a telegram cannot be read");
                Vec::new()
            }
        };
        for bulletin in bulletins {
            if !self.judge(bulletin, (received, present), stop).await {
                return;
            }
        }
        arrival.taken();
    }

    /// Judges a bulletin, again until the journal has it: the series knows it now, and would take it for a repetition when it came anew.
    /// `false` where the program is told to stop before: not taken, it is fetched or pushed again after the next start.
    /// Whether it came in time is a question of `present`: our own clock may be fast, and must silence nothing.
    async fn judge(
        &mut self,
        bulletin: Bulletin,
        (received, present): (Timestamp, Timestamp),
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        let taken = self.series.take(&bulletin, present);
        let command = JudgingCommand::TakeBulletin {
            bulletin: Box::new(bulletin.clone()),
            fate: taken.fate(),
            received,
            present,
        };
        while let Err(error) = self.desk.command(command.clone(), received).await {
            tracing::error!(telegram = %bulletin.source, %error, "a bulletin could not be judged, and is judged again");
            tokio::select! {
                () = told(stop) => return false,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        if taken.is_kept() {
            self.keep(bulletin, present).await;
        }
        true
    }

    async fn keep(&self, bulletin: Bulletin, present: Timestamp) {
        let file = self.file.clone();
        let kept = tokio::task::spawn_blocking(move || file.keep(&bulletin, present)).await;
        if let Err(problem) = kept.map_err(|e| e.to_string()).and_then(|kept| kept) {
            tracing::error!(problem, "what is known of a series is not kept for the next start");
        }
    }
}
