//! What follows from a bulletin: its judgement, an incident opened or changed, dispatches sent, proposed, or taken back.

use hikyaku_bulletin::{Bulletin, Detail, Fate};
use jiff::Timestamp;

use super::opening::Opening;
use super::taken::Taken;
use super::{drill, proposal, withdrawal};
use crate::event::{Event, JudgingEvent};
use crate::judge::{Scene, judge};
use crate::judgement::Verdict;
use crate::rule::Sending;
use crate::state::State;

pub(super) fn take(
    state: &State,
    bulletin: &Bulletin,
    fate: Fate,
    (received, present): (Timestamp, Timestamp),
    now: Timestamp,
) -> Vec<Event> {
    let taken = Taken::new(bulletin, received);
    let incident = taken.incident(state, now);
    let scene = Scene { state, fate, present, incident, series: &taken.series, slot: &taken.slot };
    let ruling = judge(bulletin, &scene, now);
    let acts = !ruling.asks.is_empty() || ruling.verdict == Verdict::OperatorNeeded;
    let into = incident.map(|incident| incident.id).or_else(|| acts.then(|| state.incidents.next_id()));
    let mut opening = Opening::new(state, now);
    // The judgement comes first: it is the cause of what follows.
    opening.push(JudgingEvent::BulletinJudged(Box::new(taken.judgement(&ruling, into, now))));
    if let (Some(Detail::Stations(stations)), true) = (&bulletin.detail, ruling.verdict != Verdict::Repeated) {
        let (source, stations) = (bulletin.source.to_string(), stations.clone());
        opening.push(JudgingEvent::StationsTold { source, incident: into, judged: now, stations });
    }
    match (incident, into) {
        (None, Some(incident)) => {
            let (mode, news) = (taken.mode, taken.news(None, now));
            opening.push(JudgingEvent::IncidentOpened { incident, mode, news, opened: now });
        }
        (Some(known), _) if ruling.verdict == Verdict::Cancelled => withdrawal::follow(&mut opening, &taken, known),
        (Some(known), _) if taken.tells(&ruling, known) => {
            let (incident, news) = (known.id, taken.news(Some(known), now));
            opening.push(JudgingEvent::IncidentChanged { incident, news });
        }
        _ => {}
    }
    let Some(into) = into else { return opening.events };
    for ask in &ruling.asks {
        let Some(rule) = state.rules().get(&ask.rule) else { continue };
        let draft = taken.draft(state, ask, rule, into, now);
        match &rule.sending {
            Sending::AtOnce => opening.dispatch(draft),
            Sending::Hold(hold) => proposal::propose(&mut opening, draft, hold, &ruling.released),
            Sending::Never => {}
        }
    }
    proposal::release(&mut opening, &taken, &ruling.released);
    if incident.is_none() || !ruling.asks.is_empty() {
        drill::suspend_for(&mut opening, &taken);
    }
    withdrawal::tell_spared(&mut opening, &taken, into, &ruling.spared);
    if ruling.verdict == Verdict::OperatorNeeded {
        proposal::call_operators(&mut opening, &taken, into, &ruling.reasons);
    }
    opening.events
}
