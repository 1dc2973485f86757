//! Whether a journal is what was once written: every row, the recorded end, and the heads that left the machine.

use std::collections::BTreeMap;

use super::{Journal, JournalError};
use crate::chain::{Broken, Hash, Head};
use crate::signed::SignedHead;

/// A journal that is what was once written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Its end.
    pub head: Head,
    /// Rows of which only the digest is left (requirement S18).
    pub dropped: u64,
}

/// Reads the whole journal and checks every row and the recorded end (requirement S09).
///
/// # Errors
/// [`JournalError::Broken`] names the first row that is not what was written.
pub async fn verify(journal: &dyn Journal) -> Result<Head, JournalError> {
    Ok(verify_against(journal, &[]).await?.head)
}

/// [`verify`], and that the journal passed through each of these heads: whoever rewrites the whole chain, or cuts its end
/// off together with the record of it, cannot change what left the machine before.
///
/// # Errors
/// As [`verify`]; [`Broken::Signed`] names the head that does not fit.
pub async fn verify_against(journal: &dyn Journal, signed: &[SignedHead]) -> Result<Verified, JournalError> {
    let recorded = journal.head().await?;
    let mut expected: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
    for signed in signed {
        expected.entry(signed.head.seq).or_default().push(signed.head.hash);
    }
    let mut found = Verified::default();
    // Rows that another writer appends meanwhile are not part of what is verified.
    while found.head.seq < recorded.seq {
        let rows = journal.read_from(found.head.seq + 1).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().take_while(|row| row.seq <= recorded.seq) {
            found.head = found.head.follow(row)?;
            found.dropped += u64::from(row.bytes().is_none());
            let passed = expected.remove(&row.seq).unwrap_or_default();
            if passed.iter().any(|hash| *hash != row.hash) {
                return Err(Broken::Signed { seq: row.seq }.into());
            }
        }
    }
    if found.head != recorded {
        return Err(Broken::End { found: found.head.seq, recorded: recorded.seq }.into());
    }
    expected.remove(&0);
    match expected.last_key_value() {
        Some((seq, _)) => Err(Broken::CutOff { found: found.head.seq, signed: *seq }.into()),
        None => Ok(found),
    }
}
