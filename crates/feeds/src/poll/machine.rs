//! The poller of one feed as a machine: answers in, requests and telegrams out.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Action, Answer, Event, Failure, Kept, Validators};
use super::body::{Bodies, Place, Verdict};
use super::freshness::{Freshness, Watch};
use super::health::FeedHealth;
use super::known::Known;
use super::line::{Gap, Line, newest, oldest_first, read_index, silence};
use super::schedule::{Chance, Now, until_phase};
use super::spec::{FeedSpec, Limits, Style};
use super::telegram::{Content, Telegram, digest_key, name_of_bytes};
use super::whole::{absolute, looks_whole, no_less_secure};
use crate::index::{Entry, Index};

/// The least time between two questions for the same index.
const APART: Duration = Duration::from_secs(1);
/// The longest pause between two questions that ask a stale feed for all of its index, whatever it says has not changed.
const DOUBT_MAX: Duration = Duration::from_secs(3_600);
/// How often a document that ends too early is asked for again before it is handed over as it is, for the parser to say why.
const CUT_TRIES: u32 = 3;

/// What a question was for.
#[derive(Debug, Clone)]
enum Asked {
    Short,
    Long,
    Body(Place),
}

/// The poller of one feed.
#[derive(Debug)]
pub struct Machine {
    spec: FeedSpec,
    limits: Limits,
    chance: Chance,
    short: Line,
    long: Option<Line>,
    gap: Option<Gap>,
    /// When the short index was last read, on both clocks.
    read: Option<Now>,
    watch: Watch,
    /// When to ask a stale feed for all of its index, and the pause after that.
    doubt: Option<(Duration, Duration)>,
    bodies: Bodies,
    requests: HashMap<u64, Asked>,
    next_request: u64,
    untaken: HashSet<String>,
    health: FeedHealth,
}

impl Machine {
    /// A poller that asks at once. `seed` decides what is left to chance; `kept` is what an earlier run kept for an address.
    pub fn new(spec: FeedSpec, limits: Limits, seed: u64, kept: impl Fn(&str) -> Option<Kept>) -> Self {
        let line = |url: &str, due| Line::new(url, kept(url).unwrap_or_default(), due);
        let short = line(&spec.url, Some(Duration::ZERO));
        let long = spec.long_url.as_deref().map(|url| line(url, None));
        let health = FeedHealth { name: spec.name.clone(), ..FeedHealth::default() };
        Self {
            watch: Watch::starting_at(short.updated),
            limits,
            chance: Chance(seed),
            short,
            long,
            gap: None,
            read: None,
            doubt: None,
            bodies: Bodies::default(),
            requests: HashMap::new(),
            next_request: 0,
            untaken: HashSet::new(),
            health,
            spec,
        }
    }

    /// The feed.
    #[must_use]
    pub fn spec(&self) -> &FeedSpec {
        &self.spec
    }

    /// Hears what happened, says what to do, and returns when it must be asked again, since the start.
    ///
    /// `known` is shared by all feeds, so that a telegram in two of them is fetched once.
    pub fn step(&mut self, events: Vec<Event>, now: Now, known: &mut Known, out: &mut Vec<Action>) -> Duration {
        for event in events {
            match event {
                Event::Taken(key) => self.health.taken += u64::from(self.untaken.remove(&key)),
                // Asked without a condition, the index lists it again even if nothing else has changed.
                Event::Dropped(_) => self.short.validators = Validators::default(),
                Event::Room(room) => self.bodies.room = room,
                Event::Answered(request, answer) => match self.requests.remove(&request) {
                    Some(Asked::Short) => self.short_answered(answer, now, known, out),
                    Some(Asked::Long) => self.long_answered(answer, now, known),
                    Some(Asked::Body(place)) => self.body_answered(&place, answer, now, known, out),
                    None => {}
                },
            }
        }
        if self.bodies.lets_read(self.spec.style) {
            self.ask(now, out);
        }
        self.ask_bodies(now, out);
        for (place, waiting, bytes) in self.bodies.ready(now, &self.limits) {
            let name = match self.spec.style {
                Style::Jma => waiting.name,
                _ => name_of_bytes(&waiting.name, &waiting.digest),
            };
            let telegram = Telegram {
                source: self.spec.name.clone(),
                key: place.key,
                digest: waiting.digest,
                name,
                listed: waiting.listed,
                received: now.wall,
                present: self.watch.present(now),
                content: Content::Document(bytes),
            };
            self.hand_over(telegram, out);
        }
        self.keep(out);
        self.wake(now)
    }

