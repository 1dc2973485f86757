//! A poller goes on through whatever a server or the network does, and misses nothing afterwards.

use hikyaku_feeds::edge::{Proxy, Watcher};
use hikyaku_feeds::poll::Alarm;
use hikyaku_mock::{FeedClock, FeedManner, FeedScope, FeedServer, FeedTls, MockProxy, Regeneration, Tls};
use jiff::Timestamp;

use crate::stand::{next, settings, telegram, until};

async fn server(tls: FeedTls) -> FeedServer {
    FeedServer::start(tls, FeedClock::Wall, Regeneration::OnChange).await.unwrap()
}

#[tokio::test]
async fn a_telegram_comes_once_over_https_packed_and_not_again_after_a_restart() {
    let server = server(FeedTls::Https(Tls::Valid)).await;
    let folder = tempfile::tempdir().unwrap();
    let with_memory = || {
        let mut settings = settings(&server);
        settings.memory = Some(folder.path().join("feeds.redb"));
        settings
    };
    let first = telegram(Timestamp::now(), 1);
    server.put(first.clone());
    let mut watcher = Watcher::start(with_memory()).unwrap();
    let arrival = next(&mut watcher).await;
    assert!(arrival.telegram.name.ends_with(&first.name), "{}", arrival.telegram.name);
    assert!(arrival.said.is_ok());
    arrival.taken();
    until(&watcher, "an index that has not changed costs a 304", |health| health.feeds[0].unchanged > 0).await;
    watcher.shutdown().await;
    let mut watcher = Watcher::start(with_memory()).unwrap();
    let second = telegram(Timestamp::now(), 2);
    server.put(second.clone());
    let arrival = next(&mut watcher).await;
    assert!(arrival.telegram.name.ends_with(&second.name), "{}", arrival.telegram.name);
    arrival.taken();
    let tally = server.tally();
    assert_eq!(tally.sent_of("/data/").map(|(_, count)| count).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(tally.packed, tally.sent.values().sum::<u64>());
}

#[tokio::test]
async fn a_telegram_that_nobody_took_is_fetched_again_after_a_restart() {
    let server = server(FeedTls::Bare).await;
    let folder = tempfile::tempdir().unwrap();
    let with_memory = || {
        let mut settings = settings(&server);
        settings.memory = Some(folder.path().join("feeds.redb"));
        settings
    };
    server.put(telegram(Timestamp::now(), 1));
    let mut watcher = Watcher::start(with_memory()).unwrap();
    drop(next(&mut watcher).await);
    watcher.shutdown().await;
    let mut watcher = Watcher::start(with_memory()).unwrap();
    next(&mut watcher).await.taken();
}

#[tokio::test]
async fn a_telegram_that_nobody_took_comes_again_without_a_restart() {
    let server = server(FeedTls::Bare).await;
    let first = telegram(Timestamp::now(), 1);
    server.put(first.clone());
    let mut watcher = Watcher::start(settings(&server)).unwrap();
    drop(next(&mut watcher).await);
    let again = next(&mut watcher).await;
    assert!(again.telegram.name.ends_with(&first.name), "{}", again.telegram.name);
    again.taken();
}

#[tokio::test]
async fn after_each_trouble_of_a_server_the_next_telegram_comes() {
    let troubles = [
        FeedManner::Refuses,
        FeedManner::Status(403),
        FeedManner::Status(500),
        FeedManner::Busy(0),
        FeedManner::Silence,
        FeedManner::Slow(40),
        FeedManner::CutInHalf,
        FeedManner::NotGzip,
        FeedManner::Bomb,
        FeedManner::Page,
    ];
    for trouble in troubles {
        let server = server(FeedTls::Bare).await;
        server.put(telegram(Timestamp::now(), 1));
        let mut watcher = Watcher::start(settings(&server)).unwrap();
        next(&mut watcher).await.taken();
        server.behave(FeedScope::All, trouble);
        let second = telegram(Timestamp::now(), 2);
        server.put(second.clone());
        let health = until(&watcher, &format!("{trouble:?} is noticed"), |health| health.feeds[0].failures >= 3).await;
        let is_told = health.alarms().iter().any(|it| matches!(it, Alarm::Failing { .. }));
        assert!(is_told, "{trouble:?}: {health:?}");
        server.behave(FeedScope::All, FeedManner::Well);
        let arrival = next(&mut watcher).await;
        assert!(arrival.telegram.name.ends_with(&second.name) && arrival.said.is_ok(), "{trouble:?}");
        arrival.taken();
        until(&watcher, &format!("{trouble:?} is over"), |health| health.feeds[0].failures == 0).await;
    }
}

#[tokio::test]
async fn a_telegram_cut_in_half_or_missing_for_a_while_comes_whole_in_the_end() {
    for trouble in [FeedManner::CutInHalf, FeedManner::Status(404), FeedManner::Status(500), FeedManner::NotGzip] {
        let server = server(FeedTls::Bare).await;
        server.behave(FeedScope::Telegrams, trouble);
        server.put(telegram(Timestamp::now(), 1));
        let mut watcher = Watcher::start(settings(&server)).unwrap();
        until(&watcher, "the telegram fails", |health| health.feeds[0].problem.is_some()).await;
        server.behave(FeedScope::Telegrams, FeedManner::Well);
        let arrival = next(&mut watcher).await;
        assert!(arrival.said.is_ok(), "{trouble:?}: {:?}", arrival.said);
        arrival.taken();
    }
}

#[tokio::test]
async fn a_feed_that_stands_still_says_304_for_ever_or_goes_back_in_time_is_an_alarm_and_no_end() {
    for trouble in [FeedManner::Frozen, FeedManner::NeverChanged, FeedManner::Backwards(3_000)] {
        let server = server(FeedTls::Bare).await;
        server.put(telegram(Timestamp::now(), 1));
        let mut watcher = Watcher::start(settings(&server)).unwrap();
        next(&mut watcher).await.taken();
        server.behave(FeedScope::Indexes, trouble);
        let health = until(&watcher, &format!("{trouble:?} is noticed"), |health| !health.alarms().is_empty()).await;
        let told = health.alarms();
        let is_told = told.iter().any(|it| matches!(it, Alarm::Stale { .. } | Alarm::Backwards { .. }));
        assert!(is_told, "{trouble:?}: {told:?}");
        let second = telegram(Timestamp::now(), 2);
        server.put(second.clone());
        server.behave(FeedScope::Indexes, FeedManner::Well);
        let arrival = next(&mut watcher).await;
        assert!(arrival.telegram.name.ends_with(&second.name), "{trouble:?}");
        arrival.taken();
    }
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_not_read() {
    for quality in [Tls::SelfSigned, Tls::Expired, Tls::WrongName] {
        let server = server(FeedTls::Https(quality)).await;
        server.put(telegram(Timestamp::now(), 1));
        let watcher = Watcher::start(settings(&server)).unwrap();
        let health = until(&watcher, "it fails", |health| health.feeds[0].failures >= 2).await;
        let problem = health.feeds[0].problem.clone().unwrap_or_default();
        assert!(problem.starts_with("TLS: localhost: "), "{quality:?}: {problem}");
        assert_eq!(server.tally().requests, 0);
    }
}

#[tokio::test]
async fn everything_goes_through_the_proxy_with_its_password() {
    let server = server(FeedTls::Https(Tls::Valid)).await;
    let proxy = MockProxy::start(Some("dXNlcjpzZWNyZXQ=".into())).await.unwrap();
    server.put(telegram(Timestamp::now(), 1));
    let through = |text: String| {
        let mut settings = settings(&server);
        settings.client.proxy = Some(Proxy::parse(&text).unwrap());
        settings
    };
    let refused = Watcher::start(through(format!("http://user:wrong@{}", proxy.addr))).unwrap();
    let health = until(&refused, "the proxy refuses", |health| health.feeds[0].failures > 0).await;
    let problem = health.feeds[0].problem.clone().unwrap_or_default();
    assert!(problem.contains("407") && !problem.contains("wrong"), "{problem}");
    let mut watcher = Watcher::start(through(format!("http://user:secret@{}", proxy.addr))).unwrap();
    next(&mut watcher).await.taken();
    assert!(proxy.tunnels() > 0);
}

#[tokio::test]
async fn without_leave_nothing_but_this_machine_is_asked() {
    let server = server(FeedTls::Bare).await;
    let mut settings = settings(&server);
    settings.feeds[0].url = "http://192.0.2.1/eqvol.xml".into();
    let watcher = Watcher::start(settings).unwrap();
    let health = until(&watcher, "it is refused", |health| health.feeds[0].failures > 0).await;
    assert!(health.feeds[0].problem.as_deref().unwrap_or_default().contains("`dial`"));
}
