//! Relays of carriers: which lanes are open now, looking relays up, and trying one that is down.

use std::net::SocketAddr;

use super::health;
use super::lane::Talk;
use super::machine::Machine;
use crate::event::{Action, HostRoute, SessionId};
use crate::report::Alarm;
use crate::session::Why;
use crate::time::{Instant, Span};

/// How long after a failed look-up of a relay's name the next one is made.
const LOOK_UP_AGAIN: Span = Span::from_secs(5);

impl Machine {
    /// Whether mails may go by this lane now: a relay that is not down, and MX hosts where no relay is up.
    pub(super) fn is_open(&self, lane: usize) -> bool {
        if let Some(relay) = &self.lanes[lane].relay {
            return relay.down.is_none();
        }
        if self.lanes[lane].surplus {
            return false;
        }
        let mut relays =
            self.groups[self.lanes[lane].group].lanes.iter().filter_map(|at| self.lanes[*at].relay.as_ref());
        relays.all(|relay| relay.down.is_some())
    }

    /// Looks a relay up when its addresses have grown old, and tries it while it is down; returns when to look again.
    pub(super) fn tend_relay(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        let Some(relay) = &mut self.lanes[lane].relay else { return Instant::NEVER };
        if relay.look_up_at <= now {
            // Until the answer comes; without one it is asked again.
            relay.look_up_at = now + LOOK_UP_AGAIN.saturating_mul(4);
            actions.push(Action::FindRelay(relay.route.name.clone()));
        }
        let wake = relay.look_up_at;
        if relay.down.is_none() {
            return wake;
        }
        if relay.trial_at > now {
            return wake.min(relay.trial_at);
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
        let Ok((host, addr)) = self.lanes[lane].choose_host(&mut self.sites[site], now, pick) else {
            return self.relay_failed(lane, "no host of it can be tried", false, now);
        };
        let session = self.new_talk(lane, Talk::new(site, host, addr), now);
        self.open((lane, session), true, now, actions);
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
        let manner = Box::new(lane.manner(&host, hurry, now));
        let (carrier, gate, source) = (lane.carrier.clone(), lane.name.clone(), lane.via.source());
        actions.push(Action::Open { session, carrier, gate, source, host, addr, manner });
    }

    /// A relay was looked up.
    pub(super) fn on_relay_found(
        &mut self,
        name: &str,
        found: Result<Vec<SocketAddr>, String>,
        until: Instant,
        now: Instant,
    ) {
        for at in 0..self.lanes.len() {
            let Some(relay) = self.lanes[at].relay.as_mut().filter(|relay| relay.route.name == name) else { continue };
            match &found {
                Ok(addrs) => {
                    relay.look_up_at = until;
                    relay.hosts =
                        vec![HostRoute { name: relay.route.host.clone(), preference: 0, addrs: addrs.clone() }];
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

    /// A session of a relay's lane ended.
    pub(super) fn relay_closed(&mut self, lane: usize, why: &Why, now: Instant) {
        if let Some((text, login)) = health::trouble_of(why) {
            self.relay_failed(lane, &text, login, now);
        }
    }

    /// Something failed at a relay; where that makes it down, the lanes behind it are looked at.
    pub(super) fn relay_failed(&mut self, lane: usize, why: &str, login: bool, now: Instant) {
        let Some(relay) = &mut self.lanes[lane].relay else { return };
        if relay.fails(why, login, now) {
            self.wake_group(self.lanes[lane].group);
        }
    }

    /// A session of a relay's lane was greeted: what it took over from goes on there.
    pub(super) fn relay_greets(&mut self, lane: usize) {
        if self.lanes[lane].relay.as_mut().is_some_and(|relay| relay.greets()) {
            self.wake_group(self.lanes[lane].group);
        }
    }

    /// What an operator must know of now.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let alarm = |lane: &super::lane::Lane| {
            let behind = self.groups[lane.group].lanes.iter().any(|at| self.lanes[*at].relay.is_none());
            let (since, text) = lane.relay.as_ref()?.alarm(behind)?;
            Some(Alarm { lane: lane.name.to_string(), since, text })
        };
        self.lanes.iter().filter_map(alarm).collect()
    }
}
