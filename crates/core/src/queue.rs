//! What waits for one site, in the order in which it will leave.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use crate::address::AddressStyle;
use crate::message::{BatchId, History, MailId, Urgency};
use crate::plan::{Group, Head, Standing, Wait};
use crate::time::Instant;

/// Recipients in a chunk, the unit in which the queue is stored and loaded.
pub const CHUNK_MAILS_MAX: u32 = 1024;
/// Most chunks of one history in a batch, so that a mail's number fits 32 bits.
pub const CHUNKS_MAX: u32 = u32::MAX / CHUNK_MAILS_MAX / 3;

/// A part of a batch: recipients of one domain, stored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The batch.
    pub batch: BatchId,
    /// The chunk's number in the batch.
    pub number: u32,
}

/// The number of the so-manyth chunk of its history: the order of the numbers is the order of sending, and good addresses
/// go first. `None` behind [`CHUNKS_MAX`].
#[must_use]
pub fn chunk_number(history: History, nth: u32) -> Option<u32> {
    (nth < CHUNKS_MAX).then_some(history as u32 * CHUNKS_MAX + nth)
}

impl ChunkId {
    /// What is known of the addresses of this chunk.
    #[must_use]
    pub fn history(self) -> History {
        match self.number / CHUNKS_MAX {
            0 => History::Clean,
            1 => History::Unknown,
            _ => History::Suspect,
        }
    }

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
    /// Why it waited.
    pub wait: Wait,
}

/// Everything that waits for one site.
#[derive(Debug, Default)]
pub struct Queue {
    shelves: BTreeMap<BatchId, Shelf>,
    later: BinaryHeap<Reverse<Later>>,
    waiting: usize,
}

/// What of one batch waits for one site; gone when nothing of it does.
#[derive(Debug)]
struct Shelf {
    standing: Standing,
    waiting: usize,
    /// What was not tried yet, by the chunk's number.
    fresh: VecDeque<(u32, Places)>,
    /// What is due again, by its place in the batch, so that a chunk is loaded once for all of its mails.
    again: BTreeMap<u32, Past>,
    put_off: BTreeMap<u32, Past>,
    /// Since when the two above hold anything.
    ripe_since: Instant,
    /// The latest instant for which anything was put off.
    put_off_until: Instant,
}

impl Shelf {
    fn new(standing: Standing) -> Self {
        let (fresh, again, put_off) = (VecDeque::new(), BTreeMap::new(), BTreeMap::new());
        Shelf { standing, waiting: 0, fresh, again, put_off, ripe_since: Instant::NEVER, put_off_until: Instant::EPOCH }
    }

    /// The chunk of what goes first of a kind.
    fn first(&self, wait: Wait) -> Option<u32> {
        let chunk = |due: &BTreeMap<u32, Past>| due.keys().next().map(|index| index / CHUNK_MAILS_MAX);
        match wait {
            Wait::Fresh => self.fresh.front().map(|(number, _)| *number),
            Wait::Again => chunk(&self.again),
            Wait::PutOff => chunk(&self.put_off),
        }
    }

    fn take(&mut self, batch: BatchId, wait: Wait) -> Option<Pick> {
        let due = match wait {
            Wait::Fresh => {
                let (number, places) = self.fresh.front_mut()?;
                let mail = ChunkId { batch, number: *number }.mail(places.take_first()?);
                if places.is_empty() {
                    self.fresh.pop_front();
                }
                return Some(Pick { mail, past: Past::default(), wait });
            }
            Wait::Again => &mut self.again,
            Wait::PutOff => &mut self.put_off,
        };
        let (index, past) = due.pop_first()?;
        if self.again.is_empty() && self.put_off.is_empty() {
            self.ripe_since = Instant::NEVER;
        }
        Some(Pick { mail: MailId { batch, index }, past, wait })
    }

    fn ripen(&mut self, later: &Later) {
        let due = if later.wait == Wait::PutOff { &mut self.put_off } else { &mut self.again };
        due.insert(later.mail.index, later.past);
        self.ripe_since = self.ripe_since.min(later.due);
    }
}

/// A mail that waits for its time; ordered by that time, then by its place.
#[derive(Debug)]
struct Later {
    due: Instant,
    mail: MailId,
    wait: Wait,
    past: Past,
}

