//! Which address shows which page; responders and the console apart, so that each can have its own listener [S16].

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode},
    middleware,
    response::Response,
    routing::get,
};

use crate::answer;
use crate::form::FORM_MAX_BYTES;
use crate::headers;
use crate::page;
use crate::state::WebState;
use crate::style;
use crate::tally;
use crate::words::Lang;

/// The pages of people who answer, and `GET /healthz`: no log-in, no cookie, no script.
///
/// `GET /a/{token}` shows the question and changes nothing; `POST /a/{token}` records the answer and leads to
/// `GET /a/{token}/thanks`. Posted bodies are at most 16 KiB. Paths hold tokens: whatever logs requests around this router must not log paths.
pub fn router(state: WebState) -> Router {
    let pages = Router::new()
        .route("/a/{token}", get(answer::show).post(answer::record))
        .route("/a/{token}/thanks", get(answer::thanks))
        .route("/healthz", get(healthz))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
        .with_state(state);
    secured(pages, style::RESPONDER_POLICY.clone())
}

/// The pages of those who watch: `GET /tally` lists the dispatches, `GET /tally/{dispatch}` counts one. Counts only, no names.
///
/// It has no log-in of its own: serve it where only administrators reach it.
pub fn console_router(state: WebState) -> Router {
    let pages =
        Router::new().route("/tally", get(tally::list)).route("/tally/{dispatch}", get(tally::show)).with_state(state);
    secured(pages, style::CONSOLE_POLICY.clone())
}

fn secured(pages: Router, policy: HeaderValue) -> Router {
    pages.layer(middleware::from_fn_with_state(policy, headers::secure))
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn nowhere() -> Response {
    page::notice(StatusCode::NOT_FOUND, Lang::default(), |words| words.not_found)
}
