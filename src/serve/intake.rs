//! From feeds to the journal: each bulletin is judged, and its telegram is taken once that is durable. What cannot be judged for a
//! while waits in a line, in its order, and somebody is told what the rules would do about it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_bulletin::Bulletin;
use hikyaku_dispatch::{Desk, JudgingCommand};
use hikyaku_feeds::edge::{Arrival, SeriesFile, Watcher};
use hikyaku_feeds::{Series, Step, Taken, Timing};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

use super::lookout::Lookout;
use crate::courier::told;

/// How long to wait after the journal could not take a bulletin.
const PAUSE: Duration = Duration::from_secs(1);
/// A bulletin that was not judged for so long waits for a journal that cannot be reached: a commit that waits for a lost standby does
/// not take as long.
const SILENT: Duration = Duration::from_secs(8);
/// How often it is looked whether something waits.
const LOOK: Duration = Duration::from_secs(1);
/// So many bulletins wait in the line; further ones where they come from.
const MOST: usize = 1_000;
/// The file of what is known of each series, in the folder of data.
const FILE: &str = "series.redb";

/// What judges, and what it knows.
pub struct Intake {
    desk: Desk,
    series: Series,
    file: Arc<SeriesFile>,
    lookout: Lookout,
    silent: Duration,
    line: VecDeque<InLine>,
}

/// A bulletin that is not durable yet. Its series knows it, and would take it for a repetition when it came anew.
struct InLine {
    bulletin: Bulletin,
    taken: Taken,
    /// Whether it came in time is a question of the second: our own clock may be fast, and must silence nothing.
    times: (Timestamp, Timestamp),
    /// With the last bulletin of a telegram: that is safe then.
    arrival: Option<Arrival>,
    /// Whether somebody was told that it waits.
    is_told: bool,
}

/// The first of the line on its way into the journal.
struct Judging {
    task: JoinHandle<()>,
    since: Instant,
}

impl Drop for Judging {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Intake {
    /// Recalls what was known of each series; what waits for too long is told to the lookout.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn open(data: &Path, desk: Desk, lookout: Lookout) -> Result<Self, String> {
        let mut series = Series::default();
        let file = SeriesFile::open(&data.join(FILE), &mut series, Timestamp::now())?;
        Ok(Self { desk, series, file: Arc::new(file), lookout, silent: SILENT, line: VecDeque::new() })
    }

    /// Takes telegrams in until `stop`, then ends the pollers. What is in the line then is fetched or pushed once more.
    pub async fn run(mut self, mut watcher: Watcher, mut stop: watch::Receiver<bool>) {
        let mut look = interval(LOOK);
        let mut judging: Option<Judging> = None;
        loop {
            if judging.is_none() {
                judging = self.line.front().map(|first| self.begin(first));
            }
            tokio::select! {
                () = told(&mut stop) => break,
                arrival = watcher.next(), if self.line.len() < MOST => match arrival {
                    Some(arrival) => self.hear(arrival),
                    None => break,
                },
                () = durable(&mut judging) => {
                    judging = None;
                    self.lookout.end();
                    self.leave().await;
                }
                _ = look.tick() => {
                    if judging.as_ref().is_some_and(|it| it.since.elapsed() >= self.silent) {
                        self.tell().await;
                    }
                }
            }
        }
        drop(judging);
        self.line.clear();
        watcher.shutdown().await;
    }

    /// Puts what a telegram says at the end of the line.
    fn hear(&mut self, arrival: Arrival) {
        let times = (arrival.telegram.received, arrival.telegram.present);
        let bulletins = match &arrival.said {
            Ok(bulletins) => bulletins.clone(),
            Err(reject) => {
                tracing::warn!(telegram = %arrival.telegram.name, %reject, "a telegram cannot be read");
                Vec::new()
            }
        };
        if bulletins.is_empty() {
            arrival.taken();
            return;
        }
        for mut bulletin in bulletins {
            let taken = self.series.take(&bulletin, times.1);
            if taken.step == Step::Digest {
                // Every municipality of the country, several times an hour: each office's own telegram has put its part on record.
                bulletin.areas.clear();
            }
            self.line.push_back(InLine { bulletin, taken, times, arrival: None, is_told: false });
        }
        if let Some(last) = self.line.back_mut() {
            last.arrival = Some(arrival);
        }
    }

