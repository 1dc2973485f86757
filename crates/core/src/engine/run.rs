//! The handle on a running engine: what may be asked of it, and how it is opened.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use super::machine::{Machine, Settings};
use super::shell::{Message, Shell};
use super::watch::Watch;
use crate::address::normalise_domain;
use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::config::{Carriers, Config};
use crate::congestion::Lesson;
use crate::event::Event;
use crate::forecast::{Forecast, Subject};
use crate::message::{Batch, BatchId};
use crate::policy::{Policy, Share};
use crate::press::{KeyRing, Press, Signing, SigningError};
use crate::record::Record;
use crate::report::Snapshot;
use crate::resolve::{self, Resolver};
use crate::seal::{Seal, StoreKey};
use crate::store::{NewWork, Receipt, Store, StoreError, Submission};
use crate::time::Instant;
use crate::trace::{Follow, Trace, Tracing};
use crate::vouch::Vouch;
use crate::wire::Tls;

/// Why the engine itself could not do its job. What became of a mail is never an error: see [`Record`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The durable queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder.
    #[error("{path}: {problem}")]
    Folder {
        /// Which folder.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// What signs the mails.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The name service or TLS could not be set up.
    #[error("{0}")]
    Setup(String),
    /// The engine has stopped.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
}

/// A running engine. Cloning gives another handle on the same one.
///
/// When the last handle is dropped without [`Engine::shutdown`], all sessions end in order and nothing more is begun; what
/// waits stays in the queue.
#[derive(Clone)]
pub struct Engine {
    messages: Arc<Handle>,
    store: Arc<Store>,
    seal: Arc<dyn Seal>,
    keys: Arc<KeyRing>,
    tracing: Arc<Tracing>,
    resolver: Arc<Resolver>,
    clock: Clock,
    stopped: watch::Receiver<Option<String>>,
    recorded: watch::Receiver<u64>,
}

/// The way to the loop; its end is told there.
struct Handle(mpsc::UnboundedSender<Message>);

impl Handle {
    fn send(&self, message: Message) -> Result<(), mpsc::error::SendError<Message>> {
        self.0.send(message)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The loop may have ended before.
        let _ = self.0.send(Message::Forsaken);
    }
}

/// What the machine hears first: what waits, and what of it is not sent any more. What is given up now is so for good.
async fn first_events(
    store: &Store,
    work: Vec<NewWork>,
    mut cancelled: Vec<BatchId>,
    config: &Config,
) -> Result<Vec<Event>, StoreError> {
    if let Some(part) = &config.give_up {
        for (head, _) in work.iter().filter(|(head, _)| head.key.contains(part)) {
            store.cancel(head.id).await?;
            cancelled.push(head.id);
        }
    }
    let waiting = work.into_iter().map(|(head, chunks)| Event::Submitted(head, chunks));
    let warm = Event::WarmUp(domains_of(&config.warm_up));
    Ok(waiting.chain(cancelled.into_iter().map(Event::Cancel)).chain([warm]).collect())
}

impl Engine {
    /// Opens the queue in the configured folder and goes on with what waits in it.
    ///
    /// Needs a Tokio runtime. Dials nothing that `config.dial` does not allow.
    ///
    /// # Errors
    /// [`enum@Error`] says what cannot be used and what to do.
    pub async fn open(config: Config) -> Result<Engine, Error> {
        Engine::open_by(config, Clock::start()).await
    }

