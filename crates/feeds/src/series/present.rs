//! What is in force, as a reader of the state sees it.

use hikyaku_bulletin::{AreaReport, Kind, SeriesKey, SourceId};
use jiff::Timestamp;

use super::slot::{Meant, Slot, Thread, ThreadState};

/// The latest word of one kind within a series, in force now.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    thread: &'a Thread,
    slot: &'a Slot,
}

impl<'a> Present<'a> {
    /// The series.
    #[must_use]
    pub const fn key(&self) -> &'a SeriesKey {
        &self.thread.key
    }

    /// Whether it is meant in earnest.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.thread.meant == Meant::Real
    }

    /// The kind of telegram.
    #[must_use]
    pub const fn kind(&self) -> &'a Kind {
        &self.slot.kind
    }

    /// The telegram.
    #[must_use]
    pub const fn source(&self) -> &'a SourceId {
        &self.slot.source
    }

    /// When it was published.
    #[must_use]
    pub const fn published(&self) -> Timestamp {
        self.slot.order.published()
    }

    /// Its official title.
    #[must_use]
    pub fn title(&self) -> &'a str {
        &self.slot.title
    }

    /// Its official headline.
    #[must_use]
    pub fn headline(&self) -> &'a str {
        &self.slot.headline
    }

    /// Where and how bad.
    #[must_use]
    pub fn areas(&self) -> &'a [AreaReport] {
        &self.slot.areas
    }
}

/// The slots of a series that are in force at `now`. What has no lifting telegram (津波予報) ends with its validity.
pub(super) fn present<'a>(
    thread: &'a Thread,
    state: &'a ThreadState,
    now: Timestamp,
) -> impl Iterator<Item = Present<'a>> {
    let latest = state.values().map(|held| &held.latest);
    latest.filter(move |slot| slot.is_in_force(now)).map(move |slot| Present { thread, slot })
}
