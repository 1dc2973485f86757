//! What waits for one site, in the order in which it will leave.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use crate::address::AddressStyle;
use crate::message::{BatchId, MailId, Urgency};
use crate::time::Instant;

/// Recipients in a chunk, the unit in which the queue is stored and loaded.
pub const CHUNK_MAILS_MAX: u32 = 1024;

/// A part of a batch: recipients of one domain, stored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The batch.
    pub batch: BatchId,
    /// The chunk's number in the batch.
    pub number: u32,
}

impl ChunkId {
    /// The mail at a place of this chunk.
    #[must_use]
    pub fn mail(self, place: u16) -> MailId {
        MailId { batch: self.batch, index: self.number * CHUNK_MAILS_MAX + u32::from(place) }
    }

    /// The chunk that a mail is in.
    #[must_use]
    pub fn of(mail: MailId) -> ChunkId {
        ChunkId { batch: mail.batch, number: mail.index / CHUNK_MAILS_MAX }
    }

    /// The mail's place in its chunk.
    #[must_use]
    pub fn place(mail: MailId) -> u16 {
        // Less than CHUNK_MAILS_MAX by the remainder.
        (mail.index % CHUNK_MAILS_MAX) as u16
    }
}

/// How a batch stands among others: urgency first, then the nearer deadline, then the earlier batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The batch's hurry.
    pub urgency: Urgency,
    /// Its deadline, `Instant::NEVER` where it has none.
    pub deadline: Instant,
    /// What was tried before goes behind what was not, so that bad addresses do not hold up good ones.
    pub again: bool,
    /// The batch.
    pub batch: BatchId,
    /// The chunk or mail within it.
    pub number: u32,
}

/// What is remembered of a mail that was tried before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Past {
    /// Attempts made.
    pub attempts: u32,
    /// How many of them were deferred.
    pub deferrals: u32,
    /// How many of them ended in doubt.
    pub doubts: u32,
    /// How the next attempt writes a legacy local part, once the server refused the way it was written first.
    pub style: Option<AddressStyle>,
}

/// A mail that may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Which mail.
    pub mail: MailId,
    /// What was tried before.
    pub past: Past,
}

/// Everything that waits for one site.
#[derive(Debug, Default)]
pub struct Queue {
    fresh: BTreeMap<Rank, VecDeque<(ChunkId, Places)>>,
    again: BTreeMap<Rank, Past>,
    later: BinaryHeap<Reverse<Later>>,
    waiting: usize,
}

/// A mail that waits for its time; ordered by that time alone, then by rank.
#[derive(Debug)]
struct Later {
    due: Instant,
    rank: Rank,
    past: Past,
}

