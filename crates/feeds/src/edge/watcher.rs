//! The loop that runs all pollers and hands telegrams over, one by one, whatever way they came.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_bulletin::Bulletin;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::Instant;

use super::ask::{Client, ClientSettings};
use super::intake::{Intake, Offer, Offered, WallClock, Ways};
use super::memory::Memory;
use crate::index::Entry;
use crate::news::{self, NewsRules};
use crate::poll::{
    Action, Alarm, Answer, Content, Event, Failure, FeedHealth, FeedSpec, Known, Limits, Machine, Now, Telegram,
    digest_key,
};
use crate::read::Document;
use crate::reject::Reject;

/// How many telegrams wait for who takes them before the pollers do.
const ARRIVALS_MAX: usize = 64;
/// From this size on, a telegram is read on a thread of its own.
const LARGE_BYTES: usize = 256 * 1024;

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
            clock: Arc::new(Timestamp::now),
        }
    }
}

/// How all sources do.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Each polled feed.
    pub feeds: Vec<FeedHealth>,
    /// Each endpoint and stream, by its name.
    pub ways: BTreeMap<String, super::intake::WayHealth>,
    /// How many telegrams are remembered.
    pub known: usize,
    /// Why nothing can be written down, if so.
    pub memory_problem: Option<String>,
}

impl Health {
    /// What a person should know now (R02).
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let ways = self.ways.iter().filter_map(|(name, way)| way.alarm(name));
        let memory = self.memory_problem.clone().map(|problem| Alarm::Memory { problem });
        self.feeds.iter().flat_map(FeedHealth::alarms).chain(ways).chain(memory).collect()
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
    /// The telegram is safe with the caller, and need never be fetched again.
    pub fn taken(mut self) {
        self.receipt.is_taken = true;
    }
}

/// Tells the loop what became of a telegram.
#[derive(Debug)]
struct Receipt {
    key: String,
    is_taken: bool,
    notices: mpsc::UnboundedSender<Notice>,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        // Nobody listens any more only when the watcher ends.
        drop(self.notices.send(Notice { key: std::mem::take(&mut self.key), is_taken: self.is_taken }));
    }
}

struct Notice {
    key: String,
    is_taken: bool,
}

/// Runs the pollers and hands over what comes. Dropped, everything ends.
pub struct Watcher {
    arrivals: mpsc::Receiver<Telegram>,
    notices: mpsc::UnboundedSender<Notice>,
    health: watch::Receiver<Health>,
    ways: Ways,
    intake: Intake,
    news: NewsRules,
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
        let running = Running {
            wakes: vec![Duration::ZERO; machines.len()],
            machines,
            known,
            memory,
            client,
            fetches: JoinSet::new(),
            under_way: HashMap::new(),
            outbox: VecDeque::new(),
            pending: HashMap::new(),
            health: health_in,
            clock: settings.clock.clone(),
            start: Instant::now(),
        };
        let task = tokio::spawn(running.run(arrivals_in, notices_out, offers_out));
        let intake = Intake::new(offers, ways.clone(), settings.clock);
        Ok(Self { arrivals, notices, health, ways, intake, news: settings.news, task })
    }

    /// The next telegram, read; `None` after the end. What came by one way is in the order of issue, as far as half a second goes.
    pub async fn next(&mut self) -> Option<Arrival> {
        let telegram = self.arrivals.recv().await?;
        let receipt = Receipt { key: telegram.key.clone(), is_taken: false, notices: self.notices.clone() };
        let is_large = matches!(&telegram.content, Content::Document(bytes) if bytes.len() > LARGE_BYTES);
        let news = self.news;
        if !is_large {
            let said = read(&telegram, &news);
            return Some(Arrival { telegram, said, receipt });
        }
        let reading = tokio::task::spawn_blocking(move || {
            let said = read(&telegram, &news);
            Arrival { telegram, said, receipt }
        });
        match reading.await {
            Ok(arrival) => Some(arrival),
            Err(e) => std::panic::resume_unwind(e.into_panic()),
        }
    }

    /// How all sources do now.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut health = self.health.borrow().clone();
        health.ways = self.ways.snapshot();
        health
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

