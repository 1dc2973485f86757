//! Proposals: what waits for a person is made, decided, or settled by what was set for the case that nobody decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::opening::{Opening, Words};
use super::taken::Taken;
use crate::access::{Actor, Role};
use crate::class::Class;
use crate::command::{JudgingRefusal, Refusal};
use crate::dispatch::{Asked, Decided, DispatchRecord};
use crate::event::{Event, JudgingEvent};
use crate::id::{IncidentId, PersonId, ProposalId};
use crate::proposal::{Proposal, ProposalEnd, Waiting};
use crate::rights::{person_of, roles};
use crate::rule::{Aim, Hold, Sending, Unattended};
use crate::state::State;
use crate::thousands::Thousands;

/// By proposal, those whom a correction takes off it.
type Released = BTreeMap<ProposalId, BTreeSet<PersonId>>;

/// Proposes a dispatch. While one of the same rule waits for the same incident, that one grows: its time does not begin anew.
/// Whoever is `released` from it by the same news is not asked any more.
pub(super) fn propose(opening: &mut Opening<'_>, draft: DispatchRecord, hold: &Hold, released: &Released) {
    let incidents = &opening.state.incidents;
    let known = draft.rule.and_then(|rule| incidents.waiting_for(draft.incident, rule));
    if let Some(Waiting { proposal, .. }) = known {
        let asked = joined(&without(proposal, released), &draft.asked);
        if asked != proposal.draft.asked {
            let proposal = Proposal { draft: DispatchRecord { asked, ..draft }, ..proposal.clone() };
            opening.push(JudgingEvent::Proposed(Box::new(proposal)));
        }
        return;
    }
    // Several rules of one bulletin may wait: numbers go on within it.
    let made = opening.events.iter().filter(|it| matches!(it, Event::Judging(JudgingEvent::Proposed(_)))).count();
    let id = ProposalId(incidents.next_proposal().0 + u32::try_from(made).unwrap_or(u32::MAX));
    let proposal = Proposal { id, draft, hold: hold.clone(), since: opening.now };
    opening.push(JudgingEvent::Proposed(Box::new(proposal.clone())));
    call(opening, &proposal, 0);
}

/// Takes those off what waits whom a correction released; with nobody left, nothing waits any more.
pub(super) fn release(opening: &mut Opening<'_>, taken: &Taken<'_>, released: &Released) {
    let grown: BTreeSet<ProposalId> = opening.events.iter().filter_map(proposed).collect();
    for id in released.keys().filter(|id| !grown.contains(id)) {
        let Some(Waiting { proposal, .. }) = opening.state.incidents.waiting.get(id) else { continue };
        let asked = without(proposal, released);
        if asked.is_empty() {
            opening.push(JudgingEvent::ProposalEnded { proposal: *id, end: ProposalEnd::Withdrawn });
            continue;
        }
        let (title, facts) = (taken.summary.title.clone(), taken.summary.facts.clone());
        let draft = DispatchRecord { asked, title, facts, ..proposal.draft.clone() };
        opening.push(JudgingEvent::Proposed(Box::new(Proposal { draft, ..proposal.clone() })));
    }
}

fn proposed(event: &Event) -> Option<ProposalId> {
    if let Event::Judging(JudgingEvent::Proposed(proposal)) = event { Some(proposal.id) } else { None }
}

/// Those of a proposal who are not released from it.
fn without(proposal: &Proposal, released: &Released) -> Vec<Asked> {
    let is_out = |asked: &&Asked| released.get(&proposal.id).is_some_and(|people| people.contains(&asked.person));
    proposal.draft.asked.iter().filter(|asked| !is_out(asked)).cloned().collect()
}

