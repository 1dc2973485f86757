//! The loop behind the watcher: steps the pollers, keeps what was handed over until it is safe, and answers those who offered it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::ask::Client;
use super::clocks::Clocks;
use super::intake::{Offer, Offered};
use super::memory::Memory;
use super::outbox::Outbox;
use super::pulse::Health;
use crate::poll::{Action, Answer, Event, Failure, Known, Machine, Now, Room, Style, Telegram, digest_key};

/// Tells the loop what became of a telegram.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) key: String,
    pub(super) became: Became,
    pub(super) notices: mpsc::UnboundedSender<Notice>,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        // Nobody listens any more only when the watcher ends.
        let became = std::mem::replace(&mut self.became, Became::Dropped);
        drop(self.notices.send(Notice { key: std::mem::take(&mut self.key), became }));
    }
}

/// What became of a telegram that was handed over.
#[derive(Debug)]
pub(super) enum Became {
    /// It is safe.
    Taken,
    /// It was looked at and says nothing, for this reason.
    Unreadable(String),
    /// Nobody took it.
    Dropped,
}

pub(super) struct Notice {
    key: String,
    became: Became,
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

/// All pollers, what is known, and what was handed over.
pub(super) struct Running {
    machines: Vec<Machine>,
    wakes: Vec<Duration>,
    known: Known,
    memory: Option<Memory>,
    client: Arc<Client>,
    fetches: JoinSet<Answer>,
    under_way: HashMap<Id, (usize, u64)>,
    outbox: Outbox,
    /// What the pollers were told of it.
    room: Room,
    /// What was handed over and is not taken, by its key.
    pending: HashMap<String, Pending>,
    health: watch::Sender<Health>,
    clocks: Clocks,
    start: Instant,
}

impl Running {
    /// Nothing is asked yet.
    pub(super) fn new(
        machines: Vec<Machine>,
        (known, memory): (Known, Option<Memory>),
        client: Arc<Client>,
        health: watch::Sender<Health>,
        clocks: Clocks,
    ) -> Self {
        Self {
            wakes: vec![Duration::ZERO; machines.len()],
            machines,
            known,
            memory,
            client,
            fetches: JoinSet::new(),
            under_way: HashMap::new(),
            outbox: Outbox::default(),
            room: Room::default(),
            pending: HashMap::new(),
            health,
            clocks,
            start: Instant::now(),
        }
    }

    /// Runs until nobody wants arrivals any more.
    pub(super) async fn run(
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
                    if let (Ok(place), Some(telegram)) = (place, self.outbox.pop()) {
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
            self.tell_room();
            self.show();
        }
        // Told before the end by who took it and has dropped the watcher since.
        while let Ok(notice) = notices.try_recv() {
            self.noticed(notice);
        }
    }

    fn now(&self) -> Now {
        Now { since_start: self.start.elapsed(), wall: self.clocks.wall() }
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
        if let Some(server) = self.server_time() {
            self.clocks.heard(server);
        }
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

    /// Tells the pollers how much room there is, where that is news.
    fn tell_room(&mut self) {
        let room = self.outbox.room();
        if std::mem::replace(&mut self.room, room) != room {
            (0..self.machines.len()).for_each(|number| self.step(number, vec![Event::Room(room)]));
        }
    }

    fn hand_over(&mut self, telegram: Telegram, owner: Owner) {
        let pending = Pending { keys: telegram.keys(), owner, joined: Vec::new() };
        self.pending.insert(telegram.key.clone(), pending);
        self.outbox.push(telegram);
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
        // What a poller found is not fetched again for being unreadable; who pushed it is told so each time.
        let is_known = match (&notice.became, &owner) {
            (Became::Taken, _) | (Became::Unreadable(_), Owner::Poller(_)) => true,
            (Became::Unreadable(_), Owner::Offers(_)) => !pollers.is_empty(),
            (Became::Dropped, _) => false,
        };
        if let Owner::Poller(number) = owner {
            pollers.push((number, notice.key));
        } else if let Owner::Offers(replies) = owner {
            for reply in replies {
                // Who waited may have gone.
                let _ = reply.send(match &notice.became {
                    Became::Taken => Offered::Taken,
                    Became::Unreadable(why) => Offered::Unreadable(why.clone()),
                    Became::Dropped => Offered::Lost,
                });
            }
        }
        if is_known {
            self.remember(keys);
        } else {
            // It must be found unknown when it is listed or offered again.
            keys.iter().for_each(|key| self.known.release(key));
        }
        let event = if is_known { Event::Taken } else { Event::Dropped };
        for (number, key) in pollers {
            self.step(number, vec![event(key)]);
        }
    }

    /// The time of day by the clock of the first of JMA's servers that has told it.
    fn server_time(&self) -> Option<Timestamp> {
        let now = self.now();
        let jma = self.machines.iter().filter(|machine| machine.spec().style == Style::Jma);
        jma.filter_map(|machine| machine.server_time(now)).next()
    }

    fn offered(&mut self, mut offer: Offer) {
        if let Some(memory) = &self.memory {
            self.clocks.unkept().into_iter().for_each(|(source, newest)| memory.keep(source, newest));
        }
        let telegram = &mut offer.telegram;
        if let Some(present) = offer.sent.or_else(|| self.server_time()) {
            telegram.present = present;
        }
        let is_new = !telegram.digest.is_empty() && !self.known.contains(&digest_key(&telegram.digest));
        if is_new && self.known.contains(&telegram.key) {
            telegram.set_apart();
        }
        let keys = telegram.keys();
        if !keys.iter().any(|key| self.known.contains(key)) {
            if self.outbox.room() != Room::Ample {
                // Who sent it has it yet, and offers it again.
                let _ = offer.reply.send(Offered::Lost);
                return;
            }
            for key in &keys {
                self.known.claim(key);
            }
            return self.hand_over(offer.telegram, Owner::Offers(vec![offer.reply]));
        }
        // The same once more. Where the first is not safe yet, both who offered it wait for the same.
        let first = self.pending.values_mut().find(|it| it.keys.iter().any(|key| keys.contains(key)));
        match first.map(|it| &mut it.owner) {
            Some(Owner::Offers(replies)) => join(replies, offer.reply),
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

/// One more waits for the same. Who pushes again and again does not wait for the answer to each time before: those are forgotten.
fn join(replies: &mut Vec<oneshot::Sender<Offered>>, reply: oneshot::Sender<Offered>) {
    replies.retain(|it| !it.is_closed());
    replies.push(reply);
}

#[test]
fn who_offers_the_same_for_hours_without_an_answer_is_kept_in_mind_once() {
    let mut replies = Vec::new();
    let (patient, mut answer) = oneshot::channel();
    join(&mut replies, patient);
    for _ in 0..1_000 {
        let (reply, gone) = oneshot::channel();
        join(&mut replies, reply);
        drop(gone);
    }
    assert_eq!(replies.len(), 2);
    replies.into_iter().for_each(|reply| drop(reply.send(Offered::Taken)));
    assert_eq!(answer.try_recv(), Ok(Offered::Taken));
}
