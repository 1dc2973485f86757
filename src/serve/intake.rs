//! From feeds to the journal: each bulletin is judged, and its telegram is taken once that is durable.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_bulletin::Bulletin;
use hikyaku_dispatch::{Desk, JudgingCommand};
use hikyaku_feeds::edge::{Arrival, SeriesFile, Watcher};
use hikyaku_feeds::{Series, Step, Timing};
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
        mut bulletin: Bulletin,
        (received, present): (Timestamp, Timestamp),
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        let taken = self.series.take(&bulletin, present);
        if taken.step == Step::Digest {
            // Every municipality of the country, several times an hour: each office's own telegram has put its part on record.
            bulletin.areas.clear();
        }
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
            self.keep(bulletin, present, taken.timing).await;
        }
        true
    }

    async fn keep(&self, bulletin: Bulletin, present: Timestamp, timing: Timing) {
        let file = self.file.clone();
        let kept = tokio::task::spawn_blocking(move || file.keep(&bulletin, present, timing)).await;
        if let Err(problem) = kept.map_err(|e| e.to_string()).and_then(|kept| kept) {
            tracing::error!(problem, "what is known of a series is not kept for the next start");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hikyaku_dispatch::{Appended, Head, Journal, JournalError, Keys, MemoryJournal, Pending, Row};
    use hikyaku_feeds::{parse, samples};

    use super::*;

    /// A journal in memory that refuses as often as it is told.
    #[derive(Default)]
    struct Full {
        inner: MemoryJournal,
        refusals: AtomicUsize,
    }

    impl Journal for Full {
        fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
            let refuses =
                self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1)).is_ok();
            if refuses {
                let error = JournalError::Storage { place: "test".into(), problem: "the disk is full".into() };
                return Box::pin(async move { Err(error) });
            }
            self.inner.append(rows, expected)
        }

        fn head(&self) -> Pending<'_, Head> {
            self.inner.head()
        }

        fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
            self.inner.read_from(seq)
        }

        fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
            self.inner.tail(seq)
        }

        fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
            self.inner.drop_contents(seqs)
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bulletin_that_the_journal_refused_is_judged_again_until_it_is_durable() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Full::default());
        let desk = Desk::open(journal.clone(), Keys::in_memory().unwrap()).await.unwrap();
        let mut intake = Intake::open(folder.path(), desk.clone()).unwrap();
        let (_go, mut stop) = watch::channel(false);
        let bulletin = parse(samples::DEMO_VXSE51, "vxse51_demo.xml").unwrap();
        let soon = bulletin.published + jiff::SignedDuration::from_secs(30);
        let before = journal.head().await.unwrap();
        journal.refusals.store(1, Ordering::SeqCst);
        assert!(intake.judge(bulletin.clone(), (soon, soon), &mut stop).await);
        assert_eq!(journal.refusals.load(Ordering::SeqCst), 0, "it was refused once");
        assert_ne!(journal.head().await.unwrap(), before, "and is in the journal now");
        let sources = desk.read(|state| state.judgements().iter().map(|it| it.source.clone()).collect::<Vec<_>>());
        assert_eq!(sources, [bulletin.source.to_string()], "once");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bulletin_that_the_journal_refuses_until_the_end_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Full::default());
        let desk = Desk::open(journal.clone(), Keys::in_memory().unwrap()).await.unwrap();
        let mut intake = Intake::open(folder.path(), desk).unwrap();
        let (go, mut stop) = watch::channel(false);
        let bulletin = parse(samples::DEMO_VXSE51, "vxse51_demo.xml").unwrap();
        let soon = bulletin.published + jiff::SignedDuration::from_secs(30);
        journal.refusals.store(usize::MAX, Ordering::SeqCst);
        go.send(true).unwrap();
        assert!(!intake.judge(bulletin, (soon, soon), &mut stop).await, "so that it is fetched or pushed once more");
    }
}
