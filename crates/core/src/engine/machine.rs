//! The engine as a pure machine: events in, actions out, no clock, no socket, no disk.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::atlas::Atlas;
use super::lane::{Group, Lane, Site};
use crate::address::AddressStyle;
use crate::carrier::{Carrier, CarrierTable};
use crate::congestion::Lessons;
use crate::event::{Action, BatchHead, Chunk, ChunkWork, Event, Next, SessionId, Write};
use crate::message::{BatchId, KeyId, MailId};
use crate::mx::Families;
use crate::outcome::{ReplyRules, Settlement};
use crate::plan::{Standing, Wait};
use crate::policy::{Policy, Share};
use crate::queue::{ChunkId, Past, Pick, Queue};
use crate::report::DomainTrouble;
use crate::route::{RelayRoute, Source};
use crate::time::Instant;

/// Chunks kept in memory beyond those in use.
const CHUNKS_SPARE_MAX: usize = 64;
/// Attempts that may be unsettled beyond two a session, shared evenly among the lanes (design §2).
const UNSETTLED_SPARE: usize = 64;

/// Present form of what is kept.
const KEPT_V1: u8 = 1;

/// What the machine knows from the start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Our own name.
    pub helo: String,
    /// The carriers known by name.
    pub table: CarrierTable,
    /// Their limits.
    pub policies: HashMap<Carrier, Policy>,
    /// The limits of everybody else.
    pub default_policy: Policy,
    /// Addresses of our own; a carrier that none serves is reached from whichever the system chooses.
    pub sources: Vec<Source>,
    /// Relays through which the mails of some carriers go.
    pub routes: Vec<RelayRoute>,
    /// How replies are read.
    pub rules: ReplyRules,
    /// Attempts registered and not durable as ended, at most; `None` means 2 × sessions + 64.
    pub unsettled_max: Option<usize>,
    /// Where randomness begins.
    pub seed: u64,
    /// What was learned before, by the name it was kept under ([`Action::Keep`]).
    pub kept: BTreeMap<String, Vec<u8>>,
}

/// A mail between being picked and being ended.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) lane: usize,
    pub(super) site: usize,
    pub(super) session: SessionId,
    pub(super) past: Past,
    /// Why it waited before.
    pub(super) wait: Wait,
    pub(super) chunk: Arc<Chunk>,
    pub(super) depart: Instant,
    pub(super) style: AddressStyle,
    pub(super) sent: bool,
    /// Whether its session was asked to give it back.
    pub(super) recalled: bool,
}

pub(super) struct BatchState {
    pub(super) head: Arc<BatchHead>,
    /// How its mails settle that are not under way: it was cancelled or has expired.
    pub(super) over: Option<Settlement>,
}

/// Whose mails a chunk holds, and how many of them have not settled.
pub(super) struct ChunkHome {
    pub(super) domain: Arc<str>,
    pub(super) open: usize,
}

/// Mails that will not be sent, and why.
#[derive(Debug)]
pub(super) struct Doomed {
    pub(super) picks: VecDeque<Pick>,
    pub(super) carrier: Carrier,
    pub(super) settlement: Settlement,
    pub(super) why: String,
}

enum ChunkSlot {
    /// Asked for; these lanes wait for it.
    Asked(Vec<usize>),
    Here(Arc<Chunk>),
}

