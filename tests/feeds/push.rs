//! Telegrams that are pushed: believed with proof alone, answered for when they are safe, handed over once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hikyaku_feeds::edge::{Intake, Proof, PushEndpoint, PushSettings, PushSource, Settings, Watcher};
use hikyaku_feeds::poll::Alarm;
use hikyaku_feeds::push::{SharedKey, sign};
use hikyaku_feeds::samples::DEMO_VXSE51;
use hikyaku_mock::{FeedClock, FeedServer, FeedTls, Regeneration};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stand::{next, settings, telegram, until};

fn key() -> SharedKey {
    SharedKey::new(b"0123456789abcdef").unwrap()
}

async fn endpoint(intake: Intake) -> PushEndpoint {
    let sources = vec![PushSource { name: "jalert".into(), proof: Proof::Key(key()) }];
    let settings = PushSettings { sources, limit_bytes: 100_000, ..PushSettings::default() };
    let addr: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    PushEndpoint::listen(addr, settings, intake).await.unwrap()
}

/// Pushes, signed at this instant in this name; the status and the text of the answer.
async fn push(addr: SocketAddr, at: Timestamp, name: &str, body: &'static [u8]) -> (StatusCode, String) {
    let request = Request::post(format!("http://{addr}/push/jalert"))
        .header("X-Hikyaku-Name", name)
        .header("X-Hikyaku-Signature", sign(&key(), at, "jalert", name, body));
    send(request.body(Full::new(Bytes::from_static(body))).unwrap()).await
}

async fn send(request: Request<Full<Bytes>>) -> (StatusCode, String) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    let status = answer.status();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(text.to_vec()).unwrap())
}

#[tokio::test]
async fn p05_a_pushed_telegram_is_handed_over_once_and_answered_for_when_it_is_taken() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let addr = endpoint.addr;
    let pushing = tokio::spawn(push(addr, Timestamp::now(), "a.xml", DEMO_VXSE51));
    let arrival = next(&mut watcher).await;
    assert_eq!((arrival.telegram.source.as_str(), arrival.telegram.name.as_str()), ("jalert", "a.xml"));
    assert_eq!(arrival.said.as_ref().map(Vec::len), Ok(1));
    assert!(!pushing.is_finished(), "no answer before it is safe");
    arrival.taken();
    assert_eq!(pushing.await.unwrap(), (StatusCode::OK, "taken\n".into()));
    // The same bytes under another name are the same telegram.
    assert_eq!(push(addr, Timestamp::now(), "b.xml", DEMO_VXSE51).await, (StatusCode::OK, "repeated\n".into()));
    let health = until(&watcher, "it is counted", |health| !health.ways.is_empty()).await;
    assert_eq!((health.ways["jalert"].taken, health.ways["jalert"].repeated), (1, 1));
}

#[tokio::test]
async fn a_push_is_judged_by_the_time_of_its_signature_not_by_a_fast_clock_of_ours() {
    let fast = || Timestamp::now() + SignedDuration::from_mins(4);
    let mut watcher = Watcher::start(Settings { clock: Arc::new(fast), ..Settings::default() }).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let signed = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let pushing = tokio::spawn(push(endpoint.addr, signed, "a.xml", DEMO_VXSE51));
    let arrival = next(&mut watcher).await;
    assert_eq!(arrival.telegram.present, signed);
    assert!(arrival.telegram.received >= signed + SignedDuration::from_mins(4));
    arrival.taken();
    pushing.await.unwrap();
}

/// The demonstration telegram with a word of its own, so that it is another.
fn another(word: &str) -> &'static [u8] {
    let text = String::from_utf8(DEMO_VXSE51.to_vec()).unwrap();
    Vec::leak(text.replace("</Report>", &format!("<!-- {word} --></Report>")).into_bytes())
}

