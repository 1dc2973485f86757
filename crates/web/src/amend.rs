//! Answers that are made out of the one that is there: made anew where another one came while that was read.

use hikyaku_dispatch::{
    Actor, AnswerCommand, AnswerRefusal, ChoiceId, Detail, Error, LinkRefusal, LinkView, Refusal, Via,
};

use crate::state::WebState;

/// How often an answer is made.
const TRIES: usize = 3;

/// What is to be recorded.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) choice: ChoiceId,
    pub(crate) comment: String,
    pub(crate) details: Vec<Detail>,
}

/// Why nothing was recorded.
#[derive(Debug)]
pub(crate) enum Missed {
    /// Another answer is there by now.
    Overtaken,
    /// The link opens no more, or not just now.
    Refused(LinkRefusal),
    /// We could not.
    Failed,
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(Refusal::Answer(AnswerRefusal::Overtaken { .. })) => return Self::Overtaken,
            Error::Refused(Refusal::Answer(AnswerRefusal::Closed { .. })) => {
                return Self::Refused(LinkRefusal::Expired);
            }
            _ => tracing::error!(%error, "an answer could not be recorded"),
        }
        match error {
            // The page that sends by itself again what was typed, until the line is mended or another node takes it.
            Error::CutOff | Error::Standstill(_) => Self::Refused(LinkRefusal::Unreadable),
            _ => Self::Failed,
        }
    }
}

/// Records what `make` makes out of the answer that `link` shows, and `link` shows the present one afterwards. What it was made out of
/// may have taken seconds to read: where another answer came meanwhile it is made anew, or not at all if `make` says so.
pub(crate) async fn amend(
    state: &WebState,
    token: &str,
    link: &mut LinkView,
    make: impl Fn(&LinkView) -> Option<Made>,
) -> Result<(), Missed> {
    for _ in 0..TRIES {
        let Made { choice, comment, details } = make(link).ok_or(Missed::Overtaken)?;
        let (dispatch, person, version) = (link.dispatch, link.person, link.version.clone());
        let command = AnswerCommand::Amend { dispatch, person, choice, comment, details, version };
        match record(state, link, command).await {
            Err(Missed::Overtaken) => {
                *link = state.desk.open_link(token, state.now()).await.map_err(Missed::Refused)?
            }
            recorded => return recorded,
        }
    }
    Err(Missed::Overtaken)
}

/// Records an answer whatever is there.
pub(crate) async fn give(state: &WebState, link: &LinkView, made: Made) -> Result<(), Missed> {
    let Made { choice, comment, details } = made;
    let (dispatch, person) = (link.dispatch, link.person);
    record(state, link, AnswerCommand::Give { dispatch, person, choice, comment, details, via: Via::Link }).await
}

async fn record(state: &WebState, link: &LinkView, command: AnswerCommand) -> Result<(), Missed> {
    state.desk.command_as(Actor::Responder(link.person), command, state.now()).await?;
    Ok(())
}
