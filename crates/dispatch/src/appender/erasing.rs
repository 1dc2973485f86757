//! Destroys the keys of those whose erasure is in the journal, and tries again for as long as that fails.
//!
//! What happened has happened, so that no command fails for it and nobody stops following: but until a key is gone its owner stays
//! on the list, and no snapshot is written from which a start would not see the erasure.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Appender;
use crate::fold::destroy;

/// Between two attempts while there is other work, which each of them keeps waiting.
const BUSY: Duration = Duration::from_secs(1);
/// Between two attempts while there is none.
const IDLE: Duration = Duration::from_secs(10);

/// How it goes.
#[derive(Debug, Default)]
pub(super) struct Erasing {
    /// When it failed last, and how many were on the list then.
    failed: Option<(Instant, usize)>,
}

impl Appender {
    /// Destroys the keys of those whose erasure is durable, at once or again. No snapshot from before opens any more.
    pub(super) async fn finish_erasures(&mut self) {
        let count = self.place.erased.len();
        let is_early = self.erasing.failed.is_some_and(|(at, of)| of == count && at.elapsed() < BUSY);
        if count == 0 || is_early {
            return;
        }
        let (erased, keys) = (self.place.erased.clone(), self.keys.clone());
        let destroyed = tokio::task::spawn_blocking(move || destroy(&erased, &keys)).await;
        if matches!(destroyed, Ok(Ok(()))) {
            self.place.erased.clear();
            self.erasing.failed = None;
            self.snapped = 0;
        } else {
            self.erasing.failed = Some((Instant::now(), count));
        }
    }

    /// Resolves when it should be tried again though nothing else is to be done; never if no key is left.
    pub(super) async fn erase_later(&self) {
        if self.place.erased.is_empty() {
            std::future::pending().await
        } else {
            sleep(IDLE).await;
        }
    }
}
