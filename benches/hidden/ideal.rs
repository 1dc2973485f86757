//! What a profile's carrier would have taken from somebody who knows all its limits: the formulas in the profiles,
//! summed up in steps so that changes in mid-run count.

use hikyaku_mock::{CarrierProfile, Limits, Manner, Overrun};

/// One step, in seconds.
const STEP: f64 = 0.01;
/// Sessions that the engine may open of its own.
const SESSIONS_MAX: u32 = 20;
/// Mails that it sends in a session of its own.
const TURN_MAX: u32 = 100;

/// How many mails are taken by when: at each step, from the first mail on.
pub fn course(carrier: &CarrierProfile, mails: usize) -> Vec<(f64, f64)> {
    let rtt = carrier.manner.rtt_ms.unwrap_or(0.0) / 1000.0;
    let mut at = 2.5 * rtt;
    // Each address has the limits to itself; one is as the carrier is to everybody.
    let own: Vec<Limits> = carrier.sources.iter().map(|from| from.limits).chain([Limits::default()]).collect();
    let burst = |own: &Limits, all: &Limits| f64::from(own.burst.or(all.burst).unwrap_or(1));
    let mut taken = 0.0;
    let mut tokens: Vec<f64> = own.iter().map(|own| burst(own, &carrier.limits)).collect();
    let mut course = vec![(0.0, 0.0), (at, 0.0)];
    while taken < mails as f64 {
        let (limits, manner, _) = terms(carrier, at);
        for (own, tokens) in own.iter().zip(&mut tokens) {
            let mut now = by_sessions(&limits, &manner) * STEP;
            if let Some(rate) = own.mails_per_second.or(limits.mails_per_second) {
                *tokens = (*tokens + rate * STEP).min(burst(own, &limits));
                now = now.min(*tokens);
                *tokens -= now;
            }
            taken += now;
        }
        at += STEP;
        course.push((at, taken.min(mails as f64)));
    }
    course
}

/// The time for all mails; whoever punishes does it once.
pub fn seconds(carrier: &CarrierProfile, mails: usize) -> f64 {
    let last = course(carrier, mails).last().map_or(0.0, |(at, _)| *at);
    last + carrier.overrun.punish_s.unwrap_or(0.0)
}

/// Mails a second that it takes at a moment, for as long as one likes.
pub fn a_second(carrier: &CarrierProfile, at: f64) -> f64 {
    let (limits, manner, _) = terms(carrier, at);
    by_sessions(&limits, &manner).min(limits.mails_per_second.unwrap_or(f64::INFINITY))
}

/// Limits and manner at a moment.
fn terms(carrier: &CarrierProfile, at: f64) -> (Limits, Manner, Overrun) {
    let mut terms = (carrier.limits, carrier.manner, carrier.overrun);
    for change in carrier.changes.iter().filter(|change| change.at_s <= at) {
        let new = &change.limits;
        terms.0.sessions = new.sessions.or(terms.0.sessions);
        terms.0.mails_per_second = new.mails_per_second.or(terms.0.mails_per_second);
        terms.0.burst = new.burst.or(terms.0.burst);
        terms.0.mails_per_session = new.mails_per_session.or(terms.0.mails_per_session);
    }
    terms
}

/// Mails a second of the best number of sessions.
fn by_sessions(limits: &Limits, manner: &Manner) -> f64 {
    let rtt = manner.rtt_ms.unwrap_or(0.0) / 1000.0;
    let turn = f64::from(limits.mails_per_session.unwrap_or(TURN_MAX).min(TURN_MAX));
    let greeted = 1.0 / (1.0 - manner.greet_421_share.unwrap_or(0.0));
    let of = |sessions: u32| {
        let beyond = sessions.saturating_sub(manner.load_sessions.unwrap_or(u32::MAX));
        let service = manner.service_ms.unwrap_or(0.0) + f64::from(beyond) * manner.load_ms.unwrap_or(0.0);
        f64::from(sessions) * turn / (greeted * 3.5 * rtt + turn * (rtt + service / 1000.0))
    };
    (1..=limits.sessions.unwrap_or(SESSIONS_MAX).min(SESSIONS_MAX)).map(of).fold(0.0, f64::max)
}
