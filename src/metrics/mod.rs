//! The metrics of the engine and of the sources of telegrams, as a page that monitoring reads.

mod signs;
mod sources;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hikyaku_core::Engine;
use hikyaku_feeds::edge::Pulse;
use hikyaku_web::WebState;

/// What Prometheus is told that the text is.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`. It has no log-in of its own: serve it where only monitoring reaches it.
pub fn router(engine: Engine, pulse: Option<Pulse>, web: Option<WebState>) -> Router {
    Router::new().route("/metrics", get(show)).with_state((engine, pulse, web))
}

/// The mark at the end of the engine's text, which must be the last line of the page.
const END: &str = "# EOF\n";

async fn show(State((engine, pulse, web)): State<(Engine, Option<Pulse>, Option<WebState>)>) -> Response {
    match engine.metrics().await {
        Ok(text) => {
            let of_engine = text.strip_suffix(END).unwrap_or(&text);
            let of_sources = pulse.map_or_else(String::new, |pulse| sources::text(&pulse.health()));
            let of_web = web.map_or_else(String::new, |web| signs::text(&web.sign_totals()));
            let all = format!("{of_engine}{of_sources}{of_web}{END}");
            ([(header::CONTENT_TYPE, OPENMETRICS)], all).into_response()
        }
        Err(stopped) => (StatusCode::SERVICE_UNAVAILABLE, stopped.to_string()).into_response(),
    }
}
