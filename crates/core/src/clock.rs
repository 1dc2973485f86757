//! The one place that reads the system's clock: wall time at the start, monotonic time since.

use crate::time::Instant;

/// A clock that never runs backwards.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_micros: u64,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let wall_micros = u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX);
        Clock { wall_micros, started: tokio::time::Instant::now() }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Instant::from_micros(self.wall_micros.saturating_add(micros))
    }

    /// Waits until an instant; for ever if it is `Instant::NEVER`.
    pub async fn sleep_until(&self, instant: Instant) {
        if instant == Instant::NEVER {
            return std::future::pending().await;
        }
        // Far futures would overflow the timer; whoever wakes too early looks and sleeps again.
        let wait = instant.since(self.now()).min(core::time::Duration::from_secs(86_400));
        tokio::time::sleep(wait).await;
    }
}
