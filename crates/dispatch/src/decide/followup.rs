//! What follows a dispatch whose answers stay away: it stops at the first answer (requirements A20, A36).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::opening::{Opening, Words};
use crate::class::Class;
use crate::command::{DispatchRefusal, Refusal};
use crate::dispatch::Dispatch;
use crate::due;
use crate::event::{DispatchEvent, Event};
use crate::id::PersonId;
use crate::round::{Round, Why};
use crate::rule::Aim;
use crate::state::State;

/// Sends again to whoever has not answered.
pub(super) fn resend(state: &State, dispatch: &Dispatch, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if dispatch.is_cancelled() || !dispatch.is_open(now) {
        return Err(DispatchRefusal::Over(dispatch.id()).into());
    }
    if !due::is_alive(state, dispatch) {
        return Err(DispatchRefusal::NobodyUnanswered(dispatch.id()).into());
    }
    Ok(round(dispatch, Why::Resend, again(dispatch), now).into_iter().collect())
}

/// Tries the next address of these people now.
pub(super) fn next_address(dispatch: &Dispatch, people: &[PersonId], now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if dispatch.is_cancelled() || !dispatch.is_open(now) {
        return Err(DispatchRefusal::Over(dispatch.id()).into());
    }
    let next = due::next_addresses(dispatch);
    let mails = people.iter().filter_map(|person| Some((*person, next.get(person)?.0))).collect();
    Ok(round(dispatch, Why::NextAddress, mails, now).into_iter().collect())
}

/// Whatever is due at `now`.
pub(super) fn whatever_is_due(state: &State, dispatch: &Dispatch, now: Timestamp) -> Vec<Event> {
    if !due::is_alive(state, dispatch) || !dispatch.is_open(now) {
        return Vec::new();
    }
    let mut opening = Opening::new(state, now);
    let next = due::next_addresses(dispatch).into_iter().filter(|(_, (_, at))| *at <= now);
    let next: Vec<(PersonId, u8)> = next.map(|(person, (place, _))| (person, place)).collect();
    opening.events.extend(round(dispatch, Why::NextAddress, next, now));
    if due::next_reminder(dispatch).is_some_and(|at| at <= now) {
        opening.events.extend(round(dispatch, Why::Reminder, again(dispatch), now));
    }
    if due::unreached_due(dispatch).is_some_and(|at| at <= now) {
        let people = dispatch.book.unanswered().collect();
        opening.push(DispatchEvent::UnreachedListed { dispatch: dispatch.id(), people, at: now });
    }
    if let Some((_, people)) = due::managers(state, dispatch).filter(|(at, _)| *at <= now) {
        tell_managers(&mut opening, dispatch, people);
    }
    opening.events
}

/// Tells those who are responsible for these people that no answer came. The mail names nobody: the console does.
fn tell_managers(opening: &mut Opening<'_>, dispatch: &Dispatch, people: Vec<PersonId>) {
    let (state, record) = (opening.state, dispatch.record());
    let managers: BTreeSet<PersonId> = people.iter().flat_map(|person| state.managers_of(*person)).collect();
    opening.push(DispatchEvent::ManagersTold { dispatch: dispatch.id(), people, at: opening.now });
    let title = format!("【未回答者の確認】{}", record.title);
    let facts = [
        "あなたの所属に、安否確認に回答していないか、メールの届かない人がいます。".to_owned(),
        "管理画面で確かめ、電話などで連絡し、代理で回答してください。".to_owned(),
    ];
    let words = Words {
        key: &format!("{}/上長/{}", record.key, opening.now),
        incident: state.incident_of(dispatch.id()).map_or(record.incident, |incident| incident.id),
        aim: Aim::Notice,
        class: Class::Safety,
        mode: record.mode,
        title: &title,
        facts: &facts,
        cause: None,
    };
    opening.notice(&words, managers.into_iter().map(|person| (person, None)));
}

/// The addresses of whoever has not answered, as far as mails went to them and none has failed for good.
fn again(dispatch: &Dispatch) -> Vec<(PersonId, u8)> {
    let tried = due::tried_places(dispatch);
    let of = |person: PersonId| {
        let places = tried.get(&person).into_iter().flatten().copied();
        places.filter(move |place| !dispatch.has_failed(person, *place)).map(move |place| (person, place))
    };
    dispatch.book.unanswered().flat_map(of).collect()
}

fn round(dispatch: &Dispatch, why: Why, mails: Vec<(PersonId, u8)>, now: Timestamp) -> Option<Event> {
    // A reminder that has nobody to go to counts, or it would stay due.
    let counts = why == Why::Reminder || !mails.is_empty();
    let round = Round { why, mails, at: now };
    counts.then(|| DispatchEvent::RoundOpened { dispatch: dispatch.id(), round }.into())
}
