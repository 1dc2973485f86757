//! Whether a carrier forgives no burst: then what it takes and refuses is told apart by the distance to the last mail that it
//! took, and the limit by nothing else.

use std::collections::VecDeque;

use crate::time::Instant;

/// Answers that are remembered.
const KEPT: usize = 24;
/// Mails that were taken, in a stretch of answers from which something is learned.
const TAKEN_MIN: usize = 3;
/// What was refused came so much nearer than what was taken.
const APART: f64 = 0.97;
/// Within this factor the distance is known, and this share of its rate is safe; beyond that one it is not known at all.
const KNOWN: f64 = 1.12;
const SAFE: f64 = 0.985;
const UNKNOWN: f64 = 3.0;

/// The last answers, in the order in which their mails left.
#[derive(Clone, Debug, Default)]
pub(super) struct Distances {
    answers: VecDeque<(Instant, bool)>,
    /// Seconds between the two nearest mails that were ever taken: nearer than what is refused only where a burst is
    /// forgiven.
    nearest: Option<f64>,
}

impl Distances {
    /// A mail that left at `departed` was taken, or refused for its pace.
    pub(super) fn add(&mut self, departed: Instant, taken: bool) {
        let later = self.answers.iter().rev().take_while(|(other, _)| *other > departed).count();
        let at = self.answers.len() - later;
        let before = self.answers.range(..at).rev().find(|(_, taken)| *taken);
        if let Some((before, _)) = before.filter(|_| taken) {
            let distance = departed.since(*before).as_secs_f64();
            self.nearest = Some(self.nearest.map_or(distance, |nearest| nearest.min(distance)));
        }
        self.answers.insert(at, (departed, taken));
        if self.answers.len() > KEPT {
            self.answers.pop_front();
        }
    }

    /// Forgets the last answers: they say nothing about a pace.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
    }

    /// Mails a second that keep the distance, if it tells the last answers apart: the refused ones came nearer than any
    /// that was taken. As long as there is much room between the two, what was `measured` counts if it lies there, else
    /// the middle.
    pub(super) fn rate(&self, measured: Option<f64>) -> Option<f64> {
        let (refused, taken) = self.bounds().filter(|(refused, taken)| *taken < UNKNOWN * refused)?;
        if self.nearest? < refused {
            return None;
        }
        let between = |rate: &f64| (1.0 / taken..1.0 / refused).contains(rate);
        let middle = measured.filter(between).unwrap_or(1.0 / (refused * taken).sqrt());
        Some(if taken < KNOWN * refused { SAFE / taken } else { middle })
    }

    /// Seconds: the longest distance at which one of the last mails was refused and the shortest at which one was taken, as
    /// far back as that tells them apart.
    fn bounds(&self) -> Option<(f64, f64)> {
        let mut found = None;
        let (mut refused, mut taken, mut count) = (0.0_f64, f64::INFINITY, 0);
        for at in (1..self.answers.len()).rev() {
            let (departed, was_taken) = self.answers[at];
            let Some((before, _)) = self.answers.range(..at).rev().find(|(_, taken)| *taken) else { break };
            let distance = departed.since(*before).as_secs_f64();
            if was_taken {
                taken = taken.min(distance);
                count += 1;
            } else {
                refused = refused.max(distance);
            }
            if refused >= taken * APART {
                break;
            }
            if refused > 0.0 && was_taken && count >= TAKEN_MIN {
                found = Some((refused, taken));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a carrier with so many mails a second and such a burst answers to mails that leave at these distances, in
    /// milliseconds.
    fn answers(rate: f64, burst: f64, gaps: &[u64]) -> Distances {
        let (mut distances, mut tokens, mut ms) = (Distances::default(), burst, 1_000_000);
        for gap in gaps {
            ms += gap;
            tokens = (tokens + rate * *gap as f64 / 1000.0).min(burst);
            let taken = tokens >= 1.0;
            tokens -= f64::from(u8::from(taken));
            distances.add(Instant::from_micros(ms * 1000), taken);
        }
        distances
    }

    #[test]
    fn a_carrier_that_forgives_no_burst_is_known_by_two_refusals() {
        let rate = answers(10.0, 1.0, &[0, 120, 120, 80, 40, 80, 120]).rate(None).unwrap();
        assert!((8.0..10.5).contains(&rate), "{rate}");
    }

    #[test]
    fn the_nearer_the_bounds_the_surer_the_rate() {
        let wide = answers(10.0, 1.0, &[0, 160, 160, 80, 80]).rate(None).unwrap();
        assert!(wide > 8.0 && wide < 10.0, "{wide}");
        let narrow = answers(10.0, 1.0, &[0, 102, 102, 97, 5]).rate(None).unwrap();
        assert!(narrow < 10.0 && narrow > 9.5, "{narrow}");
    }

    #[test]
    fn where_a_burst_is_forgiven_distance_tells_nothing() {
        // At last every other one is refused, as by a carrier that forgives nothing; but it took five at once before.
        let drained = answers(8.4, 5.0, &[0, 1, 1, 1, 1, 1, 62, 62, 62, 62, 62, 62, 62, 62]);
        assert!(drained.bounds().is_some() && drained.rate(None).is_none());
        assert_eq!(answers(10.0, 5.0, &[0, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60]).rate(None), None);
    }

    #[test]
    fn answers_that_came_out_of_order_are_put_in_the_order_of_departure() {
        let at = |ms: u64| Instant::from_micros(ms * 1000);
        let mut distances = Distances::default();
        // A refusal is answered sooner than a mail that was taken before it.
        for (ms, taken) in [(1000, true), (1250, false), (1200, true), (1400, true), (1600, true)] {
            distances.add(at(ms), taken);
        }
        assert_eq!(distances.bounds(), Some((0.05, 0.2)));
    }
}