    /// As [`Engine::open`], by a clock of whoever opens it.
    pub(super) async fn open_by(config: Config, clock: Clock) -> Result<Engine, Error> {
        let seal = open_seal(&config)?;
        for source in &config.carriers.sources {
            find_source(source.address)?;
        }
        let tls = Arc::new(Tls::new(&config.roots).map_err(Error::Setup)?);
        let vouch = Vouch::new(&config, tls.clone(), clock, || resolve::builder(&config.dns)).map_err(Error::Setup)?;
        let resolver = Arc::new(Resolver::new(&config, vouch).map_err(Error::Setup)?);
        let keys = open_keys(config.signing.clone(), clock.now()).await?;
        let (folder, keeper, limits) = (config.folder.clone(), seal.clone(), (config.queue_bytes_max, config.remember));
        let opening = tokio::task::spawn_blocking(move || Store::open(&folder, limits, seal, clock.now()));
        let (opening, found) = opening.await.map_err(|e| Error::Setup(e.to_string()))??;
        let (messages, inbox) = mpsc::unbounded_channel();
        let sink = |messages: mpsc::UnboundedSender<Message>| {
            Box::new(move |result: Result<Vec<Event>, StoreError>| {
                // The loop is gone only after the engine was closed.
                let _ = messages.send(result.map_or_else(Message::Failed, Message::Events));
            })
        };
        for (head, _) in &found.work {
            keys.check(&head.template.from.address, head.submitted)?;
        }
        let press = Press::start(keys.clone()).map_err(|e| Error::Setup(format!("no threads to sign with: {e}")))?;
        let store = Arc::new(opening.start(sink(messages.clone()), sink(messages.clone()))?);
        let queue = Arc::downgrade(&store);
        let keep = move |name, value| {
            if let Some(store) = queue.upgrade() {
                store.keep(name, value);
            }
        };
        resolver.vouch().remember(&found.kept, Box::new(keep));
        let first = first_events(&store, found.work, found.cancelled, &config).await?;
        let _ = messages.send(Message::Events(first));
        let settings = Settings {
            helo: config.helo.clone(),
            table: config.carriers.table(),
            policies: config.carriers.policies(),
            default_policy: config.carriers.default_policy(),
            sources: config.carriers.sources.clone(),
            routes: config.carriers.routes.clone(),
            rules: config.carriers.rules(),
            unsettled_max: config.unsettled_bound(),
            seed: config.seed.unwrap_or_else(|| clock.now().as_micros()),
            kept: resolver.usable(found.kept),
        };
        let (tracing, names) = (Arc::new(Tracing::default()), resolver.clone());
        let watch = Watch::new(config.carriers.policies().into_keys(), &settings.kept, keeper.clone());
        let (stop, stopped) = watch::channel(None);
        let (record, recorded) = watch::channel(0);
        let shell = Shell {
            machine: Machine::new(settings),
            messages: messages.clone(),
            store: store.clone(),
            resolver,
            clock,
            press,
            tls,
            gates: HashMap::new(),
            sessions: HashMap::new(),
            record,
            watch,
            tracing: tracing.clone(),
            patience: config.shut_down_within,
        };
        tokio::spawn(shell.run(inbox, stop));
        let messages = Arc::new(Handle(messages));
        Ok(Engine { messages, store, seal: keeper, keys, tracing, resolver: names, clock, stopped, recorded })
    }

    /// Makes a batch durable and begins to send it. A key that is known gives the same receipt and sends nothing new.
    ///
    /// # Errors
    /// [`StoreError::Batch`] if it is not well-formed, [`StoreError::Full`] if there is no room, [`SigningError::NoKey`] if it
    /// must be signed and no key is valid for its sender, and nothing was stored; otherwise the disk's trouble.
    pub async fn submit(&self, batch: Batch) -> Result<Receipt, Error> {
        let now = self.clock.wall();
        self.keys.check(&batch.template.from.address, now)?;
        Ok(self.store.submit(batch, now).await?)
    }

