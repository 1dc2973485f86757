//! The hash chain that makes the journal its own audit trail: each row vouches for all before it.
//!
//! `hash(n) = SHA-256("hikyaku row 2" | hash(n-1) | n as u64 big-endian | SHA-256(content))`; requirement S09. The chain
//! needs only the digest of a content, so that a content can be dropped when its time is over (requirement S18) and the
//! chain still verifies. Rows of form 1 hold their content itself under the hash: they stay readable and stay whole.

use aws_lc_rs::digest::{Context, SHA256, digest};
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

/// What a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The event as stored, in a row of form 1, which cannot be dropped.
    First(Vec<u8>),
    /// The event as stored: a version byte, then the event.
    Whole(Vec<u8>),
    /// The digest of what was there until its time was over.
    Dropped(Hash),
}

/// One stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1.
    pub seq: u64,
    /// The chain up to and with this row.
    pub hash: Hash,
    /// The event, or what is left of it.
    pub content: Content,
}

/// Where a journal is not what was once written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Broken {
    /// A row's content or its hash was changed.
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
    /// The bytes of a row are none that were ever written.
    #[error("row {seq} of the journal is damaged, its form cannot be read: restore the journal from a backup")]
    Damaged {
        /// Which row.
        seq: u64,
    },
    /// Up to a row all fits, but a head that was signed there says something else.
    #[error(
        "row {seq} of the journal is not the one that was signed: the journal was written anew, restore it from a backup"
    )]
    Signed {
        /// The row of the head.
        seq: u64,
    },
    /// Rows are missing at the end that a signed head has seen.
    #[error(
        "the journal ends at row {found}, but row {signed} was signed: rows were cut off, restore it from a backup"
    )]
    CutOff {
        /// The last row that is there.
        found: u64,
        /// The last row that was signed.
        signed: u64,
    },
    /// The rows fit one another, but the recorded end is another one.
    #[error(
        "the journal ends at row {found}, its recorded end is row {recorded} or has another hash: restore it from a backup"
    )]
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
        let content = Content::Whole(bytes);
        Row { seq, hash: hash(&self.hash, seq, &content), content }
    }

    /// The rows with these contents that follow this head, one after the other.
    #[must_use]
    pub fn next_all(self, contents: impl IntoIterator<Item = Vec<u8>>) -> Vec<Row> {
        let mut head = self;
        let row = |bytes| {
            let row = head.next(bytes);
            head = Head { seq: row.seq, hash: row.hash };
            row
        };
        contents.into_iter().map(row).collect()
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
        if row.hash != hash(&self.hash, seq, &row.content) {
            return Err(Broken::Changed { seq });
        }
        Ok(Head { seq, hash: row.hash })
    }
}

impl Row {
    /// The event as stored; `None` once it was dropped.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::First(bytes) | Content::Whole(bytes) => Some(bytes),
            Content::Dropped(_) => None,
        }
    }

    /// The row as every home stores it: `form (1) | hash (32) | content`; the content of form 3 is a digest.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let (form, content) = match &self.content {
            Content::First(bytes) => (1, bytes.as_slice()),
            Content::Whole(bytes) => (2, bytes.as_slice()),
            Content::Dropped(digest) => (3, digest.as_slice()),
        };
        [&[form], self.hash.as_slice(), content].concat()
    }

    /// A row from its stored form.
    ///
    /// # Errors
    /// [`Broken::Damaged`] if no version ever wrote this.
    pub fn from_stored(seq: u64, stored: &[u8]) -> Result<Row, Broken> {
        let damaged = Broken::Damaged { seq };
        let parts = stored.split_first().and_then(|(form, rest)| Some((*form, rest.split_first_chunk::<32>()?)));
        let Some((form, (hash, content))) = parts else { return Err(damaged) };
        let content = match form {
            1 => Content::First(content.to_vec()),
            2 => Content::Whole(content.to_vec()),
            3 => Content::Dropped(content.try_into().map_err(|_| damaged)?),
            _ => return Err(damaged),
        };
        Ok(Row { seq, hash: *hash, content })
    }

    /// The row without its content, which nothing but its digest remembers; a row of form 1 stays as it is.
    #[must_use]
    pub fn dropped(self) -> Row {
        let content = match self.content {
            Content::Whole(bytes) => Content::Dropped(digest_of(&bytes)),
            other => other,
        };
        Row { content, ..self }
    }
}

fn hash(before: &Hash, seq: u64, content: &Content) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(if matches!(content, Content::First(_)) { b"hikyaku row 1" } else { b"hikyaku row 2" });
    context.update(before);
    context.update(&seq.to_be_bytes());
    match content {
        Content::First(bytes) => context.update(bytes),
        Content::Whole(bytes) => context.update(&digest_of(bytes)),
        Content::Dropped(digest) => context.update(digest),
    }
    let mut out = Hash::default();
    out.copy_from_slice(context.finish().as_ref());
    out
}

pub(crate) fn digest_of(bytes: &[u8]) -> Hash {
    let mut out = Hash::default();
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
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

    #[test]
    fn req_s18_a_row_whose_content_was_dropped_still_vouches_for_it() {
        let row = Head::default().next(b"a".to_vec());
        let dropped = row.clone().dropped();
        assert_eq!(dropped.bytes(), None);
        assert_eq!(Head::default().follow(&dropped), Head::default().follow(&row));
        let other = Head::default().next(b"b".to_vec()).dropped();
        let forged = Row { content: other.content, ..dropped };
        assert_eq!(Head::default().follow(&forged), Err(Broken::Changed { seq: 1 }));
    }

    #[test]
    fn a_row_of_the_first_form_verifies_for_ever_and_is_never_dropped() {
        // Written by the first version: SHA-256 of "hikyaku row 1", 32 zeros, 1 in 8 bytes and "a".
        let content = Content::First(b"a".to_vec());
        let row = Row { seq: 1, hash: hash(&Hash::default(), 1, &content), content };
        let again = Row::from_stored(1, &row.to_stored()).unwrap();
        assert!(Head::default().follow(&again).is_ok());
        assert_eq!(again.clone().dropped(), again);
    }

    #[test]
    fn a_stored_row_is_read_back_and_whatever_was_never_written_is_refused() {
        let row = Head::default().next(b"a".to_vec());
        for row in [row.clone(), row.dropped()] {
            assert_eq!(Row::from_stored(1, &row.to_stored()), Ok(row));
        }
        for stored in [&[][..], &[2; 20], &[9; 40], &[3; 64]] {
            assert_eq!(Row::from_stored(1, stored), Err(Broken::Damaged { seq: 1 }), "{stored:?}");
        }
    }
}
