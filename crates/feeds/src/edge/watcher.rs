//! The watcher: starts all pollers and hands telegrams over, read, one by one, whatever way they came.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_bulletin::{Bulletin, CountryCode};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::ask::{Client, ClientSettings};
use super::clocks::{Clocks, WallClock};
use super::intake::{Intake, Ways};
use super::memory::Memory;
use super::pulse::{Health, Pulse};
use super::running::{Became, Notice, Receipt, Running};
use crate::cap_country::place_in;
use crate::index::Entry;
use crate::manual;
use crate::news::{self, NewsRules};
use crate::poll::{Content, FeedSpec, Known, Limits, Machine, Now, Telegram};
use crate::read::Document;
use crate::reject::Reject;

/// How many telegrams are on their way to who takes them; further ones wait in the outbox, and before it is full the pollers do.
const ARRIVALS_MAX: usize = 64;

/// What to watch, and how.
pub struct Settings {
    /// The feeds to poll; none, where telegrams are only pushed.
    pub feeds: Vec<FeedSpec>,
    /// How much and how patiently.
    pub limits: Limits,
    /// How to ask.
    pub client: ClientSettings,
    /// Where what was taken is remembered; without, a restart fetches again what is still listed.
    pub memory: Option<PathBuf>,
    /// How many telegrams are remembered at most.
    pub known_max: usize,
    /// Where chance begins.
    pub seed: u64,
    /// What makes a headline of a news agency important.
    pub news: NewsRules,
    /// The country in which the areas of CAP alerts lie that tell none themselves, by the name of the source that pushes them. What is
    /// polled has it in its [`FeedSpec`].
    pub countries: BTreeMap<String, CountryCode>,
    /// What tells the time of day.
    pub clock: WallClock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            feeds: Vec::new(),
            limits: Limits::default(),
            client: ClientSettings::default(),
            memory: None,
            known_max: 200_000,
            seed: 0,
            news: NewsRules::default(),
            countries: BTreeMap::new(),
            clock: Arc::new(Timestamp::now),
        }
    }
}

/// A telegram that is here. Say [`taken`](Self::taken) once it is safe; dropped without, it is fetched again when it is listed
/// again or after a restart, and whoever pushed it is told to push it again.
#[derive(Debug)]
pub struct Arrival {
    /// The telegram.
    pub telegram: Telegram,
    /// What it says: one bulletin as a rule, several from a list; or why it cannot be read.
    pub said: Result<Vec<Bulletin>, Reject>,
    receipt: Receipt,
}

impl Arrival {
    /// The telegram is safe with the caller, and need never be fetched again. Who pushed what cannot be read is told why.
    pub fn taken(mut self) {
        self.receipt.became = match &self.said {
            Ok(_) => Became::Taken,
            Err(reject) => Became::Unreadable(reject.to_string()),
        };
    }
}

