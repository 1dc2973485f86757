//! The stream of DM-D.S.S against a mock of it: what comes, what is answered, and that no end of a connection loses a telegram.

use hikyaku_feeds::edge::{ApiKey, Health, Settings, Stream, StreamSettings, Watcher};
use hikyaku_feeds::poll::{Alarm, Backoff};
use hikyaku_mock::StreamHost;
use jiff::Timestamp;

use crate::stand::{next, telegram, until};

const KEY: &str = "AKe.secret";

fn stream(host: &StreamHost, watcher: &Watcher, key: &str) -> Stream {
    let mut settings = StreamSettings::new(ApiKey::new(key));
    settings.api = host.api();
    settings.backoff = Backoff { first_ms: 20, longest_ms: 100, jitter_percent: 50 };
    Stream::start(settings, watcher.intake()).unwrap()
}

async fn until_connected(watcher: &Watcher, host: &StreamHost, times: u64) {
    until(watcher, "it connects", |_| host.tally().connections >= times).await;
}

/// Issues a telegram; its bytes.
fn issue(host: &StreamHost, place: u32) -> Vec<u8> {
    let telegram = telegram(Timestamp::now(), place);
    host.issue("VXSE51", telegram.at, &telegram.bytes).unwrap();
    telegram.bytes
}

async fn expect(watcher: &mut Watcher, bytes: &[u8]) {
    let arrival = next(watcher).await;
    assert_eq!(arrival.telegram.content, hikyaku_feeds::poll::Content::Document(bytes.to_vec()));
    assert!(arrival.said.is_ok());
    arrival.taken();
}

#[tokio::test]
async fn p02_a_telegram_comes_unpacked_and_a_ping_is_answered() {
    let host = StreamHost::start(KEY).await.unwrap();
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let _stream = stream(&host, &watcher, KEY);
    until_connected(&watcher, &host, 1).await;
    let bytes = issue(&host, 1);
    expect(&mut watcher, &bytes).await;
    host.ping("012345");
    until(&watcher, "the ping is answered", |_| !host.tally().pongs.is_empty()).await;
    assert_eq!(host.tally().pongs, [r#"{"pingId":"012345","type":"pong"}"#]);
}

#[tokio::test]
async fn what_was_issued_while_the_connection_was_gone_comes_from_the_list_and_nothing_twice() {
    let host = StreamHost::start(KEY).await.unwrap();
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let before = issue(&host, 1);
    let _stream = stream(&host, &watcher, KEY);
    expect(&mut watcher, &before).await;
    until_connected(&watcher, &host, 1).await;
    let first = issue(&host, 2);
    expect(&mut watcher, &first).await;
    for (round, code) in [(2, None), (3, Some(4503))] {
        host.refuse(true);
        match code {
            None => host.hang_up(),
            Some(code) => host.error(code),
        }
        let health = until(&watcher, "the end is noticed", |health| health.ways["dmdata"].failures >= 2).await;
        assert!(
            matches!(&health.alarms()[..], [Alarm::Failing { problem, .. }] if problem.contains("409")),
            "{health:?}"
        );
        let missed = issue(&host, 10 + u32::try_from(round).unwrap());
        host.refuse(false);
        expect(&mut watcher, &missed).await;
        until_connected(&watcher, &host, round).await;
        let after = issue(&host, 20 + u32::try_from(round).unwrap());
        expect(&mut watcher, &after).await;
    }
    let all = |health: &Health| health.alarms().is_empty() && health.ways["dmdata"].taken == 6;
    until(&watcher, "all six are counted and all is well", all).await;
    // One at the start and two in the gaps; the others came on the stream, and were listed again in vain or not at all.
    assert!(host.tally().bodies <= 5, "{:?}", host.tally());
}

#[tokio::test]
async fn a_listed_telegram_that_cannot_be_had_keeps_no_other_back_and_comes_when_it_can() {
    let host = StreamHost::start(KEY).await.unwrap();
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let [lost, other] = [1, 2].map(|place| issue(&host, place));
    host.lack_first(true);
    let _stream = stream(&host, &watcher, KEY);
    expect(&mut watcher, &other).await;
    let health = until(&watcher, "it is told", |health| !health.alarms().is_empty()).await;
    assert!(matches!(&health.alarms()[..], [Alarm::Failing { problem, .. }] if problem.contains("404")), "{health:?}");
    host.lack_first(false);
    expect(&mut watcher, &lost).await;
    until(&watcher, "all is well", |health| health.alarms().is_empty()).await;
}

#[tokio::test]
async fn a_wrong_key_is_an_alarm_that_does_not_show_it() {
    let host = StreamHost::start(KEY).await.unwrap();
    let watcher = Watcher::start(Settings::default()).unwrap();
    let _stream = stream(&host, &watcher, "AKe.wrong");
    let health = until(&watcher, "it is refused", |health| !health.alarms().is_empty()).await;
    let told = format!("{health:?}");
    assert!(told.contains("401") && !told.contains("AKe"), "{told}");
}
