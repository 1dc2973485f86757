//! What is done so that a dispatch is not late again (requirement P06).

use serde::{Deserialize, Serialize};

/// What is done so that it does not happen again (再発防止対策).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What.
    pub what: String,
    /// Who sees to it, by office, not by name.
    pub owner: String,
    /// Whether it is done.
    pub done: bool,
}