    /// How the feed does.
    #[must_use]
    pub fn health(&self, now: Now) -> FeedHealth {
        let mut health = self.health.clone();
        health.updated = self.watch.updated();
        health.goes_backwards = self.watch.is_behind();
        health.gap_since = self.gap.and_then(|gap| gap.since);
        health.waiting = self.bodies.len();
        health.overdue = self.bodies.overdue().count();
        health.first_overdue = self.bodies.overdue().next().map(str::to_owned);
        health.judge(self.freshness(now), self.watch.clock_off());
        health
    }

    /// The time of day by the server's clock; `None` before it has told it.
    #[must_use]
    pub fn server_time(&self, now: Now) -> Option<Timestamp> {
        self.watch.server_time(now)
    }

    fn freshness(&self, now: Now) -> Freshness {
        self.watch.verdict(self.spec.stale_after_s.map(|it| Duration::from_secs(it.into())), now)
    }

    fn request(&mut self, asked: Asked) -> u64 {
        self.next_request += 1;
        self.requests.insert(self.next_request, asked);
        self.next_request
    }

    fn ask(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.short.due.is_some_and(|due| due <= now.since_start) {
            self.short.due = None;
            let validators = if self.must_doubt(now) { Validators::default() } else { self.short.validators.clone() };
            let request = self.request(Asked::Short);
            self.health.asked += 1;
            let limit_bytes = self.limits.index_bytes;
            out.push(Action::Fetch { request, url: self.short.url.clone(), validators, limit_bytes });
        }
        if let Some(long) = &mut self.long
            && long.due.is_some_and(|due| due <= now.since_start)
        {
            long.due = None;
            let (url, validators) = (long.url.clone(), long.validators.clone());
            let request = self.request(Asked::Long);
            self.health.asked += 1;
            out.push(Action::Fetch { request, url, validators, limit_bytes: self.limits.index_bytes });
        }
    }

    fn ask_bodies(&mut self, now: Now, out: &mut Vec<Action>) {
        for (place, url) in self.bodies.due(now, &self.limits) {
            let request = self.request(Asked::Body(place));
            let limit_bytes = self.limits.body_bytes;
            out.push(Action::Fetch { request, url, validators: Validators::default(), limit_bytes });
        }
    }

    /// Whether to ask for all of a stale feed's index now: a cache on the way may say for ever that nothing has changed.
    fn must_doubt(&mut self, now: Now) -> bool {
        if !matches!(self.freshness(now), Freshness::Stale(_)) {
            self.doubt = None;
            return false;
        }
        let first = Duration::from_secs(self.spec.stale_after_s.unwrap_or(300).max(60).into());
        let (due, pause) = self.doubt.unwrap_or((now.since_start, first));
        if due > now.since_start {
            return false;
        }
        self.doubt = Some((now.since_start + pause, (pause * 2).min(DOUBT_MAX)));
        true
    }

    fn short_answered(&mut self, answer: Answer, now: Now, known: &mut Known, out: &mut Vec<Action>) {
        match answer {
            Answer::Unchanged { date } => {
                self.watch.answered(date, now);
                self.health.unchanged += 1;
                self.short_read(now);
            }
            Answer::Found { bytes, digest, validators, date, wire_bytes } => {
                self.health.wire_bytes += wire_bytes;
                self.watch.answered(date, now);
                let problem = match self.spec.style {
                    Style::Document => self.document(bytes, &digest, now, known, out),
                    Style::Jma | Style::Cap | Style::News => match read_index(&bytes) {
                        Ok(index) => {
                            self.short_index(index, now, known, out);
                            None
                        }
                        Err(why) => Some(Failure::Content(why)),
                    },
                };
                match problem {
                    Some(failure) => self.short_failed(&failure, now),
                    None => {
                        self.short.validators = validators;
                        self.short.is_kept = false;
                        self.short_read(now);
                    }
                }
            }
            Answer::Failed(failure) => self.short_failed(&failure, now),
        }
    }

    fn short_read(&mut self, now: Now) {
        self.read = Some(now);
        self.short.failures = 0;
        self.health.failures = 0;
        self.health.problem = None;
        self.health.answered = Some(now.wall);
        self.short.due = Some(now.since_start + self.until_next(now));
    }

