//! What the tests stand on: a mock server, a watcher on it, and telegrams that look real.

use std::sync::Arc;
use std::time::Duration;

use hikyaku_feeds::edge::{Arrival, ClientSettings, Health, Roots, Settings, Watcher};
use hikyaku_feeds::poll::{Backoff, FeedSpec, Limits};
use hikyaku_mock::{FeedServer, MockTelegram};
use jiff::Timestamp;

/// Longer than anything here takes, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A 震度速報 issued at this instant.
pub fn telegram(at: Timestamp, place: u32) -> MockTelegram {
    let text = String::from_utf8(hikyaku_feeds::samples::DEMO_VXSE51.to_vec()).unwrap();
    let text = text.replace("</Report>", &format!("<!-- {place} --></Report>"));
    let name = format!("{}_0_VXSE51_{place:06}.xml", at.strftime("%Y%m%d%H%M%S"));
    MockTelegram { name, bytes: text.into_bytes(), at: at.as_second() }
}

/// A feed that is asked every second, with pauses short enough for tests.
pub fn settings(server: &FeedServer) -> Settings {
    let mut spec = FeedSpec::jma("eqvol", &server.feeds());
    (spec.every_s, spec.phase_s, spec.stale_after_s) = (1, None, Some(3));
    let backoff = Backoff { first_ms: 20, longest_ms: 200, jitter_percent: 25 };
    let limits = Limits { backoff, refused: backoff, index_bytes: 4_000_000, ..Limits::default() };
    let client = ClientSettings {
        roots: Roots::Pem(server.ca_pem().to_owned()),
        answer_patience: Duration::from_secs(2),
        ..ClientSettings::default()
    };
    Settings { feeds: vec![spec], limits, client, clock: Arc::new(Timestamp::now), ..Settings::default() }
}

/// The next telegram, which must come.
pub async fn next(watcher: &mut Watcher) -> Arrival {
    tokio::time::timeout(PATIENCE, watcher.next()).await.expect("a telegram comes").expect("the watcher runs")
}

/// Waits until the feeds are in a state.
pub async fn until(watcher: &Watcher, what: &str, is_so: impl Fn(&Health) -> bool) -> Health {
    let waiting = async {
        loop {
            let health = watcher.health();
            if is_so(&health) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, waiting).await;
    seen.unwrap_or_else(|_| panic!("{what}: {:?}", watcher.health()))
}
