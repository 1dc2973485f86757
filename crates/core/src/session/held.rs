//! Letters that wait in a session for their departure: what is more urgent goes in front and takes the first permit.

use std::collections::VecDeque;

use super::Letter;
use crate::message::{MailId, Urgency};
use crate::time::Instant;

/// Letters in the order in which they will be offered, and the instants at which the session may offer one.
///
/// Permits belong to the session, not to a letter: a letter that overtakes leaves at the instant of the one that it
/// overtook, and the last letter takes the last instant. So the lane's timetable stays as it is.
#[derive(Debug, Default)]
pub struct Held {
    letters: VecDeque<(Urgency, Letter)>,
    departures: VecDeque<Instant>,
}

impl Held {
    /// Adds a letter behind those of the same and of higher urgency, and an instant of departure.
    pub fn add(&mut self, letter: Letter, urgency: Urgency, depart: Instant) {
        let at = self.letters.partition_point(|(other, _)| *other <= urgency);
        self.letters.insert(at, (urgency, letter));
        let at = self.departures.partition_point(|other| *other <= depart);
        self.departures.insert(at, depart);
    }

    /// When the first letter may be offered; `None` if there is none.
    #[must_use]
    pub fn departs(&self) -> Option<Instant> {
        self.departures.front().copied()
    }

    /// How urgent the first letter is; `None` if there is none.
    #[must_use]
    pub fn urgency(&self) -> Option<Urgency> {
        self.letters.front().map(|(urgency, _)| *urgency)
    }

    /// Takes out the first letter, if its instant has come.
    pub fn take_due(&mut self, now: Instant) -> Option<(Letter, Instant)> {
        let depart = self.departs().filter(|depart| *depart <= now)?;
        let (_, letter) = self.letters.pop_front()?;
        self.departures.pop_front();
        Some((letter, depart))
    }

    /// Takes out one letter, whatever its place; the latest permit lapses with it.
    pub fn recall(&mut self, mail: MailId) -> Option<Letter> {
        let at = self.letters.iter().position(|(_, letter)| letter.id == mail)?;
        self.departures.pop_back();
        self.letters.remove(at).map(|(_, letter)| letter)
    }

    /// Takes out everything.
    pub fn take_all(&mut self) -> impl Iterator<Item = Letter> + use<> {
        self.departures.clear();
        core::mem::take(&mut self.letters).into_iter().map(|(_, letter)| letter)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::BatchId;

    fn letter(index: u32) -> Letter {
        let (recipient, return_path, rcpt) = (String::new(), String::new(), String::new());
        let id = MailId { batch: BatchId(1), index };
        Letter { id, recipient, return_path, rcpt, needs_smtputf8: false, hurry: true, content: Vec::new() }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_micros(ms * 1000)
    }

    fn drain(held: &mut Held) -> Vec<(u32, Instant)> {
        core::iter::from_fn(|| held.take_due(Instant::NEVER)).map(|(letter, at)| (letter.id.index, at)).collect()
    }

    #[test]
    fn what_is_more_urgent_overtakes_and_takes_the_first_permit() {
        let mut held = Held::default();
        held.add(letter(1), Urgency::Routine, at(10));
        held.add(letter(2), Urgency::Routine, at(20));
        held.add(letter(3), Urgency::Immediate, at(30));
        held.add(letter(4), Urgency::Immediate, at(40));
        assert_eq!(held.take_due(at(9)).map(|(letter, _)| letter.id.index), None);
        assert_eq!(drain(&mut held), [(3, at(10)), (4, at(20)), (1, at(30)), (2, at(40))]);
    }

    #[test]
    fn what_is_recalled_leaves_the_earlier_permits_to_the_rest() {
        let mut held = Held::default();
        (1..=3).for_each(|n| held.add(letter(n), Urgency::Routine, at(u64::from(n))));
        assert!(held.recall(letter(1).id).is_some() && held.recall(letter(1).id).is_none());
        assert_eq!(drain(&mut held), [(2, at(1)), (3, at(2))]);
        assert!(held.is_empty());
    }
}
