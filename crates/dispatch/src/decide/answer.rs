//! Deciding about answers.

use jiff::{SignedDuration, Timestamp};

use super::opening::{Opening, Words};
use crate::access::Actor;
use crate::answer::{Answer, AnswerRecord, COMMENT_CHARS_MAX, REPORT_HOURS, Report, SelfReport, Via};
use crate::class::Class;
use crate::command::{AnswerCommand, AnswerRefusal, Refusal};
use crate::dispatch::{Dispatch, MESSAGE_KEY};
use crate::event::{AnswerEvent, Event};
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::question::{ChoiceId, Detail, Question};
use crate::rule::Aim;
use crate::sealed::Private;
use crate::state::State;
use crate::thread::{MESSAGE_CHARS_MAX, Message, Speaker};

pub(super) fn decide(
    state: &State,
    actor: Actor,
    command: &AnswerCommand,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        AnswerCommand::Give { dispatch, person, choice, comment, details, via } => {
            let given = Given {
                dispatch: *dispatch,
                person: *person,
                choice: *choice,
                comment: comment.trim(),
                details,
                via: *via,
                made_of: None,
            };
            give(state, &given, now)
        }
        AnswerCommand::Amend { dispatch, person, choice, comment, details, version } => {
            let given = Given {
                dispatch: *dispatch,
                person: *person,
                choice: *choice,
                comment: comment.trim(),
                details,
                via: Via::Link,
                made_of: Some(version.as_ref()),
            };
            give(state, &given, now)
        }
        AnswerCommand::SelfReport { person, choice, comment } => {
            self_report(state, *person, *choice, comment.trim(), now)
        }
        AnswerCommand::NoteFetched { dispatch, people } => note_fetched(state, *dispatch, people),
        AnswerCommand::Say { incident, person, text } => {
            let speaker = speaker(state, actor).ok_or(AnswerRefusal::NobodySpeaks)?;
            say(state, *incident, *person, speaker, text.trim(), now)
        }
    }
}

/// An answer as it was given.
struct Given<'a> {
    dispatch: DispatchId,
    person: PersonId,
    choice: ChoiceId,
    comment: &'a str,
    details: &'a [Detail],
    via: Via,
    /// The version that it was made out of, if it was made out of one or of none.
    made_of: Option<Option<&'a Answer>>,
}

fn give(state: &State, given: &Given<'_>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let dispatch = state.dispatch(given.dispatch).ok_or(Refusal::UnknownDispatch(given.dispatch))?;
    if !dispatch.is_asked(given.person) {
        return Err(AnswerRefusal::NotAsked { person: given.person, dispatch: given.dispatch }.into());
    }
    check_known(state, given.person)?;
    if !dispatch.is_open(now) {
        return Err(AnswerRefusal::Closed { dispatch: given.dispatch }.into());
    }
    check(&dispatch.record().question, given.choice, given.comment, given.details)?;
    let before = state.last_answer(given.dispatch, given.person);
    let repeated = before.is_some_and(|before| before.is_repeated(given.choice, given.comment, given.details, now));
    // A person asked anew in the same incident answers anew, even in the same words.
    if repeated && dispatch.has_answered(given.person) {
        return Ok(Vec::new());
    }
    if given.made_of.is_some_and(|version| version != before) {
        return Err(AnswerRefusal::Overtaken { person: given.person }.into());
    }
    let incident = state.incident_of(given.dispatch).map_or(dispatch.record().incident, |incident| incident.id);
    Ok(vec![
        AnswerEvent::Given(AnswerRecord {
            incident,
            dispatch: given.dispatch,
            person: given.person,
            choice: given.choice,
            comment: Private::Open(given.comment.to_owned()),
            details: Private::Open(given.details.to_vec()),
            via: given.via,
            at: now,
        })
        .into(),
    ])
}

fn check(question: &Question, choice: ChoiceId, comment: &str, details: &[Detail]) -> Result<(), AnswerRefusal> {
    if question.choice(choice).is_none() {
        return Err(AnswerRefusal::UnknownChoice(choice));
    }
    check_length(comment, COMMENT_CHARS_MAX)?;
    if !comment.is_empty() && !question.comment_allowed {
        return Err(AnswerRefusal::NoComment);
    }
    match details.iter().find(|detail| !question.takes(choice, detail)) {
        Some(detail) => Err(AnswerRefusal::BadDetail(detail.question)),
        None => Ok(()),
    }
}

