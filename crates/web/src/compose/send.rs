//! Sending with a countdown: until it is over it can be taken back; the page shows it with and without a script.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response as Reply},
};
use hikyaku_dispatch::{Action, Actor, DispatchCommand, JudgingCommand, ProposalId, State as Present, decide_for};
use jiff::{SignedDuration, Timestamp};

use super::preview::mend;
use super::typed::Typed;
use crate::console::{Console, Viewer, told};
use crate::frame::{Frame, Place};
use crate::page;

/// How long a dispatch can be taken back.
pub(crate) const COUNTDOWN: SignedDuration = SignedDuration::from_secs(10);

#[derive(Debug, Template)]
#[template(path = "sent.html")]
struct SentPage {
    frame: Frame,
    key: String,
    title: String,
    seconds: i64,
}

/// `POST /compose/send`.
pub(crate) async fn send(
    State(console): State<Console>,
    viewer: Viewer,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let typed = Typed::read(pairs);
    if console.web().desk.read(|state| is_known(state, &typed.key)) {
        // Pressed twice: it is on its way already.
        return Redirect::to(&format!("/compose/sent/{}", typed.key)).into_response();
    }
    let at = console.now() + COUNTDOWN;
    let described = console.web().desk.read(|state| {
        let draft = typed.draft(state, console.scope(state, &viewer, Action::SendFree).side())?;
        // Before anything that waits is rejected for it: what cannot be sent takes nothing away.
        let command = DispatchCommand::Schedule { draft: Box::new(draft.clone()), at }.into();
        let decided = decide_for(state, Actor::Account(viewer.account), &command, console.now());
        decided.map(|_| draft).map_err(|refusal| told(&refusal.into()))
    });
    let draft = match described {
        Ok(draft) => draft,
        Err(trouble) => return mend(&console, &viewer, typed, trouble),
    };
    let to = format!("/compose/sent/{}", typed.key);
    if let Some(proposal) = typed.instead {
        // First, so that never both are sent. What is refused was decided by somebody else meanwhile.
        let reject = JudgingCommand::Reject { proposal: ProposalId(proposal) };
        if let Err(error) = console.act(&viewer, reject).await {
            return mend(&console, &viewer, typed, told(&error));
        }
    }
    match console.act(&viewer, DispatchCommand::Schedule { draft: Box::new(draft), at }).await {
        Ok(_) => Redirect::to(&to).into_response(),
        Err(_) if console.web().desk.read(|state| is_known(state, &typed.key)) => Redirect::to(&to).into_response(),
        Err(error) if typed.instead.is_some() => {
            let trouble = format!("承認を待っていた配信は却下しました。この配信はまだ送っていません。{}", told(&error));
            mend(&console, &viewer, typed, trouble)
        }
        Err(error) => mend(&console, &viewer, typed, told(&error)),
    }
}

/// `GET /compose/sent/{key}`: the countdown, then the dispatch.
pub(crate) async fn sent(State(console): State<Console>, viewer: Viewer, Path(key): Path<String>) -> Reply {
    let now = console.now();
    let (dispatch, scheduled) = console.web().desk.read(|state| {
        let own = state.scheduled(&key).filter(|_| may_take_back(state, Actor::Account(viewer.account), &key, now));
        let scheduled = own.map(|(at, draft)| (at, draft.title.clone()));
        (state.dispatch_named(&key).map(|dispatch| dispatch.id()), scheduled)
    });
    match (dispatch, scheduled) {
        (Some(dispatch), _) => Redirect::to(&format!("/dispatch/{}", dispatch.0)).into_response(),
        (None, Some((at, title))) => {
            let seconds = at.duration_since(now).as_secs().max(1);
            let frame = viewer.frame(&console, Place::Compose).counting(&format!("/compose/sent/{key}"));
            page::render(StatusCode::OK, &SentPage { frame, key, title, seconds })
        }
        (None, None) => page::nothing(
            viewer.frame(&console, Place::Compose),
            "送信していません",
            "取り消されたか、まだ送っていない配信です。送るには、もう一度作成してください。",
        ),
    }
}

/// `POST /compose/sent/{key}`: takes it back.
pub(crate) async fn take_back(State(console): State<Console>, viewer: Viewer, Path(key): Path<String>) -> Reply {
    // Too late, or pressed twice: the page says what is.
    if let Err(error) = console.act(&viewer, DispatchCommand::Unschedule { key: key.clone() }).await {
        tracing::info!(%error, "a dispatch could not be taken back");
    }
    Redirect::to(&format!("/compose/sent/{key}")).into_response()
}

/// Whether something waits under this name that the actor could take back: nobody else is told what it is.
pub(crate) fn may_take_back(state: &Present, actor: Actor, key: &str, now: Timestamp) -> bool {
    decide_for(state, actor, &DispatchCommand::Unschedule { key: key.to_owned() }.into(), now).is_ok()
}

fn is_known(state: &Present, key: &str) -> bool {
    state.scheduled(key).is_some() || state.dispatch_named(key).is_some()
}
