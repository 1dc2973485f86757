//! A carrier with its lanes: one for each way that leads to it, all of them drawing from the same sites' queues.

use super::health::Relay;
use super::lane::{Group, Lane};
use super::machine::Machine;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::event::Action;
use crate::message::MailId;
use crate::policy::{Policy, Share};
use crate::route::{self, RelayRoute, WhenDown};
use crate::time::Instant;
use crate::via::Via;

/// A way to a carrier.
pub(super) struct Way {
    via: Via,
    policy: Policy,
    /// Our name on it, if it has one of its own.
    helo: Option<String>,
    relay: Option<RelayRoute>,
    /// Whether the carrier's totals leave nothing to it.
    closed: bool,
}

impl Machine {
    /// Finds a carrier's group, or makes it with a lane for each way.
    pub(super) fn group(&mut self, carrier: &Carrier, now: Instant, actions: &mut Vec<Action>) -> usize {
        if let Some(at) = self.group_names.get(carrier) {
            return *at;
        }
        let at = self.groups.len();
        self.groups.push(Group { carrier: carrier.clone(), lanes: Vec::new(), sites: Vec::new() });
        self.group_names.insert(carrier.clone(), at);
        self.arrange(at, now, actions);
        at
    }

    /// Brings a carrier's lanes up to the tables: those that are there go on with their new limits, new ones are made, and
    /// by those that no table names any more nothing goes.
    pub(super) fn arrange(&mut self, group: usize, now: Instant, actions: &mut Vec<Action>) {
        let carrier = self.groups[group].carrier.clone();
        let ways = self.ways_to(&carrier);
        let among = direct(&ways);
        for at in self.groups[group].lanes.clone() {
            let lane = &mut self.lanes[at];
            lane.closed = !ways.iter().any(|way| way.via == lane.via);
        }
        for way in ways {
            let known = self.groups[group].lanes.iter().copied().find(|at| self.lanes[*at].via == way.via);
            let at = match known {
                Some(at) => {
                    let helo = way.helo.clone().unwrap_or_else(|| self.settings.helo.clone());
                    self.lanes[at].take(way, helo);
                    at
                }
                None => {
                    let lane = self.new_lane((group, &carrier), (way, among), now);
                    self.groups[group].lanes.push(self.lanes.len());
                    self.lanes.push(lane);
                    self.lanes.len() - 1
                }
            };
            let lane = &self.lanes[at];
            actions.push(Action::Gate(lane.name.clone(), Box::new(lane.policy.clone())));
        }
        self.wake_group(group);
    }

    /// The ways that lead to a carrier, each with its limits and its name in EHLO: its relays, and its MX hosts unless its
    /// mails wait for a relay that is down.
    pub(super) fn ways_to(&self, carrier: &Carrier) -> Vec<Way> {
        let mut ways = self.configured_ways_to(carrier);
        for way in &mut ways {
            match self.share.of(&way.policy) {
                Some(policy) => way.policy = policy,
                None => way.closed = true,
            }
        }
        let open = ways.iter().filter(|way| !way.closed).count().max(1);
        if let Some(most) = self.limits.get(carrier) {
            // Each way gets its share, so that all together never exceed it.
            let share = most / open as f64;
            for policy in ways.iter_mut().map(|way| &mut way.policy) {
                policy.mails_per_second_max = Some(policy.mails_per_second_max.map_or(share, |rate| rate.min(share)));
                policy.burst_mails = policy.burst_mails.min(1);
            }
        }
        ways
    }

    fn configured_ways_to(&self, carrier: &Carrier) -> Vec<Way> {
        let settings = &self.settings;
        let mut ways = Vec::new();
        for route in settings.routes.iter().filter(|route| route.serves(carrier)) {
            let (via, policy) = (Via::Relay(route.name.clone()), route.lane_policy());
            ways.push(Way { via, policy, helo: None, relay: Some(route.clone()), closed: false });
        }
        if !ways.is_empty() && ways.iter().filter_map(|way| way.relay.as_ref()).all(|r| r.when_down == WhenDown::Wait) {
            return ways;
        }
        let policy = settings.policies.get(carrier).unwrap_or(&settings.default_policy);
        let sources: Vec<_> = settings.sources.iter().filter(|source| source.serves(carrier)).collect();
        let (used, share) = route::share(policy, sources.len().max(1));
        for (place, source) in sources.iter().enumerate() {
            let (via, policy) = (Via::Source(source.address), source.limits.under(&share));
            ways.push(Way { via, policy, helo: source.helo.clone(), relay: None, closed: place >= used });
        }
        if sources.is_empty() {
            ways.push(Way { via: Via::Direct, policy: share, helo: None, relay: None, closed: false });
        }
        ways
    }