#[tokio::test]
async fn a_clock_of_ours_that_is_hours_off_costs_no_push_lets_no_old_one_in_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let off = Arc::new(AtomicI64::new(0));
    let start = || {
        let off = off.clone();
        let clock = move || Timestamp::now() + SignedDuration::from_secs(off.load(Ordering::SeqCst));
        let memory = Some(folder.path().join("feeds.redb"));
        Watcher::start(Settings { clock: Arc::new(clock), memory, ..Settings::default() }).unwrap()
    };
    let now = || Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let mut watcher = start();
    let endpoint = endpoint(watcher.intake()).await;
    off.store(3 * 3_600, Ordering::SeqCst);
    let refused = push(endpoint.addr, now(), "a.xml", DEMO_VXSE51).await;
    assert_eq!(refused.0, StatusCode::UNAUTHORIZED, "nothing is known of this source: {}", refused.1);
    off.store(0, Ordering::SeqCst);
    let pushing = tokio::spawn(push(endpoint.addr, now(), "a.xml", DEMO_VXSE51));
    next(&mut watcher).await.taken();
    assert_eq!(pushing.await.unwrap().0, StatusCode::OK);
    endpoint.shutdown().await;
    watcher.shutdown().await;

    off.store(3 * 3_600, Ordering::SeqCst);
    let mut watcher = start();
    let endpoint = self::endpoint(watcher.intake()).await;
    let signed = now();
    let pushing = tokio::spawn(push(endpoint.addr, signed, "b.xml", another("b")));
    let arrival = next(&mut watcher).await;
    assert_eq!(arrival.telegram.present, signed, "by the signature it is of now");
    arrival.taken();
    assert_eq!(pushing.await.unwrap().0, StatusCode::OK);
    let is_named = |alarm: &Alarm| matches!(alarm, Alarm::Clock { feed, off_s } if feed == "jalert" && *off_s > 10_000);
    until(&watcher, "the clock is named", |health| health.alarms().iter().any(is_named)).await;
    let old = now() - SignedDuration::from_mins(30);
    assert_eq!(push(endpoint.addr, old, "c.xml", another("c")).await.0, StatusCode::UNAUTHORIZED, "caught and kept");
    let again = push(endpoint.addr, signed, "b.xml", another("b")).await;
    assert_eq!(again, (StatusCode::OK, "repeated\n".into()), "sent once more it is the same");
    off.store(0, Ordering::SeqCst);
    let pushing = tokio::spawn(push(endpoint.addr, now(), "d.xml", another("d")));
    next(&mut watcher).await.taken();
    pushing.await.unwrap();
    until(&watcher, "the clock is right", |health| health.alarms().is_empty()).await;
}

#[tokio::test]
async fn where_a_server_tells_the_time_a_wrong_clock_of_ours_refuses_nobody() {
    let server = FeedServer::start(FeedTls::Bare, FeedClock::Wall, Regeneration::OnChange).await.unwrap();
    let slow = || Timestamp::now() - SignedDuration::from_hours(5);
    let mut watcher = Watcher::start(Settings { clock: Arc::new(slow), ..settings(&server) }).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    until(&watcher, "the feed has answered", |health| health.feeds[0].answered.is_some()).await;
    let pushing = tokio::spawn(push(endpoint.addr, Timestamp::now(), "a.xml", DEMO_VXSE51));
    next(&mut watcher).await.taken();
    assert_eq!(pushing.await.unwrap(), (StatusCode::OK, "taken\n".into()));
}

#[tokio::test]
async fn another_telegram_under_a_name_that_was_used_is_no_repetition() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let addr = endpoint.addr;
    let second = String::from_utf8(DEMO_VXSE51.to_vec()).unwrap().replace("</Report>", "<!-- 2 --></Report>");
    let second: &'static [u8] = Vec::leak(second.into_bytes());
    let mut sources = Vec::new();
    for body in [DEMO_VXSE51, second] {
        let pushing = tokio::spawn(push(addr, Timestamp::now(), "alert.xml", body));
        let arrival = next(&mut watcher).await;
        sources.push(arrival.said.as_ref().unwrap()[0].source.to_string());
        arrival.taken();
        assert_eq!(pushing.await.unwrap(), (StatusCode::OK, "taken\n".into()));
    }
    assert!(sources[0] == "alert" && sources[1].starts_with("alert~"), "{sources:?}");
    for body in [DEMO_VXSE51, second] {
        let again = push(addr, Timestamp::now(), "alert.xml", body).await;
        assert_eq!(again, (StatusCode::OK, "repeated\n".into()));
    }
}

