//! What comes back: answers of people, and how their mails ended.

use jiff::Timestamp;

use crate::answer::{AnswerRecord, COMMENT_CHARS_MAX, Via};
use crate::command::Refusal;
use crate::dispatch::MailOutcome;
use crate::event::Event;
use crate::id::{DispatchId, PersonId};
use crate::question::ChoiceId;
use crate::sealed::Private;
use crate::state::State;

/// An answer as it was given.
pub(super) struct Given<'a> {
    pub(super) dispatch: DispatchId,
    pub(super) person: PersonId,
    pub(super) choice: ChoiceId,
    pub(super) comment: &'a str,
    pub(super) via: Via,
}

pub(super) fn answer(state: &State, given: &Given<'_>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let dispatch = state.dispatch(given.dispatch).ok_or(Refusal::UnknownDispatch(given.dispatch))?;
    if !dispatch.is_asked(given.person) {
        return Err(Refusal::NotAsked { person: given.person, dispatch: given.dispatch });
    }
    if !dispatch.is_open(now) {
        return Err(Refusal::Closed { dispatch: given.dispatch });
    }
    let question = &dispatch.record().question;
    if question.choice(given.choice).is_none() {
        return Err(Refusal::UnknownChoice(given.choice));
    }
    let comment = given.comment.trim();
    let chars = comment.chars().count();
    if chars > COMMENT_CHARS_MAX {
        return Err(Refusal::CommentTooLong { chars, max_chars: COMMENT_CHARS_MAX });
    }
    if !comment.is_empty() && !question.comment_allowed {
        return Err(Refusal::NoComment);
    }
    let before = state.last_answer(given.dispatch, given.person);
    let repeated = before.is_some_and(|before| before.is_repeated(given.choice, comment, now));
    // A person asked anew in the same incident answers anew, even in the same words.
    if repeated && dispatch.has_answered(given.person) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::AnswerGiven(AnswerRecord {
        incident: dispatch.record().incident,
        dispatch: given.dispatch,
        person: given.person,
        choice: given.choice,
        comment: Private::Open(comment.to_owned()),
        via: given.via,
        at: now,
    })])
}

pub(super) fn outcomes(state: &State, dispatch: DispatchId, outcomes: &[MailOutcome]) -> Result<Vec<Event>, Refusal> {
    let known = state.dispatch(dispatch).ok_or(Refusal::UnknownDispatch(dispatch))?;
    if let Some(stranger) = outcomes.iter().find(|outcome| !known.is_asked(outcome.person)) {
        return Err(Refusal::NotAsked { person: stranger.person, dispatch });
    }
    let is_new = |outcome: &&MailOutcome| known.mail_end(outcome.person, outcome.place) != Some(outcome.end);
    let outcomes: Vec<MailOutcome> = outcomes.iter().filter(is_new).cloned().collect();
    let event = |outcomes| Event::OutcomesRecorded { dispatch, outcomes };
    Ok(if outcomes.is_empty() { Vec::new() } else { vec![event(outcomes)] })
}
