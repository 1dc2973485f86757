//! The pulse of the numbers: once a second it is looked whether anything changed that a live page shows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hikyaku_dispatch::{Delivery, Desk, Dispatch, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is looked: pages need not be newer.
const BEAT: Duration = Duration::from_secs(1);

/// Counts the changes.
#[derive(Debug)]
pub(crate) struct Pulse {
    changes: watch::Receiver<u64>,
    /// How many pages have watched.
    watched: AtomicU32,
    beating: JoinHandle<()>,
}

impl Pulse {
    pub(crate) fn start(desk: Desk) -> Self {
        let (told, changes) = watch::channel(0);
        let beating = tokio::spawn(async move {
            let mut before = desk.read(sign);
            let mut beat = tokio::time::interval(BEAT);
            loop {
                beat.tick().await;
                let now = desk.read(sign);
                if now != before {
                    before = now;
                    told.send_modify(|count| *count += 1);
                }
            }
        });
        Self { changes, watched: AtomicU32::new(0), beating }
    }

    /// Resolves after each change; its sender is gone after the stop.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// The number of a page that begins to watch: one each.
    pub(crate) fn number(&self) -> u32 {
        self.watched.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.beating.abort();
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What differs whenever a live page would: counts of what there is and of what became of it.
#[derive(Debug, PartialEq, Eq)]
struct Sign {
    dispatches: usize,
    /// Of those, the ones that take no more answers.
    ended: usize,
    waiting: usize,
    judgements: usize,
    /// Mails of which it is known what became.
    mails: u64,
    /// Answers by choice, of every dispatch that is open.
    answers: Vec<u32>,
}

fn sign(state: &State) -> Sign {
    let settled = |dispatch: &Dispatch| {
        let Delivery { accepted, bounced, expired, cancelled, unknown } = dispatch.delivery();
        u64::from(accepted) + u64::from(bounced) + u64::from(expired) + u64::from(cancelled) + u64::from(unknown)
    };
    let has_ended = |dispatch: &&Dispatch| dispatch.is_closed() || dispatch.is_cancelled();
    let open = state.dispatches().filter(|it| it.record().question.is_asked() && !has_ended(it));
    let answers = open.flat_map(|dispatch| state.total(dispatch.id()).by_choice).map(|(_, count)| count);
    Sign {
        dispatches: state.dispatches().count(),
        ended: state.dispatches().filter(has_ended).count(),
        waiting: state.waiting().count(),
        judgements: state.judgements().len(),
        mails: state.dispatches().map(settled).sum(),
        answers: answers.collect(),
    }
}
