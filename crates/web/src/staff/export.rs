//! A roster goes out: only after two people agreed to it, to those two, with addresses masked [A27 A29 S10].

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{Action, Actor, Guarded, Person, RetentionCommand, write_roster};

use crate::console::{Console, Viewer};
use crate::frame::Place;
use crate::page;

/// `POST /people/export`: each time is written down.
pub(crate) async fn export(State(console): State<Console>, viewer: Viewer) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/requests") {
        return elsewhere;
    }
    let side = console.web().desk.read(|state| {
        let side = console.scope(state, &viewer, Action::ExportRoster).side();
        let both = state.access().agreed(Guarded::Export { side }, console.now());
        let is_one = |actor: Actor| actor == Actor::Account(viewer.account);
        both.filter(|(one, other)| is_one(*one) || is_one(*other)).map(|_| side)
    });
    let Some(side) = side else {
        let frame = viewer.frame(&console, Place::Requests);
        let told = "名簿のダウンロードには、二人の同意が必要です。「申請」の画面で申請し、別の管理者が同意すると、24時間の間、その二人がダウンロードできます。";
        return (StatusCode::FORBIDDEN, page::nothing(frame, "まだ同意がありません", told)).into_response();
    };
    // In the journal first: what cannot be recorded does not leave.
    if let Err(error) = console.act(&viewer, RetentionCommand::ExportRoster { side }).await {
        let frame = viewer.frame(&console, Place::Requests);
        tracing::error!(%error, "an export could not be recorded");
        let told = "書き出したことを記録できなかったため、書き出していません。少し待って、もう一度押してください。";
        return (StatusCode::SERVICE_UNAVAILABLE, page::nothing(frame, "書き出せません", told)).into_response();
    }
    let text = console.web().desk.read(|state| {
        let known: Vec<&Person> = state.people().of(side).filter(|it| it.personal.is_some()).collect();
        write_roster(known, state.groups())
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"roster.csv\"")),
    ];
    (headers, text).into_response()
}
