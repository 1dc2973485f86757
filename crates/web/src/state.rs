//! What the pages need: the desk that knows and records, and a clock.

use std::sync::Arc;

use hikyaku_dispatch::Desk;
use jiff::Timestamp;

/// Shared by every page.
#[derive(Clone)]
pub struct WebState {
    /// Reads the state and records answers.
    pub desk: Desk,
    /// Tells the time; a parameter, so that tests choose it.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl WebState {
    /// Pages over `desk` with the machine's own clock.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk, clock: Arc::new(Timestamp::now) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState").finish_non_exhaustive()
    }
}
