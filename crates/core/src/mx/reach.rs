//! Which address of a site to connect to, from what is remembered of each address and of the two families.

use std::net::SocketAddr;

use crate::time::{Instant, Span};

/// First and longest time for which an address that failed is left alone while another one can be tried.
const HOLD: (Span, Span) = (Span::from_secs(1), Span::from_secs(300));
/// First such time for one that did not answer at all: each try costs the whole time-out.
const SILENT_HOLD: Span = Span::from_secs(20);
/// First and longest time when there is no other one: a carrier that recovers is noticed within seconds.
const LAST_RESORT: (Span, Span) = (Span::from_millis(500), Span::from_secs(2));
/// The longest such time for a host that answers and does not speak as it must.
const MISTAKEN_RESORT_MAX: Span = Span::from_secs(20);
/// For how long a family is left alone after the system had no route for it.
const FAMILY_HOLD: Span = Span::from_secs(300);
/// For how long the other family is preferred after a connection could not be made.
const FAMILY_DOUBT: Span = Span::from_secs(600);

/// What is remembered of one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Failures since it last greeted us.
    fails: u32,
    failed_at: Instant,
    failure: Failure,
}

/// How an address failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// It refused, or broke the connection, or there was no route.
    #[default]
    Refused,
    /// The time for it ran out.
    Silent,
    /// It answered, and not as it must: no TLS where TLS is required, no SMTP.
    Mistaken,
}

impl Reach {
    /// It could not be reached or did not greet us.
    pub fn failed(&mut self, failure: Failure, now: Instant) {
        *self = Reach { fails: self.fails.saturating_add(1), failed_at: now, failure };
    }

    /// Whether it has failed since it last greeted us: then one try at a time is enough.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.fails > 0
    }

    /// Until when it is left alone while there is another one.
    fn held_until(&self) -> Instant {
        let first = if self.failure == Failure::Silent { SILENT_HOLD } else { HOLD.0 };
        self.until(first, HOLD.1)
    }

    /// When it may be tried although it failed, because there is no other one.
    fn last_resort_at(&self) -> Instant {
        let most = if self.failure == Failure::Mistaken { MISTAKEN_RESORT_MAX } else { LAST_RESORT.1 };
        self.until(LAST_RESORT.0, most)
    }

    fn until(&self, first: Span, most: Span) -> Instant {
        match self.fails {
            0 => Instant::EPOCH,
            fails => self.failed_at + first.saturating_mul(1 << (fails - 1).min(10)).min(most),
        }
    }
}

/// What is known of IPv4 and IPv6 on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families {
    v4: Family,
    v6: Family,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Family {
    /// The system had no route: not tried until then.
    held_until: Instant,
    /// A connection could not be made: the other one is preferred until then.
    doubted_until: Instant,
}

impl Families {
    fn of(&self, addr: SocketAddr) -> &Family {
        if addr.is_ipv4() { &self.v4 } else { &self.v6 }
    }

    fn of_mut(&mut self, addr: SocketAddr) -> &mut Family {
        if addr.is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }

    /// A connection of this family was made.
    pub fn worked(&mut self, addr: SocketAddr) {
        *self.of_mut(addr) = Family::default();
    }

    /// A connection of this family was not answered.
    pub fn doubt(&mut self, addr: SocketAddr, now: Instant) {
        self.of_mut(addr).doubted_until = now + FAMILY_DOUBT;
    }

    /// The system has no route for this family: as good as certain that the next connection will not have one either.
    pub fn hold(&mut self, addr: SocketAddr, now: Instant) {
        self.of_mut(addr).held_until = now + FAMILY_HOLD;
    }
}

/// One address that could be tried.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Which host of the caller's list, in the order to try.
    pub host: usize,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What is remembered of it.
    pub reach: Reach,
    /// Whether a session is being opened there that was not greeted yet.
    pub opening: bool,
}

