//! The one writer of a node: gathers commands, decides, appends, and only then shows what happened.
//!
//! It keeps a second state that runs ahead of the journal, so that commands of one group see each other while
//! readers see nothing that is not durable.

mod apart;
mod erasing;
mod following;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::access::Actor;
use crate::apart::{PutAside, Sent};
use crate::chain::{Head, Row};
use crate::command::Command;
use crate::decide::decide_for;
use crate::error::Error;
use crate::event::{Entry, Event, JournalEvent};
use crate::fold::{Checked, Place, check};
use crate::journal::outbox::Outbox;
use crate::journal::{Appended, Journal, JournalError, READ_ROWS_MAX};
use crate::keys::{GivenKeys, Keys};
use crate::snapshot::SnapshotFile;
use crate::state::State;
use erasing::Erasing;
use following::Following;

/// How long a group gathers, counted from its first command.
const GATHER: Duration = Duration::from_millis(5);
/// Most commands in one append.
const GROUP_COMMANDS_MAX: usize = 1_000;

/// Between two attempts to follow what others append.
const FOLLOW_AGAIN: Duration = Duration::from_secs(1);
/// Rows after which a snapshot is worth writing; reading so many takes some hundredths of a second.
const SNAPSHOT_ROWS: u64 = 20_000;

/// A command with whoever waits for it.
pub(crate) struct Wish {
    pub(crate) actor: Actor,
    pub(crate) command: Command,
    pub(crate) now: Timestamp,
    pub(crate) done: oneshot::Sender<Result<Vec<Event>, Error>>,
}

/// Keys from another node, with whoever waits to hear how many of them were missing here.
pub(crate) struct Gift {
    pub(crate) keys: GivenKeys,
    pub(crate) done: oneshot::Sender<Result<usize, Error>>,
}

type Decided = Result<Vec<Event>, Error>;

pub(crate) struct Appender {
    journal: Arc<dyn Journal>,
    keys: Keys,
    shown: Arc<RwLock<State>>,
    ahead: State,
    place: Place,
    snapshot: Option<SnapshotFile>,
    /// The row at which states were last shared and a snapshot was written.
    snapped: u64,
    /// The last row that is shown.
    reached: watch::Sender<u64>,
    /// Where emergency dispatches are kept that cannot wait for the journal.
    outbox: Option<Outbox>,
    /// What is shown of those and is not in the journal.
    pending: Vec<Sent>,
    /// Whether there is any.
    cut: watch::Sender<bool>,
    /// How many of them wait to be carried out.
    urgent: watch::Sender<usize>,
    /// Those that cannot be recorded.
    aside: watch::Sender<Vec<PutAside>>,
    following: Following,
    erasing: Erasing,
}

impl Appender {
    /// Folds the journal into `shown`, checking the chain on the way; from a snapshot on, if there is one that fits.
    pub(crate) async fn open(
        journal: Arc<dyn Journal>,
        keys: Keys,
        shown: Arc<RwLock<State>>,
        snapshot: Option<SnapshotFile>,
    ) -> Result<Self, Error> {
        let (state, place) = beginning(&*journal, &keys, snapshot.as_ref()).await?;
        *shown.write().unwrap_or_else(PoisonError::into_inner) = state;
        let snapped = place.head.seq;
        let (ahead, reached) = (State::default(), watch::Sender::default());
        let (outbox, pending) = (None, Vec::new());
        let (cut, urgent, aside) = (watch::Sender::default(), watch::Sender::default(), watch::Sender::default());
        let mut appender = Appender {
            journal,
            keys,
            shown,
            ahead,
            place,
            snapshot,
            snapped,
            reached,
            outbox,
            pending,
            cut,
            urgent,
            aside,
            following: Following::default(),
            erasing: Erasing::default(),
        };
        let recorded = appender.journal.head().await?;
        appender.catch_up(Vec::new()).await?;
        let head = appender.place.head;
        // Another node may append meanwhile, so the end may only be later than recorded.
        if head.seq < recorded.seq || (head.seq == recorded.seq && head != recorded) {
            let broken = crate::chain::Broken::End { found: head.seq, recorded: recorded.seq };
            return Err(JournalError::from(broken).into());
        }
        appender.settle_down().await;
        Ok(appender)
    }