    /// Judges a bulletin, again until the journal has it.
    fn begin(&self, first: &InLine) -> Judging {
        let (received, present) = first.times;
        let command = JudgingCommand::TakeBulletin {
            bulletin: Box::new(first.bulletin.clone()),
            fate: first.taken.fate(),
            received,
            present,
        };
        let (desk, source) = (self.desk.clone(), first.bulletin.source.to_string());
        let task = tokio::spawn(async move {
            while let Err(error) = desk.command(command.clone(), received).await {
                tracing::error!(telegram = source, %error, "a bulletin could not be judged, and is judged again");
                tokio::time::sleep(PAUSE).await;
            }
        });
        Judging { task, since: Instant::now() }
    }

    /// The first of the line is durable.
    async fn leave(&mut self) {
        let Some(first) = self.line.pop_front() else { return };
        if first.taken.is_kept() {
            self.keep(first.bulletin, first.times.1, first.taken.timing).await;
        }
        first.arrival.into_iter().for_each(Arrival::taken);
    }

    /// Tells of all that waits, once each.
    async fn tell(&mut self) {
        for waiting in self.line.iter_mut().filter(|it| !it.is_told) {
            waiting.is_told = true;
            self.lookout.tell(&waiting.bulletin, waiting.taken.fate(), waiting.times).await;
        }
    }

    async fn keep(&self, bulletin: Bulletin, present: Timestamp, timing: Timing) {
        let file = self.file.clone();
        let kept = tokio::task::spawn_blocking(move || file.keep(&bulletin, present, timing)).await;
        if let Err(problem) = kept.map_err(|e| e.to_string()).and_then(|kept| kept) {
            tracing::error!(problem, "what is known of a series is not kept for the next start");
        }
    }
}

