//! Relays of carriers: which lanes are open now, looking relays up, and trying one that is down.

use std::net::SocketAddr;

use super::health::{Relay, trouble_of};
use super::lane::{Lane, Talk};
use super::machine::Machine;
use crate::event::{Action, HostRoute, SessionId};
use crate::report::RouteTrouble;
use crate::session::Why;
use crate::time::{Instant, Span};
use crate::trust::{Demand, Published};

/// How long after a failed look-up of a relay's name the next one is made.
const LOOK_UP_AGAIN: Span = Span::from_secs(5);

impl Machine {
    /// Whether mails may go by this lane now: a relay that is not down, and MX hosts where no relay works.
    pub(super) fn is_open(&self, lane: usize) -> bool {
        let lanes = self.groups[self.lanes[lane].group].lanes.iter().map(|at| &self.lanes[*at]);
        is_open(&self.lanes[lane], lanes)
    }

    /// Looks a relay up when its addresses have grown old, and tries it while it is down; returns when to look again.
    pub(super) fn tend_relay(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        let closed = self.lanes[lane].closed;
        let Some(relay) = self.lanes[lane].relay.as_mut().filter(|_| !closed) else { return Instant::NEVER };
        if relay.look_up_at <= now {
            // Until the answer comes; without one it is asked again.
            relay.look_up_at = now + LOOK_UP_AGAIN.saturating_mul(4);
            let (host, port) = (relay.route.host.clone(), relay.route.port);
            actions.push(Action::FindRelay { relay: relay.route.name.clone(), host, port });
        }
        let wake = relay.look_up_at;
        if relay.down.is_none() {
            return wake;
        }
        if relay.trial_at > now {
            return wake.min(relay.trial_at);
        }
        if self.lanes[lane].paused {
            return wake;
        }
        if self.lanes[lane].talks.is_empty() {
            self.try_relay(lane, now, actions);
        }
        // A trial that was not made is made later; one that is under way tells how it ended.
        let trial_at = self.lanes[lane].relay.as_ref().map_or(Instant::NEVER, |relay| relay.trial_at);
        if trial_at > now { wake.min(trial_at) } else { wake }
    }

    /// Opens a session that carries no mail.
    fn try_relay(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) {
        let Some(site) = self.groups[self.lanes[lane].group].sites.first().copied() else { return };
        let draw = self.draw();
        let pick = |n: usize| (draw % n.max(1) as u64) as usize;
        let chosen = self.lanes[lane].choose_host(&mut self.sites[site], &self.families, now, pick);
        // A trial is a connection like any other: no ceiling is passed for it.
        let may_connect = self.lanes[lane].may_connect(now);
        match chosen.and_then(|place| if may_connect <= now { Ok(place) } else { Err(may_connect) }) {
            Ok((host, addr)) => {
                let session = self.new_talk(lane, Talk::new(site, host, addr), now);
                self.open((lane, session), true, now, actions);
            }
            Err(until) => {
                if let Some(relay) = &mut self.lanes[lane].relay {
                    relay.trial_at = until.max(now + Span::from_secs(1)).min(now + LOOK_UP_AGAIN);
                }
            }
        }
    }

    /// Asks for a session that was decided upon to be opened.
    pub(super) fn open(
        &mut self,
        (lane, session): (usize, SessionId),
        hurry: bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let lane = &mut self.lanes[lane];
        let Some(talk) = lane.talks.get_mut(&session) else { return };
        talk.opened = true;
        let (host, addr) = (talk.host.clone(), talk.addr);
        // What a domain publishes is about its own hosts; a relay's policy alone says what the relay must show.
        let published = match lane.relay {
            Some(_) => Published::Nothing,
            None => self.sites[talk.site].published(&host),
        };
        talk.demand = Demand::of(lane.policy.tls, &lane.policy.trusted, &published);
        let demand = talk.demand.clone();
        let manner = Box::new(lane.manner(&host, demand, hurry, now));
        let (carrier, gate, via) = (lane.carrier.clone(), lane.name.clone(), lane.via.clone());
        actions.push(Action::Open { session, carrier, gate, via, host, addr, manner });
    }

