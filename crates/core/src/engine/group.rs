//! A carrier with its lanes: one for each way that leads to it, all of them drawing from the same sites' queues.

use super::lane::{Group, Lane};
use super::machine::Machine;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::event::Action;
use crate::policy::Policy;
use crate::time::Instant;
use crate::via::Via;

/// A way to a carrier, its limits, and our name on it if it has one of its own.
pub(super) type Way = (Via, Policy, Option<String>);

impl Machine {
    /// Finds a carrier's group, or makes it with a lane for each way.
    pub(super) fn group(&mut self, carrier: &Carrier, now: Instant, actions: &mut Vec<Action>) -> usize {
        if let Some(at) = self.group_names.get(carrier) {
            return *at;
        }
        let at = self.groups.len();
        self.groups.push(Group { carrier: carrier.clone(), lanes: Vec::new(), sites: Vec::new() });
        self.group_names.insert(carrier.clone(), at);
        for way in self.ways_to(carrier) {
            let lane = self.new_lane((at, carrier), way, now);
            actions.push(Action::Gate(lane.name.clone(), Box::new(lane.policy.clone())));
            self.groups[at].lanes.push(self.lanes.len());
            self.lanes.push(lane);
        }
        at
    }

    /// The ways that lead to a carrier, each with its limits and its name in EHLO.
    pub(super) fn ways_to(&self, carrier: &Carrier) -> Vec<Way> {
        let policy = self.settings.policies.get(carrier).unwrap_or(&self.settings.default_policy).clone();
        let mut ways: Vec<Way> = Vec::new();
        for source in self.settings.sources.iter().filter(|source| source.serves(carrier)) {
            ways.push((Via::Source(source.address), source.limits.under(&policy), source.helo.clone()));
        }
        if ways.is_empty() {
            ways.push((Via::Direct, policy, None));
        }
        ways
    }

    /// A lane as it would begin.
    pub(super) fn new_lane(&self, (group, carrier): (usize, &Carrier), (via, policy, helo): Way, now: Instant) -> Lane {
        let style = self.settings.table.row(carrier).map(|row| row.address_style).unwrap_or_default();
        let proven: Option<AddressStyle> = self.kept(&format!("style/{}", via.lane_name(carrier)));
        let helo = helo.unwrap_or_else(|| self.settings.helo.clone());
        let mut lane = Lane::new((group, carrier.clone()), via, policy, (helo, proven.unwrap_or(style)));
        lane.paused = self.paused.contains(carrier);
        if let Some(learned) = self.kept(&format!("lane/{}", lane.name)) {
            lane.congestion.remember(learned, now);
        }
        lane
    }

    /// Every lane of a carrier is to be looked at: something waits that any of them may take.
    pub(super) fn wake_group(&mut self, group: usize) {
        self.dirty.extend(self.groups[group].lanes.iter().copied());
    }

    /// Takes new limits for a carrier's lanes.
    pub(super) fn set_policy(&mut self, carrier: &Carrier, policy: Policy, actions: &mut Vec<Action>) {
        if let Some(at) = self.group_names.get(carrier).copied() {
            for lane in self.groups[at].lanes.clone() {
                let source = self.lanes[lane].via.source();
                let limits = self
                    .settings
                    .sources
                    .iter()
                    .find(|s| Some(s.address) == source && s.serves(carrier))
                    .map(|s| &s.limits);
                let own = limits.map_or_else(|| policy.clone(), |limits| limits.under(&policy));
                actions.push(Action::Gate(self.lanes[lane].name.clone(), Box::new(own.clone())));
                self.lanes[lane].set_policy(own);
            }
            self.wake_group(at);
        }
        self.settings.policies.insert(carrier.clone(), policy);
    }

    /// Stops a carrier's lanes or lets them go on.
    pub(super) fn pause(&mut self, carrier: Carrier, paused: bool) {
        if let Some(at) = self.group_names.get(&carrier).copied() {
            for lane in self.groups[at].lanes.clone() {
                self.lanes[lane].paused = paused;
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
