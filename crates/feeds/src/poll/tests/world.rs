//! A scripted server, a clock that can jump, and a machine between them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::*;

const BASE: &str = "https://feeds.example/feed/";
const START: &str = "2026-11-21T12:00:00Z";

/// What the scripted server does.
#[derive(Clone, PartialEq)]
pub(super) enum Mood {
    Well,
    Fails(Failure),
    NeverChanged,
    CutsBodies,
    Lacks(String, u16),
    Frozen(String),
}

/// A server, a clock and a machine.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) known: Known,
    pub(super) since_start: Duration,
    pub(super) wall_off: SignedDuration,
    pub(super) mood: Mood,
    /// File name and the instant from which it is listed.
    pub(super) telegrams: Vec<(String, Timestamp)>,
    /// How long the long index stays as it is.
    pub(super) long_made: Timestamp,
    pub(super) asked: Vec<(Duration, String, bool)>,
    pub(super) handed: Vec<(Duration, String)>,
    /// The telegram handed over last.
    pub(super) last: Option<Telegram>,
    pub(super) kept: HashMap<String, Kept>,
    pub(super) body_latency: HashMap<String, Duration>,
    pub(super) takes: bool,
    /// What the machine is told at its next step.
    tells: Vec<Event>,
    pub(super) under_way: BTreeMap<(Duration, u64), Answer>,
    pub(super) wake: Duration,
}

pub(super) fn start() -> Timestamp {
    START.parse().unwrap()
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

/// Digits that tell texts apart, in place of a digest.
fn digits(text: &str) -> String {
    let number = text.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{number:016x}")
}

impl World {
    pub(super) fn new(spec: FeedSpec) -> Self {
        Self::with_kept(spec, &HashMap::new())
    }

    pub(super) fn with_kept(spec: FeedSpec, kept: &HashMap<String, Kept>) -> Self {
        Self {
            machine: Machine::new(spec, Limits::default(), 7, |url| kept.get(url).cloned()),
            known: Known::new(1000),
            since_start: Duration::ZERO,
            wall_off: SignedDuration::ZERO,
            mood: Mood::Well,
            telegrams: Vec::new(),
            long_made: start(),
            asked: Vec::new(),
            handed: Vec::new(),
            last: None,
            kept: kept.clone(),
            body_latency: HashMap::new(),
            takes: true,
            tells: Vec::new(),
            under_way: BTreeMap::new(),
            wake: Duration::ZERO,
        }
    }

    pub(super) fn server_time(&self) -> Timestamp {
        start() + self.since_start
    }

    pub(super) fn now(&self) -> Now {
        Now { since_start: self.since_start, wall: self.server_time() + self.wall_off }
    }

    /// Issues a telegram so many seconds from the start; its file name.
    pub(super) fn issue(&mut self, second: i64, kind: &str) -> String {
        let at = start() + SignedDuration::from_secs(second);
        let name = format!("{}_0_{kind}_010000.xml", stamp(at));
        self.telegrams.push((name.clone(), at));
        name
    }

    pub(super) fn index(&self, since: Timestamp, updated: Timestamp) -> String {
        let listed = self.telegrams.iter().rev().filter(|(_, at)| *at >= since && *at <= updated);
        let entries: String = listed
            .map(|(name, at)| format!("<entry><id>{name}#r1</id><updated>{at}</updated><link type='application/xml' href='{BASE}data/{name}'/></entry>"))
            .collect();
        format!("<feed xmlns='http://www.w3.org/2005/Atom'><updated>{updated}</updated>{entries}</feed>")
    }

    pub(super) fn answer(&mut self, url: &str, validators: &Validators) -> Answer {
        let date = Some(self.server_time());
        let found = |text: String| {
            let validators = Validators { etag: Some(text.len().to_string() + &text), last_modified: None };
            let (digest, wire_bytes) = (digits(&text), text.len() as u64);
            Answer::Found { bytes: text.into_bytes(), digest, validators, date, wire_bytes }
        };
        match &self.mood {
            Mood::Fails(failure) => return Answer::Failed(failure.clone()),
            Mood::NeverChanged if validators.etag.is_some() => return Answer::Unchanged { date },
            Mood::CutsBodies if url.contains("/data/") => return found("<Report><Body>half".to_owned()),
            Mood::Lacks(name, code) if url.ends_with(name.as_str()) => {
                return Answer::Failed(Failure::Status { code: *code, retry_after_s: None });
            }
            Mood::Frozen(text) if !url.contains("/data/") => return found(text.clone()),
            _ => {}
        }
        if url.contains("/data/") {
            return found(format!("<Report>{url}</Report>"));
        }
        let text = if url.ends_with("_l.xml") {
            self.index(start() - SignedDuration::from_hours(100), self.long_made)
        } else {
            let minute = self.server_time().as_second() / 60 * 60;
            let updated = Timestamp::from_second(minute).unwrap();
            self.index(updated - SignedDuration::from_mins(10), updated)
        };
        match found(text) {
            Answer::Found { validators: new, .. } if new == *validators => Answer::Unchanged { date },
            answer => answer,
        }
    }

    /// Tells the machine something at once.
    pub(super) fn tell(&mut self, event: Event) {
        self.tells.push(event);
        self.wake = self.since_start;
    }

    /// Runs until so many seconds from the start.
    pub(super) fn run_until(&mut self, second: u64) {
        let end = Duration::from_secs(second);
        loop {
            let next = self.under_way.keys().next().map_or(self.wake, |(at, _)| self.wake.min(*at));
            if next > end {
                break;
            }
            self.since_start = next;
            let mut events = std::mem::take(&mut self.tells);
            while let Some(entry) = self.under_way.first_entry().filter(|it| it.key().0 <= next) {
                let ((_, request), answer) = entry.remove_entry();
                events.push(Event::Answered(request, answer));
            }
            loop {
                let mut actions = Vec::new();
                let now = self.now();
                self.wake = self.machine.step(std::mem::take(&mut events), now, &mut self.known, &mut actions);
                for action in actions {
                    match action {
                        Action::Fetch { request, url, validators, .. } => {
                            self.asked.push((self.since_start, url.clone(), validators != Validators::default()));
                            let latency = url.rsplit('/').next().and_then(|name| self.body_latency.get(name));
                            let latency = latency.copied().unwrap_or(Duration::from_millis(50));
                            let answer = self.answer(&url, &validators);
                            self.under_way.insert((self.since_start + latency, request), answer);
                        }
                        Action::HandOver(telegram) => {
                            self.handed.push((self.since_start, telegram.name.rsplit('/').next().unwrap().to_owned()));
                            if self.takes {
                                events.push(Event::Taken(telegram.key.clone()));
                            }
                            self.last = Some(telegram);
                        }
                        Action::Repeated { key, .. } if self.takes => events.push(Event::Taken(key)),
                        Action::Repeated { .. } => {}
                        Action::Keep { url, kept } => drop(self.kept.insert(url, kept)),
                    }
                }
                if events.is_empty() {
                    break;
                }
            }
            assert!(
                self.wake > self.since_start || !self.under_way.is_empty(),
                "the machine spins at {:?}",
                self.since_start
            );
        }
        self.since_start = end;
    }

    pub(super) fn asked_for(&self, end: &str) -> Vec<u64> {
        self.asked.iter().filter(|(_, url, _)| url.ends_with(end)).map(|(at, _, _)| at.as_secs()).collect()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.handed.iter().map(|(_, name)| name.as_str()).collect()
    }
}

pub(super) fn eqvol() -> FeedSpec {
    FeedSpec::jma("eqvol", BASE)
}
