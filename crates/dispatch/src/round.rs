//! Further mails of a dispatch, after its first ones.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::PersonId;

/// Why further mails go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// A reminder by schedule.
    Reminder,
    /// Somebody sent it again to whoever has not answered (requirement A20).
    Resend,
    /// The next address of people who have not answered, or whose first one failed.
    NextAddress,
}

/// Further mails that go out together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Why.
    pub why: Why,
    /// To whom, and to which address of theirs, counted from 1.
    pub mails: Vec<(PersonId, u8)>,
    /// When it was opened.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}