    /// Begins a batch whose recipients come in parts, so that a million of them need not be in memory at once; those that
    /// it has already are its first. [`Submission::finish`] gives the receipt; without it nothing is sent.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn begin(&self, batch: Batch) -> Result<Submission, Error> {
        let now = self.clock.wall();
        self.keys.check(&batch.template.from.address, now)?;
        Ok(self.store.begin(batch, now).await?)
    }

    /// Sends nothing more of a batch, also after a restart; what is under way ends by itself.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn cancel(&self, batch: BatchId) -> Result<(), Error> {
        Ok(self.store.cancel(batch).await?)
    }

    /// Stops the lane of a carrier at the next mail boundary.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn pause(&self, carrier: Carrier) -> Result<(), Error> {
        self.tell(Event::Pause(carrier, true))
    }

    /// Lets a paused lane go on.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn resume(&self, carrier: Carrier) -> Result<(), Error> {
        self.tell(Event::Pause(carrier, false))
    }

    /// Lets a carrier have at most so many mails a second over all ways to it, relays included, until the program ends or `None`
    /// ends it; configured ceilings hold beside it. Anything but a positive number is taken as `None`.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn limit(&self, carrier: Carrier, mails_per_second: Option<f64>) -> Result<(), Error> {
        let most = mails_per_second.filter(|most| most.is_finite() && *most > 0.0);
        self.tell(Event::Limit(carrier, most))
    }

    /// Uses only this part of every configured ceiling from now on, because other programs send to the same carriers too;
    /// [`Share::WHOLE`] ends that. Sessions beyond it end as soon as the mails that they have are through.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn set_share(&self, share: Share) -> Result<(), Error> {
        self.tell(Event::SetShare(share))
    }

    /// Tells what other programs have learned of carriers ([`Snapshot::learned`] of their engines): lanes begin with their part of
    /// that if nothing was heard of the carrier here for an hour before it, and find the rest out themselves. Told again, it
    /// replaces what was told; numbers that cannot be meant are ignored.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn learn(&self, lessons: impl IntoIterator<Item = Lesson>) -> Result<(), Error> {
        self.tell(Event::Learn(lessons.into_iter().filter(Lesson::is_sound).collect()))
    }

    /// Finds out now where these domains' mail goes, and keeps that fresh while the engine is open, so that nothing waits
    /// for the name service when it matters. Routes that were found are also kept across restarts and used while the name
    /// service is down. Domains that had mail within the last week are kept fresh unasked. What is no domain is ignored.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn warm_up(&self, domains: &[impl AsRef<str>]) -> Result<(), Error> {
        self.tell(Event::WarmUp(domains_of(domains)))
    }

    /// Sets the ceilings of a carrier from now on.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn set_policy(&self, carrier: Carrier, policy: Policy) -> Result<(), Error> {
        self.tell(Event::SetPolicy(carrier, Box::new(policy)))
    }

    /// Takes new tables of carriers and replies in place of the old ones: ceilings, ways (addresses of our own, relays), reply
    /// rules and the writing of addresses hold for lanes that run and for new ones; domains go to the carriers of the new table once they have been looked up
    /// again, mails under way end where they are. What [`Engine::set_policy`] had set is replaced too.
    ///
    /// # Errors
    /// [`Error::Setup`] if this machine does not have an address of the table: the old tables stay in force then. Otherwise
    /// [`Error::Stopped`].
    pub fn reload(&self, carriers: &Carriers) -> Result<(), Error> {
        for source in &carriers.sources {
            find_source(source.address)?;
        }
        self.resolver.set_table(carriers);
        self.tell(Event::Reload(Box::new(carriers.tables())))
    }

    /// A picture of the present.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Snapshot(answer)).map_err(|_| self.stopped())?;
        answered.await.map_err(|_| self.stopped())
    }

    /// What monitoring reads, in the OpenMetrics text that Prometheus scrapes
    /// (`application/openmetrics-text; version=1.0.0`); `docs/metrics.md` lists it. No address is in it.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn metrics(&self) -> Result<String, Error> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Metrics(answer)).map_err(|_| self.stopped())?;
        answered.await.map_err(|_| self.stopped())
    }

    /// Reads along from now on what is said about one recipient, with one host or with one carrier. Off, it costs nothing;
    /// a reader who does not keep up loses lines, which are counted. `<rcpt>` stands for recipients, content is not shown.
    #[must_use]
    pub fn trace(&self, follow: Follow) -> Trace {
        self.tracing.follow(follow)
    }

    /// An unrecognised reply of the snapshot word for word, by its number. It may hold an address: it is kept sealed with
    /// the key of the recipient who got it. `None` if it is not kept any more or the key was erased.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn verbatim(&self, number: u32) -> Result<Option<String>, Error> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Original(number, answer)).map_err(|_| self.stopped())?;
        let original = answered.await.map_err(|_| self.stopped())?;
        Ok(original.and_then(|original| original.open(self.seal.as_ref())))
    }

    /// When mails will have been accepted, by carrier and together, whether the deadline holds, and what would help.
    ///
    /// Asked of a batch while it is sent ([`BatchId`]), or of mails before they are submitted
    /// ([`forecast::Composition`](crate::forecast::Composition)); counts what already waits with equal or higher urgency.
    /// Where nothing is known of a carrier yet, it rests on an assumption and says so.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn forecast(&self, of: impl Into<Subject>) -> Result<Forecast, Error> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Forecast(of.into(), answer)).map_err(|_| self.stopped())?;
        answered.await.map_err(|_| self.stopped())
    }

    /// Records from a cursor on (0 is the first), each with the cursor behind it; at most about `most`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn records(&self, from: u64, most: usize) -> Result<Vec<(u64, Record)>, Error> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.records(from, most));
        Ok(read.await.map_err(|e| Error::Stopped(e.to_string()))??)
    }

    /// Changes whenever outcomes became durable: read `records` again then. Closes when the engine stops.
    #[must_use]
    pub fn recorded(&self) -> watch::Receiver<u64> {
        self.recorded.clone()
    }

    /// The present by the wall clock, comparable with the instants in batches, records and snapshots. Where somebody sets the
    /// clock, it jumps; what the engine waits for does not.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.wall()
    }

    /// Ends all sessions in order and returns when nothing is under way, or after [`Config::shut_down_within`]: what a carrier has not
    /// answered by then is in doubt at the next start, as after a crash. What waits stays in the queue.
    pub async fn shutdown(self) {
        let (answer, answered) = oneshot::channel();
        if self.messages.send(Message::ShutDown(answer)).is_ok() {
            // An error means that the loop has ended already.
            let _ = answered.await;
        }
        // The last handle also closes the file in order; with others still held, they will.
        if let Ok(store) = Arc::try_unwrap(self.store) {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }

    fn tell(&self, event: Event) -> Result<(), Error> {
        self.messages.send(Message::Events(vec![event])).map_err(|_| self.stopped())
    }

    fn stopped(&self) -> Error {
        Error::Stopped(self.stopped.borrow().clone().unwrap_or_else(|| "it was shut down".into()))
    }
}

