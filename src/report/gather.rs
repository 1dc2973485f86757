//! Reads what happened in some time out of the journal, without reading all that was before.

use hikyaku_dispatch::{Journal, Keys, READ_ROWS_MAX, read_entries};
use jiff::{SignedDuration, Timestamp};

use super::happened::Happened;

/// Rows stand in the order in which they were appended; their instants may be out of order by no more than this.
const DISORDER: SignedDuration = SignedDuration::from_hours(24);

/// Counts the rows from `from` on, before `until`.
///
/// # Errors
/// One line that says what cannot be read.
pub async fn happened(
    journal: &dyn Journal,
    keys: &Keys,
    from: Timestamp,
    until: Timestamp,
) -> Result<Happened, String> {
    let mut happened = Happened::default();
    let mut next = first_row(journal, keys, from.saturating_sub(DISORDER).unwrap_or(Timestamp::MIN)).await?;
    let end = until.saturating_add(DISORDER).unwrap_or(Timestamp::MAX);
    loop {
        let rows = read_entries(journal, keys, next).await.map_err(|e| e.to_string())?;
        let Some((last, _)) = rows.last() else { return Ok(happened) };
        next = last + 1;
        let entries = rows.iter().filter_map(|(_, entry)| entry.as_ref());
        let mut is_after = false;
        for entry in entries {
            is_after = entry.at > end;
            if from <= entry.at && entry.at < until {
                happened.take(entry);
            }
        }
        if is_after || rows.len() < READ_ROWS_MAX {
            return Ok(happened);
        }
    }
}

/// The first row that may be of `from` or later, found by halving.
async fn first_row(journal: &dyn Journal, keys: &Keys, from: Timestamp) -> Result<u64, String> {
    let (mut low, mut high) = (1, journal.head().await.map_err(|e| e.to_string())?.seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match time_at(journal, keys, middle).await? {
            Some(at) if at < from => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// When the first row from `row` on that still has its content was written.
async fn time_at(journal: &dyn Journal, keys: &Keys, mut row: u64) -> Result<Option<Timestamp>, String> {
    loop {
        let rows = read_entries(journal, keys, row).await.map_err(|e| e.to_string())?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        if let Some(entry) = rows.iter().find_map(|(_, entry)| entry.as_ref()) {
            return Ok(Some(entry.at));
        }
        row = last + 1;
    }
}
