//! What follows from the end of a session: for its mails, its host, its address, and the lane's idea of the carrier's load.

use std::net::SocketAddr;

use super::machine::Machine;
use super::settle::Verdict;
use crate::congestion::Signal;
use crate::event::SessionId;
use crate::outcome::{Cause, Outcome, Stage};
use crate::session::Why;
use crate::time::{Instant, Span};
use crate::trust::Encryption;

impl Machine {
    pub(super) fn on_closed(&mut self, session: SessionId, stage: Stage, why: &Why, now: Instant) {
        let Some(lane_at) = self.talk_lanes.remove(&session) else { return };
        let lane = &mut self.lanes[lane_at];
        let Some(talk) = lane.talks.get_mut(&session) else { return };
        // Who greets, hears of no mail and closes has refused us: unless that counts as a greeting that never came, he
        // would be connected to again at once, for ever.
        if talk.ready && !talk.begun && is_of_the_server(why) {
            talk.ready = false;
            lane.fruitless = true;
            if let Some(before) = talk.reach_before {
                lane.reach.entry(talk.addr).or_insert(before);
            }
        }
        let (was_ready, host, place) = (talk.ready, talk.host.clone(), (talk.site, talk.addr));
        let untrusted = matches!(why, Why::TlsFailed(_)) && talk.demand.must_encrypt();
        let assigned = talk.assigned.take_all();
        lane.counts.tls_failures += u64::from(matches!(why, Why::TlsFailed(_)));
        let relayed = lane.relay.is_some();
        let elsewhere = if untrusted && relayed {
            false
        } else if untrusted {
            // What this site must see says nothing to sites that ask for less of the same host.
            self.atlas.doubt(place.0, now);
            self.sites[place.0].on_untrusted(&host, now)
        } else {
            lane.hosts.entry(host).or_default().on_closed(why, now);
            !was_ready && self.is_the_hosts_own(lane_at, place, stage, why, now)
        };
        let elsewhere = elsewhere || (!was_ready && self.relay_closed(lane_at, why, now));
        let signal = self.signal_of(lane_at, place, was_ready, stage, why).filter(|_| !elsewhere);
        if let Some(signal) = signal {
            self.lanes[lane_at].counts.refused += 1;
            self.lanes[lane_at].congestion.on(signal, now);
            if relayed && signal == Signal::Blocked {
                // Who stands by may have to take over.
                self.wake_group(self.lanes[lane_at].group);
            }
        }
        // The attempt for which the session was opened failed with it; the others were not begun. Where TLS failed that
        // need not be, nothing is said about the mail: the next session does without, or goes to another host. Where
        // sessions are open, there was only one too many.
        let plain_next = matches!(why, Why::TlsFailed(_)) && !untrusted;
        let one_too_many = matches!(signal, Some(Signal::NoSession { open: 1.., silent: false }));
        let mut blamed = was_ready || plain_next || elsewhere || one_too_many || *why == Why::Finished;
        for (_, mail) in assigned {
            let sent = self.flights.get(&mail).is_some_and(|flight| flight.sent);
            if sent && !core::mem::replace(&mut blamed, true) {
                let Some(flight) = self.flights.remove(&mail) else { continue };
                let verdict = self.judge_opening(lane_at, stage, why);
                self.conclude(mail, flight, verdict, (Span::ZERO, Encryption::None), now);
            } else if sent {
                self.release(mail);
            }
        }
        self.lanes[lane_at].talks.remove(&session);
        self.dirty.insert(lane_at);
    }

    /// Learns from a session that was not greeted. Says whether it is the address's own trouble: then the same attempt
    /// goes on at another address of the site (RFC 5321 §5.1), and nothing is said about the carrier or the mail.
    fn is_the_hosts_own(
        &mut self,
        lane: usize,
        (site, addr): (usize, SocketAddr),
        stage: Stage,
        why: &Why,
        now: Instant,
    ) -> bool {
        if matches!(why, Why::Unreachable(_)) {
            self.families.hold(addr, now);
        }
        let broken = matches!(why, Why::Lost(_) | Why::TimedOut | Why::Unreachable(_));
        let lane = &mut self.lanes[lane];
        let refused = matches!(why, Why::Refused(_) | Why::Protocol(_));
        // One that speaks with us on another connection does not want this one: that is about pace.
        if !(broken || refused) || lane.is_alive(addr) {
            return false;
        }
        lane.on_not_greeted(addr, stage, why, now);
        // Where the whole carrier takes nothing, its next host would only be one more to ask in vain.
        broken && !lane.congestion.takes_nothing() && lane.has_other_way(&self.sites[site], &self.families, now)
    }

    fn judge_opening(&self, lane: usize, stage: Stage, why: &Why) -> Verdict {
        let (cause, reply) = match why {
            Why::Refused(reply) => {
                let (_, cause) = self.settings.rules.classify(&self.lanes[lane].carrier, stage, reply);
                (cause, reply.shown(None))
            }
            Why::Lost(error) | Why::Unreachable(error) => (Cause::Network, error.clone()),
            Why::TimedOut => (Cause::TimedOut, "no answer in time".into()),
            Why::TlsFailed(error) => (Cause::Tls, error.clone()),
            Why::LoginRefused(error) => (Cause::Policy, error.clone()),
            Why::Protocol(error) => (Cause::Protocol, error.clone()),
            Why::Finished | Why::DiscardsInput | Why::PipeliningLie => (Cause::Protocol, String::new()),
        };
        // Whatever a greeting says, it is no verdict on a mail.
        Verdict { outcome: Outcome::Deferred, cause: Some(cause), stage, reply, reading: None }
    }

    /// What the end of a session says about the carrier's load.
    fn signal_of(
        &self,
        lane: usize,
        (site, addr): (usize, SocketAddr),
        was_ready: bool,
        stage: Stage,
        why: &Why,
    ) -> Option<Signal> {
        let lane = &self.lanes[lane];
        let open = lane.open();
        // Where only other sites' sessions are open, a host that cannot be reached is in trouble of its own, unless it
        // speaks with us for one of those sites or the whole carrier takes no more connections.
        let own = !lane.is_alive(addr) && !lane.congestion.is_on_trial();
        let astray = own && open > 0 && !lane.talks.values().any(|talk| talk.ready && lane.carries(talk, site));
        match why {
            Why::Refused(reply) => {
                let (_, cause) = self.settings.rules.classify(&lane.carrier, stage, reply);
                if cause == Cause::Blocked {
                    Some(Signal::Blocked)
                } else if was_ready {
                    // The mail that it was said to has told of it, or the carrier only ends a long session.
                    None
                } else {
                    Some(Signal::NoSession { open, silent: false })
                }
            }
            // Another session is logged in: this one more is not wanted.
            Why::LoginRefused(_) if open > 0 => Some(Signal::NoSession { open, silent: false }),
            // Without a route nothing was asked of the carrier: `Unreachable` says nothing about it.
            Why::Lost(_) | Why::TimedOut | Why::Protocol(_) if !was_ready && !astray => {
                Some(Signal::NoSession { open, silent: *why == Why::TimedOut })
            }
            _ => None,
        }
    }
}

/// Whether the server ended a session, and not for what it had promised of pipelining or encryption.
fn is_of_the_server(why: &Why) -> bool {
    matches!(why, Why::Refused(_) | Why::Lost(_) | Why::Protocol(_))
}
