//! The moments of a profile: what is in force now, computed once for every stretch between two changes.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::profile::{CarrierProfile, DnsFailure, DnsProfile};
use crate::settings::{Limits, Manner, Overrun};

/// The clock that all moments are counted by; it starts with the first connection.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    begun: OnceLock<Instant>,
}

impl Clock {
    /// Starts the clock unless it runs.
    pub(crate) fn begin(&self, now: Instant) {
        self.begun.get_or_init(|| now);
    }

    fn elapsed(&self, now: Instant) -> Duration {
        self.begun.get().map_or(Duration::ZERO, |begun| now.saturating_duration_since(*begun))
    }
}

/// What is in force during one stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct Stretch<T> {
    from: Duration,
    value: T,
}

/// Values that follow each other at given moments.
#[derive(Clone, Debug)]
pub(crate) struct Moments<T>(Vec<Stretch<T>>);

impl<T> Moments<T> {
    pub(crate) fn now(&self, clock: &Clock, now: Instant) -> &T {
        let elapsed = clock.elapsed(now);
        let after = self.0.partition_point(|stretch| stretch.from <= elapsed);
        &self.0[after.max(1) - 1].value
    }

    pub(crate) fn any(&self, holds: impl Fn(&T) -> bool) -> bool {
        self.0.iter().any(|stretch| holds(&stretch.value))
    }
}

/// A carrier's terms in one stretch.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) overrun: Overrun,
    /// One for each host, in the profile's order.
    pub(crate) manners: Vec<Manner>,
}

/// Lays out a carrier's terms over time.
pub(crate) fn terms(profile: &CarrierProfile) -> Moments<Terms> {
    let mut common = profile.manner;
    let mut own: Vec<Manner> = profile.hosts.iter().map(|host| host.manner).collect();
    let (mut limits, mut overrun) = (profile.limits, profile.overrun);
    let manners = |common: &Manner, own: &[Manner]| own.iter().map(|m| common.overlaid(m)).collect();
    let mut stretches =
        vec![Stretch { from: Duration::ZERO, value: Terms { limits, overrun, manners: manners(&common, &own) } }];
    for change in &profile.changes {
        limits = limits.overlaid(&change.limits);
        overrun = overrun.overlaid(&change.overrun);
        match &change.host {
            None => common = common.overlaid(&change.manner),
            Some(name) => {
                for (host, manner) in profile.hosts.iter().zip(&mut own) {
                    if host.name == *name {
                        *manner = manner.overlaid(&change.manner);
                    }
                }
            }
        }
        stretches.push(Stretch {
            from: millis(change.at_s * 1000.0),
            value: Terms { limits, overrun, manners: manners(&common, &own) },
        });
    }
    Moments(stretches)
}

/// Lays out how the name server fails over time.
pub(crate) fn dns_failures(profile: &DnsProfile) -> Moments<DnsFailure> {
    let first = Stretch { from: Duration::ZERO, value: profile.fail };
    let later = profile.changes.iter().map(|change| Stretch { from: millis(change.at_s * 1000.0), value: change.fail });
    Moments(std::iter::once(first).chain(later).collect())
}

/// A span of time from milliseconds, at most a day: nothing here is meant to last longer.
pub(crate) fn millis(ms: f64) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(DAY).min(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_waits_for_the_first_connection() {
        let profile = Profile::parse(
            r#"
            [[carrier]]
            name = "c"
            domains = ["c.example"]
            limits = { sessions = 8, mails_per_second = 100 }
            manner = { rtt_ms = 10, service_ms = 1 }
            [[carrier.host]]
            name = "mx1.c.example"
            [[carrier.host]]
            name = "mx2.c.example"
            manner = { rtt_ms = 30 }
            [[carrier.change]]
            at_s = 5
            limits = { mails_per_second = 25 }
            manner = { rtt_ms = 20 }
            [[carrier.change]]
            at_s = 7
            host = "mx2.c.example"
            manner = { down = true }
            "#,
        )
        .unwrap();
        let terms = terms(&profile.carriers[0]);
        let (clock, start) = (Clock::default(), Instant::now());
        let rate = |clock: &Clock, s| {
            let limits = terms.now(clock, start + Duration::from_secs(s)).limits;
            (limits.sessions, limits.mails_per_second)
        };
        assert_eq!(rate(&clock, 100), (Some(8), Some(100.0)));
        clock.begin(start);
        assert_eq!(rate(&clock, 4), (Some(8), Some(100.0)));
        assert_eq!(rate(&clock, 5), (Some(8), Some(25.0)));
        let late = terms.now(&clock, start + Duration::from_secs(8));
        assert_eq!(late.manners[0].rtt_ms, Some(20.0));
        assert_eq!(late.manners[1].rtt_ms, Some(30.0), "a host's own manner outranks its carrier's");
        assert_eq!((late.manners[0].down, late.manners[1].down), (None, Some(true)));
        assert_eq!(late.manners[1].service_ms, Some(1.0));
    }

    #[test]
    fn the_name_server_fails_between_its_moments() {
        let text = "[[dns.change]]\nat_s = 3\nfail = \"servfail\"\n[[dns.change]]\nat_s = 6\nfail = \"none\"\n\
             [[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n[[carrier.host]]\nname = \"mx.c.example\"";
        let failures = dns_failures(&Profile::parse(text).unwrap().dns);
        let (clock, start) = (Clock::default(), Instant::now());
        clock.begin(start);
        let at = |s| *failures.now(&clock, start + Duration::from_secs(s));
        let seen = [at(0), at(3), at(5), at(6)];
        assert_eq!(seen, [DnsFailure::None, DnsFailure::Servfail, DnsFailure::Servfail, DnsFailure::None]);
    }
}