fn check_length(text: &str, max_chars: usize) -> Result<(), AnswerRefusal> {
    let chars = text.chars().count();
    if chars > max_chars { Err(AnswerRefusal::CommentTooLong { chars, max_chars }) } else { Ok(()) }
}

/// Who says something: the person by the own link, or whoever is logged in.
fn speaker(state: &State, actor: Actor) -> Option<Speaker> {
    match actor {
        Actor::Responder(_) => Some(Speaker::Person),
        // A deputy writes in the own name.
        _ => Some(Speaker::Manager(state.accounts().find(actor.account()?)?.person?)),
    }
}

/// A report counts at once for what asked the person within the window; it is kept for what asks within the window from now.
fn self_report(
    state: &State,
    person: PersonId,
    choice: ChoiceId,
    comment: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_known(state, person)?;
    check(&Question::safety(), choice, comment, &[])?;
    // A double press says nothing new, unless somebody asked in between.
    let before = state.answers.report(person, now).filter(|it| it.is_repeated(choice, comment, now));
    let is_asked_since = |at| state.dispatches().rev().any(|it| it.record().opened > at && it.is_asked(person));
    if before.is_some_and(|before| !is_asked_since(before.at)) {
        return Ok(Vec::new());
    }
    let report = SelfReport { person, choice, comment: Private::Open(comment.to_owned()), at: now };
    let known = Report::from(&report);
    let mut events = vec![AnswerEvent::SelfReported(report).into()];
    let since = now.checked_sub(SignedDuration::from_hours(REPORT_HOURS)).unwrap_or(Timestamp::MIN);
    let asks = |it: &&Dispatch| it.record().opened > since && it.is_asked(person) && known.fits(it.record());
    if let Some(dispatch) = state.dispatches().rev().find(asks) {
        let incident = state.incident_of(dispatch.id()).map_or(dispatch.record().incident, |incident| incident.id);
        events.push(AnswerEvent::Given(known.answer(dispatch.id(), incident)).into());
    }
    Ok(events)
}

/// Whoever was erased is nobody any more: there is no key that could seal a word about that one.
fn check_known(state: &State, person: PersonId) -> Result<(), Refusal> {
    let is_known = state.people().find(person).is_some() && !state.is_erased(person);
    if is_known { Ok(()) } else { Err(Refusal::UnknownPerson(person)) }
}

fn note_fetched(state: &State, dispatch: DispatchId, people: &[PersonId]) -> Result<Vec<Event>, Refusal> {
    let known = state.dispatch(dispatch).ok_or(Refusal::UnknownDispatch(dispatch))?;
    let is_new = |person: &&PersonId| known.is_asked(**person) && !known.was_fetched(**person);
    let people: Vec<PersonId> = people.iter().filter(is_new).copied().collect();
    Ok(if people.is_empty() { Vec::new() } else { vec![AnswerEvent::Fetched { dispatch, people }.into()] })
}

/// Keeps a message; a person is told by mail that there is one, not what it says.
fn say(
    state: &State,
    incident: IncidentId,
    person: PersonId,
    speaker: Speaker,
    text: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let known = state.incident(incident).ok_or(Refusal::UnknownIncident(incident))?;
    let asked = |it: &Dispatch| it.is_asked(person) && it.record().aim == Aim::Safety;
    let dispatches = known.dispatches.iter().filter_map(|id| state.dispatch(*id));
    let last = dispatches.rev().find(|it| asked(it));
    let last = last.ok_or(AnswerRefusal::NotInIncident { person, incident })?;
    check_known(state, person)?;
    if text.is_empty() {
        return Err(AnswerRefusal::NothingSaid.into());
    }
    check_length(text, MESSAGE_CHARS_MAX)?;
    let mut opening = Opening::new(state, now);
    let message = Message { incident, person, speaker, text: Private::Open(text.to_owned()), at: now };
    opening.push(AnswerEvent::Said(message));
    if matches!(speaker, Speaker::Manager(_)) {
        let number = state.thread(incident, person).count() + 1;
        let title = format!("担当者からの連絡（{}）", last.record().title);
        let facts = ["あなたの回答について、担当者から連絡があります。ページで内容を確認してください。".to_owned()];
        let words = Words {
            key: &format!("{incident}/{person}/{MESSAGE_KEY}{number}"),
            incident,
            aim: Aim::Notice,
            class: Class::Routine,
            mode: known.mode,
            title: &title,
            facts: &facts,
            cause: None,
        };
        opening.notice(&words, [(person, None)]);
    }
    Ok(opening.events)
}
