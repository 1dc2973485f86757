//! Who may connect: a bound on all conversations, on those of one source, and on how fast one source comes back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Within this time new connections of a source are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateLimits {
    /// At once, from anywhere.
    pub at_once: usize,
    /// At once, from one source: an IPv4 address, or a /64 of IPv6.
    pub at_once_of_one: usize,
    /// New ones of one source in a minute.
    pub per_minute_of_one: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        GateLimits { at_once: 256, at_once_of_one: 16, per_minute_of_one: 240 }
    }
}

/// Counts connections. It knows no more sources than are connected or came within a minute, and of these no more than
/// four times as many as may be connected.
#[derive(Debug)]
pub struct Gate {
    limits: GateLimits,
    open: usize,
    sources: HashMap<IpAddr, Source>,
}

#[derive(Debug)]
struct Source {
    open: usize,
    /// New ones in the window that began at `since`.
    new: usize,
    since: Duration,
}

impl Gate {
    /// Nobody is connected.
    #[must_use]
    pub fn new(limits: GateLimits) -> Self {
        Gate { limits, open: 0, sources: HashMap::new() }
    }

    /// Whether a connection from there may begin at `now`; if so it is counted until [`Gate::left`].
    pub fn enter(&mut self, from: IpAddr, now: Duration) -> bool {
        if self.open >= self.limits.at_once {
            return false;
        }
        if self.sources.len() >= 4 * self.limits.at_once {
            self.sources.retain(|_, source| source.open > 0 || now.saturating_sub(source.since) < WINDOW);
        }
        let from = network(from);
        if self.sources.len() >= 4 * self.limits.at_once && !self.sources.contains_key(&from) {
            // Rather forget who came lately than grow, or keep a carrier out for others' sake.
            self.sources.retain(|_, source| source.open > 0);
        }
        let source = self.sources.entry(from).or_insert(Source { open: 0, new: 0, since: now });
        if now.saturating_sub(source.since) >= WINDOW {
            (source.new, source.since) = (0, now);
        }
        if source.open >= self.limits.at_once_of_one || source.new >= self.limits.per_minute_of_one {
            return false;
        }
        source.open += 1;
        source.new += 1;
        self.open += 1;
        true
    }

    /// A connection that was counted is over.
    pub fn left(&mut self, from: IpAddr) {
        if let Some(source) = self.sources.get_mut(&network(from)) {
            source.open = source.open.saturating_sub(1);
            self.open = self.open.saturating_sub(1);
        }
    }

    /// How many are connected.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }
}

/// What counts as one source.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() >> 64 << 64).into()),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: GateLimits = GateLimits { at_once: 4, at_once_of_one: 2, per_minute_of_one: 5 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_keeps_no_other_out_and_all_together_are_bounded() {
        let mut gate = Gate::new(LIMITS);
        let [one, two, three] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(ip);
        assert_eq!([0, 1, 2].map(|_| gate.enter(one, at(1))), [true, true, false]);
        assert!(gate.enter(two, at(1)) && gate.enter(ip("::ffff:192.0.2.2"), at(1)));
        assert!(!gate.enter(three, at(1)), "four are connected");
        gate.left(one);
        assert!(gate.enter(three, at(1)));
        assert_eq!(gate.open(), 4);
    }

    #[test]
    fn who_comes_back_too_often_waits_a_minute_and_a_whole_network_of_ipv6_is_one() {
        let mut gate = Gate::new(LIMITS);
        let mut knock = |last: u16, now| {
            let from = ip(&format!("2001:db8::{last:x}"));
            let may = gate.enter(from, at(now));
            if may {
                gate.left(from);
            }
            may
        };
        assert_eq!((1..=6).filter(|last| knock(*last, 10)).count(), 5);
        assert!(!knock(7, 69) && knock(8, 70));
    }

    #[test]
    fn a_hundred_thousand_sources_leave_no_more_than_a_bounded_trace() {
        let mut gate = Gate::new(LIMITS);
        for number in 0..100_000_u32 {
            let from = IpAddr::V4(number.into());
            assert!(gate.enter(from, at(1)));
            gate.left(from);
            assert!(gate.sources.len() <= 16);
        }
    }
}