/// Resolves once what is being judged is durable; never if nothing is.
async fn durable(judging: &mut Option<Judging>) {
    match judging {
        // It ends by itself only when the bulletin is durable.
        Some(judging) => {
            if let Err(problem) = (&mut judging.task).await {
                std::panic::resume_unwind(problem.into_panic());
            }
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hikyaku_bulletin::Intensity;
    use hikyaku_core::letter::Mailbox;
    use hikyaku_core::{Address, Config, Engine};
    use hikyaku_dispatch::{
        Appended, Head, Journal, JournalError, Keys, MemoryJournal, Pending, PeopleCommand, RosterImport, Row, Rule,
        RuleId, Sender, Verdict, read_roster,
    };
    use hikyaku_feeds::edge::{self, Offered};
    use hikyaku_feeds::{parse, samples};

    use super::super::alerts::Alerts;
    use super::super::lookout::Board;
    use super::*;
    use crate::report::ledger::Ledger;

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

    const ROSTER: &str = "id,name,group,region,email\n1,甲山,本省,22,kou@docomo.ne.jp\n2,乙川,本省,22,otsu@example.jp\n3,丙田,本省,47,hei@example.jp\n";

    /// An intake that is offered telegrams, thirty seconds after the demo's was published.
    struct Stage {
        folder: tempfile::TempDir,
        journal: Arc<Full>,
        desk: Desk,
        engine: Engine,
        board: Board,
        offers: edge::Intake,
        stop: watch::Sender<bool>,
        running: JoinHandle<()>,
    }

    impl Stage {
        async fn new() -> Stage {
            let folder = tempfile::tempdir().unwrap();
            let journal = Arc::new(Full::default());
            let desk = Desk::open(journal.clone(), Keys::in_memory().unwrap()).await.unwrap();
            let published = parse(samples::DEMO_VXSE51, "vxse51_demo.xml").unwrap().published;
            let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
            desk.command(PeopleCommand::Import(RosterImport::part(rows)), published).await.unwrap();
            let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
            desk.command(JudgingCommand::SetRule { rule }, published).await.unwrap();
            let engine = Engine::open(Config::new(folder.path().join("queue"), "anpi.example.go.jp")).await.unwrap();
            let sender = Sender {
                from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
                return_path: "b+{verp}@example.go.jp".into(),
                reply_to: None,
                link_base: "https://anpi.example.go.jp/a/".into(),
            };
            let alerts = Alerts::new(engine.clone(), &desk, sender, Vec::new());
            let alerts = alerts.noting(Ledger::of(folder.path()), Vec::new());
            let board = Board::default();
            let lookout = Lookout::new(desk.clone(), alerts, board.clone());
            let mut intake = Intake::open(folder.path(), desk.clone(), lookout).unwrap();
            intake.silent = Duration::ZERO;
            let soon = published + jiff::SignedDuration::from_secs(30);
            let settings = edge::Settings { clock: Arc::new(move || soon), ..edge::Settings::default() };
            let watcher = Watcher::start(settings).unwrap();
            let offers = watcher.intake();
            let (stop, stopping) = watch::channel(false);
            let running = tokio::spawn(intake.run(watcher, stopping));
            Stage { folder, journal, desk, engine, board, offers, stop, running }
        }

        /// The demo's telegram, once more with another name where it has one.
        fn offer(&self, name: &'static str, bytes: Vec<u8>) -> JoinHandle<Offered> {
            let offers = self.offers.clone();
            tokio::spawn(async move { offers.offer("test", name, bytes, None).await })
        }

        fn refuse(&self, times: usize) {
            self.journal.refusals.store(times, Ordering::SeqCst);
        }

        fn judged(&self) -> Vec<(String, Verdict)> {
            self.desk.read(|state| state.judgements().iter().map(|it| (it.source.clone(), it.verdict)).collect())
        }

        /// The keys of the alarms that were raised.
        fn alarms(&self) -> Vec<String> {
            Ledger::of(self.folder.path()).read().unwrap().into_iter().map(|it| it.key).collect()
        }

        async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
            for _ in 0..3_000 {
                if is_so() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{what} does not happen");
        }

        async fn end(self) {
            self.stop.send_replace(true);
            self.running.await.unwrap();
            self.engine.shutdown().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bulletin_that_the_journal_refused_is_judged_again_until_it_is_durable() {
        let stage = Stage::new().await;
        stage.refuse(1);
        let offered = stage.offer("one.xml", samples::DEMO_VXSE51.to_vec());
        assert_eq!(offered.await.unwrap(), Offered::Taken);
        assert_eq!(stage.journal.refusals.load(Ordering::SeqCst), 0, "it was refused once");
        let judged = stage.judged();
        assert!(matches!(&judged[..], [(_, Verdict::Asked)]), "and judged once: {judged:?}");
        stage.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bulletin_that_the_journal_refuses_until_the_end_is_not_taken() {
        let stage = Stage::new().await;
        stage.refuse(usize::MAX);
        let offered = stage.offer("one.xml", samples::DEMO_VXSE51.to_vec());
        stage.until("it waits", || !stage.board.read().is_empty()).await;
        stage.stop.send(true).unwrap();
        assert_eq!(offered.await.unwrap(), Offered::Lost, "so that it is fetched or pushed once more");
        stage.until("nothing is shown of a line that is not there", || stage.board.read().is_empty()).await;
        assert_eq!(stage.judged(), []);
        stage.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn req_r01_what_waits_is_told_of_once_and_shown_while_it_waits_and_the_next_telegram_is_looked_at_too() {
        let stage = Stage::new().await;
        stage.refuse(usize::MAX);
        let text = String::from_utf8(samples::DEMO_VXSE51.to_vec()).unwrap();
        let training = text.replace("<Status>通常", "<Status>訓練");
        let training = stage.offer("training.xml", training.into_bytes());
        let real = stage.offer("real.xml", text.into_bytes());
        stage.until("it is told of", || !stage.alarms().is_empty()).await;
        let shown = stage.board.read();
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert_eq!((shown[0].rule, shown[0].people), (Some(RuleId(1)), 2));
        // It is tried again each second.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(stage.alarms().len(), 1, "{:?}", stage.alarms());
        assert_eq!(stage.judged(), []);
        stage.refuse(0);
        assert_eq!(real.await.unwrap(), Offered::Taken);
        training.await.unwrap();
        stage.until("nothing waits", || stage.board.read().is_empty()).await;
        let asked = stage.judged().into_iter().filter(|(_, verdict)| *verdict == Verdict::Asked).count();
        assert_eq!((asked, stage.desk.read(|state| state.dispatches().count())), (1, 1), "and mailed once");
        assert_eq!(stage.alarms().len(), 1);
        stage.end().await;
    }
}
