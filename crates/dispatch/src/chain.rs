//! The hash chain that makes the journal its own audit trail: each row vouches for all before it.
//!
//! `hash(n) = SHA-256("hikyaku row 1" | hash(n-1) | n as u64 big-endian | bytes)`; requirement S09.

use aws_lc_rs::digest::{Context, SHA256};
use thiserror::Error;

/// SHA-256 of a row and everything before it.
pub type Hash = [u8; 32];

/// Where a journal ends: the number of its last row (0 for none) and that row's hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; rows count from 1.
    pub seq: u64,
    /// Its hash; zeros for an empty journal.
    pub hash: Hash,
}

/// One stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1.
    pub seq: u64,
    /// The chain up to and with this row.
    pub hash: Hash,
    /// The event as stored: a version byte, then the event.
    pub bytes: Vec<u8>,
}

/// Where a journal is not what was once written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Broken {
    /// A row's bytes or its hash were changed.
    #[error("row {seq} of the journal was changed after it was written: restore the journal from a backup")]
    Changed {
        /// The first row that does not fit.
        seq: u64,
    },
    /// A row is not there.
    #[error("row {seq} of the journal is missing: restore the journal from a backup")]
    Missing {
        /// The first row that is missing.
        seq: u64,
    },
    /// The rows fit one another, but the recorded end is another one.
    #[error("the journal ends at row {found}, its recorded end is row {recorded} or has another hash")]
    End {
        /// The last row that is there.
        found: u64,
        /// The last row by the record.
        recorded: u64,
    },
}

impl Head {
    /// The row that follows this head.
    #[must_use]
    pub fn next(&self, bytes: Vec<u8>) -> Row {
        let seq = self.seq + 1;
        Row { seq, hash: hash(&self.hash, seq, &bytes), bytes }
    }

    /// The head after `row`, if `row` follows this one unchanged.
    ///
    /// # Errors
    /// [`Broken`] names the row.
    pub fn follow(&self, row: &Row) -> Result<Head, Broken> {
        let seq = self.seq + 1;
        if row.seq != seq {
            return Err(Broken::Missing { seq });
        }
        if row.hash != hash(&self.hash, seq, &row.bytes) {
            return Err(Broken::Changed { seq });
        }
        Ok(Head { seq, hash: row.hash })
    }
}

fn hash(before: &Hash, seq: u64, bytes: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(b"hikyaku row 1");
    context.update(before);
    context.update(&seq.to_be_bytes());
    context.update(bytes);
    let mut out = Hash::default();
    out.copy_from_slice(context.finish().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_follows_only_the_head_it_was_made_for() {
        let first = Head::default().next(b"a".to_vec());
        let head = Head::default().follow(&first).unwrap();
        let second = head.next(b"b".to_vec());
        assert_eq!(head.follow(&second).unwrap().seq, 2);
        assert_eq!(Head::default().follow(&second), Err(Broken::Missing { seq: 1 }));
        let other = Head { seq: 1, hash: [1; 32] };
        assert_eq!(other.follow(&second), Err(Broken::Changed { seq: 2 }));
    }
}
