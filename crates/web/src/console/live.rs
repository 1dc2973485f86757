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

/// The least time between two words to one page, and how much longer it is for some than for others: all pages hear of a change at
/// once, and 500 that fetched their numbers at once would keep answers waiting.
const PAUSE: Duration = Duration::from_secs(1);
const SPREAD: Duration = Duration::from_secs(2);
/// How often something is sent all the same, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long one connection lasts; the browser opens the next one by itself, if it still may.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Tells of changes until the page goes, the console closes, or ten minutes are over.
pub(crate) async fn changes(State(console): State<Console>, _: Viewer) -> Response {
    let end = tokio::time::Instant::now() + LIFETIME;
    let watching = Watching { changes: console.pulse().changes(), pause: pause(console.pulse().number()), end };
    let words = stream::unfold(watching, next);
    Sse::new(words).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

struct Watching {
    changes: watch::Receiver<u64>,
    pause: Duration,
    end: tokio::time::Instant,
}

async fn next(mut watching: Watching) -> Option<(Result<Event, Infallible>, Watching)> {
    let changed = async {
        watching.changes.changed().await.ok()?;
        Some(*watching.changes.borrow_and_update())
    };
    let count = tokio::time::timeout_at(watching.end, changed).await.ok()??;
    tokio::time::sleep(watching.pause).await;
    Some((Ok(Event::default().data(count.to_string())), watching))
}

/// The pause of the page with this number: steps of the golden section lie evenly, however many pages there are.
fn pause(number: u32) -> Duration {
    const GOLDEN: u32 = 2_654_435_769;
    PAUSE + SPREAD.mul_f64(f64::from(number.wrapping_mul(GOLDEN)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_p08_pages_that_hear_of_a_change_at_once_fetch_their_numbers_one_after_the_other() {
        for first in [0, 1, 77_000, u32::MAX - 250] {
            let mut pauses: Vec<Duration> = (0..500).map(|number| pause(first.wrapping_add(number))).collect();
            assert!(pauses.iter().all(|it| (PAUSE..=PAUSE + SPREAD).contains(it)));
            pauses.sort_unstable();
            let in_a_moment = |start: &Duration| {
                let moment = *start..*start + Duration::from_millis(100);
                pauses.iter().filter(|it| moment.contains(*it)).count()
            };
            // At an even pace there are 25 in a tenth of a second.
            assert!(pauses.iter().map(in_a_moment).max() <= Some(30), "from the page {first} on");
        }
    }
}
