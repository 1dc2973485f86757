//! The mails that a session was given and that have not ended, and how many there are of each urgency.

use std::collections::VecDeque;

use crate::message::{MailId, Urgency};

/// In the order in which they were given. It is asked about every session for each mail of a lane, so it counts as it goes.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    mails: VecDeque<(Urgency, MailId)>,
    counts: [usize; Urgency::Routine as usize + 1],
}

impl Assigned {
    /// Gives one more.
    pub fn add(&mut self, urgency: Urgency, mail: MailId) {
        self.counts[urgency as usize] += 1;
        self.mails.push_back((urgency, mail));
    }

    /// Takes one back, or notes its end; nothing happens if it is not among them.
    pub fn remove(&mut self, mail: MailId) {
        // It is the first one nearly always: mails end in the order in which they were sent.
        let place = self.mails.iter().position(|(_, other)| *other == mail);
        if let Some((urgency, _)) = place.and_then(|place| self.mails.remove(place)) {
            self.counts[urgency as usize] -= 1;
        }
    }

    /// Takes all of them.
    pub fn take_all(&mut self) -> VecDeque<(Urgency, MailId)> {
        core::mem::take(self).mails
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mails.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }

    /// How many one of this urgency would have to wait for.
    #[must_use]
    pub fn ahead_of(&self, urgency: Urgency) -> usize {
        self.counts[..=urgency as usize].iter().sum()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Urgency, MailId)> + '_ {
        self.mails.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::BatchId;

    const ALL: [Urgency; 6] =
        [Urgency::Immediate, Urgency::Bulletin, Urgency::Safety, Urgency::Confirmed, Urgency::Hazard, Urgency::Routine];

    fn mail(number: u32) -> MailId {
        MailId { batch: BatchId(1), index: number }
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_there(steps in prop::collection::vec((any::<bool>(), 0u32..8, 0usize..6), 0..60)) {
            let mut assigned = Assigned::default();
            let mut there: Vec<(Urgency, MailId)> = Vec::new();
            for (adds, number, urgency) in steps {
                if adds && !there.contains(&(ALL[urgency], mail(number))) {
                    there.push((ALL[urgency], mail(number)));
                    assigned.add(ALL[urgency], mail(number));
                } else if !adds {
                    if let Some(at) = there.iter().position(|(_, other)| *other == mail(number)) {
                        there.remove(at);
                    }
                    assigned.remove(mail(number));
                }
                for urgency in ALL {
                    let ahead = there.iter().filter(|(other, _)| *other <= urgency).count();
                    prop_assert_eq!(assigned.ahead_of(urgency), ahead);
                }
                prop_assert_eq!((assigned.len(), assigned.is_empty()), (there.len(), there.is_empty()));
            }
            prop_assert_eq!(assigned.iter().collect::<Vec<_>>(), there.clone());
            prop_assert_eq!(Vec::from(assigned.take_all()), there);
            prop_assert_eq!(assigned.ahead_of(Urgency::Routine), 0);
        }
    }
}
