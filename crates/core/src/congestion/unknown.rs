//! Unknown users: how many are too many, whether the list or the carrier is wrong, and how much slower those go of whom
//! nothing good is known.

use crate::time::{Instant, Span};

/// The share of a lane's recent addresses that the carrier does not know.
///
/// Carriers take many unknown users for the mark of a spammer and block for it (facts: carriers §0.7); commercial senders
/// are throttled from 5 to 10 in a hundred on (facts: engines §2d). Staff lists have some; from 15 in a hundred on, the
/// list or the carrier is wrong.
///
/// Above that, addresses without a clean history leave so much more slowly that no more unknown users a second are asked
/// about than the ceiling allows at full pace. Where it came suddenly, or of addresses that were taken the last time, the
/// carrier is asked who is wrong: nobody is judged before he was refused twice.
#[derive(Clone, Debug, Default)]
pub(super) struct UnknownUsers {
    all: Share,
    /// Of those with a clean history.
    proven: Share,
    /// Addresses that were refused again when they were asked about later, since there are many.
    confirmed: u32,
    /// Whether so many were that it is the list that is wrong.
    believed: bool,
    /// Whether there were few before: only a sudden rise is doubted.
    were_few: bool,
    /// The most addresses that were judged in a second.
    pace: f64,
    /// When the next address without a clean history may leave, while there are many.
    next: Instant,
}

/// A share above this is too many, over so many addresses at least.
const MAX: f64 = 0.15;
const COUNTED: u32 = 50;
/// Below this share there are few.
const FEW: f64 = 0.05;
/// So many addresses that were refused twice, and none that was taken the second time, mean that the carrier is right.
const CONFIRMED: u32 = 10;

/// The share among the last hundred or so.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    share: f64,
    counted: u32,
}

impl Share {
    fn count(&mut self, unknown: bool) {
        self.counted = self.counted.saturating_add(1);
        // The mean of what there is, and of about the last hundred.
        let weight = 1.0 / f64::from(self.counted.min(100));
        self.share += (f64::from(u8::from(unknown)) - self.share) * weight;
    }

    fn is_much(&self) -> bool {
        self.counted >= COUNTED && self.share > MAX
    }

    fn is_little(&self) -> bool {
        self.counted >= COUNTED && self.share < FEW
    }
}

/// An address that the carrier has judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whether there is no such mailbox.
    pub unknown: bool,
    /// Whether it had been put off before.
    pub again: bool,
    /// Whether the last mail to it had been accepted.
    pub proven: bool,
}

impl UnknownUsers {
    /// An address was judged by the carrier, which judged so many in the last second.
    pub(super) fn count(&mut self, judged: Judged, lately: u32) {
        let Judged { unknown, again, proven } = judged;
        self.pace = self.pace.max(f64::from(lately));
        self.all.count(unknown);
        if proven {
            self.proven.count(unknown);
        }
        if !self.are_many() {
            // What comes later is a new rise.
            (self.confirmed, self.believed) = (0, false);
            self.were_few |= self.all.is_little();
        } else if again {
            self.confirmed = if unknown { self.confirmed + 1 } else { 0 };
            self.believed = self.confirmed >= CONFIRMED;
        }
    }

    /// Whether they are more than a carrier puts up with.
    pub(super) fn are_many(&self) -> bool {
        self.all.is_much()
    }

    /// Whether it is not known yet who is wrong.
    pub(super) fn are_doubted(&self) -> bool {
        self.are_many() && (self.were_few || self.proven.is_much()) && !self.believed
    }

    /// When the next address without a clean history may leave.
    pub(super) fn unproven_from(&self) -> Instant {
        if self.are_many() { self.next } else { Instant::EPOCH }
    }

    /// An address without a clean history leaves; the lane has this rate, if any bounds it.
    pub(super) fn on_unproven(&mut self, now: Instant, rate: Option<f64>) {
        if !self.are_many() {
            return;
        }
        let full = rate.unwrap_or(self.pace).max(1.0);
        self.next = self.next.max(now) + Span::from_secs_f64(self.all.share / MAX / full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(unknown: bool, again: bool) -> Judged {
        Judged { unknown, again, proven: false }
    }

    fn clean(mails: u32) -> UnknownUsers {
        let mut users = UnknownUsers::default();
        (0..mails).for_each(|_| users.count(judged(false, false), 0));
        users
    }

    #[test]
    fn a_few_unknown_users_are_none_to_doubt() {
        let mut users = clean(100);
        (0..500).for_each(|n| users.count(judged(n % 10 == 0, false), 0));
        assert!(!users.are_many() && !users.are_doubted());
    }

    #[test]
    fn a_sudden_rise_is_doubted_until_ten_were_refused_twice() {
        let mut users = clean(200);
        (0..100).for_each(|n| users.count(judged(n % 10 < 3, false), 0));
        assert!(users.are_doubted());
        (0..9).for_each(|_| users.count(judged(true, true), 0));
        assert!(users.are_doubted());
        users.count(judged(true, true), 0);
        assert!(users.are_many() && !users.are_doubted(), "the list is wrong");
        (0..300).for_each(|_| users.count(judged(false, false), 0));
        (0..100).for_each(|n| users.count(judged(n % 10 < 3, false), 0));
        assert!(users.are_doubted(), "a new rise is doubted anew");
    }

    #[test]
    fn a_list_that_was_bad_from_the_beginning_is_believed() {
        let mut users = UnknownUsers::default();
        (0..300).for_each(|n| users.count(judged(n % 5 == 0, false), 0));
        assert!(users.are_many() && !users.are_doubted());
    }

    #[test]
    fn an_address_that_is_taken_the_second_time_keeps_up_the_doubt() {
        let mut users = clean(200);
        (0..60).for_each(|_| users.count(judged(true, false), 0));
        (0..9).for_each(|_| users.count(judged(true, true), 0));
        users.count(judged(false, true), 0);
        (0..9).for_each(|_| users.count(judged(true, true), 0));
        assert!(users.are_doubted());
    }

    #[test]
    fn unknown_users_among_addresses_that_were_taken_the_last_time_are_doubted_from_the_beginning() {
        let mut users = UnknownUsers::default();
        (0..300).for_each(|n| users.count(Judged { proven: true, ..judged(n % 5 == 0, false) }, 0));
        assert!(users.are_doubted());
    }

    #[test]
    fn while_there_are_many_the_others_leave_no_more_unknown_users_a_second_than_the_ceiling_has_at_full_pace() {
        let now = Instant::from_micros(1_000_000_000);
        let mut users = clean(200);
        users.on_unproven(now, None);
        assert_eq!(users.unproven_from(), Instant::EPOCH, "few slow nobody down");
        (0..400).for_each(|n| users.count(judged(n % 10 < 3, false), 40));
        for (rate, full) in [(Some(20.0), 20.0), (None, 40.0)] {
            users.next = Instant::EPOCH;
            (0..100).for_each(|_| users.on_unproven(now, rate));
            let seconds = users.unproven_from().since(now).as_secs_f64();
            let unknown_a_second = 100.0 * users.all.share / seconds;
            assert!((unknown_a_second - MAX * full).abs() < 0.01 * full, "{unknown_a_second} at {full}");
        }
    }
}
