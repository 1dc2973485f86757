//! Keeps every page of the console to those who have the right that it asks for.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use hikyaku_dispatch::Action;

use super::{Console, Viewer, rights};
use crate::frame::Place;
use crate::page;

/// Refuses pages and acts beyond the viewer's rights.
pub(crate) async fn within_rights(
    State(console): State<Console>,
    viewer: Viewer,
    request: Request,
    next: Next,
) -> Response {
    let needed = rights::needed_at(request.method(), request.uri());
    let is_met = |state: &_| rights::is_met(needed, viewer.account, state, console.now());
    if console.web().desk.read(is_met) {
        if matches!(needed.action(), Some(Action::SeePerson | Action::SeeAnswers)) {
            console.web().note_read(viewer.account);
        }
        return next.run(request).await;
    }
    let path = request.uri().path();
    tracing::warn!(account = %viewer.account, path, "a page beyond the viewer's rights was refused");
    let frame = viewer.frame(&console, Place::Elsewhere);
    let told = "この画面を開く権限がありません。必要なときは、システム管理者に役割の付与を依頼してください。";
    (StatusCode::FORBIDDEN, page::nothing(frame, "権限がありません", told)).into_response()
}