impl Later {
    fn key(&self) -> (Instant, MailId) {
        (self.due, self.mail)
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
    /// These places in ascending order, as a range where they are one.
    #[must_use]
    pub fn from_list(list: VecDeque<u16>) -> Places {
        match (list.front(), list.back()) {
            (Some(first), Some(last)) if usize::from(last - first) + 1 == list.len() => Places::Range(*first, last + 1),
            _ => Places::List(list),
        }
    }

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
    fn shelf(&mut self, batch: BatchId, standing: Standing, more: usize) -> &mut Shelf {
        self.waiting += more;
        let shelf = self.shelves.entry(batch).or_insert_with(|| Shelf::new(standing));
        shelf.waiting += more;
        shelf
    }

    /// Adds places of a chunk that were not tried before.
    pub fn add_chunk(&mut self, standing: Standing, chunk: ChunkId, places: Places) {
        if !places.is_empty() {
            let shelf = self.shelf(chunk.batch, standing, places.len());
            let at = shelf.fresh.partition_point(|(number, _)| *number < chunk.number);
            shelf.fresh.insert(at, (chunk.number, places));
        }
    }

    /// Adds a mail that was tried before, for `due` or later.
    pub fn add_again(&mut self, due: Instant, standing: Standing, pick: Pick) {
        let shelf = self.shelf(pick.mail.batch, standing, 1);
        shelf.put_off_until = shelf.put_off_until.max(due);
        let wait = if pick.wait == Wait::Fresh { Wait::Again } else { pick.wait };
        self.later.push(Reverse(Later { due, mail: pick.mail, wait, past: pick.past }));
    }

    /// How many mails were tried before and are not due at `now`.
    #[must_use]
    pub fn later(&self, now: Instant) -> usize {
        self.later.iter().filter(|Reverse(later)| later.due > now).count()
    }

    /// How many mails wait, those for later included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many mails of each batch wait, how it stands, and until when some of them are put off.
    pub fn batches(&self) -> impl Iterator<Item = (BatchId, Standing, usize, Instant)> {
        self.shelves.iter().map(|(batch, shelf)| (*batch, shelf.standing, shelf.waiting, shelf.put_off_until))
    }

    /// Makes ready what has become due; says when the next one will.
    pub fn ripen(&mut self, now: Instant) -> Instant {
        while let Some(Reverse(first)) = self.later.peek() {
            if first.due > now {
                return first.due;
            }
            let Some(Reverse(ripe)) = self.later.pop() else { break };
            if let Some(shelf) = self.shelves.get_mut(&ripe.mail.batch) {
                shelf.ripen(&ripe);
            }
        }
        Instant::NEVER
    }

    /// What may leave now: the first mail of each batch, of each kind.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        let waits = [Wait::Fresh, Wait::Again, Wait::PutOff];
        self.shelves.keys().flat_map(move |batch| waits.into_iter().filter_map(|wait| self.head(*batch, wait)))
    }

    /// The first mail of a group.
    #[must_use]
    pub fn head(&self, batch: BatchId, wait: Wait) -> Option<Head> {
        let shelf = self.shelves.get(&batch)?;
        let chunk = shelf.first(wait)?;
        let ripe_since = if wait == Wait::Fresh { Instant::NEVER } else { shelf.ripe_since };
        Some(Head { group: Group { batch, wait }, standing: shelf.standing, chunk, ripe_since })
    }

    /// The greatest urgency of what may leave now.
    #[must_use]
    pub fn urgency(&self) -> Option<Urgency> {
        self.heads().map(|head| head.standing.urgency).min()
    }

    /// Takes out the first mail of a group.
    pub fn take(&mut self, group: Group) -> Option<Pick> {
        let shelf = self.shelves.get_mut(&group.batch)?;
        let pick = shelf.take(group.batch, group.wait)?;
        self.waiting -= 1;
        shelf.waiting -= 1;
        if shelf.waiting == 0 {
            self.shelves.remove(&group.batch);
        }
        Some(pick)
    }

