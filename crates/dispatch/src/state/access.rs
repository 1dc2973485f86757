//! What is known of accounts, roles and rights.

use serde::{Deserialize, Serialize};
use crate::event::AccessEvent;

/// What is known of accounts, roles and rights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Access {}

impl Access {
    pub(super) fn apply(&mut self, event: &AccessEvent) {
        match *event {}
    }
}