/// The engine's whole state while it runs.
pub struct Machine {
    pub(super) settings: Settings,
    pub(super) batches: BTreeMap<BatchId, BatchState>,
    pub(super) atlas: Atlas,
    pub(super) chunk_homes: HashMap<ChunkId, ChunkHome>,
    /// Work whose site is not known yet.
    pub(super) parked: BTreeMap<String, Vec<(Arc<BatchHead>, ChunkWork)>>,
    pub(super) site_names: HashMap<(Carrier, String), usize>,
    pub(super) sites: Vec<Site>,
    /// Sites that domains have left, the one that was left first in front.
    pub(super) left: VecDeque<usize>,
    /// For which families this machine has a route.
    pub(super) families: Families,
    pub(super) group_names: HashMap<Carrier, usize>,
    pub(super) groups: Vec<Group>,
    pub(super) lanes: Vec<Lane>,
    pub(super) talk_lanes: HashMap<SessionId, usize>,
    pub(super) flights: HashMap<MailId, Flight>,
    chunks: HashMap<ChunkId, ChunkSlot>,
    pub(super) doomed: VecDeque<Doomed>,
    /// Attempts that are registered and not durable as ended.
    pub(super) unsettled: usize,
    /// Lanes that have mails or sessions in this step.
    pub(super) lanes_at_work: usize,
    /// Lanes of the ends that were handed over to become durable, in order; `None` for mails that were never under way.
    ending: VecDeque<Option<usize>>,
    /// Mails settled without an attempt and not durable yet.
    pub(super) burying: usize,
    /// Carriers that an operator stopped, whether they have a lane yet or not.
    pub(super) paused: HashSet<Carrier>,
    /// Mails a second that an operator lets a carrier have, beside what is configured.
    pub(super) limits: HashMap<Carrier, f64>,
    /// The part of every configured ceiling that is ours.
    pub(super) share: Share,
    /// What other programs have learned.
    pub(super) lessons: Lessons,
    pub(super) sessions_opened: u64,
    /// Lanes to look at in this step.
    pub(super) dirty: BTreeSet<usize>,
    /// Lanes that wait until fewer attempts are unsettled.
    pub(super) starved: BTreeSet<usize>,
    timers: BTreeSet<(Instant, usize)>,
    /// Mails whose sessions are asked to give them back in this step.
    recalls: Vec<MailId>,
    pub(super) writes: Vec<Write>,
    /// What was learned in this step and is to be kept, by name.
    learned: Vec<(String, Vec<u8>)>,
    pub(super) shutting_down: bool,
    /// Since when the queue has no room, and what to do.
    full: Option<(Instant, String)>,
    random: u64,
}

