//! Unknown users: how many are too many, and whether the list or the carrier is wrong.

/// The share of a lane's recent addresses that the carrier does not know.
///
/// Carriers take many unknown users for the mark of a spammer and block for it (facts: carriers §0.7); commercial senders
/// are throttled from 5 to 10 in a hundred on (facts: engines §2d). Staff lists have some; from 15 in a hundred on, the
/// list or the carrier is wrong. Where it comes suddenly, the carrier is asked which: nobody is judged before he was
/// refused twice.
#[derive(Clone, Debug, Default)]
pub(super) struct UnknownUsers {
    share: f64,
    counted: u32,
    /// Addresses that were refused again when they were asked about later, since there are many.
    confirmed: u32,
    /// Whether so many were that it is the list that is wrong.
    believed: bool,
    /// Whether there were few before: only a sudden rise is doubted.
    were_few: bool,
}

/// A share above this is too many, over so many addresses at least.
const MAX: f64 = 0.15;
const COUNTED: u32 = 50;
/// Below this share there are few.
const FEW: f64 = 0.05;
/// So many addresses that were refused twice, and none that was taken the second time, mean that the carrier is right.
const CONFIRMED: u32 = 10;

impl UnknownUsers {
    /// An address was judged by the carrier; `again` if it had been put off before.
    pub(super) fn count(&mut self, unknown: bool, again: bool) {
        self.counted = self.counted.saturating_add(1);
        // The mean of what there is, and of about the last hundred.
        let weight = 1.0 / f64::from(self.counted.min(100));
        self.share += (f64::from(u8::from(unknown)) - self.share) * weight;
        if !self.are_many() {
            // What comes later is a new rise.
            (self.confirmed, self.believed) = (0, false);
            self.were_few |= self.counted >= COUNTED && self.share < FEW;
        } else if again {
            self.confirmed = if unknown { self.confirmed + 1 } else { 0 };
            self.believed = self.confirmed >= CONFIRMED;
        }
    }

    /// Whether they are more than a carrier puts up with.
    pub(super) fn are_many(&self) -> bool {
        self.counted >= COUNTED && self.share > MAX
    }

    /// Whether it is not known yet who is wrong.
    pub(super) fn are_doubted(&self) -> bool {
        self.are_many() && self.were_few && !self.believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(mails: u32) -> UnknownUsers {
        let mut users = UnknownUsers::default();
        (0..mails).for_each(|_| users.count(false, false));
        users
    }

    #[test]
    fn a_few_unknown_users_are_none_to_doubt() {
        let mut users = clean(100);
        (0..500).for_each(|n| users.count(n % 10 == 0, false));
        assert!(!users.are_many() && !users.are_doubted());
    }

    #[test]
    fn a_sudden_rise_is_doubted_until_ten_were_refused_twice() {
        let mut users = clean(200);
        (0..100).for_each(|n| users.count(n % 10 < 3, false));
        assert!(users.are_doubted());
        (0..9).for_each(|_| users.count(true, true));
        assert!(users.are_doubted());
        users.count(true, true);
        assert!(users.are_many() && !users.are_doubted(), "the list is wrong");
        (0..300).for_each(|_| users.count(false, false));
        (0..100).for_each(|n| users.count(n % 10 < 3, false));
        assert!(users.are_doubted(), "a new rise is doubted anew");
    }

    #[test]
    fn a_list_that_was_bad_from_the_beginning_is_believed() {
        let mut users = UnknownUsers::default();
        (0..300).for_each(|n| users.count(n % 5 == 0, false));
        assert!(users.are_many() && !users.are_doubted());
    }

    #[test]
    fn an_address_that_is_taken_the_second_time_keeps_up_the_doubt() {
        let mut users = clean(200);
        (0..60).for_each(|_| users.count(true, false));
        (0..9).for_each(|_| users.count(true, true));
        users.count(false, true);
        (0..9).for_each(|_| users.count(true, true));
        assert!(users.are_doubted());
    }
}
