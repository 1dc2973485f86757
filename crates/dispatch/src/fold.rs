//! From rows to the present: the chain is checked, contents are opened, events are applied.

use std::sync::Arc;

use crate::chain::{Head, Row};
use crate::error::Error;
use crate::event::{Entry, Event, JournalEvent};
use crate::id::PersonId;
use crate::journal::{Journal, JournalError, READ_ROWS_MAX};
use crate::keys::Keys;
use crate::state::State;

/// Where a fold stands beside its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The last row that was folded.
    pub(crate) head: Head,
    /// Whose keys must be gone, and may still be there.
    pub(crate) erased: Vec<PersonId>,
}

/// What rows hold, checked and opened.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// The last of those rows.
    pub(crate) head: Head,
    entries: Vec<(u64, Entry)>,
}

/// Checks rows, which must follow `head`, and opens what they hold: most of the work of a fold, and none that needs the state.
pub(crate) fn check(mut head: Head, rows: &[Row], keys: &Keys) -> Result<Checked, Error> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        head = head.follow(row).map_err(JournalError::from)?;
        // What was dropped had no more part in the present.
        let Some(entry) = open(row, keys)? else { continue };
        belongs(&entry.event, keys)?;
        entries.push((row.seq, entry));
    }
    Ok(Checked { head, entries })
}

impl Place {
    /// Folds rows that were checked into `state`; they follow this place.
    pub(crate) fn fold(&mut self, checked: Checked, state: &mut State) {
        self.head = checked.head;
        for (row, entry) in checked.entries {
            self.erased.extend(entry.event.erases());
            state.apply_row(&entry.event, row);
        }
    }
}

/// Destroys the keys of these that are still there, such as after a crash between the event and the key file.
pub(crate) fn destroy(erased: &[PersonId], keys: &Keys) -> Result<(), Error> {
    let left: Vec<PersonId> = erased.iter().copied().filter(|person| keys.erasure(*person).is_none()).collect();
    if !left.is_empty() {
        keys.erase_all(&left)?;
    }
    Ok(())
}

/// The entry of a row; `None` if its content was dropped.
pub(crate) fn open(row: &Row, keys: &Keys) -> Result<Option<Entry>, Error> {
    let entry = row.bytes().map(|bytes| Entry::decode(bytes, keys)).transpose();
    entry.map_err(|problem| Error::Row { seq: row.seq, problem: Arc::new(problem) })
}

/// What a journal says up to its present end, and where that is.
///
/// # Errors
/// [`Error`]: the journal cannot be read, was changed, or belongs to other keys.
pub async fn read_state(journal: &dyn Journal, keys: &Keys) -> Result<(State, Head), Error> {
    let (mut state, mut place) = (State::default(), Place::default());
    loop {
        let rows = journal.read_from(place.head.seq + 1).await?;
        place.fold(check(place.head, &rows, keys)?, &mut state);
        if rows.len() < READ_ROWS_MAX {
            return Ok((state, place.head));
        }
    }
}

/// What is written from row `from` on, at most [`READ_ROWS_MAX`] rows, each with its number; nothing of a row whose time is
/// over.
///
/// # Errors
/// [`Error`]: the journal cannot be read, or belongs to other keys.
pub async fn read_entries(journal: &dyn Journal, keys: &Keys, from: u64) -> Result<Vec<(u64, Option<Entry>)>, Error> {
    let rows = journal.read_from(from).await?;
    rows.iter().map(|row| Ok((row.seq, open(row, keys)?))).collect()
}

/// Whether a journal was written with these keys.
fn belongs(event: &Event, keys: &Keys) -> Result<(), Error> {
    match event {
        Event::Journal(JournalEvent::Begun { ring }) if *ring != keys.ring_id() => {
            Err(Error::OtherKeys { journal: *ring, keys: keys.ring_id() })
        }
        _ => Ok(()),
    }
}