#[tokio::test]
async fn what_a_poller_found_too_is_not_known_before_the_pushed_one_is_safe() {
    let server = FeedServer::start(FeedTls::Bare, FeedClock::Wall, Regeneration::OnChange).await.unwrap();
    let mut watcher = Watcher::start(settings(&server)).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let telegram = telegram(Timestamp::now(), 1);
    let pushing = tokio::spawn(push(endpoint.addr, Timestamp::now(), "a.xml", Vec::leak(telegram.bytes.clone())));
    let pushed = next(&mut watcher).await;
    server.put(telegram.clone());
    until(&watcher, "the poller finds it too", |health| health.feeds[0].repeated == 1).await;
    // Whoever was to take it fails.
    drop(pushed);
    assert_eq!(pushing.await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    let fetched = next(&mut watcher).await;
    assert_eq!((fetched.telegram.source.as_str(), fetched.said.is_ok()), ("eqvol", true));
    fetched.taken();
}

#[tokio::test]
async fn who_pushes_by_soap_is_answered_in_soap() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let addr = endpoint.addr;
    let message = r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:publish xmlns:p="http://soap.publiccommons.ne.jp/"><message><EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><distributionID>1</distributionID><dateTimeSent>2026-11-21T12:00:00+09:00</dateTimeSent><distributionStatus>Exercise</distributionStatus></EDXLDistribution></message></p:publish></s:Body></s:Envelope>"#;
    let soap = move |signed: bool| {
        let signature = sign(&key(), Timestamp::now(), "jalert", "", message.as_bytes());
        let request = Request::post(format!("http://{addr}/push/jalert")).header("SOAPAction", "\"\"");
        let request = if signed { request.header("X-Hikyaku-Signature", signature) } else { request };
        send(request.body(Full::new(Bytes::from_static(message.as_bytes()))).unwrap())
    };
    let pushing = tokio::spawn(soap(true));
    let arrival = next(&mut watcher).await;
    assert!(arrival.said.is_ok());
    arrival.taken();
    let (status, text) = pushing.await.unwrap();
    assert!(status == StatusCode::OK && text.contains("publishResponse"), "{text}");
    let (status, text) = soap(false).await;
    assert!(status == StatusCode::UNAUTHORIZED && text.contains("<faultcode>s:Client</faultcode>"), "{text}");
}