/// What a telegram says.
fn read(telegram: &Telegram, rules: &NewsRules) -> Result<Vec<Bulletin>, Reject> {
    match &telegram.content {
        Content::Document(bytes) => match crate::read(bytes, &telegram.name)? {
            Document::Bulletins(bulletins) => Ok(bulletins),
            Document::Index(index) => Ok(index.entries.iter().map(|entry| headline(entry, telegram, rules)).collect()),
        },
        Content::Manual(entry) => entry.bulletin().map(|it| vec![it]).map_err(|faults| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Reject::Entry { faults: told.join(" ") }
        }),
        Content::News(entry) => Ok(vec![headline(entry, telegram, rules)]),
    }
}

fn headline(entry: &Entry, telegram: &Telegram, rules: &NewsRules) -> Bulletin {
    news::bulletin(entry, &telegram.source, telegram.received, rules)
}

/// Who is to be told what became of a telegram.
enum Owner {
    /// The poller of this number.
    Poller(usize),
    /// Those who offered it.
    Offers(Vec<oneshot::Sender<Offered>>),
}

/// A telegram that was handed over and is not taken.
struct Pending {
    /// Its identities.
    keys: Vec<String>,
    owner: Owner,
    /// The same telegram as pollers found it meanwhile, each with the number of the poller: safe when this one is.
    joined: Vec<(usize, String)>,
}

struct Running {
    machines: Vec<Machine>,
    wakes: Vec<Duration>,
    known: Known,
    memory: Option<Memory>,
    client: Arc<Client>,
    fetches: JoinSet<Answer>,
    under_way: HashMap<Id, (usize, u64)>,
    outbox: VecDeque<Telegram>,
    /// What was handed over and is not taken, by its key.
    pending: HashMap<String, Pending>,
    health: watch::Sender<Health>,
    clock: WallClock,
    start: Instant,
}

impl Running {
    async fn run(
        mut self,
        arrivals: mpsc::Sender<Telegram>,
        mut notices: mpsc::UnboundedReceiver<Notice>,
        mut offers: mpsc::Receiver<Offer>,
    ) {
        loop {
            let wake = self.start + self.wakes.iter().min().copied().unwrap_or(Duration::from_secs(3_600));
            tokio::select! {
                () = arrivals.closed() => break,
                Some(notice) = notices.recv() => self.noticed(notice),
                place = arrivals.reserve(), if !self.outbox.is_empty() => {
                    if let (Ok(place), Some(telegram)) = (place, self.outbox.pop_front()) {
                        place.send(telegram);
                    }
                }
                Some(ended) = self.fetches.join_next_with_id() => match ended {
                    Ok((id, answer)) => self.answered(id, answer),
                    Err(e) => self.answered(e.id(), Answer::Failed(Failure::Broken(e.to_string()))),
                },
                Some(offer) = offers.recv() => self.offered(offer),
                () = tokio::time::sleep_until(wake) => {
                    for number in 0..self.machines.len() {
                        if self.start + self.wakes[number] <= Instant::now() {
                            self.step(number, Vec::new());
                        }
                    }
                }
            }
            self.show();
        }
        // Told before the end by who took it and has dropped the watcher since.
        while let Ok(notice) = notices.try_recv() {
            self.noticed(notice);
        }
    }

    fn now(&self) -> Now {
        Now { since_start: self.start.elapsed(), wall: (self.clock)() }
    }

    fn answered(&mut self, id: Id, answer: Answer) {
        if let Some((number, request)) = self.under_way.remove(&id) {
            self.step(number, vec![Event::Answered(request, answer)]);
        }
    }

