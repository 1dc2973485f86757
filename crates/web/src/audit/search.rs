//! The newest rows of the journal that fit what is looked for, in bounded work: what is left is a page further on.

use hikyaku_dispatch::{Desk, Entry, Error, READ_ROWS_MAX};
use jiff::Timestamp;

/// Rows on one page.
pub(crate) const PAGE_MAX: usize = 50;
/// Most windows of rows that one page reads: some twenty thousand rows.
const WINDOWS_MAX: usize = 20;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The newest first.
    pub(crate) entries: Vec<(u64, Entry)>,
    /// Where to go on: rows before this one were not looked at.
    pub(crate) before: Option<u64>,
}

/// Looks at rows before `before`, the newest first, down to those of `from`, until a page is full or enough was read.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn search(
    desk: &Desk,
    mut before: u64,
    from: Option<Timestamp>,
    fits: impl Fn(&Entry) -> bool,
) -> Result<Found, Error> {
    let mut found = Found::default();
    for _ in 0..WINDOWS_MAX {
        let first = before.saturating_sub(READ_ROWS_MAX as u64).max(1);
        let rows = desk.written(first).await?;
        let mut is_over = from.is_some();
        for (row, entry) in rows.into_iter().rev().filter(|(row, _)| *row < before) {
            let Some(entry) = entry else { continue };
            // Rows are nearly in the order of their instants: one alone may be older than those before it.
            if from.is_some_and(|from| entry.at < from) {
                continue;
            }
            is_over = false;
            if fits(&entry) {
                if found.entries.len() == PAGE_MAX {
                    found.before = Some(row + 1);
                    return Ok(found);
                }
                found.entries.push((row, entry));
            }
        }
        before = first;
        if before == 1 || is_over {
            return Ok(found);
        }
    }
    found.before = Some(before);
    Ok(found)
}

/// The first row of an instant or later; one after the end if there is none.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn first_of(desk: &Desk, at: Timestamp) -> Result<u64, Error> {
    let (mut low, mut high) = (1, desk.journal().head().await.map_err(Error::from)?.seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // Of rows whose time is over nothing is left: the next one that has an instant speaks for them.
        let known = desk.written(middle).await?.into_iter().find_map(|(row, entry)| Some((row, entry?.at)));
        match known {
            Some((row, then)) if then < at => low = row + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