#[tokio::test]
async fn a_pushed_telegram_that_nobody_takes_is_asked_for_again() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let addr = endpoint.addr;
    let pushing = tokio::spawn(push(addr, Timestamp::now(), "", DEMO_VXSE51));
    drop(next(&mut watcher).await);
    assert_eq!(pushing.await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    let pushing = tokio::spawn(push(addr, Timestamp::now(), "", DEMO_VXSE51));
    next(&mut watcher).await.taken();
    assert_eq!(pushing.await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn what_does_not_prove_itself_is_too_large_or_no_telegram_is_refused_with_the_reason() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let addr = endpoint.addr;
    let late = Timestamp::now() - SignedDuration::from_mins(20);
    let (status, text) = push(addr, late, "", DEMO_VXSE51).await;
    assert!(status == StatusCode::UNAUTHORIZED && text.contains("時刻"), "{text}");
    let plain = |method: &str, path: &str, body: Vec<u8>| {
        Request::builder()
            .method(method)
            .uri(format!("http://{addr}{path}"))
            .body(Full::new(Bytes::from(body)))
            .unwrap()
    };
    assert_eq!(send(plain("POST", "/push/jalert", b"<a/>".to_vec())).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(send(plain("POST", "/push/nobody", Vec::new())).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send(plain("GET", "/push/jalert", Vec::new())).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let large: &'static [u8] = Vec::leak(vec![b' '; 100_001]);
    assert_eq!(push(addr, Timestamp::now(), "", large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let bomb = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>";
    for _ in 0..2 {
        let pushing = tokio::spawn(push(addr, Timestamp::now(), "", bomb));
        let arrival = next(&mut watcher).await;
        assert!(arrival.said.is_err());
        arrival.taken();
        let (status, text) = pushing.await.unwrap();
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && text.contains("DTD"), "{text}");
    }
    assert_eq!(watcher.health().ways["jalert"].refused, 5);
}

/// Opens a push with these headers and no body yet; what has been answered when the other side has said its word.
async fn opened(addr: SocketAddr, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head = format!("POST /push/jalert HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = vec![0; 4096];
    let length = stream.read(&mut said).await.unwrap();
    let said = String::from_utf8_lossy(&said[..length]).into_owned();
    (stream, said)
}

#[tokio::test]
async fn who_pushes_without_proof_at_a_wrong_time_or_too_much_is_refused_before_the_body_is_read() {
    let watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let signed = |at: Timestamp| format!("X-Hikyaku-Signature: {}", sign(&key(), at, "jalert", "", b""));
    let now = signed(Timestamp::now());
    let late = signed(Timestamp::now() - SignedDuration::from_mins(20));
    let long_name = format!("{now}\r\nX-Hikyaku-Name: {}", "a".repeat(201));
    for (headers, length, status) in [
        ("X-Hikyaku-Signature: t=1,v1=00", 90_000, "401"),
        ("Accept: */*", 90_000, "401"),
        (late.as_str(), 90_000, "401"),
        (now.as_str(), 100_001, "413"),
        (long_name.as_str(), 90_000, "400"),
    ] {
        // Not a byte of the body is sent: whoever waited for it would not answer.
        let (_open, said) = opened(endpoint.addr, &format!("{headers}\r\nContent-Length: {length}")).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {said}");
    }
}

#[tokio::test]
async fn a_body_that_says_not_how_long_it_is_ends_at_the_limit() {
    let watcher = Watcher::start(Settings::default()).unwrap();
    let endpoint = endpoint(watcher.intake()).await;
    let mut stream = TcpStream::connect(endpoint.addr).await.unwrap();
    let signature = sign(&key(), Timestamp::now(), "jalert", "", b"");
    let head = format!(
        "POST /push/jalert HTTP/1.1\r\nHost: a\r\nX-Hikyaku-Signature: {signature}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"8000\r\n".as_slice(), &vec![b' '; 0x8000], b"\r\n"].concat();
    for _ in 0..4 {
        stream.write_all(&chunk).await.unwrap();
    }
    let mut said = vec![0; 64];
    let length = stream.read(&mut said).await.unwrap();
    assert!(String::from_utf8_lossy(&said[..length]).starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_until_another_ends() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let sources = vec![PushSource { name: "jalert".into(), proof: Proof::Key(key()) }];
    let settings = PushSettings { sources, connections_max: 1, ..PushSettings::default() };
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let endpoint = PushEndpoint::listen(any, settings, watcher.intake()).await.unwrap();
    // It is being served, so that the next one finds the place taken.
    let (first, said) = opened(endpoint.addr, "Content-Length: 1").await;
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    let (idle, _) = opened(endpoint.addr, "Content-Length: 0").await;
    let pushing = tokio::spawn(push(endpoint.addr, Timestamp::now(), "", DEMO_VXSE51));
    let heard = tokio::time::timeout(std::time::Duration::from_millis(300), watcher.next()).await;
    assert!(heard.is_err(), "nobody is served while another holds the place");
    drop((first, idle));
    next(&mut watcher).await.taken();
    assert_eq!(pushing.await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn without_tls_the_endpoint_listens_on_this_machine_alone() {
    let watcher = Watcher::start(Settings::default()).unwrap();
    let addr: SocketAddr = (Ipv4Addr::UNSPECIFIED, 0).into();
    let refused = PushEndpoint::listen(addr, PushSettings::default(), watcher.intake()).await;
    assert!(refused.err().is_some_and(|why| why.contains("TLS")));
}