    /// Once enough rows have come since the last time: both states hold again in common what is equal in both, and a
    /// snapshot is written. It is a cache: failing costs only time.
    async fn settle_down(&mut self) {
        self.reached.send_replace(self.place.head.seq);
        self.finish_erasures().await;
        if self.is_apart() {
            return;
        }
        self.forget_rejoined();
        if self.place.head.seq < self.snapped + SNAPSHOT_ROWS {
            return;
        }
        self.snapped = self.place.head.seq;
        self.ahead = self.read_shown(State::clone);
        // What cannot be read for want of keys must be read again from the journal once they are there; and whoever begins behind an
        // erasure never hears of it, so that the key would stay.
        let is_whole = self.place.erased.is_empty() && self.ahead.without_keys().is_empty();
        let Some(file) = self.snapshot.clone().filter(|_| is_whole) else { return };
        let (state, head, keys) = (self.ahead.clone(), self.place.head, self.keys.clone());
        let written = tokio::task::spawn_blocking(move || file.write(&state, head, &keys)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.snapshot = None;
        }
    }

    /// Tells the last row that is shown, as it changes.
    pub(crate) fn reached(&self) -> watch::Receiver<u64> {
        self.reached.subscribe()
    }

    /// Whether something is shown that is not in the journal, as it changes.
    pub(crate) fn cut(&self) -> watch::Receiver<bool> {
        self.cut.subscribe()
    }

    /// What of those cannot be recorded, as it changes.
    pub(crate) fn aside(&self) -> watch::Receiver<Vec<PutAside>> {
        self.aside.subscribe()
    }

    /// Where it is counted how many emergency dispatches wait.
    pub(crate) fn urgent(&self) -> watch::Sender<usize> {
        self.urgent.clone()
    }

