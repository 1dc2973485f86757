//! What the lanes of one program have learned of a carrier, for the lanes of another one that sends to it too.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::Learned;
use crate::carrier::Carrier;
use crate::time::{Instant, Span};

/// What a lane heard itself counts for more than what others learned, unless that is newer by this: they speak with the carrier
/// from other addresses.
pub(super) const OWN: Span = Span::from_secs(3600);

/// The limits of a carrier that one lane has met: of several, one like the middle of them. No address of anybody is in it, nor
/// one of ours. `None` is no limit that was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Whose limits.
    pub carrier: Carrier,
    /// The relay by which the mails went, as the table calls it; `None` for the carrier's MX hosts, from whichever address.
    pub relay: Option<String>,
    /// When the carrier was heard last. It is believed ever less, and after a day not at all.
    pub at: Instant,
    /// Sessions at once.
    pub sessions: Option<u32>,
    /// Mails a second.
    pub rate: Option<f64>,
    /// Mails a session.
    pub turn: Option<u32>,
    /// Among how many lanes like this one, of all programs, the carrier was parted; at least one.
    pub parts: u32,
}

impl Lesson {
    /// What these lanes of a carrier teach that lead to it by one kind of way; `None` if none of them has met a limit.
    #[must_use]
    pub(crate) fn of(carrier: &Carrier, relay: Option<&str>, lanes: &[Learned], parts: u32) -> Option<Lesson> {
        let counts = |count: fn(&Learned) -> Option<u32>| {
            // A mean is no larger than the largest.
            mean(lanes.iter().filter_map(count).map(f64::from)).map(|mean| mean.round() as u32)
        };
        let (sessions, turn) = (counts(|lane| lane.sessions), counts(|lane| lane.turn));
        let rate = mean(lanes.iter().filter_map(|lane| lane.rate));
        let at = lanes.iter().map(|lane| lane.at).max()?;
        let (carrier, relay, parts) = (carrier.clone(), relay.map(str::to_owned), parts.max(1));
        let is_limit = Learned { at, sessions, rate, turn }.is_limit();
        is_limit.then_some(Lesson { carrier, relay, at, sessions, rate, turn, parts })
    }

    /// What a lane begins with that is one of `parts` now. A carrier is taken to bear as much of all together as it did then, so
    /// that a lane of fewer begins with more. From an address of our own it begins with no more than one lane was seen to bear: the
    /// carrier may count by address.
    #[must_use]
    pub(crate) fn begin(&self, parts: u32, from_own_address: bool) -> Learned {
        let share = f64::from(self.parts.max(1)) / f64::from(parts.max(1));
        let share = if from_own_address { share.min(1.0) } else { share };
        Learned {
            at: self.at,
            // Nobody has billions of sessions, and a cast holds at the ends.
            sessions: self.sessions.map(|most| (f64::from(most) * share).ceil().max(1.0) as u32),
            rate: self.rate.map(|rate| rate * share),
            turn: self.turn,
        }
    }

    /// Whether its numbers can be meant.
    #[must_use]
    pub(crate) fn is_sound(&self) -> bool {
        let counts = [self.sessions, self.turn, Some(self.parts)];
        self.rate.is_none_or(|rate| rate.is_finite() && rate > 0.0) && counts.into_iter().flatten().all(|it| it > 0)
    }
}

/// For so long after another part of the ceilings became ours, what a lane bears was learned under the part before.
const SETTLES: Span = Span::from_secs(20);

/// What others have learned, and since when the ceilings are parted with them as they are.
#[derive(Clone, Debug, Default)]
pub struct Lessons {
    known: BTreeMap<(Carrier, Option<String>), Lesson>,
    parted: Instant,
}

impl Lessons {
    /// Takes a lesson in place of the one that was there.
    pub fn take(&mut self, lesson: Lesson) {
        self.known.insert((lesson.carrier.clone(), lesson.relay.clone()), lesson);
    }