/// Runs the pollers and hands over what comes. Dropped, everything ends.
pub struct Watcher {
    arrivals: mpsc::Receiver<Telegram>,
    notices: mpsc::UnboundedSender<Notice>,
    pulse: Pulse,
    intake: Intake,
    reader: Arc<Reader>,
    /// The telegram that is being read.
    reading: Option<JoinHandle<Arrival>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Starts all pollers; each asks at once. Needs a Tokio runtime.
    ///
    /// # Errors
    /// A text that says what in the settings cannot be used.
    pub fn start(settings: Settings) -> Result<Self, String> {
        let client = Arc::new(Client::new(settings.client)?);
        let (memory, known, kept) = match &settings.memory {
            None => (None, Known::new(settings.known_max), HashMap::new()),
            Some(path) => {
                let (memory, recalled) = Memory::open(path, settings.known_max)?;
                (Some(memory), recalled.known, recalled.kept)
            }
        };
        let of_feeds = settings.feeds.iter().filter_map(|it| Some((it.name.clone(), it.country?)));
        let countries = of_feeds.chain(settings.countries).collect();
        let reader = Arc::new(Reader { news: settings.news, countries });
        let machine = |(number, spec): (u64, FeedSpec)| {
            Machine::new(spec, settings.limits, settings.seed.wrapping_add(number), |url| kept.get(url).cloned())
        };
        let machines: Vec<Machine> = (0..).zip(settings.feeds).map(machine).collect();
        let (arrivals_in, arrivals) = mpsc::channel(ARRIVALS_MAX);
        let (notices, notices_out) = mpsc::unbounded_channel();
        let (offers, offers_out) = mpsc::channel(ARRIVALS_MAX);
        let begin = Now { since_start: Duration::ZERO, wall: (settings.clock)() };
        let feeds = machines.iter().map(|machine| machine.health(begin)).collect();
        let (health_in, health) = watch::channel(Health { feeds, ..Health::default() });
        let ways = Ways::default();
        let clocks = Clocks::new(settings.clock, &kept);
        let running = Running::new(machines, (known, memory), client, health_in, clocks.clone());
        let task = tokio::spawn(running.run(arrivals_in, notices_out, offers_out));
        let intake = Intake::new(offers, ways.clone(), clocks);
        let pulse = Pulse { health, ways };
        Ok(Self { arrivals, notices, pulse, intake, reader, reading: None, task })
    }

    /// The next telegram, read; `None` after the end. What came by one way is in the order of issue, as far as half a second goes.
    ///
    /// Nothing is lost where this is dropped before it ends, as in `tokio::select!`. Telegrams are read one at a time, on a thread where
    /// that may take as long as it must.
    pub async fn next(&mut self) -> Option<Arrival> {
        if self.reading.is_none() {
            let telegram = self.arrivals.recv().await?;
            let receipt = Receipt { key: telegram.key.clone(), became: Became::Dropped, notices: self.notices.clone() };
            let reader = self.reader.clone();
            self.reading = Some(tokio::task::spawn_blocking(move || {
                let said = reader.read(&telegram);
                Arrival { telegram, said, receipt }
            }));
        }
        let read = self.reading.as_mut()?.await;
        self.reading = None;
        match read {
            Ok(arrival) => Some(arrival),
            Err(e) => std::panic::resume_unwind(e.into_panic()),
        }
    }

    /// How all sources do now.
    #[must_use]
    pub fn health(&self) -> Health {
        self.pulse.health()
    }

    /// How all sources do, for whoever shows it.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Where telegrams that come by other ways are offered.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// Ends all pollers and waits until what was taken is on disk.
    pub async fn shutdown(self) {
        let Self { arrivals, task, .. } = self;
        drop(arrivals);
        if let Err(e) = task.await {
            tracing::error!(error = %e, "the feeds did not end well");
        }
    }
}

/// What is known beside a telegram that tells what it says.
struct Reader {
    news: NewsRules,
    /// By the name of the source.
    countries: BTreeMap<String, CountryCode>,
}

impl Reader {
    /// What a telegram says.
    fn read(&self, telegram: &Telegram) -> Result<Vec<Bulletin>, Reject> {
        let mut bulletins = match &telegram.content {
            Content::Document(bytes) => match crate::read(bytes, &telegram.name)? {
                Document::Bulletins(bulletins) => bulletins,
                Document::Index(index) => index.entries.iter().map(|entry| self.headline(entry, telegram)).collect(),
            },
            Content::Manual(entry) => vec![manual::understood(entry)?],
            Content::News(entry) => vec![self.headline(entry, telegram)],
        };
        if let Some(country) = self.countries.get(&telegram.source) {
            bulletins.iter_mut().for_each(|it| place_in(it, *country));
        }
        Ok(bulletins)
    }

    fn headline(&self, entry: &Entry, telegram: &Telegram) -> Bulletin {
        news::bulletin(entry, &telegram.source, telegram.present, &self.news)
    }
}
