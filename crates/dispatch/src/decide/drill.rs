//! A drill gives way to the real thing: it is suspended, and its participants are told (requirement M04).

use std::collections::BTreeMap;

use super::opening::{Opening, Words};
use super::taken::Taken;
use crate::class::Class;
use crate::dispatch::Dispatch;
use crate::earnest::RUNS;
use crate::event::{DispatchEvent, JudgingEvent};
use crate::id::{IncidentId, PersonId};
use crate::mail::Mode;
use crate::proposal::ProposalEnd;
use crate::rule::Aim;

/// Suspends the drills that run or wait for approval, when something real is told or asked.
pub(super) fn suspend_for(opening: &mut Opening<'_>, taken: &Taken<'_>) {
    if taken.mode != Mode::Real {
        return;
    }
    let (now, title) = (opening.now, &taken.summary.title);
    for waiting in opening.state.waiting().filter(|it| it.proposal.draft.mode == Mode::Drill) {
        opening.push(JudgingEvent::ProposalEnded { proposal: waiting.proposal.id, end: ProposalEnd::Withdrawn });
    }
    let runs = |it: &&Dispatch| {
        let record = it.record();
        record.mode == Mode::Drill
            && record.aim == Aim::Safety
            && !it.is_cancelled()
            && now.duration_since(record.opened) < RUNS
    };
    let drills: Vec<&Dispatch> = opening.state.open_dispatches(now).filter(runs).collect();
    let mut participants: BTreeMap<IncidentId, Vec<PersonId>> = BTreeMap::new();
    for drill in drills {
        opening.push(DispatchEvent::Cancelled { dispatch: drill.id(), at: now });
        participants.entry(drill.record().incident).or_default().extend(drill.asked());
    }
    for (incident, mut people) in participants {
        people.sort_unstable();
        people.dedup();
        let facts = [
            format!("「{title}」が発生しました。訓練は中止します。訓練のメールには回答しないでください。"),
            "対象の方には、訓練でない安否確認を別に送ります。".to_owned(),
        ];
        let words = Words {
            key: &format!("{}/{incident}/訓練中止", taken.bulletin.source),
            incident,
            aim: Aim::Notice,
            class: Class::Safety,
            mode: Mode::Real,
            title: "【訓練中止】実災害が発生しました",
            facts: &facts,
            cause: None,
        };
        opening.notice(&words, people.into_iter().map(|person| (person, None)));
    }
}
