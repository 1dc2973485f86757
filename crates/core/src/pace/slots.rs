//! Turns at a lane's gate: who finds it closed is given a slot, and who is more urgent takes that of one who is less.

use std::collections::BTreeMap;

use super::{Pace, Permit};
use crate::message::Urgency;
use crate::time::{Instant, Span};

/// A slot that was not used is forgotten so long after its instant.
const KEPT: Span = Span::from_secs(5);

/// What is at least this urgent overtakes at the gate; all else keeps the order of coming there. Below it the lane's plan
/// has more to say than the urgency: a full mailbox that is asked again must not hold back the good mails of a batch less
/// urgent than its own.
const OVERTAKES: Urgency = Urgency::Bulletin;

/// Whether what is so urgent goes before less urgent mails that wait at the gate.
#[must_use]
pub fn overtakes(urgency: Urgency) -> bool {
    urgency <= OVERTAKES
}

/// The urgency that counts at the gate.
fn rank(urgency: Urgency) -> Urgency {
    if overtakes(urgency) { urgency } else { Urgency::Routine }
}

/// A mail's turn. It may change hands: [`Slots::again`] tells what it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it is.
    pub at: Instant,
    /// The hurry of the mail that it was given for.
    urgency: Urgency,
    ticket: u64,
}

impl Slot {
    /// Whether a mail of this urgency may have an earlier one than the mail that it was given for.
    #[must_use]
    pub fn is_outranked_by(&self, urgency: Urgency) -> bool {
        rank(urgency) < self.urgency
    }

    /// The same for a later instant, at which nobody else's is.
    #[must_use]
    pub fn put_off(self, at: Instant) -> Slot {
        Slot { at, ..self }
    }
}

/// The slots of one lane, by the configured rate.
#[derive(Clone, Debug)]
pub struct Slots {
    pace: Pace,
    given: BTreeMap<u64, Slot>,
    tickets: u64,
}

impl Slots {
    /// Slots for `per_second` mails with up to `burst` at once; without a rate every slot is now.
    #[must_use]
    pub fn new(per_second: Option<f64>, burst: u32) -> Self {
        Slots { pace: Pace::new(per_second, burst), given: BTreeMap::new(), tickets: 0 }
    }

    /// Changes the rate and the burst from now on; what was given stays given.
    pub fn set(&mut self, per_second: Option<f64>, burst: u32) {
        self.pace.set_rate(per_second);
        self.pace.set_burst(burst);
    }

    /// A slot for a mail that came at `came`, before those of less urgent mails that have not had theirs.
    pub fn ask(&mut self, urgency: Urgency, came: Instant, now: Instant) -> Slot {
        self.given.retain(|_, slot| slot.at + KEPT > now);
        let at = self.pace.ask(came, Instant::NEVER).map_or(came, |Permit(at)| at);
        self.tickets += 1;
        let urgency = rank(urgency);
        let slot = Slot { at, urgency, ticket: self.tickets };
        if at <= now {
            return slot;
        }
        self.given.insert(slot.ticket, slot);
        self.arrange(now);
        self.given.get(&slot.ticket).copied().unwrap_or(slot)
    }

    /// What a slot is now that its holder's first mail has this urgency.
    pub fn again(&mut self, slot: Slot, urgency: Urgency, now: Instant) -> Slot {
        let urgency = rank(urgency);
        let Some(own) = self.given.get_mut(&slot.ticket) else { return Slot { urgency, ..slot } };
        if core::mem::replace(&mut own.urgency, urgency) != urgency {
            self.arrange(now);
        }
        self.given.get(&slot.ticket).copied().unwrap_or(slot)
    }

    /// A slot was used, or lapsed.
    pub fn over(&mut self, slot: Slot) {
        self.given.remove(&slot.ticket);
    }

    /// The instants that are to come, in the order of urgency, then of coming.
    fn arrange(&mut self, now: Instant) {
        let coming = |slot: &&mut Slot| slot.at > now;
        let mut instants: Vec<Instant> = self.given.values().map(|slot| slot.at).filter(|at| *at > now).collect();
        instants.sort_unstable();
        let mut slots: Vec<&mut Slot> = self.given.values_mut().filter(coming).collect();
        slots.sort_by_key(|slot| (slot.urgency, slot.ticket));
        for (slot, at) in slots.into_iter().zip(instants) {
            slot.at = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + ms * 1000)
    }

    #[test]
    fn the_more_urgent_takes_the_first_slot_to_come_and_the_others_each_one_later() {
        let mut slots = Slots::new(Some(10.0), 1);
        let routine: Vec<Slot> = (0..4).map(|_| slots.ask(Urgency::Routine, at(0), at(0))).collect();
        assert_eq!(routine.iter().map(|slot| slot.at).collect::<Vec<_>>(), [at(0), at(100), at(200), at(300)]);
        assert_eq!(slots.ask(Urgency::Immediate, at(50), at(50)).at, at(100));
        assert_eq!(slots.ask(Urgency::Bulletin, at(50), at(50)).at, at(200));
        assert_eq!(slots.ask(Urgency::Safety, at(50), at(50)).at, at(600), "its turn is the plan's to say");
        let now: Vec<Instant> =
            routine[1..].iter().map(|slot| slots.again(*slot, Urgency::Routine, at(50)).at).collect();
        assert_eq!(now, [at(300), at(400), at(500)]);
    }

    #[test]
    fn a_holder_whose_first_mail_is_another_now_is_moved_and_what_is_over_is_nobodys() {
        let mut slots = Slots::new(Some(10.0), 1);
        slots.ask(Urgency::Routine, at(0), at(0));
        let (first, second) = (slots.ask(Urgency::Routine, at(0), at(0)), slots.ask(Urgency::Routine, at(0), at(0)));
        assert_eq!(slots.again(second, Urgency::Immediate, at(1)).at, at(100));
        assert_eq!(slots.again(first, Urgency::Routine, at(1)).at, at(200));
        slots.over(first);
        assert_eq!(slots.ask(Urgency::Routine, at(1), at(1)).at, at(300), "an instant that lapsed is lost");
        // A slot whose instant has come is its holder's.
        assert_eq!(slots.ask(Urgency::Bulletin, at(100), at(100)).at, at(300));
    }
}