    /// A relay was looked up.
    pub(super) fn on_relay_found(
        &mut self,
        name: &str,
        found: &Result<Vec<SocketAddr>, String>,
        until: Instant,
        now: Instant,
    ) {
        for at in 0..self.lanes.len() {
            let Some(relay) = self.lanes[at].relay.as_mut().filter(|relay| relay.route.name == name) else { continue };
            match found {
                Ok(addrs) => {
                    relay.look_up_at = until;
                    relay.hosts = vec![HostRoute {
                        name: relay.route.host.clone(),
                        preference: 0,
                        addrs: addrs.clone(),
                        published: Published::Nothing,
                    }];
                }
                Err(why) => {
                    relay.look_up_at = now + LOOK_UP_AGAIN;
                    // What is known of it goes on being used while the name service is down.
                    if relay.hosts.is_empty() {
                        self.relay_failed(at, why, false, now);
                    }
                }
            }
            self.dirty.insert(at);
        }
    }

    /// A session of a lane ended before it was greeted. Says whether its relay is down by that: then nothing is said about
    /// the mail, which goes another way, or waits until the relay is up.
    pub(super) fn relay_closed(&mut self, lane: usize, why: &Why, now: Instant) -> bool {
        let Some((text, certain)) = trouble_of(why, self.lanes[lane].policy.tls) else { return false };
        // One that speaks with us on another connection is not down, whatever it says of our account on this one.
        if self.lanes[lane].relay.is_none() || self.lanes[lane].open() > 0 {
            return false;
        }
        self.relay_failed(lane, &text, certain, now);
        !self.is_open(lane)
    }

    /// Something failed at a relay; where that makes it down, the lanes behind it are looked at.
    fn relay_failed(&mut self, lane: usize, why: &str, certain: bool, now: Instant) {
        if self.lanes[lane].relay.as_mut().is_some_and(|relay| relay.fails(why, certain, now)) {
            if let Some(trouble) = self.trouble_at(lane) {
                tracing::warn!("{trouble}");
            }
            self.wake_group(self.lanes[lane].group);
        }
    }

    /// A session of a lane was greeted: what took over from its relay hands back.
    pub(super) fn relay_greets(&mut self, lane: usize) {
        if self.lanes[lane].relay.as_mut().is_some_and(Relay::greets) {
            tracing::info!("route {} is up again", self.lanes[lane].name);
            self.wake_group(self.lanes[lane].group);
        }
    }

    /// Relays that are down now.
    #[must_use]
    pub fn routes_down(&self) -> Vec<RouteTrouble> {
        (0..self.lanes.len()).filter_map(|at| self.trouble_at(at)).collect()
    }

    fn trouble_at(&self, at: usize) -> Option<RouteTrouble> {
        let lane = self.lanes.get(at).filter(|lane| !lane.closed)?;
        let relay = lane.relay.as_ref()?;
        let (since, why) = relay.down.clone()?;
        let goes_round = self.groups[lane.group].lanes.iter().any(|other| self.is_open(*other));
        Some(RouteTrouble {
            carrier: lane.carrier.clone(),
            route: relay.route.name.clone(),
            relay: format!("{}:{}", relay.route.host, relay.route.port),
            since,
            why,
            goes_round,
        })
    }
}

/// Whether mails may go by a lane now, among all lanes of its carrier.
pub(super) fn is_open<'a>(lane: &Lane, mut all: impl Iterator<Item = &'a Lane>) -> bool {
    match &lane.relay {
        _ if lane.closed => false,
        Some(relay) => relay.down.is_none(),
        None => !all.any(|other| {
            !other.closed
                && other.relay.as_ref().is_some_and(|relay| relay.down.is_none())
                && !other.congestion.is_blocked()
        }),
    }
}
