//! What follows a dispatch whose answers stay away: reminders, further addresses, other channels (A20, A36).

use serde::{Deserialize, Serialize};

/// When what follows, in minutes after the mails were queued; 0 means never. By default nothing follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Pause before each reminder to whoever has not answered.
    pub remind_minutes: u32,
    /// Most reminders.
    pub remind_times: u8,
    /// The first mail goes to a person's first address only; after so long without an answer, or as soon as the first has
    /// bounced, to the next one. 0: to all addresses at once.
    pub next_address_minutes: u32,
    /// After so long, whoever has not answered stands on the list for other channels (SMS, telephone).
    pub unreached_minutes: u32,
}
