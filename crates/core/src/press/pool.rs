//! The threads that render and sign, so that neither a session nor the loop of the engine waits for a signature.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{KeyRing, Page, Spoilt, letter};
use crate::address::AddressStyle;
use crate::event::Chunk;
use crate::message::{MailId, Urgency};
use crate::pace::overtakes;

/// While more waits to be signed, finished letters are handed out about so often: no more seldom than a carrier answers.
const PILED: Duration = Duration::from_millis(15);

/// A mail to render and sign, and who waits for it.
pub(super) struct Job {
    mail: MailId,
    chunk: Arc<Chunk>,
    style: AddressStyle,
    to: oneshot::Sender<Page>,
}

impl Job {
    #[cfg(test)]
    pub(super) fn mail(&self) -> MailId {
        self.mail
    }
}

#[derive(Default)]
struct Tray {
    /// The most urgent first, then in the order of arrival. At most what the engine has registered and not sent.
    jobs: BTreeMap<(Urgency, u64), Job>,
    arrived: u64,
    closed: bool,
}

pub(super) struct Shared {
    tray: Mutex<Tray>,
    filled: Condvar,
    keys: Arc<KeyRing>,
}

impl Shared {
    pub(super) fn new(keys: Arc<KeyRing>) -> Self {
        Shared { tray: Mutex::default(), filled: Condvar::new(), keys }
    }

    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, if there is one now.
    fn next_at_once(&self) -> Option<Job> {
        let mut tray = self.tray();
        if tray.closed { None } else { tray.jobs.pop_first().map(|(_, job)| job) }
    }

    /// The next job; `None` when the pool is dropped.
    pub(super) fn next(&self) -> Option<Job> {
        let mut tray = self.tray();
        loop {
            if tray.closed {
                return None;
            }
            if let Some((_, job)) = tray.jobs.pop_first() {
                return Some(job);
            }
            tray = self.filled.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One thread for each core: a signature is nothing but computing. They end when it is dropped.
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, if it gives no threads.
    pub(super) fn start(keys: Arc<KeyRing>) -> std::io::Result<Pool> {
        let pool = Pool(Arc::new(Shared::new(keys)));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let shared = pool.0.clone();
            thread::Builder::new().name("press".into()).spawn(move || work(&shared))?;
        }
        Ok(pool)
    }

    #[cfg(test)]
    pub(super) fn without_threads(shared: Arc<Shared>) -> Pool {
        Pool(shared)
    }

    /// Has a mail rendered and signed.
    pub(super) fn add(&self, mail: MailId, chunk: Arc<Chunk>, style: AddressStyle) -> oneshot::Receiver<Page> {
        let (to, page) = oneshot::channel();
        let mut tray = self.0.tray();
        tray.arrived += 1;
        let place = (chunk.head.urgency, tray.arrived);
        tray.jobs.insert(place, Job { mail, chunk, style, to });
        drop(tray);
        self.0.filled.notify_one();
        page
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut tray = self.0.tray();
        tray.closed = true;
        tray.jobs.clear();
        drop(tray);
        self.0.filled.notify_all();
    }
}

fn work(shared: &Shared) {
    let mut pile = Pile::default();
    loop {
        let job = shared.next_at_once().or_else(|| {
            pile.hand_out(Instant::now());
            shared.next()
        });
        let Some(job) = job else { return };
        // Nobody waits any more for a mail that was released.
        if job.to.is_closed() {
            continue;
        }
        let pressed = catch_unwind(AssertUnwindSafe(|| letter(&shared.keys, &job.chunk, job.mail, job.style)));
        let page = pressed.unwrap_or_else(|_| Err(Spoilt::Unsigned("rendering it failed".into())));
        let overtakes = overtakes(job.chunk.head.urgency);
        pile.add(job.to, page);
        let now = Instant::now();
        if overtakes || pile.is_due(now) {
            pile.hand_out(now);
        }
    }
}

/// Letters that are finished and not handed out. Whoever is woken for one takes the core away from the next signature: it costs
/// less to be woken for a few at once.
#[derive(Default)]
struct Pile {
    finished: Vec<(oneshot::Sender<Page>, Page)>,
    handed_out: Option<Instant>,
}

impl Pile {
    fn add(&mut self, to: oneshot::Sender<Page>, page: Page) {
        self.finished.push((to, page));
    }

    /// The first letter after a rest is due at once.
    fn is_due(&self, now: Instant) -> bool {
        self.handed_out.is_none_or(|before| now.duration_since(before) >= PILED)
    }

    fn hand_out(&mut self, now: Instant) {
        if !self.finished.is_empty() {
            self.handed_out = Some(now);
        }
        for (to, page) in self.finished.drain(..) {
            // Nobody waits any more for a mail that was released.
            let _ = to.send(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_handed_out_together_while_more_waits_and_the_first_after_a_rest_at_once() {
        let (mut pile, start) = (Pile::default(), Instant::now());
        let add = |pile: &mut Pile| {
            let (to, page) = oneshot::channel();
            pile.add(to, Err(Spoilt::Unsigned("a test".into())));
            page
        };
        let mut first = add(&mut pile);
        assert!(pile.is_due(start), "nothing was handed out before");
        pile.hand_out(start);
        assert!(first.try_recv().is_ok());
        let (mut second, soon) = (add(&mut pile), start + PILED / 2);
        assert!(!pile.is_due(soon) && second.try_recv().is_err());
        let mut third = add(&mut pile);
        assert!(pile.is_due(start + PILED));
        pile.hand_out(start + PILED);
        assert!(second.try_recv().is_ok() && third.try_recv().is_ok());
        // Having nothing to hand out is a rest, and no beginning of a wait.
        pile.hand_out(start + PILED * 3 / 2);
        assert!(pile.is_due(start + PILED * 2));
    }
}
