//! Taking a picture of the machine for observers.

use super::lane::Lane;
use super::machine::Machine;
use crate::forecast::Subject;
use crate::outcome::Cause;
use crate::report::{LaneView, QueueHealth, Snapshot};
use crate::time::Instant;

/// Takes a picture of the machine.
#[must_use]
pub fn snapshot(machine: &Machine, now: Instant) -> Snapshot {
    let lanes: Vec<LaneView> = (0..machine.lanes().len()).map(|at| view(machine, at, now)).collect();
    let full = |(since, remedy): &(Instant, String)| QueueHealth::Full { since: *since, remedy: remedy.clone() };
    Snapshot {
        queue: machine.full().map_or(QueueHealth::Well, full),
        at: now,
        waiting: machine.waiting() as u64,
        unsettled: machine.unsettled() as u64,
        forecast: machine.forecast(&Subject::All, now),
        unresolved: machine.unresolved(),
        routes_down: machine.routes_down(),
        blocked: blocked(machine),
        learned: machine.lessons(),
        lanes,
        unrecognised: Vec::new(),
    }
}

fn view(machine: &Machine, at: usize, now: Instant) -> LaneView {
    let lane = &machine.lanes()[at];
    let counts = lane.counts.clone();
    LaneView {
        carrier: lane.carrier.clone(),
        via: lane.via.clone(),
        accepted: counts.accepted,
        deferred: counts.deferred,
        bounced: counts.bounced,
        dropped: counts.dropped,
        in_doubt: counts.in_doubt,
        resent: counts.resent,
        waiting: machine.lane_waiting(at) as u64,
        later: later(machine, at, now) as u64,
        sessions: u32::try_from(lane.talks.len()).unwrap_or(u32::MAX),
        window: lane.congestion.window(),
        rate: lane.congestion.rate(),
        sessions_opened: counts.sessions,
        refused: counts.refused,
        tls_failures: counts.tls_failures,
        paused: lane.paused,
        limit: machine.limits.get(&lane.carrier).copied(),
        alarm: alarm(lane),
        heard: Vec::new(),
        held_until: Some(lane.congestion.held_until()).filter(|until| *until > now),
    }
}

/// How many mails wait for a time of their own, counted as [`Machine::lane_waiting`] counts.
fn later(machine: &Machine, at: usize, now: Instant) -> usize {
    let group = &machine.groups[machine.lanes()[at].group];
    let sites = if group.lanes.first() == Some(&at) { &group.sites[..] } else { &[] };
    sites.iter().map(|site| machine.sites[*site].queue.later(now)).sum()
}

/// The domains none of whose lanes takes more than trial mails.
fn blocked(machine: &Machine) -> Vec<String> {
    let is_stopped = |lane: &Lane| lane.paused || matches!(alarm(lane), Some(Cause::Blocked | Cause::Policy));
    let waits = |site: usize| {
        let group = &machine.groups[machine.sites[site].group];
        group.lanes.iter().all(|lane| is_stopped(&machine.lanes()[*lane]))
    };
    machine.atlas.homes().filter(|(_, site)| waits(*site)).map(|(domain, _)| domain.to_owned()).collect()
}

fn alarm(lane: &Lane) -> Option<Cause> {
    // The carrier is left alone for these as for a block; who is to act is another.
    let ours = lane.refusals.are_many().then_some(Cause::Policy);
    let blocked = ours.or_else(|| lane.congestion.is_blocked().then_some(Cause::Blocked));
    blocked.or_else(|| lane.congestion.has_many_unknown().then_some(Cause::UnknownUser))
}
