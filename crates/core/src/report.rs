//! What an observer may know: lanes, counts and a forecast, without a single address.

use std::collections::BTreeMap;

use crate::carrier::Carrier;
use crate::engine::Machine;
use crate::forecast::{self, Forecast};
use crate::outcome::Cause;
use crate::time::Instant;

/// One lane as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneView {
    /// Whose lane.
    pub carrier: Carrier,
    /// Mails accepted since the engine opened.
    pub accepted: u64,
    /// Mails deferred at least once.
    pub deferred: u64,
    /// Mails refused for good, by cause.
    pub bounced: BTreeMap<Cause, u64>,
    /// Mails that expired, were cancelled or are unknown.
    pub dropped: u64,
    /// Attempts that ended in doubt.
    pub in_doubt: u64,
    /// Attempts that repeated one in doubt.
    pub resent: u64,
    /// Mails that wait or are under way.
    pub waiting: u64,
    /// Sessions open now.
    pub sessions: u32,
    /// Sessions that may be open now.
    pub window: u32,
    /// Mails a second that may leave now; `None` has no limit.
    pub rate: Option<f64>,
    /// Sessions opened since the engine opened.
    pub sessions_opened: u64,
    /// Refusals for pace.
    pub refused: u64,
    /// Whether an operator stopped it.
    pub paused: bool,
    /// Until when nothing departs because the carrier was busy.
    pub held_until: Option<Instant>,
}

/// Everything at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When.
    pub at: Instant,
    /// The lanes, in the order in which they came to be.
    pub lanes: Vec<LaneView>,
    /// Mails that wait or are under way anywhere.
    pub waiting: u64,
    /// Attempts that are registered and not durable as ended.
    pub unsettled: u64,
    /// When what waits will have been accepted.
    pub forecast: Forecast,
}

/// Takes a picture of the machine.
#[must_use]
pub fn snapshot(machine: &Machine, began: Instant, now: Instant) -> Snapshot {
    let lanes: Vec<LaneView> = (0..machine.lanes().len()).map(|at| view(machine, at, now)).collect();
    let progress = lanes.iter().map(|lane| forecast::Progress {
        carrier: lane.carrier.clone(),
        done: lane.accepted + lane.bounced.values().sum::<u64>() + lane.dropped,
        waiting: lane.waiting,
        rate_max: lane.rate,
    });
    Snapshot {
        at: now,
        waiting: machine.waiting() as u64,
        unsettled: machine.unsettled() as u64,
        forecast: forecast::forecast(progress, now.since(began)),
        lanes,
    }
}

fn view(machine: &Machine, at: usize, now: Instant) -> LaneView {
    let lane = &machine.lanes()[at];
    let counts = lane.counts.clone();
    LaneView {
        carrier: lane.carrier.clone(),
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
