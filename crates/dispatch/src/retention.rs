//! How long what is kept (requirement S18), and who stands behind what nobody may do alone.

use serde::{Deserialize, Serialize};

use crate::id::AccountId;

/// Two people who together may do what nobody may alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who asked for it.
    pub requested_by: AccountId,
    /// Who looked at it and agreed.
    pub approved_by: AccountId,
}

/// How long each kind of data is kept, in days; from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Bulletins that no incident came of, counted from their judgement.
    pub bulletins_days: u32,
    /// Incidents in earnest with their bulletins, dispatches, outcomes and answers, counted from the day on which the
    /// last dispatch could no longer be answered.
    pub incidents_days: u32,
    /// The same for drills and tests.
    pub drills_days: u32,
}

impl Default for Schedule {
    /// A year for what concerned nobody, five for incidents, three for drills.
    fn default() -> Self {
        Schedule { bulletins_days: 365, incidents_days: 5 * 365, drills_days: 3 * 365 }
    }
}