    /// The time until the next regular question.
    fn until_next(&self, now: Now) -> Duration {
        let every = Duration::from_secs(self.spec.every_s.max(1).into());
        match self.spec.phase_s {
            Some(phase) => until_phase(now.wall, every, Duration::from_secs(phase.into()), APART),
            None => every,
        }
    }

    fn short_failed(&mut self, failure: &Failure, now: Now) {
        self.short.failures += 1;
        self.health.failures += 1;
        self.health.problem = Some(failure.to_string());
        let pause = failure.pause(self.short.failures, &self.limits, &mut self.chance);
        // Who is refused stays away as long as needed; else no failure makes the next regular question later.
        let is_refused = matches!(
            failure,
            Failure::Status { code: 403 | 429 | 451, .. } | Failure::Status { retry_after_s: Some(_), .. }
        );
        let wait = if is_refused { pause } else { pause.min(self.until_next(now)) };
        self.short.due = Some(now.since_start + wait.max(APART));
    }

    fn short_index(&mut self, index: Index, now: Now, known: &mut Known, out: &mut Vec<Action>) {
        self.watch.read(index.updated, now);
        self.short.updated = index.updated;
        let oldest = index.entries.iter().filter_map(|it| it.updated).min();
        let newest = newest(&index);
        let overlaps = self.list(index, false, now, known, out);
        let promised = SignedDuration::from_secs(self.spec.promised_s.into());
        let since = match self.read {
            None => None,
            Some(read) if silence(read, now) > promised && !overlaps => Some(read.wall),
            Some(_) => return,
        };
        let reaches = newest.unwrap_or(now.wall).checked_sub(promised).unwrap_or(now.wall);
        let until = oldest.map_or(reaches, |oldest| oldest.min(reaches));
        // An older gap that is still open stays so.
        self.gap = Some(Gap { until, since: self.gap.and_then(|gap| gap.since).or(since) });
        match &mut self.long {
            Some(long) => long.due = Some(now.since_start),
            None if since.is_none() => self.gap = None,
            None => {}
        }
    }

    fn long_answered(&mut self, answer: Answer, now: Now, known: &mut Known) {
        let read = match answer {
            Answer::Unchanged { .. } => {
                self.health.unchanged += 1;
                Ok(None)
            }
            Answer::Found { bytes, validators, wire_bytes, .. } => {
                self.health.wire_bytes += wire_bytes;
                read_index(&bytes).map(|index| Some((index, validators))).map_err(Failure::Content)
            }
            Answer::Failed(failure) => Err(failure),
        };
        match read {
            Ok(found) => {
                if let Some((index, validators)) = found {
                    let updated = newest(&index);
                    self.list(index, true, now, known, &mut Vec::new());
                    if let Some(long) = &mut self.long {
                        (long.validators, long.updated, long.is_kept) = (validators, updated, false);
                    }
                }
                self.long_read(now);
            }
            Err(failure) => {
                self.health.problem = Some(failure.to_string());
                if let Some(long) = &mut self.long {
                    long.failures += 1;
                    long.due = Some(now.since_start + failure.pause(long.failures, &self.limits, &mut self.chance));
                }
            }
        }
    }

    /// The long index is made once an hour: until it reaches what the short one covers, it is asked again.
    fn long_read(&mut self, now: Now) {
        let Some(long) = &mut self.long else { return };
        long.failures = 0;
        match self.gap {
            Some(gap) if long.updated.is_none_or(|updated| updated < gap.until) => {
                long.due = Some(now.since_start + Duration::from_secs(self.limits.long_every_s.max(1).into()));
            }
            _ => self.gap = None,
        }
    }

    /// Lists what is new in an index; whether anything in it was known.
    fn list(&mut self, index: Index, is_backlog: bool, now: Now, known: &mut Known, out: &mut Vec<Action>) -> bool {
        // An index that says it is of the future must not make all that it lists look old.
        let present = newest(&index).map(|at| at.min(self.watch.present(now)));
        let history = SignedDuration::from_secs(self.spec.history_s.into());
        let mut overlaps = false;
        for entry in oldest_first(index.entries) {
            if !self.spec.wants(&entry) {
                continue;
            }
            let key = self.spec.key(&entry);
            if known.contains(&key) {
                overlaps = true;
                continue;
            }
            // By the feed's own time: a jump of our clock must not make a warning look old.
            let is_old = |at: Timestamp| present.is_some_and(|present| present.duration_since(at) > history);
            if entry.updated.is_some_and(is_old) {
                continue;
            }
            known.claim(&key);
            self.take_up(entry, key, is_backlog, now, out);
        }
        overlaps
    }

