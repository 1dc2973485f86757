//! What a carrier tolerates, as configured: ceilings, start values and waits.

use std::sync::Arc;

use crate::time::Span;
pub use crate::trust::TlsPolicy;
use crate::trust::{TlsVersion, Trusted};

/// The limits and waits of one lane. Every number is a hard ceiling, never exceeded whatever is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Most sessions open at once.
    pub sessions_max: u32,
    /// Sessions to begin with, before anything is learned.
    pub sessions_start: u32,
    /// Mails under way at once before anything is learned: what a first overrun may cost.
    pub flight_start: u32,
    /// Most mails a second; `None` has no ceiling.
    pub mails_per_second_max: Option<f64>,
    /// Mails that may leave at once when nothing was sent before.
    pub burst_mails: u32,
    /// Most mails on one connection; then it is closed in order.
    pub mails_per_session_max: u32,
    /// Most new connections a minute; `None` has no ceiling.
    pub connects_per_minute_max: Option<u32>,
    /// How long an idle session is kept open.
    pub idle: Span,
    /// Whether to encrypt.
    pub tls: TlsPolicy,
    /// The oldest version of TLS that counts as encryption.
    pub tls_min: TlsVersion,
    /// Whom to trust where `tls` is [`TlsPolicy::Pinned`].
    pub trusted: Arc<Trusted>,
    /// How long to wait for each answer, for mails that must arrive now: those with a deadline or above routine.
    pub timeouts: Timeouts,
    /// How long to wait for each answer, for all other mails.
    pub timeouts_routine: Timeouts,
    /// Attempts after which a mail that was deferred each time expires; `None` means that only its own time ends it.
    pub attempts_max: Option<u32>,
    /// Ceilings over all our addresses together; the others count for each address.
    pub total: Totals,
    /// How often a mail in doubt is sent again (with the same Message-ID), at growing intervals, before it settles as unknown:
    /// so many copies more than one a recipient may get, at most.
    pub in_doubt_resends_max: u32,
}

/// Ceilings of a carrier over all our addresses; `None` has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Most sessions open at once.
    pub sessions_max: Option<u32>,
    /// Most mails a second.
    pub mails_per_second_max: Option<f64>,
    /// Most new connections a minute.
    pub connects_per_minute_max: Option<u32>,
}

/// The part of every ceiling that this program may use where several send to the same carriers: together they stay under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    place: u32,
    of: u32,
}

impl Share {
    /// All of it.
    pub const WHOLE: Share = Share { place: 0, of: 1 };
    /// Nothing: all sessions end.
    pub const NOTHING: Share = Share { place: u32::MAX - 1, of: u32::MAX };

    /// The part of the `place`-th of `of` programs, counted from 0; a place beyond the last is taken as the last.
    #[must_use]
    pub fn new(place: u32, of: u32) -> Share {
        let of = of.max(1);
        Share { place: place.min(of - 1), of }
    }

    /// Among how many programs.
    #[must_use]
    pub(crate) fn among(self) -> u32 {
        self.of
    }

    /// What this program may use of a policy; `None` where a ceiling is too low to leave it anything.
    #[must_use]
    pub fn of(self, policy: &Policy) -> Option<Policy> {
        if self.of == 1 {
            return Some(policy.clone());
        }
        let rate = policy.mails_per_second_max.map(|most| most / f64::from(self.of));
        let sessions = self.part(policy.sessions_max);
        // Where mails are paced, each program needs one mail of the burst.
        let burst = if rate.is_some() { self.part(policy.burst_mails) } else { policy.burst_mails };
        let connects = policy.connects_per_minute_max.map(|most| self.part(most));
        if sessions == 0 || (burst == 0 && rate.is_some()) || connects == Some(0) {
            return None;
        }
        Some(Policy {
            sessions_max: sessions,
            sessions_start: self.part(policy.sessions_start).clamp(1, sessions),
            flight_start: self.part(policy.flight_start).max(1),
            mails_per_second_max: rate,
            burst_mails: burst,
            connects_per_minute_max: connects,
            ..policy.clone()
        })
    }

