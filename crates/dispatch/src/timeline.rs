//! The instants of a dispatch, from the ground shaking to the last mail accepted (requirement P06).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What happened before a dispatch was opened; nothing of it for one that a person composed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When the hazard occurred, if the source told.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub occurred: Option<Timestamp>,
    /// When the source sent its bulletin.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub reported: Option<Timestamp>,
    /// When the bulletin reached us.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub received: Option<Timestamp>,
    /// When it was judged.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub judged: Option<Timestamp>,
}

/// All instants of a dispatch; what has not happened yet is `None`. Acceptances are those of its first mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// What went before.
    pub origin: Origin,
    /// When it was decided to send, and the dispatch opened.
    pub decided: Timestamp,
    /// When the delivery engine had all mails durably.
    pub queued: Option<Timestamp>,
    /// When a carrier accepted the first mail.
    pub first_accepted: Option<Timestamp>,
    /// When a carrier accepted the last one so far.
    pub last_accepted: Option<Timestamp>,
    /// When each carrier accepted mails, in microseconds since 1970, as they were heard of.
    accepted: BTreeMap<String, Vec<i64>>,
}

impl Timeline {
    pub(crate) fn new(origin: Origin, decided: Timestamp) -> Self {
        let accepted = BTreeMap::new();
        Timeline { origin, decided, queued: None, first_accepted: None, last_accepted: None, accepted }
    }

    pub(crate) fn accepted(&mut self, carrier: &str, at: Timestamp) {
        self.first_accepted = Some(self.first_accepted.map_or(at, |first| first.min(at)));
        self.last_accepted = Some(self.last_accepted.map_or(at, |last| last.max(at)));
        self.accepted.entry(carrier.to_owned()).or_default().push(at.as_microsecond());
    }

    /// Gives back the room that it needed to grow.
    pub(crate) fn pack(&mut self) {
        self.accepted.values_mut().for_each(Vec::shrink_to_fit);
    }

    /// When each carrier accepted its mails, soonest first.
    pub(crate) fn by_carrier(&self) -> impl Iterator<Item = (&str, Vec<i64>)> {
        self.accepted.iter().map(|(carrier, instants)| {
            let mut instants = instants.clone();
            instants.sort_unstable();
            (carrier.as_str(), instants)
        })
    }
}

/// An instant in half the room of a [`Timestamp`], for what there are hundreds of thousands of: microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Micros(i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Micros(at.as_microsecond())
    }
}

impl From<Micros> for Timestamp {
    fn from(Micros(micros): Micros) -> Self {
        // Whatever came from an instant is one again.
        Timestamp::from_microsecond(micros).unwrap_or_default()
    }
}

/// How far ahead of our clock a telegram may be dated and still be believed to be of that time.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// When a telegram counts as published: one that is dated far ahead must not make true telegrams look old until that date.
pub(crate) fn believed(published: Timestamp, received: Timestamp) -> Timestamp {
    if published.duration_since(received) > AHEAD { received } else { published }
}

/// The journal keeps microseconds: what is decided must be what is read back.
pub(crate) fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
