//! The router of the table of ways: who has no token gets nowhere, and each way asks for its right before anything is read.

use axum::{
    Router,
    extract::{DefaultBodyLimit, RawPathParams, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hikyaku_dispatch::{Action, PersonId, Subject, may};

use super::bearer::{Caller, admit};
use super::problem::Problem;
use super::routes::{Asks, routes};
use super::{Api, BASE, BODY_MAX_BYTES, openapi};

/// The router of the table.
pub(super) fn router(api: &Api) -> Router {
    let inside = routes().into_iter().fold(Router::new(), |router, route| {
        let guard = middleware::from_fn_with_state((api.clone(), route.asks), within_rights);
        router.route(route.path, route.handler.layer(guard))
    });
    let inside = inside
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, openapi::SEE) })
        .method_not_allowed_fallback(|| async { Problem::new(StatusCode::METHOD_NOT_ALLOWED, openapi::SEE) })
        .layer(middleware::from_fn(told_as_problems))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), admit));
    let outside = Router::new().route("/openapi.json", get(openapi::serve));
    let elsewhere = || async { Problem::new(StatusCode::NOT_FOUND, openapi::SEE) };
    Router::new().nest(BASE, outside.merge(inside)).fallback(elsewhere).with_state(api.clone())
}

/// Refuses what is beyond the caller's rights, before anything is read.
pub(super) async fn within_rights(
    State((api, asks)): State<(Api, Asks)>,
    caller: Caller,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let person = params.iter().find(|(name, _)| *name == "person").and_then(|(_, value)| value.parse().ok());
    let decided = api.read(|state| {
        let (actor, now) = (caller.actor(), api.now());
        match asks {
            Asks::Person(action) => {
                let subject = Subject::Person(PersonId(person.unwrap_or_default()));
                may(actor, action, subject, state, now)
            }
            Asks::Somewhere(action) => {
                let scope = api.scope(state, caller, action);
                // Where nothing is reached, the half where it would be tells why.
                if scope.is_nowhere() { may(actor, action, Subject::Side(scope.side()), state, now) } else { Ok(()) }
            }
        }
    });
    match decided {
        Ok(()) => {
            if matches!(asks.action(), Action::SeePerson | Action::SeeAnswers) {
                api.0.web.note_read(caller.account);
            }
            next.run(request).await
        }
        Err(denied) => {
            tracing::warn!(token = %caller.token, %denied, "a call of the API beyond its rights was refused");
            Problem::from(denied).into_response()
        }
    }
}

/// What the framework refuses in plain words, such as a number that is none, becomes a problem too.
async fn told_as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_plain = response.headers().get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"text/plain"));
    if !is_plain || !response.status().is_client_error() {
        return response;
    }
    let detail = format!("アドレスの番号か「?」の後ろを直してください。{}", openapi::SEE);
    Problem::new(response.status(), detail).into_response()
}