impl Machine {
    /// A machine with nothing to do.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let random = settings.seed;
        let mut machine = Machine {
            settings,
            batches: BTreeMap::new(),
            atlas: Atlas::default(),
            chunk_homes: HashMap::new(),
            parked: BTreeMap::new(),
            site_names: HashMap::new(),
            sites: Vec::new(),
            left: VecDeque::new(),
            families: Families::default(),
            group_names: HashMap::new(),
            groups: Vec::new(),
            lanes: Vec::new(),
            talk_lanes: HashMap::new(),
            flights: HashMap::new(),
            chunks: HashMap::new(),
            doomed: VecDeque::new(),
            unsettled: 0,
            lanes_at_work: 0,
            ending: VecDeque::new(),
            burying: 0,
            paused: HashSet::new(),
            limits: HashMap::new(),
            share: Share::WHOLE,
            lessons: Lessons::default(),
            sessions_opened: 0,
            dirty: BTreeSet::new(),
            starved: BTreeSet::new(),
            timers: BTreeSet::new(),
            recalls: Vec::new(),
            writes: Vec::new(),
            learned: Vec::new(),
            shutting_down: false,
            full: None,
            random,
        };
        machine.recall_routes();
        machine
    }

    /// Hears what happened and says what to do; returns when it must be asked again at the latest.
    pub fn step(
        &mut self,
        events: impl IntoIterator<Item = Event>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> Instant {
        for event in events {
            self.hear(event, now, actions);
        }
        self.expire(now);
        self.ask_again(now, actions);
        while let Some((due, lane)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, lane));
            self.dirty.insert(lane);
        }
        self.count_work();
        while let Some(lane) = self.dirty.pop_first() {
            let wake = self.feed(lane, now, actions);
            self.timers.remove(&(self.lanes[lane].wake, lane));
            self.lanes[lane].wake = wake;
            self.timers.insert((wake, lane));
        }
        for mail in core::mem::take(&mut self.recalls) {
            let session = self.flights.get(&mail).map(|flight| flight.session);
            actions.extend(session.map(|session| Action::Recall(session, mail)));
        }
        self.bury(now, actions);
        if !self.writes.is_empty() {
            actions.push(Action::Persist(core::mem::take(&mut self.writes)));
        }
        actions.extend(self.learned.drain(..).map(|(name, value)| Action::Keep(name, value)));
        self.forget_chunks();
        self.wake()
    }

    /// Has something learned kept across restarts: a version byte, then postcard.
    pub(super) fn keep<T: serde::Serialize>(&mut self, name: String, value: &T) {
        // What cannot be encoded is not kept: it is only learned again.
        if let Ok(bytes) = postcard::to_extend(value, vec![KEPT_V1]) {
            self.settings.kept.insert(name.clone(), bytes.clone());
            self.learned.push((name, bytes));
        }
    }

    /// Has what was kept under a name forgotten.
    pub(super) fn forget(&mut self, name: &str) {
        self.settings.kept.remove(name);
        self.learned.push((name.to_string(), Vec::new()));
    }

    /// What was kept under a name, if this program can read it.
    pub(super) fn kept<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        match self.settings.kept.get(name)?.split_first() {
            Some((&KEPT_V1, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }

    fn hear(&mut self, event: Event, now: Instant, actions: &mut Vec<Action>) {
        match event {
            Event::Submitted(head, work) => self.on_submitted(head, work, now, actions),
            Event::Loaded(chunk) => {
                if let Some(ChunkSlot::Asked(lanes)) = self.chunks.insert(chunk.id, ChunkSlot::Here(chunk)) {
                    self.dirty.extend(lanes);
                }
            }
            Event::Resolved { domain, route, valid_until } => {
                self.on_resolved(domain, route, valid_until, now, actions)
            }
            Event::RelayFound { relay, found, valid_until } => self.on_relay_found(&relay, &found, valid_until, now),
            Event::Registered(mails) => self.on_registered(&mails, now, actions),
            Event::Recorded(ends) => self.on_recorded(ends),
            Event::SessionReady(session) => self.on_ready(session, now),
            Event::TlsReport(session) => self.on_tls_report(session),
            Event::Ended(ended) => self.on_ended(ended, now),
            Event::SessionClosed { session, stage, why } => self.on_closed(session, stage, &why, now),
            Event::Cancel(batch) => self.cancel(batch),
            Event::Pause(carrier, paused) => self.pause(carrier, paused),
            Event::Limit(carrier, most) => self.limit(carrier, most, now, actions),
            Event::SetShare(share) => self.set_share(share, now, actions),
            Event::Learn(lessons) => self.take_lessons(lessons, now),
            Event::SetPolicy(carrier, policy) => self.set_policy(carrier, *policy, now, actions),
            Event::WarmUp(domains) => {
                for domain in domains {
                    self.atlas.warm_up(&domain, now, actions);
                }
            }
            Event::BatchEnded(batch) => {
                self.batches.remove(&batch);
                for lane in &mut self.lanes {
                    lane.settled.remove(&batch);
                }
                self.chunks.retain(|id, slot| id.batch != batch || matches!(slot, ChunkSlot::Asked(_)));
            }
            Event::QueueFull(why) => {
                self.full = why.map(|why| (now, why));
                self.dirty.extend(0..self.lanes.len());
            }
            Event::Reload(tables) => self.reload(*tables, now, actions),
            Event::ShutDown => {
                self.shutting_down = true;
                self.dirty.extend(0..self.lanes.len());
            }
        }
    }

    fn on_recorded(&mut self, ends: usize) {
        for _ in 0..ends.min(self.ending.len()) {
            match self.ending.pop_front() {
                Some(Some(lane)) => {
                    self.lanes[lane].unsettled -= 1;
                    self.unsettled -= 1;
                }
                _ => self.burying -= 1,
            }
        }
        self.dirty.append(&mut self.starved);
    }

    pub(super) fn standing(head: &BatchHead) -> Standing {
        Standing { urgency: head.urgency, deadline: head.deadline.unwrap_or(Instant::NEVER) }
    }

    pub(super) fn add_work(queue: &mut Queue, head: &BatchHead, work: ChunkWork) {
        let id = ChunkId { batch: head.id, number: work.number };
        queue.add_chunk(Self::standing(head), id, work.fresh);
        for (place, past, due) in work.again {
            // Why it waits is not stored: its next attempt tells again.
            queue.add_again(due, Self::standing(head), Pick { mail: id.mail(place), past, wait: Wait::Again });
        }
    }

    /// Whether one more attempt of a lane may be registered, on a session that is open or on a new one.
    ///
    /// Every lane that has something to do has its own share, so that one whose attempts do not end takes nothing from the
    /// others; and one alone has no more than half, so that there is room for the next that comes.
    pub(super) fn may_register(&self, lane: usize, new_session: bool) -> bool {
        let (lanes, lane) = (self.lanes.len().max(1), &self.lanes[lane]);
        match self.settings.unsettled_max {
            Some(max) => {
                let share = max / self.lanes_at_work.max(2).min(lanes);
                self.unsettled < max && lane.unsettled < share.max(1)
            }
            None => lane.unsettled < 2 * (lane.talks.len() + usize::from(new_session)) + UNSETTLED_SPARE / lanes,
        }
    }

    /// Counts the lanes among which a configured bound is shared.
    fn count_work(&mut self) {
        if self.settings.unsettled_max.is_some() {
            let waits = |group: &Group| group.sites.iter().any(|at| self.sites[*at].queue.waiting() > 0);
            let works = |lane: &&Lane| !lane.talks.is_empty() || waits(&self.groups[lane.group]);
            self.lanes_at_work = self.lanes.iter().filter(works).count();
        }
    }

    /// Has written that an attempt was registered.
    pub(super) fn write_start(&mut self, lane: usize, mail: MailId, past: Past) {
        self.unsettled += 1;
        self.lanes[lane].unsettled += 1;
        self.writes.push(Write::Register(mail, past));
    }

    /// Has written that an attempt ended in a lane, or that a mail settled without one.
    pub(super) fn write_end(&mut self, lane: Option<usize>, write: Write) {
        self.burying += usize::from(lane.is_none());
        self.ending.push_back(lane);
        if let Write::Outcome(mail, _, Next::Settled) = &write
            && let Entry::Occupied(mut home) = self.chunk_homes.entry(ChunkId::of(*mail))
        {
            home.get_mut().open = home.get().open.saturating_sub(1);
            if home.get().open == 0 {
                home.remove();
                // Nobody asks for it any more.
                self.chunks.remove(&ChunkId::of(*mail));
            }
        }
        self.writes.push(write);
    }

    /// Asks for a mail back that was sent to a session and may not have been begun there.
    pub(super) fn recall(&mut self, mail: MailId) {
        if let Some(flight) = self.flights.get_mut(&mail).filter(|flight| flight.sent && !flight.recalled) {
            flight.recalled = true;
            self.recalls.push(mail);
        }
    }

    pub(super) fn draw(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014): enough to break ties and spread retries.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The chunk if it is here; asks for it once if not.
    pub(super) fn chunk(&mut self, id: ChunkId, lane: Option<usize>, actions: &mut Vec<Action>) -> Option<Arc<Chunk>> {
        let slot = self.chunks.entry(id).or_insert_with(|| {
            actions.push(Action::Load(id));
            ChunkSlot::Asked(Vec::new())
        });
        match slot {
            ChunkSlot::Here(chunk) => Some(chunk.clone()),
            ChunkSlot::Asked(lanes) => {
                lanes.extend(lane.filter(|lane| !lanes.contains(lane)));
                None
            }
        }
    }

    fn forget_chunks(&mut self) {
        if self.chunks.len() > CHUNKS_SPARE_MAX + 2 * self.sites.len() {
            let heads = self.sites.iter().flat_map(|site| site.queue.heads());
            let heads: BTreeSet<ChunkId> = heads.map(|h| ChunkId { batch: h.group.batch, number: h.chunk }).collect();
            self.chunks.retain(|id, slot| match slot {
                ChunkSlot::Asked(_) => true,
                ChunkSlot::Here(chunk) => heads.contains(id) || Arc::strong_count(chunk) > 1,
            });
        }
    }

    fn wake(&self) -> Instant {
        let lanes = self.timers.first().map_or(Instant::NEVER, |(wake, _)| *wake);
        let names = if self.shutting_down { Instant::NEVER } else { self.atlas.wake() };
        let batches = self.batches.values().filter(|b| b.over.is_none()).filter_map(|b| b.head.expires);
        lanes.min(names).min(batches.min().unwrap_or(Instant::NEVER))
    }

    /// Mails that wait anywhere or are under way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let parked: usize = self.parked.values().flatten().map(|(_, w)| w.fresh.len() + w.again.len()).sum();
        let queued: usize = self.sites.iter().map(|site| site.queue.waiting()).sum();
        let doomed: usize = self.doomed.iter().map(|doomed| doomed.picks.len()).sum();
        parked + queued + self.flights.len() + doomed
    }

    /// The lanes, for observers.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Domains that cannot be resolved at present, for observers.
    #[must_use]
    pub fn unresolved(&self) -> Vec<DomainTrouble> {
        let mails = |(_, work): &(Arc<BatchHead>, ChunkWork)| (work.fresh.len() + work.again.len()) as u64;
        let waiting = |domain: &str| self.parked.get(domain).map_or(0, |works| works.iter().map(mails).sum());
        self.atlas.troubles(waiting)
    }

    /// Attempts that are registered and not durable as ended.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// The key under which the personal data of a mail that is under way is sealed; the store's own if it is not.
    #[must_use]
    pub fn key_of(&self, mail: MailId) -> KeyId {
        let chunk = self.flights.get(&mail).map(|flight| &flight.chunk.recipients);
        let recipient = chunk.and_then(|all| all.get(usize::from(ChunkId::place(mail)))?.as_ref());
        recipient.map(|recipient| recipient.key).unwrap_or_default()
    }

    /// Mails of a lane that wait or are under way. What waits for several lanes is counted at the first of them.
    #[must_use]
    pub fn lane_waiting(&self, lane: usize) -> usize {
        let group = &self.groups[self.lanes[lane].group];
        let sites = if group.lanes.first() == Some(&lane) { &group.sites[..] } else { &[] };
        let queued: usize = sites.iter().map(|at| self.sites[*at].queue.waiting()).sum();
        let flying: usize = self.lanes[lane].talks.values().map(|talk| talk.assigned.len()).sum();
        queued + flying
    }

    /// Whether nothing is under way any more, on the wire or to the disk.
    #[must_use]
    pub fn is_still(&self) -> bool {
        let quiet = self.flights.is_empty() && self.doomed.is_empty() && self.ending.is_empty();
        // Without room nothing becomes durable any more: what was registered and sent has ended all the same.
        let unopened = || self.lanes.iter().flat_map(|lane| lane.talks.values()).all(|talk| !talk.opened);
        let cut_off = self.full.is_some() && unopened() && self.flights.values().all(|flight| !flight.sent);
        (self.talk_lanes.is_empty() && quiet) || cut_off
    }

    /// Since when the queue has no room, and what to do.
    #[must_use]
    pub fn full(&self) -> Option<&(Instant, String)> {
        self.full.as_ref()
    }

    /// Whether no session is opened and no mail departs.
    pub(super) fn is_halted(&self) -> bool {
        self.shutting_down || self.full.is_some()
    }
}

#[cfg(test)]
mod tests;
