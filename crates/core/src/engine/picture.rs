//! Taking a picture of the machine for observers.

use super::machine::Machine;
use crate::forecast;
use crate::report::{LaneView, QueueHealth, Snapshot};
use crate::time::Instant;

/// Takes a picture of the machine.
#[must_use]
pub fn snapshot(machine: &Machine, began: Instant, now: Instant) -> Snapshot {
    let lanes: Vec<LaneView> = (0..machine.lanes().len()).map(|at| view(machine, at, now)).collect();
    let mut progress: Vec<forecast::Progress> = Vec::new();
    for lane in &lanes {
        let done = lane.accepted + lane.bounced.values().sum::<u64>() + lane.dropped;
        match progress.iter_mut().find(|known| known.carrier == lane.carrier) {
            // What waits for a carrier goes by all its lanes.
            Some(known) => {
                known.done += done;
                known.waiting += lane.waiting;
                known.rate_max = known.rate_max.zip(lane.rate).map(|(one, other)| one + other);
            }
            None => progress.push(forecast::Progress {
                carrier: lane.carrier.clone(),
                done,
                waiting: lane.waiting,
                rate_max: lane.rate,
            }),
        }
    }
    let full = |(since, remedy): &(Instant, String)| QueueHealth::Full { since: *since, remedy: remedy.clone() };
    Snapshot {
        queue: machine.full().map_or(QueueHealth::Well, full),
        at: now,
        waiting: machine.waiting() as u64,
        unsettled: machine.unsettled() as u64,
        forecast: forecast::forecast(progress, now.since(began)),
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
        sessions: u32::try_from(lane.talks.len()).unwrap_or(u32::MAX),
        window: lane.congestion.window(),
        rate: lane.congestion.rate(),
        sessions_opened: counts.sessions,
        refused: counts.refused,
        paused: lane.paused,
        held_until: Some(lane.congestion.held_until()).filter(|until| *until > now),
    }
}
