//! `GET /live`: a word to the page whenever numbers changed, as server-sent events; the page then fetches what it shows.

use std::convert::Infallible;
use std::time::Duration;

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use tokio::sync::watch;

use super::{Console, Viewer};

/// The least time between two words to one page.
const PAUSE: Duration = Duration::from_secs(2);
/// How often something is sent all the same, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long one connection lasts; the browser opens the next one by itself, if it still may.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Tells of changes until the page goes, the console closes, or ten minutes are over.
pub(crate) async fn changes(State(console): State<Console>, _: Viewer) -> Response {
    let end = tokio::time::Instant::now() + LIFETIME;
    let words = stream::unfold((console.pulse().changes(), end), next);
    Sse::new(words).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

type Watching = (watch::Receiver<u64>, tokio::time::Instant);

async fn next((mut changes, end): Watching) -> Option<(Result<Event, Infallible>, Watching)> {
    let changed = async {
        changes.changed().await.ok()?;
        Some(*changes.borrow_and_update())
    };
    let count = tokio::time::timeout_at(end, changed).await.ok()??;
    tokio::time::sleep(PAUSE).await;
    Some((Ok(Event::default().data(count.to_string())), (changes, end)))
}
