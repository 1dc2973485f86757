//! How many would be mailed by what is ticked now: a line that a script asks for while somebody composes.

use axum::{Form, extract::State, http::StatusCode, response::IntoResponse, response::Response as Reply};
use hikyaku_dispatch::{
    Action, Actor, DispatchCommand, DispatchDraft, Mode, Side, State as Present, Target, decide_for, select,
};
use jiff::Timestamp;

use super::typed::Typed;
use crate::console::{Console, Viewer, told};
use crate::described;
use crate::frame::Count;

/// `POST /compose/count`: one line of text, or what is to be mended.
pub(crate) async fn count(
    State(console): State<Console>,
    viewer: Viewer,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let typed = Typed::read(pairs);
    let now = console.now();
    let line: Result<String, String> = console.web().desk.read(|state| {
        let side = console.scope(state, &viewer, Action::SendFree).side();
        let target = typed.target(state, side)?;
        // Numbers of people whom the viewer may not send to are none of the viewer's business.
        let draft = DispatchDraft { side, target, ..DispatchDraft::safety("count", Mode::Test, "-") };
        let command = DispatchCommand::Schedule { draft: Box::new(draft.clone()), at: now }.into();
        decide_for(state, Actor::Account(viewer.account), &command, now).map_err(|refusal| told(&refusal.into()))?;
        counted(state, &draft.target, side, now)
    });
    answer(line)
}

/// How many people and mails a target means now, and whom it means, in a line.
///
/// # Errors
/// What it names that is not there.
pub(crate) fn counted(state: &Present, target: &Target, side: Side, now: Timestamp) -> Result<String, String> {
    let people = select(state, target, side, now).map_err(|refusal| refusal.to_string())?;
    let mails = people.iter().filter_map(|id| state.people().find(*id)).map(|it| it.addresses().len()).sum();
    let count = |number: usize| Count(u32::try_from(number).unwrap_or(u32::MAX));
    let whom = described::target(target, state);
    Ok(format!("いまの宛先: {}名（メール {}通）。選び方: {whom}", count(people.len()), count(mails)))
}

/// The line as a script asks for it.
pub(crate) fn answer(line: Result<String, String>) -> Reply {
    match line {
        Ok(line) => line.into_response(),
        Err(trouble) => (StatusCode::UNPROCESSABLE_ENTITY, trouble).into_response(),
    }
}
