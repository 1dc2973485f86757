//! A domain that keeps us out by its own rules while its carrier's other domains take our mail: only its mails wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::time::{Instant, Span};

/// First and longest time for which a domain's mails wait.
const WAIT: (Span, Span) = (Span::from_secs(10), Span::from_secs(300));
/// How long the others wait for what becomes of the one mail that goes to see.
const TRIAL: Span = Span::from_secs(10);

/// One domain's wait.
#[derive(Clone, Copy, Debug)]
struct Hold {
    wait: Span,
    since: Instant,
    until: Instant,
}

/// The domains of a site that keep us out.
#[derive(Clone, Debug, Default)]
pub struct Holds(BTreeMap<Arc<str>, Hold>);

impl Holds {
    /// A domain refused a mail for its own rules. Refusals of what was under way do not lengthen the wait.
    pub fn on_barred(&mut self, domain: &Arc<str>, now: Instant) {
        let hold = self.0.entry(domain.clone());
        let hold = hold
            .and_modify(|hold| {
                if now.since(hold.since) >= hold.wait {
                    hold.wait = (hold.wait * 2).min(WAIT.1);
                    hold.since = now;
                }
            })
            .or_insert(Hold { wait: WAIT.0, since: now, until: now });
        hold.until = hold.until.max(hold.since + hold.wait);
    }

    /// A domain took a mail.
    pub fn on_taken(&mut self, domain: &str) {
        self.0.remove(domain);
    }

    /// Until when a domain's mails wait. When its time has come one mail may go, and the others wait for what becomes of it.
    pub fn ask(&mut self, domain: &str, now: Instant) -> Option<Instant> {
        let hold = self.0.get_mut(domain)?;
        if hold.until > now {
            return Some(hold.until);
        }
        hold.until = now + TRIAL;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_domain_waits_ever_longer_and_lets_one_mail_through_to_see() {
        let (mut holds, tenant) = (Holds::default(), Arc::from("tenant.example"));
        assert_eq!(holds.ask("tenant.example", at(0)), None);
        holds.on_barred(&tenant, at(0));
        holds.on_barred(&tenant, at(1));
        assert_eq!((holds.ask("tenant.example", at(2)), holds.ask("other.example", at(2))), (Some(at(10)), None));
        assert_eq!(holds.ask("tenant.example", at(10)), None, "one goes to see");
        assert_eq!(holds.ask("tenant.example", at(10)), Some(at(20)));
        holds.on_barred(&tenant, at(11));
        assert_eq!(holds.ask("tenant.example", at(12)), Some(at(31)));
        holds.on_taken("tenant.example");
        assert_eq!(holds.ask("tenant.example", at(13)), None);
    }
}
