//! A carrier with its lanes: one for each way that leads to it, all of them drawing from the same sites' queues.

use super::lane::{Group, Lane};
use super::machine::Machine;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::event::Action;
use crate::policy::Policy;
use crate::via::Via;

impl Machine {
    /// Finds a carrier's group, or makes it with a lane for each way.
    pub(super) fn group(&mut self, carrier: &Carrier, actions: &mut Vec<Action>) -> usize {
        if let Some(at) = self.group_names.get(carrier) {
            return *at;
        }
        let policy = self.settings.policies.get(carrier).unwrap_or(&self.settings.default_policy).clone();
        let mut ways: Vec<(Via, Policy, Option<String>)> = Vec::new();
        for source in self.settings.sources.iter().filter(|source| source.serves(carrier)) {
            ways.push((Via::Source(source.address), source.limits.under(&policy), source.helo.clone()));
        }
        if ways.is_empty() {
            ways.push((Via::Direct, policy, None));
        }
        let at = self.groups.len();
        self.groups.push(Group { carrier: carrier.clone(), lanes: Vec::new(), sites: Vec::new() });
        self.group_names.insert(carrier.clone(), at);
        for (via, policy, helo) in ways {
            let style = self.settings.table.row(carrier).map(|row| row.address_style).unwrap_or_default();
            let proven: Option<AddressStyle> = self.kept(&format!("style/{}", via.lane_name(carrier)));
            let style = proven.unwrap_or(style);
            let helo = helo.unwrap_or_else(|| self.settings.helo.clone());
            let mut lane = Lane::new((at, carrier.clone()), via, policy, (helo, style));
            lane.paused = self.paused.contains(carrier);
            actions.push(Action::Gate(lane.name.clone(), Box::new(lane.policy.clone())));
            self.groups[at].lanes.push(self.lanes.len());
            self.lanes.push(lane);
        }
        at
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
