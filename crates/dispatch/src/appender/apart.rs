//! Cut off from the journal: emergency dispatches are kept in the outbox and shown, all else is refused; once the journal answers,
//! they are recorded one by one, and only then everything else goes on.
//!
//! Meanwhile `ahead` is what the journal says, and what is shown is that with the outbox on top. What is shown never lacks what was
//! sent, not even for a moment: whoever carries it would take it for taken back.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::{Appender, Decided, FOLLOW_AGAIN, Wish, encode, row_of};
use crate::apart::{Emergency, OUTBOX_MAX, Sent, emergency};
use crate::decide::{ToRecord, record_apart, send_apart};
use crate::error::Error;
use crate::event::Entry;
use crate::fold::check;
use crate::journal::outbox::Outbox;
use crate::journal::{Appended, JournalError, READ_ROWS_MAX};
use crate::timeline::whole_micros;

/// How long the journal may take to say where it ends before an emergency dispatch is sent without it. Reading waits for no other
/// site, so that silence means that nobody is there.
const PROBE: Duration = Duration::from_secs(8);
/// How long what is under way may keep an emergency dispatch waiting.
const HURRY: Duration = Duration::from_secs(8);

impl Appender {
    /// Gives it an outbox, and records what a run before this one kept there.
    pub(crate) async fn with_outbox(mut self, outbox: Option<Outbox>) -> Result<Self, Error> {
        self.pending = outbox.as_ref().map_or_else(Vec::new, |outbox| outbox.kept().to_vec());
        self.outbox = outbox;
        self.tell_aside();
        if self.is_apart() {
            self.land().await?;
            // Whoever waits for what is written by now waits for these rows too.
            self.settle_down().await;
        }
        Ok(self)
    }

    /// Whether something is shown that is not in the journal.
    pub(super) fn is_apart(&self) -> bool {
        !self.pending.is_empty()
    }

    /// A moment of being cut off; `false` once nobody has a wish any more.
    pub(super) async fn step_apart(&mut self, inbox: &mut mpsc::Receiver<Wish>) -> bool {
        tokio::select! {
            wish = inbox.recv() => {
                let Some(wish) = wish else { return false };
                let result = self.settle_apart(&wish).await;
                // Whoever asked may have gone; what happened has happened.
                let _ = wish.done.send(result);
            }
            () = self.answers() => {
                if let Err(error) = self.land().await {
                    self.note_certain(&error).await;
                    sleep(FOLLOW_AGAIN).await;
                }
            }
        }
        true
    }

    /// Whether any of these is not to wait for a journal that cannot be reached.
    pub(super) fn has_emergency(&self, group: &[Wish]) -> bool {
        self.outbox.is_some() && group.iter().any(|wish| emergency(wish.actor, &wish.command, wish.now).is_some())
    }

    /// Whether the journal can be reached now.
    pub(super) async fn hears(&self) -> bool {
        matches!(timeout(PROBE, self.journal.head()).await, Ok(Ok(_)))
    }

    /// Resolves once what is under way has kept an emergency dispatch waiting for too long.
    pub(super) async fn hurry(&self) {
        // The sender lives with the desk, which waits for this.
        let _ = self.urgent.subscribe().wait_for(|waiting| *waiting > 0).await;
        sleep(HURRY).await;
    }

    /// Resolves once the journal answers.
    async fn answers(&self) {
        while self.journal.head().await.is_err() {
            sleep(FOLLOW_AGAIN).await;
        }
    }

    /// Carries out what need not wait for the journal.
    pub(super) async fn settle_apart(&mut self, wish: &Wish) -> Decided {
        let Some(emergency) = emergency(wish.actor, &wish.command, wish.now) else { return Err(Error::CutOff) };
        self.send(wish, &emergency).await
    }

