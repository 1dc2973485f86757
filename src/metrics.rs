//! The engine's metrics as a page that monitoring reads.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hikyaku_core::Engine;

/// What Prometheus is told that the text is.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`. It has no log-in of its own: serve it where only monitoring reaches it.
pub fn router(engine: Engine) -> Router {
    Router::new().route("/metrics", get(show)).with_state(engine)
}

async fn show(State(engine): State<Engine>) -> Response {
    match engine.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(stopped) => (StatusCode::SERVICE_UNAVAILABLE, stopped.to_string()).into_response(),
    }
}
