//! What is known of accounts, roles and rights.

use crate::event::AccessEvent;

/// What is known of accounts, roles and rights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Access {}

impl Access {
    pub(super) fn apply(&mut self, event: &AccessEvent) {
        match *event {}
    }
}