/// Chooses where to connect: hosts in their order, within one the addresses in turn (`turn` counts them), what has not
/// failed before what has, the family that works before the other. `machine` knows of routes, `lane` of this carrier.
///
/// Only if nothing is left is an address tried that failed a moment ago or whose family has no route.
///
/// # Errors
/// The instant at which the first of them may be tried; `Instant::NEVER` if that depends on a session being opened.
pub fn choose(
    candidates: &[Candidate],
    machine: &Families,
    lane: &Families,
    turn: usize,
    now: Instant,
) -> Result<Candidate, Instant> {
    let waits = |c: &Candidate| c.reach.is_doubtful() && c.opening;
    let good = |c: &&Candidate| !waits(c) && c.reach.held_until() <= now && machine.of(c.addr).held_until <= now;
    let rank = |c: &Candidate, place: usize| {
        let doubted = lane.of(c.addr).doubted_until > now;
        (
            c.host,
            c.reach.is_doubtful(),
            doubted,
            (place + candidates.len() - turn % candidates.len()) % candidates.len(),
        )
    };
    let mut best: Option<(_, &Candidate)> = None;
    for (place, candidate) in candidates.iter().enumerate().filter(|(_, c)| good(c)) {
        let rank = rank(candidate, place);
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, candidate));
        }
    }
    if let Some((_, candidate)) = best {
        return Ok(*candidate);
    }
    let open = || candidates.iter().filter(|c| !waits(c));
    let due = open().min_by_key(|c| (machine.of(c.addr).held_until > now, c.reach.last_resort_at()));
    match due {
        Some(c) if c.reach.last_resort_at() <= now => Ok(*c),
        // The first by this order, not the first of all: a family without a route is always "due".
        Some(c) => Err(c.reach.last_resort_at()),
        None => Err(Instant::NEVER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000_000_000 + ms * 1000)
    }

    fn v4(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 25))
    }

    fn v6(n: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 25))
    }

    fn fresh(host: usize, addr: SocketAddr) -> Candidate {
        Candidate { host, addr, reach: Reach::default(), opening: false }
    }

    fn failed(host: usize, addr: SocketAddr, times: u32, silent: bool, when: Instant) -> Candidate {
        let mut reach = Reach::default();
        let failure = if silent { Failure::Silent } else { Failure::Refused };
        (0..times).for_each(|_| reach.failed(failure, when));
        Candidate { host, addr, reach, opening: false }
    }

    fn chosen(candidates: &[Candidate], machine: &Families, lane: &Families, now: Instant) -> Vec<SocketAddr> {
        (0..candidates.len()).map(|turn| choose(candidates, machine, lane, turn, now).unwrap().addr).collect()
    }

    #[test]
    fn addresses_of_a_host_take_turns() {
        let all = [fresh(0, v4(1)), fresh(0, v4(2)), fresh(0, v6(1)), fresh(1, v4(9))];
        let seen = chosen(&all, &Families::default(), &Families::default(), at(0));
        assert!([v4(1), v4(2), v6(1)].iter().all(|addr| seen.contains(addr)) && !seen.contains(&v4(9)), "{seen:?}");
    }

    #[test]
    fn a_family_without_a_route_is_left_alone_for_minutes_and_then_tried_once_more() {
        let all = [fresh(0, v6(1)), fresh(0, v4(1)), fresh(1, v6(2)), fresh(1, v4(2))];
        let mut machine = Families::default();
        machine.hold(v6(1), at(0));
        let lane = Families::default();
        assert!(chosen(&all, &machine, &lane, at(1)).iter().all(SocketAddr::is_ipv4));
        assert!(chosen(&all, &machine, &lane, at(299_000)).iter().all(SocketAddr::is_ipv4));
        assert!(chosen(&all, &machine, &lane, at(300_001)).iter().any(SocketAddr::is_ipv6));
        // A host that has nothing else is tried all the same, so that its mail ends with the reason.
        assert_eq!(choose(&all[..1], &machine, &lane, 0, at(1)).unwrap().addr, v6(1));
    }

    #[test]
    fn after_an_unanswered_connection_the_other_family_goes_first_until_this_one_works() {
        let all = [fresh(0, v6(1)), fresh(0, v4(1))];
        let (machine, mut lane) = (Families::default(), Families::default());
        lane.doubt(v6(9), at(0));
        assert_eq!(chosen(&all, &machine, &lane, at(1)), [v4(1), v4(1)]);
        lane.worked(v6(9));
        assert!(chosen(&all, &machine, &lane, at(2)).contains(&v6(1)));
    }

    #[test]
    fn a_silent_host_is_left_alone_while_another_answers_and_alone_it_is_tried_every_two_seconds() {
        let all = [failed(0, v4(1), 3, true, at(0)), fresh(1, v4(2))];
        let none = Families::default();
        assert!(chosen(&all, &none, &none, at(79_000)).iter().all(|addr| *addr == v4(2)));
        assert_eq!(choose(&all, &none, &none, 0, at(80_001)).unwrap().addr, v4(1));
        assert_eq!(choose(&all[..1], &none, &none, 0, at(1)).unwrap_err(), at(2000));
        assert!(choose(&all[..1], &none, &none, 0, at(2000)).is_ok());
    }

    #[test]
    fn what_has_failed_is_tried_by_one_session_at_a_time() {
        let mut alone = failed(0, v4(1), 1, false, at(0));
        alone.opening = true;
        let none = Families::default();
        assert_eq!(choose(&[alone], &none, &none, 0, at(60_000)).unwrap_err(), Instant::NEVER);
        assert_eq!(choose(&[alone, fresh(1, v4(2))], &none, &none, 0, at(60_000)).unwrap().addr, v4(2));
    }

    proptest! {
        #[test]
        fn the_site_is_never_held_while_one_of_its_addresses_has_not_failed(
            fails in prop::collection::vec((0u32..5, any::<bool>(), any::<bool>(), any::<bool>(), 0u64..400_000), 1..12),
            turn in any::<usize>(), no_v6: bool, now in 0u64..400_000,
        ) {
            let mut machine = Families::default();
            if no_v6 {
                machine.hold(v6(0), at(0));
            }
            let candidates: Vec<Candidate> = fails.iter().enumerate().map(|(n, (times, silent, six, opening, when))| {
                let addr = if *six { v6(n as u16) } else { v4(n as u8) };
                Candidate { opening: *opening, ..failed(n / 3, addr, *times, *silent, at(*when)) }
            }).collect();
            let got = choose(&candidates, &machine, &Families::default(), turn, at(now));
            let usable = |c: &Candidate| !c.reach.is_doubtful() && (c.addr.is_ipv4() || !no_v6 || now > 300_000);
            if candidates.iter().any(usable) {
                prop_assert!(got.is_ok());
            }
            match got {
                Ok(c) => prop_assert!(c.reach.last_resort_at() <= at(now) && !(c.opening && c.reach.is_doubtful())),
                Err(until) => prop_assert!(until > at(now)),
            }
        }
    }
}
