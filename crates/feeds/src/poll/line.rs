//! An index in its two forms, and the stretch of time of which telegrams may be missing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Kept, Validators};
use super::schedule::Now;
use crate::index::{Entry, Index};
use crate::read::{Document, read};

/// The most entries of an index that are looked at; JMA's long feeds have some thousand.
const ENTRIES_MAX: usize = 20_000;
/// The longest address of an entry, in bytes; longer ones are left out.
const LINK_BYTES_MAX: usize = 2_048;

/// One form of the index.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) url: String,
    pub(super) validators: Validators,
    pub(super) updated: Option<Timestamp>,
    /// When to ask next; `None` while it is being asked, or not needed.
    pub(super) due: Option<Duration>,
    pub(super) failures: u32,
    pub(super) is_kept: bool,
}

/// A stretch of time of which telegrams may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// What the long index must reach to close it.
    pub(super) until: Timestamp,
    /// Since when, if it is not just the start.
    pub(super) since: Option<Timestamp>,
}

impl Line {
    pub(super) fn new(url: &str, kept: Kept, due: Option<Duration>) -> Self {
        let Kept { validators, updated } = kept;
        Self { url: url.to_owned(), validators, updated, due, failures: 0, is_kept: true }
    }
}

/// How long nothing was read. The steady clock may have stood still while the machine slept; the wall's then tells.
pub(super) fn silence(read: Now, now: Now) -> SignedDuration {
    let by_clock = SignedDuration::try_from(now.since_start.saturating_sub(read.since_start));
    now.wall.duration_since(read.wall).max(by_clock.unwrap_or(SignedDuration::ZERO))
}

/// The entries that lead somewhere, in the order of their issue.
pub(super) fn oldest_first(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.truncate(ENTRIES_MAX);
    entries.retain(|it| !it.link.is_empty() && it.link.len() <= LINK_BYTES_MAX);
    entries.sort_by_key(|it| it.updated);
    entries
}

/// The feed's own time, or else that of its newest entry.
pub(super) fn newest(index: &Index) -> Option<Timestamp> {
    index.updated.or_else(|| index.entries.iter().filter_map(|it| it.updated).max())
}

/// An index, or why it is none.
pub(super) fn read_index(bytes: &[u8]) -> Result<Index, String> {
    match read(bytes, "") {
        Ok(Document::Index(index)) => Ok(index),
        Ok(_) => {
            Err("a telegram, where an index was expected: mend the address or the style in the configuration"
                .to_owned())
        }
        Err(reject) => Err(reject.to_string()),
    }
}
