//! Sites and carriers to which no domain's mail goes any more: a new one takes their place, so that a domain that names other
//! hosts each time it is asked about makes no more of them.

use super::group::direct;
use super::lane::Site;
use super::machine::Machine;
use crate::carrier::Carrier;
use crate::event::Action;
use crate::time::Instant;

/// So many are kept as they are, with what was learned there, for domains that come back.
const KEPT_MAX: usize = 16;

impl Machine {
    /// A domain's mail goes elsewhere from now on.
    pub(super) fn leave(&mut self, site: usize) {
        if !self.atlas.is_home(site) && !self.left.contains(&site) {
            self.left.push_back(site);
        }
    }

    /// A site of this carrier in place of one that was left, if there are enough of those: of the carrier itself, or of one
    /// that nobody's mail goes to. What was left first is given away first.
    pub(super) fn left_place(&mut self, carrier: &Carrier, now: Instant, actions: &mut Vec<Action>) -> Option<usize> {
        if self.left.len() <= KEPT_MAX {
            return None;
        }
        let own = self.group_names.get(carrier).copied();
        let fits = |at: &usize| match own {
            Some(own) => self.sites[*at].group == own && self.is_empty(*at),
            None => self.may_become(self.sites[*at].group, carrier),
        };
        let at = self.left.iter().copied().find(fits)?;
        let group = self.sites[at].group;
        if own.is_none() {
            self.make_over(group, carrier, now, actions);
        }
        self.left.retain(|left| *left != at);
        self.site_names.retain(|_, site| *site != at);
        self.sites[at] = Site::new(group, Vec::new());
        for lane in self.groups[group].lanes.clone() {
            self.lanes[lane].reserved.remove(&at);
        }
        Some(at)
    }

    /// Whether nothing waits at a site, is under way from it, or will come to it.
    fn is_empty(&self, site: usize) -> bool {
        let talks = self.groups[self.sites[site].group].lanes.iter().flat_map(|lane| self.lanes[*lane].talks.values());
        !self.atlas.is_home(site)
            && self.sites[site].queue.waiting() == 0
            && talks.into_iter().all(|talk| talk.site != site)
            && self.flights.values().all(|flight| flight.site != site)
    }

    /// Whether another carrier may take a group over: no table names either, and nothing is open, waits or is on its way to
    /// the disk.
    fn may_become(&self, group: usize, carrier: &Carrier) -> bool {
        let in_table = |carrier| self.settings.table.row(carrier).is_some();
        let group = &self.groups[group];
        let rests = |lane: &usize| self.lanes[*lane].talks.is_empty() && self.lanes[*lane].unsettled == 0;
        !in_table(carrier)
            && !in_table(&group.carrier)
            && group.lanes.iter().all(rests)
            && group.sites.iter().all(|site| self.is_empty(*site))
            && group.lanes.len() == self.ways_to(carrier).len()
    }

    /// Has a group be another carrier's, with lanes that begin anew.
    fn make_over(&mut self, group: usize, carrier: &Carrier, now: Instant, actions: &mut Vec<Action>) {
        let sites = &self.sites;
        self.site_names.retain(|_, site| sites[*site].group != group);
        self.group_names.retain(|_, at| *at != group);
        self.group_names.insert(carrier.clone(), group);
        self.groups[group].carrier = carrier.clone();
        let ways = self.ways_to(carrier);
        let among = direct(&ways);
        for (at, way) in self.groups[group].lanes.clone().into_iter().zip(ways) {
            let mut lane = self.new_lane((group, carrier), (way, among), now);
            // Its timer finds it by that.
            lane.wake = self.lanes[at].wake;
            actions.push(Action::Gate(lane.name.clone(), Box::new(lane.policy.clone())));
            self.lanes[at] = lane;
        }
        self.wake_group(group);
    }
}
