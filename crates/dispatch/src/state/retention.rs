//! What is known of what is kept, returned and erased.

use crate::event::RetentionEvent;

/// What is known of what is kept, returned and erased.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Retention {}

impl Retention {
    pub(super) fn apply(&mut self, event: &RetentionEvent) {
        match *event {}
    }
}