    /// Takes out everything of one batch, for cancelling and expiry.
    pub fn take_batch(&mut self, batch: BatchId) -> Vec<Pick> {
        let Some(mut shelf) = self.shelves.remove(&batch) else { return Vec::new() };
        self.waiting -= shelf.waiting;
        let (gone, kept): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.later).into_iter().partition(|Reverse(later)| later.mail.batch == batch);
        self.later = kept.into();
        gone.iter().for_each(|Reverse(later)| shelf.ripen(later));
        let waits = [Wait::Fresh, Wait::Again, Wait::PutOff];
        waits.into_iter().flat_map(|wait| core::iter::from_fn(|| shelf.take(batch, wait)).collect::<Vec<_>>()).collect()
    }

    /// Takes out everything of the chunks that `is_its` says, as a queue of its own with each kind and time as it was.
    pub fn split_off(&mut self, is_its: impl Fn(ChunkId) -> bool) -> Queue {
        let mut out = Queue::default();
        for part in core::mem::take(self).into_parts() {
            let queue = if is_its(part.chunk()) { &mut out } else { &mut *self };
            queue.add(part);
        }
        out
    }

    /// Takes in everything of another queue.
    pub fn append(&mut self, other: Queue) {
        other.into_parts().into_iter().for_each(|part| self.add(part));
    }

    /// Everything in it, in no order.
    #[must_use]
    pub fn into_picks(self) -> Vec<Pick> {
        let mut out = Vec::with_capacity(self.waiting);
        for part in self.into_parts() {
            match part {
                Part::Fresh(_, chunk, mut places) => out.extend(core::iter::from_fn(|| {
                    let mail = chunk.mail(places.take_first()?);
                    Some(Pick { mail, past: Past::default(), wait: Wait::Fresh })
                })),
                Part::Again(_, _, pick) => out.push(pick),
            }
        }
        out
    }

    fn add(&mut self, part: Part) {
        match part {
            Part::Fresh(standing, chunk, places) => self.add_chunk(standing, chunk, places),
            Part::Again(standing, due, pick) => self.add_again(due, standing, pick),
        }
    }

    fn into_parts(self) -> Vec<Part> {
        let standings: BTreeMap<BatchId, Standing> =
            self.shelves.iter().map(|(id, shelf)| (*id, shelf.standing)).collect();
        let mut parts = Vec::new();
        for (batch, shelf) in self.shelves {
            let chunks = shelf.fresh.into_iter();
            parts.extend(chunks.map(|(number, places)| Part::Fresh(shelf.standing, ChunkId { batch, number }, places)));
            for (wait, ripe) in [(Wait::Again, shelf.again), (Wait::PutOff, shelf.put_off)] {
                let pick = |(index, past)| Pick { mail: MailId { batch, index }, past, wait };
                parts.extend(ripe.into_iter().map(|mail| Part::Again(shelf.standing, shelf.ripe_since, pick(mail))));
            }
        }
        for Reverse(later) in self.later {
            if let Some(standing) = standings.get(&later.mail.batch) {
                let pick = Pick { mail: later.mail, past: later.past, wait: later.wait };
                parts.push(Part::Again(*standing, later.due, pick));
            }
        }
        parts
    }
}

/// A piece of a queue that can be added to another.
enum Part {
    Fresh(Standing, ChunkId, Places),
    Again(Standing, Instant, Pick),
}

