//! Refusals that are about us and not about the recipient: so many at once that it is we, or a block in words that nobody
//! knows, and no mail may bounce for it.
//!
//! A wrong DKIM record, or a block that says only "550 no", is refused to everybody. Judged one by one, a whole batch would
//! have bounced within a minute, and nobody been told. So such a refusal is believed when it was given twice; and where
//! half of a lane's last answers are of this kind, none is believed, the lane goes on with single trial mails as at a
//! block, and the alarm says so (facts: carriers §3: policy is for the operator to mend).

use crate::outcome::{Cause, Outcome, Reading};

/// Answers that are looked back upon.
const LAST: u32 = 20;
/// So many of them are too many.
const MANY: u32 = 10;
/// How often a full mailbox is asked before its mail bounces: about ten minutes at the waits of `retry.rs`. Somebody may
/// make room, and a 5yz says "full" as finally as a 4yz.
const FULL_ASKED: u32 = 6;

/// The last answers of a lane, busy ones left out.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// A bit an answer, the latest lowest: whether it was about us.
    last: u32,
}

impl Refusals {
    /// An answer came.
    pub fn count(&mut self, about_us: bool) {
        self.last = (self.last << 1 | u32::from(about_us)) & ((1 << LAST) - 1);
    }

    /// Whether so many are about us that none of them is believed.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.last.count_ones() >= MANY
    }

    /// Whether a refusal for good is asked about once more before the mail bounces, at its so-manyth attempt.
    #[must_use]
    pub fn are_doubted(&self, reading: &Reading, attempt: u32, first: bool) -> bool {
        match reading.cause {
            _ if reading.outcome != Outcome::Refused => false,
            Cause::MailboxFull => attempt < FULL_ASKED,
            Cause::Policy | Cause::Unrecognised => first || self.are_many(),
            _ => is_about_us(reading) && self.are_many(),
        }
    }
}

/// Whether an answer is about us, as far as can be told: any of our mails might have got it.
#[must_use]
pub fn is_about_us(reading: &Reading) -> bool {
    match reading.cause {
        Cause::Policy | Cause::Unrecognised | Cause::Protocol | Cause::Tls => true,
        // A refusal of the content in words that nobody knows need not be the recipient's own filter.
        Cause::Filtered => !reading.known,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cause: Cause, known: bool) -> Reading {
        Reading { outcome: Outcome::Refused, cause, known, holds_domain: false }
    }

    #[test]
    fn a_refusal_for_policy_is_believed_the_second_time_and_never_while_half_are_so() {
        let mut refusals = Refusals::default();
        let policy = read(Cause::Policy, true);
        assert!(refusals.are_doubted(&policy, 1, true) && !refusals.are_doubted(&policy, 2, false));
        (0..9).for_each(|_| refusals.count(true));
        assert!(!refusals.are_many());
        refusals.count(true);
        assert!(refusals.are_many() && refusals.are_doubted(&policy, 9, false));
        assert!(!refusals.are_doubted(&read(Cause::UnknownUser, true), 1, true), "that is about the address");
        (0..11).for_each(|_| refusals.count(false));
        assert!(!refusals.are_many());
    }

    #[test]
    fn some_refusals_among_many_answers_are_no_mistake_of_ours() {
        let mut refusals = Refusals::default();
        (0..1000).for_each(|n| refusals.count(n % 3 == 0));
        assert!(!refusals.are_many());
    }

    #[test]
    fn a_filter_is_the_recipients_own_only_where_its_words_are_known() {
        assert!(is_about_us(&read(Cause::Filtered, false)) && !is_about_us(&read(Cause::Filtered, true)));
    }

    #[test]
    fn a_full_mailbox_is_asked_six_times() {
        let refusals = Refusals::default();
        let asked = (1..9).take_while(|attempt| refusals.are_doubted(&read(Cause::MailboxFull, true), *attempt, false));
        assert_eq!(asked.count() + 1, 6);
    }
}
