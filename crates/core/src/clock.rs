//! The one place that reads the system's clocks: a line of time that never runs backwards, and how far it is ahead of the wall
//! clock.

use crate::time::{Instant, Shift, Span};

/// By less than this the two are taken to agree: they are read one after the other. A wall clock that is set jumps further.
const AGREE: Span = Span::from_secs(2);

/// The engine's time: the wall clock's at the start, monotonic since. Whatever is timed is timed by it, also where somebody sets
/// the wall clock meanwhile: on a machine that started with a wrong one, its time service does.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: fn() -> u64,
    wall_micros: u64,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Clock::by(system_micros)
    }

    /// A clock that starts now, by a wall clock that tells microseconds since 1970.
    #[must_use]
    pub fn by(wall: fn() -> u64) -> Self {
        Clock { wall, wall_micros: wall(), started: tokio::time::Instant::now() }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Instant::from_micros(self.wall_micros.saturating_add(micros))
    }

    /// How far [`Clock::now`] is ahead of the wall clock at this moment.
    #[must_use]
    pub fn shift(&self) -> Shift {
        let (now, wall) = (self.now(), Instant::from_micros((self.wall)()));
        if now.since(wall).max(wall.since(now)) < AGREE { Shift::default() } else { Shift::between(now, wall) }
    }

    /// The present instant as everybody else would tell it.
    #[must_use]
    pub fn wall(&self) -> Instant {
        self.shift().to_wall(self.now())
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

fn system_micros() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    static WALL: AtomicU64 = AtomicU64::new(1_000_000_000_000_000);

    #[test]
    fn a_wall_clock_that_is_set_moves_no_timer_and_is_told_all_the_same() {
        let clock = Clock::by(|| WALL.load(Ordering::Relaxed));
        let began = clock.now();
        assert_eq!(clock.shift(), Shift::default(), "it was read a moment later");
        let right = began - Span::from_secs(9 * 3600);
        WALL.store(right.as_micros(), Ordering::Relaxed);
        assert!(clock.now() >= began && clock.now().since(began) < Span::from_secs(60));
        assert!(clock.wall() >= right && clock.wall().since(right) < Span::from_secs(60));
        assert!(clock.shift().to_engine(right) >= began);
    }
}