    fn step(&mut self, number: usize, events: Vec<Event>) {
        let now = self.now();
        let mut actions = Vec::new();
        self.wakes[number] = self.machines[number].step(events, now, &mut self.known, &mut actions);
        for action in actions {
            match action {
                Action::Fetch { request, url, validators, limit_bytes } => {
                    let client = self.client.clone();
                    let asking = async move { client.fetch(&url, &validators, limit_bytes).await };
                    let id = self.fetches.spawn(asking).id();
                    self.under_way.insert(id, (number, request));
                }
                Action::HandOver(telegram) => self.hand_over(telegram, Owner::Poller(number)),
                Action::Repeated { key, digest } => self.repeated(number, key, &digest),
                Action::Keep { url, kept } => {
                    if let Some(memory) = &self.memory {
                        memory.keep(url, kept);
                    }
                }
            }
        }
    }

    fn hand_over(&mut self, telegram: Telegram, owner: Owner) {
        let pending = Pending { keys: telegram.keys(), owner, joined: Vec::new() };
        self.pending.insert(telegram.key.clone(), pending);
        self.outbox.push_back(telegram);
    }

    fn remember(&self, keys: Vec<String>) {
        if let Some(memory) = &self.memory {
            memory.taken(keys);
        }
    }

    /// The same bytes as those of a telegram that is here: as safe as that one, and not before.
    fn repeated(&mut self, number: usize, key: String, digest: &str) {
        let digest = digest_key(digest);
        match self.pending.values_mut().find(|it| it.keys.contains(&digest)) {
            Some(first) => first.joined.push((number, key)),
            None => {
                self.remember(vec![key.clone()]);
                self.step(number, vec![Event::Taken(key)]);
            }
        }
    }

    fn noticed(&mut self, notice: Notice) {
        let Some(Pending { mut keys, owner, joined }) = self.pending.remove(&notice.key) else { return };
        keys.extend(joined.iter().map(|(_, key)| key.clone()));
        let mut pollers = joined;
        match owner {
            Owner::Poller(number) => pollers.push((number, notice.key)),
            Owner::Offers(replies) if notice.is_taken => {
                for reply in replies {
                    // Who waited may have gone.
                    let _ = reply.send(Offered::Taken);
                }
            }
            // Told nothing, who offered it offers it again.
            Owner::Offers(_) => {}
        }
        if notice.is_taken {
            self.remember(keys);
        } else {
            // It must be found unknown when it is listed or offered again.
            keys.iter().for_each(|key| self.known.release(key));
        }
        let event = if notice.is_taken { Event::Taken } else { Event::Dropped };
        for (number, key) in pollers {
            self.step(number, vec![event(key)]);
        }
    }

    fn offered(&mut self, mut offer: Offer) {
        let telegram = &mut offer.telegram;
        let is_new = !telegram.digest.is_empty() && !self.known.contains(&digest_key(&telegram.digest));
        if is_new && self.known.contains(&telegram.key) {
            telegram.set_apart();
        }
        let keys = telegram.keys();
        if !keys.iter().any(|key| self.known.contains(key)) {
            for key in &keys {
                self.known.claim(key);
            }
            return self.hand_over(offer.telegram, Owner::Offers(vec![offer.reply]));
        }
        // The same once more. Where the first is not safe yet, both who offered it wait for the same.
        let first = self.pending.values_mut().find(|it| it.keys.iter().any(|key| keys.contains(key)));
        match first.map(|it| &mut it.owner) {
            Some(Owner::Offers(replies)) => replies.push(offer.reply),
            // Fetched by a poller, which fetches it again if it is not taken; or taken long ago.
            Some(Owner::Poller(_)) | None => {
                let _ = offer.reply.send(Offered::Repeated);
            }
        }
    }

    fn show(&self) {
        let now = self.now();
        let health = Health {
            feeds: self.machines.iter().map(|machine| machine.health(now)).collect(),
            ways: BTreeMap::new(),
            known: self.known.len(),
            memory_problem: self.memory.as_ref().and_then(Memory::problem),
        };
        self.health.send_if_modified(|before| {
            let is_new = *before != health;
            *before = health;
            is_new
        });
    }
}