/// Makes the folder if need be, and finds what seals in it.
fn open_seal(config: &Config) -> Result<Arc<dyn Seal>, Error> {
    let folder_error = |e: std::io::Error| Error::Folder {
        path: config.folder.display().to_string(),
        problem: format!("cannot be used as a data folder: {e}"),
    };
    fs::create_dir_all(&config.folder).map_err(folder_error)?;
    Ok(match &config.seal {
        Some(seal) => seal.clone(),
        None if !config.folder.join("queue.key").exists() && config.folder.join("queue.redb").exists() => {
            let problem =
                "queue.redb is there and its queue.key is not: bring the key back, or begin in another folder";
            return Err(Error::Folder { path: config.folder.display().to_string(), problem: problem.into() });
        }
        None => Arc::new(StoreKey::open(&config.folder.join("queue.key")).map_err(folder_error)?),
    })
}

/// Reads the keys, which takes milliseconds, and says what of them changes soon.
async fn open_keys(signing: Signing, now: Instant) -> Result<Arc<KeyRing>, Error> {
    let opened = tokio::task::spawn_blocking(move || KeyRing::open(&signing)).await;
    let keys = opened.map_err(|e| Error::Setup(e.to_string()))??;
    for notice in keys.notices(now) {
        tracing::warn!("signing: {notice}");
    }
    Ok(Arc::new(keys))
}

/// As they stand in addresses: lower case, A-labels.
fn domains_of(written: &[impl AsRef<str>]) -> Vec<String> {
    written.iter().filter_map(|domain| normalise_domain(domain.as_ref()).ok()).collect()
}

/// Says so at once if this machine does not have an address of the carrier table.
fn find_source(address: IpAddr) -> Result<(), Error> {
    UdpSocket::bind((address, 0)).map(drop).map_err(|e| {
        let todo = "give the address to one of its interfaces, or correct [[source]] in the carrier table";
        Error::Setup(format!("mails cannot leave from {address}: this machine does not have it ({e}); {todo}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_whose_last_handle_is_dropped_ends_and_gives_its_queue_back() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(Config::new(folder.path(), "sender.example")).await.unwrap();
        let other = engine.clone();
        drop(engine);
        assert!(other.snapshot().await.is_ok(), "there is another handle");
        let mut recorded = other.recorded();
        drop(other);
        while recorded.changed().await.is_ok() {}
        // The file is closed a moment after the loop has ended.
        for _ in 0..1000 {
            match Engine::open(Config::new(folder.path(), "sender.example")).await {
                Err(Error::Store(StoreError::Unusable { .. })) => {
                    tokio::time::sleep(core::time::Duration::from_millis(10)).await;
                }
                opened => return opened.unwrap().shutdown().await,
            }
        }
        panic!("the queue stays locked");
    }

    #[tokio::test]
    async fn who_asks_for_something_after_another_handle_has_shut_down_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(Config::new(folder.path(), "sender.example")).await.unwrap();
        let other = engine.clone();
        engine.shutdown().await;
        let refused = other.cancel(BatchId(1)).await.unwrap_err().to_string();
        assert!(refused.contains("shut down"), "{refused}");
        assert!(matches!(other.pause(Carrier::new("ao")), Err(Error::Stopped(_))));
    }
}
