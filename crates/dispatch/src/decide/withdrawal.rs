//! Taking back: cancellations and milder corrections reach those, and only those, whom the earlier word had reached.

use std::collections::BTreeSet;

use hikyaku_bulletin::{Hazard, Kind};

use super::opening::{Opening, Words};
use super::taken::Taken;
use crate::class::Class;
use crate::dispatch::Dispatch;
use crate::event::{DispatchEvent, JudgingEvent};
use crate::gravity::Gravity;
use crate::id::{IncidentId, PersonId};
use crate::incident::Incident;
use crate::proposal::ProposalEnd;
use crate::rule::Aim;

/// What follows from a cancellation: if nothing else of the incident holds, it is over; what waits because of it is withdrawn,
/// mails that have not left are stopped, and those who were mailed are told. Nothing, where another telegram has observed the same
/// shock.
pub(super) fn follow(opening: &mut Opening<'_>, taken: &Taken<'_>, incident: &Incident) {
    let state = opening.state;
    // Observed by another telegram, too, the shock is no false alarm: whoever was asked is still to answer.
    let is_observed = taken.summary.hazard == Some(Hazard::Earthquake);
    let early = Kind::EarlyWarning.to_string();
    if is_observed && state.incidents.is_upheld(taken.mode, &taken.series, &[&taken.slot, &early]) {
        return;
    }
    let ends = !state.incidents.holds_without(incident, &taken.series, &taken.slot);
    if ends {
        let published = taken.summary.published;
        opening.push(JudgingEvent::IncidentCancelled { incident: incident.id, published });
    }
    let is_meant = |cause: Option<&crate::dispatch::Cause>| {
        ends || cause.is_some_and(|it| it.slot == taken.slot && it.is_of_series(&taken.series))
    };
    for waiting in state.incidents.waiting.values() {
        let draft = &waiting.proposal.draft;
        if draft.incident == incident.id && is_meant(draft.cause.as_ref()) {
            opening.push(JudgingEvent::ProposalEnded { proposal: waiting.proposal.id, end: ProposalEnd::Withdrawn });
        }
    }
    let dispatches = incident.dispatches.iter().filter_map(|id| state.dispatch(*id));
    let meant: Vec<&Dispatch> = dispatches
        .filter(|it| matches!(it.record().aim, Aim::Safety | Aim::Information))
        .filter(|it| is_meant(it.record().cause.as_ref()))
        .collect();
    let told: BTreeSet<PersonId> = meant.iter().flat_map(|dispatch| dispatch.asked()).collect();
    for dispatch in meant.iter().filter(|dispatch| !dispatch.is_cancelled()) {
        opening.push(DispatchEvent::Cancelled { dispatch: dispatch.id(), at: opening.now });
    }
    let title = format!("【取消】{}", incident.summary.title);
    let facts = vec![
        format!("先にお送りした「{}」は、発表元が取り消しました。", incident.summary.title),
        "回答の必要はありません。".to_owned(),
    ];
    let words = Words {
        key: &format!("{}/取消", taken.bulletin.source),
        incident: incident.id,
        aim: Aim::Notice,
        class: Class::Safety,
        mode: taken.mode,
        title: &title,
        facts: &facts,
        cause: Some(taken.cause()),
    };
    opening.notice(&words, told.into_iter().map(|person| (person, None)));
}

/// Tells those whom a correction spares.
pub(super) fn tell_spared(
    opening: &mut Opening<'_>,
    taken: &Taken<'_>,
    incident: IncidentId,
    spared: &[(PersonId, Option<Gravity>)],
) {
    let title = format!("【訂正】{}", taken.summary.title);
    let mut facts = vec!["先にお送りした情報は、発表元が訂正しました。回答の必要はありません。".to_owned()];
    facts.extend(taken.summary.facts.iter().cloned());
    let words = Words {
        key: &format!("{}/訂正", taken.bulletin.source),
        incident,
        aim: Aim::Notice,
        class: Class::Safety,
        mode: taken.mode,
        title: &title,
        facts: &facts,
        cause: Some(taken.cause()),
    };
    opening.notice(&words, spared.iter().copied());
}