    fn take_up(&mut self, entry: Entry, key: String, is_backlog: bool, now: Now, out: &mut Vec<Action>) {
        let listed = entry.updated;
        if self.spec.style == Style::News {
            let (source, name) = (self.spec.name.clone(), entry.link.clone());
            let content = Content::News(entry);
            let (digest, received, present) = (String::new(), now.wall, self.watch.present(now));
            self.hand_over(Telegram { source, key, digest, name, listed, received, present, content }, out);
        } else {
            let url = no_less_secure(&self.spec.url, absolute(&self.spec.url, &entry.link));
            let place = Place { is_backlog, issued: listed.unwrap_or(now.wall), key };
            self.bodies.list(place, url, entry.link, listed);
        }
    }

    fn document(
        &mut self,
        bytes: Vec<u8>,
        digest: &str,
        now: Now,
        known: &mut Known,
        out: &mut Vec<Action>,
    ) -> Option<Failure> {
        if let Err(why) = looks_whole(&bytes, self.spec.expects) {
            return Some(Failure::Content(why.to_owned()));
        }
        let key = format!("{}@{digest}", self.spec.url);
        self.watch.found(now);
        if known.claim(&key) && known.claim(&digest_key(digest)) {
            let (source, name) = (self.spec.name.clone(), name_of_bytes(&self.spec.url, digest));
            let content = Content::Document(bytes);
            let (digest, received, present) = (digest.to_owned(), now.wall, self.watch.present(now));
            self.hand_over(Telegram { source, key, digest, name, listed: None, received, present, content }, out);
        }
        None
    }

    fn body_answered(&mut self, place: &Place, answer: Answer, now: Now, known: &mut Known, out: &mut Vec<Action>) {
        let failure = match answer {
            Answer::Found { bytes, digest, wire_bytes, .. } => {
                self.health.wire_bytes += wire_bytes;
                match looks_whole(&bytes, self.spec.expects) {
                    Err(why) if self.bodies.failures_of(place) + 1 < CUT_TRIES => Failure::Broken(why.to_owned()),
                    _ if known.claim(&digest_key(&digest)) => {
                        self.bodies.arrived(place, bytes, digest);
                        return;
                    }
                    _ => {
                        self.health.repeated += 1;
                        self.bodies.drop(place);
                        self.untaken.insert(place.key.clone());
                        out.push(Action::Repeated { key: place.key.clone(), digest });
                        return;
                    }
                }
            }
            Answer::Unchanged { .. } => Failure::Broken("304 to a question without condition".to_owned()),
            Answer::Failed(failure) => failure,
        };
        self.health.problem = Some(failure.to_string());
        let history = Duration::from_secs(self.spec.history_s.into());
        let verdict = self.bodies.failed(place, &failure, now, (&self.limits, history), &mut self.chance);
        self.health.given_up += u64::from(matches!(verdict, Verdict::GivenUp));
    }

    fn hand_over(&mut self, telegram: Telegram, out: &mut Vec<Action>) {
        self.health.telegrams += 1;
        self.untaken.insert(telegram.key.clone());
        out.push(Action::HandOver(telegram));
    }

    /// Lets what the indexes gave be kept once all that they listed is safe: a crash before that must not be answered by a 304.
    fn keep(&mut self, out: &mut Vec<Action>) {
        if self.bodies.len() > 0 || !self.untaken.is_empty() {
            return;
        }
        for line in [Some(&mut self.short), self.long.as_mut()].into_iter().flatten().filter(|line| !line.is_kept) {
            line.is_kept = true;
            let kept = Kept { validators: line.validators.clone(), updated: line.updated };
            out.push(Action::Keep { url: line.url.clone(), kept });
        }
    }

    fn wake(&self, now: Now) -> Duration {
        let long = self.long.as_ref().and_then(|line| line.due);
        let indexes = [self.short.due, long].into_iter().filter(|_| self.bodies.lets_read(self.spec.style));
        indexes
            .chain([self.bodies.wake(&self.limits)])
            .flatten()
            .min()
            .unwrap_or(now.since_start + DOUBT_MAX)
            .max(now.since_start)
    }
}