    /// A lane as it would begin, beside how many that lead to the carrier's MX hosts, itself one of them or not.
    pub(super) fn new_lane(
        &self,
        (group, carrier): (usize, &Carrier),
        (way, direct): (Way, usize),
        now: Instant,
    ) -> Lane {
        let style = self.settings.table.row(carrier).map(|row| row.address_style).unwrap_or_default();
        let proven: Option<AddressStyle> = self.kept(&format!("style/{}", way.via.lane_name(carrier)));
        let helo = way.helo.unwrap_or_else(|| self.settings.helo.clone());
        let mut lane = Lane::new((group, carrier.clone()), way.via, way.policy, (helo, proven.unwrap_or(style)));
        lane.closed = way.closed;
        lane.relay = way.relay.map(Relay::new);
        lane.paused = self.paused.contains(carrier);
        if let Some(learned) = self.kept(&format!("lane/{}", lane.name)) {
            lane.congestion.remember(learned, now);
        }
        self.teach_new(&mut lane, direct, now);
        lane
    }

    /// Every lane of a carrier is to be looked at: something waits that any of them may take.
    pub(super) fn wake_group(&mut self, group: usize) {
        self.dirty.extend(self.groups[group].lanes.iter().copied());
    }

    /// Lets a carrier have at most so many mails a second over all ways, whatever is configured; `None` ends that. Tables that are
    /// read again leave it in force: an operator had a reason.
    pub(super) fn limit(&mut self, carrier: Carrier, most: Option<f64>, now: Instant, actions: &mut Vec<Action>) {
        let at = self.group_names.get(&carrier).copied();
        match most {
            Some(most) => self.limits.insert(carrier, most),
            None => self.limits.remove(&carrier),
        };
        if let Some(at) = at {
            self.arrange(at, now, actions);
        }
    }

    /// Takes another part of every configured ceiling; what an operator lets a carrier have is not parted.
    pub(super) fn set_share(&mut self, share: Share, now: Instant, actions: &mut Vec<Action>) {
        if std::mem::replace(&mut self.share, share) != share {
            for group in 0..self.groups.len() {
                self.arrange(group, now, actions);
            }
            self.part_lessons(now);
        }
    }

    /// Takes new limits for a carrier's lanes. A relay is no part of the carrier: it keeps the limits of its route.
    pub(super) fn set_policy(&mut self, carrier: Carrier, policy: Policy, now: Instant, actions: &mut Vec<Action>) {
        let at = self.group_names.get(&carrier).copied();
        self.settings.policies.insert(carrier, policy);
        if let Some(at) = at {
            self.arrange(at, now, actions);
        }
    }

    /// Stops a carrier's lanes or lets them go on.
    pub(super) fn pause(&mut self, carrier: Carrier, paused: bool) {
        if let Some(at) = self.group_names.get(&carrier).copied() {
            for lane in self.groups[at].lanes.clone() {
                self.lanes[lane].paused = paused;
                if paused {
                    // What a session has not begun is given back.
                    let mails: Vec<MailId> = self.lanes[lane]
                        .talks
                        .values()
                        .flat_map(|talk| talk.assigned.iter())
                        .map(|(_, mail)| mail)
                        .collect();
                    mails.into_iter().for_each(|mail| self.recall(mail));
                }
            }
            self.wake_group(at);
        }
        if paused {
            self.paused.insert(carrier);
        } else {
            self.paused.remove(&carrier);
        }
    }
}

/// How many of these ways lead to the carrier's MX hosts.
pub(super) fn direct(ways: &[Way]) -> usize {
    ways.iter().filter(|way| way.relay.is_none() && !way.closed).count()
}

impl Lane {
    /// Takes what a new table says of its way. Conversations with a relay that is another one now end in order.
    fn take(&mut self, way: Way, helo: String) {
        self.closed = way.closed;
        self.helo = helo;
        self.set_policy(way.policy);
        if self.relay.as_ref().map(|relay| &relay.route) != way.relay.as_ref() {
            self.relay = way.relay.map(Relay::new);
            self.talks.values_mut().for_each(|talk| talk.finishing = true);
        }
    }
}