impl Part {
    fn chunk(&self) -> ChunkId {
        match self {
            Part::Fresh(_, chunk, _) => *chunk,
            Part::Again(_, _, pick) => ChunkId::of(pick.mail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(urgency: Urgency) -> Standing {
        Standing { urgency, deadline: Instant::NEVER }
    }

    fn chunk(batch: u32, number: u32) -> ChunkId {
        ChunkId { batch: BatchId(batch), number }
    }

    fn again(batch: u32, index: u32, wait: Wait) -> Pick {
        Pick { mail: MailId { batch: BatchId(batch), index }, past: Past { attempts: 1, ..Past::default() }, wait }
    }

    fn drain(queue: &mut Queue, batch: u32, wait: Wait) -> Vec<u32> {
        core::iter::from_fn(|| queue.take(Group { batch: BatchId(batch), wait })).map(|p| p.mail.index).collect()
    }

    #[test]
    fn what_was_not_tried_leaves_in_the_order_of_its_chunks_also_when_some_of_it_comes_back() {
        let mut queue = Queue::default();
        queue.add_chunk(standing(Urgency::Safety), chunk(1, 0), Places::Range(0, 2));
        queue.add_chunk(standing(Urgency::Safety), chunk(1, 2), Places::Range(0, 1));
        assert_eq!(queue.take(Group { batch: BatchId(1), wait: Wait::Fresh }).map(|p| p.mail.index), Some(0));
        queue.add_chunk(standing(Urgency::Safety), chunk(1, 0), Places::List([0].into()));
        assert_eq!(queue.waiting(), 3);
        assert_eq!(drain(&mut queue, 1, Wait::Fresh), [0, 1, 2048]);
        assert_eq!((queue.waiting(), queue.heads().count()), (0, 0));
    }

    #[test]
    fn what_was_tried_before_waits_for_its_time_and_each_reason_has_its_own_head() {
        let mut queue = Queue::default();
        let now = Instant::from_micros(1000);
        queue.add_again(now, standing(Urgency::Safety), again(1, 7, Wait::Again));
        queue.add_again(now, standing(Urgency::Safety), again(1, 2000, Wait::PutOff));
        queue.add_again(Instant::from_micros(2000), standing(Urgency::Safety), again(1, 8, Wait::Again));
        assert_eq!(queue.heads().count(), 0);
        assert_eq!((queue.waiting(), queue.later(now)), (3, 1), "what is due counts as due before it is made ready");
        assert_eq!(queue.ripen(now), Instant::from_micros(2000));
        assert_eq!((queue.waiting(), queue.later(now)), (3, 1));
        let heads: Vec<(Wait, u32)> = queue.heads().map(|head| (head.group.wait, head.chunk)).collect();
        assert_eq!(heads, [(Wait::Again, 0), (Wait::PutOff, 1)]);
        assert_eq!(drain(&mut queue, 1, Wait::Again), [7]);
        assert_eq!(queue.ripen(Instant::from_micros(2000)), Instant::NEVER);
        assert_eq!(drain(&mut queue, 1, Wait::Again), [8]);
        assert_eq!(drain(&mut queue, 1, Wait::PutOff), [2000]);
    }

    #[test]
    fn what_moves_to_another_queue_keeps_its_kind_its_time_and_its_number() {
        let (now, later) = (Instant::from_micros(1000), Instant::from_micros(2000));
        let fill = |queue: &mut Queue| {
            for number in 0..4 {
                queue.add_chunk(standing(Urgency::Safety), chunk(1, number), Places::List([3, 5].into()));
                for (due, place, wait) in [(now, 7, Wait::Again), (now, 8, Wait::PutOff), (later, 9, Wait::Again)] {
                    queue.add_again(due, standing(Urgency::Safety), again(1, number * CHUNK_MAILS_MAX + place, wait));
                }
            }
            queue.ripen(now);
        };
        let (mut whole, mut left) = (Queue::default(), Queue::default());
        fill(&mut whole);
        fill(&mut left);
        let moved = left.split_off(|chunk| chunk.number % 2 == 1);
        assert_eq!((left.waiting(), moved.waiting()), (10, 10));
        left.append(moved);
        assert_eq!(left.waiting(), whole.waiting());
        for at in [now, later] {
            assert_eq!(left.ripen(at), whole.ripen(at));
            for wait in [Wait::Fresh, Wait::Again, Wait::PutOff] {
                assert_eq!(left.head(BatchId(1), wait), whole.head(BatchId(1), wait));
                assert_eq!(drain(&mut left, 1, wait), drain(&mut whole, 1, wait));
            }
        }
        assert_eq!((left.waiting(), left.heads().count()), (0, 0));
    }

    #[test]
    fn a_cancelled_batch_leaves_nothing_behind_and_touches_no_other() {
        let mut queue = Queue::default();
        queue.add_chunk(standing(Urgency::Safety), chunk(1, 0), Places::List([3, 5].into()));
        queue.add_chunk(standing(Urgency::Safety), chunk(2, 0), Places::Range(0, 1));
        queue.add_again(Instant::NEVER, standing(Urgency::Safety), again(1, 9, Wait::Again));
        assert_eq!(queue.take_batch(BatchId(1)).len(), 3);
        assert_eq!(queue.waiting(), 1);
        assert_eq!(drain(&mut queue, 2, Wait::Fresh), [0]);
    }
}
