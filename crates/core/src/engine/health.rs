//! Whether a relay answers: when it is called down, and when it is tried again.

use crate::event::HostRoute;
use crate::policy::TlsPolicy;
use crate::route::RelayRoute;
use crate::session::Why;
use crate::time::{Instant, Span};

/// How often a relay that is down is tried with a connection that carries no mail.
const TRIAL_EVERY: Span = Span::from_secs(10);
/// How often after it refused our account or did not show who it is: somebody must mend that, and many relays lock an
/// account that fails often.
const MISTAKE_TRIAL_EVERY: Span = Span::from_secs(60);
/// Failures further apart than this have nothing to do with each other.
const FORGOTTEN_AFTER: Span = Span::from_secs(300);

/// The relay of a lane.
#[derive(Clone, Debug)]
pub struct Relay {
    /// As configured.
    pub route: RelayRoute,
    /// Where it listens; empty until it was looked up.
    pub hosts: Vec<HostRoute>,
    /// When it is to be looked up again.
    pub look_up_at: Instant,
    /// Since when and why it is down.
    pub down: Option<(Instant, String)>,
    /// When it is tried next while it is down.
    pub trial_at: Instant,
    trouble: Option<(Instant, Instant)>,
}

impl Relay {
    /// A relay of which no harm is known.
    #[must_use]
    pub fn new(route: RelayRoute) -> Self {
        Relay {
            route,
            hosts: Vec::new(),
            look_up_at: Instant::EPOCH,
            down: None,
            trial_at: Instant::EPOCH,
            trouble: None,
        }
    }

    /// A mail was answered: it works.
    pub fn works(&mut self) {
        self.trouble = None;
    }

    /// A session was greeted (and logged in); says whether it had been down.
    pub fn greets(&mut self) -> bool {
        self.down.take().is_some()
    }

    /// No session was had. Says whether it is down by that: at once if that is `certain`, else when it has lasted.
    pub fn fails(&mut self, text: &str, certain: bool, now: Instant) -> bool {
        let began = match self.trouble {
            Some((began, last)) if now.since(last) < FORGOTTEN_AFTER => began,
            _ => now,
        };
        self.trouble = Some((began, now));
        let was_down = self.down.is_some();
        if certain || was_down || now.since(began) >= self.route.patience {
            let since = self.down.take().map_or(began, |(since, _)| since);
            self.down = Some((since, text.to_string()));
            self.trial_at = now + if certain { MISTAKE_TRIAL_EVERY } else { TRIAL_EVERY };
        }
        !was_down && self.down.is_some()
    }
}

/// Why a session ended, in words for an alarm, and whether the next one will certainly end so too.
#[must_use]
pub fn trouble_of(why: &Why, tls: TlsPolicy) -> Option<(String, bool)> {
    match why {
        Why::LoginRefused(text) => Some((text.clone(), true)),
        // Where it need not be encrypted, the next session goes without.
        Why::TlsFailed(error) => {
            Some((error.clone(), true)).filter(|_| matches!(tls, TlsPolicy::Required | TlsPolicy::Pinned))
        }
        Why::Refused(reply) => Some((format!("it answered {}", reply.code), false)),
        Why::Lost(error) | Why::Unreachable(error) | Why::Protocol(error) => Some((error.clone(), false)),
        Why::TimedOut => Some(("no answer in time".into(), false)),
        Why::Finished | Why::DiscardsInput | Why::PipeliningLie => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Carrier;
    use crate::policy::Policy;
    use crate::route::WhenDown;

    fn relay() -> Relay {
        Relay::new(RelayRoute {
            name: "tokutei".into(),
            host: "relay.example".into(),
            port: 25,
            carriers: vec![Carrier::new("ao")],
            policy: Policy::default(),
            login: None,
            when_down: WhenDown::Mx,
            patience: Span::from_secs(10),
        })
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + seconds * 1_000_000)
    }

    #[test]
    fn a_relay_is_down_after_it_has_failed_for_as_long_as_one_is_patient() {
        let mut relay = relay();
        assert!(!relay.fails("refused", false, at(0)) && !relay.fails("refused", false, at(9)));
        assert!(relay.fails("refused", false, at(10)));
        assert!(!relay.fails("refused", false, at(20)), "it was down already");
        assert_eq!(relay.down.as_ref().unwrap().0, at(0));
        assert!(relay.greets() && relay.down.is_none() && !relay.greets());
    }

    #[test]
    fn failures_long_apart_or_with_mails_between_them_are_nothing() {
        let mut relay = relay();
        assert!(!relay.fails("refused", false, at(0)) && !relay.fails("refused", false, at(1000)));
        relay.works();
        assert!(!relay.fails("refused", false, at(1015)));
    }

    #[test]
    fn a_refused_account_is_told_at_once_and_tried_seldom() {
        let mut relay = relay();
        assert!(relay.fails("535", true, at(0)));
        assert_eq!(relay.trial_at, at(60));
    }
}
