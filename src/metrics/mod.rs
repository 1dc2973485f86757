//! The metrics of the engine and of the sources of telegrams, as a page that monitoring reads.

mod sources;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hikyaku_core::Engine;
use hikyaku_feeds::edge::Pulse;

/// What Prometheus is told that the text is.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`. It has no log-in of its own: serve it where only monitoring reaches it.
pub fn router(engine: Engine, pulse: Option<Pulse>) -> Router {
    Router::new().route("/metrics", get(show)).with_state((engine, pulse))
}

/// The mark at the end of the engine's text, which must be the last line of the page.
const END: &str = "# EOF\n";

async fn show(State((engine, pulse)): State<(Engine, Option<Pulse>)>) -> Response {
    match engine.metrics().await {
        Ok(text) => {
            let of_engine = text.strip_suffix(END).unwrap_or(&text);
            let of_sources = pulse.map_or_else(String::new, |pulse| sources::text(&pulse.health()));
            let all = format!("{of_engine}{of_sources}{END}");
            ([(header::CONTENT_TYPE, OPENMETRICS)], all).into_response()
        }
        Err(stopped) => (StatusCode::SERVICE_UNAVAILABLE, stopped.to_string()).into_response(),
    }
}
