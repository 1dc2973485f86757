//! For how long an answer of the name service holds, when it is renewed, and what of it is kept across restarts.

use super::HostRoute;
use crate::carrier::Carrier;
use crate::time::{Instant, Span};

/// Bounds of the time for which hosts and addresses hold: a TTL of zero does not make a question of every mail, and a
/// mistake with a long TTL does not last for a week.
const HOLDS: (Span, Span) = (Span::from_secs(60), Span::from_secs(86_400));
/// The same for "no such domain" (RFC 2308 §5 advises one to three hours at most).
const DENIAL_HOLDS: (Span, Span) = (Span::from_secs(60), Span::from_secs(3600));
/// Where a "no" came without the record that says for how long.
const DENIAL_UNSAID: Span = Span::from_secs(300);
/// A route in use is renewed when this share of its time is left.
const RENEWED_BEFORE: u32 = 10;
/// But not sooner after its answer, so that short TTLs of many domains do not keep the name service busy.
const RENEWED_MIN: Span = Span::from_secs(300);
/// First and longest wait before a domain is asked about again after the name service failed.
const RETRY: (Span, Span) = (Span::from_secs(1), Span::from_secs(30));

/// How long mail waits for a new answer before an old one is used (the client response timer of RFC 8767 §5, shorter).
pub const STALE_AFTER: Span = Span::from_millis(500);
/// A domain is in use, so that its route is renewed unasked, if it had mail within this time.
pub const IN_USE: Span = Span::from_secs(7 * 86_400);
/// That a domain does not exist which did a moment ago is believed when it has been said for this long: a name service
/// that errs must not bounce everybody's mail.
pub const DENIAL_CONFIRMED: Span = Span::from_secs(600);
/// Domains of which the last good route is kept across restarts, at most.
pub const KEPT_MAX: usize = 10_000;
/// What was answered longer ago than this is no longer used.
const KEPT_AGE_MAX: Span = Span::from_secs(30 * 86_400);
/// A route that has not changed is written anew after this time.
pub const REWRITTEN: Span = Span::from_secs(3600);

/// Present form of what is kept: a version byte, then postcard.
const KEPT_V1: u8 = 1;
/// What the names of kept routes begin with.
pub const KEPT_PREFIX: &str = "mx/";

/// The last good route of a domain, as it is kept across restarts under [`kept_name`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// The lane it was in.
    pub carrier: Carrier,
    /// The site it was in.
    pub site: String,
    /// The hosts.
    pub hosts: Vec<HostRoute>,
    /// When the name service said so.
    pub answered: Instant,
    /// Until when that held.
    pub valid_until: Instant,
    /// When the domain last had mail.
    pub used: Instant,
}

impl Kept {
    /// Reads what was kept; nothing where a later program wrote it.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Kept> {
        match bytes.split_first() {
            Some((&KEPT_V1, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }

    /// Whether it may still be used.
    #[must_use]
    pub fn is_fresh_enough(&self, now: Instant) -> bool {
        now.since(self.answered) <= KEPT_AGE_MAX
    }
}

/// The name under which a domain's last good route is kept.
#[must_use]
pub fn kept_name(domain: &str) -> String {
    format!("{KEPT_PREFIX}{domain}")
}

/// For how long hosts and addresses with this TTL hold.
#[must_use]
pub fn holds(ttl: Span) -> Span {
    ttl.clamp(HOLDS.0, HOLDS.1)
}

/// For how long a "no" holds; the TTL is the lower of the SOA's own and its minimum (RFC 2308 §5).
#[must_use]
pub fn denial_holds(ttl: Option<Span>) -> Span {
    ttl.unwrap_or(DENIAL_UNSAID).clamp(DENIAL_HOLDS.0, DENIAL_HOLDS.1)
}

/// When a route in use is asked for again: shortly before it ends.
#[must_use]
pub fn renewal(answered: Instant, valid_until: Instant) -> Instant {
    let early = valid_until.since(answered) / RENEWED_BEFORE;
    (valid_until - early).max(answered + RENEWED_MIN)
}

/// How long to wait after so many questions in a row without an answer.
#[must_use]
pub fn retry_wait(fails: u32) -> Span {
    RETRY.0.saturating_mul(1 << fails.saturating_sub(1).min(5)).min(RETRY.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(secs: u64) -> Span {
        Span::from_secs(secs)
    }

    #[test]
    fn a_ttl_is_honoured_between_a_minute_and_a_day() {
        assert_eq!((holds(secs(0)), holds(secs(300)), holds(secs(900_000))), (secs(60), secs(300), secs(86_400)));
        assert_eq!(denial_holds(None), secs(300));
        assert_eq!((denial_holds(Some(secs(1))), denial_holds(Some(secs(86_400)))), (secs(60), secs(3600)));
    }

    #[test]
    fn the_name_service_is_asked_again_within_seconds_and_then_every_half_minute() {
        let waits: Vec<u64> = (1..9).map(|fails| retry_wait(fails).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn what_was_answered_a_month_ago_is_not_used() {
        let answered = Instant::from_micros(1_000_000_000);
        let kept = Kept {
            carrier: Carrier::new("c"),
            site: "s".into(),
            hosts: Vec::new(),
            answered,
            valid_until: answered,
            used: answered,
        };
        assert!(
            kept.is_fresh_enough(answered + KEPT_AGE_MAX) && !kept.is_fresh_enough(answered + KEPT_AGE_MAX + secs(1))
        );
    }

    proptest! {
        #[test]
        fn a_route_is_renewed_before_it_ends_unless_it_holds_for_less_than_five_minutes(ttl in 0u64..1_000_000) {
            let answered = Instant::from_micros(1_000_000_000_000_000);
            let valid_until = answered + holds(secs(ttl));
            let at = renewal(answered, valid_until);
            prop_assert!(at >= answered + RENEWED_MIN);
            prop_assert!(at < valid_until || at == answered + RENEWED_MIN);
        }
    }
}
