//! The metrics of the engine and of the sources of telegrams, as a page that monitoring reads.

pub mod alarms;
pub mod inbound;
mod signs;
mod sources;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use alarms::Standing;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hikyaku_core::Engine;
use hikyaku_feeds::edge::{Intake, Pulse};
use hikyaku_web::WebState;
use inbound::Counts;

/// What Prometheus is told that the text is.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The pulse of the sources of telegrams and the way in beside them, while they run here: on one node at a time.
#[derive(Clone, Default)]
pub struct RunningSources(Arc<RwLock<Option<(Pulse, Intake)>>>);

impl RunningSources {
    /// Both, if the sources run here.
    pub fn get(&self) -> Option<(Pulse, Intake)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that they run from now on, or no longer.
    pub fn set(&self, running: Option<(Pulse, Intake)>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

/// `GET /metrics`. It has no log-in of its own: serve it where only monitoring reaches it.
pub fn router(
    engine: Engine,
    pulse: Option<RunningSources>,
    web: Option<WebState>,
    mail: Option<Arc<Counts>>,
    standing: Option<Standing>,
) -> Router {
    Router::new().route("/metrics", get(show)).with_state(Told { engine, pulse, web, mail, standing })
}

/// Who tells something.
#[derive(Clone)]
struct Told {
    engine: Engine,
    pulse: Option<RunningSources>,
    web: Option<WebState>,
    mail: Option<Arc<Counts>>,
    standing: Option<Standing>,
}

/// The mark at the end of the engine's text, which must be the last line of the page.
const END: &str = "# EOF\n";

async fn show(State(Told { engine, pulse, web, mail, standing }): State<Told>) -> Response {
    match engine.metrics().await {
        Ok(text) => {
            let of_engine = text.strip_suffix(END).unwrap_or(&text);
            let of_sources =
                pulse.and_then(|it| it.get()).map_or_else(String::new, |(pulse, _)| sources::text(&pulse.health()));
            let of_web = web.map_or_else(String::new, |web| signs::text(&web.sign_totals()));
            let of_mail = mail.map_or_else(String::new, |mail| mail.text());
            let of_alarms = standing.map_or_else(String::new, |it| it.text(Instant::now()));
            let all = format!("{of_engine}{of_sources}{of_web}{of_mail}{of_alarms}{END}");
            ([(header::CONTENT_TYPE, OPENMETRICS)], all).into_response()
        }
        Err(stopped) => (StatusCode::SERVICE_UNAVAILABLE, stopped.to_string()).into_response(),
    }
}
