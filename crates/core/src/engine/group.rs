//! A carrier with its lanes: one for each way that leads to it, all of them drawing from the same sites' queues.

use super::health::Relay;
use super::lane::{Group, Lane};
use super::machine::Machine;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::event::Action;
use crate::policy::Policy;
use crate::route::{self, RelayRoute, WhenDown};
use crate::via::Via;

impl Machine {
    /// Finds a carrier's group, or makes it with a lane for each way.
    pub(super) fn group(&mut self, carrier: &Carrier, actions: &mut Vec<Action>) -> usize {
        if let Some(at) = self.group_names.get(carrier) {
            return *at;
        }
        let policy = self.settings.policies.get(carrier).unwrap_or(&self.settings.default_policy).clone();
        let routes: Vec<RelayRoute> =
            self.settings.routes.iter().filter(|route| route.serves(carrier)).cloned().collect();
        let to_mx = routes.is_empty() || routes.iter().any(|route| route.when_down == WhenDown::Mx);
        let mut ways: Vec<(Via, Policy, Option<String>)> = Vec::new();
        let sources = self.settings.sources.iter().filter(|source| source.serves(carrier)).count();
        let (used, own) = route::share(&policy, sources);
        for source in self.settings.sources.iter().filter(|source| source.serves(carrier)) {
            ways.push((Via::Source(source.address), source.limits.under(&own), source.helo.clone()));
        }
        if ways.is_empty() {
            ways.push((Via::Direct, policy, None));
        }
        if !to_mx {
            ways.clear();
        }
        ways.extend(routes.iter().map(|route| (Via::Relay(route.name.clone()), route.policy.clone(), None)));
        let at = self.groups.len();
        self.groups.push(Group { carrier: carrier.clone(), lanes: Vec::new(), sites: Vec::new() });
        self.group_names.insert(carrier.clone(), at);
        for (place, (via, policy, helo)) in ways.into_iter().enumerate() {
            let style = self.settings.table.row(carrier).map(|row| row.address_style).unwrap_or_default();
            let proven: Option<AddressStyle> = self.kept(&format!("style/{}", via.lane_name(carrier)));
            let style = proven.unwrap_or(style);
            let helo = helo.unwrap_or_else(|| self.settings.helo.clone());
            let mut lane = Lane::new((at, carrier.clone()), via, policy, (helo, style));
            lane.surplus = lane.via.source().is_some() && place >= used;
            lane.relay =
                routes.iter().find(|route| lane.via == Via::Relay(route.name.clone())).cloned().map(Relay::new);
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
            // A relay is no part of the carrier: it keeps the limits of its route.
            let own = |lane: &usize| self.lanes[*lane].relay.is_none();
            let lanes: Vec<usize> = self.groups[at].lanes.iter().copied().filter(own).collect();
            let (used, policy) = route::share(&policy, lanes.len());
            for (place, lane) in lanes.into_iter().enumerate() {
                self.lanes[lane].surplus = place >= used;
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
