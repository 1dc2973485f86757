//! A line between a node and its journal, which can be cut, or lose an answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hikyaku_dispatch::{Appended, Head, Journal, JournalError, MemoryJournal, Pending, Row};

/// A line to a journal that others reach, which can be cut, or lose the answer to an append.
pub struct Line {
    far: Arc<MemoryJournal>,
    pub is_cut: AtomicBool,
    pub lost: AtomicUsize,
}

impl Line {
    pub fn to(far: &Arc<MemoryJournal>) -> Arc<Line> {
        Arc::new(Line { far: Arc::clone(far), is_cut: AtomicBool::new(false), lost: AtomicUsize::new(0) })
    }

    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    fn over<'a, T: Send + 'a>(&self, through: Pending<'a, T>) -> Pending<'a, T> {
        if self.is_cut.load(Ordering::SeqCst) { silence() } else { through }
    }
}

fn silence<'a, T: Send + 'a>() -> Pending<'a, T> {
    Box::pin(async { Err(JournalError::Storage { place: "far away".into(), problem: "no answer".into() }) })
}

impl Journal for Line {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        if self.is_cut.load(Ordering::SeqCst) {
            return silence();
        }
        let done = self.far.append(rows, expected);
        let is_lost = self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_lost { silence() } else { done }
    }

    fn head(&self) -> Pending<'_, Head> {
        self.over(self.far.head())
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.over(self.far.read_from(seq))
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.over(self.far.tail(seq))
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.over(self.far.drop_contents(seqs))
    }
}