    /// Carries out what comes, and follows what others append meanwhile.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Wish>, mut gifts: mpsc::Receiver<Gift>) {
        loop {
            if self.is_apart() {
                if !self.step_apart(&mut inbox).await {
                    return;
                }
                self.settle_down().await;
                continue;
            }
            let journal = Arc::clone(&self.journal);
            tokio::select! {
                first = inbox.recv() => {
                    let Some(first) = first else { return };
                    let group = gather(first, &mut inbox).await;
                    let results = self.settle(&group).await;
                    for (wish, result) in group.into_iter().zip(results) {
                        // Whoever asked may have gone; what happened has happened.
                        let _ = wish.done.send(result);
                    }
                }
                Some(Gift { keys, done }) = gifts.recv() => {
                    let _ = done.send(self.adopt(keys).await);
                }
                next = following::next(&*journal, self.place.head) => self.take_next(next).await,
                () = self.erase_later() => {}
            }
            self.settle_down().await;
        }
    }

    /// Folds what others appended into both states, which are equal between two groups.
    async fn follow(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        let (keys, head) = (self.keys.clone(), self.place.head);
        let checked = tokio::task::spawn_blocking(move || check(head, &rows, &keys));
        let checked = checked.await.map_err(|_| Error::Closed)??;
        Place::default().fold(checked.clone(), &mut self.ahead);
        self.place.fold(checked, &mut self.shown.write().unwrap_or_else(PoisonError::into_inner));
        self.finish_erasures().await;
        Ok(())
    }

    /// Takes keys that were missing here, and reads again what they open. Nobody who was erased is among those that are missing, and
    /// no erasure is folded meanwhile.
    async fn adopt(&mut self, given: GivenKeys) -> Result<usize, Error> {
        let (missing, keys) = (self.read_shown(State::without_keys), self.keys.clone());
        let adopting =
            tokio::task::spawn_blocking(move || keys.adopt(given, |owner| missing.binary_search(&owner).is_ok()));
        let count = adopting.await.map_err(|_| Error::Closed)??;
        if count > 0 {
            self.read_anew().await?;
        }
        Ok(count)
    }

    /// Folds the journal once more beside what is shown, up to there at least, and shows that instead.
    async fn read_anew(&mut self) -> Result<(), Error> {
        let (mut state, mut place) = beginning(&*self.journal, &self.keys, self.snapshot.as_ref()).await?;
        while place.head.seq < self.place.head.seq {
            let (rows, head, keys) = (self.journal.read_from(place.head.seq + 1).await?, place.head, self.keys.clone());
            let checked = tokio::task::spawn_blocking(move || check(head, &rows, &keys));
            let checked = checked.await.map_err(|_| Error::Closed)??;
            if checked.head == head {
                return Err(JournalError::OtherPast.into());
            }
            place.fold(checked, &mut state);
        }
        place.erased.append(&mut self.place.erased);
        (self.ahead, self.place) = (state.clone(), place);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.finish_erasures().await;
        Ok(())
    }

    /// Decides and appends a group, again and again while others append first.
    async fn settle(&mut self, group: &[Wish]) -> Vec<Decided> {
        let is_urgent = self.has_emergency(group);
        if is_urgent && !self.hears().await {
            // Nothing was asked of the journal, so that nothing of it can be there.
            return self.settle_without(group, Vec::new()).await;
        }
        loop {
            let (decided, entries) = self.decide(group);
            let result = match self.append(entries, is_urgent).await {
                Ok(None) => {
                    self.journal.give_turn_up().await;
                    return decided;
                }
                Ok(Some(tail)) => {
                    self.journal.take_turn().await;
                    self.catch_up(tail).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                self.journal.give_turn_up().await;
                self.ahead = self.read_shown(State::clone);
                let error = self.note_certain(&error).await.map_or(error, Error::Standstill);
                let is_silence = matches!(&error, Error::Journal(it) if matches!(**it, JournalError::Storage { .. }));
                let failed = fail(decided, &error);
                return if is_urgent && is_silence { self.settle_without(group, failed).await } else { failed };
            }
        }
    }

    /// Carries out of a group what need not wait for the journal, which has failed for the others as told.
    async fn settle_without(&mut self, group: &[Wish], failed: Vec<Decided>) -> Vec<Decided> {
        let mut results = Vec::with_capacity(group.len());
        let mut failed = failed.into_iter();
        for wish in group {
            let told = failed.next();
            let is_refused = matches!(told, Some(Err(Error::Refused(_))));
            let result = if is_refused { None } else { Some(self.settle_apart(wish).await) };
            results.push(match (result, told) {
                (Some(Err(Error::CutOff)), Some(told)) | (None, Some(told)) => told,
                (Some(result), _) => result,
                (None, None) => Err(Error::CutOff),
            });
        }
        results
    }

    fn decide(&mut self, group: &[Wish]) -> (Vec<Decided>, Vec<Entry>) {
        let mut entries = Vec::new();
        let mut decided = Vec::with_capacity(group.len());
        for wish in group {
            let result = decide_for(&self.ahead, wish.actor, &wish.command, wish.now);
            if let Ok(events) = &result {
                if self.place.head == Head::default() && entries.is_empty() && !events.is_empty() {
                    let event = JournalEvent::Begun { ring: self.keys.ring_id() }.into();
                    entries.push(Entry { at: wish.now, by: Actor::System, event });
                }
                for event in events {
                    entries.push(Entry { at: wish.now, by: wish.actor, event: event.clone() });
                    self.ahead.apply_row(event, row_of(self.place.head, entries.len() - 1));
                }
            }
            decided.push(result.map_err(Error::from));
        }
        (decided, entries)
    }

    /// Appends and shows; the rows of others if they came first.
    /// Unless it is urgent itself, it makes room for what is.
    async fn append(&mut self, entries: Vec<Entry>, is_urgent: bool) -> Result<Option<Vec<Row>>, Error> {
        if entries.is_empty() {
            return Ok(None);
        }
        let (keys, head) = (self.keys.clone(), self.place.head);
        let encoded = tokio::task::spawn_blocking(move || encode(entries, &keys, head)).await;
        let (entries, rows) = encoded.map_err(|_| Error::Closed)??;
        let appended = tokio::select! {
            appended = self.journal.append(rows, head) => appended?,
            () = self.hurry(), if !is_urgent => return Err(Error::CutOff),
        };
        match appended {
            Appended::Conflict(tail) => Ok(Some(tail)),
            Appended::Ok(end) => {
                self.place.head = end;
                self.goes_on();
                if let Some(Event::Journal(JournalEvent::Begun { .. })) = entries.first().map(|entry| &entry.event) {
                    self.ahead.apply(&entries[0].event);
                }
                {
                    let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
                    for (place, entry) in entries.iter().enumerate() {
                        shown.apply_row(&entry.event, row_of(head, place));
                    }
                }
                self.place.erased.extend(entries.iter().filter_map(|entry| entry.event.erases()));
                self.finish_erasures().await;
                Ok(None)
            }
        }
    }

    /// Folds what others appended, `tail` first, and starts ahead from there. It ends where the journal ended when it was read, not
    /// where nobody writes any more.
    async fn catch_up(&mut self, tail: Vec<Row>) -> Result<(), Error> {
        let mut is_past = !tail.is_empty();
        let mut coming = Some(self.check_next(self.place.head, tail));
        while let Some(checking) = coming.take() {
            let checked = checking.await.map_err(|_| Error::Closed)??;
            if is_past || checked.head.seq >= self.place.head.seq + READ_ROWS_MAX as u64 {
                // While these are folded, another thread reads and checks the next ones.
                coming = Some(self.check_next(checked.head, Vec::new()));
            }
            is_past = false;
            let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
            self.place.fold(checked, &mut shown);
        }
        self.ahead = self.read_shown(State::clone);
        self.finish_erasures().await;
        Ok(())
    }

    /// Checks the rows after `head`: `tail`, or as many as are read at once.
    fn check_next(&self, head: Head, tail: Vec<Row>) -> JoinHandle<Result<Checked, Error>> {
        let (journal, keys) = (Arc::clone(&self.journal), self.keys.clone());
        tokio::spawn(async move {
            let rows = if tail.is_empty() { journal.read_from(head.seq + 1).await? } else { tail };
            check(head, &rows, &keys)
        })
    }

    fn read_shown<R>(&self, f: impl FnOnce(&State) -> R) -> R {
        f(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a fold begins with: the snapshot, if there is one that fits the journal, else nothing.
async fn beginning(
    journal: &dyn Journal,
    keys: &Keys,
    snapshot: Option<&SnapshotFile>,
) -> Result<(State, Place), Error> {
    let Some((state, head)) = snapshot.and_then(|from| from.read(keys)) else { return Ok(Default::default()) };
    let first = journal.read_from(head.seq).await?;
    if first.first().is_none_or(|row| (row.seq, row.hash) != (head.seq, head.hash)) {
        return Ok(Default::default());
    }
    Ok((state, Place { head, ..Place::default() }))
}

/// The row that the entry at a place gets when it is appended after `head`.
fn row_of(head: Head, place: usize) -> u64 {
    head.seq + 1 + place as u64
}

async fn gather(first: Wish, inbox: &mut mpsc::Receiver<Wish>) -> Vec<Wish> {
    let until = Instant::now() + GATHER;
    let mut group = vec![first];
    while group.len() < GROUP_COMMANDS_MAX {
        match timeout_at(until, inbox.recv()).await {
            Ok(Some(wish)) => group.push(wish),
            Ok(None) | Err(_) => break,
        }
    }
    group
}

/// Refusals stay what they are; what would have happened has failed.
fn fail(decided: Vec<Decided>, error: &Error) -> Vec<Decided> {
    decided.into_iter().map(|result| result.and_then(|_| Err(error.clone()))).collect()
}

/// Makes the keys of new people durable, then rows that follow `head`.
fn encode(entries: Vec<Entry>, keys: &Keys, mut head: Head) -> Result<(Vec<Entry>, Vec<Row>), Error> {
    let new: Vec<_> = entries.iter().filter_map(|entry| entry.event.needs_key()).collect();
    keys.ensure(&new)?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in &entries {
        let bytes = entry.encode(keys).map_err(|e| Error::Row { seq: head.seq + 1, problem: Arc::new(e) })?;
        let row = head.next(bytes);
        head = Head { seq: row.seq, hash: row.hash };
        rows.push(row);
    }
    Ok((entries, rows))
}
