//! Instants and spans as plain numbers: nobody below the shell reads a clock.

pub use core::time::Duration as Span;

/// A moment in microseconds since the Unix epoch.
///
/// The shell reads the wall clock once when it starts and adds monotonic time to it, so an `Instant` never runs
/// backwards while the engine lives. Where the wall clock is set meanwhile, a [`Shift`] lies between the two: what is stored
/// and what users see is the wall clock's, so that it can be compared with what was stored before a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Instant(u64);

impl Instant {
    /// The beginning of 1970, used where "long ago" is meant.
    pub const EPOCH: Instant = Instant(0);
    /// Later than anything that happens.
    pub const NEVER: Instant = Instant(u64::MAX);

    /// A moment given in microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Instant(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Instant) -> Span {
        Span::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl core::ops::Add<Span> for Instant {
    type Output = Instant;
    fn add(self, span: Span) -> Instant {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(micros))
    }
}

impl core::ops::Sub<Span> for Instant {
    type Output = Instant;
    fn sub(self, span: Span) -> Instant {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_sub(micros))
    }
}

/// How far the engine's line of time is ahead of the wall clock, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift(i64);

impl Shift {
    /// What lies between the same moment on both.
    #[must_use]
    pub fn between(engine: Instant, wall: Instant) -> Shift {
        let micros = i128::from(engine.0) - i128::from(wall.0);
        Shift(i64::try_from(micros).unwrap_or_default())
    }

    /// An instant of the wall clock on the engine's line; never stays never.
    #[must_use]
    pub fn to_engine(self, wall: Instant) -> Instant {
        if wall == Instant::NEVER { wall } else { Instant(wall.0.saturating_add_signed(self.0)) }
    }

    /// An instant of the engine's line by the wall clock; never stays never.
    #[must_use]
    pub fn to_wall(self, engine: Instant) -> Instant {
        if engine == Instant::NEVER { engine } else { Instant(engine.0.saturating_add_signed(self.0.saturating_neg())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_a_span_to_never_stays_never() {
        assert_eq!(Instant::NEVER + Span::from_secs(1), Instant::NEVER);
    }

    #[test]
    fn what_is_put_on_the_other_line_and_back_is_what_it_was() {
        let (early, late) = (Instant::from_micros(1_000), Instant::from_micros(9_000));
        for shift in [Shift::between(late, early), Shift::between(early, late), Shift::default()] {
            assert_eq!(shift.to_wall(shift.to_engine(late)), late);
            assert_eq!(
                (shift.to_wall(Instant::NEVER), shift.to_engine(Instant::NEVER)),
                (Instant::NEVER, Instant::NEVER)
            );
        }
        assert_eq!(Shift::between(late, early).to_wall(early), Instant::EPOCH, "what was long ago stays so");
    }

    #[test]
    fn the_past_is_not_after_the_future() {
        let early = Instant::from_micros(5);
        let late = Instant::from_micros(9);
        assert_eq!(early.since(late), Span::ZERO);
        assert_eq!(late.since(early), Span::from_micros(4));
    }
}