impl Later {
    fn key(&self) -> (Instant, Rank) {
        (self.due, self.rank)
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The places of a chunk that still wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Places {
    /// All from the first to before the second.
    Range(u16, u16),
    /// These, after a restart.
    List(VecDeque<u16>),
}

impl Places {
    fn first(&self) -> Option<u16> {
        match self {
            Places::Range(from, to) => (from < to).then_some(*from),
            Places::List(list) => list.front().copied(),
        }
    }

    fn take_first(&mut self) -> Option<u16> {
        let first = self.first()?;
        match self {
            Places::Range(from, _) => *from += 1,
            Places::List(list) => drop(list.pop_front()),
        }
        Some(first)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Places::Range(from, to) => usize::from(to.saturating_sub(*from)),
            Places::List(list) => list.len(),
        }
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Queue {
    /// Adds places of a chunk that were not tried before.
    pub fn add_chunk(&mut self, rank: Rank, chunk: ChunkId, places: Places) {
        if !places.is_empty() {
            self.waiting += places.len();
            self.fresh.entry(rank).or_default().push_back((chunk, places));
        }
    }

    /// Adds a mail that was tried before, for `due` or later.
    pub fn add_again(&mut self, due: Instant, rank: Rank, past: Past) {
        self.waiting += 1;
        self.later.push(Reverse(Later { due, rank: Rank { again: true, ..rank }, past }));
    }

    /// How many mails wait, those for later included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Makes ready what has become due; says when the next one will.
    pub fn ripen(&mut self, now: Instant) -> Instant {
        while let Some(Reverse(first)) = self.later.peek() {
            if first.due > now {
                return first.due;
            }
            self.again.extend(self.later.pop().map(|Reverse(ripe)| (ripe.rank, ripe.past)));
        }
        Instant::NEVER
    }

    /// The rank of the mail that would leave first, and the chunk it is in.
    #[must_use]
    pub fn first(&self) -> Option<(Rank, ChunkId)> {
        let fresh = self.fresh.iter().next().and_then(|(rank, runs)| Some((*rank, runs.front()?.0)));
        let again = self.again.keys().next().map(|rank| (*rank, ChunkId::of(mail_of(rank))));
        match (fresh, again) {
            (Some(f), Some(a)) => Some(if f.0 <= a.0 { f } else { a }),
            (f, a) => f.or(a),
        }
    }

    /// Takes out the mail that leaves first.
    pub fn take(&mut self) -> Option<Pick> {
        let (rank, _) = self.first()?;
        self.waiting -= 1;
        if let Some(past) = self.again.remove(&rank) {
            return Some(Pick { mail: mail_of(&rank), past });
        }
        let runs = self.fresh.get_mut(&rank)?;
        let (chunk, places) = runs.front_mut()?;
        let mail = chunk.mail(places.take_first()?);
        if places.is_empty() {
            runs.pop_front();
        }
        if runs.is_empty() {
            self.fresh.remove(&rank);
        }
        Some(Pick { mail, past: Past::default() })
    }

    /// Takes out everything of one batch, for cancelling and expiry.
    pub fn take_batch(&mut self, batch: BatchId) -> Vec<Pick> {
        let mut out = Vec::new();
        let ranks: Vec<Rank> = self.fresh.keys().filter(|r| r.batch == batch).copied().collect();
        for rank in ranks {
            for (chunk, mut places) in self.fresh.remove(&rank).unwrap_or_default() {
                while let Some(place) = places.take_first() {
                    out.push(Pick { mail: chunk.mail(place), past: Past::default() });
                }
            }
        }
        self.ripen_batch(batch);
        let again: Vec<Rank> = self.again.keys().filter(|r| r.batch == batch).copied().collect();
        for rank in again {
            let past = self.again.remove(&rank).unwrap_or_default();
            out.push(Pick { mail: mail_of(&rank), past });
        }
        self.waiting -= out.len();
        out
    }

    fn ripen_batch(&mut self, batch: BatchId) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.later).into_iter().partition(|Reverse(later)| later.rank.batch == batch);
        self.later = kept.into();
        self.again.extend(gone.into_iter().map(|Reverse(later)| (later.rank, later.past)));
    }
}

/// A rank of something tried before names its mail.
fn mail_of(rank: &Rank) -> MailId {
    MailId { batch: rank.batch, index: rank.number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(urgency: Urgency, deadline: u64, batch: u32, number: u32) -> Rank {
        Rank { urgency, deadline: Instant::from_micros(deadline), again: false, batch: BatchId(batch), number }
    }

    fn chunk(batch: u32, number: u32) -> ChunkId {
        ChunkId { batch: BatchId(batch), number }
    }

    fn drain(queue: &mut Queue) -> Vec<(u32, u32)> {
        core::iter::from_fn(|| queue.take()).map(|p| (p.mail.batch.0, p.mail.index)).collect()
    }

    #[test]
    fn urgency_goes_before_deadline_and_deadline_before_age() {
        let mut queue = Queue::default();
        queue.add_chunk(rank(Urgency::Routine, 1, 1, 0), chunk(1, 0), Places::Range(0, 2));
        queue.add_chunk(rank(Urgency::Safety, 9, 2, 0), chunk(2, 0), Places::Range(0, 1));
        queue.add_chunk(rank(Urgency::Safety, 5, 3, 0), chunk(3, 0), Places::Range(0, 1));
        assert_eq!(queue.waiting(), 4);
        assert_eq!(drain(&mut queue), [(3, 0), (2, 0), (1, 0), (1, 1)]);
    }

    #[test]
    fn what_was_tried_before_waits_for_its_time_and_then_goes_behind_what_was_not() {
        let mut queue = Queue::default();
        let now = Instant::from_micros(1000);
        queue.add_chunk(rank(Urgency::Safety, 5, 1, 1), chunk(1, 1), Places::Range(0, 1));
        let past = Past { attempts: 1, ..Past::default() };
        queue.add_again(now, rank(Urgency::Safety, 5, 1, 7), past);
        queue.add_again(Instant::from_micros(2000), rank(Urgency::Safety, 5, 1, 8), past);
        assert_eq!(queue.ripen(now), Instant::from_micros(2000));
        assert_eq!(drain(&mut queue), [(1, 1024), (1, 7)]);
        assert_eq!(queue.waiting(), 1);
        queue.ripen(Instant::from_micros(2000));
        assert_eq!(queue.take(), Some(Pick { mail: MailId { batch: BatchId(1), index: 8 }, past }));
    }

    #[test]
    fn a_cancelled_batch_leaves_nothing_behind_and_touches_no_other() {
        let mut queue = Queue::default();
        queue.add_chunk(rank(Urgency::Safety, 5, 1, 0), chunk(1, 0), Places::List([3, 5].into()));
        queue.add_chunk(rank(Urgency::Safety, 5, 2, 0), chunk(2, 0), Places::Range(0, 1));
        queue.add_again(Instant::NEVER, rank(Urgency::Safety, 5, 1, 9), Past::default());
        assert_eq!(queue.take_batch(BatchId(1)).len(), 3);
        assert_eq!(queue.waiting(), 1);
        assert_eq!(drain(&mut queue), [(2, 0)]);
    }
}