    /// What is indivisible goes to those that come first.
    fn part(self, whole: u32) -> u32 {
        whole / self.of + u32::from(self.place < whole % self.of)
    }
}

impl Policy {
    /// Among how many programs its ceilings can be parted so that each has something of all of them.
    #[must_use]
    pub fn bears(&self) -> u32 {
        let burst = self.mails_per_second_max.map_or(u32::MAX, |_| self.burst_mails);
        self.sessions_max.min(burst).min(self.connects_per_minute_max.unwrap_or(u32::MAX)).max(1)
    }
}

/// How long to wait for each answer, after RFC 5321 §4.5.3.2 and shortened for mails that must arrive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP connection (the RFC has none; hosts give up after about two minutes).
    pub connect: Span,
    /// The 220 (RFC: 5 min).
    pub greeting: Span,
    /// EHLO, STARTTLS, RSET (RFC: 5 min).
    pub command: Span,
    /// MAIL and RCPT (RFC: 5 min).
    pub envelope: Span,
    /// DATA (RFC: 2 min).
    pub data: Span,
    /// The answer to the content (RFC: 10 min); cutting it short risks a second copy.
    pub content: Span,
}

impl Timeouts {
    /// The waits of RFC 5321 §4.5.3.2.
    pub const RFC: Timeouts = Timeouts {
        connect: Span::from_secs(60),
        greeting: Span::from_secs(300),
        command: Span::from_secs(300),
        envelope: Span::from_secs(300),
        data: Span::from_secs(120),
        content: Span::from_secs(600),
    };
    /// For mails that must arrive within minutes: another host may answer sooner.
    pub const URGENT: Timeouts = Timeouts {
        connect: Span::from_secs(5),
        greeting: Span::from_secs(10),
        command: Span::from_secs(10),
        envelope: Span::from_secs(20),
        data: Span::from_secs(20),
        content: Span::from_secs(60),
    };
}

impl Default for Policy {
    /// For a carrier of which nothing is known.
    fn default() -> Self {
        Policy {
            sessions_max: 20,
            sessions_start: 4,
            flight_start: 4,
            mails_per_second_max: None,
            burst_mails: 20,
            mails_per_session_max: 100,
            connects_per_minute_max: None,
            idle: Span::from_secs(5),
            tls: TlsPolicy::Opportunistic,
            tls_min: TlsVersion::V1_2,
            trusted: Arc::default(),
            timeouts: Timeouts::URGENT,
            timeouts_routine: Timeouts::RFC,
            attempts_max: None,
            total: Totals::default(),
            in_doubt_resends_max: 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_shares_of_all_programs_together_never_exceed_a_ceiling_and_leave_nothing_of_it_unused(
            (sessions_max, burst_mails, connects) in (1_u32..40, 1_u32..40, 1_u32..40),
            of in 1_u32..9,
        ) {
            let whole = Policy {
                sessions_max,
                burst_mails,
                connects_per_minute_max: Some(connects),
                mails_per_second_max: Some(7.0),
                ..Policy::default()
            };
            let parts: Vec<Option<Policy>> = (0..of).map(|place| Share::new(place, of).of(&whole)).collect();
            prop_assert_eq!(of <= whole.bears(), parts.iter().all(Option::is_some));
            let parts: Vec<Policy> = parts.into_iter().flatten().collect();
            let sum = |ceiling: fn(&Policy) -> u32| parts.iter().map(ceiling).sum::<u32>();
            let sums = (sum(|it| it.sessions_max), sum(|it| it.burst_mails), sum(|it| it.connects_per_minute_max.unwrap()));
            if of <= whole.bears() {
                prop_assert_eq!(sums, (sessions_max, burst_mails, connects));
            } else {
                prop_assert!(sums.0 <= sessions_max && sums.1 <= burst_mails && sums.2 <= connects);
            }
            let rates: f64 = parts.iter().filter_map(|it| it.mails_per_second_max).sum();
            prop_assert!(rates <= 7.0 + 1e-9, "{}", rates);
        }
    }

    #[test]
    fn who_has_nothing_of_a_ceiling_uses_no_carrier() {
        assert_eq!(Share::NOTHING.of(&Policy::default()), None);
    }
}
