//! Whether people are being asked in earnest now: no drill begins beside it (requirement M04).

use jiff::{SignedDuration, Timestamp};

use crate::dispatch::Dispatch;
use crate::id::IncidentId;
use crate::mail::Mode;
use crate::rule::Aim;
use crate::state::State;

/// Whoever was asked longer ago is not kept from a drill, and a drill that was sent longer ago is over.
pub(crate) const RUNS: SignedDuration = SignedDuration::from_hours(24);

/// The real incident in which people wait for a safety confirmation that a bulletin called for, or were asked for one within
/// the last day; the latest of several. What a person composed is none: it may be any question.
pub(crate) fn under_way(state: &State, now: Timestamp) -> Option<IncidentId> {
    let waiting = state.waiting().map(|waiting| &waiting.proposal.draft);
    let runs = |it: &&Dispatch| !it.is_cancelled() && now.duration_since(it.record().opened) < RUNS;
    let sent = state.open_dispatches(now).rev().filter(runs).map(Dispatch::record);
    let of = sent.chain(waiting).filter(|it| it.mode == Mode::Real && it.aim == Aim::Safety && it.cause.is_some());
    let incidents = of.filter_map(|record| state.incident(state.incidents.standing(record.incident)));
    incidents.filter(|incident| incident.cancelled.is_none()).map(|incident| incident.id).next()
}