    async fn send(&mut self, wish: &Wish, emergency: &Emergency<'_>) -> Decided {
        let Some(mut outbox) = self.outbox.take() else { return Err(Error::CutOff) };
        let mut chance = [0; 4];
        let decided = match aws_lc_rs::rand::fill(&mut chance) {
            _ if self.pending.len() >= OUTBOX_MAX => {
                Err(full(format!("{OUTBOX_MAX} dispatches wait in it; send from another node, or mend the line")))
            }
            Ok(()) => self.read_shown(|state| {
                let by = (wish.actor, outbox.node());
                send_apart(state, by, emergency, u32::from_be_bytes(chance), wish.now).map_err(Error::from)
            }),
            Err(_) => Err(full("the machine gives no randomness".into())),
        };
        let sent = match decided {
            Ok(Some(sent)) => sent,
            other => {
                self.outbox = Some(outbox);
                return other.map(|_| Vec::new());
            }
        };
        let keeping = sent.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let kept = outbox.keep(keeping);
            (kept, outbox)
        });
        let (kept, outbox) = kept.await.map_err(|_| Error::Closed)?;
        self.outbox = Some(outbox);
        kept.map_err(|problem| full(format!("{problem}; free space on its disk")))?;
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let events = match record_apart(&shown, &sent, None) {
            ToRecord::Events(events) => events,
            ToRecord::Nothing | ToRecord::NumberTaken => Vec::new(),
        };
        events.iter().for_each(|event| shown.apply(event));
        drop(shown);
        self.pending.push(sent);
        self.cut.send_replace(true);
        Ok(events)
    }

    /// Records what was sent apart, in its order, on top of what others recorded meanwhile.
    async fn land(&mut self) -> Result<(), Error> {
        let landed = self.land_all().await;
        self.journal.give_turn_up().await;
        self.show_anew();
        self.cut.send_replace(self.is_apart());
        self.finish_erasures().await;
        landed
    }

    async fn land_all(&mut self) -> Result<(), Error> {
        loop {
            let rows = self.journal.read_from(self.place.head.seq + 1).await?;
            let is_end = rows.len() < READ_ROWS_MAX;
            let (keys, head) = (self.keys.clone(), self.place.head);
            let checked = tokio::task::spawn_blocking(move || check(head, &rows, &keys));
            let checked = checked.await.map_err(|_| Error::Closed)??;
            self.place.fold(checked, &mut self.ahead);
            if !is_end {
                continue;
            }
            let Some(sent) = self.pending.first() else { return Ok(()) };
            let now = whole_micros(Timestamp::now());
            match record_apart(&self.ahead, sent, Some(now)) {
                ToRecord::Nothing => drop(self.pending.remove(0)),
                ToRecord::NumberTaken => {
                    let number = sent.dispatch();
                    // Once in four million: its file is kept, and what is known of it.
                    self.outbox.as_mut().map_or(Ok(()), |outbox| outbox.put_aside(number)).map_err(lost)?;
                    self.pending.remove(0);
                    self.tell_aside();
                }
                ToRecord::Events(events) => {
                    let by = sent.by;
                    let entries = events.into_iter().map(|event| Entry { at: now, by, event }).collect();
                    self.land_one(entries).await?;
                }
            }
        }
    }

    /// Appends what is to be recorded of the first that waits; nothing if others came first.
    async fn land_one(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        let (keys, head) = (self.keys.clone(), self.place.head);
        let encoded = tokio::task::spawn_blocking(move || encode(entries, &keys, head)).await;
        let (entries, rows) = encoded.map_err(|_| Error::Closed)??;
        if let Appended::Ok(end) = self.journal.append(rows, head).await? {
            for (place, entry) in entries.iter().enumerate() {
                self.ahead.apply_row(&entry.event, row_of(head, place));
            }
            self.place.head = end;
            self.pending.remove(0);
        } else {
            self.journal.take_turn().await;
        }
        Ok(())
    }

    /// Tells what cannot be recorded.
    fn tell_aside(&self) {
        self.aside.send_replace(self.outbox.as_ref().map_or_else(Vec::new, |outbox| outbox.aside().to_vec()));
    }

    /// Shows what the journal says with what is not in it yet.
    fn show_anew(&mut self) {
        let mut state = self.ahead.clone();
        for sent in &self.pending {
            if let ToRecord::Events(events) = record_apart(&state, sent, None) {
                events.iter().for_each(|event| state.apply(event));
            }
        }
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Forgets what every node sends again: until then its file says which batch of the queue goes on after a restart.
    pub(super) fn forget_rejoined(&mut self) {
        let Some(outbox) = self.outbox.as_mut().filter(|outbox| !outbox.kept().is_empty()) else { return };
        let kept = outbox.kept().iter().map(Sent::dispatch);
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> = kept.filter(|id| !shown.is_apart(*id)).collect();
        drop(shown);
        for dispatch in over {
            // What is still there is recognised as recorded at the next start.
            let _ = outbox.forget(dispatch);
        }
    }
}

fn full(problem: String) -> Error {
    Error::Outbox { problem }
}

fn lost(problem: std::io::Error) -> Error {
    JournalError::Storage { place: "outbox".into(), problem: problem.to_string() }.into()
}