/// Both lists, everybody once, with the graver of what concerns them.
fn joined(before: &[Asked], now: &[Asked]) -> Vec<Asked> {
    let mut all: BTreeMap<PersonId, Asked> = before.iter().map(|it| (it.person, it.clone())).collect();
    for asked in now {
        let entry = all.entry(asked.person).or_insert_with(|| asked.clone());
        entry.gravity = match (entry.gravity, asked.gravity) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
    all.into_values().collect()
}

/// Calls the approver at a place of the list.
fn call(opening: &mut Opening<'_>, proposal: &Proposal, place: usize) {
    let Some(approver) = proposal.hold.approvers.get(place).copied() else { return };
    opening.push(JudgingEvent::ApproverCalled { proposal: proposal.id });
    let draft = &proposal.draft;
    let otherwise = match proposal.hold.unattended {
        Unattended::Send => "送信します（人の判断なし）。",
        Unattended::Drop => "送信しません。",
    };
    let deadline = crate::incident::japan_time(proposal.deadline());
    let mut facts = vec![
        format!("{} 人に安否確認を送る準備ができています。", Thousands::of(draft.asked.len())),
        format!("{deadline}までに判断がなければ、{otherwise}"),
    ];
    facts.extend(draft.facts.iter().cloned());
    let words = Words {
        key: &format!("{}/承認依頼{}", draft.key, place + 1),
        incident: draft.incident,
        aim: Aim::Call,
        class: Class::Immediate,
        mode: draft.mode,
        title: &draft.title,
        facts: &facts,
        cause: None,
    };
    opening.notice(&words, [(approver, None)]);
}

/// Calls those who may approve what rules hear such news, when a person has to pick where it came down.
pub(super) fn call_operators(opening: &mut Opening<'_>, taken: &Taken<'_>, incident: IncidentId, reasons: &[String]) {
    let rules = opening.state.rules().values().filter(|rule| rule.condition.hears(taken.bulletin));
    let holds = rules.filter_map(|rule| if let Sending::Hold(hold) = &rule.sending { Some(hold) } else { None });
    let mut people: Vec<PersonId> = holds.flat_map(|hold| hold.approvers.iter().chain(&hold.duty)).copied().collect();
    people.sort_unstable();
    people.dedup();
    let words = Words {
        key: &format!("{}/都道府県の選択", taken.bulletin.source),
        incident,
        aim: Aim::Call,
        class: Class::Immediate,
        mode: taken.mode,
        title: &taken.summary.title,
        facts: reasons,
        cause: None,
    };
    opening.notice(&words, people.into_iter().map(|person| (person, None)));
}

fn waiting(state: &State, id: ProposalId) -> Result<&Waiting, JudgingRefusal> {
    state.incidents.waiting.get(&id).ok_or(JudgingRefusal::NotWaiting(id))
}

/// What waits, and who decides it: an approver, whoever stands in for one, or a duty operator.
fn decidable(state: &State, actor: Actor, id: ProposalId) -> Result<(&Proposal, Decided), JudgingRefusal> {
    let proposal = &waiting(state, id)?.proposal;
    let person = person_of(state, actor);
    let is_duty = actor.account().is_some_and(|account| roles(state, account).any(|role| role == Role::DutyOperator));
    let decided = match (actor, person) {
        (Actor::Deputy { account, .. }, Some(of)) if proposal.hold.approvers.contains(&of) => {
            Decided::Deputy { of, account }
        }
        (_, Some(person)) if proposal.hold.approvers.contains(&person) => Decided::Approved(person),
        (_, Some(person)) if proposal.hold.duty.contains(&person) || is_duty => Decided::Proxy(person),
        (Actor::Account(account) | Actor::Token { account, .. }, None) if is_duty => Decided::Office(account),
        (_, Some(by)) => return Err(JudgingRefusal::NotApprover { proposal: id, by }),
        (_, None) => return Err(JudgingRefusal::Nobody(id)),
    };
    Ok((proposal, decided))
}

/// Whether `actor` is one of those who decide what waits; rights besides, see [`may`](crate::may).
#[must_use]
pub fn decides(state: &State, actor: Actor, id: ProposalId) -> bool {
    decidable(state, actor, id).is_ok()
}

pub(super) fn approve(state: &State, actor: Actor, id: ProposalId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let (proposal, decided) = decidable(state, actor, id)?;
    let mut opening = Opening::new(state, now);
    send(&mut opening, proposal, decided);
    if matches!(decided, Decided::Proxy(_) | Decided::Office(_)) {
        let facts = [format!("当直者が代行送信しました。対象: {} 人", Thousands::of(proposal.draft.asked.len()))];
        tell_approvers(&mut opening, proposal, "代行送信", &facts);
    }
    Ok(opening.events)
}

pub(super) fn reject(state: &State, actor: Actor, id: ProposalId) -> Result<Vec<Event>, Refusal> {
    let (proposal, decided) = decidable(state, actor, id)?;
    let end = match decided {
        Decided::Deputy { account, .. } | Decided::Office(account) => ProposalEnd::RejectedBy(account),
        Decided::Approved(person) | Decided::Proxy(person) => ProposalEnd::Rejected(person),
        Decided::Rule | Decided::Composed | Decided::Unattended => return Err(JudgingRefusal::Nobody(id).into()),
    };
    Ok(vec![JudgingEvent::ProposalEnded { proposal: proposal.id, end }.into()])
}

/// The next approver's call, once half the time is over.
pub(super) fn call_next(state: &State, id: ProposalId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Waiting { proposal, called } = waiting(state, id)?;
    let mut opening = Opening::new(state, now);
    if now >= proposal.half_time() {
        (*called..proposal.hold.approvers.len()).for_each(|place| call(&mut opening, proposal, place));
    }
    Ok(opening.events)
}

/// What was set for the case that nobody decides, once the time is over.
pub(super) fn settle(state: &State, id: ProposalId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let proposal = &waiting(state, id)?.proposal;
    if now < proposal.deadline() {
        return Ok(Vec::new());
    }
    let mut opening = Opening::new(state, now);
    match proposal.hold.unattended {
        Unattended::Send => {
            send(&mut opening, proposal, Decided::Unattended);
            let facts = [format!(
                "期限までに判断がなく、{} 人に送信しました（人の判断なし）。",
                Thousands::of(proposal.draft.asked.len())
            )];
            tell_approvers(&mut opening, proposal, "期限切れ", &facts);
        }
        Unattended::Drop => {
            opening.push(JudgingEvent::ProposalEnded { proposal: id, end: ProposalEnd::Dropped });
            let facts = ["期限までに判断がなく、送信しませんでした（人の判断なし）。".to_owned()];
            tell_approvers(&mut opening, proposal, "期限切れ", &facts);
        }
    }
    Ok(opening.events)
}

fn send(opening: &mut Opening<'_>, proposal: &Proposal, decided: Decided) {
    opening.push(JudgingEvent::ProposalEnded { proposal: proposal.id, end: ProposalEnd::Sent });
    opening.dispatch(DispatchRecord { decided, ..proposal.draft.clone() });
}

fn tell_approvers(opening: &mut Opening<'_>, proposal: &Proposal, what: &str, facts: &[String]) {
    let draft = &proposal.draft;
    let title = format!("【{what}】{}", draft.title);
    let words = Words {
        key: &format!("{}/{what}", draft.key),
        incident: draft.incident,
        aim: Aim::Notice,
        class: Class::Immediate,
        mode: draft.mode,
        title: &title,
        facts,
        cause: None,
    };
    opening.notice(&words, proposal.hold.approvers.iter().map(|person| (*person, None)));
}