    /// What is known of a carrier by this kind of way.
    #[must_use]
    pub fn of(&self, carrier: &Carrier, relay: Option<&str>) -> Option<&Lesson> {
        self.known.get(&(carrier.clone(), relay.map(str::to_owned)))
    }

    /// The carriers of which something is known.
    #[must_use]
    pub fn carriers(&self) -> BTreeSet<Carrier> {
        self.known.keys().map(|(carrier, _)| carrier.clone()).collect()
    }

    /// The ceilings are parted anew.
    pub fn part(&mut self, now: Instant) {
        self.parted = now;
    }

    /// Whether this was learned under the present share.
    #[must_use]
    pub fn has_settled(&self, learned: &Learned) -> bool {
        learned.at >= self.parted + SETTLES
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: Instant = Instant::from_micros(1_000_000_000_000_000);

    fn learned(second: u64, sessions: Option<u32>, rate: Option<f64>) -> Learned {
        Learned { at: THEN + Span::from_secs(second), sessions, rate, turn: None }
    }

    #[test]
    fn lanes_teach_what_one_like_the_middle_of_them_bears_and_nothing_if_none_met_a_limit() {
        let docomo = Carrier::new("docomo");
        let lanes = [learned(5, Some(3), Some(10.0)), learned(9, None, Some(20.0)), learned(1, Some(6), None)];
        let lesson = Lesson::of(&docomo, None, &lanes, 6).unwrap();
        assert_eq!((lesson.at, lesson.sessions, lesson.rate), (THEN + Span::from_secs(9), Some(5), Some(15.0)));
        assert_eq!((lesson.turn, lesson.parts), (None, 6));
        assert_eq!(Lesson::of(&docomo, None, &[learned(5, None, None)], 1), None);
        assert_eq!(Lesson::of(&docomo, None, &[], 1), None);
    }

    #[test]
    fn req_r01_what_one_of_two_learned_means_twice_as_much_for_all_and_each_begins_with_its_part_of_that() {
        let half = Lesson {
            turn: Some(7),
            ..Lesson::of(&Carrier::new("au"), None, &[learned(0, Some(3), Some(10.0))], 2).unwrap()
        };
        for (parts, sessions, rate) in [(1, 6, 20.0), (2, 3, 10.0), (4, 2, 5.0), (32, 1, 0.625)] {
            let begun = half.begin(parts, false);
            assert_eq!((begun.sessions, begun.rate), (Some(sessions), Some(rate)), "one of {parts}");
            assert_eq!((begun.at, begun.turn), (THEN, Some(7)), "a session bears what it bears, and the age is kept");
        }
    }

    #[test]
    fn what_was_learned_from_another_address_is_no_more_than_a_start_that_is_never_scaled_up() {
        let half = Lesson::of(&Carrier::new("au"), None, &[learned(0, Some(3), Some(10.0))], 2).unwrap();
        assert_eq!(half.begin(1, true).rate, Some(10.0));
        assert_eq!(half.begin(4, true).rate, Some(5.0));
    }

    #[test]
    fn what_was_heard_until_a_moment_after_the_ceilings_were_parted_anew_was_learned_before() {
        let mut lessons = Lessons::default();
        assert!(lessons.has_settled(&learned(0, Some(3), None)));
        lessons.part(THEN);
        assert!(!lessons.has_settled(&learned(19, Some(3), None)) && lessons.has_settled(&learned(20, Some(3), None)));
    }

    #[test]
    fn numbers_that_nobody_can_have_learned_are_not_sound() {
        let lesson = Lesson::of(&Carrier::new("au"), None, &[learned(0, Some(3), Some(10.0))], 2).unwrap();
        assert!(lesson.is_sound());
        for wrong in [
            Lesson { rate: Some(f64::NAN), ..lesson.clone() },
            Lesson { rate: Some(-1.0), ..lesson.clone() },
            Lesson { sessions: Some(0), ..lesson.clone() },
            Lesson { parts: 0, ..lesson.clone() },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
