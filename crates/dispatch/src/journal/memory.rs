//! The journal in memory: for tests and for trying things out.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
use crate::chain::{Head, Row};

/// A journal that is gone with its owner.
#[derive(Debug)]
pub struct MemoryJournal {
    rows: Mutex<Vec<Row>>,
    end: watch::Sender<u64>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        MemoryJournal { rows: Mutex::default(), end: watch::Sender::new(0) }
    }
}

impl MemoryJournal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<R>(&self, f: impl FnOnce(&mut Vec<Row>) -> R) -> R {
        f(&mut self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn head_of(rows: &[Row]) -> Head {
    rows.last().map_or_else(Head::default, |row| Head { seq: row.seq, hash: row.hash })
}

fn from(rows: &[Row], seq: u64) -> Vec<Row> {
    let start = rows.partition_point(|row| row.seq < seq);
    rows[start..].iter().take(READ_ROWS_MAX).cloned().collect()
}

fn append(rows: &mut Vec<Row>, new: Vec<Row>, expected: Head) -> Result<Appended, JournalError> {
    let head = head_of(rows);
    if head == expected {
        rows.extend(new);
        return Ok(Appended::Ok(head_of(rows)));
    }
    let was_here =
        expected == Head::default() || rows.iter().any(|row| Head { seq: row.seq, hash: row.hash } == expected);
    if was_here { Ok(Appended::Conflict(from(rows, expected.seq + 1))) } else { Err(JournalError::OtherPast) }
}

impl Journal for MemoryJournal {
    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.with(|rows| {
            for row in rows.iter_mut().filter(|row| seqs.contains(&row.seq)) {
                *row = row.clone().dropped();
            }
        });
        Box::pin(async { Ok(()) })
    }

    fn append(&self, new: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        let result = self.with(|rows| append(rows, new, expected));
        if let Ok(Appended::Ok(head)) = &result {
            self.end.send_replace(head.seq);
        }
        Box::pin(async move { result })
    }

    fn head(&self) -> Pending<'_, Head> {
        let head = self.with(|rows| head_of(rows));
        Box::pin(async move { Ok(head) })
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        let rows = self.with(|rows| from(rows, seq));
        Box::pin(async move { Ok(rows) })
    }

    fn read_rows(&self, seqs: BTreeSet<u64>) -> Pending<'_, Vec<Row>> {
        let rows = self.with(|rows| {
            let found = seqs.iter().filter_map(|seq| rows.binary_search_by_key(seq, |row| row.seq).ok());
            found.map(|place| rows[place].clone()).collect()
        });
        Box::pin(async move { Ok(rows) })
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            let mut end = self.end.subscribe();
            // The sender lives in `self`, so waiting cannot fail while somebody waits.
            let _ = end.wait_for(|&end| end >= seq).await;
            self.read_from(seq).await
        })
    }
}
