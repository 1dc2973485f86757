//! What is known of accounts, roles and rights.

use crate::event::AccessEvent;
use serde::{Deserialize, Serialize};

/// What is known of accounts, roles and rights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Access {}

impl Access {
    pub(super) fn apply(&mut self, event: &AccessEvent) {
        match *event {}
    }
}
