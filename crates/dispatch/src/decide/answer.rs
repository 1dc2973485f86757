//! Deciding about answers.

use jiff::Timestamp;

use crate::answer::{AnswerRecord, COMMENT_CHARS_MAX, Via};
use crate::command::{AnswerCommand, AnswerRefusal, Refusal};
use crate::event::{AnswerEvent, Event};
use crate::id::{DispatchId, PersonId};
use crate::question::ChoiceId;
use crate::sealed::Private;
use crate::state::State;

pub(super) fn decide(state: &State, command: &AnswerCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        AnswerCommand::Give { dispatch, person, choice, comment, via } => {
            let given = Given { dispatch: *dispatch, person: *person, choice: *choice, comment, via: *via };
            answer(state, &given, now)
        }
    }
}

/// An answer as it was given.
struct Given<'a> {
    dispatch: DispatchId,
    person: PersonId,
    choice: ChoiceId,
    comment: &'a str,
    via: Via,
}

fn answer(state: &State, given: &Given<'_>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let dispatch = state.dispatch(given.dispatch).ok_or(Refusal::UnknownDispatch(given.dispatch))?;
    if !dispatch.is_asked(given.person) {
        return Err(AnswerRefusal::NotAsked { person: given.person, dispatch: given.dispatch }.into());
    }
    if state.is_erased(given.person) {
        return Err(Refusal::UnknownPerson(given.person));
    }
    if !dispatch.is_open(now) {
        return Err(AnswerRefusal::Closed { dispatch: given.dispatch }.into());
    }
    let question = &dispatch.record().question;
    if question.choice(given.choice).is_none() {
        return Err(AnswerRefusal::UnknownChoice(given.choice).into());
    }
    let comment = given.comment.trim();
    let chars = comment.chars().count();
    if chars > COMMENT_CHARS_MAX {
        return Err(AnswerRefusal::CommentTooLong { chars, max_chars: COMMENT_CHARS_MAX }.into());
    }
    if !comment.is_empty() && !question.comment_allowed {
        return Err(AnswerRefusal::NoComment.into());
    }
    let before = state.last_answer(given.dispatch, given.person);
    let repeated = before.is_some_and(|before| before.is_repeated(given.choice, comment, now));
    // A person asked anew in the same incident answers anew, even in the same words.
    if repeated && dispatch.has_answered(given.person) {
        return Ok(Vec::new());
    }
    Ok(vec![
        AnswerEvent::Given(AnswerRecord {
            incident: dispatch.record().incident,
            dispatch: given.dispatch,
            person: given.person,
            choice: given.choice,
            comment: Private::Open(comment.to_owned()),
            via: given.via,
            at: now,
        })
        .into(),
    ])
}
