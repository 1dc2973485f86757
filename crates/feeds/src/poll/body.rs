//! Telegrams that an index listed: which to fetch now, in which order they are handed over, when one is overdue or given up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::answer::Failure;
use super::room::Room;
use super::schedule::{Chance, Now};
use super::spec::{Limits, Style};

/// Where a telegram stands: fresh ones before those of the long index, then by their time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) is_backlog: bool,
    pub(super) issued: Timestamp,
    pub(super) key: String,
}

/// A telegram that is listed and not handed over.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) url: String,
    pub(super) name: String,
    pub(super) listed: Option<Timestamp>,
    /// When it was first asked for.
    asked: Option<Duration>,
    failures: u32,
    not_before: Duration,
    in_flight: bool,
    /// Whether it could not be had for so long that a person should know.
    is_overdue: bool,
    bytes: Option<Vec<u8>>,
    pub(super) digest: String,
}

/// All of a feed that wait, and how their server does.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    waiting: BTreeMap<Place, Waiting>,
    in_flight: usize,
    /// Failures in a row that speak of the server and not of one telegram.
    failures: u32,
    not_before: Duration,
    /// How much there is where they are handed over to.
    pub(super) room: Room,
}

/// What a failure means for a telegram.
pub(super) enum Verdict {
    /// It is asked for again.
    Again,
    /// It is given up.
    GivenUp,
}

impl Bodies {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn list(&mut self, place: Place, url: String, name: String, listed: Option<Timestamp>) {
        let fresh = Waiting {
            url,
            name,
            listed,
            asked: None,
            failures: 0,
            not_before: Duration::ZERO,
            in_flight: false,
            is_overdue: false,
            bytes: None,
            digest: String::new(),
        };
        self.waiting.insert(place, fresh);
    }

    /// Whether to ask for the feed's index, or for the document that it is.
    pub(super) fn lets_read(&self, style: Style) -> bool {
        self.room.lets_read(style, self.waiting.len())
    }

    /// The telegrams to ask for now. After a failure of the server one at a time, until one succeeds.
    pub(super) fn due(&mut self, now: Now, limits: &Limits) -> Vec<(Place, String)> {
        let at_once = if self.failures > 0 { 1 } else { limits.bodies_at_once.max(1) };
        let mut due = Vec::new();
        if !self.room.is_ample() || now.since_start < self.not_before {
            return due;
        }
        let is_due = |it: &Waiting| !it.in_flight && it.bytes.is_none() && it.not_before <= now.since_start;
        let mut asked: Vec<(&Place, &mut Waiting)> = self.waiting.iter_mut().filter(|(_, it)| is_due(it)).collect();
        // What failed often is asked for last: a telegram that its server cannot give must hold up none behind it.
        asked.sort_by_key(|(_, waiting)| waiting.failures);
        for (place, waiting) in asked.into_iter().take(at_once.saturating_sub(self.in_flight)) {
            waiting.in_flight = true;
            waiting.asked.get_or_insert(now.since_start);
            self.in_flight += 1;
            due.push((place.clone(), waiting.url.clone()));
        }
        due
    }

    pub(super) fn arrived(&mut self, place: &Place, bytes: Vec<u8>, digest: String) {
        self.ended(place);
        (self.failures, self.not_before) = (0, Duration::ZERO);
        if let Some(waiting) = self.waiting.get_mut(place) {
            waiting.bytes = Some(bytes);
            waiting.digest = digest;
        }
    }

    /// The telegrams that are overdue, in their order.
    pub(super) fn overdue(&self) -> impl Iterator<Item = &str> {
        self.waiting.iter().filter(|(_, it)| it.is_overdue && it.bytes.is_none()).map(|(place, _)| place.key.as_str())
    }

    /// How often a telegram has failed.
    pub(super) fn failures_of(&self, place: &Place) -> u32 {
        self.waiting.get(place).map_or(0, |it| it.failures)
    }

    /// One that cannot be had for long is overdue, and asked for ever more rarely until it is older than `history`.
    pub(super) fn failed(
        &mut self,
        place: &Place,
        failure: &Failure,
        now: Now,
        (limits, history): (&Limits, Duration),
        chance: &mut Chance,
    ) -> Verdict {
        self.ended(place);
        let Some(waiting) = self.waiting.get_mut(place) else { return Verdict::GivenUp };
        waiting.failures += 1;
        waiting.not_before = now.since_start + limits.backoff.pause(waiting.failures, chance.next());
        let patience = if failure.is_of_one_document() {
            limits.damaged_patience_s
        } else {
            self.failures += 1;
            self.not_before = now.since_start + failure.pause(self.failures, limits, chance);
            limits.silent_patience_s
        };
        let since = now.since_start.saturating_sub(waiting.asked.unwrap_or(now.since_start));
        if since > history {
            self.waiting.remove(place);
            return Verdict::GivenUp;
        }
        if since > Duration::from_secs(patience.into()) {
            waiting.is_overdue = true;
            let pause = limits.refused.pause(waiting.failures, chance.next());
            waiting.not_before = waiting.not_before.max(now.since_start + pause);
        }
        Verdict::Again
    }

    /// Takes a telegram off the list.
    pub(super) fn drop(&mut self, place: &Place) {
        self.ended(place);
        self.waiting.remove(place);
    }

    fn ended(&mut self, place: &Place) {
        if let Some(waiting) = self.waiting.get_mut(place).filter(|it| it.in_flight) {
            waiting.in_flight = false;
            self.in_flight -= 1;
        }
    }

    /// What may be handed over, in order. An earlier one that is on its way is waited for a little; one that failed is not.
    pub(super) fn ready(&mut self, now: Now, limits: &Limits) -> Vec<(Place, Waiting, Vec<u8>)> {
        let mut out = Vec::new();
        let held = |it: &Waiting| it.failures == 0 && !waited(it, now, limits);
        let places: Vec<Place> = self
            .waiting
            .iter()
            .take_while(|(_, it)| it.bytes.is_some() || !held(it))
            .filter(|(_, it)| it.bytes.is_some())
            .map(|(place, _)| place.clone())
            .collect();
        for place in places {
            if let Some(mut waiting) = self.waiting.remove(&place)
                && let Some(bytes) = waiting.bytes.take()
            {
                out.push((place, waiting, bytes));
            }
        }
        out
    }

    /// When something is due next.
    pub(super) fn wake(&self, limits: &Limits) -> Option<Duration> {
        let asks = self.waiting.values().filter(|it| !it.in_flight && it.bytes.is_none());
        let next_ask = asks.map(|it| it.not_before.max(self.not_before)).min();
        let at_once = if self.failures > 0 { 1 } else { limits.bodies_at_once.max(1) };
        let next_ask = next_ask.filter(|_| self.in_flight < at_once && self.room.is_ample());
        let is_held = self.waiting.values().any(|it| it.bytes.is_some());
        let wait = Duration::from_millis(limits.order_wait_ms.into()) + Duration::from_millis(1);
        let held = self.waiting.values().filter(|it| it.in_flight && it.failures == 0).filter_map(|it| it.asked).min();
        let release = held.filter(|_| is_held).map(|asked| asked + wait);
        [next_ask, release].into_iter().flatten().min()
    }
}

fn waited(waiting: &Waiting, now: Now, limits: &Limits) -> bool {
    let patience = Duration::from_millis(limits.order_wait_ms.into());
    waiting.asked.is_some_and(|asked| now.since_start.saturating_sub(asked) > patience)
}
