//! How long a telegram takes from its source to the bulletin in our hands: pulled, pushed and streamed on loopback, and with the real
//! times of the corpus added.
//!
//! `cargo bench --bench feeds` prints it, `cargo bench --bench feeds -- corpus` the last part alone. HIKYAKU_CORPUS names the folder of
//! real telegrams; without it that part is left out.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and prints")]

#[path = "yardsticks/headline.rs"]
mod headline;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use hikyaku_bulletin::SeriesKey;
use hikyaku_feeds::edge::{
    ApiKey, Client, ClientSettings, Proof, PushEndpoint, PushSettings, PushSource, Roots, Settings, Stream,
    StreamSettings, Watcher,
};
use hikyaku_feeds::poll::{Content, FeedSpec};
use hikyaku_feeds::push::SharedKey;
use hikyaku_feeds::samples::DEMO_VXSE51;
use hikyaku_mock::{FeedClock, FeedServer, FeedTls, MockTelegram, Regeneration, StreamHost, Tls};
use jiff::{SignedDuration, Timestamp};

/// Telegrams a way.
const ROUNDS: u32 = 40;
/// The period of asking in the bench; a minute in service.
const EVERY: Duration = Duration::from_secs(1);

fn telegram(number: u32) -> MockTelegram {
    let text = String::from_utf8_lossy(DEMO_VXSE51).replace("</Report>", &format!("<!-- {number} --></Report>"));
    let now = Timestamp::now();
    let name = format!("{}_0_VXSE51_{number:06}.xml", now.strftime("%Y%m%d%H%M%S"));
    MockTelegram { name, bytes: text.into_bytes(), at: now.as_second() }
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let millis = |it: Duration| it.as_secs_f64() * 1_000.0;
    let middle = times[times.len() / 2];
    println!(
        "{what}: n {}, median {:.1} ms, max {:.1} ms",
        times.len(),
        millis(middle),
        millis(*times.last().unwrap())
    );
}

/// Waits for the next telegram and takes it; when its bulletin was in our hands.
async fn arrival(watcher: &mut Watcher) -> Instant {
    let arrival = watcher.next().await.unwrap();
    let at = Instant::now();
    assert!(arrival.said.is_ok() && matches!(arrival.telegram.content, Content::Document(_)));
    arrival.taken();
    at
}

async fn pulled() {
    let server = FeedServer::start(FeedTls::Https(Tls::Valid), FeedClock::Wall, Regeneration::OnChange).await.unwrap();
    let mut spec = FeedSpec::jma("eqvol", &server.feeds());
    (spec.every_s, spec.phase_s) = (1, None);
    let client = ClientSettings { roots: Roots::Pem(server.ca_pem().to_owned()), ..ClientSettings::default() };
    let mut watcher = Watcher::start(Settings { feeds: vec![spec], client, ..Settings::default() }).unwrap();
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        // At another point of the period each time.
        tokio::time::sleep(Duration::from_millis(u64::from(number * 37 % 1_000))).await;
        let began = Instant::now();
        server.put(telegram(number));
        times.push(arrival(&mut watcher).await - began);
    }
    print("pulled over HTTPS, asked every second", times.clone());
    let beyond: Vec<Duration> = times.into_iter().map(|it| it.saturating_sub(EVERY)).collect();
    print("  of which beyond the period of asking", beyond);
}

async fn pushed() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let key = SharedKey::new(b"0123456789abcdef").unwrap();
    let sources = vec![PushSource { name: "bench".into(), proof: Proof::Key(key.clone()) }];
    let addr: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let settings = PushSettings { sources, ..PushSettings::default() };
    let endpoint = PushEndpoint::listen(addr, settings, watcher.intake()).await.unwrap();
    let client = Client::new(ClientSettings::default()).unwrap();
    let url = format!("http://{}/push/bench", endpoint.addr);
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        let telegram = telegram(number);
        let began = Instant::now();
        let pushing = client.push(&url, ("bench", &telegram.name), &key, telegram.bytes, Timestamp::now());
        let (status, at) = tokio::join!(pushing, arrival(&mut watcher));
        assert_eq!(status.unwrap().0, 200);
        times.push(at - began);
    }
    print("pushed", times);
}

async fn streamed() {
    let host = StreamHost::start("key").await.unwrap();
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let mut settings = StreamSettings::new(ApiKey::new("key"));
    settings.api = host.api();
    let _stream = Stream::start(settings, watcher.intake()).unwrap();
    while host.tally().connections == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        let telegram = telegram(number);
        let began = Instant::now();
        host.issue("VXSE51", telegram.at, &telegram.bytes).unwrap();
        times.push(arrival(&mut watcher).await - began);
    }
    print("streamed", times);
}

/// How long after the origin of a quake JMA sent each real telegram. Where a telegram tells no origin time (震度速報), that of another
/// telegram of the same event counts.
fn real(corpus: &Path) {
    let mut bulletins = Vec::new();
    for entry in std::fs::read_dir(corpus.join("jma-real")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        bulletins.extend(hikyaku_feeds::parse(&std::fs::read(&path).unwrap(), &name));
    }
    let mut origins: BTreeMap<SeriesKey, Timestamp> = BTreeMap::new();
    for bulletin in bulletins.iter().filter(|it| it.hypocentre.is_some()) {
        for key in &bulletin.series {
            let Some(origin) = bulletin.occurred else { continue };
            origins.entry(key.clone()).and_modify(|it| *it = origin.min(*it)).or_insert(origin);
        }
    }
    let mut kinds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for bulletin in &bulletins {
        let own = bulletin.occurred.filter(|_| bulletin.hypocentre.is_some());
        let joined = || bulletin.series.iter().filter_map(|key| origins.get(key).copied()).min();
        let Some(origin) = own.or_else(joined) else { continue };
        let after = bulletin.published.duration_since(origin);
        // What follows hours later is no part of the first word.
        if after < SignedDuration::from_mins(30) {
            kinds.entry(bulletin.kind.to_string()).or_default().push(after.as_secs());
        }
    }
    println!(
        "from origin to JMA's sending, real telegrams, in seconds; worst case adds 60 for the index, 60 for the phase:"
    );
    for (kind, mut times) in kinds {
        times.sort_unstable();
        let (least, middle, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
        println!(
            "  {kind}: n {}, min {least}, median {middle}, max {most}; pulled at worst {}",
            times.len(),
            most + 120
        );
    }
}

fn main() {
    headline::headline("how soon a telegram is in our hands: pulled, pushed, streamed");
    if !std::env::args().any(|it| it == "corpus") {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            pulled().await;
            pushed().await;
            streamed().await;
        });
    }
    match std::env::var_os("HIKYAKU_CORPUS") {
        Some(corpus) => real(Path::new(&corpus)),
        None => println!("HIKYAKU_CORPUS is not set: the times of real telegrams are left out"),
    }
}
